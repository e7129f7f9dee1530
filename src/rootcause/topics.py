"""Which topic each complaint belongs to: its column's word, else the nearest labelled examples, else none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rootcause import embed
from rootcause.models import Complaint, Pack

VOTERS = 5
READ = 400  # letters of each text that are compared: a topic shows early, and long texts take ten times as long


def assign(
    complaints: Sequence[Complaint], packs: Mapping[str, Pack], *, whole_file: str | None, threshold: float
) -> dict[str, str | None]:
    """Topic of each complaint by its id.

    A word in the topic column that is no pack's id or title stays as a topic without examples, in the spelling it
    has first. Where the column
    is empty, the mean similarity to a topic's five nearest examples decides, if it reaches the threshold.
    """
    if whole_file is not None:
        return {complaint.id: whole_file for complaint in complaints}
    names = {name.casefold(): topic for topic, pack in packs.items() for name in (topic, pack.topic.title)}
    found: dict[str, str | None] = {}
    open_ones: list[Complaint] = []
    for complaint in complaints:
        if complaint.topic:
            word = complaint.topic.strip()
            found[complaint.id] = names.setdefault(word.casefold(), word)
        else:
            open_ones.append(complaint)
    found.update(zip((complaint.id for complaint in open_ones), _nearest(open_ones, packs, threshold), strict=True))
    return found


def _nearest(complaints: Sequence[Complaint], packs: Mapping[str, Pack], threshold: float) -> list[str | None]:
    if not packs or not complaints:
        return [None] * len(complaints)
    texts = embed.encode([complaint.text[:READ] for complaint in complaints])
    topics = sorted(packs)
    scores = np.empty((len(complaints), len(topics)), dtype=np.float32)
    for column, topic in enumerate(topics):
        examples = embed.encode([example.text[:READ] for example in packs[topic].examples if example.chains])
        similarity = np.sort(texts @ examples.T, axis=1)
        scores[:, column] = similarity[:, -VOTERS:].mean(axis=1)
    best = scores.argmax(axis=1)
    return [topics[place] if scores[row, place] >= threshold else None for row, place in enumerate(best)]
