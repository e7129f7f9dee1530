"""Which topic each complaint belongs to: its column's word, else the nearest labelled examples, else none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rootcause import embed
from rootcause.models import Complaint, Frozen, Pack

VOTERS = 5
READ = 400  # letters of each text that are compared: a topic shows early, and long texts take ten times as long
BELONGING = 0.75  # share of a file that must resemble the topics at hand, before any row of it is given one


class Placed(Frozen):
    """topics: of each complaint, by its id; note: what the user should know of how they were told."""

    topics: dict[str, str | None]
    note: str | None = None


def assign(complaints: Sequence[Complaint], packs: Mapping[str, Pack], *, whole_file: str | None, threshold: float) -> Placed:
    """Places each complaint: by the topic named for the whole file, by its column's word, or by the nearest examples.

    A word in the topic column that is no pack's id or title stays as a topic without examples, spelt as it is first.
    A row without a word belongs to the topic whose five nearest examples are most like it on average, if that reaches
    the threshold. In a file that names no known topic at all, three rows in four must do so: packs of other companies
    would explain a stray row with causes that are not this company's.
    """
    if whole_file is not None:
        return Placed(topics=dict.fromkeys((complaint.id for complaint in complaints), whole_file))
    names = {name.casefold(): topic for topic, pack in packs.items() for name in (topic, pack.topic.title)}
    found: dict[str, str | None] = {}
    open_ones: list[Complaint] = []
    for complaint in complaints:
        if complaint.topic:
            word = complaint.topic.strip()
            found[complaint.id] = names.setdefault(word.casefold(), word)
        else:
            open_ones.append(complaint)
    nearest = _nearest(open_ones, packs, threshold)
    placed = sum(topic is not None for topic in nearest)
    if open_ones and not set(found.values()) & set(packs) and placed < BELONGING * len(open_ones):
        found.update(dict.fromkeys((complaint.id for complaint in open_ones), None))
        likeness = f"only {placed} of {len(open_ones)} rows resemble a topic pack, so none was given a topic; "
        return Placed(topics=found, note=f"{likeness}name one for the whole file with --topic" if placed else None)
    found.update(zip((complaint.id for complaint in open_ones), nearest, strict=True))
    told = f"{placed} of {len(open_ones)} rows without a topic were placed by their nearest labelled examples"
    return Placed(topics=found, note=told if open_ones and packs else None)


def _nearest(complaints: Sequence[Complaint], packs: Mapping[str, Pack], threshold: float) -> list[str | None]:
    topics = sorted(topic for topic, pack in packs.items() if any(example.chains for example in pack.examples))
    if not topics or not complaints:
        return [None] * len(complaints)
    texts = embed.encode([complaint.text[:READ] for complaint in complaints])
    scores = np.empty((len(complaints), len(topics)), dtype=np.float32)
    for column, topic in enumerate(topics):
        examples = embed.encode([example.text[:READ] for example in packs[topic].examples if example.chains])
        similarity = np.sort(texts @ examples.T, axis=1)
        scores[:, column] = similarity[:, -VOTERS:].mean(axis=1)
    best = scores.argmax(axis=1)
    return [topics[place] if scores[row, place] >= threshold else None for row, place in enumerate(best)]
