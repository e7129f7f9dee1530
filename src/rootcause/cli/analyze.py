"""`rootcause analyze`: from a file of complaints to ranked root causes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.errors import EXIT_INCOMPLETE, SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from rootcause.decompose import Explained
    from rootcause.llm.endpoint import Endpoint
    from rootcause.models import Intake, RunReport
    from rootcause.pipeline import Plan, Run

_ROLES = ("text", "topic", "id", "date", "channel", "customer", "score", "amount")


def analyze(
    file: Annotated[str, typer.Argument(help="CSV, TSV, JSONL, Parquet or Excel; - for standard input.")],
    sample: Annotated[int | None, typer.Option(help="Rows to analyse, drawn at random within each topic.", min=1)] = None,
    margin: Annotated[float | None, typer.Option(help="Or the margin wanted, such as 0.05.", min=0.001, max=0.5)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Or every row.")] = False,
    text: Annotated[str | None, typer.Option(help="Column of the complaint's text.")] = None,
    topic: Annotated[str | None, typer.Option(help="Column of the topic, or one topic for the whole file.")] = None,
    id_column: Annotated[str | None, typer.Option("--id", help="Column of the row's id.")] = None,
    date: Annotated[str | None, typer.Option(help="Column of the date.")] = None,
    channel: Annotated[str | None, typer.Option(help="Column of the channel.")] = None,
    customer: Annotated[str | None, typer.Option(help="Column of the customer.")] = None,
    score: Annotated[str | None, typer.Option(help="Column of the score.")] = None,
    amount: Annotated[str | None, typer.Option(help="Column of the sum claimed.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the file, where it is not recognised.")] = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    shots: options.ShotsOption = None,
    context: options.Context = None,
    concurrency: options.Concurrency = None,
    language: options.Language = None,
    seed: options.Seed = None,
    max_cost: options.MaxCost = None,
    min_complete: Annotated[float | None, typer.Option(help="Share of rows that must end well. Default 0.98")] = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """Analyse a file of complaints and rank the root causes."""
    from rootcause.cli.session import consoles, opened, packs, print_json, shown
    from rootcause.ingest import read
    from rootcause.pipeline import Extent
    from rootcause.report import terminal
    from rootcause.settings import resolve

    extent = Extent(rows=sample, margin=margin, everything=everything)
    settings = resolve(
        model=model, base_url=base_url, shots=shots, context=context, concurrency=concurrency, language=language,
        seed=seed, max_cost=max_cost, min_complete=min_complete, store=store,
    )  # fmt: skip
    at_hand = packs(settings)
    named = dict(zip(_ROLES, (text, topic, id_column, date, channel, customer, score, amount), strict=True))
    whole_file = topic if topic in at_hand else None
    wanted = {role: header for role, header in named.items() if header is not None and not (role == "topic" and whole_file)}
    intake = read(file, columns=wanted, encoding=encoding)
    with opened(settings, at_hand) as (run, endpoint):
        plan = run.plan(intake, extent, whole_file=whole_file)
        out, err = consoles()
        _announce(intake, plan, endpoint, err)
        _consent(plan, endpoint, max_cost=settings.max_cost, yes=yes)
        report = _execute(run, plan, err)
    folder = settings.store / "runs" / report.run_id
    _write(report, plan, folder)
    for note in report.notes[len(plan.notes) :]:
        err.print(f"Note     {shown(note, err)}")
    if as_json:
        print_json(report.model_dump_json())
    else:
        terminal.show(report, out)
        out.print(f"Open the report: {folder / 'report.html'}", soft_wrap=True)
    if report.partial:
        raise typer.Exit(EXIT_INCOMPLETE)


def _announce(intake: Intake, plan: Plan, endpoint: Endpoint, err: Console) -> None:
    """What will happen, before anything is spent: model, columns, topics, sample, calls."""
    from rootcause.cli.session import shown

    def say(label: str, words: str) -> None:
        err.print(f"{label:8} {shown(words, err)}")

    where = "nothing leaves this computer" if endpoint.on_this_machine else f"the texts go to {endpoint.base_url}"
    say("Model", f"{endpoint.model}; {where}")
    kind = ", ".join(part for part in (intake.format, intake.encoding, _delimiter(intake.delimiter)) if part)
    say("File", f"{intake.source}: {intake.rows} rows ({kind}), {len(intake.rejected)} without a text")
    columns = ", ".join(f"{role}={header}" for role, header in intake.columns.model_dump().items() if header)
    say("Columns", columns)
    for use in plan.uses:
        teaching = f"{use.examples} labelled examples, shots {use.shots}" if use.examples else ""
        say("Topic", f"{use.topic or '(none)'}: {use.rows} rows; {'; '.join(p for p in (teaching, use.note) if p)}")
    drawn = len(plan.sample.complaints)
    frame = len(intake.complaints) - len(plan.skipped)
    sure = "all of them" if drawn == frame else f"margin ±{100 * plan.sample.margin:.1f} points"
    say("Sample", f"{drawn} of {frame} rows, seed {plan.sample.seed}, {sure}")
    tokens = f"{'' if plan.exact else 'about '}{plan.prompt_tokens:,} tokens in, about {plan.answer_tokens:,} out"
    cost = f"; price {_money(plan, endpoint)}" if not endpoint.on_this_machine else ""
    say("Calls", f"{plan.calls} to make, {plan.known} already answered; {tokens}{cost}")
    for note in plan.notes:
        say("Note", note)


def _delimiter(sign: str | None) -> str | None:
    return {None: None, "\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}.get(sign, sign)


def _money(plan: Plan, endpoint: Endpoint) -> str:
    return f"about {plan.price:.2f} {plan.currency}" if plan.price is not None else f"unknown for {endpoint.model}, tokens only"


def _consent(plan: Plan, endpoint: Endpoint, *, max_cost: float | None, yes: bool) -> None:
    """Asks before money is spent. Raises SettingsError where nobody can be asked."""
    if endpoint.on_this_machine or not plan.calls:
        return
    if max_cost is not None and plan.price is None:
        raise SettingsError(f"--max-cost cannot be kept: the price of {endpoint.model} is unknown; add it to a prices file")
    if yes:
        return
    if not sys.stdin.isatty():
        raise SettingsError("this run costs money and nobody can be asked here; add --yes, and --max-cost for a limit")
    print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)  # input() and typer.confirm would write to standard output
    if sys.stdin.readline().strip().casefold() not in ("y", "yes", "д", "да"):
        raise typer.Exit(0)


def _execute(run: Run, plan: Plan, err: Console) -> RunReport:
    """Runs the plan under a progress line with rate, cost so far and time left."""
    import asyncio

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[spent]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("Explaining", total=len(plan.items), spent="")

        class Shown:
            def answered(self, explained: Explained, spent: float | None) -> None:
                del explained
                progress.update(task, advance=1, spent=f"cost {spent:.2f}" if spent else "")

        return asyncio.run(run.execute(plan, Shown()))


def _write(report: RunReport, plan: Plan, folder: Path) -> None:
    """Writes the run's folder: the report's files and, in run.json, all that it takes to run it again."""
    import json

    from rootcause.report import files

    files.write(report, folder)
    content = {"run": report.run_id, "source": report.source, **json.loads(plan.record)}
    try:
        (folder / "run.json").write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{folder / 'run.json'} cannot be written ({error.strerror}); make room there") from None
