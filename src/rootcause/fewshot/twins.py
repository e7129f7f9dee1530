"""Texts that are nearly the same: told by their meaning, by their words, or by one lying in the other.

Any of the three measures is enough. Among all pairs of different texts in the four packs the cosine is at most 0.69, the
Jaccard overlap of 5-word runs at most 0.03, and the share of the shorter text's runs that the longer one has at most
0.06. Found by them: exact copies (1 and 1), copies with every number changed (Jaccard 1, as numbers are folded), copies
of the first 60 % (median Jaccard 0.57), a copy without one word in seven (median cosine 0.96, Jaccard 0.32; all 528
found), eight light paraphrases written by hand (cosine 0.86 to 0.98, Jaccard 0 to 0.13: here it is the cosine that
finds them), and a short text inside a long one (by its runs).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rootcause.text import fold, runs

SAME_COSINE = 0.78
SAME_RUNS = 0.15
INSIDE = 0.5
_RUN = 5
_ENOUGH = 10  # runs in common before one text can be called a part of the other

Grams = frozenset[tuple[str, ...]]


def twins(texts: Sequence[str], vectors: NDArray[np.float32]) -> tuple[tuple[int, int], ...]:
    """Places of each two texts that are nearly the same, the earlier first. vectors: unit rows, shape (texts, d)."""
    grams = [runs(fold(text), _RUN) for text in texts]  # folded: other sums and dates do not make another text
    similarity = vectors @ vectors.T
    return tuple(
        (i, j)
        for i, j in combinations(range(len(texts)), 2)
        if similarity[i, j] >= SAME_COSINE or _same_words(grams[i], grams[j])
    )


def _same_words(left: Grams, right: Grams) -> bool:
    shared = len(left & right)
    if not shared:
        return False
    inside = shared >= _ENOUGH and shared >= INSIDE * min(len(left), len(right))
    return inside or shared >= SAME_RUNS * (len(left) + len(right) - shared)
