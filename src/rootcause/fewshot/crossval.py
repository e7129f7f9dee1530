"""What the advisor's classifier says of examples it has not seen, by cross-validation over a pack.

Fitting it a hundred times takes a second, since it is done in the space that the texts themselves span. A linear model
with a quadratic penalty depends on its features only through their inner products (the representer theorem: Schölkopf,
Herbrich and Smola 2001), so a hundred coordinates give the same probabilities as tens of thousands of letter runs. One
difference from the advisor remains: the weights of letter runs come from all texts, seen and unseen; labels never do.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rootcause.fewshot.advise import classifier, letter_runs

Floats = NDArray[np.float64]


def coordinates(texts: Sequence[str], vectors: NDArray[np.float32]) -> Floats:
    """One row a text, at most as many columns as texts, with the inner products of the advisor's features.

    vectors: the texts' embeddings, shape (texts, 512).
    """
    runs = letter_runs(len(texts)).fit_transform(texts)
    products = np.asarray((runs @ runs.T).todense(), dtype=np.float64) + (vectors @ vectors.T).astype(np.float64)
    values, directions = np.linalg.eigh(products)
    kept = values > 1e-9
    rows: Floats = directions[:, kept] * np.sqrt(values[kept])
    return rows


def parted(labels: Sequence[str], keys: Sequence[str], parts: int, seed: str) -> NDArray[np.intp]:
    """A part (0 to parts - 1) for each example: every label spread over the parts as evenly as can be.

    keys: the examples' ids, by which they are drawn, so that their order in the file does not matter.
    """
    chance = {key: random.Random(f"{seed}/{key}").random() for key in keys}
    order = sorted(range(len(keys)), key=lambda i: (labels[i], chance[keys[i]], keys[i]))
    found = np.empty(len(keys), dtype=np.intp)
    found[order] = np.arange(len(keys)) % parts
    return found


def probabilities(
    rows: Floats, labels: Sequence[str], seen: NDArray[np.bool_], unseen: NDArray[np.bool_]
) -> tuple[Floats, tuple[str, ...]]:
    """The probabilities of the unseen rows after learning from the seen ones, shape (unseen, classes), and the classes."""
    known = [label for label, is_seen in zip(labels, seen, strict=True) if is_seen]
    if len(set(known)) == 1:
        return np.ones((int(unseen.sum()), 1)), (known[0],)
    model = classifier().fit(rows[seen], known)
    return model.predict_proba(rows[unseen]), tuple(str(label) for label in model.classes_)
