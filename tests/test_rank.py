"""The ranking's arithmetic: shares of the population, honest intervals, nothing counted twice or left out."""

from __future__ import annotations

import itertools
import random

import pytest
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

from rootcause.models import (
    Answer,
    Basis,
    Cause,
    Chain,
    ChainRef,
    Complaint,
    Failure,
    NothingReason,
    Outcome,
    Sample,
    Step,
    Stratum,
)
from rootcause.rank import rank

_rows = itertools.count(1)


def chain(cause: str, *, quote: str | None = None, fix: str | None = None) -> Chain:
    return Chain(
        steps=(
            Step(
                cause="The parcel was late.", basis=Basis.STATED if quote else Basis.INFERRED, evidence=quote, countermeasure=None
            ),
            Step(cause=f"Root of {cause}.", basis=Basis.INFERRED, evidence=None, countermeasure=fix),
        ),
        cause=cause,
    )


def outcome(*chains: Chain, rows: int = 1, topic: str | None = None, failed: bool = False) -> Outcome:
    numbers = [next(_rows) for _ in range(rows)]
    nothing = NothingReason.PRAISE if not chains else None
    return Outcome(
        topic=topic,
        rows=tuple(Complaint(row=n, line=n + 1, id=f"r{n:04}", text="text") for n in numbers),
        answer=None if failed else Answer(nothing_to_explain=nothing, chains=chains),
        failure=Failure(kind="timeout", message="no answer") if failed else None,
        attempts=1,
    )


def causes_of(outcomes: list[Outcome]) -> list[Cause]:
    found: dict[str, list[ChainRef]] = {}
    for item in sorted(outcomes, key=lambda o: o.key):
        for index, one in enumerate(item.answer.chains if item.answer else ()):
            found.setdefault(one.cause, []).append(ChainRef(outcome=item.key, index=index))
    return [
        Cause(
            id=key,
            name=key,
            topic=None,
            new=False,
            residue=key.startswith("residue"),
            controllable=True,
            team=None,
            chains=tuple(chains),
        )
        for key, chains in found.items()
    ]


def sample(*strata: tuple[str | None, int, int]) -> Sample:
    return Sample(
        seed=1,
        strata=tuple(Stratum(topic=topic, population=population, sampled=sampled) for topic, population, sampled in strata),
        complaints=(),
        margin=0.1,
    )


def test_shares_and_ranks() -> None:
    outcomes = [outcome(chain("big")) for _ in range(6)] + [outcome(chain("small")) for _ in range(3)] + [outcome()]
    ranking = rank(causes_of(outcomes), outcomes, sample((None, 1000, 10)))
    assert [(r.rank, r.cause.id, r.complaints, r.share) for r in ranking.causes] == [(1, "big", 6, 0.6), (2, "small", 3, 0.3)]
    assert ranking.causes[0].weighted == 600
    assert (ranking.population, ranking.base, ranking.explained, ranking.nothing) == (1000, 10, 9, 1)
    assert ranking.causes[1].low == pytest.approx(proportion_confint(3, 10, method="wilson")[0], abs=0.01)


def test_several_chains_of_one_complaint_count_once_for_a_cause() -> None:
    outcomes = [outcome(chain("a"), chain("b"), chain("a")), outcome(chain("b"))]
    ranking = rank(causes_of(outcomes), outcomes, sample((None, 2, 2)))
    assert {r.cause.id: (r.complaints, r.share) for r in ranking.causes} == {"a": (1, 0.5), "b": (2, 1.0)}


def test_duplicates_count_as_often_as_they_occur() -> None:
    outcomes = [outcome(chain("a"), rows=3), outcome(chain("b"))]
    ranking = rank(causes_of(outcomes), outcomes, sample((None, 4, 4)))
    assert [(r.cause.id, r.complaints, r.share) for r in ranking.causes] == [("a", 3, 0.75), ("b", 1, 0.25)]
    assert len(ranking.causes[0].row_ids) == 3


def test_failures_are_not_in_the_base() -> None:
    outcomes = [outcome(chain("a")), outcome(chain("b")), outcome(failed=True, rows=2)]
    ranking = rank(causes_of(outcomes), outcomes, sample((None, 4, 4)))
    assert ranking.base == 2
    assert [r.share for r in ranking.causes] == [0.5, 0.5]
    assert ranking.causes[0].low < 0.5 < ranking.causes[0].high, "two rows of four are unknown: no census"


def test_a_census_leaves_no_doubt() -> None:
    outcomes = [outcome(chain("a")), outcome(chain("b")), outcome(chain("a"))]
    ranking = rank(causes_of(outcomes), outcomes, sample((None, 3, 3)))
    assert all(r.low == r.share == r.high for r in ranking.causes)
    assert ranking.effective_n == 3


def test_strata_are_weighted_by_what_they_stand_for() -> None:
    outcomes = [outcome(chain("rare"), topic="x"), outcome(chain("common"), topic="y")]
    ranking = rank(causes_of(outcomes), outcomes, sample(("x", 10, 1), ("y", 90, 1)))
    assert [(r.cause.id, r.share) for r in ranking.causes] == [("common", 0.9), ("rare", 0.1)]


def test_a_topic_of_which_nothing_was_analysed_is_not_counted() -> None:
    """Its rows are in no share, so they must be in no number of complaints and in no sum of money either."""
    outcomes = [outcome(chain("a"), topic="x") for _ in range(5)] + [outcome(chain("b"), topic="x") for _ in range(5)]
    ranking = rank(causes_of(outcomes), outcomes, sample(("x", 100, 10), ("y", 900, 10)))
    assert ranking.population == 100 and [r.share * ranking.population for r in ranking.causes] == [50, 50]
    assert [r.weighted for r in ranking.causes] == [50, 50]


def test_all_rows_failed() -> None:
    outcomes = [outcome(failed=True), outcome(failed=True)]
    ranking = rank([], outcomes, sample((None, 50, 2)))
    assert (ranking.base, ranking.explained, ranking.nothing, ranking.causes, ranking.effective_n) == (0, 0, 0, (), 0)
    assert rank([], [], sample()).population == 0


def test_failures_in_one_topic_do_not_make_it_small() -> None:
    """Two of four rows of x failed: the other two stand for all of x."""
    outcomes = [
        outcome(chain("a"), topic="x", rows=2),
        outcome(failed=True, topic="x", rows=2),
        outcome(chain("b"), topic="y", rows=4),
    ]
    ranking = rank(causes_of(outcomes), outcomes, sample(("x", 50, 4), ("y", 50, 4)))
    assert [(r.cause.id, r.share, r.weighted) for r in ranking.causes] == [("b", 0.5, 50), ("a", 0.5, 50)]


def test_a_topic_without_any_answer_is_not_spoken_of() -> None:
    outcomes = [outcome(chain("a"), topic="x", rows=2), outcome(failed=True, topic="y", rows=2)]
    ranking = rank(causes_of(outcomes), outcomes, sample(("x", 50, 2), ("y", 50, 2)))
    assert [(r.cause.id, r.share, r.weighted) for r in ranking.causes] == [("a", 1.0, 50)]


def test_a_cause_of_one_topic_cannot_exceed_it() -> None:
    outcomes = [outcome(chain("a"), topic="x", rows=10), outcome(chain("b"), topic="y", rows=90)]
    one, other = (cause.model_copy(update={"topic": topic}) for cause, topic in zip(causes_of(outcomes), "xy", strict=True))
    ranking = rank([one, other], outcomes, sample(("x", 1000, 10), ("y", 9000, 90)))
    assert ranking.causes[1].share == ranking.causes[1].high == pytest.approx(0.1)
    assert 0.05 < ranking.causes[1].low < 0.1


def test_ties_are_in_order_of_ids_and_residue_comes_last() -> None:
    outcomes = [outcome(chain(cause)) for cause in ("b", "a", "residue-1", "residue-1")]
    ranking = rank(causes_of(outcomes), outcomes, sample((None, 40, 4)))
    assert [(r.rank, r.cause.id) for r in ranking.causes] == [(1, "a"), (2, "b")]
    assert [(r.rank, r.cause.id) for r in ranking.residue] == [(3, "residue-1")]


def test_the_order_of_outcomes_and_causes_changes_nothing() -> None:
    strata = [("x", 7, 3), ("y", 11, 9), ("z", 1000, 7)]
    outcomes = [
        outcome(*(chain(c, quote=f"said {c}", fix="Change it.") for c in cs), topic=topic, rows=rows)
        for cs, topic, rows in [("ab", "x", 2), ("ba", "x", 1), ("cab", "y", 4), ("a", "y", 5), ("b", "z", 3), ("bc", "z", 4)]
    ]
    causes = causes_of(outcomes)
    expected = rank(causes, outcomes, sample(*strata))
    for seed in range(20):
        rng = random.Random(seed)
        mixed, shuffled = list(outcomes), list(causes)
        rng.shuffle(mixed)
        rng.shuffle(shuffled)
        assert rank(shuffled, mixed, sample(*strata)) == expected


def test_quotes_are_of_different_complaints_and_at_most_three() -> None:
    outcomes = [outcome(chain("a", quote=f"I waited {n} days for it and nobody wrote")) for n in range(5)] + [outcome(chain("a"))]
    quotes = rank(causes_of(outcomes), outcomes, sample((None, 6, 6))).causes[0].quotes
    assert len(quotes) == len({quote.row_id for quote in quotes}) == 3


def test_equal_countermeasures_are_counted_together() -> None:
    outcomes = [outcome(chain("a", fix=fix)) for fix in ("Send a text.", "send a text", "Send a text.", "Call.")]
    found = rank(causes_of(outcomes), outcomes, sample((None, 4, 4))).causes[0].countermeasures
    assert [(c.level, c.text, c.count) for c in found] == [(2, "Send a text.", 3), (2, "Call.", 1)]
