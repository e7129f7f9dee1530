"""Each cause's share in time as a small drawing, all to one scale: a line, its interval as a band, and where it turned.

Places are in a box 100 wide and 100 high whose upper left corner is 0, 0; a period lies in the middle of its part of the width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rootcause.findings.values import CauseTrend, Direction, Estimate, Trend

_MOVES = (Direction.APPEARED, Direction.RISING, Direction.FALLING, Direction.VANISHED)
_STEPS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
_BAND = 2.5  # how far above the largest share bands are drawn; wider ones are cut at the top


@dataclass(frozen=True)
class Panel:
    """lines, bands: one for each run of periods that have rows. dots: its periods. since: where a change began."""

    found: CauseTrend
    lines: tuple[str, ...]
    bands: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    since: float | None


@dataclass(frozen=True)
class Panels:
    """proved: move beyond chance, surest first; watch: may move; others: the rest, as ranked. top: share at the upper edge."""

    proved: tuple[Panel, ...]
    watch: tuple[Panel, ...]
    others: tuple[Panel, ...]
    top: float


def panels(trend: Trend) -> Panels:
    largest = max((share.value for cause in trend.causes for share in cause.shares if share), default=0.0)
    widest = max((share.high for cause in trend.causes for share in cause.shares if share), default=0.0)
    top = next((step for step in _STEPS if step >= min(widest, _BAND * largest)), 1.0)
    proved = sorted((one for one in trend.causes if one.direction in _MOVES), key=lambda one: (one.q, one.p))
    by_cause = {one.cause: one for one in trend.causes}
    watch = [by_cause[cause] for cause in trend.watch]
    told = {one.cause for one in (*proved, *watch)}
    others = [one for one in trend.causes if one.cause not in told]

    def drawn(causes: Sequence[CauseTrend]) -> tuple[Panel, ...]:
        return tuple(_panel(one, trend, top) for one in causes)

    return Panels(proved=drawn(proved), watch=drawn(watch), others=drawn(others), top=top)


def _panel(one: CauseTrend, trend: Trend, top: float) -> Panel:
    width = 100 / len(trend.starts)

    def spot(place: int, share: float) -> tuple[float, float]:
        return round((place + 0.5) * width, 2), round(100 - 100 * min(share / top, 1.0), 2)

    runs = _runs(one.shares)
    return Panel(
        found=one,
        lines=tuple(_points([spot(place, share.value) for place, share in run]) for run in runs),
        bands=tuple(
            _points([spot(p, share.high) for p, share in run] + [spot(p, share.low) for p, share in reversed(run)])
            for run in runs
        ),
        dots=tuple(spot(place, share.value) for run in runs for place, share in run),
        since=round(trend.starts.index(one.since) * width, 2) if one.since in trend.starts else None,
    )


def _runs(shares: Sequence[Estimate | None]) -> list[list[tuple[int, Estimate]]]:
    """Neighbouring periods that have rows, with their places."""
    runs: list[list[tuple[int, Estimate]]] = [[]]
    for place, share in enumerate(shares):
        if share is None:
            runs.append([])
        else:
            runs[-1].append((place, share))
    return [run for run in runs if run]


def _points(spots: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in spots)
