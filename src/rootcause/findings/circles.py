"""A directed graph without circles: which edges to leave out, and how deep each node then lies.

Finding the fewest edges whose removal opens all circles is NP-hard (Karp 1972). Here edges are taken in, heaviest first,
unless one would close a circle; so every edge left out closes a circle of edges that weigh at least as much as it does.
The order that makes each look-up cheap is kept as edges come in (Pearce and Kelly 2007, "A dynamic topological sort
algorithm for directed acyclic graphs").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import TopologicalSorter

Edge = tuple[str, str]


def opened(weights: Mapping[Edge, int]) -> tuple[frozenset[Edge], frozenset[Edge]]:
    """(edges kept, edges left out) of a graph given by its edges and their weights. An edge from a node to itself is left out."""
    kept, order = set(), _Order()
    inner = _within_circles(weights)
    for edge in sorted(weights, key=lambda edge: (-weights[edge], edge)):
        if edge not in inner or order.takes(*edge):
            kept.add(edge)
    return frozenset(kept), frozenset(weights.keys() - kept)


def depths(nodes: Collection[str], edges: Collection[Edge]) -> dict[str, int]:
    """Edges on the longest way from a node without incoming edges. Raises graphlib.CycleError where there is a circle."""
    into: dict[str, set[str]] = {node: set() for node in nodes}
    for start, end in edges:
        into[end].add(start)
    depth: dict[str, int] = {}
    for node in TopologicalSorter(into).static_order():
        depth[node] = max((depth[before] + 1 for before in into[node]), default=0)
    return depth


def _within_circles(edges: Collection[Edge]) -> set[Edge]:
    """The edges whose two ends lie on a common circle: ends in the same strongly connected component."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    place = {node: number for number, node in enumerate(sorted({node for edge in edges for node in edge}))}
    starts, ends = [place[start] for start, _ in edges], [place[end] for _, end in edges]
    graph = coo_matrix(([1] * len(edges), (starts, ends)), shape=(len(place), len(place)))
    label = connected_components(graph, directed=True, connection="strong")[1]
    return {edge for edge, start, end in zip(edges, starts, ends, strict=True) if label[start] == label[end]}


class _Order:
    """A topological order of the edges taken so far."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._after: dict[str, set[str]] = {}
        self._before: dict[str, set[str]] = {}

    def takes(self, start: str, end: str) -> bool:
        """Takes the edge in, unless it would close a circle."""
        for node in (start, end):
            self._place.setdefault(node, len(self._place))
        low, high = self._place[end], self._place[start]
        if low <= high:
            later = self._reached(end, self._after, low, high)
            if start in later:
                return False
            self._reorder(self._reached(start, self._before, low, high), later)
        self._after.setdefault(start, set()).add(end)
        self._before.setdefault(end, set()).add(start)
        return True

    def _reached(self, node: str, neighbours: Mapping[str, set[str]], low: int, high: int) -> set[str]:
        """What can be reached from the node without leaving the places from low to high."""
        found, waiting = {node}, [node]
        while waiting:
            for other in neighbours.get(waiting.pop(), ()):
                if other not in found and low <= self._place[other] <= high:
                    found.add(other)
                    waiting.append(other)
        return found

    def _reorder(self, first: set[str], then: set[str]) -> None:
        """Puts the first nodes before the others, on the places that they hold together."""
        nodes = sorted(first, key=self._place.__getitem__) + sorted(then, key=self._place.__getitem__)
        for node, place in zip(nodes, sorted(self._place[node] for node in nodes), strict=True):
            self._place[node] = place
