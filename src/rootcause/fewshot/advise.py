"""Which causes a complaint may have, by a classifier trained on the pack: candidates for the model to choose among.

Multinomial logistic regression with balanced classes over sentence embeddings and character n-grams together, with the
penalty's usual strength, which is the best one too (`benchmarks/strength.py`).
Measured on the four packs' held-out cases (40 each), the right cause is first in 68 %, among the first two in 84 %
and among the first three in 89 % (`python benchmarks/candidates.py`, 2026-11-23); a vote of the five nearest has it in 41 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rootcause.errors import PackError
from rootcause.models import NEW_CAUSE, Example, Pack

NOTHING = "nothing"
"""The label of a text with nothing to explain, whatever the reason."""

_GRAMS = (2, 5)
_FEW = 10  # texts; among fewer, a run of letters that only one has may be all there is


def label_of(example: Example) -> str:
    """What the example teaches: its first chain's cause, or NOTHING."""
    return example.chains[0].cause if example.chains else NOTHING


def teaches(pack: Pack) -> bool:
    """Whether any example names a cause of the catalogue, or nothing to explain."""
    return any(label_of(example) != NEW_CAUSE for example in pack.examples)


def letter_runs(texts: int) -> Any:
    """What counts the runs of letters of so many texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    least = 2 if texts >= _FEW else 1
    return TfidfVectorizer(analyzer="char_wb", ngram_range=_GRAMS, sublinear_tf=True, min_df=least)


def classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=3000, class_weight="balanced")


class Advisor:
    """Trained once on a pack's examples; those of no known cause teach it nothing. Raises PackError where none is left."""

    def __init__(self, examples: Sequence[Example], vectors: NDArray[np.float32]) -> None:
        from scipy.sparse import csr_matrix, hstack

        kept = [place for place, example in enumerate(examples) if label_of(example) != NEW_CAUSE]
        if not kept:
            raise PackError(
                "the topic has no labelled examples to learn from; 'rootcause fewshot draft' picks complaints to label"
            )
        labels = [label_of(examples[place]) for place in kept]
        self._grams = letter_runs(len(kept))
        grams = self._grams.fit_transform([examples[place].text for place in kept])
        self.labels: tuple[str, ...] = tuple(sorted(set(labels)))
        self._model = classifier()
        if len(self.labels) > 1:
            self._model.fit(hstack([csr_matrix(vectors[kept]), grams]).tocsr(), labels)

    def probabilities(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """How likely each text has each of `labels`, shape (texts, labels). vectors: the texts' embeddings."""
        from scipy.sparse import csr_matrix, hstack

        if len(self.labels) == 1:
            return np.ones((len(texts), 1))
        features = hstack([csr_matrix(vectors), self._grams.transform(texts)]).tocsr()
        found: NDArray[np.float64] = self._model.predict_proba(features)
        return found

    def candidates(self, text: str, vector: NDArray[np.float32], most: int, doubt: float) -> tuple[str, ...]:
        """The labels in question for a text, the likeliest first: one, or up to `most` where there is doubt.

        vector: the text's embedding, shape (512,); doubt: how likely, beside the likeliest (1), a label in question is at least.
        """
        probabilities = self.probabilities([text], vector[None, :])[0]
        order = sorted(range(len(probabilities)), key=lambda i: (-probabilities[i], self.labels[i]))
        doubtful = [i for i in order[:most] if probabilities[i] >= doubt * probabilities[order[0]]]
        return tuple(self.labels[i] for i in doubtful)
