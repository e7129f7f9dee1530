"""A learning curve as a picture: one SVG file, readable on light and dark ground and without colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from rootcause.models import Frozen
from rootcause.report.clean import one_line

WIDTH, HEIGHT = 760, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 24, 92, 56
_APART = 4.0  # pixels between the whiskers of two lines at the same number of examples
_CLOSEST = 26.0  # pixels between two labels of the axis
_LONGEST_NAME = 27  # letters of a name that fit beside two others


class Mark(Frozen):
    """A share seen at a number of examples, with its interval."""

    examples: int
    share: float
    low: float
    high: float


class Line(Frozen):
    """The first line of a picture is the one it is about."""

    name: str
    marks: tuple[Mark, ...]


def svg(lines: Sequence[Line], *, title: str, caption: str) -> str:
    """The picture. Shares run from 0 to 1. Names come from files and models and are shown as text only."""
    longest = max(mark.examples for line in lines for mark in line.marks) or 1

    def x(examples: int) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * examples / longest, 1)

    def y(share: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * share, 1)

    drawn = [
        {
            "name": _short(one_line(line.name)),
            "marks": [
                {"x": x(mark.examples) + _APART * place, "y": y(mark.share), "low": y(mark.low), "high": y(mark.high)}
                for mark in line.marks
            ],
        }
        for place, line in enumerate(lines)
    ]
    return _environment().get_template("curve.svg.j2").render(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        bottom=HEIGHT - _BOTTOM,
        title=one_line(title),
        caption=one_line(caption),
        lines=drawn,
        steps=[(y(quarter / 4), f"{25 * quarter} %") for quarter in range(5)],
        sizes=[(x(size), size) for size in _labelled(sorted({m.examples for line in lines for m in line.marks}), x)],
    )  # fmt: skip


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _labelled(sizes: Sequence[int], x: Callable[[int], float]) -> list[int]:
    """The sizes that can be written under the axis without touching; the last one always."""
    kept: list[int] = []
    for size in reversed(sizes):
        if not kept or x(kept[-1]) - x(size) >= _CLOSEST:
            kept.append(size)
    return kept


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("rootcause.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
