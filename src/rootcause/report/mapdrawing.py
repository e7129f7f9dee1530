"""The cause map as the report shows it: a drawing in boxes and lines, a table of the steps, and a list for narrow screens."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from rootcause.findings.values import CauseMap, MapNode
from rootcause.report.clean import one_line
from rootcause.report.mapcut import CAUSES, SYMPTOMS, Collected, Line, MapCut, cut
from rootcause.report.maplayout import Layout, Spot, arrange
from rootcause.report.words import Words

MOST_NODES = 20
MOST_COLUMNS = 5
MOST_STEPS = 25
MOST_CIRCLES = 10

WIDTH = 1120  # of the drawing, in the units of its letters' size
_GAP, _BESIDE = 14.0, 56.0  # between boxes of a column, and between columns
_PAD, _LETTER, _LINE = 10.0, 12.5, 16.0
_EDGE = 1.0  # half a stroke beyond the boxes, on all sides
_BOLD = 1.12  # how much wider bold letters are
_MOST_LINES = 5
_WIDEST, _THINNEST = 7.0, 1.0

_NARROW = frozenset("ijlftrI.,:;'’!|()[]/\\-‑ ")
_WIDE = frozenset("mwMWЖШЩЮФЫжшщюфыДЛ@%—…№")


@dataclass(frozen=True)
class Box:
    """kind: symptom, step, cause, or group for several nodes in one. title: the whole name, lines: it, wrapped."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str
    lines: tuple[str, ...]
    size: str


@dataclass(frozen=True)
class Curve:
    """A line as the `d` of an SVG path. width: by its complaints."""

    path: str
    width: float
    whole: bool
    title: str


@dataclass(frozen=True)
class Entry:
    """One line of the list. size: its share, or the complaints of symptoms or causes taken together.

    again: its own effects stand further up. whole: no smaller steps lie between it and the line above that it hangs from.
    """

    depth: int
    name: str
    size: str
    whole: bool
    again: bool


@dataclass(frozen=True)
class MapDrawing:
    """steps: the largest between symptom and root, for the table; more_steps: how many it leaves out.

    not_drawn: a sentence on the steps that the drawing passes over. circles: edges left out, as "effect, cause" by name.
    """

    width: int
    height: int
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]
    entries: tuple[Entry, ...]
    steps: tuple[MapNode, ...]
    more_steps: Collected | None
    not_drawn: str | None
    dashed: bool
    circles: tuple[tuple[str, str, int], ...]
    broken: int
    uncompared: int


def map_drawing(found: CauseMap, words: Words) -> MapDrawing | None:
    """None where there is nothing to draw."""
    if not found.nodes:
        return None
    one = cut(found, MOST_NODES, columns=MOST_COLUMNS)
    names = {node.id: one_line(node.name) for node in found.nodes}
    sizes = {node.id: words.percent(node.share) for node in one.nodes}
    for end, group in ((SYMPTOMS, one.symptoms), (CAUSES, one.causes)):
        if group is not None:
            names[end], sizes[end] = words(f"map_{end}", group.nodes), words("complaints", group.complaints)
    kinds = {node.id: "cause" if node.cause else "symptom" if node.level == 0 else "step" for node in one.nodes}
    column = _columns(one)
    width = (WIDTH - 2 * _EDGE - _BESIDE * max(column.values())) / (max(column.values()) + 1)
    room = {end: (width - 2 * _PAD) / (_BOLD if kinds.get(end) == "cause" else 1) for end in column}
    wrapped = {end: _wrapped(names[end], room[end]) for end in column}
    heights = {end: 2 * _PAD + _LINE * (len(wrapped[end]) + 1) for end in column}
    layout = arrange(column, heights, [(line.effect, line.cause) for line in one.lines], _GAP)
    boxes = tuple(
        Box(
            x=round(spot.column * (width + _BESIDE) + _EDGE, 1),
            y=round(spot.middle - heights[end] / 2 + _EDGE, 1),
            width=round(width, 1),
            height=heights[end],
            kind=kinds.get(end, "group"),
            title=names[end],
            lines=wrapped[end],
            size=sizes[end],
        )
        for end, spot in layout.spots.items()
    )
    steps = sorted((node for node in found.nodes if node.cause is None and node.level > 0), key=lambda n: (-n.share, n.id))
    rest = steps[MOST_STEPS:]
    return MapDrawing(
        width=WIDTH,
        height=math.ceil(layout.height + 2 * _EDGE),
        boxes=boxes,
        curves=_curves(one, layout, width, words),
        entries=tuple(_entries(one, names, words)),
        steps=tuple(steps[:MOST_STEPS]),
        more_steps=Collected(len(rest), len({row for node in rest for row in node.row_ids})) if rest else None,
        not_drawn=_not_drawn(one, words),
        dashed=any(not line.whole for line in one.lines),
        circles=tuple((names[edge.effect], names[edge.cause], edge.complaints) for edge in found.broken[:MOST_CIRCLES]),
        broken=len(found.broken),
        uncompared=found.uncompared,
    )


def _columns(one: MapCut) -> dict[str, int]:
    """By end, the largest first: what leads no further stands in the last column."""
    column = one.column()
    last = max(column.values())
    effects = {line.effect for line in one.lines}
    order = [*(node.id for node in one.nodes), SYMPTOMS, CAUSES]
    return {end: column[end] if end in effects else last for end in order if end in column}


def _not_drawn(one: MapCut, words: Words) -> str | None:
    if one.steps is None:
        return None
    steps, complaints = words("map_steps", one.steps.nodes), words("complaints", one.steps.complaints)
    return words("map_not_drawn", steps=steps, complaints=complaints)


# ── lines ─────────────────────────────────────────────────────────────────────────────────────────


def _curves(one: MapCut, layout: Layout, width: float, words: Words) -> tuple[Curve, ...]:
    """The thin ones last, so that they can be seen on the thick ones."""
    most = max((line.complaints for line in one.lines), default=1)
    found = []
    for line, bends in zip(one.lines, layout.bends, strict=True):
        stroke = max(_THINNEST, round(_WIDEST * line.complaints / most, 1))
        path = _path([layout.spots[line.effect], *bends, layout.spots[line.cause]], width)
        found.append(Curve(path, stroke, line.whole, words("complaints", line.complaints)))
    return tuple(sorted(found, key=lambda curve: -curve.width))


def _path(spots: list[Spot], width: float) -> str:
    """A smooth line from the right side of the first spot, through the columns between, to the left side of the last."""
    step = width + _BESIDE
    parts = [f"M{spots[0].column * step + width + _EDGE:.1f} {spots[0].middle + _EDGE:.1f}"]
    for before, spot in pairwise(spots):
        left, above, below = spot.column * step + _EDGE, before.middle + _EDGE, spot.middle + _EDGE
        half = left - _BESIDE / 2
        parts.append(f"L{left - _BESIDE:.1f} {above:.1f}C{half:.1f} {above:.1f} {half:.1f} {below:.1f} {left:.1f} {below:.1f}")
    return "".join(parts)


# ── words in a box ────────────────────────────────────────────────────────────────────────────────


def _wrapped(text: str, width: float) -> tuple[str, ...]:
    """The text in lines that fit, the last one cut openly where there are too many."""
    lines = [""]
    for word in _words(text, width):
        longer = f"{lines[-1]} {word}".strip()
        if _wide(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    lines = [line for line in lines if line]
    if len(lines) > _MOST_LINES:
        lines = lines[:_MOST_LINES]
        while _wide(f"{lines[-1]}…") > width:
            lines[-1] = lines[-1][:-1]
        lines[-1] = f"{lines[-1].rstrip(' .,:;')}…"
    return tuple(lines)


def _words(text: str, width: float) -> Iterator[str]:
    """The words, one that fits no line in pieces."""
    for word in text.split():
        piece = ""
        for letter in word:
            if piece and _wide(piece + letter) > width:
                yield piece
                piece = ""
            piece += letter
        yield piece


def _wide(text: str) -> float:
    """About how wide the text is in a sans serif face, rather too much than too little."""
    return _LETTER * sum(_width(letter) for letter in text)


def _width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if letter in _NARROW:
        return 0.34
    if letter in _WIDE:
        return 1.0
    return 0.72 if letter.isupper() else 0.62


# ── the list ──────────────────────────────────────────────────────────────────────────────────────


def _entries(one: MapCut, names: Mapping[str, str], words: Words) -> Iterator[Entry]:
    """Every root cause drawn, the largest first, and below it what it leads to; each node's own effects once."""
    by_cause: dict[str, list[Line]] = {}
    for line in one.lines:
        by_cause.setdefault(line.cause, []).append(line)
    told: set[str] = set()
    effects = {line.effect for line in one.lines}
    sizes = {node.id: words.percent(node.share) for node in one.nodes}
    roots = [node.id for node in one.nodes if node.id not in effects]
    waiting: list[tuple[int, str, Line | None]] = [(0, end, None) for end in reversed(roots)]
    while waiting:
        depth, end, above = waiting.pop()
        again = end in told and end in by_cause
        if end in sizes:
            name, size = names[end], sizes[end]
        else:
            name, size = words(f"map_other_{end}"), words("complaints", above.complaints if above else 0)
        yield Entry(depth, name, size, above is None or above.whole, again)
        if not again:
            told.add(end)
            waiting.extend((depth + 1, below.effect, below) for below in reversed(by_cause.get(end, [])))
