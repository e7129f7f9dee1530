"""`rootcause fewshot`: the prompt author's bench."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.errors import EXIT_INCOMPLETE, SettingsError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from rootcause.evaluate import Score
    from rootcause.models import Pack
    from rootcause.settings import Settings

app = typer.Typer(help="Topic packs: the labelled complaints that teach the model.", no_args_is_help=True)


@app.command("list")
def list_packs(as_json: options.Json = False) -> None:
    """The topic packs at hand."""
    import json

    from rich.table import Table

    from rootcause.cli.session import consoles, packs, print_json
    from rootcause.settings import resolve

    at_hand = packs(resolve())
    if as_json:
        rows = [
            {"topic": topic, "title": pack.topic.title, "language": pack.topic.language, "causes": len(pack.topic.causes),
             "examples": len(pack.examples), "heldout": len(pack.heldout), "folder": pack.folder, "sha256": pack.sha256}
            for topic, pack in at_hand.items()
        ]  # fmt: skip
        print_json(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("topic", "title", "language", "causes", "examples", "held out", box=None, pad_edge=False)
    for topic, pack in at_hand.items():
        counts = (len(pack.topic.causes), len(pack.examples), len(pack.heldout))
        table.add_row(topic, pack.topic.title, pack.topic.language, *map(str, counts))
    consoles()[0].print(table)


@app.command()
def check(
    topic: Annotated[str, typer.Argument(help="A topic's id, or the folder of a pack.")],
    as_json: options.Json = False,
) -> None:
    """Every rule of a pack and of a chain; exit status 3 when one is broken."""
    import json

    from rootcause.cli.session import print_json
    from rootcause.fewshot.check import check as findings_of
    from rootcause.fewshot.load import load

    pack = load(_folder(topic))
    findings = findings_of(pack)
    if as_json:
        print_json(json.dumps([finding.model_dump() for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            place = finding.file if finding.line is None else f"{finding.file}:{finding.line}"
            typer.echo(f"{place}: {finding.severity}: {finding.rule}: {finding.message} {finding.remedy}")
        typer.echo(f"{pack.topic.id}: {len(pack.examples)} examples, {len(pack.heldout)} held out, {len(findings)} findings")
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(EXIT_INCOMPLETE)


@app.command("eval")
def evaluate(
    topic: Annotated[str, typer.Argument(help="A topic's id, or the folder of a pack.")],
    shots: Annotated[list[str] | None, typer.Option(help="Ways of teaching to compare; can be given several times.")] = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    context: options.Context = None,
    concurrency: options.Concurrency = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """The held-out cases through the model, beside a vote of the nearest examples and a classical classifier."""
    import json

    from rootcause.cli.session import consoles, print_json
    from rootcause.evaluate import of_classifier, of_vote
    from rootcause.fewshot.load import load
    from rootcause.settings import resolve

    settings = resolve(model=model, base_url=base_url, context=context, concurrency=concurrency, seed=seed, store=store)
    pack = load(_folder(topic))
    if not pack.heldout:
        raise SettingsError(f"{pack.topic.id} has no held-out cases to score; put 30 or more into heldout.jsonl")
    out, err = consoles()
    scores: list[Score] = [of_vote(pack), of_classifier(pack)]
    for way in shots or [""]:
        scores.append(_scored(settings.model_copy(update={"shots": way or None}), pack, err))
    if as_json:
        rows = [{**score.model_dump(), "accuracy": score.accuracy, "interval": score.interval} for score in scores]
        print_json(json.dumps(rows, ensure_ascii=False))
        return
    out.print(_table(pack, scores))


def _scored(settings: Settings, pack: Pack, err: Console) -> Score:
    """One way of teaching, scored under a progress line."""
    import asyncio

    from rich.progress import Progress

    from rootcause.cli.session import asking
    from rootcause.evaluate import of_model

    with asking(settings) as (endpoint, shots, prompts, store), Progress(console=err, transient=True) as progress:
        task = progress.add_task(f"{endpoint.model}, {shots}", total=len(pack.heldout))
        scoring = of_model(pack, shots, endpoint, store, prompts, seed=settings.seed, told=lambda: progress.advance(task))
        return asyncio.run(scoring)


def _table(pack: Pack, scores: list[Score]) -> Table:
    from rich.table import Table

    table = Table("how", "right", "of", "accuracy", "95 % interval", "valid", "s a case", box=None, pad_edge=False)
    for score in scores:
        low, high = score.interval
        seconds = "" if score.seconds is None else f"{score.seconds:.1f}"
        table.add_row(
            score.name, str(score.right), str(len(score.cases)), f"{100 * score.accuracy:.0f} %",
            f"{100 * low:.0f}–{100 * high:.0f} %", f"{100 * score.valid:.0f} %", seconds,
        )  # fmt: skip
    table.title = f"{pack.topic.id}: {len(pack.examples)} examples, {len(pack.heldout)} held-out cases"
    return table


def _folder(topic: str) -> Path:
    """The folder of a topic at hand, or the folder named. Raises SettingsError when it is neither."""
    from rootcause.fewshot.load import available
    from rootcause.resources import folders
    from rootcause.settings import resolve

    at_hand = available(folders("fewshot", resolve().fewshot))
    if topic in at_hand:
        return at_hand[topic]
    if Path(topic).is_dir():
        return Path(topic).resolve()
    raise SettingsError(f"there is no topic '{topic}'; known are {', '.join(at_hand) or 'none'}, or name a pack's folder")
