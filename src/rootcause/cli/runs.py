"""`rootcause runs`, `show`, `report`: what was done before, from the store, without asking anything again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.errors import SettingsError

if TYPE_CHECKING:
    from rootcause.findings.values import Findings
    from rootcause.models import RunReport
    from rootcause.settings import Settings

RunId = Annotated[str, typer.Argument(help="The run's id, or its first letters.")]


def runs(as_json: options.Json = False, store: options.Store = None) -> None:
    """List the runs of this project."""
    import json

    from rich.table import Column, Table

    from rootcause.cli.session import DATABASE, consoles, print_json, shown
    from rootcause.settings import resolve
    from rootcause.store import Store

    path = resolve(store=store).store / DATABASE
    rows = []
    if path.exists():  # a look at a folder leaves nothing behind in it
        with Store(path) as database:
            rows = [dict(row) for row in database.runs()]
    if as_json:
        print_json(json.dumps(rows, ensure_ascii=False))
        return
    out = consoles()[0]
    table = Table(Column("run", no_wrap=True), "started", "status", "model", "file", box=None, pad_edge=False)
    for row in rows:
        cells = (row["id"], row["started"][:16].replace("T", " "), row["status"], row["model"], row["source"])
        table.add_row(*(shown(cell, out) for cell in cells))
    out.print(table if rows else "No runs yet: rootcause analyze FILE makes one.")


def show(run: RunId, as_json: options.Json = False, store: options.Store = None) -> None:
    """Show a run's ranking again."""
    from rootcause.cli.session import consoles, print_json
    from rootcause.report import files, terminal
    from rootcause.settings import resolve

    settings = resolve(store=store)
    done = stored(settings, run)
    findings = findings_of(settings, done)
    if as_json:
        print_json(files.document(done, findings))
    else:
        terminal.show(done, findings, consoles()[0])


def report(
    run: RunId,
    out: Annotated[Path | None, typer.Option(help="Folder to write into. Default: the run's own.")] = None,
    language: options.Language = None,
    store: options.Store = None,
) -> None:
    """Write a run's report and tables again, in another language if wanted."""
    from rootcause.report import files
    from rootcause.settings import resolve

    settings = resolve(store=store, language=language)
    done = stored(settings, run)
    if settings.language is not None:
        done = done.model_copy(update={"language": settings.language})
    folder = out or settings.store / "runs" / done.run_id
    files.write(done, findings_of(settings, done), folder)
    typer.echo(str(folder / "report.html"))


def findings_of(settings: Settings, report: RunReport) -> Findings:
    """All that can be said of a run: with the prices of the settings, and with the labels of its audit where there are any."""
    from rootcause.cli.audit import labels_of
    from rootcause.findings import find

    return find(report, economics=settings.economics, labels=labels_of(settings, report.run_id))


def stored(settings: Settings, run: str) -> RunReport:
    from pydantic import ValidationError

    from rootcause.cli.session import DATABASE
    from rootcause.models import RunReport
    from rootcause.store import Store

    path = settings.store / DATABASE
    if not path.exists():
        raise SettingsError(f"there is no run '{run}': {settings.store} holds none yet")
    with Store(path) as database:
        match database.ids(run):
            case [found]:
                report = database.report(found)
            case []:
                raise SettingsError(f"there is no run '{run}' in {settings.store}; 'rootcause runs' lists those there are")
            case several:
                raise SettingsError(f"several runs begin with '{run}': {', '.join(several)}; give one letter more")
    if report is None:
        raise SettingsError(f"run {found} has no result yet; run its command again to finish it")
    try:
        return RunReport.model_validate_json(report)
    except ValidationError:
        raise SettingsError(
            f"run {found} was written by another version; run its command again, no answer is paid twice"
        ) from None
