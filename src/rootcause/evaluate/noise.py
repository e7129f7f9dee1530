"""How much of a score is chance: the model's own, from one draw to the next, and that of the order of the examples.

The standard deviations are of the accuracies of several runs on the same cases, so the choice of cases adds nothing to
them. That between orders holds the model's own noise too; what the order adds is the root of the difference of the two
variances, 0 where the difference is negative (a variance component by moments: Searle, Casella, McCulloch, Variance
Components, 1992, ch. 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from rootcause.models import Frozen

Given = tuple[str | None, ...]
"""What every case was given in one run, in the cases' order."""


class Noise(Frozen):
    """repeats, orders: runs compared, the first one counted in both. mean: accuracy over all of them.

    repeats_sd, orders_sd: standard deviation of the accuracy between them, None for a single one. order_adds: what the
    order adds to the model's own noise, None where either is not known. repeats_changed, orders_changed: cases that
    were not given the same label each time.
    """

    repeats: int
    orders: int
    mean: float
    repeats_sd: float | None
    orders_sd: float | None
    order_adds: float | None
    repeats_changed: int
    orders_changed: int


def noise(truths: Sequence[str], first: Given, repeats: Sequence[Given], orders: Sequence[Given]) -> Noise:
    """From the first run, its repetitions (same order, other draw) and runs in other orders."""
    own, other = _sd(truths, (first, *repeats)), _sd(truths, (first, *orders))
    return Noise(
        repeats=1 + len(repeats),
        orders=1 + len(orders),
        mean=fmean(_accuracy(truths, run) for run in (first, *repeats, *orders)),
        repeats_sd=own,
        orders_sd=other,
        order_adds=None if own is None or other is None else math.sqrt(max(0.0, other**2 - own**2)),
        repeats_changed=_changed((first, *repeats)),
        orders_changed=_changed((first, *orders)),
    )


def _accuracy(truths: Sequence[str], run: Given) -> float:
    return sum(truth == given for truth, given in zip(truths, run, strict=True)) / len(truths)


def _sd(truths: Sequence[str], runs: Sequence[Given]) -> float | None:
    return stdev(_accuracy(truths, run) for run in runs) if len(runs) > 1 else None


def _changed(runs: Sequence[Given]) -> int:
    return sum(len(set(case)) > 1 for case in zip(*runs, strict=True))
