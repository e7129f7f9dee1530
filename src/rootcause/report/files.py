"""The report's files, each written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from rootcause.errors import UserError
from rootcause.models import Outcome, RankedCause, RunReport
from rootcause.report.clean import cell
from rootcause.report.html import render

CAUSES_HEADER = (
    "rank", "id", "name", "topic", "new", "residue", "controllable", "team",
    "complaints", "share", "low", "high", "typical_root", "row_ids",
)  # fmt: skip
LEDGER_HEADER = ("row", "line", "id", "topic", "fate", "reason", "weight")

Cell = str | int | float | bool | None


def write(report: RunReport, folder: Path) -> None:
    """Writes report.html, causes.csv, chains.jsonl and ledger.csv. On an error the files of before stay."""
    texts = {
        "report.html": render(report),
        "causes.csv": causes_csv(report),
        "chains.jsonl": chains_jsonl(report),
        "ledger.csv": ledger_csv(report),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace_all({folder / name: text.encode("utf-8") for name, text in texts.items()})
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"The report cannot be written to {folder}: {reason}. Make room there or choose another folder."
        ) from error


def causes_csv(report: RunReport) -> str:
    ranking = report.ranking
    return _csv(CAUSES_HEADER, (_cause_cells(cause) for cause in (*ranking.causes, *ranking.residue)))


def ledger_csv(report: RunReport) -> str:
    rows = ((r.row, r.line, r.id, r.topic, r.fate.value, r.reason, r.weight) for r in report.ledger)
    return _csv(LEDGER_HEADER, rows)


def chains_jsonl(report: RunReport) -> str:
    """One line an outcome. causes: for each chain of the answer the id of the cause it was merged into."""
    merged = {
        (chain.outcome, chain.index): ranked.cause.id
        for ranked in (*report.ranking.causes, *report.ranking.residue)
        for chain in ranked.cause.chains
    }
    lines = (json.dumps(_outcome_record(one, merged), ensure_ascii=False) for one in report.outcomes)
    return "".join(f"{line}\n" for line in lines)


def _cause_cells(ranked: RankedCause) -> tuple[Cell, ...]:
    cause = ranked.cause
    return (
        ranked.rank, cause.id, cause.name, cause.topic,
        cause.new, cause.residue, cause.controllable, cause.team,
        ranked.complaints, round(ranked.share, 6), round(ranked.low, 6), round(ranked.high, 6),
        ranked.typical.root.cause, " ".join(ranked.row_ids),
    )  # fmt: skip


def _outcome_record(outcome: Outcome, merged: dict[tuple[str, int], str]) -> dict[str, object]:
    chains = outcome.answer.chains if outcome.answer else ()
    return {
        "rows": [row.id for row in outcome.rows],
        "topic": outcome.topic,
        "answer": outcome.answer.model_dump(mode="json") if outcome.answer else None,
        "failure": outcome.failure.model_dump(mode="json") if outcome.failure else None,
        "causes": [merged.get((outcome.key, index)) for index in range(len(chains))],
    }


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """With the byte order mark by which a spreadsheet knows UTF-8."""
    page = io.StringIO(newline="")
    writer = csv.writer(page)
    writer.writerow(header)
    writer.writerows([cell(value) if isinstance(value, str) else value for value in row] for row in rows)
    return f"\ufeff{page.getvalue()}"


def _replace_all(contents: dict[Path, bytes]) -> None:
    """Writes all new files beside the old ones before the first old one is replaced."""
    mark = secrets.token_hex(4)
    fresh = {path: path.with_name(f".{path.name}.{mark}.tmp") for path in contents}
    try:
        for path, content in contents.items():
            _write_through(fresh[path], content)
        for path, temporary in fresh.items():
            temporary.replace(path)
    finally:
        for temporary in fresh.values():
            temporary.unlink(missing_ok=True)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
