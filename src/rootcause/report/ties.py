"""Which causes cannot be told apart, as brackets beside the ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rootcause.findings.values import Standing


class Part(StrEnum):
    START = "start"
    MIDDLE = "middle"
    END = "end"
    OPEN = "open"


@dataclass(frozen=True)
class Mark:
    """What one row shows of a bracket. lane: 0-based, from the left; brackets that overlap lie in different lanes."""

    lane: int
    part: Part


def groups(standings: Sequence[Standing]) -> tuple[tuple[int, int], ...]:
    """First and last 0-based place of every largest run of neighbours in which no two can be told apart."""
    tied = [frozenset(one.tied) for one in standings]
    reach = list(range(len(standings)))
    for place in range(len(standings) - 2, -1, -1):
        last = place
        while last < reach[place + 1] and standings[last + 1].cause in tied[place]:
            last += 1
        reach[place] = last
    return tuple((first, last) for first, last in enumerate(reach) if last > first and (first == 0 or reach[first - 1] < last))


def marks(standings: Sequence[Standing], shown: int) -> tuple[tuple[Mark, ...], ...]:
    """The marks of each of the first `shown` rows; a bracket that goes on below the last of them stays open."""
    rows: list[list[Mark]] = [[] for _ in range(shown)]
    ends: list[int] = []  # by lane, the last place taken
    for first, last in groups(standings):
        if first >= shown - 1:
            break
        lane = next((number for number, end in enumerate(ends) if end < first), len(ends))
        ends[lane:] = [last, *ends[lane + 1 :]]
        for place in range(first, min(last + 1, shown)):
            rows[place].append(Mark(lane, _part(place, first, last, shown)))
    return tuple(tuple(row) for row in rows)


def _part(place: int, first: int, last: int, shown: int) -> Part:
    if place == first:
        return Part.START
    if place == last:
        return Part.END
    return Part.OPEN if place == shown - 1 else Part.MIDDLE
