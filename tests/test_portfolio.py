"""What people rely on in the portfolio: no better choice exists where that is said, a bound holds, nothing counts twice."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from test_causemap import CUTOFF, EMPTY, LATE, OLD, PROMISED, ROUTINE, WRONG, chain, plain, run_of, step

from rootcause.economics import Economics
from rootcause.findings import cover
from rootcause.findings.causemap import cause_map
from rootcause.findings.cover import Choice, Goal, choose
from rootcause.findings.observe import observe
from rootcause.findings.portfolio import portfolio
from rootcause.findings.values import Portfolio
from rootcause.models import RunReport

SHOW = "Show the cut-off beside the day."


def chosen(
    report: RunReport, economics: Economics | None = None, worth: dict[str, float] | None = None, *, size: int = 5
) -> Portfolio:
    observed = observe(report)
    found = portfolio(report, observed, cause_map(report, observed), economics, worth, size=size)
    assert found is not None
    return found


def economics(budget: float | None = None, **fixes: tuple[float | None, float | None]) -> Economics:
    """fixes: cost and removal rate by cause."""
    table = [{"cause": cause, "cost": cost, "removes": removes} for cause, (cost, removes) in fixes.items()]
    return Economics.model_validate({"currency": "EUR", "budget": budget, "countermeasures": table})


# ── what is chosen in a run ───────────────────────────────────────────────────────────────────────

SHARED = plain(
    *(chain("promise", LATE, step(CUTOFF, SHOW)) for _ in range(3)),
    *(chain("stock", "The parcel was not there on Tuesday.", step(CUTOFF, SHOW)) for _ in range(2)),
    *(chain("address", WRONG, OLD) for _ in range(4)),
    chain("stock", "There was no milk.", EMPTY),
)
"""A fix at CUTOFF serves two causes: 5 of 10 complaints; address 4, promise 3, stock 3."""


RATED = Economics.model_validate({"currency": "EUR", "countermeasures": [{"text": SHOW, "removes": 1.0}]})


def test_one_fix_high_in_the_chain_can_serve_more_than_any_root() -> None:
    found = chosen(run_of(SHARED), RATED, size=2)
    assert [(fix.text, fix.node == fix.causes[0]) for fix in found.fixes] == [(SHOW, False), (ROUTINE["address"], True)]
    first, second = found.fixes
    assert first.causes == ("delivery/promise", "delivery/stock")
    assert (first.team, second.team) == (None, "checkout")
    assert (first.spared.value, second.spared.value) == pytest.approx((0.5, 0.4))
    assert found.together.value == found.bound == pytest.approx(0.9)
    assert found.exact
    assert found.together.low < 0.9 < found.together.high


def test_what_a_fix_adds_leaves_out_what_those_before_it_spare() -> None:
    found = chosen(run_of(SHARED), RATED, size=3)
    assert [fix.spared.value for fix in found.fixes] == pytest.approx([0.5, 0.4, 0.1])
    assert found.fixes[2].causes == ("delivery/stock",)
    assert found.fixes[2].spared_alone == pytest.approx(0.3)
    assert len(found.fixes[2].row_ids) == 3
    assert sum(fix.spared.value for fix in found.fixes) == pytest.approx(found.together.value)


def test_a_fix_above_the_roots_needs_a_removal_rate() -> None:
    """Else the vaguest change would always win: most complaints pass through its step."""
    found = chosen(run_of(SHARED))
    assert SHOW not in [fix.text for fix in found.fixes]
    assert [fix.causes for fix in found.fixes] == [("delivery/address",), ("delivery/promise",), ("delivery/stock",)]


def test_no_more_fixes_than_add_something() -> None:
    assert len(chosen(run_of(SHARED), size=9).fixes) == 3


def test_of_equal_fixes_the_root_is_taken() -> None:
    found = chosen(run_of(plain(*(chain("promise", LATE, step(CUTOFF, SHOW)) for _ in range(3)))))
    assert [fix.text for fix in found.fixes] == [ROUTINE["promise"]]


def test_unknown_removal_rates_are_an_upper_bound_and_said_to_be() -> None:
    known = economics(promise=(None, 0.5), address=(None, 0.25), stock=(None, 0.5))
    assert any("at most" in said for said in chosen(run_of(SHARED), size=1).assumptions)
    report = run_of(plain(chain("promise", LATE, PROMISED), chain("address", WRONG, OLD)))
    found = chosen(report, known)
    assert not any("at most" in said for said in found.assumptions)
    assert [(fix.removes, fix.spared.value) for fix in found.fixes] == [(0.5, 0.25), (0.25, 0.125)]


def test_a_countermeasure_is_priced_by_its_own_words_too() -> None:
    table = {"currency": "EUR", "budget": 5, "countermeasures": [{"text": SHOW.upper(), "cost": 5, "removes": 0.5}]}
    found = chosen(run_of(SHARED), Economics.model_validate(table))
    assert [(fix.text, fix.cost, fix.spared.value) for fix in found.fixes] == [(SHOW, 5, 0.25)]
    assert any(said.startswith("3 countermeasures have no cost") for said in found.assumptions)


def test_rates_of_two_fixes_on_one_chain_multiply() -> None:
    table = {
        "currency": "EUR",
        "countermeasures": [{"text": SHOW, "removes": 0.5}, {"cause": "delivery/promise", "removes": 0.5}],
    }
    report = run_of(plain(*(chain("promise", LATE, step(CUTOFF, SHOW)) for _ in range(4))))
    found = chosen(report, Economics.model_validate(table))
    assert [fix.spared.value for fix in found.fixes] == pytest.approx([0.5, 0.25])
    assert found.together.value == pytest.approx(0.75)
    assert any("independently" in said for said in found.assumptions)


def test_a_complaint_with_two_chains_is_spared_by_halves_and_the_strict_figure_is_given() -> None:
    both = [chain("promise", LATE, PROMISED), chain("address", WRONG, OLD)]
    found = chosen(run_of([("delivery", both), ("delivery", [both[0]])]), size=1)
    assert [fix.text for fix in found.fixes] == [ROUTINE["promise"]]
    assert found.together.value == pytest.approx(0.75)
    assert any("spare 50.0 % of complaints" in said for said in found.assumptions)


def test_within_a_budget_cheap_fixes_can_beat_the_largest() -> None:
    prices = economics(10, promise=(5, 1), stock=(5, 1), address=(10, 1))
    found = chosen(run_of(SHARED), prices)
    assert {fix.text for fix in found.fixes} == {ROUTINE["promise"], ROUTINE["stock"]}
    assert (found.budget, found.exact) == (10, True)
    assert sum(fix.cost or 0 for fix in found.fixes) <= 10


def test_no_fix_fits_the_budget() -> None:
    report = run_of(SHARED)
    observed = observe(report)
    found = cause_map(report, observed)
    assert portfolio(report, observed, found, economics(10), None) is None, "no countermeasure has a cost"
    dear = portfolio(report, observed, found, economics(10, promise=(11, 1)), None)
    assert dear is not None and (dear.fixes, dear.bound) == ((), 0)


def test_nothing_to_choose_from() -> None:
    report = run_of([("delivery", [])])
    observed = observe(report)
    assert portfolio(report, observed, cause_map(report, observed), None, None) is None


def test_the_most_money_is_not_the_most_complaints() -> None:
    worth = {"delivery/promise": 100.0, "delivery/stock": 900.0, "delivery/address": 400.0}
    found = chosen(run_of(SHARED), worth=worth, size=1)
    assert found.goal == "money"
    assert [fix.text for fix in found.fixes] == [ROUTINE["stock"]]
    assert found.fixes[0].money == found.together.value == pytest.approx(900)
    assert found.fixes[0].spared.value == pytest.approx(0.3)
    assert found.together.low < 900 < found.together.high
    both = chosen(run_of(SHARED), worth=worth, size=2)
    assert both.bound == pytest.approx(1300)


def test_money_of_a_complaint_with_two_causes_is_counted_once() -> None:
    both = [chain("promise", LATE, PROMISED), chain("address", WRONG, OLD)]
    found = chosen(run_of([("delivery", both)] * 2), worth={"delivery/promise": 60.0, "delivery/address": 60.0}, size=2)
    assert found.together.value == pytest.approx(60), "each cause is worth the whole complaint"


def test_one_complaint_is_no_ground_for_a_change_unless_the_user_has_rated_it() -> None:
    lone = plain(chain("promise", LATE, PROMISED), chain("promise", LATE, PROMISED), chain("address", WRONG, OLD))
    assert [fix.text for fix in chosen(run_of(lone)).fixes] == [ROUTINE["promise"]]
    assert len(chosen(run_of(lone), economics(address=(None, 0.5))).fixes) == 2


def test_assumptions_are_in_the_language_of_the_report() -> None:
    report = run_of(SHARED).model_copy(update={"language": "ru"})
    assert chosen(report).assumptions[0].startswith("Никакой другой выбор")


def test_the_order_of_outcomes_changes_nothing() -> None:
    report = run_of(SHARED)
    expected = chosen(report, size=2)
    turned = report.model_copy(update={"outcomes": report.outcomes[::-1]})
    assert chosen(turned, size=2) == expected


# ── the choice itself, against all choices there are ──────────────────────────────────────────────


def instance(seed: int, *, rates: Sequence[float], fixes: int = 9, chains: int = 40) -> tuple[Goal, np.ndarray]:
    draw = random.Random(seed)
    cuts = [tuple(sorted(draw.sample(range(fixes), draw.randrange(0, 4)))) for _ in range(chains)]
    removes = np.array([draw.choice(rates) for _ in range(fixes)])
    weight = np.array([draw.random() for _ in range(chains)])
    costs = np.array([float(draw.randrange(1, 9)) for _ in range(fixes)])
    return Goal(cuts, removes, weight), costs


def best_of_all(goal: Goal, costs: np.ndarray, limit: float) -> float:
    places = range(len(costs))
    sets = (chosen for size in range(len(costs) + 1) for chosen in combinations(places, size))
    return max(goal.value(one) for one in sets if sum(costs[place] for place in one) <= limit)


@pytest.mark.parametrize("rates", [(1.0,), (0.5,), (0.2, 0.5, 0.9, 1.0)], ids=["coverage", "equal", "mixed"])
@pytest.mark.parametrize("priced", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_exact_choice_is_the_best_of_all(seed: int, priced: bool, rates: Sequence[float]) -> None:
    goal, costs = instance(seed, rates=rates)
    costs, limit = (costs, 12.0) if priced else (np.ones(len(costs)), 3.0)
    found = choose(goal, costs, limit)
    assert found.exact
    assert found.value == pytest.approx(best_of_all(goal, costs, limit))
    assert found.bound == pytest.approx(found.value)
    assert goal.value(found.places) == found.value
    assert sum(costs[list(found.places)]) <= limit


@pytest.mark.parametrize("priced", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_greedy_keeps_its_guarantee_and_its_bound(seed: int, priced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cover, "_MOST_FIXES", 0)
    goal, costs = instance(seed, rates=(0.3, 0.8, 1.0), chains=25)
    costs, limit = (costs, 10.0) if priced else (np.ones(len(costs)), 3.0)
    found = choose(goal, costs, limit)
    best = best_of_all(goal, costs, limit)
    least = (1 - 1 / math.e) / (2 if priced else 1)
    assert least * best <= found.value <= best + 1e-12
    assert found.bound >= best - 1e-12
    assert found.exact is (found.bound <= found.value * (1 + 1e-9))


def test_greedy_takes_the_large_fix_where_many_cheap_ones_would_block_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trap of greedy by gain for cost: a crumb for next to nothing leaves no money for the loaf."""
    monkeypatch.setattr(cover, "_MOST_FIXES", 0)
    goal = Goal([(0,), (1,)], np.ones(2), np.array([0.02, 1.0]))
    assert choose(goal, np.array([0.01, 10.0]), 10.0).places == (1,)


def test_free_fixes_are_taken_first_and_cost_nothing() -> None:
    goal = Goal([(0,), (1,), (2,)], np.ones(3), np.array([1.0, 2.0, 3.0]))
    found = choose(goal, np.array([0.0, 5.0, 6.0]), 6.0)
    assert (sorted(found.places), found.value) == ([0, 2], 4.0)


def test_nothing_affordable_is_an_empty_choice() -> None:
    goal = Goal([(0,)], np.ones(1), np.array([1.0]))
    assert choose(goal, np.array([5.0]), 1.0) == Choice((), 0.0, 0.0, exact=True)


def test_the_goal_has_diminishing_returns() -> None:
    """What the guarantee rests on: a fix adds no more to a larger set."""
    goal, costs = instance(5, rates=(0.3, 0.8, 1.0))
    draw = random.Random(1)
    for _ in range(50):
        large = draw.sample(range(len(costs)), 5)
        small = draw.sample(large, 2)
        more, fewer = goal.gains(small), goal.gains(large)
        outside = [place for place in range(len(costs)) if place not in large]
        assert all(more[place] >= fewer[place] - 1e-12 for place in outside)
        assert goal.value([*small, outside[0]]) == pytest.approx(goal.value(small) + more[outside[0]])
