"""Which labelled examples a prompt shows, and in which order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rootcause.errors import SettingsError
from rootcause.fewshot.advise import label_of
from rootcause.models import Example, Frozen, Pack

Vectors = NDArray[np.float32]

HYBRID_PREFIX = 32
"""Examples in the fixed part of `hybrid:K`: two of each of the sixteen causes a catalogue holds at most."""


class ShotKind(StrEnum):
    ALL = "all"
    NEAREST = "nearest"
    HYBRID = "hybrid"
    CONTRAST = "contrast"
    NONE = "none"


_COUNTED = (ShotKind.NEAREST, ShotKind.HYBRID, ShotKind.CONTRAST)


class Shots(Frozen):
    """A way of teaching: `all`, `nearest:K`, `hybrid:K`, `contrast:M`, `none`, or a number N: the first N of the fixed order.

    `contrast:M` shows the two nearest examples of each cause in question, M at most, and only these can be answered.
    """

    kind: ShotKind
    k: int = 0

    def __str__(self) -> str:
        if self.kind in _COUNTED:
            return f"{self.kind}:{self.k}"
        return str(self.k) if self.k else str(self.kind)

    @classmethod
    def parse(cls, text: str) -> Shots:
        """Raises SettingsError for anything that is not one of these forms or a number."""
        kind, _, count = text.strip().lower().partition(":")
        if kind.isdecimal() and not count:
            return cls(kind=ShotKind.ALL, k=int(kind)) if int(kind) else cls(kind=ShotKind.NONE)
        if kind in (ShotKind.ALL, ShotKind.NONE) and not count:
            return cls(kind=ShotKind(kind))
        if kind in _COUNTED and count.isdecimal() and int(count) > 0:
            return cls(kind=ShotKind(kind), k=int(count))
        raise SettingsError(
            f"--shots '{text}' is not known; write all, nearest:8, hybrid:8, contrast:3, none, or a number of examples"
        )


def interleaved(examples: tuple[Example, ...], seed: int) -> tuple[Example, ...]:
    """All examples in one fixed order: each label's examples shuffled by the seed, labels taken in turn.

    Every prefix of it covers the causes as evenly as its length allows, so that a shorter set is still a fair one.
    """
    rng = random.Random(seed)
    groups: dict[str, list[Example]] = {}
    for example in sorted(examples, key=lambda e: e.id):
        groups.setdefault(example.label, []).append(example)
    for label in sorted(groups):
        rng.shuffle(groups[label])
    order: list[Example] = []
    while any(groups.values()):
        turn = [label for label in sorted(groups) if groups[label]]
        rng.shuffle(turn)
        order.extend(groups[label].pop() for label in turn)
    return tuple(order)


def fixed_part(pack: Pack, shots: Shots, seed: int) -> tuple[Example, ...]:
    """The examples that are the same for every complaint of the topic."""
    order = interleaved(pack.examples, seed)
    if shots.kind is ShotKind.ALL:
        return order[: shots.k] if shots.k else order
    return order[:HYBRID_PREFIX] if shots.kind is ShotKind.HYBRID else ()


def nearest(pack: Pack, vectors: Vectors, query: NDArray[np.float32]) -> tuple[Example, ...]:
    """The pack's examples, the most like the query first. vectors: unit rows, shape (examples, d); query: (d,)."""
    similarity = vectors @ query
    ranked = sorted(range(len(pack.examples)), key=lambda i: (-float(similarity[i]), pack.examples[i].id))
    return tuple(pack.examples[i] for i in ranked)


def contrasting(neighbours: Sequence[Example], labels: Sequence[str], each: int) -> tuple[Example, ...]:
    """The `each` nearest examples of every label, the likeliest label's nearest one last.

    The order turns round from one round of labels to the next (A B, B A): a small model goes on with any pattern
    it sees, and answers B after A B A B. neighbours: nearest first; labels: likeliest first.
    """
    groups = [[example for example in neighbours if label_of(example) == label][:each] for label in labels]
    shown: list[Example] = []
    for turn in reversed(range(each)):
        shown.extend(group[turn] for group in (groups if turn % 2 else reversed(groups)) if turn < len(group))
    return tuple(shown)


def fitting(
    examples: tuple[Example, ...], budget: int, cost: Callable[[Example], int], *, keep_last: bool
) -> tuple[Example, ...]:
    """As many examples as the token budget holds: from the front (fixed part) or from the end (nearest ones)."""
    chosen: list[Example] = []
    for example in reversed(examples) if keep_last else examples:
        budget -= cost(example)
        if budget < 0:
            break
        chosen.append(example)
    return tuple(reversed(chosen)) if keep_last else tuple(chosen)
