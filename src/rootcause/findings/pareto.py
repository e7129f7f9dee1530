"""The causes in three orders: by the number of complaints, by what they cost, by how grave they are.

In each order a complaint counts once: a cause adds what its complaints are worth that no cause before it has. The vital
few are the fewest causes of that order that reach four fifths of what any cause explains (Juran's 80/20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from rootcause.findings.observe import Observed
from rootcause.findings.values import Economy, ParetoBy, ParetoRow, ParetoView
from rootcause.findings.worth import RowCosts
from rootcause.models import Ranking, Severity

GRAVITY = {Severity.LOW: 1, Severity.MEDIUM: 3, Severity.HIGH: 9}
"""Points of a complaint by its gravest sign: a convention (the 1-3-9 scale of quality function deployment), 0 without a sign."""
VITAL = 0.8
COMPLAINTS, POINTS = "complaints", "points"

Vector = NDArray[np.float64]


def paretos(
    observed: Observed, ranking: Ranking, economy: Economy | None = None, costs: RowCosts | None = None
) -> tuple[ParetoView, ...]:
    """One view for each measure that is there: cost needs prices, severity needs a sign.

    Values are complaints of the file, money a month, and points of the file, each in full for every cause of a complaint.
    The whole is all complaints by number, so that shares are the ranking's; the cost of all complaints with a cause;
    the points of all complaints.
    """
    return tuple(_views(observed, ranking, economy, costs))


def _views(observed: Observed, ranking: Ranking, economy: Economy | None, costs: RowCosts | None) -> Iterator[ParetoView]:
    ids = [cause.cause.id for cause in ranking.causes]
    each = observed.weight
    if len(each):
        counts = {cause.cause.id: cause.share * ranking.population for cause in ranking.causes}
        yield _view(ParetoBy.NUMBER, COMPLAINTS, observed, each, ranking.population / each.sum(), counts, ranking.population)
    if economy is not None and costs is not None and economy.total.value > 0:
        money = {worth.cause: worth.cost.value for worth in economy.worth if worth.cause in ids}
        spent = each * costs.total
        scale = economy.total.value / spent[_any(observed)].sum()
        yield _view(ParetoBy.COST, economy.currency, observed, spent, scale, money, economy.total.value)
    points = each * np.array([GRAVITY[severity] if severity else 0 for severity in observed.severity], dtype=np.float64)
    if points.any():
        sums = dict(zip(observed.ids, observed.has.T @ points, strict=True))
        grave = {cause: float(sums.get(cause, 0.0)) for cause in ids}
        yield _view(ParetoBy.SEVERITY, POINTS, observed, points, 1.0, grave, points.sum())


def _view(
    by: ParetoBy, unit: str, observed: Observed, rows: Vector, scale: float, values: Mapping[str, float], whole: float
) -> ParetoView:
    """rows: what each analysed row is worth, (n,), in the values' unit after `scale`. A corrected value corrects its own rows.

    A cause that only an audit found has no rows here and overlaps with none.
    """
    has = observed.has.tocsc()
    place = {cause: column for column, cause in enumerate(observed.ids)}
    left = rows.copy()
    shown, together = [], 0.0
    for cause in sorted(values, key=lambda cause: -values[cause]):
        mine = has[:, [place[cause]]].indices if cause in place else np.array([], dtype=np.intp)
        own = rows[mine].sum()
        together += values[cause] / whole * (left[mine].sum() / own if own else 1.0)
        left[mine] = 0.0
        shown.append(ParetoRow(cause=cause, value=values[cause], share=values[cause] / whole, together=min(together, 1.0)))
    rest = float(left[_any(observed)].sum()) * scale / whole
    enough = VITAL * (min(together, 1.0) + rest) - 1e-12
    before = [0.0, *(row.together for row in shown)]
    return ParetoView(
        by=by,
        unit=unit,
        rows=tuple(shown),
        vital=tuple(row.cause for row, reached in zip(shown, before, strict=False) if reached < enough and row.value > 0),
        rest=rest,
    )


def _any(observed: Observed) -> NDArray[np.bool_]:
    """Rows with a cause, the residue's included."""
    return np.asarray(observed.has.sum(axis=1)).ravel() > 0
