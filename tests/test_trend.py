"""What rises, falls, appears and vanishes: found where it is, and not where it is not."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]
from gold_run import Row, complaint, gold_rows, report_of
from scipy.stats import multivariate_hypergeom

from rootcause.findings.observe import observe
from rootcause.findings.trend import trend
from rootcause.findings.values import CauseTrend, Direction, Trend
from rootcause.models import Stratum

START = dt.date(2026, 1, 1)
MOVES = {Direction.RISING, Direction.FALLING, Direction.APPEARED, Direction.VANISHED}


def day(month: int, number: int = 1) -> dt.date:
    return dt.date(2026, month, 1 + number % 28)


def months(counts: dict[str, Sequence[int]], rest: int = 0, topic: str | None = None) -> list[Row]:
    """One row a cause and count, month by month from January; `rest` rows a month have nothing to explain."""
    numbers = itertools.count(1 if topic is None else 50_000)
    length = len(next(iter(counts.values())))
    rows = []
    for month in range(length):
        for cause, of in (*counts.items(), (None, [rest] * length)):
            for place in range(of[month]):
                number = next(numbers)
                one = complaint(number, date=day(month + 1, place))
                rows.append(Row(complaint=one, causes=(cause,) if cause else (), topic=topic))
    return rows


def found(rows: Sequence[Row], strata: Sequence[Stratum] = ()) -> Trend:
    report = report_of(rows, strata=strata)
    result = trend(observe(report), report.ranking)
    assert result is not None
    return result


def of(result: Trend, cause: str) -> CauseTrend:
    return next(one for one in result.causes if one.cause == cause)


def moving(result: Trend) -> dict[str, Direction]:
    return {one.cause: one.direction for one in result.causes if one.direction in MOVES}


def drawn(rng: np.random.Generator, rows: int, length: int, shares: np.ndarray) -> list[Row]:
    """Rows of random months; shares: (months, causes), what is left to one has nothing to explain."""
    result = []
    for number, month in enumerate(rng.integers(0, length, rows), start=1):
        place = int(np.searchsorted(np.cumsum(shares[month]), rng.random()))
        causes = (f"c{place:02}",) if place < shares.shape[1] else ()
        result.append(Row(complaint=complaint(number, date=day(int(month) + 1, number)), causes=causes))
    return result


def test_the_example_file_says_what_its_readme_promises() -> None:
    result = found(gold_rows())
    assert moving(result) == {"atm-claim-always-investigated": Direction.VANISHED}
    assert of(result, "atm-claim-always-investigated").since == dt.date(2026, 7, 1)
    assert result.watch == ("substitution-ignores-refusal",)
    rise = of(result, "substitution-ignores-refusal")
    assert rise.counts == (3, 1, 2, 3, 4, 5)
    assert rise.slope > 0
    assert rise.q > 0.05, "eighteen rows prove no rise, and the tool must not say that they do"


def test_false_alarms_are_rarer_than_one_file_in_twenty() -> None:
    rng = np.random.default_rng(11)
    share = 0.9 / np.arange(1, 11) / np.sum(1 / np.arange(1, 11))
    alarms = sum(bool(moving(found(drawn(rng, 150, 5, np.tile(share, (5, 1)))))) for _ in range(80))
    assert alarms <= 9, "5 % of 80 are 4; more than 9 come less than once in a hundred times"


@pytest.mark.parametrize(
    ("counts", "direction", "since"),
    [
        ((12, 14, 13, 0, 0, 0), Direction.VANISHED, 4),
        ((0, 0, 13, 12, 14, 13), Direction.APPEARED, 3),
        ((4, 8, 12, 16, 20, 24), Direction.RISING, None),
        ((26, 24, 25, 8, 9, 8), Direction.FALLING, 4),
        ((15, 15, 16, 14, 15, 15), Direction.STEADY, None),
    ],
)
def test_a_planted_change_is_named(counts: tuple[int, ...], direction: Direction, since: int | None) -> None:
    result = found(months({"planted": counts, "other": [20] * 6, "third": [15] * 6}, rest=5))
    assert of(result, "planted").direction is direction
    assert of(result, "planted").since == (None if since is None else dt.date(2026, since, 1))
    assert set(moving(result)) <= {"planted"}


def test_a_cause_that_vanishes_lifts_no_other() -> None:
    """400 rows a month of a large cause end: the shares of the rest nearly double, their numbers stay."""
    result = found(months({"large": [400, 400, 400, 0, 0, 0], "a": [200] * 6, "b": [150] * 6, "c": [60] * 6}))
    shares = [share.value for share in of(result, "a").shares if share]
    assert shares[-1] > 1.8 * shares[0]
    assert moving(result) == {"large": Direction.VANISHED}


def test_p_is_the_exact_one() -> None:
    """Every way to put the cause's rows into the three months, with its probability, by enumeration."""
    rows, mine = (14, 10, 12), (7, 3, 1)
    result = found(months({"one": mine}, rest=0) + _nothing(rows, mine))
    lines = [np.repeat(line, rows) for line in ((0, 1, 2), (0, 1, 1), (0, 0, 1))]

    def statistic(counts: Sequence[int]) -> float:
        has = np.concatenate([np.arange(n) < count for n, count in zip(rows, counts, strict=True)]).astype(float)
        return max(abs(np.corrcoef(line, has)[0, 1]) for line in lines)

    ways = [way for way in itertools.product(*(range(n + 1) for n in rows)) if sum(way) == sum(mine)]
    limit = statistic(mine) - 1e-9
    exact = sum(multivariate_hypergeom.pmf(way, rows, sum(mine)) for way in ways if statistic(way) >= limit)
    assert 0.005 < exact < 0.1
    assert of(result, "one").p == pytest.approx(exact, abs=4 * np.sqrt(exact / 999))


def _nothing(rows: Sequence[int], mine: Sequence[int]) -> list[Row]:
    numbers = itertools.count(90_000)
    return [
        Row(complaint=complaint(next(numbers), date=day(month)), causes=())
        for month, (every, one) in enumerate(zip(rows, mine, strict=True), start=1)
        for _ in range(every - one)
    ]


def test_the_slope_is_a_logistic_regressions() -> None:
    counts, rest = (30, 40, 45, 60, 66, 80), 200
    result = of(found(months({"one": counts}, rest=rest)), "one")
    table = np.array([(count, rest) for count in counts])
    model = sm.GLM(table, sm.add_constant(np.arange(6.0)), family=sm.families.Binomial()).fit()
    assert result.slope == pytest.approx(model.params[1], rel=0.01)
    assert result.up > 0.999


def test_rows_count_by_their_weight() -> None:
    """One sampled row in ten of a stratum stands for ten: shares are those of the file, and so is the test's base."""
    heavy = months({"heavy": [10] * 6}, rest=10, topic="b")
    light = months({"light": [40] * 6}, rest=0)
    strata = (Stratum(topic=None, population=240, sampled=240), Stratum(topic="b", population=1200, sampled=120))
    result = found(light + heavy, strata)
    assert [share.value for share in of(result, "heavy").shares if share] == pytest.approx([100 / 240] * 6)
    assert not moving(result)
    # Light rows double while heavy ones stay: by number a third more rows, by weight a sixth.
    light = months({"light": [20, 20, 20, 40, 40, 40]}, rest=0)
    strata = (Stratum(topic=None, population=180, sampled=180), strata[1])
    weighted = of(found(light + heavy, strata), "light").shares
    assert weighted[0] is not None
    assert weighted[0].value == pytest.approx(20 / 220)
    assert weighted[5] is not None
    assert weighted[5].value == pytest.approx(40 / 240)


def test_the_order_of_rows_changes_nothing() -> None:
    rows = months({"a": (3, 9, 4, 12, 8, 16), "b": (9, 8, 7, 6, 3, 2), "c": (5,) * 6}, rest=7)
    shuffled = random.Random(3).sample(rows, len(rows))
    assert found(rows) == found(shuffled)


def test_weeks_for_dense_short_files_months_for_the_rest() -> None:
    def spread(rows: int, days: int) -> list[Row]:
        return [
            Row(complaint=complaint(n, date=START + dt.timedelta(days=n * days // rows)), causes=("a", "b")[n % 2 :][:1])
            for n in range(rows)
        ]

    assert found(spread(300, 100)).unit == "week"
    assert found(spread(300, 100)).starts[0].weekday() == 0
    assert found(spread(100, 100)).unit == "month", "seven rows a week are too few"
    assert found(spread(900, 150)).unit == "month", "five months are read by month"
    assert found(spread(30, 40)).unit == "week", "two months alone make no trend"
    assert sum(found(spread(300, 100)).rows) == 300


def test_a_file_whose_rows_all_move_is_no_error() -> None:
    """Both causes leave the rows one after the other, and then there are too few rows to judge anything by."""
    result = found(months({"a": [30, 30, 30, 0, 0, 0], "b": [0, 0, 0, 30, 30, 30], "c": [3, 0, 0, 0, 1, 1]}))
    assert moving(result) == {"a": Direction.VANISHED, "b": Direction.APPEARED}
    assert of(result, "c").direction is Direction.UNTESTED
    assert all(-10 < one.slope < 10 for one in result.causes)


def test_what_cannot_be_told_is_not_told() -> None:
    few = report_of(months({"a": [3] * 6}))
    assert trend(observe(few), few.ranking) is None, "eighteen rows"
    undated = [Row(complaint=complaint(n), causes=("a",)) for n in range(1, 60)]
    report = report_of(undated)
    assert trend(observe(report), report.ranking) is None
    result = found([*months({"a": [10] * 6, "rare": (4, 0, 0, 0, 0, 0)}, rest=9), Row(complaint=complaint(9999), causes=("a",))])
    assert of(result, "rare").direction is Direction.UNTESTED, "four rows prove nothing"
    assert result.undated == 1
    assert sum(of(result, "a").counts) == 60
