"""Have all causes been seen? How much of the mass of causes is known, how many causes are not, how fast new ones came.

A cause that n rows show once tells of those not seen at all (Good 1953). Rows are drawn without replacement and may have
several causes, so causes are counted by the rows they occur in. The curve: rarefaction by rows (Colwell et al., Journal of
Plant Ecology 5, 2012). Causes not seen: Chao's lower bound (1984) for sampling without replacement (Chao and Lin, Biometrics 68,
2012), with his log-normal interval (Chao 1987). docs/statistics.md derives the coverage's variance, after Esty (1983).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from rootcause.estimate import wilson
from rootcause.findings.observe import Observed
from rootcause.findings.values import Estimate, Saturation
from rootcause.sample import Z95

Floats = NDArray[np.float64]

_POINTS = 30


def saturation(observed: Observed) -> Saturation | None:
    """None where no row shows a cause. The residue counts: causes that merged with nothing are seen once."""
    rows_with = np.diff(observed.has.tocsc().indptr)
    rows_with = rows_with[rows_with > 0]
    if not len(rows_with):
        return None
    n = len(observed.rows)
    sizes = np.unique(np.linspace(1, n, min(n, _POINTS)).round().astype(int))
    return Saturation(
        rows=tuple(sizes.tolist()),
        seen=tuple(_rarefied(rows_with, n, sizes).tolist()),
        causes=len(rows_with),
        coverage=_coverage(observed),
        unseen=_unseen(rows_with, n, int(observed.populations.sum())),
    )


def _rarefied(rows_with: NDArray[np.int64], n: int, sizes: NDArray[np.int64]) -> Floats:
    """Expected causes in each number of the n rows: Σ 1 − C(n−y, m) / C(n, m) over causes seen in y rows."""
    seen_in, causes = np.unique(rows_with, return_counts=True)
    left = n - seen_in - sizes[:, None]
    with np.errstate(invalid="ignore"):
        log_missed = gammaln(n - seen_in + 1) - gammaln(left + 1) - gammaln(n + 1) + gammaln(n - sizes[:, None] + 1)
    missed = np.where(left >= 0, np.exp(np.where(left >= 0, log_missed, 0)), 0)
    return np.asarray((1 - missed) @ causes)


def _coverage(observed: Observed) -> Estimate:
    """The share of all mentions of causes in the file that belongs to causes seen, by Turing's estimate.

    A row stands for w − 1 rows not drawn. Σ (w−1) over causes seen once estimates without bias the mentions of causes not
    seen; its error has the variance Σ w(w−1) over causes seen once + 2·Σ (w−1)² over causes seen twice.
    """
    table = observed.has.tocsc()
    weight = observed.weight
    rows_with = np.diff(table.indptr)
    mentions = float((table.T @ weight).sum())
    once = weight[table.indices[table.indptr[:-1][rows_with == 1]]]
    starts = table.indptr[:-1][rows_with == 2]
    twice = (weight[table.indices[starts]] - 1) * (weight[table.indices[starts + 1]] - 1)
    unseen = float((once - 1).sum()) / mentions
    if not len(once):  # as if one more cause had been seen, once
        once = np.array([weight.mean()])
    doubted = max(float((once - 1).sum()) / mentions, unseen)
    variance = (float((once * (once - 1)).sum()) * (1 - doubted) + 2 * float(twice.sum())) / mentions**2
    if variance <= 0:
        return Estimate(value=1 - unseen, low=1 - unseen, high=1 - unseen)
    _, most = wilson(unseen, doubted * (1 - doubted) / variance)
    least = max(0.0, unseen - Z95 * math.sqrt(variance))  # Wilson's lower end is never 0, and often nothing is unseen
    return Estimate(value=1 - unseen, low=1 - most, high=1 - least)


def _unseen(rows_with: NDArray[np.int64], n: int, population: int) -> Estimate:
    """Causes of the file that no row shows: at least so many."""
    seen = len(rows_with)
    once, twice = int((rows_with == 1).sum()), int((rows_with == 2).sum())
    if n >= population:
        return Estimate(value=0.0, low=0.0, high=0.0)
    drawn = n / population
    a, b = 2 * n / max(n - 1, 1), drawn / (1 - drawn)
    below = a * (twice + 1) + b * max(once - 1, 0)
    value = once * (once - 1) / below
    if value <= 0:
        # No two causes seen once: the interval of Chao's where his bound is 0, by the causes' own chance to be missed
        missed = float(np.exp(-rows_with.astype(float)).sum()) / seen * (1 - drawn)
        return Estimate(value=0.0, low=0.0, high=math.ceil((seen * missed + Z95 * math.sqrt(seen * missed)) / (1 - missed)))
    by_once = (2 * once - 1) / below - once * (once - 1) * b / below**2
    by_twice = -once * (once - 1) * a / below**2
    slope = seen + by_once * once + by_twice * twice
    variance = seen - once - twice + (1 + by_once) ** 2 * once + (1 + by_twice) ** 2 * twice - slope**2 / (seen + value)
    factor = math.exp(Z95 * math.sqrt(math.log(1 + variance / value**2)))
    return Estimate(value=value, low=math.floor(value / factor), high=math.ceil(value * factor))
