"""`rootcause fewshot`: the prompt author's bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rootcause.cli import options
from rootcause.errors import EXIT_INCOMPLETE, SettingsError

app = typer.Typer(help="Topic packs: the labelled complaints that teach the model.", no_args_is_help=True)


@app.command("list")
def list_packs(as_json: options.Json = False) -> None:
    """The topic packs at hand."""
    import json

    from rich.table import Table

    from rootcause.cli.session import consoles, packs
    from rootcause.settings import resolve

    at_hand = packs(resolve())
    if as_json:
        rows = [
            {"topic": topic, "title": pack.topic.title, "language": pack.topic.language, "causes": len(pack.topic.causes),
             "examples": len(pack.examples), "heldout": len(pack.heldout), "folder": pack.folder, "sha256": pack.sha256}
            for topic, pack in at_hand.items()
        ]  # fmt: skip
        typer.echo(json.dumps(rows, ensure_ascii=False))
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

    from rootcause.fewshot.check import check as findings_of
    from rootcause.fewshot.load import load

    pack = load(_folder(topic))
    findings = findings_of(pack)
    if as_json:
        typer.echo(json.dumps([finding.model_dump() for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            place = finding.file if finding.line is None else f"{finding.file}:{finding.line}"
            typer.echo(f"{place}: {finding.severity}: {finding.rule}: {finding.message} {finding.remedy}")
        typer.echo(f"{pack.topic.id}: {len(pack.examples)} examples, {len(pack.heldout)} held out, {len(findings)} findings")
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(EXIT_INCOMPLETE)


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
