"""What costs nothing and a model must beat: a vote of the nearest examples, and a classifier of known causes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.evaluate.score import Score, Scored
from rootcause.fewshot.advise import Advisor, label_of
from rootcause.models import Example, Pack

VOTERS = 5

Vectors = Mapping[str, NDArray[np.float32]]
"""Embeddings by text."""


def vectors_of(pack: Pack) -> Vectors:
    """Of the pack's examples and held-out cases, for baselines on several parts of it."""
    texts = [example.text for example in (*pack.examples, *pack.heldout)]
    return dict(zip(texts, embed.encode(texts), strict=True))


def of_vote(pack: Pack, known: Vectors | None = None) -> Score:
    """The label with the greatest summed similarity among the five nearest examples. known: `vectors_of` the whole pack."""
    vectors, queries = _rows(pack, known)
    labels = [label_of(example) for example in pack.examples]
    given = []
    for query in queries:
        similarity = vectors @ query
        votes: dict[str, float] = {}
        for place in np.argsort(-similarity, kind="stable")[:VOTERS]:
            votes[labels[place]] = votes.get(labels[place], 0.0) + float(similarity[place])
        given.append(max(votes, key=lambda label: (votes[label], label)))
    return _score("vote of the five nearest", pack.heldout, given)


def of_classifier(pack: Pack, known: Vectors | None = None) -> Score:
    """The advisor's first choice: logistic regression over embeddings and character n-grams. It knows no new cause."""
    vectors, queries = _rows(pack, known)
    with small_sets():
        advisor = Advisor(pack.examples, vectors)
    likely = advisor.probabilities([case.text for case in pack.heldout], queries).argmax(axis=1)
    return _score("logistic regression", pack.heldout, [advisor.labels[place] for place in likely])


@contextmanager
def small_sets() -> Iterator[None]:
    """Without scikit-learn's warning that many classes for few texts may be numbers: they are causes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
        yield


def _rows(pack: Pack, known: Vectors | None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    vectors = known or vectors_of(pack)
    examples, cases = ([vectors[example.text] for example in part] for part in (pack.examples, pack.heldout))
    return np.array(examples), np.array(cases)


def _score(name: str, cases: Sequence[Example], given: Sequence[str]) -> Score:
    scored = (Scored(id=case.id, truth=label_of(case), given=label) for case, label in zip(cases, given, strict=True))
    return Score(name=name, cases=tuple(scored))
