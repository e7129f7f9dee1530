"""What people rely on in the cause map: nothing is lost or counted twice, no circles, the same map in any order of rows."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Sequence
from graphlib import CycleError

import pytest

from rootcause.estimate import shares
from rootcause.findings import causemap
from rootcause.findings.causemap import cause_map
from rootcause.findings.circles import depths, opened
from rootcause.findings.observe import observe
from rootcause.findings.values import CauseMap, MapNode
from rootcause.ingest.frame import frame_of
from rootcause.merge import merge
from rootcause.models import (
    Answer,
    Basis,
    CatalogueCause,
    Chain,
    Columns,
    Complaint,
    CostReport,
    Effort,
    ModelInfo,
    NothingReason,
    Outcome,
    RunReport,
    Sample,
    Step,
    Stratum,
    Team,
    Topic,
    TopicUse,
    Usage,
)
from rootcause.rank import rank

ROOTS = {
    "promise": "Checkout never works the promised day out again at payment.",
    "address": "Repeat orders use the first address card.",
    "stock": "The stock shown in the app is counted once a night.",
}
ROUTINE = {"promise": "Work the day out again.", "address": "Show the address before paying.", "stock": "Count every hour."}

LATE, PROMISED, CUTOFF = "The order came late.", "The page promised Tuesday.", "Payment came after the cut-off."
WRONG, OLD, EMPTY = "The parcel went to a stranger.", "The label bore the old address.", "The shelf was empty at picking."


def topic(topic_id: str, language: str = "en") -> Topic:
    return Topic(
        id=topic_id,
        title=topic_id.title(),
        language=language,
        company="Quernel",
        context="Deliveries.",
        teams=(Team(id="checkout", name="Checkout"),),
        causes=tuple(
            CatalogueCause(
                id=cause, name=name, team="checkout", countermeasure=ROUTINE[cause], effort=Effort.M, controllable=True
            )
            for cause, name in ROOTS.items()
        ),
    )


def step(text: str, change: str | None = None) -> Step:
    return Step(cause=text, basis=Basis.INFERRED, evidence=None, countermeasure=change)


def quoted(words: str) -> Step:
    return Step(cause=f"The customer says: “{words}”", basis=Basis.STATED, evidence=words, countermeasure=None)


def chain(cause: str, *steps: str | Step) -> Chain:
    told = [step(one) if isinstance(one, str) else one for one in steps]
    return Chain(steps=(*told, step(ROOTS[cause])), cause=cause)


def run_of(
    answers: Sequence[tuple[str, Sequence[Chain]]], *, topics: Sequence[str] = ("delivery",), times: int = 3, copies: int = 1
) -> RunReport:
    """A run with one outcome for each (topic, chains), `copies` rows each; every topic holds `times` as many rows as sampled."""
    outcomes, rows = [], []
    for number, (topic_id, chains) in enumerate(answers):
        own = tuple(
            Complaint(row=n, line=n + 1, id=f"R{n:04}", text=f"text {number}", topic=topic_id)
            for n in range(number * copies + 1, (number + 1) * copies + 1)
        )
        rows.extend(own)
        answer = Answer(chains=tuple(chains), nothing_to_explain=None if chains else NothingReason.PRAISE)
        outcomes.append(Outcome(topic=topic_id, rows=own, answer=answer, failure=None, attempts=1))
    strata = []
    for place, one in enumerate(topics, 1):
        sampled = sum(row.topic == one for row in rows)
        strata.append(Stratum(topic=one, population=sampled * times * place, sampled=sampled))
    sample = Sample(seed=1, strata=tuple(strata), complaints=tuple(rows), margin=0.05)
    causes = asyncio.run(merge(outcomes, {one: topic(one) for one in topics}, judge=None, namer=None))
    return RunReport(
        run_id="7f3a",
        started=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        version="0.1.0",
        source="complaints.csv",
        language="en",
        model=ModelInfo(name="local", endpoint="local", local=True),
        columns=Columns(text="text"),
        topics=tuple(TopicUse(topic=one, title=one.title(), rows=9, examples=9, shots="all", pack_sha256=None) for one in topics),
        frame=frame_of(rows),
        sample=sample,
        ranking=rank(causes, outcomes, sample),
        outcomes=tuple(outcomes),
        ledger=(),
        cost=CostReport(used=Usage(), retried=0, failed=0, from_store=0, price=None, currency="USD", seconds=1),
        complete=1,
        min_complete=0.9,
    )


def mapped(report: RunReport) -> CauseMap:
    return cause_map(report, observe(report))


def node(found: CauseMap, name: str) -> MapNode:
    [one] = [one for one in found.nodes if one.name == name]
    return one


def edges(found: CauseMap) -> set[tuple[str, str, int]]:
    names = {one.id: one.name for one in found.nodes}
    return {(names[edge.effect], names[edge.cause], edge.complaints) for edge in found.edges}


def plain(*chains: Chain) -> list[tuple[str, list[Chain]]]:
    return [("delivery", [one]) for one in chains]


# ── nodes and edges ───────────────────────────────────────────────────────────────────────────────


def test_chains_are_joined_where_they_say_the_same() -> None:
    found = mapped(run_of(plain(chain("promise", LATE, PROMISED), chain("stock", LATE, EMPTY), chain("address", WRONG, OLD))))
    assert edges(found) == {
        (LATE, PROMISED, 1), (PROMISED, ROOTS["promise"], 1), (LATE, EMPTY, 1), (EMPTY, ROOTS["stock"], 1),
        (WRONG, OLD, 1), (OLD, ROOTS["address"], 1),
    }  # fmt: skip
    assert (node(found, LATE).complaints, node(found, LATE).level) == (2, 0)
    assert node(found, ROOTS["stock"]).level == 2
    assert node(found, ROOTS["stock"]).cause == node(found, ROOTS["stock"]).id == "delivery/stock"
    assert node(found, EMPTY).cause is None


def test_steps_of_one_meaning_are_one_node_and_others_are_not() -> None:
    alike = "Store purchases are loaded once a night at four o'clock."
    same = "Purchases from the stores reach the company in one load at four in the night."
    found = mapped(run_of(plain(chain("promise", LATE, alike), chain("promise", LATE, same), chain("stock", WRONG, OLD))))
    assert {one.complaints for one in found.nodes if one.name in (alike, same)} == {2}
    assert node(found, OLD).complaints == 1


def test_a_topic_is_a_world_of_its_own() -> None:
    found = mapped(
        run_of(
            [("delivery", [chain("promise", LATE, PROMISED)]), ("cards", [chain("promise", LATE, PROMISED)])],
            topics=("delivery", "cards"),
        )
    )
    assert sorted(one.topic or "" for one in found.nodes if one.name == LATE) == ["cards", "delivery"]
    assert len({one.id for one in found.nodes}) == len(found.nodes) == 6


def test_an_earlier_step_worded_like_a_root_is_that_cause() -> None:
    found = mapped(run_of(plain(chain("stock", LATE, EMPTY), chain("promise", LATE, ROOTS["stock"].upper(), CUTOFF))))
    assert node(found, ROOTS["stock"]).complaints == 2
    assert (ROOTS["stock"], CUTOFF, 1) in edges(found)


def test_what_customers_say_stays_apart_and_none_of_it_is_lost() -> None:
    """Quotes alike in meaning are still different complaints; a written symptom is joined."""
    quotes = [quoted("the parcel came a day later than promised"), quoted("the parcel came one day later than promised")]
    written = [step("The parcel came a day later than promised."), step("The parcel came one day later than promised.")]
    said = mapped(run_of(plain(*(chain("promise", one, PROMISED) for one in quotes))))
    told = mapped(run_of(plain(*(chain("promise", one, PROMISED) for one in written))))
    assert [one.complaints for one in said.nodes if one.level == 0] == [1, 1]
    assert [one.complaints for one in told.nodes if one.level == 0] == [2]


def test_a_row_counts_once_at_a_node_and_every_copy_counts() -> None:
    both = [chain("promise", LATE, PROMISED, CUTOFF), chain("promise", LATE, PROMISED, "Nobody looked at the clock.")]
    found = mapped(run_of([("delivery", both), ("delivery", [])], copies=3))
    one = node(found, PROMISED)
    assert (one.complaints, one.row_ids) == (3, ("R0001", "R0002", "R0003"))
    assert one.share == pytest.approx(1 / 2)
    assert len(one.chains) == 2
    assert (LATE, PROMISED, 3) in edges(found)


def test_shares_are_weighted_and_have_the_interval_of_the_ranking() -> None:
    """Rows of the second topic stand for twice as many."""
    answers = [("delivery", [chain("promise", LATE, PROMISED)])] * 3 + [("cards", [chain("promise", LATE, PROMISED)])]
    report = run_of(answers, topics=("delivery", "cards"))
    found = mapped(report)
    one = next(one for one in found.nodes if one.name == PROMISED and one.topic == "cards")
    assert one.share == pytest.approx(6 / 15)
    assert (one.low, one.high) == pytest.approx([end[0] for end in shares([[0, 1]], [3, 1], [9, 6], [[False, True]])[1:]])
    for ranked in report.ranking.causes:
        root = next(one for one in found.nodes if one.cause == ranked.cause.id)
        assert (root.share, root.low, root.high) == pytest.approx((ranked.share, ranked.low, ranked.high))


def test_countermeasures_of_a_node_are_counted_under_one_wording() -> None:
    proposals = ["Show the cut-off.", "show the cut-off", "Show the cut-off.", "Move the cut-off."]
    found = mapped(run_of(plain(*(chain("promise", LATE, step(CUTOFF, text)) for text in proposals))))
    assert [(one.text, one.count, one.level) for one in node(found, CUTOFF).countermeasures] == [
        ("Show the cut-off.", 3, 2),
        ("Move the cut-off.", 1, 2),
    ]


def test_steps_beyond_those_compared_are_counted_and_joined_by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causemap, "_MOST_COMPARED", 2)
    found = mapped(run_of(plain(chain("promise", LATE, PROMISED), chain("promise", LATE, CUTOFF), chain("stock", LATE, EMPTY))))
    assert found.uncompared == 2
    assert sum(one.complaints for one in found.nodes if one.name in (PROMISED, CUTOFF, EMPTY)) == 3
    assert mapped(run_of(plain(chain("promise", LATE, PROMISED)))).uncompared == 0


def test_no_chains_no_map() -> None:
    assert mapped(run_of([("delivery", [])])) == CauseMap(nodes=(), edges=(), broken=())


def test_the_order_of_rows_changes_nothing() -> None:
    answers = plain(
        *(chain("promise", LATE, PROMISED, CUTOFF) for _ in range(3)),
        *(chain("promise", LATE, CUTOFF, PROMISED) for _ in range(2)),
        chain("stock", "The order arrived too late.", step(EMPTY, "Count the shelf.")),
        chain("stock", LATE, step("The shelves were empty at picking.", "Count the shelves.")),
        chain("address", quoted("left it with a stranger"), OLD),
    )
    report = run_of(answers)
    expected = mapped(report)
    for seed in range(3):
        shuffled = list(report.outcomes)
        random.Random(seed).shuffle(shuffled)
        rows = {one.rows[0].id: place for place, one in enumerate(shuffled, 1)}
        moved = [
            one.model_copy(update={"rows": tuple(row.model_copy(update={"row": rows[row.id]}) for row in one.rows)})
            for one in shuffled
        ]
        causes = asyncio.run(merge(moved, {"delivery": topic("delivery")}, judge=None, namer=None))
        other = report.model_copy(
            update={"outcomes": tuple(moved), "ranking": rank(causes, moved, report.sample)},
        )
        assert mapped(other) == expected


# ── circles ───────────────────────────────────────────────────────────────────────────────────────


def test_a_circle_is_opened_at_its_lightest_edge_and_reported() -> None:
    found = mapped(
        run_of(
            plain(
                *(chain("promise", LATE, PROMISED, CUTOFF) for _ in range(3)),
                *(chain("promise", LATE, CUTOFF, PROMISED) for _ in range(2)),
            )
        )
    )
    assert [(edge.effect, edge.cause, edge.complaints) for edge in found.broken] == [
        (node(found, CUTOFF).id, node(found, PROMISED).id, 2)
    ]
    assert (PROMISED, CUTOFF, 3) in edges(found)
    assert node(found, CUTOFF).complaints == 5, "a node keeps the complaints of a broken edge"


def test_a_step_said_twice_is_reported_as_a_circle_of_one() -> None:
    found = mapped(run_of(plain(chain("promise", LATE, CUTOFF, CUTOFF.upper()), chain("promise", WRONG, CUTOFF))))
    assert [(edge.effect, edge.cause, edge.complaints) for edge in found.broken] == [
        (node(found, CUTOFF).id, node(found, CUTOFF).id, 1)
    ]


@pytest.mark.parametrize("seed", range(8))
def test_opening_circles_leaves_none_and_leaves_out_no_edge_without_need(seed: int) -> None:
    draw = random.Random(seed)
    weights = {(f"n{draw.randrange(25)}", f"n{draw.randrange(25)}"): draw.randrange(1, 9) for _ in range(130)}
    kept, broken = opened(weights)
    nodes = {end for edge in weights for end in edge}
    assert kept | broken == weights.keys() and not kept & broken
    depth = depths(nodes, kept)
    assert all(depth[start] < depth[end] for start, end in kept)
    for edge in broken:
        heavier = {one for one in kept if weights[one] >= weights[edge]}
        with pytest.raises(CycleError):
            depths(nodes, heavier | {edge})


def test_depth_is_the_longest_way() -> None:
    assert depths({"a", "b", "c", "d"}, [("a", "b"), ("b", "c"), ("a", "c")]) == {"a": 0, "b": 1, "c": 2, "d": 0}
