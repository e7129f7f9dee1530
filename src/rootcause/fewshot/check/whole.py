"""Rules of the whole set: its size, its shares, its lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
from numpy.typing import NDArray

from rootcause.fewshot.check.finding import Finding
from rootcause.fewshot.check.material import Material
from rootcause.fewshot.load import EXAMPLES_FILE, HELDOUT_FILE

MIN_EXAMPLES, MAX_EXAMPLES = 100, 150
"""What practice asks for, per topic: fewer do not show the causes, more do not fit a prompt and no longer help."""
MIN_HELDOUT = 30  # below this the 95 % interval of an accuracy is wider than ± 18 points
TOP_SHARE = (0.35, 0.65)  # of the three largest causes; complaints crowd on a few causes, yet not on these alone
MEDIAN_LENGTH = 250  # characters
LONG_TEXT, LONG_SHARE = 700, 1 / 6

# Held-out shares: total variation distance, not chi-square, whose approximation fails where most causes expect one or two
# texts. It is compared with random splits of the same texts: with 132 and 40 of them, chance alone gives a
# median of 0.28 and passes 0.42 once in a hundred; the four packs lie at 0.06 to 0.10.
SHIFT_CHANCE = 0.01
_SPLITS = 999


def _sizes(material: Material) -> Iterator[Finding]:
    count, held = len(material.pack.examples), len(material.pack.heldout)
    if not MIN_EXAMPLES <= count <= MAX_EXAMPLES:
        message = f"The pack has {count} examples; a finished one has {MIN_EXAMPLES} to {MAX_EXAMPLES}."
        remedy = (
            "Label more complaints: 'rootcause fewshot draft' picks them."
            if count < MIN_EXAMPLES
            else "Move the examples that teach least to the held-out cases."
        )
        beyond = material.pack.examples[MAX_EXAMPLES] if count > MAX_EXAMPLES else None
        yield material.in_set("set-size", "error", EXAMPLES_FILE, message, remedy, first=beyond)
    if held < MIN_HELDOUT:
        message = f"The pack has {held} held-out cases, too few to measure with; {MIN_HELDOUT} are the least."
        yield material.in_set(
            "heldout-size", "warning", HELDOUT_FILE, message, "Label more, then let 'rootcause fewshot split' keep some out."
        )


def _top_share(material: Material) -> Iterator[Finding]:
    known = {cause.id for cause in material.pack.topic.causes}
    labels = Counter(example.label for example in material.pack.examples if example.label in known)
    if not labels:
        return
    share = sum(count for _, count in labels.most_common(3)) / len(material.pack.examples)
    low, high = TOP_SHARE
    if not low <= share <= high:
        message = f"The three largest causes have {share:.0%} of the examples, outside {low:.0%} to {high:.0%}."
        remedy = "Let the examples' shares follow those of a representative sample."
        yield material.in_set("top-share", "warning", EXAMPLES_FILE, message, remedy)


def _shift(material: Material) -> Iterator[Finding]:
    count, held = len(material.pack.examples), len(material.pack.heldout)
    if not count or not held:
        return
    _, labels = np.unique([case.example.label for case in material.cases], return_inverse=True)
    distance = _variation(labels, count)
    rng = np.random.default_rng(0)
    as_far = sum(_variation(rng.permutation(labels), count) >= distance - 1e-12 for _ in range(_SPLITS))
    if (as_far + 1) / (_SPLITS + 1) < SHIFT_CHANCE:
        message = (
            f"The held-out causes are shared out unlike the examples' (total variation {distance:.2f}); "
            "a random split differs as much in fewer than one of a hundred cases."
        )
        yield material.in_set("heldout-shift", "warning", HELDOUT_FILE, message, "Draw both sets from the same sample.")


def _variation(labels: NDArray[np.intp], count: int) -> float:
    """Total variation distance between the shares of the first `count` labels and those of the rest."""
    size = int(labels.max()) + 1
    head, tail = np.bincount(labels[:count], minlength=size), np.bincount(labels[count:], minlength=size)
    return float(np.abs(head / count - tail / (len(labels) - count)).sum() / 2)


def _lengths(material: Material) -> Iterator[Finding]:
    lengths = [len(example.text) for example in material.pack.examples]
    if not lengths:
        return
    middle = median(lengths)
    if middle < MEDIAN_LENGTH:
        message = f"The median text has {middle:.0f} characters, fewer than {MEDIAN_LENGTH}: too short to hold the whys."
        yield material.in_set("short-texts", "warning", EXAMPLES_FILE, message, "Add complaints that tell what happened.")
    long = sum(length > LONG_TEXT for length in lengths)
    if long < LONG_SHARE * len(lengths):
        message = f"Only {long} of {len(lengths)} texts have more than {LONG_TEXT} characters, fewer than one in six."
        yield material.in_set("few-long-texts", "warning", EXAMPLES_FILE, message, "Add long ones: they hold several problems.")


RULES: tuple[Callable[[Material], Iterator[Finding]], ...] = (_sizes, _top_share, _shift, _lengths)
