"""The packs at hand and what is in them: `fewshot list`, `stats`, `check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.errors import EXIT_INCOMPLETE, InputError, LocalModelUnavailable, SettingsError

if TYPE_CHECKING:
    from rootcause.evaluate.cost import SetCost
    from rootcause.models import Pack
    from rootcause.settings import Settings


Topic = Annotated[str, typer.Argument(help="A topic's id, or the folder of a pack.")]


def register(app: typer.Typer) -> None:
    """Adds this module's commands to `rootcause fewshot`."""
    app.command("list")(list_packs)
    app.command("stats")(stats)
    app.command("check")(check)


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
    out = consoles()[0]
    out.print(table)
    for folder in dict.fromkeys(str(Path(pack.folder).parent) for pack in at_hand.values()):
        out.print(f"in {folder}", soft_wrap=True)


def stats(
    topic: Topic,
    complaints: Annotated[str | None, typer.Option(help="A file of complaints that the examples should cover.")] = None,
    shots: options.ShotsOption = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    context: options.Context = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
) -> None:
    """What a pack covers, where it is thin, and what it costs in every prompt. No model is asked."""
    import datetime as dt
    import json

    from rootcause.cli.fewshot import tables
    from rootcause.cli.session import consoles, print_json
    from rootcause.fewshot.load import load
    from rootcause.fewshot.stats import stats as stats_of
    from rootcause.settings import resolve

    settings = resolve(model=model, base_url=base_url, shots=shots, context=context, seed=seed)
    pack = load(folder_of(topic))
    unlabelled = _texts(complaints, pack, settings) if complaints else []
    found = stats_of(pack, today=dt.datetime.now(dt.UTC).date(), unlabelled=unlabelled)
    cost, missing = _cost(pack, settings)
    if as_json:
        print_json(json.dumps(tables.stats_rows(found, cost), ensure_ascii=False))
        return
    tables.show_stats(found, cost, missing, consoles()[0])


def _texts(file: str, pack: Pack, settings: Settings) -> list[tuple[str, str]]:
    """Ids and texts of the file's complaints of the pack's topic. Raises InputError when there are none."""
    from rootcause.cli.session import packs
    from rootcause.ingest import read
    from rootcause.topics import assign

    intake = read(file)
    at_hand = {**packs(settings), pack.topic.id: pack}
    placed = assign(intake.complaints, at_hand, whole_file=None, threshold=settings.topic_threshold).topics
    texts = [(complaint.id, complaint.text) for complaint in intake.complaints if placed[complaint.id] == pack.topic.id]
    if not texts:
        raise InputError(f"{file} has no complaint of the topic {pack.topic.id}; name it in a column 'topic'")
    return texts


def _cost(pack: Pack, settings: Settings) -> tuple[SetCost | None, str | None]:
    """What the set costs in a prompt, or why that is not known."""
    from rootcause.cli.session import described
    from rootcause.evaluate.cost import set_cost
    from rootcause.llm.connect import shots_for
    from rootcause.llm.prices import lookup
    from rootcause.prompt import Prompts
    from rootcause.resources import folders

    try:
        endpoint, shots = described(settings), shots_for(settings)
    except LocalModelUnavailable as error:
        return None, str(error)
    price = None if endpoint.on_this_machine else lookup(endpoint.model, endpoint.host, settings.prices)
    return set_cost(pack, shots, Prompts(folders("prompts", settings.prompts)), endpoint, price, seed=settings.seed), None


def check(
    topic: Topic,
    as_json: options.Json = False,
) -> None:
    """Every rule of a pack and of a chain; exit status 3 when one is broken."""
    import json

    from rootcause.cli.session import print_json
    from rootcause.fewshot.check import check as findings_of
    from rootcause.fewshot.load import load

    pack = load(folder_of(topic))
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


def folder_of(topic: str) -> Path:
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
