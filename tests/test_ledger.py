"""The ledger: every row of the file once, with what became of it and how many rows it stands for."""

from __future__ import annotations

import pytest

from rootcause.ledger import ledger
from rootcause.models import (
    Answer,
    Columns,
    Complaint,
    Failure,
    Intake,
    NothingReason,
    Outcome,
    RejectedRow,
    Sample,
    Stratum,
)


def row(number: int) -> Complaint:
    return Complaint(row=number, line=number + 1, id=f"r{number}", text="text")


def outcome(topic: str, *numbers: int, failed: bool = False) -> Outcome:
    return Outcome(
        topic=topic,
        rows=tuple(row(number) for number in numbers),
        answer=None if failed else Answer(chains=(), nothing_to_explain=NothingReason.PRAISE),
        failure=Failure(kind="timeout", message="no answer") if failed else None,
        attempts=1,
    )


def test_rows_that_were_analysed_stand_for_those_that_failed() -> None:
    topics: dict[str, str | None] = {f"r{number}": "x" if number <= 8 else "y" for number in range(1, 12)}
    intake = Intake(
        source="", sha256="", format="csv", encoding=None, delimiter=None, columns=Columns(text="text"),
        complaints=tuple(row(number) for number in range(1, 12)),
        rejected=(RejectedRow(row=12, line=13, id="r12", reason="empty"),),
    )  # fmt: skip
    drawn = (1, 2, 3, 4, 9, 10)
    sample = Sample(
        seed=1,
        strata=(Stratum(topic="x", population=8, sampled=4), Stratum(topic="y", population=2, sampled=2)),
        complaints=tuple(row(number) for number in drawn),
        margin=0.1,
    )
    outcomes = (outcome("x", 2, 1), outcome("x", 3, failed=True), outcome("y", 9))
    found = ledger(intake, topics, sample, outcomes, [RejectedRow(row=11, line=12, id="r11", reason="no topic pack")])
    assert [one.row for one in found] == list(range(1, 13))
    assert [one.fate.value for one in found] == [
        "duplicate of", "nothing to explain", "failed", "not reached", *["not sampled"] * 4, "nothing to explain", "not reached",
        "skipped", "skipped",
    ]  # fmt: skip
    weights = [one.weight for one in found]
    assert weights == [4, 4, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]
    assert sum(weights) == pytest.approx(10), "together they stand for the frame"
    assert (found[0].reason, found[1].reason, found[2].reason) == ("r2", "praise", "timeout: no answer")
