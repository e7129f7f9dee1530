"""How much of the mass of causes is seen: estimates set against populations where all causes are known."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from populations import observed, population, sampled

from rootcause.findings.saturation import saturation


def test_the_curve_is_the_mean_over_all_smaller_samples() -> None:
    has = np.repeat(np.eye(4, dtype=bool), [5, 3, 1, 1], axis=0)
    has[0, 1] = True
    found = saturation(observed(has, np.zeros(10), [100]))
    assert found is not None and found.rows == tuple(range(1, 11)) and found.causes == 4 and found.seen[-1] == 4
    counts = [5, 4, 1, 1]
    for rows, seen in zip(found.rows, found.seen, strict=True):
        assert seen == pytest.approx(sum(1 - comb(10 - count, rows) / comb(10, rows) for count in counts))
    assert list(found.seen) == sorted(found.seen)


def test_a_long_curve_has_about_thirty_points() -> None:
    has = np.random.default_rng(1).random((5000, 6)) < 0.1
    found = saturation(observed(has, np.zeros(5000), [9000]))
    assert found is not None and len(found.rows) == 30 and (found.rows[0], found.rows[-1]) == (1, 5000)


def test_published_bounds() -> None:
    """Chao's bound with his bias correction, (m−1)/m · Q1(Q1−1) / (2(Q2+1)), from a file far larger than the sample."""
    counts = [1] * 7 + [2] * 3 + [5] * 4
    has = np.zeros((60, len(counts)), dtype=bool)
    place = 0
    for cause, count in enumerate(counts):
        has[np.arange(place, place + count) % 60, cause] = True
        place += count
    found = saturation(observed(has, np.zeros(60), [10**9]))
    assert found is not None
    assert found.unseen.value == pytest.approx(59 / 60 * 7 * 6 / (2 * 4), rel=1e-6)
    assert found.coverage.value == pytest.approx(1 - 7 / 33), "Turing: causes seen once over all mentions"
    half = saturation(observed(has, np.zeros(60), [120]))
    assert half is not None and half.unseen.value == pytest.approx(7 * 6 / (2 * 60 / 59 * 4 + 1 * 6)), "half of the file is known"
    assert 0 <= found.unseen.low < found.unseen.value < found.unseen.high


@pytest.mark.parametrize(
    ("strata", "causes", "n", "second"),
    [
        ([200], 40, 30, 0.4),
        ([3000], 100, 100, 0.4),
        ([1500, 900, 300, 300], 15, 385, 0.4),
        ([1000], 60, 385, 0.0),
        ([200], 6, 30, 0),
    ],
)
@pytest.mark.parametrize("even", [False, True])
def test_intervals_hold_what_was_not_seen(strata: list[int], causes: int, n: int, second: float, even: bool) -> None:
    rng = np.random.default_rng(20261122)
    held, errors, bounded = [], [], []
    for _ in range(200):
        own = [np.full(causes, 0.9 / causes) if even else 0.9 * rng.dirichlet(np.ones(causes)) for _ in strata]
        has, stratum = population(rng, strata, own, second=second)
        rows = sampled(rng, stratum, n)
        seen = has[rows].any(axis=0)
        found = saturation(observed(has[rows], stratum[rows], strata))
        assert found is not None
        known = has[:, seen].sum() / has.sum()
        held.append(found.coverage.low - 1e-9 <= known <= found.coverage.high + 1e-9)
        errors.append(found.coverage.value - known)
        bounded.append(found.unseen.low <= (has.any(axis=0) & ~seen).sum())
    assert np.mean(held) >= 0.93
    assert abs(np.mean(errors)) < 0.035
    assert np.mean(bounded) >= 0.95, "the lower end of a lower bound"


def test_a_census_has_seen_everything() -> None:
    has = np.repeat(np.eye(4, dtype=bool), [2, 1, 1, 1], axis=0)
    found = saturation(observed(has, np.array([0, 0, 1, 1, 1]), [2, 3]))
    assert found is not None
    assert (found.coverage.low, found.coverage.value, found.coverage.high) == (1, 1, 1)
    assert (found.unseen.low, found.unseen.value, found.unseen.high) == (0, 0, 0)


def test_the_residue_counts_as_causes_seen_once() -> None:
    has = np.repeat(np.eye(5, dtype=bool), [9, 8, 1, 1, 1], axis=0)
    found = saturation(observed(has, np.zeros(20), [2000], residue=3))
    assert found is not None and found.causes == 5
    assert found.coverage.value == pytest.approx(1 - 3 * 99 / 2000)


def test_many_causes_seen_often_leave_little_to_find() -> None:
    found = saturation(observed(np.repeat(np.eye(4, dtype=bool), 25, axis=0), np.zeros(100), [5000]))
    assert found is not None and found.coverage.value == 1 and 0.9 < found.coverage.low < 1
    assert found.unseen.value == 0 and found.unseen.high <= 1


def test_nothing_seen_says_nothing() -> None:
    assert saturation(observed(np.zeros((5, 2)), np.zeros(5), [50])) is None
    assert saturation(observed(np.zeros((0, 0)), np.zeros(0), [50])) is None
