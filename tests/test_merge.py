"""Merging: the same result in any order, known causes stay known, the model asked only where it is open."""

from __future__ import annotations

import asyncio
import random
import resource
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from rootcause import embed, merge
from rootcause.merge import Judge, Namer, linked, medoid
from rootcause.models import Answer, Basis, CatalogueCause, Cause, Chain, Complaint, Effort, Outcome, Step, Team, Topic

ROOTS = (
    "Refunds above thirty pounds wait for a weekly session of finance.",
    "Finance approves larger refunds only once a week.",
    "Large refunds are approved by finance in one weekly meeting.",
    "The masked phone number stops working when the slot ends.",
    "Couriers' masked number expires at the end of the slot.",
    "Frozen goods are loaded into the van at one o'clock.",
)
TOPIC = Topic(
    id="delivery",
    title="Delivery",
    language="en",
    company="Quernel",
    context="Quernel delivers.",
    teams=(Team(id="t", name="Team"),),
    causes=(
        CatalogueCause(
            id="known", name="Known cause.", team="t", countermeasure="Change it.", effort=Effort.S, controllable=True
        ),
    ),
)


def outcome(row: int, *roots: tuple[str, str], topic: str | None = "delivery", rows: int = 1) -> Outcome:
    chains = tuple(
        Chain(
            steps=tuple(Step(cause=c, basis=Basis.INFERRED, evidence=None, countermeasure=None) for c in ("Symptom.", root)),
            cause=cause,
        )
        for root, cause in roots
    )
    complaints = tuple(Complaint(row=row + i, line=row + i, id=f"r{row + i:03}", text="text") for i in range(rows))
    return Outcome(topic=topic, rows=complaints, answer=Answer(nothing_to_explain=None, chains=chains), failure=None, attempts=1)


def merged(outcomes: Sequence[Outcome], judge: Judge | None = None, namer: Namer | None = None) -> tuple[Cause, ...]:
    return asyncio.run(merge.merge(outcomes, {"delivery": TOPIC}, judge=judge, namer=namer))


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch) -> dict[str, NDArray[np.float32]]:
    """Sentences stand where a test puts them, elsewhere far from everything."""
    places: dict[str, NDArray[np.float32]] = {}

    def encode(texts: list[str]) -> NDArray[np.float32]:
        for text in texts:
            if text not in places:
                places[text] = np.eye(32, dtype=np.float32)[31 - len(places)]
        return np.stack([places[text] for text in texts])

    monkeypatch.setattr(embed, "encode", encode)
    return places


def at(degrees: float) -> NDArray[np.float32]:
    vector = np.zeros(32, dtype=np.float32)
    vector[:2] = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return vector


def angle(similarity: float) -> float:
    return float(np.degrees(np.arccos(similarity)))


SURE, UNSURE = angle(merge.SAME + 0.1), angle((merge.SAME + merge.OPEN) / 2)


def test_equal_causes_come_together_and_others_stay_apart() -> None:
    causes = merged([outcome(i, (root, "new")) for i, root in enumerate(ROOTS)])
    assert sorted(len(cause.chains) for cause in causes) == [1, 2, 3]
    assert all(cause.new and cause.topic == "delivery" and cause.controllable and cause.team is None for cause in causes)


def test_the_order_of_the_outcomes_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    encode = cache(lambda texts, original=embed.encode: original(list(texts)))
    monkeypatch.setattr(embed, "encode", lambda texts: encode(tuple(texts)))
    outcomes = [outcome(i, (root, "new"), (ROOTS[0], "known")) for i, root in enumerate(ROOTS)]
    outcomes += [outcome(20 + i, (root, "external")) for i, root in enumerate(ROOTS[:4])] + [
        outcome(40, (ROOTS[1].upper(), "new"), topic=None)
    ]
    expected = merged(outcomes)
    for seed in range(20):
        mixed = list(outcomes)
        random.Random(seed).shuffle(mixed)
        assert merged(mixed) == expected


def test_known_new_and_external_causes() -> None:
    outcomes = [
        outcome(1, ("Anything.", "known")),
        outcome(2, ("Anything else.", "known"), (ROOTS[0], "new")),
        outcome(3, (ROOTS[0], "new")),
        outcome(4, (ROOTS[1], "external")),
    ]
    known, *rest = merged(outcomes)
    assert (known.id, known.name, known.team, known.new, known.residue, len(known.chains)) == (
        "delivery/known",
        "Known cause.",
        "t",
        False,
        False,
        2,
    )
    assert {cause.controllable: (len(cause.chains), cause.residue) for cause in rest} == {True: (2, False), False: (1, True)}


def test_one_complaint_alone_is_residue_and_failures_are_nothing() -> None:
    (cause,) = merged([outcome(1, (ROOTS[0], "new"), (ROOTS[1], "new"))])
    assert cause.residue
    assert merged([]) == ()


def test_ids_are_stable_and_differ() -> None:
    first = merged([outcome(1, (ROOTS[0], "new")), outcome(2, (ROOTS[5], "new"))])
    second = merged([outcome(7, (ROOTS[5], "new"), (ROOTS[3], "new")), outcome(8, (ROOTS[0], "new"))])
    assert {cause.id for cause in first} < {cause.id for cause in second}
    assert len({cause.id for cause in second}) == 3
    assert all(cause.id.startswith("delivery/new-") and cause.id.isascii() for cause in second)
    (russian,) = merged([outcome(1, ("Лимит режут без сообщения.", "new"), topic=None)])
    assert russian.id.startswith("no-topic/new-")
    assert russian.id.isascii()


def test_topics_are_not_mixed() -> None:
    assert len(merged([outcome(1, (ROOTS[0], "new")), outcome(2, (ROOTS[0], "new"), topic=None)])) == 2


def test_the_judge_is_asked_only_about_open_pairs(vectors: dict[str, NDArray[np.float32]]) -> None:
    vectors.update({"Aa a.": at(0), "Bb b.": at(SURE), "Cc c.": at(UNSURE + 180)})
    vectors["Dd d."] = -vectors["Cc c."]
    asked: list[tuple[str, str]] = []

    async def judge(left: str, right: str, topic: str | None) -> bool:
        asked.append((left, right))
        return False

    causes = merged([outcome(i, (root, "new")) for i, root in enumerate(["Aa a.", "Bb b.", "Cc c."])], judge)
    assert sorted(len(cause.chains) for cause in causes) == [1, 2]
    assert asked == []
    vectors.update({"Ee e.": at(90), "Ff f.": at(90 + UNSURE)})
    causes = merged([outcome(i, (root, "new")) for i, root in enumerate(["Ee e.", "Ff f.", "Far."])], judge)
    assert len(causes) == 3
    assert asked == [("Ee e.", "Ff f.")]


def test_the_judge_joins_and_refusals_are_remembered(vectors: dict[str, NDArray[np.float32]]) -> None:
    names = ["Sa.", "Sb.", "Sc.", "Sd."]
    vectors.update({name: at(UNSURE * i) for i, name in enumerate(names)})
    asked: list[tuple[str, str]] = []

    async def judge(left: str, right: str, topic: str | None) -> bool:
        assert topic == "delivery"
        asked.append((left, right))
        return {left, right} == {"Sa.", "Sb."}

    causes = merged([outcome(i, (name, "new")) for i, name in enumerate(names)], judge)
    assert sorted(len(cause.chains) for cause in causes) == [1, 1, 2]
    assert len(asked) == len(set(asked))


def test_the_judge_is_asked_a_bounded_number_of_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(300, 8)).astype(np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    monkeypatch.setattr(embed, "encode", lambda texts: np.stack([table[int(text.split()[1].rstrip("x"))] for text in texts]))
    letters = "abcdefghij"
    roots = [f"r {i} " + "".join(letters[int(digit)] for digit in str(i)) for i in range(300)]
    asked = 0

    async def judge(left: str, right: str, topic: str | None) -> bool:
        nonlocal asked
        asked += 1
        return asked % 3 == 0

    causes = merged([outcome(i, (root, "new")) for i, root in enumerate(roots)], judge)
    assert 0 < asked <= 60
    assert sum(len(cause.chains) for cause in causes) == 300


def test_only_clusters_of_two_and_more_are_named() -> None:
    named: list[tuple[str, ...]] = []

    async def namer(sentences: tuple[str, ...]) -> str:
        named.append(sentences)
        return "A name"

    outcomes = [outcome(i, (root, "new")) for i, root in enumerate((ROOTS[0], ROOTS[1], ROOTS[5]))] + [
        outcome(9, (ROOTS[5], "new"))
    ]
    causes = merged(outcomes, namer=namer)
    assert {cause.name for cause in causes} == {"A name", ROOTS[5]}
    assert named == [tuple(sorted(ROOTS[:2]))]


def unit(points: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


def check_partition(clusters: list[list[int]], n: int) -> None:
    assert sorted(place for cluster in clusters for place in cluster) == list(range(n))
    assert clusters == sorted(sorted(cluster) for cluster in clusters)


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.9, 1.01])
def test_no_two_clusters_are_left_that_are_alike(threshold: float) -> None:
    rng = np.random.default_rng(3)
    points = unit(np.repeat(rng.normal(size=(12, 16)), 40, axis=0) + 0.4 * rng.normal(size=(480, 16)))
    clusters = linked(points, threshold)
    check_partition(clusters, 480)
    means = np.stack([points[cluster].mean(axis=0) for cluster in clusters])
    similarity = means @ means.T
    np.fill_diagonal(similarity, 0)
    assert similarity.max() < threshold


def test_two_dense_heaps_come_together_although_no_neighbour_links_them() -> None:
    rng = np.random.default_rng(5)
    heaps = unit(np.repeat(np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0]]), 60, axis=0) + 0.001 * rng.normal(size=(120, 3)))
    assert linked(heaps, 0.7) == [list(range(120))]
    assert len(linked(heaps, 0.9)) == 2


def test_a_giant_block_is_parted_and_joined_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    points = unit(np.repeat(rng.normal(size=(5, 24)), 60, axis=0) + 0.15 * rng.normal(size=(300, 24)))
    whole = linked(points, 0.5)
    monkeypatch.setattr(merge, "_LARGEST", 50)
    parted = linked(points, 0.5)
    check_partition(parted, 300)
    assert parted == whole
    assert linked(np.repeat(points[:1], 200, axis=0), 0.5) == [list(range(200))], "equal points cannot be parted by similarity"


def test_many_points_stay_within_memory() -> None:
    rng = np.random.default_rng(6)
    points = unit(np.repeat(rng.normal(size=(200, 32)), 30, axis=0) + 0.3 * rng.normal(size=(6000, 32)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check_partition(linked(points, 0.36), 6000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000, "kilobytes"


def test_few_points() -> None:
    assert linked(np.zeros((0, 512), dtype=np.float32), 0.5) == []
    assert linked(unit(np.ones((1, 4))), 0.5) == [[0]]
    assert linked(unit(np.ones((2, 4))), 0.5) == [[0, 1]]


def test_the_medoid_is_the_middle_one() -> None:
    assert medoid(np.stack([at(0), at(40), at(10), at(90)]), [0, 1, 2]) == 2


def test_one_text_that_many_send_is_no_lone_complaint(vectors: dict[str, NDArray[np.float32]]) -> None:
    vectors |= {"The app does not start.": at(0), "The queue is long.": at(90)}
    many, one = outcome(1, ("The app does not start.", "new"), rows=60), outcome(100, ("The queue is long.", "new"))
    assert {cause.name: cause.residue for cause in merged([many, one])} == {
        "The app does not start.": False, "The queue is long.": True,
    }  # fmt: skip
