"""Which causes a complaint may have, by a classifier trained on the pack: candidates for the model to choose among.

Multinomial logistic regression with balanced classes over sentence embeddings and character n-grams together.
Measured on the four packs' held-out cases (40 each), the right cause is first in 77 %, among the first two in 90 %
and among the first three in 93 % (`python benchmarks/candidates.py`, 2026-11-22); a vote of the five nearest has it in 56 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rootcause.models import NEW_CAUSE, Example

NOTHING = "nothing"
"""The label of a text with nothing to explain, whatever the reason."""

_STRENGTH = 10.0  # of the fit: the inverse of the regularisation
_GRAMS = (2, 5)
_DOUBT = 0.5  # a label half as likely as the likeliest is in question: see benchmarks/candidates.py


def label_of(example: Example) -> str:
    """What the example teaches: its first chain's cause, or NOTHING."""
    return example.chains[0].cause if example.chains else NOTHING


class Advisor:
    """Trained once on a pack's examples; those of no known cause teach it nothing."""

    def __init__(self, examples: Sequence[Example], vectors: NDArray[np.float32]) -> None:
        from scipy.sparse import csr_matrix, hstack
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        kept = [place for place, example in enumerate(examples) if label_of(example) != NEW_CAUSE]
        self._grams: Any = TfidfVectorizer(analyzer="char_wb", ngram_range=_GRAMS, sublinear_tf=True, min_df=2)
        grams = self._grams.fit_transform([examples[place].text for place in kept])
        features = hstack([csr_matrix(vectors[kept]), grams]).tocsr()
        self._model: Any = LogisticRegression(C=_STRENGTH, max_iter=3000, class_weight="balanced")
        self._model.fit(features, [label_of(examples[place]) for place in kept])

    def candidates(self, text: str, vector: NDArray[np.float32], most: int) -> tuple[str, ...]:
        """The labels in question for a text, the likeliest first: one, or up to `most` where there is doubt.

        vector: the text's embedding, shape (512,).
        """
        from scipy.sparse import csr_matrix, hstack

        features = hstack([csr_matrix(vector[None, :]), self._grams.transform([text])]).tocsr()
        probabilities = self._model.predict_proba(features)[0]
        order = sorted(range(len(probabilities)), key=lambda i: (-probabilities[i], self._model.classes_[i]))
        doubtful = [i for i in order[:most] if probabilities[i] >= _DOUBT * probabilities[order[0]]]
        return tuple(str(self._model.classes_[i]) for i in doubtful)
