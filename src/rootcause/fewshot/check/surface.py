"""How far likeness of texts alone gives the causes away."""

from __future__ import annotations

import numpy as np

from rootcause import embed
from rootcause.fewshot.check.material import Floats
from rootcause.models import Example, Pack

_NEIGHBOURS = 5


def surface(pack: Pack) -> float:
    """How far the texts' surface gives the causes away: the share of examples whose label their neighbours vote for.

    Each example in turn is left out and the five others most like it vote, weighted by cosine. A high figure
    means that likeness of texts alone would do; it is no measure of the labels' quality.
    """
    examples = pack.examples
    if len(examples) < 2:
        return 0.0
    vectors = embed.encode([example.text for example in examples])
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    right = sum(_vote(similarity[i], examples) == example.label for i, example in enumerate(examples))
    return right / len(examples)


def _vote(similarity: Floats, examples: tuple[Example, ...]) -> str:
    nearest = np.argsort(-similarity, kind="stable")[: min(_NEIGHBOURS, len(examples) - 1)]
    votes: dict[str, float] = {}
    for place in nearest:
        label = examples[place].label
        votes[label] = votes.get(label, 0.0) + max(float(similarity[place]), 0.0)
    return max(votes, key=votes.__getitem__)  # of equal votes the nearest one's
