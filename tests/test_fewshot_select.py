"""Which examples a prompt shows: every cause is taught early, the order is fixed, the nearest stands last."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import numpy as np
import pytest

from rootcause.errors import SettingsError
from rootcause.fewshot.select import HYBRID_PREFIX, ShotKind, Shots, contrasting, fitting, fixed_part, interleaved, nearest
from rootcause.models import Basis, Chain, Example, NothingReason, Pack, Step, Topic

STEPS = tuple(Step(cause=f"Step {i}.", basis=Basis.INFERRED, evidence=None, countermeasure=None) for i in range(3))


def example(number: int, cause: str | None) -> Example:
    chains = (Chain(steps=STEPS, cause=cause),) if cause else ()
    nothing = None if cause else NothingReason.PRAISE
    return Example(
        id=f"e-{number:03}", date=dt.date(2026, 1, 1), text=f"Text {number}", nothing_to_explain=nothing, chains=chains
    )


EXAMPLES = tuple(example(i, [*"aaaaabbcdd", None][i % 11]) for i in range(110))
PACK = Pack(
    topic=Topic(id="t", title="T", language="en", company="C", context="C.", teams=(), causes=()),
    examples=EXAMPLES,
    heldout=(),
    folder="t",
    sha256="0",
)


@pytest.mark.parametrize("text", ["all", "none", "nearest:8", "hybrid:12", "50", " ALL ", "Nearest:8"])
def test_shots_are_read_and_written(text: str) -> None:
    assert str(Shots.parse(text)) == text.strip().lower()


def test_zero_examples_are_none() -> None:
    assert Shots.parse("0") == Shots.parse("none") == Shots(kind=ShotKind.NONE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "some",
        "nearest",
        "nearest:",
        "nearest:0",
        "nearest:-1",
        "nearest:x",
        "all:5",
        "none:1",
        "5:5",
        "-5",
        "1.5",
        "²",
        "hybrid:²",
    ],
)
def test_other_shots_are_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(SettingsError, match="write all, nearest:8, hybrid:8, contrast:3, none, or a number"):
        Shots.parse(text)


def test_every_prefix_covers_the_labels_evenly() -> None:
    order = interleaved(EXAMPLES, 1)
    assert sorted(e.id for e in order) == sorted(e.id for e in EXAMPLES)
    labels = {e.label for e in EXAMPLES}
    assert {e.label for e in order[: len(labels)]} == labels
    counts = Counter(e.label for e in order[: 2 * len(labels)])
    assert set(counts.values()) == {2}


def test_the_order_depends_on_the_seed_alone() -> None:
    assert interleaved(tuple(reversed(EXAMPLES)), 1) == interleaved(EXAMPLES, 1)
    assert interleaved(EXAMPLES, 2) != interleaved(EXAMPLES, 1)
    assert interleaved((), 1) == ()


def test_fixed_part() -> None:
    order = interleaved(EXAMPLES, 3)
    assert fixed_part(PACK, Shots.parse("all"), 3) == order
    assert fixed_part(PACK, Shots.parse("10"), 3) == order[:10]
    assert fixed_part(PACK, Shots.parse("1000"), 3) == order
    assert fixed_part(PACK, Shots.parse("hybrid:8"), 3) == order[:HYBRID_PREFIX]
    assert fixed_part(PACK, Shots.parse("nearest:8"), 3) == fixed_part(PACK, Shots.parse("none"), 3) == ()


def test_the_nearest_come_first_and_ties_go_by_id() -> None:
    vectors = np.zeros((110, 2), dtype=np.float32)
    vectors[[7, 3, 50]] = [[0.9, 0], [0.5, 0], [0.5, 0]]
    found = nearest(PACK, vectors, np.array([1, 0], dtype=np.float32))
    assert [example.id for example in found[:3]] == ["e-007", "e-003", "e-050"]
    assert len(found) == 110


def test_contrasting_examples_end_with_the_nearest_of_the_likeliest_cause() -> None:
    labels = tuple(dict.fromkeys(example.label for example in EXAMPLES))[:2]
    shown = contrasting(EXAMPLES, labels, 2)
    assert [example.label for example in shown] == [labels[0], labels[1], labels[1], labels[0]]
    assert shown[-1] == next(example for example in EXAMPLES if example.label == labels[0])


def test_examples_that_fit() -> None:
    some = EXAMPLES[:4]
    assert fitting(some, 25, lambda _: 10, keep_last=False) == some[:2]
    assert fitting(some, 25, lambda _: 10, keep_last=True) == some[2:]
    assert fitting(some, 40, lambda _: 10, keep_last=True) == some
    assert fitting(some, -1, lambda _: 0, keep_last=True) == fitting((), 10, lambda _: 1, keep_last=False) == ()
