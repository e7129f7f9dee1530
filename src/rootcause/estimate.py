"""Shares of a finite population with their 95 % intervals, from a sample drawn at random within strata.

The share is the stratified estimate Σ W_h·x_h/m_h (Cochran, Sampling Techniques, 3rd ed., ch. 5), W_h the stratum's part of
the population, x_h of m_h analysed rows with the property: rows that failed count as missing at random within their stratum.
Its interval holds all shares P that the score test does not reject: (p − P)² ≤ z²·Σ W_h²·P_h(1−P_h)/m_h·(N_h−m_h)/(N_h−1),
Wilson's interval (1927) with the finite population correction where there is one stratum. For each P, the strata's shares
P_h are their best guesses moved by one and the same log odds ratio; the guess in a stratum is beta-binomial, drawn to the
pooled share as far as the strata's own differ no more than by chance (moment estimate of the overdispersion, Kleinman 1973).
docs/statistics.md says why, and how often the intervals cover.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from rootcause.sample import Z95

Floats = NDArray[np.float64]

_FARTHEST = 40.0  # log odds from which a share is 0 or 1 to the last digit
_HALVINGS = 55
_LEAST_PRIOR = 1.0  # rows; without it a stratum of one row, all or none, would have no variance


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share seen in n independent observations."""
    if n <= 0:
        return 0.0, 1.0
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def effective_n(weights: Sequence[float], population: int) -> float:
    """Observations of equal weight, drawn with replacement, that would tell as much; infinite for a census.

    (Σw)² / Σw² (Kish 1965), divided by one minus the analysed fraction.
    """
    if not any(weights):
        return 0.0
    kish = math.fsum(weights) ** 2 / math.fsum(weight**2 for weight in weights)
    left = 1 - len(weights) / population
    return kish / left if left > 1e-12 else math.inf


def row_weights(stratum: NDArray[np.intp], populations: ArrayLike) -> Floats:
    """Rows of the population that each analysed row stands for, N_h/m_h, shape (n,).

    stratum: (n,), each row's place in `populations`, the strata's sizes. The weights add up to the population of the strata
    that have an analysed row: nothing can be said of the others.
    """
    sizes = np.asarray(populations, dtype=np.float64)
    analysed = np.bincount(stratum, minlength=len(sizes))
    return np.asarray((sizes / np.maximum(analysed, 1))[stratum])


def shares(
    hits: ArrayLike, analysed: ArrayLike, populations: ArrayLike, possible: ArrayLike | None = None
) -> tuple[Floats, Floats, Floats]:
    """Shares of the population with the lower and upper ends of their intervals, each of shape (K,).

    hits: (K, H), analysed rows of each of H strata that have each of K properties. analysed, populations: (H,), analysed
    rows and all rows of each stratum. possible: (K, H), False where a property cannot occur in a stratum by its nature, such
    as a cause of another topic; everywhere by default. Strata without an analysed row are left out: the shares speak of the
    others. Without any analysed row the share is 0 and its interval all that a share can be.
    """
    m, sizes = np.asarray(analysed, dtype=np.float64), np.asarray(populations, dtype=np.float64)
    reached = m > 0
    m, sizes = m[reached], sizes[reached]
    x = np.asarray(hits, dtype=np.float64)[:, reached]
    if not len(m):
        return np.zeros(len(x)), np.zeros(len(x)), np.ones(len(x))
    can = np.ones(x.shape, dtype=bool) if possible is None else np.asarray(possible, dtype=bool)[:, reached] | (x > 0)
    cases, back = np.unique(np.hstack([x, can]), axis=0, return_inverse=True)
    found = _intervals(cases[:, : len(m)], m, sizes, cases[:, len(m) :].astype(bool))
    value, low, high = (ends[back.ravel()] for ends in found)
    return value, low, high


def _intervals(x: Floats, m: Floats, sizes: Floats, can: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    part = sizes / sizes.sum()
    variance = part**2 / m * (sizes - m) / np.maximum(sizes - 1, 1)  # of the share, times P_h(1−P_h)
    value = (x * (sizes / m)).sum(axis=1) / sizes.sum()
    open_ = can & (variance > 0)
    odds = logit(np.clip(_guess(x, m, can), 1e-15, 1 - 1e-15))

    def shifted(by: Floats) -> Floats:
        return np.asarray(np.where(open_, expit(odds + by[:, None]), x / m))

    def end(sign: int) -> Floats:
        """The share farthest from the value that is not rejected, by bisection over the shift of the log odds."""
        inside, outside = np.full(len(x), -sign * _FARTHEST), np.full(len(x), sign * _FARTHEST)
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            rates = shifted(middle)
            away = sign * (rates @ part - value)
            kept = away < Z95 * np.sqrt((rates * (1 - rates)) @ variance)
            inside, outside = np.where(kept, middle, inside), np.where(kept, outside, middle)
        return np.asarray(shifted(inside) @ part)

    known = ~open_.any(axis=1)
    low = np.maximum(end(-1), x.sum(axis=1) / sizes.sum())  # what was seen is there, and what was seen without it is not
    high = np.minimum(end(1), 1 - (m - x).sum(axis=1) / sizes.sum())
    return value, np.where(known, value, np.minimum(low, value)), np.where(known, value, np.maximum(high, value))


def _guess(x: Floats, m: Floats, can: NDArray[np.bool_]) -> Floats:
    """Best guesses of the strata's own shares, (K, H): beta-binomial means around the share of all rows."""
    strata = can.sum(axis=1)
    rows = (can * m).sum(axis=1)
    pooled = x.sum(axis=1) / np.maximum(rows, 1)
    spread = pooled * (1 - pooled)
    with np.errstate(divide="ignore", invalid="ignore"):
        chi2 = (can * (x - m * pooled[:, None]) ** 2 / m).sum(axis=1) / spread
        overdispersion = (chi2 - (strata - 1)) / (rows - strata)
        prior = np.where(overdispersion > 0, 1 / overdispersion - 1, np.inf)
    prior = np.clip(np.where(np.isnan(prior), np.inf, prior), _LEAST_PRIOR, 1e9)[:, None]
    return np.asarray((x + prior * pooled[:, None]) / (m + prior))
