"""How firm each rank is: the probability to be the largest, the rank set, and how many rows would settle a tie.

Rank sets: simultaneous intervals of all differences of two shares, as in Mogstad, Romano, Shaikh and Wilhelm, Inference for
Ranks (Review of Economic Studies, 2024); simultaneous by the studentised range (Tukey–Kramer; Hayter 1984), with the variances
of a stratified sample from a finite population. Strata too small to have a variance of their own are taken together
(collapsed strata: Cochran, Sampling Techniques, 5A.12). Probabilities: the Bayesian bootstrap (Rubin 1981) within strata, its
weights drawn to their means by √(1−f), as Rao and Wu (1988) rescale the bootstrap for a sample without replacement.
After an audit the shares vary with the rows drawn and with the rows audited among them (double sampling: Cochran, 12.6).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, vstack

from rootcause.findings.observe import Observed
from rootcause.findings.values import Standing

Floats = NDArray[np.float64]

DRAWS = 2000
_LEVEL = 0.95
_POWER = 0.8416212335729143  # normal quantile of 80 %
_FEW = 5  # rows of a stratum that has no variance of its own
_OUT_OF_REACH = 7.0  # standard errors behind the third cause: never among the first three
_BLOCK = 256  # causes compared with all others at once
_CELLS = 2_000_000  # numbers drawn at once: 16 MB
_NOTHING = 1e-12


@dataclass(frozen=True)
class Chances:
    """What shares of K causes that an audit corrected vary with, in two phases.

    values: (n, K), pseudo-values of the analysed rows, whose weighted means are the shares. errors: (p, K), of the audited
    rows, each raised to the rows that it speaks for; their deviations from the mean of their group, (p,), squared and
    times `chance`, (p,), are the variance that the rows nobody audited add, in rows of the file.
    """

    values: csr_matrix
    errors: csr_matrix
    group: NDArray[np.intp]
    chance: Floats


def standings(observed: Observed, *, seed: int, corrected: Chances | None = None) -> tuple[Standing, ...]:
    """The standing of every ranked cause, in their order, the residue left out. corrected: what an audit puts in the place of
    the 0/1 table, columns as the ranked causes."""
    causes = [cause.cause.id for cause in observed.causes if not cause.cause.residue]
    if not causes:
        return ()
    analysed = _Rows.of(observed)
    table = seen = csr_matrix(corrected.values if corrected else observed.has[:, : len(causes)])
    rows = analysed
    if corrected:
        table, rows = csr_matrix(vstack([seen, corrected.errors])), analysed.and_audited(corrected)
    share = np.asarray(table.T @ rows.weight / rows.weight.sum()).ravel()
    critical = _critical(len(causes))
    above, below = _compared(table, rows, share, critical)
    first, top3 = _chances(table, rows, share, np.random.default_rng(seed))
    enough = _rows_to_separate(seen, analysed, share, critical)
    found = []
    for place, cause in enumerate(causes):
        apart = above[place] | below[place]
        apart[place] = True
        settled = place + 1 == len(causes) or bool(apart[place + 1])
        found.append(
            Standing(
                cause=cause,
                first=float(first[place]),
                top3=float(top3[place]),
                best=1 + int(above[place].sum()),
                worst=len(causes) - int(below[place].sum()),
                tied=tuple(causes[other] for other in np.flatnonzero(~apart)),
                rows_to_separate=None if settled else enough[place],
            )
        )
    return tuple(found)


def _critical(causes: int) -> float:
    """Standard errors by which some pair of so many equal causes differs in 5 % of samples."""
    from scipy.stats import studentized_range  # takes most of a second to import

    return float(studentized_range.ppf(_LEVEL, causes, math.inf)) / math.sqrt(2) if causes > 1 else 0.0


@dataclass(frozen=True)
class _Rows:
    """weight: (n,), rows of the file each stands for. group: (n,), strata, the small ones taken together. population: rows.

    chance: (n,), weight of each row's squared deviation in a variance: w² less w by the finite population correction.
    """

    weight: Floats
    chance: Floats
    group: NDArray[np.intp]
    population: int

    @classmethod
    def of(cls, observed: Observed) -> _Rows:
        weight = observed.weight
        analysed = np.bincount(observed.stratum, minlength=len(observed.populations))
        group = np.where(analysed < _FEW, len(analysed), np.arange(len(analysed)))
        together = analysed[group == len(analysed)].sum()
        if 0 < together < _FEW < analysed.sum():
            group[int(np.argmin(np.where(analysed < _FEW, np.inf, analysed)))] = len(analysed)
        population = int(observed.populations[analysed > 0].sum())
        return cls(weight, weight * (weight - 1), group[observed.stratum], population)

    def and_audited(self, corrected: Chances) -> _Rows:
        """With the second phase as rows of groups of their own, which add nothing to a share and their part to its variance."""
        return _Rows(
            weight=np.concatenate([self.weight, np.zeros(len(corrected.chance))]),
            chance=np.concatenate([self.chance, corrected.chance]),
            group=np.concatenate([self.group, self.group.max() + 1 + corrected.group]),
            population=self.population,
        )

    def moments(self, table: csr_matrix) -> tuple[Floats, Floats, Floats]:
        """Weights of squares, (n,), means, (G, K), and weights of squared means, (G,), that give the variances of shares."""
        weight = self.chance
        groups, place = np.unique(self.group, return_inverse=True)
        belongs = csr_matrix((weight, (place, np.arange(len(place)))), shape=(len(groups), len(place)))
        rows = np.bincount(place, weights=weight > 0)
        total = np.asarray(belongs.sum(axis=1)).ravel()
        scale = np.where(rows > 1, rows / np.maximum(rows - 1, 1), 1.0) / self.population**2
        means = (belongs @ table).toarray() / np.where(total > 0, total, 1)[:, None]
        return weight * scale[place], means, np.where(rows > 1, total * scale, 0.0)


def _compared(table: csr_matrix, rows: _Rows, share: Floats, critical: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each cause which others lie above it and which below it, both (K, K), beyond doubt."""
    squares, means, of_means = rows.moments(table)
    columns = csc_matrix(table)
    weighted = csr_matrix(table.multiply(squares[:, None]))
    variance = np.asarray(weighted.multiply(table).sum(axis=0)).ravel() - of_means @ means**2
    above = np.zeros((len(share), len(share)), dtype=bool)
    below = above.copy()
    for start in range(0, len(share), _BLOCK):
        part = slice(start, start + _BLOCK)
        both = (columns[:, part].T @ weighted).toarray() - (means[:, part].T * of_means) @ means
        spread = np.sqrt(np.maximum(variance[part, None] + variance - 2 * both, 0))
        ahead = share - share[part, None]
        above[part] = ahead > critical * spread + _NOTHING
        below[part] = -ahead > critical * spread + _NOTHING
    return above, below


def holding(observed: Observed, *, seed: int) -> float:
    """The probability that the three largest causes are the largest, second and third; the residue may overtake them."""
    rows = _Rows.of(observed)
    table = csr_matrix(observed.has)
    share = np.asarray(table.T @ rows.weight / rows.weight.sum()).ravel()
    order = np.argsort(-share, kind="stable")
    held = 0
    for _, totals in _drawn(csr_matrix(table[:, order]), rows, share[order], np.random.default_rng(seed)):
        heads = totals[: min(3, len(totals))]
        rest = totals[len(heads) :].max(axis=0, initial=0.0)
        held += int((np.vstack([heads[:-1] > heads[1:], heads[-1:] > rest])).all(axis=0).sum())
    return held / DRAWS


def _chances(table: csr_matrix, rows: _Rows, share: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Probabilities to be the largest and among the three largest, each (K,); of equal causes each has an equal chance."""
    first, top3 = np.zeros(len(share)), np.zeros(len(share))
    for near, totals in _drawn(table, rows, share, rng):
        first[near] += _chance_of_place(totals, 1).sum(axis=1)
        top3[near] += _chance_of_place(totals, 3).sum(axis=1)
    return first / DRAWS, top3 / DRAWS


def _drawn(table: csr_matrix, rows: _Rows, share: Floats, rng: np.random.Generator) -> Iterator[tuple[NDArray[np.intp], Floats]]:
    """The causes that could be among the three largest, and draws of their totals in the file, (causes, draws), in blocks."""
    near = _within_reach(table, rows, share)
    chosen = csr_matrix(table[:, near])
    kinds, kind_of = _kinds(chosen, rows)
    count = np.bincount(kind_of)
    patterns, weight, group = csr_matrix(chosen[kinds]), rows.weight[kinds], rows.group[kinds]
    seen = patterns.T @ (weight * count)
    spread = np.sqrt(rows.chance[kinds])
    size = max(1, min(DRAWS, _CELLS // len(kinds)))
    for start in range(0, DRAWS, size):
        drawn = spread[:, None] * rng.standard_gamma(count[:, None], size=(len(kinds), min(size, DRAWS - start)))
        for one in np.unique(group[spread > 0]):
            within = group == one
            drawn[within] *= (spread * count)[within].sum() / drawn[within].sum(axis=0)
        yield near, np.round(seen[:, None] + patterns.T @ (drawn - (spread * count)[:, None]), 9)


def _within_reach(table: csr_matrix, rows: _Rows, share: Floats) -> NDArray[np.intp]:
    """The places of causes that could be among the three largest."""
    third = int(np.argsort(-share, kind="stable")[min(2, len(share) - 1)])
    squares, means, of_means = rows.moments(table)
    column = table[:, [third]].toarray().ravel()
    own = np.asarray(table.multiply(table).multiply(squares[:, None]).sum(axis=0)).ravel() - of_means @ means**2
    both = np.asarray(table.T @ (squares * column)).ravel() - (of_means * means[:, third]) @ means
    spread = np.sqrt(np.maximum(own + own[third] - 2 * both, 0))
    return np.flatnonzero(share[third] - share <= _OUT_OF_REACH * spread + _NOTHING)


def _kinds(table: csr_matrix, rows: _Rows) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A row of each kind, and the kind of each row: of one kind are rows of equal group, weight and causes."""
    table.sort_indices()
    mark = table @ np.random.default_rng(0).random(table.shape[1])  # equal rows have equal marks, others almost surely not
    alike = np.stack([rows.group, rows.weight, rows.chance, mark])
    _, kinds, kind_of = np.unique(alike, axis=1, return_index=True, return_inverse=True)
    return kinds, kind_of.ravel()


def _chance_of_place(totals: Floats, places: int) -> Floats:
    """(K, draws): 1 where a total is among the largest, a fraction where equal ones compete for the last places."""
    if len(totals) <= places:
        return np.ones_like(totals)
    last = np.partition(totals, -places, axis=0)[-places]
    over, equal = totals > last, totals == last
    return np.asarray(over + equal * (places - over.sum(axis=0)) / equal.sum(axis=0))


def _rows_to_separate(table: csr_matrix, rows: _Rows, share: Floats, critical: float) -> list[int | None]:
    """For each cause the sampled rows that tell it from the next one with 80 % power, None where equal shares never part.

    Told apart as the rank sets tell: at 5 % over all pairs together. The file is sampled in proportion to its strata.
    """
    columns = csc_matrix(table)
    difference = csr_matrix(columns[:, :-1] - columns[:, 1:])
    groups, place = np.unique(rows.group, return_inverse=True)
    belongs = csr_matrix((rows.weight, (place, np.arange(len(place)))), shape=(len(groups), len(place)))
    total = np.asarray(belongs.sum(axis=1)).ravel()
    size = np.bincount(place)
    means = (belongs @ difference).toarray() / total[:, None]
    squares = (belongs @ difference.multiply(difference)).toarray() / total[:, None]
    unbiased = np.where(size > 1, size / np.maximum(size - 1, 1), 1.0)
    variance = (total * unbiased / total.sum()) @ (squares - means**2 * (size > 1)[:, None])
    wanted: list[int | None] = []
    for gap, spread in zip(share[:-1] - share[1:], variance, strict=True):
        if abs(gap) <= _NOTHING:
            wanted.append(None)
            continue
        needed = spread / ((gap / (critical + _POWER)) ** 2 + spread / rows.population)
        wanted.append(min(rows.population, max(math.ceil(needed), len(rows.weight) + 1)))
    return [*wanted, None]
