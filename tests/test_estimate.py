"""Shares and their intervals: 95 % intervals that hold the truth 95 times in 100, in populations that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import hypergeom
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

from rootcause.estimate import effective_n, row_weights, shares, wilson
from rootcause.sample import allocate

PREVALENCES = np.array([0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9, 0.97])
DRAWS = 1500


def held(populations: list[int], sampled: list[int], pattern: list[float], *, possible: bool = False) -> NDArray[np.float64]:
    """How often the interval holds the population's share, for each prevalence; pattern: each stratum's multiple of it."""
    rng = np.random.default_rng(20261122)
    sizes, m = np.array(populations), np.array(sampled)
    found = []
    for prevalence in PREVALENCES:
        having = np.round(sizes * np.minimum(1, prevalence * np.array(pattern))).astype(int)
        hits = rng.hypergeometric(having, sizes - having, m, size=(DRAWS, len(sizes)))
        can = np.broadcast_to(np.array(pattern) > 0, hits.shape) if possible else None
        _, low, high = shares(hits, m, sizes, can)
        truth = having.sum() / sizes.sum()
        found.append(np.mean((low <= truth + 1e-9) & (truth - 1e-9 <= high)))
    return np.array(found)


def drawn(populations: list[int], n: int) -> list[int]:
    given = allocate({str(place): size for place, size in enumerate(populations)}, n)
    return [given[str(place)] for place in range(len(populations))]


# ── coverage ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("n", "population"), [(30, 200), (100, 200), (30, 10_000), (100, 10_000), (385, 3000)])
def test_intervals_of_a_simple_random_sample_cover(n: int, population: int) -> None:
    """Not simulated but counted out: every population of that size, every sample of it."""
    counts = np.arange(n + 1)[:, None]
    _, low, high = shares(counts, [n], [population])
    common, rare = [], []
    for having in np.linspace(population // 100, population - population // 100, 200).astype(int):
        truth = having / population
        inside = (low <= truth + 1e-9) & (truth - 1e-9 <= high)
        covered = float(hypergeom.pmf(counts[:, 0], population, having, n)[inside].sum())
        (common if 0.1 <= truth <= 0.9 else rare).append(covered)
    assert 0.93 <= np.mean(common) <= 0.97
    assert 0.93 <= np.mean(rare) <= 0.975
    assert min(common) > 0.87


FOUR = [600, 300, 80, 20]
MANY = [5000, *[60] * 10, *[5] * 10]


@pytest.mark.parametrize("n", [30, 100, 385])
@pytest.mark.parametrize(
    "pattern", [[1, 1, 1, 1], [1, 1.8, 0.5, 3], [1, 0, 0, 0], [0, 0, 1, 0]], ids=["everywhere", "varied", "large", "small"]
)
def test_intervals_of_a_stratified_sample_cover(n: int, pattern: list[float]) -> None:
    covered = held(FOUR, drawn(FOUR, n), pattern, possible=True)
    assert 0.93 <= covered.mean() <= 0.97
    assert np.median(covered) >= 0.93


@pytest.mark.parametrize("pattern", [[1, 0, 0, 0], [0, 0, 1, 0]], ids=["large", "small"])
def test_not_knowing_where_a_cause_can_occur_costs_width_never_coverage(pattern: list[float]) -> None:
    sampled = drawn(FOUR, 100)
    assert held(FOUR, sampled, pattern).mean() >= 0.94
    hits = np.array([[3 * (share > 0) for share in pattern]])
    _, low, high = shares(hits, sampled, FOUR)
    _, sharper_low, sharper_high = shares(hits, sampled, FOUR, np.array([pattern]) > 0)
    assert high - low > sharper_high - sharper_low


@pytest.mark.parametrize(
    ("populations", "sampled", "pattern"),
    [
        (MANY, drawn(MANY, 30), [1.0] * 21),
        (MANY, drawn(MANY, 100), [1.0] * 21),
        (MANY, drawn(MANY, 100), [1.0, *[0.0] * 20]),
        ([1000] * 8, [4] * 8, [1.0] * 8),
        ([5000, 500, 500], [20, 60, 60], [1.0] * 3),
        ([5000, 500, 500], [20, 60, 60], [1.0, 0.0, 0.0]),
        ([500, 100], [40, 100], [1.0, 1.0]),
    ],
    ids=[
        "one row each",
        "many strata",
        "many strata, one has it",
        "four rows each",
        "unequal",
        "unequal, one",
        "one is a census",
    ],
)
def test_intervals_of_awkward_designs_cover(populations: list[int], sampled: list[int], pattern: list[float]) -> None:
    assert 0.93 <= held(populations, sampled, pattern).mean() <= 0.97


def test_one_row_in_each_stratum_still_gives_an_interval() -> None:
    covered = held([1000] * 8, [1] * 8, [1.0] * 8)
    assert 0.93 <= covered.mean() <= 0.97


def test_small_strata_that_are_all_or_none_are_not_sure() -> None:
    _, low, high = shares([[2, 0], [0, 3]], [2, 3], [1000, 1000])
    assert (low < 0.35).all() and (high > 0.65).all()


def test_rows_with_several_causes_give_shares_that_each_hold() -> None:
    """A complaint may have several causes: the shares add up to more than one, and each interval covers its own."""
    rng = np.random.default_rng(5)
    population = rng.random((2000, 5)) < [0.6, 0.5, 0.3, 0.1, 0.05]
    truth = population.mean(axis=0)
    held_by = np.zeros(5)
    for _ in range(600):
        rows = population[rng.choice(2000, size=120, replace=False)]
        value, low, high = shares(rows.sum(axis=0)[:, None], [120], [2000])
        held_by += (low <= truth) & (truth <= high)
        assert value == pytest.approx(rows.mean(axis=0))
    assert truth.sum() > 1.5 and (held_by / 600 > 0.92).all() and 0.93 <= held_by.mean() / 600 <= 0.97


def test_rows_that_failed_in_one_topic_more_than_in_another_bias_nothing() -> None:
    rng = np.random.default_rng(3)
    sizes, m = np.array([1000, 1000]), np.array([90, 20])  # of 100 drawn in each
    hits = rng.hypergeometric([400, 100], [600, 900], m, size=(4000, 2))
    value, low, high = shares(hits, m, sizes)
    assert value.mean() == pytest.approx(0.25, abs=0.003)
    assert 0.93 <= np.mean((low <= 0.25) & (high >= 0.25)) <= 0.98


# ── what holds always ─────────────────────────────────────────────────────────────────────────────


def test_a_census_leaves_no_doubt() -> None:
    value, low, high = shares([[3, 0], [10, 5], [0, 0]], [10, 5], [10, 5])
    assert value.tolist() == low.tolist() == high.tolist() == [0.2, 1.0, 0.0]


def test_one_stratum_of_many_rows_is_wilsons_interval() -> None:
    _, low, high = shares([[2], [50], [100]], [100], [10**9])
    for place, hits in enumerate((2, 50, 100)):
        assert (low[place], high[place]) == pytest.approx(proportion_confint(hits, 100, method="wilson"), abs=1e-6)


def test_intervals_hold_the_share_and_what_was_seen() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        sizes = rng.integers(1, 60, size=rng.integers(1, 6))
        m = rng.integers(0, sizes + 1)
        hits = rng.integers(0, m + 1, size=(4, len(sizes)))
        value, low, high = shares(hits, m, sizes)
        assert ((low >= 0) & (low <= value) & (value <= high) & (high <= 1)).all()
        covered = sizes[m > 0].sum()
        if covered:
            assert (low * covered >= hits.sum(axis=1) - 1e-9).all()
            assert ((1 - high) * covered >= (m - hits).sum(axis=1) - 1e-9).all()


def test_a_share_and_its_complement_have_mirrored_intervals() -> None:
    sizes, m, hits = [600, 300, 20], [20, 10, 1], np.array([[3, 4, 1], [0, 0, 0]])
    value, low, high = shares(hits, m, sizes)
    mirrored, mirrored_low, mirrored_high = shares(np.array(m) - hits, m, sizes)
    assert 1 - mirrored == pytest.approx(value)
    assert 1 - mirrored_high == pytest.approx(low, abs=1e-9)
    assert 1 - mirrored_low == pytest.approx(high, abs=1e-9)


def test_strata_without_an_analysed_row_are_left_out() -> None:
    without = shares([[4]], [20], [100])
    assert [ends.tolist() for ends in shares([[4, 0]], [20, 0], [100, 900])] == [ends.tolist() for ends in without]
    assert [ends.tolist() for ends in shares([[0]], [0], [9])] == [[0.0], [0.0], [1.0]]
    assert [ends.tolist() for ends in shares(np.zeros((0, 1)), [3], [9])] == [[], [], []]


def test_the_order_of_properties_changes_nothing() -> None:
    hits = np.array([[3, 1], [0, 5], [3, 1], [2, 2]])
    straight, turned = shares(hits, [10, 9], [100, 80]), shares(hits[::-1], [10, 9], [100, 80])
    assert [ends.tolist() for ends in straight] == [ends[::-1].tolist() for ends in turned]


def test_rows_stand_for_their_stratum() -> None:
    weights = row_weights(np.array([0, 0, 2, 0]), [30, 500, 7])
    assert weights.tolist() == [10, 10, 7, 10]


# ── Wilson, Kish ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("hits", "n"), [(2, 100), (0, 10), (10, 10), (1, 3), (50, 100), (700, 1000)])
def test_wilson_is_what_statsmodels_says(hits: int, n: int) -> None:
    assert wilson(hits / n, n) == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-12)


def test_wilson_against_published_values() -> None:
    assert wilson(0.02, 100) == pytest.approx((0.0055, 0.0700), abs=5e-5)
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, table I
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_wilson_always_holds_the_share() -> None:
    for n in (0.5, 1, 7, 1e6, 1e15):
        for share in (0, 1e-9, 0.1, 1 / 3, 1):
            low, high = wilson(share, n)
            assert 0 <= low <= share <= high <= 1
    assert wilson(0.3, 0) == (0, 1)


def test_effective_observations() -> None:
    assert effective_n([2.0] * 10, 10**9) == pytest.approx(10)
    assert effective_n([1, 1, 4], 10**9) == pytest.approx(2)  # Kish: 6² / 18
    assert effective_n([2.0] * 50, 100) == pytest.approx(100)  # half of the population is known: 50 / (1 - 1/2)
    assert effective_n([1.0] * 10, 10) == math.inf
    assert effective_n([], 10) == 0
