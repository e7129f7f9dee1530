"""Where every row of the file ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rootcause.models import Fate, Intake, LedgerRow, Outcome, RejectedRow, Sample


def ledger(
    intake: Intake,
    topics: Mapping[str, str | None],
    sample: Sample,
    outcomes: Sequence[Outcome],
    skipped: Sequence[RejectedRow],
) -> tuple[LedgerRow, ...]:
    """Every row of the file, in its order. An analysed row's weight: how many rows of its topic it stands for, those included
    that were drawn and have no answer.

    skipped: complaints that the model cannot explain.
    """
    fates = _fates(outcomes)
    analysed = Counter(outcome.topic for outcome in outcomes if outcome.answer is not None for _ in outcome.rows)
    weights = {stratum.topic: stratum.population / max(analysed[stratum.topic], 1) for stratum in sample.strata}
    drawn = {complaint.id for complaint in sample.complaints}
    left_out = {row.id for row in skipped}
    rows = []
    for complaint in intake.complaints:
        if complaint.id in left_out:
            continue
        fate, reason = fates.get(complaint.id, (Fate.NOT_REACHED if complaint.id in drawn else Fate.NOT_SAMPLED, ""))
        topic = topics[complaint.id]
        counts = fate in (Fate.ANALYSED, Fate.NOTHING, Fate.DUPLICATE)
        rows.append(
            LedgerRow(
                row=complaint.row,
                line=complaint.line,
                id=complaint.id,
                topic=topic,
                fate=fate,
                reason=reason,
                weight=weights[topic] if counts else 0.0,
            )
        )
    rows.extend(
        LedgerRow(row=row.row, line=row.line, id=row.id, topic=None, fate=Fate.SKIPPED, reason=row.reason, weight=0.0)
        for row in (*intake.rejected, *skipped)
    )
    return tuple(sorted(rows, key=lambda row: row.row))


def _fates(outcomes: Sequence[Outcome]) -> dict[str, tuple[Fate, str]]:
    """What became of each row that was reached, by its id, and why."""
    fates: dict[str, tuple[Fate, str]] = {}
    for outcome in outcomes:
        first, *copies = outcome.rows
        if outcome.failure is not None:
            fates[first.id] = (Fate.FAILED, f"{outcome.failure.kind}: {outcome.failure.message}")
            fates.update((row.id, (Fate.FAILED, f"same text as {first.id}, which failed")) for row in copies)
        else:
            assert outcome.answer is not None
            reason = outcome.answer.nothing_to_explain
            fates[first.id] = (Fate.NOTHING, reason.value) if reason else (Fate.ANALYSED, "")
            fates.update((row.id, (Fate.DUPLICATE, first.id)) for row in copies)
    return fates
