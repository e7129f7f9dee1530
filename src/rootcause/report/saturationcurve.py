"""The curve of causes seen, as places in a box 100 wide and 100 high whose upper left corner is 0, 0."""

from __future__ import annotations

from dataclasses import dataclass

from rootcause.findings.values import Saturation

_HEADROOM = 1.1


@dataclass(frozen=True)
class Curve:
    """line: points of the polyline. ends: height of the causes seen, expected: of these and the unseen, at least. top: causes."""

    line: str
    ends: float
    expected: float
    top: float


def curve(found: Saturation) -> Curve:
    expected = found.causes + found.unseen.value
    top = _HEADROOM * expected
    longest = found.rows[-1]

    def height(causes: float) -> float:
        return round(100 - 100 * causes / top, 2)

    points = [f"{100 * rows / longest:.2f},{height(seen)}" for rows, seen in zip(found.rows, found.seen, strict=True)]
    return Curve(line=" ".join(["0,100", *points]), ends=height(found.causes), expected=height(expected), top=top)
