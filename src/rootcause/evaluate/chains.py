"""How far a model's chains agree with the labelled ones, step by step.

Two steps say the same when the cosine of their sentence embeddings reaches LIKE. The steps of two chains are matched in
order, as many as possible (the longest common subsequence of Wagner and Fischer, 1974, with likeness for
equality); chains are paired so that most steps match. Agreement of a case is F1: twice the matched steps over all steps of
both sides (Dice, 1945).

LIKE was chosen on the labelled chains of the four packs (2026-11-22): 56 % of the pairs of roots of one cause reach it,
worded for different complaints, 1 % of the pairs of roots of different causes, and 7 % of the pairs of different steps of
one chain. It was not held against people's judgement of which steps say the same. What the figure means is told by
two others, computed from the labels alone: what chains of the same cause agree, and what chains of other causes do.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.models import Answer, Chain, Example, Frozen

LIKE = 0.45

Floats = NDArray[np.float32]


class Agreement(Frozen):
    """Means over `cases`, the held-out cases that have a labelled chain; a case without a chain in its answer counts 0.

    f1: of the steps. roots: share of labelled chains whose root is matched by the root of the answer's chain. same_cause:
    F1 of other labelled chains of the case's main cause; other_cause: of labelled chains of other causes; None where
    there are none.
    """

    cases: int
    f1: float
    roots: float
    same_cause: float | None
    other_cause: float | None


def agreement(truths: Sequence[Example], answers: Sequence[Answer | None], labelled: Sequence[Example]) -> Agreement | None:
    """Of the answers with the labelled cases, in their order; None when no case has a chain. labelled: other examples."""
    pairs = [(truth, answer) for truth, answer in zip(truths, answers, strict=True) if truth.chains]
    if not pairs:
        return None
    vectors = _Vectors([*(truth for truth, _ in pairs), *(answer for _, answer in pairs if answer), *labelled])
    compared = [_compare(truth.chains, answer.chains if answer else (), vectors) for truth, answer in pairs]
    same: list[float] = []
    other: list[float] = []
    for truth, _ in pairs:
        for example in labelled:
            if example.chains and example.id != truth.id:
                alike = example.chains[0].cause == truth.chains[0].cause
                (same if alike else other).append(_compare(truth.chains[:1], example.chains[:1], vectors)[0])
    return Agreement(
        cases=len(pairs),
        f1=fmean(f1 for f1, _ in compared),
        roots=sum(roots for _, roots in compared) / sum(len(truth.chains) for truth, _ in pairs),
        same_cause=fmean(same) if same else None,
        other_cause=fmean(other) if other else None,
    )


def matched(alike: NDArray[np.bool_]) -> int:
    """The most steps that can be matched in order. alike: which step of one chain says the same as which of the other."""
    best = np.zeros((alike.shape[0] + 1, alike.shape[1] + 1), dtype=int)
    for i in range(alike.shape[0]):
        for j in range(alike.shape[1]):
            best[i + 1, j + 1] = max(best[i, j] + alike[i, j], best[i, j + 1], best[i + 1, j])
    return int(best[-1, -1])


class _Vectors:
    """Embeddings of all steps, computed in one go."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        steps = sorted({step.cause for answer in answers for chain in answer.chains for step in chain.steps})
        self._rows = dict(zip(steps, embed.encode(steps), strict=True))

    def alike(self, left: Chain, right: Chain) -> NDArray[np.bool_]:
        one, two = (np.array([self._rows[step.cause] for step in chain.steps]) for chain in (left, right))
        likeness: NDArray[np.bool_] = one @ two.T >= LIKE
        return likeness


def _compare(truth: Sequence[Chain], given: Sequence[Chain], vectors: _Vectors) -> tuple[float, int]:
    """F1 of the steps, and how many roots of the labelled chains are met."""
    from scipy.optimize import linear_sum_assignment

    if not given:
        return 0.0, 0
    alike = [[vectors.alike(one, two) for two in given] for one in truth]
    common = np.array([[matched(pair) for pair in row] for row in alike])
    rows, columns = linear_sum_assignment(common, maximize=True)
    steps = sum(len(chain.steps) for chain in (*truth, *given))
    roots = sum(bool(alike[i][j][-1, -1]) for i, j in zip(rows, columns, strict=True))
    return 2 * int(common[rows, columns].sum()) / steps, roots
