"""Which few fixes together cover the most weight: weighted maximum coverage within a number of fixes or a budget.

Exact where small, by mixed integer programming over submodular cuts (Nemhauser and Wolsey 1981): for each set S of fixes,
the spared part of a chain is at most f(S) + Σ (f(S + j) - f(S)) x_j over j outside S; cuts are added where the last
solution broke one, until none is. Else greedy: at least 1 - 1/e of the best (63 %) for a number of fixes (Nemhauser,
Wolsey and Fisher 1978); within a budget the better of greedy by gain for money and the best single fix, at least
(1 - 1/e)/2 (32 %) of the best (Khuller, Moss and Naor 1999; for submodular goals Leskovec et al. 2007). The bound stated
beside it follows from the gains still to be had and is usually far nearer (the same papers).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

_MOST_FIXES, _MOST_PATTERNS = 300, 3000  # for the exact answer, which then takes seconds; above, greedy
_MOST_ROUNDS, _MOST_NODES = 60, 20_000  # of cuts, and of branches in each: counted, not timed, so that a run can be repeated
_CLOSE = 1e-9  # of the goal: sums that differ by less are equal

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """Places of the candidates chosen, what they are worth together, and the most that any choice could be worth."""

    places: tuple[int, ...]
    value: float
    bound: float
    exact: bool


class Goal:
    """What a set of fixes is worth: Σ weight · (1 - Π(1 - removes)) over chains, those cut by the same fixes taken together."""

    def __init__(self, fixes: Sequence[tuple[int, ...]], removes: Floats, weight: Floats) -> None:
        weights: dict[tuple[int, ...], list[float]] = defaultdict(list)
        for places, one in zip(fixes, weight.tolist(), strict=True):
            weights[places].append(one)
        weights.pop((), None)
        self.patterns = sorted(weights)
        self.weight: Floats = np.array([math.fsum(weights[pattern]) for pattern in self.patterns])
        self.removes = removes
        lines = [line for line, pattern in enumerate(self.patterns) for _ in pattern]
        columns = [place for pattern in self.patterns for place in pattern]
        self._cuts = csc_matrix((np.ones(len(lines)), (lines, columns)), shape=(len(self.patterns), len(removes)))

    def only(self, places: Collection[int]) -> Goal:
        """The same with these fixes alone."""
        kept = set(places)
        return Goal([tuple(p for p in pattern if p in kept) for pattern in self.patterns], self.removes, self.weight)

    def cut_by(self, place: int) -> NDArray[np.int32]:
        """The places of the patterns that a fix cuts."""
        found: NDArray[np.int32] = self._cuts.indices[self._cuts.indptr[place] : self._cuts.indptr[place + 1]]
        return found

    def left(self, places: Sequence[int]) -> Floats:
        """The part of each pattern that is not spared."""
        kept = np.ones(len(self.patterns))
        for place in places:
            kept[self.cut_by(place)] *= 1 - self.removes[place]
        return kept

    def value(self, places: Sequence[int]) -> float:
        return math.fsum((self.weight * (1 - self.left(places))).tolist())

    def gains(self, places: Sequence[int]) -> Floats:
        """What each fix would add to these; nothing for those among them."""
        found: Floats = self.removes * (self._cuts.T @ (self.weight * self.left(places)))
        found[list(places)] = 0.0
        return found


def choose(goal: Goal, costs: Floats, limit: float) -> Choice:
    """The fixes of greatest worth whose costs together stay within the limit. Equal costs of 1: a number of fixes."""
    worthwhile = _worthwhile(goal, costs, limit)
    small = goal.only(worthwhile)
    greedy = _greedy(small, costs, limit, worthwhile)
    if greedy.exact or len(worthwhile) > _MOST_FIXES or len(small.patterns) > _MOST_PATTERNS:
        return greedy
    exact = _exact(small, costs, limit, worthwhile)
    if greedy.value >= exact.value * (1 - _CLOSE):
        return Choice(greedy.places, greedy.value, min(greedy.bound, max(exact.bound, greedy.value)), exact.exact)
    return Choice(exact.places, exact.value, min(greedy.bound, exact.bound), exact.exact)


def _worthwhile(goal: Goal, costs: Floats, limit: float) -> list[int]:
    """The fixes that fit the limit, without those outdone by one that surely cuts all their chains and costs no more."""
    gains = goal.gains(())
    cut = {place: set(goal.cut_by(place).tolist()) for place in np.flatnonzero((costs <= limit) & (gains > 0)).tolist()}
    kept: set[int] = set()
    for place in sorted(cut, key=lambda place: (-len(cut[place]), costs[place], place)):
        rarest = min((goal.patterns[line] for line in cut[place]), key=len)
        sure = (other for other in rarest if other in kept and goal.removes[other] == 1 and costs[other] <= costs[place])
        if not any(cut[place] <= cut[other] for other in sure):
            kept.add(place)
    return sorted(kept)


def _greedy(goal: Goal, costs: Floats, limit: float, allowed: Sequence[int]) -> Choice:
    """Greedy by gain for cost, or the best single fix where that is worth more."""
    places: list[int] = []
    open_to = np.zeros(len(costs), dtype=bool)
    open_to[list(allowed)] = True
    bound = math.inf
    left = limit
    while True:
        gains = np.where(open_to, goal.gains(places), 0.0)
        bound = min(bound, goal.value(places) + _most(gains, costs, limit))
        fits = open_to & (costs <= left + _CLOSE * limit) & (gains > 0)
        if not fits.any():
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(fits, np.where(costs > 0, gains / costs, math.inf), -1.0)
        best = int(np.argmax(rate))
        places.append(best)
        open_to[best] = False
        left -= costs[best]
    single = max(allowed, key=lambda place: (goal.value([place]), -place), default=None)
    if single is not None and goal.value([single]) > goal.value(places):
        places = [single]
    value = goal.value(places)
    return Choice(tuple(places), value, max(bound, value), exact=bound <= value * (1 + _CLOSE))


def _most(gains: Floats, costs: Floats, limit: float) -> float:
    """The most that gains could add up to within the limit, if fixes could be bought in part."""
    free = costs == 0
    order = [
        place for place in np.argsort(-gains / np.where(free, 1, costs), kind="stable") if not free[place] and gains[place] > 0
    ]
    total, left = float(gains[free].sum()), limit
    for place in order:
        part = min(1.0, left / costs[place])
        total += part * float(gains[place])
        left -= part * costs[place]
        if left <= 0:
            break
    return total


def _exact(goal: Goal, costs: Floats, limit: float, allowed: Sequence[int]) -> Choice:
    """By rounds of submodular cuts until the solution breaks none. exact is False where the rounds or branches ran out."""
    program = _Program(goal, costs, limit, allowed)
    best: tuple[int, ...] = ()
    bound = math.inf
    for _ in range(_MOST_ROUNDS):
        places, most, finished = program.solve()
        bound = min(bound, most)
        best = max(best, places, key=goal.value)
        if goal.value(best) >= bound * (1 - _CLOSE):
            return Choice(best, goal.value(best), goal.value(best), exact=True)
        if not finished or not program.cut(places):
            break
    return Choice(best, goal.value(best), bound, exact=False)


class _Program:
    """max Σ weight·y over the fixes x (0 or 1) and the spared parts y of the patterns, under the cuts so far."""

    def __init__(self, goal: Goal, costs: Floats, limit: float, allowed: Sequence[int]) -> None:
        self._goal = goal
        self._allowed = list(allowed)
        self._column = {place: column for column, place in enumerate(self._allowed)}
        self._patterns = [[place for place in pattern if place in self._column] for pattern in goal.patterns]
        self._rows: list[dict[int, float]] = [{self._column[place]: float(costs[place]) for place in self._allowed}]
        self._most = [float(limit)]
        self._known: set[tuple[int, tuple[int, ...]]] = set()
        self.cut(())

    def cut(self, places: Sequence[int]) -> bool:
        """Adds for each pattern the cut at these fixes; False where all were known."""
        before = len(self._rows)
        for line, pattern in enumerate(self._patterns):
            inside = tuple(place for place in pattern if place in set(places))
            if (line, inside) in self._known:
                continue
            self._known.add((line, inside))
            left = math.prod(1 - self._goal.removes[place] for place in inside)
            row = {self._column[place]: -left * self._goal.removes[place] for place in pattern if place not in inside}
            self._rows.append(row | {len(self._allowed) + line: 1.0})
            self._most.append(1 - left)
        return len(self._rows) > before

    def solve(self) -> tuple[tuple[int, ...], float, bool]:
        """(fixes, upper bound of any choice, whether the solution is optimal under the cuts)."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        fixes, patterns = len(self._allowed), len(self._patterns)
        lines = [line for line, row in enumerate(self._rows) for _ in row]
        columns = [column for row in self._rows for column in row]
        values = [value for row in self._rows for value in row.values()]
        matrix = csr_matrix((values, (lines, columns)), shape=(len(self._rows), fixes + patterns))
        highest = [1 - math.prod(1 - self._goal.removes[place] for place in pattern) for pattern in self._patterns]
        found = milp(
            c=-np.concatenate([np.zeros(fixes), self._goal.weight]),
            integrality=np.concatenate([np.ones(fixes), np.zeros(patterns)]),
            bounds=Bounds(0, np.concatenate([np.ones(fixes), highest])),
            constraints=LinearConstraint(matrix, -np.inf, self._most),
            options={"node_limit": _MOST_NODES, "mip_rel_gap": 0.0},
        )
        chosen = () if found.x is None else tuple(self._allowed[place] for place in np.flatnonzero(found.x[:fixes] > 0.5))
        bound = math.inf if found.mip_dual_bound is None else -float(found.mip_dual_bound)
        return chosen, bound, bool(found.success)
