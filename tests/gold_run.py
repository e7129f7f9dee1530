"""Runs made by hand: a report whose rows, causes and signs a test chooses, and the one that examples/gold.csv stands for."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootcause.ingest.frame import frame_of
from rootcause.models import (
    Answer,
    Basis,
    Cause,
    Chain,
    ChainRef,
    Columns,
    Complaint,
    CostReport,
    Fate,
    LedgerRow,
    ModelInfo,
    NothingReason,
    Outcome,
    RunReport,
    Sample,
    Sign,
    Step,
    Stratum,
    Usage,
)
from rootcause.rank import rank
from rootcause.sample import margin_of

EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True)
class Row:
    """One sampled row as a model would have explained it; without causes there is nothing to explain."""

    complaint: Complaint
    causes: tuple[str, ...]
    signs: tuple[Sign, ...] = ()
    topic: str | None = None


def complaint(number: int, **fields: object) -> Complaint:
    return Complaint.model_validate({"row": number, "line": number + 1, "id": f"r{number:05}", "text": f"text {number}"} | fields)


def report_of(
    rows: Sequence[Row], *, file: Sequence[Complaint] = (), strata: Sequence[Stratum] = (), language: str = "en"
) -> RunReport:
    """The run that explained `rows`. file: all complaints of the file, the rows alone where it is empty (a census)."""
    complaints = tuple(file) or tuple(row.complaint for row in rows)
    topics = {row.topic for row in rows}
    sizes = {topic: sum(row.topic == topic for row in rows) for topic in sorted(topics, key=str)}
    sample = Sample(
        seed=5,
        strata=tuple(strata) or tuple(Stratum(topic=topic, population=size, sampled=size) for topic, size in sizes.items()),
        complaints=tuple(row.complaint for row in rows),
        margin=margin_of(len(rows), len(complaints)),
    )
    outcomes = tuple(_outcome(row) for row in rows)
    chains: dict[str, list[ChainRef]] = {}
    for row in rows:
        for index, cause in enumerate(row.causes):
            chains.setdefault(cause, []).append(ChainRef(outcome=row.complaint.id, index=index))
    causes = [
        Cause(
            id=cause,
            name=cause,
            topic=None,
            new=False,
            residue=cause.startswith("residue"),
            controllable=True,
            team=None,
            chains=tuple(found),
        )
        for cause, found in sorted(chains.items())
    ]
    sampled = {row.complaint.id: row for row in rows}
    return RunReport(
        run_id="0123456789",
        started=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        version="0.1.0",
        source="complaints.csv",
        language=language,
        model=ModelInfo(name="gold", endpoint="none", local=True),
        columns=Columns(text="message"),
        topics=(),
        frame=frame_of(complaints),
        sample=sample,
        ranking=rank(causes, outcomes, sample),
        outcomes=outcomes,
        ledger=tuple(
            LedgerRow(
                row=one.row,
                line=one.line,
                id=one.id,
                topic=sampled[one.id].topic if one.id in sampled else None,
                fate=Fate.ANALYSED if one.id in sampled else Fate.NOT_SAMPLED,
                reason="",
                weight=sample.weight_of(sampled[one.id].topic) if one.id in sampled else 0.0,
            )
            for one in complaints
        ),
        cost=CostReport(used=Usage(), retried=0, failed=0, from_store=0, price=0.0, currency="", seconds=0.0),
        complete=1.0,
        min_complete=0.98,
    )


def gold_rows() -> tuple[Row, ...]:
    """examples/complaints.csv with the answers of examples/gold.csv; rows outside the topics and new causes by their own."""
    with (EXAMPLES / "gold.csv").open(encoding="utf-8", newline="") as stream:
        gold = {row["ticket"]: row for row in csv.DictReader(stream)}
    with (EXAMPLES / "complaints.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(_gold_row(number, row, gold[row["ticket"]]) for number, row in enumerate(csv.DictReader(stream), start=1))


def _gold_row(number: int, row: dict[str, str], gold: dict[str, str]) -> Row:
    named = [cause for cause in (gold["cause"], gold["second_cause"]) if cause and not cause.startswith("nothing:")]
    causes = tuple(f"residue-{row['ticket']}" if cause in ("new", "outside") else cause for cause in named)
    one = complaint(
        number,
        id=row["ticket"],
        text=row["message"],
        date=dt.date.fromisoformat(row["created"]),
        channel=row["channel"],
        customer=row["customer"] or None,
        amount=float(row["claimed"]) if row["claimed"] else None,
    )
    return Row(complaint=one, causes=causes, topic=gold["topic"] or None)


def _outcome(row: Row) -> Outcome:
    step = Step(cause="The customer is dissatisfied.", basis=Basis.INFERRED, evidence=None, countermeasure=None)
    chains = tuple(
        Chain(steps=(step, Step(cause=f"Root: {cause}.", basis=Basis.INFERRED, evidence=None, countermeasure=None)), cause=cause)
        for cause in row.causes
    )
    answer = Answer(chains=chains, nothing_to_explain=None if chains else NothingReason.PRAISE, signs=row.signs)
    return Outcome(topic=row.topic, rows=(row.complaint,), answer=answer, failure=None, attempts=1)
