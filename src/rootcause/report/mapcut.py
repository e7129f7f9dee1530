"""The cause map made small enough to be drawn: the largest steps and causes, what is left out collected and counted.

A line between two drawn steps is whole where most of its complaints make that step at once, and dashed where they do so by
way of steps not drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rootcause.findings.circles import depths
from rootcause.findings.values import CauseMap, MapNode

SYMPTOMS, CAUSES = "symptoms", "causes"
"""Ends of lines that stand for several nodes: the symptoms and the causes that are not drawn."""


@dataclass(frozen=True)
class Collected:
    """Several nodes as one: how many, and their distinct complaints in the sample."""

    nodes: int
    complaints: int


@dataclass(frozen=True)
class Line:
    """effect ← cause, by node ids or SYMPTOMS and CAUSES. whole: most complaints make this step without another between.

    complaints: rows that pass both ends and what lies between; where chains of one complaint cross, an upper bound.
    """

    effect: str
    cause: str
    complaints: int
    whole: bool


@dataclass(frozen=True)
class MapCut:
    """nodes: drawn on their own. symptoms, causes: collected at the map's two ends. steps: between them, not drawn."""

    nodes: tuple[MapNode, ...]
    lines: tuple[Line, ...]
    symptoms: Collected | None
    causes: Collected | None
    steps: Collected | None

    def column(self) -> dict[str, int]:
        """Longest way of each end of a line from the map's left side."""
        ends = {node.id for node in self.nodes} | {end for line in self.lines for end in (line.effect, line.cause)}
        return depths(ends, [(line.effect, line.cause) for line in self.lines])


def cut(found: CauseMap, most: int, *, columns: int | None = None) -> MapCut:
    """At most `most` nodes on their own: two fifths the largest causes, the rest the largest steps that several complaints share.

    columns: where given, the smallest steps on the longest ways are left out until no way has more nodes.
    """
    causes = _largest([node for node in found.nodes if node.cause is not None])[: most * 2 // 5]
    steps = _largest([node for node in found.nodes if node.cause is None and node.complaints > 1])[: most - len(causes)]
    drawn = {node.id: node for node in (*causes, *steps)}
    while True:
        one = _cut(found, drawn)
        column = one.column()
        if columns is None or (deepest := max(column.values(), default=0)) < columns:
            return one
        on_way = _longest(one.lines, column, deepest)
        loose = [node for node in steps if node.id in drawn and node.id in on_way]
        if not loose:
            return one
        del drawn[_largest(loose)[-1].id]


def _cut(found: CauseMap, drawn: dict[str, MapNode]) -> MapCut:
    nodes = {node.id: node for node in found.nodes}
    end = {node.id: _end(node, drawn) for node in found.nodes}
    effects: dict[str, list[str]] = defaultdict(list)
    for edge in found.edges:
        effects[edge.cause].append(edge.effect)
    passing: dict[tuple[str, str], set[str]] = defaultdict(set)
    direct: dict[tuple[str, str], set[str]] = defaultdict(set)
    carried: dict[str, dict[str, set[str]]] = {}  # by node not drawn: rows that come from each end without another between
    for node in sorted(found.nodes, key=lambda node: node.level):
        into: dict[str, set[str]] = defaultdict(set)
        rows = set(node.row_ids)
        own = end[node.id]
        for effect in effects[node.id]:
            if effect in carried:
                for start, theirs in carried[effect].items():
                    into[start] |= rows.intersection(theirs)
            else:
                shared = rows.intersection(nodes[effect].row_ids)
                into[end[effect]] |= shared
                direct[end[effect], own] |= shared
        if own:
            for start, theirs in into.items():
                passing[start, own] |= theirs
        if own in ("", CAUSES):
            carried[node.id] = into
    lines = [Line(*ends, len(rows), 2 * len(direct[ends]) > len(rows)) for ends, rows in passing.items() if rows]
    return MapCut(
        nodes=tuple(_largest(drawn.values())),
        lines=tuple(sorted(lines, key=lambda line: (-line.complaints, line.effect, line.cause))),
        symptoms=_collected([node for node in found.nodes if end[node.id] == SYMPTOMS]),
        causes=_collected([node for node in found.nodes if end[node.id] == CAUSES]),
        steps=_collected([node for node in found.nodes if not end[node.id]]),
    )


def _end(node: MapNode, drawn: dict[str, MapNode]) -> str:
    """Where lines to the node end in the drawing; empty where they pass through it."""
    if node.id in drawn:
        return node.id
    if node.cause is not None:
        return CAUSES
    return SYMPTOMS if node.level == 0 else ""


def _longest(lines: Sequence[Line], column: dict[str, int], deepest: int) -> set[str]:
    """The nodes that lie on a way over all columns."""
    on_way = {end for end, place in column.items() if place == deepest}
    for line in sorted(lines, key=lambda line: -column[line.cause]):
        if line.cause in on_way and column[line.effect] == column[line.cause] - 1:
            on_way.add(line.effect)
    return on_way


def _collected(nodes: Sequence[MapNode]) -> Collected | None:
    return Collected(len(nodes), len({row for node in nodes for row in node.row_ids})) if nodes else None


def _largest(nodes: Iterable[MapNode]) -> list[MapNode]:
    return sorted(nodes, key=lambda node: (-node.share, node.id))
