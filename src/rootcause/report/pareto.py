"""The Pareto chart in numbers: how long each bar is and how far the largest causes reach together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rootcause.models import RankedCause, RunReport

MOST_BARS = 20
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
_MOST_TICKS = 6


@dataclass(frozen=True)
class Bar:
    """One cause. together: the share of complaints that it or a larger cause stands behind."""

    ranked: RankedCause
    together: float


@dataclass(frozen=True)
class Group:
    """Several causes as one: how many, their distinct complaints, and the share these make up."""

    causes: int
    complaints: int
    share: float


@dataclass(frozen=True)
class Pareto:
    """rest: causes too small for a bar of their own. ticks: shares where the scale has a line, its end last.

    The scale is the causes' own: the rest together may lie beyond its end.
    """

    bars: tuple[Bar, ...]
    rest: Group | None
    residue: Group | None
    ticks: tuple[float, ...]

    def at(self, share: float) -> float:
        """A share's place in per cent of the chart's width."""
        return round(100 * share / self.ticks[-1], 2)


def pareto(report: RunReport) -> Pareto:
    causes, weights = report.ranking.causes, weights_of(report)
    shown, rest = causes[:MOST_BARS], group(causes[MOST_BARS:], weights)
    residue = group(report.ranking.residue, weights)
    together = running_reach(shown, weights)
    return Pareto(
        bars=tuple(Bar(cause, reach) for cause, reach in zip(shown, together, strict=True)),
        rest=rest,
        residue=residue,
        ticks=_ticks(max((cause.high for cause in shown), default=0.0)),
    )


def weights_of(report: RunReport) -> dict[str, float]:
    """How many rows of the file each row stands for."""
    return {row.id: row.weight for row in report.ledger if row.weight > 0}


def running_reach(causes: Sequence[RankedCause], weights: Mapping[str, float]) -> list[float]:
    """For each cause the share of complaints that it or one before it stands behind.

    A complaint with several causes counts once: the last number is at most 1, unlike the shares' sum.
    """
    seen: set[str] = set()
    reached, total = [], 0.0
    for cause in causes:
        fresh = set(cause.row_ids) - seen
        total += cause.share * _weigh(fresh, weights) / (_weigh(cause.row_ids, weights) or 1.0)
        seen |= fresh
        reached.append(min(total, 1.0))
    return reached


def group(causes: Sequence[RankedCause], weights: Mapping[str, float]) -> Group | None:
    """Several causes counted as one, None when there are none."""
    if not causes:
        return None
    rows = {row_id for cause in causes for row_id in cause.row_ids}
    return Group(len(causes), len(rows), running_reach(causes, weights)[-1])


def _weigh(row_ids: Iterable[str], weights: Mapping[str, float]) -> float:
    return sum(weights.get(row_id, 1.0) for row_id in sorted(set(row_ids)))


def _ticks(largest: float) -> tuple[float, ...]:
    step = next((step for step in _STEPS if largest <= step * _MOST_TICKS), _STEPS[-1])
    count = max(1, math.ceil(round(largest / step, 6)))
    return tuple(step * i for i in range(count + 1))
