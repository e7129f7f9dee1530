"""Labelling complaints in a sheet: `fewshot draft`, `import`, `export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.cli.fewshot import bench
from rootcause.cli.fewshot.asked import agree, announce, answers, bench_of, pack_of
from rootcause.cli.fewshot.packs import Topic
from rootcause.errors import EXIT_INCOMPLETE, SettingsError

if TYPE_CHECKING:
    import datetime as dt

    from rich.console import Console

    from rootcause.fewshot.worth import Worth
    from rootcause.labelling.draft import Chosen
    from rootcause.labelling.form import Entry, Problem
    from rootcause.labelling.review import Review
    from rootcause.models import Pack
    from rootcause.settings import Settings

_COUNT = 25
_ROLES = ("text", "topic", "id", "date")

TopicOption = Annotated[str, typer.Option("--topic", help="A topic's id, or the folder of a pack.")]


def register(app: typer.Typer) -> None:
    """Adds this module's commands to `rootcause fewshot`."""
    app.command("draft")(draft)
    app.command("import")(import_sheet)
    app.command("export")(export)
    bench.register(app)


def draft(
    file: Annotated[str, typer.Argument(help="CSV, TSV, JSONL, Parquet or Excel; - for standard input.")],
    topic: TopicOption,
    count: Annotated[int, typer.Option(help="Complaints to put into the sheet.", min=1)] = _COUNT,
    sheet: Annotated[Path | None, typer.Option(help="The sheet, .xlsx or .csv. Default: TOPIC-1.xlsx, TOPIC-2.xlsx, …")] = None,
    text: Annotated[str | None, typer.Option(help="Column of the complaint's text.")] = None,
    topic_column: Annotated[str | None, typer.Option(help="Column of the topic; '' takes the whole file.")] = None,
    id_column: Annotated[str | None, typer.Option("--id", help="Column of the row's id.")] = None,
    date: Annotated[str | None, typer.Option(help="Column of the date.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the file, where it is not recognised.")] = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    shots: options.ShotsOption = None,
    context: options.Context = None,
    concurrency: options.Concurrency = None,
    seed: options.Seed = None,
    max_cost: options.MaxCost = None,
    yes: options.Yes = False,
    store: options.Store = None,
) -> None:
    """Pick the most telling complaints, draft their chains, and write a sheet to accept, edit or reject them in."""
    from rootcause.cli.session import consoles, described, packs
    from rootcause.fewshot.files import DRAFTED_FILE, Drafted, asides, drafted, rejected, write
    from rootcause.ingest import read
    from rootcause.labelling.draft import can_explain, choose, of_topic
    from rootcause.labelling.form import Entry
    from rootcause.settings import require_model, resolve

    settings = resolve(
        model=model, base_url=base_url, shots=shots, context=context, concurrency=concurrency, seed=seed, max_cost=max_cost,
        store=store,
    )  # fmt: skip
    require_model(settings)
    pack = pack_of(topic)
    folder, name = Path(pack.folder), pack.topic.id
    target = sheet or _next_sheet(name)
    if target.exists():
        raise SettingsError(f"{target} is there already and may hold somebody's work; import it, or choose another --sheet")
    columns = zip(_ROLES, (text, topic_column, id_column, date), strict=True)
    intake = read(file, columns={role: header for role, header in columns if header is not None}, encoding=encoding)
    complaints = of_topic(intake, {**packs(settings), name: pack}, name, settings.topic_threshold)
    waiting = drafted(folder)
    chosen = choose(pack, waiting, rejected(folder), complaints, count=count, seed=settings.seed, today=_today())
    err = consoles()[1]
    if can_explain(pack, plain=described(settings).plain):
        entries = _drafts(pack, chosen, settings, err, yes=yes)
    else:
        entries = tuple(Entry(example=case) for case in chosen.cases)
        err.print("The packaged model explains only what it is taught, and the pack has no examples: fill the chains in by hand.")
    _write_sheet(target, entries, pack)
    waiting = (*waiting, *(Drafted(id=case.id, text=case.text, sheet=str(target)) for case in chosen.cases))
    write(folder, {DRAFTED_FILE: asides(waiting)})
    typer.echo(
        f"{target}: {len(entries)} complaints, picked among {chosen.texts} texts of {chosen.rows} rows; decide on each, then run "
        f"'rootcause fewshot import {target} --topic {topic}'"
    )


def import_sheet(
    sheet: Annotated[str, typer.Argument(help="The sheet that was filled in, .xlsx or .csv.")],
    topic: TopicOption,
    seed: options.Seed = None,
    as_json: options.Json = False,
) -> None:
    """Take over a sheet's decisions; those that break a rule are named and left out. Exit status 3 when there are such."""
    from rootcause.cli.session import print_json
    from rootcause.fewshot.files import DRAFTED_FILE, REJECTED_FILE, asides, drafted, labelled, rejected, write
    from rootcause.fewshot.load import EXAMPLES_FILE, load
    from rootcause.fewshot.worth import worth
    from rootcause.ingest.sheet import read_sheet
    from rootcause.labelling.form import HEADER
    from rootcause.labelling.review import review
    from rootcause.settings import resolve

    settings = resolve(seed=seed)
    pack = pack_of(topic)
    folder = Path(pack.folder)
    lines = read_sheet(sheet, needed=[title for title in HEADER if title != "note"])
    found = review(pack, drafted(folder), rejected(folder), lines, _today())
    before = (folder / EXAMPLES_FILE).read_text(encoding="utf-8")
    write(
        folder,
        {
            EXAMPLES_FILE: labelled(found.examples, before),
            REJECTED_FILE: asides(found.rejected),
            DRAFTED_FILE: asides(found.drafted),
        },
    )
    advice = worth(load(folder), settings.seed)
    if as_json:
        left_out = {"examples", "rejected", "drafted"}
        print_json(f'{{"review": {found.model_dump_json(exclude=left_out)}, "worth": {advice.model_dump_json()}}}')
    else:
        _show_review(found)
        _show_worth(advice)
    if found.problems:
        raise typer.Exit(EXIT_INCOMPLETE)


def export(
    topic: Topic,
    sheet: Annotated[Path, typer.Argument(help="The sheet to write, .xlsx or .csv.")],
) -> None:
    """Write all examples into a sheet, to be changed there and imported again."""
    from rootcause.labelling.form import ACCEPT, Entry

    pack = pack_of(topic)
    if not pack.examples:
        raise SettingsError(f"{pack.topic.id} has no examples to export; 'rootcause fewshot draft' picks complaints to label")
    _write_sheet(sheet, [Entry(example=example, decision=ACCEPT) for example in pack.examples], pack)
    typer.echo(f"{sheet}: {len(pack.examples)} examples; change what is wrong, then import it with --topic {topic}")


def _drafts(pack: Pack, chosen: Chosen, settings: Settings, err: Console, *, yes: bool) -> tuple[Entry, ...]:
    """The chosen complaints with the model's chains."""
    from rootcause.cli.session import asking
    from rootcause.evaluate.asking import Way
    from rootcause.labelling.draft import entries

    with asking(settings) as (endpoint, shots, prompts, kept):
        asked = bench_of(settings, endpoint, kept, prompts)
        trial = asked.plan(Way(pack=pack, shots=shots, order=settings.seed), chosen.cases)
        announce([(asked, [trial])], f"{len(chosen.cases)} complaints to draft for {pack.topic.id}", err)
        agree([(asked, [trial])], settings.max_cost, yes=yes)
        results = answers(asked, [trial], settings.max_cost, err)[0]
    return entries(pack, chosen.cases, [result.explained for result in results])


def _next_sheet(topic: str) -> Path:
    number = 1
    while (path := Path(f"{topic}-{number}.xlsx")).exists():
        number += 1
    return path


def _write_sheet(path: Path, entries: Sequence[Entry], pack: Pack) -> None:
    """A workbook has the catalogue and a guide beside the sheet; a CSV file is the sheet alone."""
    from rootcause.labelling.form import lists, pages
    from rootcause.report.sheet import write_sheet

    whole = pages(entries, pack.topic)
    write_sheet(path, whole if path.suffix.lower() == ".xlsx" else whole[:1], lists(pack.topic))


def _today() -> dt.date:
    import datetime as dt

    return dt.datetime.now(dt.UTC).date()


def _show_review(found: Review) -> None:
    def say(kind: str, problem: Problem) -> None:
        typer.echo(f"{problem.place}: {kind}: {problem.id}: {problem.message} {problem.remedy}")

    for problem in found.problems:
        say("error", problem)
    for warning in found.warnings:
        say("warning", warning)
    wrong = len({problem.id for problem in found.problems})
    counts = (
        (len(found.added), f"added, {found.edited} of them edited"), (len(found.changed), "changed"),
        (len(found.unchanged), "already there"), (len(found.refused) + len(found.removed), "rejected"),
        (len(found.undecided), "without a decision"), (wrong, "left out: mend their rows and import the sheet again"),
    )  # fmt: skip
    typer.echo("; ".join(f"{count} {what}" for count, what in counts if count) or "nothing to do")


def _show_worth(advice: Worth) -> None:
    """How many more are worth labelling, and from what that follows."""
    reasons = []
    if advice.thin:
        worst = sorted(advice.thin, key=lambda cause: (-advice.thin[cause], cause))
        shown = ", ".join(worst[:5]) + (f" and {len(worst) - 5} more" if len(worst) > 5 else "")
        reasons.append(f"causes with fewer than 4 examples: {shown}")
    if advice.unseen is not None:
        reasons.append(f"about {advice.unseen:.0%} of complaints have a cause not seen yet")
    if advice.gain is not None and advice.error is not None:
        reasons.append(
            f"the last 25 examples made a classifier right in {100 * advice.gain:+.0f} ± {100 * advice.error:.0f} of 100"
        )
    word = f"{advice.more} more are worth labelling" if advice.more else "more labels promise little"
    typer.echo(f"{advice.examples} examples; {word} ({'; '.join(reasons) or 'nothing is labelled yet'})")
