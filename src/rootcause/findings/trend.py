"""Which causes rise, fall, appear or vanish: shares by week or month, and one test a cause, corrected for their number.

The test. A cause's score in a period is tested against a straight line (Cochran 1954; Armitage 1955) and against every
single change between two periods (maximally selected chi-square: Miller and Siegmund 1982); the largest of these standardised
statistics is the cause's own, and its p comes from drawing the periods of the cause's rows anew without replacement, all
of one file's rows being exchangeable when nothing moves (Hothorn and Zeileis, Biometrics 64, 2008). p is (1 + draws at least
as extreme) / (1 + draws) (Phipson and Smyth 2010); draws end early where p is plainly large (Besag and Clifford 1991). Rows
count by their weights: mean and variance of the weighted score are those of permuting weighted rows, the shape of its
distribution is that of equal weights.

The correction is Holm's (1979): the chance of one false alarm or more is at most 5 %. A cause that vanishes raises the
share of all others, so each cause that is found to move leaves the rows before the rest is tested again.

The slope is a binomial logistic regression's with Firth's (1993) penalty, finite even where a cause has vanished.
Intervals are Wilson's on Kish's effective number of rows, without the finite population correction: a file read whole
still says only so much about what makes customers complain.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from rootcause.estimate import wilson
from rootcause.findings.observe import Observed
from rootcause.findings.values import CauseTrend, Direction, Estimate, Trend
from rootcause.models import Ranking

ALPHA = 0.05
MIN_ROWS = 5
"""Rows of a cause below which no test is made: too few to prove anything among several causes."""
MIN_DATED = 20
MIN_PERIODS = 3
WEEKS_UP_TO = 122
"""Days, four months: longer files are cut into months."""
ROWS_A_WEEK = 10
EXPECTED = 3.0
"""Rows expected where none came: a Poisson count of 3 is 0 once in twenty times (the rule of three)."""
WATCH = 5 / 6
"""Odds of five to one that a slope is no accident: a third of steady causes reach them, so that this proves nothing."""
FIRST_DRAWS, DRAWS = 999, 9_999
_SEED = 20_161
_FEW_ENOUGH = 0.02  # a larger p is known well enough from the first draws
_SLACK = 10.0  # between a p and the normal one of its largest contrast: a statistic beyond it need not be drawn for

Vector = NDArray[np.float64]


def trend(observed: Observed, ranking: Ranking) -> Trend | None:
    """Shares in time and what moves. None without causes, twenty dated rows and three periods that have any."""
    dates = [row.date for row in observed.rows if row.date is not None]
    if len(dates) < MIN_DATED:
        return None
    unit = _unit(dates)
    starts = _starts(min(dates), max(dates), unit)
    dated = np.array([row.date is not None for row in observed.rows])
    ids = [cause.cause.id for cause in ranking.causes if cause.cause.id in observed.ids]  # an audit may add causes without rows
    columns = [observed.ids.index(cause) for cause in ids]
    table = _Rows(
        period=np.searchsorted(starts, dates, side="right").astype(np.intp) - 1,  # type: ignore[call-overload]
        has=observed.has[dated][:, columns].toarray() > 0,
        weight=observed.weight[dated],
        periods=len(starts),
    )
    if not ids or np.count_nonzero(table.rows()) < MIN_PERIODS:
        return None
    judged, counts, shares = _judge(table), table.counts(), _shares(table)
    causes = tuple(
        _cause_trend(cause, column, counts[:, column], shares[column], table.rows(), judged[column], starts)
        for column, cause in enumerate(ids)
    )
    ordered = sorted(causes, key=lambda cause: (cause.q, cause.p, ids.index(cause.cause)))
    return Trend(
        unit=unit,
        starts=tuple(starts),
        rows=tuple(int(rows) for rows in table.rows()),
        undated=len(observed.rows) - len(dates),
        causes=causes,
        watch=tuple(cause.cause for cause in ordered if cause.direction is Direction.STEADY and not 1 - WATCH < cause.up < WATCH),
    )


# ── periods ───────────────────────────────────────────────────────────────────────────────────────


def _unit(dates: Sequence[dt.date]) -> str:
    """Weeks for up to four months of at least ten rows a week, and where there are not three months; else months."""
    first, last = min(dates), max(dates)
    days = (last - first).days + 1
    few_months = len(_starts(first, last, "month")) < MIN_PERIODS
    dense = days <= WEEKS_UP_TO and len(dates) >= ROWS_A_WEEK * days / 7
    return "week" if few_months or dense else "month"


def _starts(first: dt.date, last: dt.date, unit: str) -> list[dt.date]:
    """First days of all periods from the first date's to the last date's: Mondays, or firsts of months."""
    if unit == "week":
        monday = first - dt.timedelta(days=first.weekday())
        return [monday + dt.timedelta(weeks=week) for week in range((last - monday).days // 7 + 1)]
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [dt.date(month // 12, month % 12 + 1, 1) for month in months]


# ── the tests ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Rows:
    """Dated rows: period (n,), has (n, K), weight (n,)."""

    period: NDArray[np.intp]
    has: NDArray[np.bool_]
    weight: Vector
    periods: int

    def without(self, column: int) -> _Rows:
        keep = ~self.has[:, column]
        return _Rows(self.period[keep], self.has[keep], self.weight[keep], self.periods)

    @property
    def enough(self) -> bool:
        return len(self.period) >= MIN_DATED and int(np.count_nonzero(self.rows())) > 1

    def rows(self) -> NDArray[np.int64]:
        return np.bincount(self.period, minlength=self.periods).astype(np.int64)

    def weights(self) -> Vector:
        return np.bincount(self.period, self.weight, self.periods).astype(np.float64)

    def counts(self) -> NDArray[np.int64]:
        """Rows of each cause in each period, (P, K)."""
        return np.stack([np.bincount(self.period[one], minlength=self.periods) for one in self.has.T], axis=1).astype(np.int64)

    def weighted(self, power: int = 1) -> Vector:
        """Sums of the weights' powers of each cause in each period, (P, K)."""
        weight = self.weight**power
        return np.stack([np.bincount(self.period[one], weight[one], self.periods) for one in self.has.T], axis=1)


@dataclass(frozen=True)
class _Verdict:
    """base: the rows it was judged on. z: of the strongest contrast, 0 being the straight line, k the k-th change."""

    base: _Rows
    p: float
    q: float
    z: float
    contrast: int
    tested: bool


def _judge(table: _Rows) -> dict[int, _Verdict]:
    """Holm's step-down over the causes; what is found to move leaves the rows before the next step."""
    columns = range(table.has.shape[1])
    left = [column for column in columns if table.has[:, column].sum() >= MIN_ROWS]
    verdicts: dict[int, _Verdict] = {}
    base, least = table, 0.0
    while left and base.enough:
        z = _statistics(base)
        strength = np.abs(z).max(axis=0)
        worth = [column for column in left if 2 * norm.sf(strength[column]) * len(left) <= _SLACK * ALPHA]
        p = _p_values(base, strength, worth)
        sure = [column for column in p if p[column] * len(left) <= ALPHA]
        if not sure:
            break
        sizes = base.has.sum(axis=0)  # of two causes that mirror each other the larger one is taken to move
        best = min(sure, key=lambda column: (-round(strength[column], 6), -sizes[column], column))
        least = max(least, p[best] * len(left))
        verdicts[best] = _verdict(base, p[best], least, z[:, best])
        left.remove(best)
        base = base.without(best)
    if not base.enough:
        left = []
    z = _statistics(base) if left else np.zeros((1, len(columns)))
    p = _p_values(base, np.abs(z).max(axis=0), left)
    for step, column in enumerate(sorted(p, key=lambda column: (p[column], column))):
        least = max(least, min(1.0, p[column] * (len(left) - step)))
        verdicts[column] = _verdict(base, p[column], least, z[:, column])
    few = [column for column in columns if column not in verdicts]
    return verdicts | {column: _Verdict(table, p=1.0, q=1.0, z=0.0, contrast=0, tested=False) for column in few}


def _verdict(base: _Rows, p: float, q: float, z: Vector) -> _Verdict:
    contrast = int(np.abs(z).argmax())
    return _Verdict(base, p=p, q=q, z=float(z[contrast]), contrast=contrast, tested=True)


def _contrasts(rows: NDArray[np.int64]) -> Vector:
    """The straight line, then every change between two periods, centred over the rows: (C, P)."""
    periods = np.arange(len(rows))
    steps = periods[None, :] > periods[:-1, None]
    contrasts = np.vstack([periods, steps]).astype(float)
    return np.asarray(contrasts - (contrasts @ rows / rows.sum())[:, None])


def _statistics(base: _Rows) -> Vector:
    """Standardised scores of each cause by contrast, (C, K); 0 where nothing can vary."""
    rows, w, w2 = base.rows(), base.weight, base.weight**2
    contrasts = _contrasts(rows)
    sums = base.weighted()
    share = sums.sum(axis=0) / w.sum()
    scores = contrasts @ (sums - np.outer(base.weights(), share))
    spread = (1 - 2 * share) * base.weighted(2).sum(axis=0) + share**2 * w2.sum()
    variance = np.outer((contrasts**2) @ rows, spread) / (rows.sum() - 1)
    return np.asarray(np.divide(scores, np.sqrt(variance), out=np.zeros_like(scores), where=variance > 1e-12))


def _p_values(base: _Rows, strength: Vector, columns: Sequence[int]) -> dict[int, float]:
    """p of each cause's largest statistic, from few draws first and from all where these leave it small.

    The draws depend on a cause's number of rows alone, so that equal numbers share them.
    """
    rows, counts = base.rows(), base.has.sum(axis=0)
    alike: dict[int, list[int]] = {}
    for column in columns:
        alike.setdefault(int(counts[column]), []).append(column)
    found: dict[int, float] = {}
    for count, group in sorted(alike.items()):
        for size in (FIRST_DRAWS, DRAWS):
            drawn = _drawn(rows, count, size)
            found |= {one: float((1 + np.count_nonzero(drawn >= strength[one] - 1e-9)) / (size + 1)) for one in group}
            group = [one for one in group if found[one] < _FEW_ENOUGH]
            if not group:
                break
    return found


def _drawn(rows: NDArray[np.int64], count: int, size: int) -> Vector:
    """The largest statistic of a cause of `count` rows in each of `size` draws without a trend."""
    total = int(rows.sum())
    if not 0 < count < total:
        return np.zeros(size)
    contrasts = _contrasts(rows)
    scale = (contrasts**2) @ rows * count * (total - count) / total / (total - 1)
    scaled = np.divide(contrasts, np.sqrt(scale)[:, None], out=np.zeros_like(contrasts), where=scale[:, None] > 1e-12)
    draws = np.random.default_rng([_SEED, count, size]).multivariate_hypergeometric(rows, count, size=size, method="marginals")
    return np.asarray(np.abs(draws @ scaled.T).max(axis=1))


# ── one cause ─────────────────────────────────────────────────────────────────────────────────────


def _cause_trend(
    cause: str,
    column: int,
    counts: NDArray[np.int64],
    shares: tuple[Estimate | None, ...],
    rows: NDArray[np.int64],
    verdict: _Verdict,
    starts: Sequence[dt.date],
) -> CauseTrend:
    slope, error = _slope(verdict.base, column)
    direction, since = _direction(counts, rows, verdict)
    return CauseTrend(
        cause=cause,
        counts=tuple(int(count) for count in counts),
        shares=shares,
        slope=slope,
        up=float(norm.cdf(slope / error)),
        p=verdict.p,
        q=verdict.q,
        direction=direction,
        since=None if since is None else starts[since],
    )


def _shares(table: _Rows) -> list[tuple[Estimate | None, ...]]:
    """For each cause its share of each period's complaints, None for a period without rows."""
    weights = table.weights()
    squares = np.bincount(table.period, table.weight**2, table.periods)
    result = []
    for sums in table.weighted().T:
        periods: list[Estimate | None] = []
        for weight, square, mine in zip(weights, squares, sums, strict=True):
            share = float(mine / weight) if weight else 0.0
            low, high = wilson(share, float(weight**2 / square)) if weight else (0.0, 1.0)
            periods.append(Estimate(value=share, low=low, high=high) if weight else None)
        result.append(tuple(periods))
    return result


def _direction(counts: NDArray[np.int64], rows: NDArray[np.int64], verdict: _Verdict) -> tuple[Direction, int | None]:
    """Where it goes, and the period from which on; None for a gradual climb or fall."""
    if not verdict.tested:
        return Direction.UNTESTED, None
    if verdict.q > ALPHA:
        return Direction.STEADY, None
    seen = np.flatnonzero(counts)
    first, last = int(seen[0]), int(seen[-1])
    if verdict.z < 0 and counts.sum() / rows[: last + 1].sum() * rows[last + 1 :].sum() >= EXPECTED:
        return Direction.VANISHED, last + 1
    if verdict.z > 0 and counts.sum() / rows[first:].sum() * rows[:first].sum() >= EXPECTED:
        return Direction.APPEARED, first
    return (Direction.RISING if verdict.z > 0 else Direction.FALLING), verdict.contrast or None


def _slope(base: _Rows, column: int) -> tuple[float, float]:
    """Change of the log odds a period with its standard error: logistic regression by Newton steps on Firth's score."""
    effective = base.weight.sum() / (base.weight**2).sum()
    has = base.has[:, column]
    total = base.weights() * effective
    ours = np.bincount(base.period[has], base.weight[has], base.periods) * effective
    periods = np.arange(base.periods, dtype=float)
    if not 0 < ours.sum() < total.sum():
        return 0.0, np.inf
    design = np.column_stack([np.ones(base.periods), periods - periods @ total / total.sum()])
    beta = np.array([np.log((ours.sum() + 0.5) / (total.sum() - ours.sum() + 0.5)), 0.0])
    for _ in range(100):
        chance = expit(design @ beta)
        spread = total * chance * (1 - chance)
        inverse = np.linalg.inv(design.T @ (spread[:, None] * design))
        leverage = spread * np.einsum("pi,ij,pj->p", design, inverse, design)
        step = inverse @ (design.T @ (ours - total * chance + leverage * (0.5 - chance)))
        beta = beta + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    return float(beta[1]), float(np.sqrt(inverse[1, 1]))
