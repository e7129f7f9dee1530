"""`rootcause loop`: tell those who complained what was changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.cli.runs import RunId
from rootcause.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rootcause.backlog.customers import Customer
    from rootcause.backlog.values import Backlog
    from rootcause.models import Ranking


def loop(
    run: RunId,
    key: Annotated[str, typer.Argument(help="The done item's key, or its cause's id.")],
    changed: Annotated[list[str], typer.Option(help="What was changed, for customers to read; once in each language.")],
    out: Annotated[Path, typer.Option(help="File to write: .csv, .xlsx or .md. It holds personal data.")],
    language: options.Language = None,
    store: options.Store = None,
) -> None:
    """List the customers who complained of what is now changed, with a draft message to each. Nothing is sent."""
    from rootcause.backlog.customers import customers
    from rootcause.cli.backlog import made_from
    from rootcause.cli.session import consoles
    from rootcause.settings import resolve

    settings = resolve(store=store, language=language)
    if out.suffix.lower() not in (".csv", ".xlsx", ".md"):
        raise SettingsError(f"{out} must end in .csv, .xlsx or .md; name the file so")
    backlog, report, findings = made_from(settings, run)
    title, cause, rows = _behind(backlog, findings.ranking, key)
    found = customers(report, rows, (cause,), changed)
    _write(found, title, out, report.language)
    console = consoles()[0]
    named = sum(one.customer is not None for one in found)
    unnamed = f" and {len(found) - named} complaints without a customer" if named < len(found) else ""
    console.print(f"{named} customers{unnamed}, {len(rows)} rows in all: {out}", soft_wrap=True)
    if left := sum(bool(one.note) for one in found):
        console.print(f"{left} need a look before they are sent: see their notes.")
    total = sum(ranked.weighted for ranked in findings.ranking.causes if ranked.cause.id == cause)
    if round(total) > len(rows):
        console.print(f"About {total:,.0f} complaints of the file have this cause; who wrote the others is known with --all.")
    console.print("The file holds personal data; nothing was sent.")


def _behind(backlog: Backlog, ranking: Ranking, key: str) -> tuple[str, str, tuple[str, ...]]:
    """(title, cause, rows) of the item with this key, or of the cause with this id where the run makes no item of it."""
    for item in backlog.items:
        if key in (item.key, item.cause):
            return item.title, item.cause, item.row_ids
    hits = [one for one in (*ranking.causes, *ranking.residue) if key in (one.cause.id, one.cause.id.partition("/")[2])]
    if len(hits) != 1:
        known = ", ".join(item.key for item in backlog.items) or "none"
        raise SettingsError(f"run {backlog.run} has no item '{key}'; its items are {known}")
    return hits[0].cause.name, hits[0].cause.id, hits[0].row_ids


def _write(found: Sequence[Customer], title: str, out: Path, language: str) -> None:
    from rootcause.backlog.customers import markdown, page
    from rootcause.backlog.files import write_new
    from rootcause.report.sheet import write_sheet

    if out.suffix.lower() == ".md":
        write_new({out: markdown(found, title, language)}, private=True)
        return
    for path in write_sheet(out, (page(found),)):
        path.chmod(0o600)
