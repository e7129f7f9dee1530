"""How many more labelled complaints are worth having: a rule that anybody can check.

1. Below 100 examples, up to 100: what practice asks for.
2. At least as many as bring every cause of the catalogue to four.
3. From 100 on, 25 at least, but none beyond 150, while they promise something: when of the next labels one in twenty would
   bring a cause not seen yet, or when the last 25 made a classifier right in two more cases of a hundred, and that is more
   than twice the standard error.

Causes not seen yet: the Good–Turing estimate (Good, Biometrika 1953), the number of labels seen once over the number of
labelled complaints, held-out ones among them, from 25 on. Complaints picked to be unlike each other show rare causes more
often than a random draw, so it errs high.

The learning curve: accuracy of the advisor's classifier on examples it has not seen (five parts, drawn six times), with all
the others to learn from and with 25 fewer of them. Such curves flatten, so the next 25 bring at most about as much as the
last 25 did; nothing is extrapolated beyond that. A model taught with the same examples may gain more or less.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np

from rootcause import embed
from rootcause.fewshot.advise import label_of
from rootcause.fewshot.check import MAX_EXAMPLES, MIN_EXAMPLES, MIN_PER_CAUSE
from rootcause.fewshot.crossval import Floats, coordinates, parted, probabilities
from rootcause.models import NEW_CAUSE, Example, Frozen, Pack

STEP = 25
WORTH_A_CAUSE = 0.05
WORTH_A_GAIN = 0.02
_PARTS, _DRAWS = 5, 6


class Worth(Frozen):
    """more: examples still worth labelling. thin: examples that each thin cause lacks, by id.

    unseen: estimated share of complaints whose cause no labelled one has; gain: what the last 25 examples added to a classifier's
    accuracy, error: its standard error over the draws; both None where there are too few examples to tell.
    """

    examples: int
    more: int
    thin: dict[str, int]
    unseen: float | None
    gain: float | None
    error: float | None


def worth(pack: Pack, seed: int = 0) -> Worth:
    count = len(pack.examples)
    shown = Counter(cause for example in pack.examples for cause in {chain.cause for chain in example.chains})
    thin = {cause.id: MIN_PER_CAUSE - shown[cause.id] for cause in pack.topic.causes if shown[cause.id] < MIN_PER_CAUSE}
    labels = Counter(label_of(example) for example in (*pack.examples, *pack.heldout))
    unseen = sum(size == 1 for size in labels.values()) / labels.total() if labels.total() >= STEP else None
    gain, error = _gain(pack.examples, seed)
    gained = gain is not None and error is not None and gain >= WORTH_A_GAIN and gain > 2 * error
    promising = gained or (unseen or 0.0) >= WORTH_A_CAUSE
    wanted = MIN_EXAMPLES - count if count < MIN_EXAMPLES else min(STEP, MAX_EXAMPLES - count) if promising else 0
    more = max(wanted, sum(thin.values()), 0)
    return Worth(examples=count, more=more, thin=thin, unseen=unseen, gain=gain, error=error)


def _gain(examples: Sequence[Example], seed: int) -> tuple[float | None, float | None]:
    """Mean and standard error of the accuracy that the last STEP examples added; None below three times as many."""
    known = sorted((e for e in examples if label_of(e) != NEW_CAUSE), key=lambda e: e.id)
    labels = [label_of(example) for example in known]
    if len(known) < 3 * STEP or len(set(labels)) < 2:
        return None, None
    texts = [example.text for example in known]
    rows = coordinates(texts, embed.encode(texts))
    ids = [example.id for example in known]
    gains = [_difference(rows, labels, ids, f"{seed}/{draw}") for draw in range(_DRAWS)]
    return float(np.mean(gains)), float(np.std(gains, ddof=1) / math.sqrt(_DRAWS))


def _difference(rows: Floats, labels: list[str], ids: list[str], seed: str) -> float:
    """Accuracy with all examples but one part, minus accuracy with STEP fewer of them."""
    part = parted(labels, ids, _PARTS, seed)
    right = np.zeros(2)
    for held in range(_PARTS):
        unseen = part == held
        seen = np.flatnonzero(~unseen)
        fewer = random.Random(f"{seed}/{held}").sample(seen.tolist(), len(seen) - STEP)
        truth = [label for label, is_held in zip(labels, unseen, strict=True) if is_held]
        for place, places in enumerate((seen.tolist(), fewer)):
            known = np.zeros(len(labels), dtype=np.bool_)
            known[places] = True
            found, classes = probabilities(rows, labels, known, unseen)
            right[place] += sum(classes[best] == label for best, label in zip(found.argmax(axis=1), truth, strict=True))
    return float((right[0] - right[1]) / len(labels))
