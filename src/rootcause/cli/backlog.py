"""`rootcause backlog`: a run's causes as items for a tracker, in a file that people edit first."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rootcause.backlog.changes import Diff, Edit
    from rootcause.backlog.values import Backlog, Item
    from rootcause.backlog.zones import Zone
    from rootcause.findings.values import Findings
    from rootcause.models import RunReport
    from rootcause.settings import Settings


class Format(StrEnum):
    YAML = "yaml"
    JSON = "json"
    MARKDOWN = "markdown"
    XLSX = "xlsx"
    JIRA = "jira-csv"
    AZURE = "azure-csv"
    LINEAR = "linear-csv"
    YOUTRACK = "youtrack-csv"


class By(StrEnum):
    WSJF = "wsjf"
    RICE = "rice"
    ICE = "ice"


_BY_SUFFIX = {
    ".yaml": Format.YAML, ".yml": Format.YAML, ".json": Format.JSON, ".md": Format.MARKDOWN, ".xlsx": Format.XLSX,
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """What the backlog is made from, as far as it was needed. report, findings: None for an edited file."""

    backlog: Backlog
    report: RunReport | None
    findings: Findings | None
    language: str
    zone: Zone | None = None

    def covers(self, item: Item) -> bool:
        """Whether this backlog speaks of an item that was written before."""
        from rootcause.backlog.zones import owns

        if self.zone is not None and not owns(self.zone, item):
            return False
        if self.report is None:
            return True
        return item.topic in {stratum.topic for stratum in self.report.sample.strata}


def backlog(
    run: Annotated[str, typer.Argument(help="The run's id or its first letters, or an edited backlog (.yaml).")],
    out: Annotated[
        Path | None, typer.Option(help="File to write: .yaml to edit, .json, .md, .xlsx; or a folder: a page for each team.")
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="Default: by the name of --out.")] = None,
    team: Annotated[str | None, typer.Option(help="Only this team's items, by its id or name.")] = None,
    by: Annotated[By, typer.Option(help="How priorities are computed.")] = By.WSJF,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is new, changed and gone; write nothing.")] = False,
    language: options.Language = None,
    store: options.Store = None,
) -> None:
    """Turn a run's causes into backlog items: what to change, who owns it, what it spares, how we will know."""
    from rootcause.settings import resolve

    settings = resolve(store=store, language=language)
    wanted = _format(form, out)
    source = read(settings, run, by)
    if team is not None:
        source = _of_team(settings, source, team)
    if dry_run:
        _show_diff(source, last_written(settings, out) or last_written(settings))
    elif out is None:
        _print(source, wanted)
    elif wanted is None:
        _write_pages(settings, source, out)
    else:
        _write(settings, source, wanted, out)


def read(settings: Settings, run: str, by: By) -> Source:
    """The backlog of a run, or the one in an edited file."""
    from rootcause.backlog.editable import SUFFIXES, read_yaml

    path = Path(run)
    if path.suffix.lower() in SUFFIXES:
        edited = read_yaml(path)
        language = settings.language or next((item.language for item in edited.items), "en")
        return Source(edited, None, None, language)
    made, report, findings = made_from(settings, run, by)
    return Source(made, report, findings, report.language)


def made_from(settings: Settings, run: str, by: By = By.WSJF) -> tuple[Backlog, RunReport, Findings]:
    """The backlog of a run, its items under the keys of those that they continue."""
    from rootcause.backlog.items import items
    from rootcause.backlog.keys import continued
    from rootcause.backlog.values import PriorityMethod

    report, findings = found(settings, run)
    today = dt.datetime.now().astimezone().date()
    made = items(
        report, findings, economics=settings.economics, method=PriorityMethod(by), today=today, teams=team_names(settings)
    )
    return continued(made, tuple(last_written(settings, gone=True).values()), today), report, findings


def found(settings: Settings, run: str) -> tuple[RunReport, Findings]:
    """A run and all its findings, in the language wanted."""
    from rootcause.cli.runs import findings_of, stored

    report = stored(settings, run)
    if settings.language is not None:
        report = report.model_copy(update={"language": settings.language})
    return report, findings_of(settings, report)


def team_names(settings: Settings) -> dict[tuple[str | None, str], str]:
    """Names of the teams by topic and id, of the topic packs at hand."""
    from rootcause.cli.session import packs

    return {(topic, team.id): team.name for topic, pack in packs(settings).items() for team in pack.topic.teams}


def last_written(settings: Settings, target: Path | None = None, *, gone: bool = False) -> dict[str, Item]:
    """Items as they were last written, to this file or folder or anywhere, by key. gone: those too that are no longer there."""
    from pydantic import ValidationError

    from rootcause.backlog.values import Item
    from rootcause.cli.session import DATABASE
    from rootcause.store import Store

    path = settings.store / DATABASE
    if not path.exists():  # a look at a folder leaves nothing behind in it
        return {}
    with Store(path) as database:
        rows = database.written(None if target is None else str(target.resolve()))
    try:
        return {row.key: Item.model_validate_json(row.content) for row in rows if gone or not row.gone}
    except ValidationError:
        raise SettingsError("backlog items were last written by another version; use another --store") from None


def _format(form: Format | None, out: Path | None) -> Format | None:
    """None: a page for each team, or (without --out) a summary."""
    if form is not None or out is None:
        if form is Format.XLSX and out is None:
            raise SettingsError("a workbook needs a file: add --out backlog.xlsx")
        return form
    if out.suffix.lower() == ".csv":
        raise SettingsError(
            f"{out}: say which tracker will read it with --format jira-csv, azure-csv, linear-csv or youtrack-csv"
        )
    if out.suffix and not out.is_dir() and out.suffix.lower() not in _BY_SUFFIX:
        raise SettingsError(f"{out} must end in .yaml, .json, .md or .xlsx, or be a folder; or name its --format")
    return _BY_SUFFIX.get(out.suffix.lower())


def _of_team(settings: Settings, source: Source, team: str) -> Source:
    """One team's own items and causes."""
    from rootcause.backlog.zones import chosen, owns

    zone = chosen(_zones(settings, source), team)
    own = {one.cause.id for one in zone.causes}
    backlog = source.backlog.model_copy(
        update={
            "items": tuple(item for item in source.backlog.items if owns(zone, item)),
            "left_out": tuple(one for one in source.backlog.left_out if one.cause in own),
        }
    )
    return replace(source, backlog=backlog, zone=zone)


def _zones(settings: Settings, source: Source) -> tuple[Zone, ...]:
    from rootcause.backlog.zones import zones

    report, findings = source.report, source.findings
    if report is None or findings is None:
        report, findings = found(settings, source.backlog.run)
    every = zones(report, findings, source.backlog.items, teams=team_names(settings))
    return tuple(zone for zone in every if source.zone is None or (zone.team, zone.name) == (source.zone.team, source.zone.name))


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def _text(backlog: Backlog, wanted: Format, language: str) -> str:
    from rootcause.backlog.editable import to_yaml
    from rootcause.backlog.layouts import Tracker, to_csv
    from rootcause.backlog.pages import markdown

    match wanted:
        case Format.YAML:
            return to_yaml(backlog)
        case Format.JSON:
            return backlog.model_dump_json(indent=2) + "\n"
        case Format.MARKDOWN:
            return markdown(backlog, language)
        case _:
            return to_csv(backlog, Tracker(wanted))


def _write(settings: Settings, source: Source, wanted: Format, out: Path) -> None:
    from rootcause.backlog import workbook
    from rootcause.backlog.changes import with_edits
    from rootcause.backlog.editable import read_yaml
    from rootcause.backlog.files import replace as replace_file
    from rootcause.backlog.files import write_new
    from rootcause.report.sheet import write_sheet

    base = last_written(settings, out)
    edits: tuple[Edit, ...] = ()
    if wanted is Format.XLSX:
        write_sheet(out, workbook.pages(source.backlog))
    elif wanted is Format.YAML and out.exists():
        if not base:
            raise SettingsError(
                f"{out} was not written by this project, so nobody can tell what was edited in it; choose another name"
            )
        merged, edits = with_edits(source.backlog, read_yaml(out), base, source.covers)
        replace_file(out, _text(merged, wanted, source.language))
    else:
        write_new({out: _text(source.backlog, wanted, source.language)})
    _keep(settings, source, out, base)
    _show_edits(edits)
    typer.echo(str(out))


def _write_pages(settings: Settings, source: Source, out: Path) -> None:
    from rootcause.backlog.files import write_new
    from rootcause.backlog.pages import INDEX, team_pages

    currency = settings.economics.currency if settings.economics else None
    pages = team_pages(source.backlog, _zones(settings, source), source.language, currency=currency)
    base = last_written(settings, out)
    write_new({out / name: page for name, page in pages.items()})
    _keep(settings, source, out, base)
    typer.echo(str(out / INDEX))


def _keep(settings: Settings, source: Source, out: Path, base: Mapping[str, Item]) -> None:
    """Remembers what was written, so that the next run updates it."""
    from rootcause.backlog.changes import compare, fingerprint
    from rootcause.cli.session import DATABASE
    from rootcause.store import Store

    target = str(out.resolve())
    with Store(settings.store / DATABASE) as database:
        database.keep_gone(target, [item.key for item in compare(base, source.backlog, source.covers).gone])
        for item in source.backlog.items:
            database.keep_written(target, item.key, fingerprint(item), item.model_dump_json())


# ── on the screen ─────────────────────────────────────────────────────────────────────────────────


def _print(source: Source, wanted: Format | None) -> None:
    """The whole document where a format is named, else a summary."""
    from rich.table import Column, Table

    from rootcause.cli.session import consoles, print_json, shown
    from rootcause.report.words import words_for

    if wanted is Format.JSON:
        print_json(source.backlog.model_dump_json())
        return
    if wanted is not None:
        typer.echo(_text(source.backlog, wanted, source.language), nl=False)
        return
    out, words = consoles()[0], words_for(source.language)
    method = next((item.priority.method for item in source.backlog.items), "")
    columns = (
        Column(method, justify="right"),
        Column("share", justify="right"),
        "team",
        "change",
        Column("key", overflow="fold"),
    )
    table = Table(*columns, box=None, pad_edge=False)
    for item in source.backlog.items:
        cells = (words.number(item.priority.score, 2), words.percent(item.share.value), item.team_name or item.team or "-")
        table.add_row(*(shown(cell, out) for cell in (*cells, item.title, item.key)))
    out.print(table if source.backlog.items else "No cause of this run asks for a change.")
    if left := source.backlog.left_out:
        out.print(f"{len(left)} causes make no item; --format markdown says which and why.")
    if any(not item.audited for item in source.backlog.items):
        out.print("Model-estimated, not audited.")


def _show_diff(source: Source, earlier: Mapping[str, Item]) -> None:
    from rootcause.backlog.changes import compare
    from rootcause.cli.session import consoles, shown

    diff: Diff = compare(earlier, source.backlog, source.covers)
    out = consoles()[0]
    for item in diff.new:
        out.print(shown(f"new      {item.key}: {item.title}", out), soft_wrap=True)
    for one in diff.changed:
        out.print(shown(f"changed  {one.item.key}: {', '.join(_told(one.before, one.item, one.fields))}", out), soft_wrap=True)
    for item in diff.gone:
        out.print(shown(f"gone     {item.key}: {item.title}", out), soft_wrap=True)
    out.print(
        f"{len(diff.new)} new, {len(diff.changed)} changed, {len(diff.gone)} gone, {diff.unchanged} unchanged; nothing written."
    )


def _told(before: Item, after: Item, fields: Sequence[str]) -> list[str]:
    """The fields that differ, with their values where these are short."""
    from rootcause.report.words import words_for

    words = words_for(after.language)
    short = {
        "title": (before.title, after.title),
        "team": (before.team or "-", after.team or "-"),
        "effort": (before.effort or "-", after.effort or "-"),
        "share": (words.percent(before.share.value), words.percent(after.share.value)),
        "effect": (words.percent(before.effect.value), words.percent(after.effect.value)),
        "priority": (words.number(before.priority.score, 2), words.number(after.priority.score, 2)),
        "complaints": (str(before.complaints), str(after.complaints)),
    }
    return [f"{name} {short[name][0]} -> {short[name][1]}" if name in short else name for name in fields]


def _show_edits(edits: Sequence[Edit]) -> None:
    from rootcause.backlog.changes import Kept
    from rootcause.cli.session import consoles, shown

    said = {
        Kept.EDITED: "your {fields} kept",
        Kept.REMOVED: "you removed it, so it stays away",
        Kept.ADDED: "added by you, kept",
        Kept.EDITED_AND_GONE: "no longer in the run, kept as you edited its {fields}",
    }
    err = consoles()[1]
    for edit in edits:
        err.print(shown(f"{edit.key}: {said[edit.kept].format(fields=', '.join(edit.fields))}", err), soft_wrap=True)
