"""The sample: proportional, seeded, nested, and honest about its margin."""

from __future__ import annotations

import math
import random

import pytest

from rootcause.models import Complaint
from rootcause.sample import allocate, draw, margin_of, rows_for


def complaints(n: int) -> tuple[Complaint, ...]:
    return tuple(Complaint(row=i + 1, line=i + 2, id=f"c{i:05}", text=f"text {i}") for i in range(n))


def topics(rows: tuple[Complaint, ...], *cuts: int) -> dict[str, str | None]:
    names = ["a", "b", "c", "d"]
    return {row.id: next((names[i] for i, cut in enumerate(cuts) if row.row <= cut), None) for row in rows}


@pytest.mark.parametrize(
    ("n", "population", "expected"),
    [
        (100, 10**9, 0.097998),  # 1.959964 * sqrt(0.25 / 100)
        (100, 200, 0.069469),  # 1.959964 * sqrt(0.25 * 100 / (199 * 100))
        (1, 2, 0.979982),
        (200, 200, 0.0),
        (300, 200, 0.0),
        (0, 200, 1.0),
        (0, 0, 0.0),
    ],
)
def test_margin_with_the_finite_population_correction(n: int, population: int, expected: float) -> None:
    assert margin_of(n, population) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("margin", "population", "expected"), [(0.03, 10**9, 1068), (0.05, 1000, 278), (0.05, 0, 0), (0.5, 1, 1), (0, 70, 70)]
)
def test_rows_that_a_margin_needs(margin: float, population: int, expected: int) -> None:
    assert rows_for(margin, population) == expected


@pytest.mark.parametrize("population", [2, 3, 10, 97, 5000])
def test_rows_and_margin_are_inverses(population: int) -> None:
    for n in range(1, population + 1):
        assert rows_for(margin_of(n, population), population) == n


def test_rows_are_the_fewest_that_reach_the_margin() -> None:
    for population in (50, 1234, 10**6):
        for margin in (0.2, 0.1, 0.05, 0.031):
            n = rows_for(margin, population)
            assert margin_of(n, population) <= margin
            assert margin_of(n - 1, population) > margin


def test_allocation_adds_up_and_leaves_no_stratum_out() -> None:
    rng = random.Random(1)
    for _ in range(300):
        sizes: dict[str | None, int] = {
            topic: rng.choice([1, 2, 30, 1000]) for topic in ("a", "b", "c", None)[: rng.randint(1, 4)]
        }
        n = rng.randint(0, sum(sizes.values()) + 5)
        given = allocate(sizes, n)
        assert given.keys() == sizes.keys()
        assert sum(given.values()) == min(n, sum(sizes.values()))
        assert all(0 <= given[topic] <= sizes[topic] for topic in sizes)
        assert n < len(sizes) or all(given.values())


def test_allocation_is_proportional() -> None:
    assert allocate({"a": 600, "b": 300, "c": 100}, 100) == {"a": 60, "b": 30, "c": 10}
    assert allocate({"a": 990, "b": 10}, 10) == {"a": 9, "b": 1}
    assert allocate({"a": 5, None: 5}, 10) == {"a": 5, None: 5}
    assert allocate({"a": 0, "b": 4}, 2) == {"a": 0, "b": 2}
    assert allocate({}, 5) == {}


def test_no_stratum_loses_rows_when_the_sample_grows() -> None:
    sizes: dict[str | None, int] = {"a": 6, "b": 6, "c": 2, "d": 11}  # the largest remainder would take one away
    before = allocate(sizes, 0)
    for n in range(1, 26):
        after = allocate(sizes, n)
        assert all(before[topic] <= after[topic] for topic in sizes)
        before = after


def test_a_larger_sample_contains_a_smaller_one() -> None:
    rows = complaints(300)
    labels = topics(rows, 20, 140, 250)
    before: set[str] = set()
    for n in range(1, 301, 7):
        after = {row.id for row in draw(rows, labels, n=n, seed=4).complaints}
        assert before <= after
        assert len(after) == n
        before = after


def test_the_draw_does_not_depend_on_the_order_of_the_rows_but_on_the_seed() -> None:
    rows = complaints(200)
    labels = topics(rows, 50, 150)
    shuffled = list(rows)
    random.Random(7).shuffle(shuffled)
    assert draw(tuple(shuffled), labels, n=40, seed=1) == draw(rows, labels, n=40, seed=1)
    assert draw(rows, labels, n=40, seed=2) != draw(rows, labels, n=40, seed=1)


def test_weights_sum_to_the_population() -> None:
    rows = complaints(317)
    labels = topics(rows, 9, 100, 290)
    for n in (4, 50, 317, 1000):
        sample = draw(rows, labels, n=n, seed=3)
        assert math.fsum(sample.weight_of(labels[row.id]) for row in sample.complaints) == pytest.approx(317)
        assert sum(stratum.population for stratum in sample.strata) == 317
        assert [row.row for row in sample.complaints] == sorted(row.row for row in sample.complaints)


def test_a_census_has_no_margin() -> None:
    rows = complaints(30)
    sample = draw(rows, topics(rows, 10), n=30, seed=3)
    assert sample.complaints == rows
    assert sample.margin == 0


def test_an_empty_file_gives_an_empty_sample() -> None:
    sample = draw((), {}, n=10, seed=1)
    assert (sample.complaints, sample.strata, sample.margin) == ((), (), 0)


def test_every_row_has_the_same_chance() -> None:
    rows = complaints(20)
    labels = topics(rows, 20)
    hits = [0] * 20
    for seed in range(2000):
        for row in draw(rows, labels, n=5, seed=seed).complaints:
            hits[row.row - 1] += 1
    assert sum((hit - 500) ** 2 / 500 for hit in hits) < 43.8  # chi-square, 19 degrees of freedom, p = 0.001
