"""`rootcause audit`: rows of a run for a person to label, and the shares corrected by these labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.cli.runs import RunId
from rootcause.errors import SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from rootcause.findings.audit import Audited
    from rootcause.findings.labels import Labels
    from rootcause.findings.observe import Observed
    from rootcause.models import Cause, RunReport
    from rootcause.settings import Settings

ROWS = 120  # some stay empty on every sheet, and 100 are needed


def audit(
    run: RunId,
    rows: Annotated[int | None, typer.Option(help=f"Rows to draw. Default: {ROWS}", min=1)] = None,
    out: Annotated[Path | None, typer.Option(help="Sheet to write, .xlsx or .csv. Default: in the run's folder.")] = None,
    filled: Annotated[Path | None, typer.Option("--import", help="Filled sheet to read back.")] = None,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """Draw rows of a run for a person to label; with --import, correct the shares by the labels."""
    from rootcause.cli.runs import stored
    from rootcause.cli.session import packs
    from rootcause.findings.labels import choices
    from rootcause.findings.observe import observe
    from rootcause.settings import resolve

    if filled is not None and (rows is not None or out is not None):
        raise SettingsError("--import reads a sheet, --rows and --out write one; give either")
    settings = resolve(store=store)
    report = stored(settings, run)
    observed = observe(report)
    if not observed.rows:
        raise SettingsError(f"run {report.run_id} has no analysed row to audit; run its command again")
    offered = choices(report, {topic: pack.topic for topic, pack in packs(settings).items()})
    if filled is None:
        sheet = out or settings.store / "runs" / report.run_id / "audit.xlsx"
        _write(settings, report, observed, offered, ROWS if rows is None else rows, sheet, as_json)
    else:
        _read(settings, report, observed, offered, filled, as_json)


def labels_of(settings: Settings, run: str) -> Labels | None:
    """The labels that were imported for a run, None where there are none."""
    from rootcause.cli.session import DATABASE
    from rootcause.findings.labels import Labels
    from rootcause.store import Store

    with Store(settings.store / DATABASE) as database:
        rows, unseen = database.labels(run)
    return Labels(rows=tuple(rows.items()), unseen=unseen) if rows else None


def _write(
    settings: Settings, report: RunReport, observed: Observed, offered: dict[str | None, tuple[Cause, ...]],
    wanted: int, path: Path, as_json: bool,
) -> None:  # fmt: skip
    import json

    from rootcause.cli.session import consoles, print_json
    from rootcause.findings.audit import NEEDED
    from rootcause.findings.labels import draw_rows, sheet
    from rootcause.report.sheet import write_sheet

    drawn = draw_rows(report, observed, wanted)
    files = write_sheet(path, *sheet(report, observed, drawn, offered, labels_of(settings, report.run_id)))
    if as_json:
        said = {"run": report.run_id, "files": [str(file) for file in files], "rows": len(drawn), "analysed": len(observed.rows)}
        print_json(json.dumps(said, ensure_ascii=False))
        return
    out, err = consoles()
    if len(drawn) < wanted:
        err.print(f"Note: the run has only {len(drawn)} analysed rows; all of them are on the sheet, not {wanted}.")
    if len(drawn) < NEEDED:
        err.print(f"Note: figures count as audited from {NEEDED} labelled rows on.")
    out.print(f"{len(drawn)} of {len(observed.rows)} analysed rows, at random within each topic: {path}", soft_wrap=True)
    out.print(
        "Choose each row's cause from its list, the main one first, without a look at the report; skip no row for being hard."
    )
    out.print(f"Then: rootcause audit {report.run_id} --import {path}", soft_wrap=True)


def _read(
    settings: Settings, report: RunReport, observed: Observed, offered: dict[str | None, tuple[Cause, ...]],
    path: Path, as_json: bool,
) -> None:  # fmt: skip
    from rootcause.cli.session import DATABASE, consoles, print_json
    from rootcause.errors import InputError
    from rootcause.findings import find
    from rootcause.findings.audit import audited
    from rootcause.findings.labels import CAUSE_COLUMNS, passed_over, read_labels
    from rootcause.ingest.sheet import read_sheet
    from rootcause.report import files
    from rootcause.report.terminal import point_to
    from rootcause.store import Store

    before = labels_of(settings, report.run_id)
    lines = read_sheet(str(path), needed=("row", *CAUSE_COLUMNS))
    labels, empty = read_labels(report, observed, lines, offered, before)
    if not labels.rows:
        raise InputError(f"{path}: no row has a cause yet; fill the column '{CAUSE_COLUMNS[0]}', then import the sheet again.")
    result = audited(report, observed, labels)
    with Store(settings.store / DATABASE) as database:
        database.keep_labels(report.run_id, dict(labels.rows), labels.unseen)
    folder = settings.store / "runs" / report.run_id
    files.write(report, find(report, economics=settings.economics, labels=labels), folder)
    out, err = consoles()
    if empty:
        err.print(f"Note: {empty} rows of the sheet have no cause yet. Left out for being hard, they make the shares wrong.")
    if missing := passed_over(report, observed, {line["row"] for line in lines} | {row for row, _ in labels.rows}):
        err.print(
            f"Note: {missing} rows that were drawn with these are not on the sheet. Rows picked by hand make the shares wrong."
        )
    if as_json:
        print_json(result.finding.model_dump_json())
        return
    _show(report, result, out)
    point_to(folder / "report.html", out, report.language)


def _show(report: RunReport, result: Audited, out: Console) -> None:
    """Agreement, and each cause's share before and after."""
    from rich.table import Column, Table

    from rootcause.cli.session import shown
    from rootcause.findings.labels import OTHER
    from rootcause.report.words import words_for

    say = words_for("en")
    finding = result.finding
    agreement = finding.agreement
    alpha = "" if finding.alpha is None else f"; Krippendorff's alpha {finding.alpha:.2f}"
    out.print(
        f"{finding.labelled} rows labelled. Same main cause in {say.percent(agreement.value)} "
        f"({say.interval(agreement.low, agreement.high)}){alpha}."
    )
    for said, meant, count in finding.confused[:3]:
        out.print(f"  {count} times the model said {shown(said, out)} and the person {shown(meant, out)}")
    columns = ("", Column("model", justify="right"), Column("corrected", justify="right"), "95 %", "cause")
    table = Table(*columns, box=None, pad_edge=False)
    names = {one.cause.id: one.cause.name for one in (*report.ranking.causes, *result.observed.causes)}
    model = {one.cause.id: one for one in report.ranking.causes}
    for place, (cause, share) in enumerate(finding.corrected, start=1):
        was = say.percent(model[cause].share) if cause in model else "-"
        name = "none of the list" if cause == OTHER else shown(names.get(cause, cause), out)
        table.add_row(str(place), was, say.percent(share.value), say.interval(share.low, share.high), name)
    out.print(table)
    if not finding.enough:
        out.print(f"Provisional: {finding.needed} labelled rows are needed; the report still says model-estimated, not audited.")
