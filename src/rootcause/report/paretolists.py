"""The Pareto views as lists: how many rows each shows, how long its bars are, what is left."""

from __future__ import annotations

from dataclasses import dataclass

from rootcause.findings.values import Findings, ParetoBy, ParetoRow, ParetoView

_LEAST, _MOST = 6, 10


@dataclass(frozen=True)
class Entry:
    """width: of the bar, in per cent of the longest."""

    row: ParetoRow
    vital: bool
    width: float


@dataclass(frozen=True)
class ParetoList:
    """reach: of the vital few together. more: causes that no entry shows, and what they add beyond the entries."""

    view: ParetoView
    entries: tuple[Entry, ...]
    reach: float
    more: int
    adds: float


def pareto_lists(findings: Findings) -> dict[ParetoBy, ParetoList]:
    return {view.by: _list(view) for view in findings.pareto if view.rows}


def _list(view: ParetoView) -> ParetoList:
    shown = view.rows[: max(_LEAST, min(len(view.vital), _MOST))]
    longest = view.rows[0].value or 1.0
    vital = frozenset(view.vital)
    return ParetoList(
        view=view,
        entries=tuple(Entry(row, row.cause in vital, round(100 * row.value / longest, 1)) for row in shown),
        reach=max((row.together for row in view.rows if row.cause in vital), default=0.0),
        more=len(view.rows) - len(shown),
        adds=view.rows[-1].together - shown[-1].together,
    )
