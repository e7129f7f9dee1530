"""The run as a table: one line an analysed row, one column a cause. What every figure of the findings is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rootcause.estimate import row_weights
from rootcause.models import Complaint, RankedCause, RunReport, Severity, Sign


@dataclass(frozen=True)
class Observed:
    """The analysed rows (answers, "nothing to explain" included), n of them, in the ledger's order.

    causes: the ranked causes, then the residue, K of them. has: (n, K), 1 where the row has the cause. weight: (n,), rows
    of the frame each stands for. stratum: (n,), place in `populations`. populations, sampled: rows of each stratum in
    the frame and in the sample. signs, severity: of each row's answer.
    """

    rows: tuple[Complaint, ...]
    causes: tuple[RankedCause, ...]
    has: csr_matrix
    weight: NDArray[np.float64]
    stratum: NDArray[np.intp]
    populations: NDArray[np.int64]
    sampled: NDArray[np.int64]
    signs: tuple[tuple[Sign, ...], ...]
    severity: tuple[Severity | None, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(cause.cause.id for cause in self.causes)


def observe(report: RunReport) -> Observed:
    sample, ranking = report.sample, report.ranking
    answered = [(row, one) for one in report.outcomes if one.answer is not None for row in one.rows]
    answered.sort(key=lambda pair: pair[0].row)
    place = {row.id: number for number, (row, _) in enumerate(answered)}
    causes = (*ranking.causes, *ranking.residue)
    pairs = [(place[row], column) for column, cause in enumerate(causes) for row in cause.row_ids]
    lines, columns = zip(*pairs, strict=True) if pairs else ((), ())
    strata = {stratum.topic: number for number, stratum in enumerate(sample.strata)}
    stratum = np.array([strata[one.topic] for _, one in answered], dtype=np.intp)
    populations = np.array([one.population for one in sample.strata], dtype=np.int64)
    return Observed(
        rows=tuple(row for row, _ in answered),
        causes=causes,
        has=csr_matrix((np.ones(len(pairs)), (lines, columns)), shape=(len(answered), len(causes))),
        weight=row_weights(stratum, populations),
        stratum=stratum,
        populations=populations,
        sampled=np.array([one.sampled for one in sample.strata], dtype=np.int64),
        signs=tuple(one.answer.signs if one.answer else () for _, one in answered),
        severity=tuple(one.answer.severity if one.answer else None for _, one in answered),
    )
