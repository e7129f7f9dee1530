"""What the reader can do to make a ranking firmer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from rootcause.findings.values import Standing
from rootcause.models import RunReport

_NEIGHBOURS = 3  # pairs of the largest causes


def next_steps(report: RunReport, standings: Sequence[Standing]) -> tuple[str, ...]:
    """How many rows would tell apart the first two of the largest causes that are tied; nothing where none are."""
    population, rows = report.ranking.population, report.ranking.base
    if rows >= population:
        return ()
    for place, (above, below) in enumerate(pairwise(standings[: _NEIGHBOURS + 1]), start=1):
        if below.cause in above.tied:
            open_ = f"causes {place} and {place + 1} cannot be told apart on {rows} rows"
            return (f"{open_}: {_enough(above.rows_to_separate, population)}",)
    return ()


def _enough(rows: int | None, population: int) -> str:
    if rows is None:
        return "equally many have them, so no number of rows can be named that would"
    rounded = math.ceil(rows / 10) * 10
    if rounded >= population:
        return f"only all {population} rows would do: --all"
    return f"about {rounded} would do: --sample {rounded}"
