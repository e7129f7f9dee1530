"""Populations whose causes are known, and samples of them as the findings see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from rootcause.findings.observe import Observed
from rootcause.models import Basis, Cause, Chain, Complaint, RankedCause, Step
from rootcause.sample import allocate


def observed(has: ArrayLike, stratum: ArrayLike, populations: ArrayLike, *, residue: int = 0) -> Observed:
    """Rows × causes as given; the last `residue` columns are the residue."""
    table = csr_matrix(np.asarray(has, dtype=float))
    place, sizes = np.asarray(stratum, dtype=np.intp), np.asarray(populations, dtype=np.int64)
    analysed = np.bincount(place, minlength=len(sizes))
    rows = tuple(Complaint(row=n, line=n + 1, id=f"r{n}", text="text") for n in range(1, table.shape[0] + 1))
    return Observed(
        rows=rows,
        causes=tuple(_cause(number, number >= table.shape[1] - residue) for number in range(table.shape[1])),
        has=table,
        weight=(sizes / np.maximum(analysed, 1))[place],
        stratum=place,
        populations=sizes,
        sampled=analysed,
        signs=((),) * len(rows),
        severity=(None,) * len(rows),
    )


def population(
    rng: np.random.Generator, strata: list[int], shares: list[NDArray[np.float64]], *, second: float = 0.0
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """(N, K) which rows have which causes, and (N,) their strata.

    shares: for each stratum its own causes' chances, which add up to at most one; second: chance that a row has another one.
    """
    stratum = np.repeat(np.arange(len(strata)), strata)
    has = np.zeros((len(stratum), sum(len(own) for own in shares)), dtype=bool)
    start = 0
    for place, own in enumerate(shares):
        rows = np.flatnonzero(stratum == place)
        for chance in (1.0, second):
            drawn = rng.choice(len(own) + 1, size=len(rows), p=np.append(own, max(0.0, 1 - own.sum())))
            kept = (drawn < len(own)) & (rng.random(len(rows)) < chance)
            has[rows[kept], start + drawn[kept]] = True
        start += len(own)
    return has, stratum


def sampled(rng: np.random.Generator, stratum: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Places of a proportional stratified random sample of n rows."""
    sizes = np.bincount(stratum)
    given = allocate({str(place): int(size) for place, size in enumerate(sizes)}, n)
    parts = [rng.choice(np.flatnonzero(stratum == place), given[str(place)], replace=False) for place in range(len(sizes))]
    return np.concatenate(parts)


def _cause(number: int, residue: bool) -> RankedCause:
    chain = Chain(steps=(Step(cause="It broke.", basis=Basis.INFERRED, evidence=None, countermeasure=None),), cause=f"c{number}")
    cause = Cause(
        id=f"c{number}", name=f"Cause {number}", topic=None, new=False, residue=residue, controllable=True, team=None, chains=()
    )
    return RankedCause(
        rank=number + 1, cause=cause, complaints=0, weighted=0.0, share=0.0, low=0.0, high=0.0, quotes=(), countermeasures=(),
        typical=chain, typical_row="", row_ids=(),
    )  # fmt: skip
