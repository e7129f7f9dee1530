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
from rootcause.findings.values import Estimate, Findings, Standing
from rootcause.models import Outcome, RankedCause, RunReport
from rootcause.report.clean import cell
from rootcause.report.headline import audited
from rootcause.report.html import render
from rootcause.report.mapfiles import dot, mermaid
from rootcause.report.words import Words, words_for

CAUSES_HEADER = (
    "rank", "rank_low", "rank_high", "first", "top3", "id", "name", "topic", "new", "residue", "controllable", "team",
    "complaints", "share", "low", "high", "audited", "trend", "cost", "cost_low", "cost_high", "currency",
    "typical_root", "row_ids",
)  # fmt: skip
LEDGER_HEADER = ("row", "line", "id", "topic", "fate", "reason", "weight")

Cell = str | int | float | bool | None


def write(report: RunReport, findings: Findings, folder: Path) -> None:
    """Writes the report and its tables. On an error the files of before stay."""
    words = words_for(report.language)
    texts = {
        "report.html": render(report, findings),
        "causes.csv": causes_csv(findings, words),
        "chains.jsonl": chains_jsonl(report),
        "ledger.csv": ledger_csv(report),
        "findings.json": findings.model_dump_json() + "\n",
        "map.mmd": mermaid(findings.map, words),
        "map.dot": dot(findings.map, words),
        "map.json": findings.map.model_dump_json() + "\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace_all({folder / name: text.encode("utf-8") for name, text in texts.items()})
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"The report cannot be written to {folder}: {reason}. Make room there or choose another folder."
        ) from error


def document(report: RunReport, findings: Findings) -> str:
    """The report and its findings as one JSON document: what `--json` prints."""
    return json.dumps(report.model_dump(mode="json") | {"findings": findings.model_dump(mode="json")}, ensure_ascii=False)


def causes_csv(findings: Findings, words: Words) -> str:
    """audited: in words, as every output says it. first, top3: chances. cost: a month, in `currency`. Empty where not known."""
    economy, trend = findings.economy, findings.trend
    standings = {one.cause: one for one in findings.standings}
    moves = {one.cause: one.direction.value for one in trend.causes} if trend else {}
    costs = {one.cause: one.cost for one in economy.worth} if economy else {}
    checked, currency = audited(findings, words), economy.currency if economy else None
    return _csv(
        CAUSES_HEADER,
        (
            (
                one.rank, *_standing_cells(standings.get(one.cause.id)), *_cause_cells(one),
                checked, moves.get(one.cause.id), *_cost_cells(costs.get(one.cause.id)), currency,
                one.typical.root.cause, " ".join(one.row_ids),
            )
            for one in (*findings.ranking.causes, *findings.ranking.residue)
        ),
    )  # fmt: skip


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


def _standing_cells(standing: Standing | None) -> tuple[Cell, ...]:
    return (standing.best, standing.worst, standing.first, standing.top3) if standing else (None,) * 4


def _cause_cells(ranked: RankedCause) -> tuple[Cell, ...]:
    cause = ranked.cause
    return (
        cause.id, cause.name, cause.topic, cause.new, cause.residue, cause.controllable, cause.team,
        ranked.complaints, round(ranked.share, 6), round(ranked.low, 6), round(ranked.high, 6),
    )  # fmt: skip


def _cost_cells(cost: Estimate | None) -> tuple[Cell, ...]:
    return (round(cost.value, 2), round(cost.low, 2), round(cost.high, 2)) if cost else (None,) * 3


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
