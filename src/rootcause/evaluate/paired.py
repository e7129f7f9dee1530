"""Two ways of answering held against each other on the same cases.

The difference's interval is Newcombe's method 10: Wilson's intervals of both shares, joined with the correlation of the
pairs (Statistics in Medicine 17 (1998) 2635-2650). The test is McNemar's (Psychometrika 12 (1947) 153-157) in its exact
form: under the null hypothesis half of the cases that changed got better. The cases needed to tell such a difference are
Connor's (Biometrics 43 (1987) 207-211): n = (z(α/2)·√ψ + z(β)·√(ψ − δ²))² / δ², ψ the share of cases that change,
δ the difference. Connor's formula is for the asymptotic test; the exact one needs a few cases more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rootcause.estimate import wilson
from rootcause.models import Frozen

POWER = 0.8
SIGNIFICANCE = 0.05


class Paired(Frozen):
    """Cases by who was right. difference: B's accuracy minus A's, with its 95 % interval; p: of the exact McNemar test.

    needed: cases that tell such a difference with 80 % power at 5 %, None where none was seen.
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    difference: float
    low: float
    high: float
    p: float
    needed: int | None

    @property
    def cases(self) -> int:
        return self.both + self.only_a + self.only_b + self.neither


def paired(a: Sequence[bool], b: Sequence[bool]) -> Paired:
    """Of the same cases, in the same order: whether each was right."""
    pairs = list(zip(a, b, strict=True))
    both, only_a, only_b, neither = (pairs.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False)))
    low, high = newcombe(both, only_a, only_b, neither)
    return Paired(
        both=both,
        only_a=only_a,
        only_b=only_b,
        neither=neither,
        difference=(only_b - only_a) / len(pairs),
        low=low,
        high=high,
        p=mcnemar(only_a, only_b),
        needed=needed(only_a, only_b, len(pairs)),
    )


def newcombe(both: int, only_a: int, only_b: int, neither: int) -> tuple[float, float]:
    """The 95 % interval of B's share minus A's."""
    n = both + only_a + only_b + neither
    a, b = (both + only_a) / n, (both + only_b) / n
    (low_a, high_a), (low_b, high_b) = wilson(a, n), wilson(b, n)
    phi = _correlation(both, only_a, only_b, neither)

    def width(one: float, two: float) -> float:
        return math.sqrt(max(0.0, one**2 - 2 * phi * one * two + two**2))

    return b - a - width(b - low_b, high_a - a), b - a + width(high_b - b, a - low_a)


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Of the pairs, with the correction for continuity that makes it method 10; 0 where one side is always right or wrong."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    excess = both * neither - only_a * only_b
    half = (both + only_a + only_b + neither) / 2
    return (max(0.0, excess - half) if excess > 0 else excess) / math.sqrt(margins)


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided p of the exact test; 1 where nothing changed."""
    from scipy.stats import binomtest

    changed = only_a + only_b
    return float(binomtest(only_b, changed, 0.5).pvalue) if changed else 1.0


def needed(only_a: int, only_b: int, n: int) -> int | None:
    """Cases that tell the difference seen, were it the true one, with POWER at SIGNIFICANCE; None for no difference."""
    from scipy.stats import norm

    changed, difference = (only_a + only_b) / n, abs(only_b - only_a) / n
    if difference == 0:
        return None
    alpha, beta = norm.ppf(1 - SIGNIFICANCE / 2), norm.ppf(POWER)
    root = float(alpha * math.sqrt(changed) + beta * math.sqrt(changed - difference**2))
    return math.ceil(root**2 / difference**2)


def least_telling() -> int:
    """Changed cases, all in one direction, below which no exact test can tell a difference, however many cases there are."""
    changed = 1
    while mcnemar(0, changed) > SIGNIFICANCE:
        changed += 1
    return changed
