"""The labelled examples whose label is most likely wrong, told by a classifier that has not seen them.

Every example is judged by a classifier of texts trained on the rest (ten parts, drawn three times, probabilities averaged),
and ranked by the normalised margin, the probability of the label it has less that of the likeliest other one: the lower, the
more doubtful (confident learning: Northcutt, Jiang and Chuang, JAIR 70, 2021). Measured with labels changed on purpose
(`benchmarks/doubts.py`): of 5 % changed ones, 74 % stand in the first tenth, where chance puts 10 %. Of as many first of the
list as were changed, 53 % are changed ones; ranked by the probability of the label alone, 48 %. Two in three of that tenth
are right even so: it is a list to read, not to obey.

Only the first cause of an example is judged, and its other causes are left out of account: the probabilities are those
among all labels but them. Not judged are examples whose first cause is 'new', which the classifier does not learn, and
those that are alone with their label. Held-out cases are left alone: who mends them until a classifier agrees measures
the classifier's own opinion.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from rootcause import embed
from rootcause.fewshot.advise import label_of
from rootcause.fewshot.crossval import coordinates, parted, probabilities
from rootcause.models import NEW_CAUSE, Example, Frozen, Pack

PARTS = 10
DRAWS = 3
FIRST = 0.1
"""Share of the judged examples that are worth reading first."""


class Doubt(Frozen):
    """One example's label, how likely it is, and the likeliest other one. Probabilities are fractions."""

    example: Example
    label: str
    confidence: float
    suggested: str
    likelier: float


def doubts(pack: Pack, seed: int = 0) -> tuple[Doubt, ...]:
    """Every example that can be judged, the most doubtful first; empty where there are not two labels to tell apart."""
    sizes = Counter(map(label_of, pack.examples))
    judged = sorted((e for e in pack.examples if sizes[label_of(e)] > 1 and label_of(e) != NEW_CAUSE), key=lambda e: e.id)
    labels = [label_of(example) for example in judged]
    classes = sorted(set(labels))
    if len(classes) < 2:
        return ()
    texts = [example.text for example in judged]
    rows = coordinates(texts, embed.encode(texts))
    mean = np.zeros((len(judged), len(classes)))
    parts = min(PARTS, len(judged))
    for draw in range(DRAWS):
        part = parted(labels, [example.id for example in judged], parts, f"{seed}/{draw}")
        for held in range(parts):
            found, known = probabilities(rows, labels, part != held, part == held)
            mean[np.ix_(part == held, [classes.index(label) for label in known])] += found / DRAWS
    told = [_doubt(example, dict(zip(classes, row.tolist(), strict=True))) for example, row in zip(judged, mean, strict=True)]
    return tuple(sorted(told, key=lambda doubt: (doubt.confidence - doubt.likelier, doubt.example.id)))


def _doubt(example: Example, likely: dict[str, float]) -> Doubt:
    label = label_of(example)
    besides = {chain.cause for chain in example.chains} - {label}
    left = sum(p for known, p in likely.items() if known not in besides)
    others = {other: p / left for other, p in likely.items() if other not in {label, *besides}}
    suggested = max(sorted(others), key=others.__getitem__, default=label)
    return Doubt(
        example=example, label=label, confidence=likely[label] / left, suggested=suggested, likelier=others.get(suggested, 0.0)
    )
