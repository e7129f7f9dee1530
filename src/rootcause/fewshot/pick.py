"""Which complaints are worth labelling next.

Greedy k-centre: each time the complaint least like all that is labelled or picked (Sener and Savarese, ICLR 2018), its
distance weighted by how dense the complaints lie around it, so that a cause is preferred to an oddity, and by how unsure the
advisor is of its cause, once there are labels to learn from (information density: Settles and Craven, EMNLP 2008).
Distance is one minus cosine; density is the mean cosine of the five nearest others.

Measured on the four packs (`benchmarks/picking.py`): a classifier that learns from 50 complaints picked so is right in 49 % of
the other texts, from 50 at random in 48 %; from the first 25 in 39 %, from 25 at random in 33 %.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rootcause.fewshot.twins import SAME_COSINE

_AROUND = 5

Vectors = NDArray[np.float32]


def pick(pool: Vectors, known: Vectors, count: int, unsure: NDArray[np.float64] | None = None) -> tuple[int, ...]:
    """Places of at most `count` rows of the pool, the most telling first; never two that are nearly the same.

    pool, known: unit rows, shape (n, d); known ones are covered already. unsure: of each row of the pool, 0 to 1.
    """
    likeness = np.clip(pool @ pool.T, 0.0, 1.0).astype(np.float64)
    np.fill_diagonal(likeness, 0.0)
    weight = np.sort(likeness, axis=1)[:, -_AROUND:].mean(axis=1)
    if unsure is not None:
        weight = weight * unsure
    nearest = (pool @ known.T).max(axis=1).astype(np.float64) if len(known) else np.zeros(len(pool))
    picked: list[int] = []
    while len(picked) < count:
        open_ = nearest < SAME_COSINE
        open_[picked] = False
        if not open_.any():
            break
        place = int(np.argmax(np.where(open_, (1 - nearest) * weight, -1.0)))
        picked.append(place)
        nearest = np.maximum(nearest, likeness[place])
    return tuple(picked)


def unsureness(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy of each row of probabilities as a share of the most there can be, 0 to 1. shape (n, labels)."""
    labels = probabilities.shape[1]
    if labels < 2:
        return np.ones(len(probabilities))
    logs = np.log(np.maximum(probabilities, 1e-12))
    found: NDArray[np.float64] = -(probabilities * logs).sum(axis=1) / np.log(labels)
    return found
