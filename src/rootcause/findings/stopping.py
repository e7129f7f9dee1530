"""When a sample that grows in batches is large enough."""

from __future__ import annotations

from rootcause.findings.observe import Observed
from rootcause.findings.saturation import saturation
from rootcause.findings.standing import holding

COVERED = 0.99  # share of all mentions of causes in the file that is surely of causes already seen


def settled(now: Observed, before: Observed | None, *, probability: float, seed: int) -> str | None:
    """Why no more rows are needed, None where they are. before: the run as it stood one batch ago.

    Enough: the three largest causes hold their rank with the wanted probability; or the last batch brought no new cause, and
    causes already seen make up at least 99 % of all mentions, by the lower end of the interval.
    """
    found = saturation(now)
    if found is None:
        return None
    chance = holding(now, seed=seed)
    if chance >= probability:
        return f"the three largest causes hold their ranks with a probability of {chance:.0%}"
    earlier = saturation(before) if before is not None else None
    if earlier is not None and found.causes <= earlier.causes and found.coverage.low >= COVERED:
        new = len(now.rows) - len(before.rows) if before is not None else 0
        return (
            f"the last {new} rows brought no new cause, and the causes found make up {found.coverage.value:.0%} of all mentions "
            f"(at least {found.coverage.low:.0%}); the ranks of the three largest still hold with {chance:.0%} only"
        )
    return None
