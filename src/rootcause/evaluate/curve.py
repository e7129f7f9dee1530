"""What more examples bring: accuracy at growing parts of a pack, where that flattens, and what the next ones would add.

The parts are prefixes of the fixed interleaved order, each inside the next, and everything that learns, learns from the
part alone. All are scored on the same cases, so they are compared in pairs.

The forecast is an inverse power law, accuracy = a - b·n^(-c) (Cortes and others, NIPS 6, 1993, 327-334; for the use of
it: Figueroa and others, BMC Medical Informatics and Decision Making 12:8, 2012), fitted by least squares with a ≤ 1 and
b ≥ 0. Its interval foretells what these same cases would show: the percentile bootstrap (Efron and Tibshirani, 1993,
ch. 13) over the cases, and in every draw the chance of which cases change, as many as changed between the last two points.
Held against what came (`python benchmarks/forecast.py`, 2026-11-23): fitted on 10 to 82 examples of the four packs in three
orders, it held what 132 brought in 21 of 24 curves of the two baselines; the bootstrap alone held it in 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rootcause.errors import SettingsError
from rootcause.evaluate.paired import SIGNIFICANCE, mcnemar
from rootcause.evaluate.score import Score
from rootcause.fewshot.select import ShotKind, Shots, interleaved
from rootcause.models import Frozen, Pack
from rootcause.store import key_of

NEXT = 50
LEAST = 5  # examples: fewer have too few causes for a classifier to be trained
_DRAWS = 2000
_RATES = np.geomspace(0.05, 3.0, 60)  # of the law's exponent c
_FITTED = 3  # points with examples that a law of three numbers needs at least

Floats = NDArray[np.float64]


class Point(Frozen):
    """The score at a number of examples."""

    examples: int
    score: Score


class Forecast(Frozen):
    """What the next examples would add to the accuracy: expected, and between low and high with 95 % on these cases."""

    start: int
    stop: int
    gain: float
    low: float
    high: float


class Curve(Frozen):
    """points: by number of examples. flat_from: the fewest examples from which no larger part is told apart; None where
    only the last point is left. forecast None: too few points to tell."""

    points: tuple[Point, ...]
    flat_from: int | None
    forecast: Forecast | None


def sizes(wanted: Sequence[int], pack: Pack) -> tuple[int, ...]:
    """The points that can be drawn: those wanted, none larger than the pack. Raises SettingsError."""
    for size in wanted:
        if size != 0 and size < LEAST:
            raise SettingsError(f"--points {size} is too few to learn from; a point is 0 or at least {LEAST} examples")
    return tuple(sorted({min(size, len(pack.examples)) for size in wanted}))


def require_growing(shots: Shots) -> None:
    """Raises SettingsError for a way of teaching that does not learn more from a larger pack."""
    if shots.kind is ShotKind.NONE or (shots.kind is ShotKind.ALL and shots.k):
        raise SettingsError(f"--shots {shots} is one point of a curve; name a way: all, nearest:8, hybrid:8 or contrast:3")


def notes(wanted: Sequence[int], pack: Pack, points: Sequence[Point]) -> tuple[str, ...]:
    """What the reader of the curve must know."""
    size = len(pack.examples)
    told = [f"the pack has {size} examples, so the point {want} is drawn there" for want in sorted(set(wanted)) if want > size]
    told += [f"{point.examples} examples: {note}" for point in points for note in point.score.notes]
    return tuple(told)


def part(pack: Pack, size: int, seed: int) -> Pack:
    """The pack as if it had only the first `size` examples of the fixed order."""
    if size >= len(pack.examples):
        return pack
    examples = interleaved(pack.examples, seed)[:size]
    sha256 = key_of({"pack": pack.sha256, "examples": [example.id for example in examples]})
    return pack.model_copy(update={"examples": examples, "sha256": sha256})


def taught(pack: Pack, shots: Shots, size: int, seed: int, *, weak: bool) -> tuple[Pack, Shots]:
    """What teaches at one point: the pack's part and the way of showing it.

    Without examples every way is `none`, from the whole pack: of it such a prompt shows the company and the catalogue.
    `all` shows the first examples of the whole pack's order, so that a longer prompt begins with the shorter one and a
    provider's cache holds it; a weak model completes its chains from the pack too, so it gets the part.
    """
    if size == 0:
        return pack, Shots(kind=ShotKind.NONE)
    if shots.kind is ShotKind.ALL and not weak:
        return pack, Shots(kind=ShotKind.ALL, k=size if size < len(pack.examples) else 0)
    return part(pack, size, seed), shots


def curve(points: Sequence[Point], *, seed: int) -> Curve:
    """The points with what they say. All scores have the same cases in the same order."""
    ordered = tuple(sorted(points, key=lambda point: point.examples))
    return Curve(points=ordered, flat_from=_flat_from(ordered), forecast=_forecast(ordered, seed))


def _right(points: Sequence[Point]) -> NDArray[np.bool_]:
    """Shape (points, cases)."""
    return np.array([[case.right for case in point.score.cases] for point in points])


def _flat_from(points: Sequence[Point]) -> int | None:
    right = _right(points)
    for place, point in enumerate(points[:-1]):
        if not any(_better(right[place], later) for later in right[place + 1 :]):
            return point.examples
    return None


def _better(now: NDArray[np.bool_], later: NDArray[np.bool_]) -> bool:
    lost, won = int((now & ~later).sum()), int((~now & later).sum())
    return won > lost and mcnemar(lost, won) <= SIGNIFICANCE


def _forecast(points: Sequence[Point], seed: int) -> Forecast | None:
    known = [point for point in points if point.examples]
    if len(known) < _FITTED:
        return None
    right = _right(known).astype(float)
    examples = np.array([point.examples for point in known], dtype=float)
    start, stop = int(examples[-1]), int(examples[-1]) + NEXT
    chance = np.random.default_rng(seed)
    draws = chance.integers(right.shape[1], size=(_DRAWS, right.shape[1]))
    drawn = right[:, draws]
    gains = gain(examples, np.vstack([right.mean(axis=1), drawn.mean(axis=2).T]), start, stop)
    changed = (drawn[-1] != drawn[-2]).mean(axis=1)
    spread = np.sqrt(np.maximum(changed - gains[1:] ** 2, 0.0) / right.shape[1])
    seen = gains[1:] + spread * chance.standard_normal(_DRAWS)
    low, high = np.quantile(seen, (0.025, 0.975))
    return Forecast(start=start, stop=stop, gain=float(gains[0]), low=float(low), high=float(high))


def gain(examples: Floats, accuracies: Floats, start: int, stop: int) -> Floats:
    """What the fitted law says is won between two sizes. accuracies: one curve a row, shape (curves, points).

    For each exponent the law is linear in a and b, so the best pair is known; of the exponents the best fit is taken.
    """
    lowest = np.full(len(accuracies), np.inf)
    gains = np.zeros(len(accuracies))
    for rate in _RATES:
        x = examples**-rate
        centred = x - x.mean()
        b = np.maximum(0.0, -(accuracies @ centred) / (centred @ centred))
        a = accuracies.mean(axis=1) + b * x.mean()
        over = a > 1
        b = np.where(over, np.maximum(0.0, ((1 - accuracies) @ x) / (x @ x)), b)
        a = np.minimum(a, 1.0)
        error = ((accuracies - (a[:, None] - b[:, None] * x)) ** 2).sum(axis=1)
        better = error < lowest
        lowest = np.where(better, error, lowest)
        gains = np.where(better, b * (start**-rate - stop**-rate), gains)
    return gains
