"""Where the boxes and lines of a layered drawing go, left to right.

Long lines pass through a place of their own in every column between. The order in the columns is found by barycentre
sweeps, keeping the one with the fewest crossings (Sugiyama, Tagawa and Toda 1981); heights follow by moving each box to
the middle of its neighbours as far as those beside it in the column allow: least squares in a fixed order, which is
isotonic regression.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import isotonic_regression

Place = str | tuple[int, int]
"""An end of a line, or the number of a line and the column that it passes."""

_SWEEPS = 12
_THIN = 0.0  # height of a passing line's place


@dataclass(frozen=True)
class Spot:
    """Where a box stands: its column, and the y of its middle."""

    column: int
    middle: float


@dataclass(frozen=True)
class Layout:
    """spots: of each end. bends: for each line, the places that it passes on its way from its first to its second end."""

    spots: Mapping[str, Spot]
    bends: tuple[tuple[Spot, ...], ...]
    height: float


def arrange(columns: Mapping[str, int], heights: Mapping[str, float], lines: Sequence[tuple[str, str]], gap: float) -> Layout:
    """columns, heights: of each end, in the order to begin with. lines go to a later column. gap: between two boxes."""
    ways = [_way(number, columns, *line) for number, line in enumerate(lines)]
    column: dict[Place, int] = dict(columns.items())
    for way in ways:
        for place in way:
            if isinstance(place, tuple):
                column[place] = place[1]
    beside: dict[Place, list[Place]] = defaultdict(list)
    for way in ways:
        for left, right in pairwise(way):
            beside[left].append(right)
            beside[right].append(left)
    order = _ordered(column, beside)
    height = {place: heights[place] if isinstance(place, str) else _THIN for place in column}
    middle = _raised(order, column, beside, height, gap)
    top = min((middle[place] - height[place] / 2 for place in column), default=0.0)
    bottom = max((middle[place] + height[place] / 2 for place in column), default=0.0)
    spots = {place: Spot(column[place], middle[place] - top) for place in column}
    return Layout(
        spots={place: spot for place, spot in spots.items() if isinstance(place, str)},
        bends=tuple(tuple(spots[place] for place in way[1:-1]) for way in ways),
        height=bottom - top,
    )


def _way(number: int, columns: Mapping[str, int], start: str, end: str) -> list[Place]:
    return [start, *((number, column) for column in range(columns[start] + 1, columns[end])), end]


def _ordered(column: Mapping[Place, int], beside: Mapping[Place, Sequence[Place]]) -> list[list[Place]]:
    """The places of each column from top to bottom."""
    layers: list[list[Place]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for place in column:
        layers[column[place]].append(place)
    best, fewest = layers, _crossings(layers, column, beside)
    for sweep in range(_SWEEPS):
        step = 1 if sweep % 2 == 0 else -1
        layers = [list(layer) for layer in layers]
        for number in range(len(layers))[::step]:
            rank = {place: i for layer in layers for i, place in enumerate(layer)}
            layers[number] = _swept(layers[number], rank, column, beside, number - step)
        crossings = _crossings(layers, column, beside)
        if crossings < fewest:
            best, fewest = layers, crossings
    return best


def _swept(
    layer: Sequence[Place],
    rank: Mapping[Place, int],
    column: Mapping[Place, int],
    beside: Mapping[Place, Sequence[Place]],
    fixed: int,
) -> list[Place]:
    """The column in the order of its places' mean rank in the column that stays as it is."""

    def barycentre(place: Place) -> float:
        near = [rank[other] for other in beside[place] if column[other] == fixed] if place in beside else []
        return float(np.mean(near)) if near else float(rank[place])

    return sorted(layer, key=barycentre)


def _crossings(layers: Sequence[Sequence[Place]], column: Mapping[Place, int], beside: Mapping[Place, Sequence[Place]]) -> int:
    count = 0
    for number, (left, right) in enumerate(pairwise(layers)):
        rank = {place: i for i, place in enumerate(right)}
        ends = [
            sorted(rank[other] for other in beside[place] if column[other] == number + 1) if place in beside else []
            for place in left
        ]
        for upper, one in enumerate(ends):
            count += sum(a > b for lower in ends[upper + 1 :] for a in one for b in lower)
    return count


def _raised(
    layers: Sequence[Sequence[Place]],
    column: Mapping[Place, int],
    beside: Mapping[Place, Sequence[Place]],
    height: Mapping[Place, float],
    gap: float,
) -> dict[Place, float]:
    """The y of each place's middle."""
    offsets = [_offsets([height[place] for place in layer], gap) for layer in layers]
    middle = {
        place: float(y) for layer, offset in zip(layers, offsets, strict=True) for place, y in zip(layer, offset, strict=True)
    }
    for sweep in range(_SWEEPS):
        step = 1 if sweep % 2 == 0 else -1
        for number in range(len(layers))[::step]:
            layer, offset = layers[number], offsets[number]
            wanted = []
            for place in layer:
                near = [middle[other] for other in beside[place] if column[other] == number - step] if place in beside else []
                wanted.append(float(np.mean(near)) if near else middle[place])
            free = isotonic_regression(np.array(wanted) - offset).x
            middle.update(zip(layer, (free + offset).tolist(), strict=True))
    return middle


def _offsets(heights: Sequence[float], gap: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The least y of each box's middle, from that of the first, if they stand gap apart."""
    sizes = np.array(heights)
    return np.concatenate([[0.0], np.cumsum((sizes[:-1] + sizes[1:]) / 2 + gap)])
