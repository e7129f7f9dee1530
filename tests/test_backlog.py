"""The backlog: figures that follow from the run, keys that last, people's edits that stay."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from backlog_case import (
    ECHO,
    LONE,
    NEW,
    NUMBERS,
    PROMISE,
    PROPOSED,
    RECOUNT,
    REFUND,
    ROADS,
    STALE,
    TEAMS,
    TODAY,
    UPDATE,
    audit,
    economy,
    findings,
    fix,
    ranked,
    report,
)

from rootcause.backlog.changes import Kept, compare, fingerprint, with_edits
from rootcause.backlog.items import items, title_of
from rootcause.backlog.keys import continued
from rootcause.backlog.phrases import phrases
from rootcause.backlog.values import LONGEST_TITLE, Backlog, Item, PriorityMethod, Why
from rootcause.backlog.zones import chosen, zones
from rootcause.economics import Economics, FixCost
from rootcause.effect import garwood
from rootcause.errors import SettingsError
from rootcause.findings.values import Findings
from rootcause.models import Effort, RunReport
from rootcause.report.words import LANGUAGES

SIXTY = Economics(currency="GBP", countermeasures=(FixCost(cause="promise-fixed-at-basket", removes=0.6),))


def made(
    run: RunReport,
    found: Findings | None = None,
    *,
    economics: Economics | None = None,
    method: PriorityMethod = PriorityMethod.WSJF,
    today: dt.date = TODAY,
) -> Backlog:
    return items(run, found or findings(run), economics=economics, method=method, today=today, teams=TEAMS)


def by_cause(backlog: Backlog) -> dict[str, Item]:
    return {item.cause: item for item in backlog.items}


# ── which causes make an item ─────────────────────────────────────────────────────────────────────


def test_every_cause_is_an_item_or_is_left_out_for_a_reason() -> None:
    run = report()
    backlog = made(run)
    assert {item.cause for item in backlog.items} == {PROMISE, STALE, REFUND, NEW}
    assert {one.cause: one.why for one in backlog.left_out} == {ROADS: Why.OUTSIDE, LONE: Why.ALONE}
    assert {one.cause: one.complaints for one in backlog.left_out} == {ROADS: 2, LONE: 1}


def test_the_change_is_the_catalogues_or_the_most_proposed_one() -> None:
    found = by_cause(made(report()))
    assert found[PROMISE].title == RECOUNT.rstrip(".") and found[PROMISE].change == RECOUNT
    assert found[NEW].new and found[NEW].change in (PROPOSED[NEW], "Compare the screens.")
    assert found[PROMISE].effort is Effort.M
    assert found[NEW].effort is None, "the effort of a change that the catalogue does not list is not known"


def test_a_portfolio_decides_and_the_rest_is_named() -> None:
    run = report()
    fixes = (fix(run, STALE, text=UPDATE, team="profile", effort=Effort.S), fix(run, ROADS, text="Buy ploughs."))
    backlog = made(run, findings(run, fixes=fixes))
    assert [item.cause for item in backlog.items] == [STALE]
    why = {one.cause: one.why for one in backlog.left_out}
    assert why == {PROMISE: Why.NOT_CHOSEN, REFUND: Why.NOT_CHOSEN, NEW: Why.NOT_CHOSEN, ROADS: Why.OUTSIDE, LONE: Why.ALONE}
    assert "5%" in backlog.items[0].effect_how, "what it adds to the other fixes"


def test_one_fix_of_two_causes_counts_each_complaint_once() -> None:
    run = report()
    found = findings(run, fixes=(fix(run, PROMISE, STALE, text="Show one screen."),), economy=economy(run))
    (item,) = made(run, found).items
    assert item.complaints == 18 and item.share.value == pytest.approx(18 / 40)
    assert item.cause == PROMISE and item.key == PROMISE, "the larger cause names the item"
    assert item.cost is not None and item.cost.value == pytest.approx(120 + 60)
    assert "Repeat orders use the first address card" in item.problem
    assert item.team is None, "two teams own it, so neither is named"


def test_a_row_of_two_causes_costs_what_it_costs_once() -> None:
    run = report()
    both = tuple(ranked(run, STALE).row_ids[:3])
    causes = tuple(
        one.model_copy(update={"row_ids": (*one.row_ids, *both)}) if one.cause.id == PROMISE else one
        for one in run.ranking.causes
    )
    found = findings(run, fixes=(fix(run, PROMISE, STALE, text="Show one screen."),), economy=economy(run))
    (item,) = made(run, found.model_copy(update={"ranking": run.ranking.model_copy(update={"causes": causes})})).items
    assert item.cost is not None and item.cost.value == pytest.approx(120 + 60 / 2), "three of its six rows are counted already"


# ── figures ───────────────────────────────────────────────────────────────────────────────────────


def test_the_effect_is_share_times_removal_rate_and_at_most_without_one() -> None:
    run = report()
    found = by_cause(made(run, economics=SIXTY))
    known, unknown = found[PROMISE], found[STALE]
    assert (known.effect.value, known.effect.low, known.effect.high) == pytest.approx(
        (0.6 * known.share.value, 0.6 * known.share.low, 0.6 * known.share.high)
    )
    assert known.measure.target == pytest.approx(0.4 * known.share.value)
    assert unknown.effect.low == 0 and unknown.effect.high == unknown.share.high
    assert unknown.effect_how.startswith("At most")
    assert 0 < unknown.measure.target <= unknown.share.low
    assert unknown.measure.target <= unknown.share.value * garwood(unknown.complaints, unknown.complaints).low, (
        "nor by time alone"
    )


def test_a_removal_rate_belongs_to_the_change_it_was_given_for() -> None:
    run = report()
    other = Economics(currency="GBP", countermeasures=(FixCost(text="Show the new day.", removes=0.2),))
    found = findings(run, fixes=(fix(run, PROMISE, text="show the new day"),))
    assert made(run, found, economics=other).items[0].effect.value == pytest.approx(0.2 * 0.3)
    assert made(run, found, economics=SIXTY).items[0].effect.low == 0, "60 % was said of the usual countermeasure"


def test_shares_are_the_rankings_own_and_say_whether_people_checked_them() -> None:
    run = report()
    corrected = ranked(run, STALE).model_copy(update={"share": 0.5, "low": 0.4, "high": 0.6})
    ranking = run.ranking.model_copy(update={"causes": (corrected,)})
    found = findings(run, audit=audit()).model_copy(update={"ranking": ranking})
    (item,) = made(run, found).items
    assert item.share.value == 0.5 and item.audited and "audited" not in item.problem
    assert "Model-estimated, not audited" in by_cause(made(run))[STALE].problem


@pytest.mark.parametrize("method", list(PriorityMethod))
@pytest.mark.parametrize("money", [True, False])
def test_the_score_follows_from_the_inputs_shown(method: PriorityMethod, money: bool) -> None:
    run = report()
    backlog = made(run, findings(run, economy=economy(run) if money else None), method=method)
    for item in backlog.items:
        values = {one.name: one.value for one in item.priority.inputs}
        above, _, below = item.priority.formula.partition(" / ")
        score = math.prod(values[name] for name in above.split(" × ")) / (values[below] if below else 1)
        assert item.priority.score == pytest.approx(score, abs=0.006)
        assert all(one.source for one in item.priority.inputs)
    scores = [item.priority.score for item in backlog.items]
    assert scores == sorted(scores, reverse=True)


def test_what_nobody_gave_is_a_named_assumption() -> None:
    run = report()
    found = by_cause(made(run, economics=SIXTY))
    size = {one.name: one for one in found[NEW].priority.inputs}["job size"]
    assert size.value == 3 and "effort not given, taken as M" in size.source
    assert "effort M in the catalogue" in {one.name: one for one in found[PROMISE].priority.inputs}["job size"].source
    spared = [
        {one.name: one.source for one in found[cause].priority.inputs}["complaints spared, %"] for cause in (STALE, PROMISE)
    ]
    assert "removal rate not given, taken as 1" in spared[0] and "removal rate from [economics]" in spared[1]


def test_grave_complaints_weigh_more() -> None:
    impact = {
        item.cause: next(one.value for one in item.priority.inputs if one.name == "impact") for item in made(report()).items
    }
    assert impact[STALE] == pytest.approx((3 * 3 + 3 * 0.5) / 6), "three of six name the regulator"
    assert impact[PROMISE] == 0.5


def test_confidence_grows_with_a_narrow_interval_and_an_audit() -> None:
    def confidence(run: RunReport, found: Findings, cause: str) -> float:
        item = by_cause(made(run, found, method=PriorityMethod.RICE))[cause]
        return next(one.value for one in item.priority.inputs if one.name == "confidence")

    run = report()
    assert confidence(run, findings(run), PROMISE) == 0.8, "30 %, give or take 12 points"
    assert confidence(run, findings(run), STALE) == 0.5, "15 %, give or take 10 points"
    assert confidence(run, findings(run, audit=audit()), PROMISE) == 1.0
    assert confidence(run, findings(run, audit=audit()), STALE) == 0.8


def test_reach_is_counted_by_the_month_where_rows_have_dates() -> None:
    run = report()
    reach = made(run, method=PriorityMethod.RICE).items[0].priority.inputs[0]
    months = ((run.frame.last - run.frame.first).days + 1) / 30.4375  # type: ignore[operator]
    assert reach.value == pytest.approx(160 * 6 / 40 / months, abs=0.01) and "a month" in reach.source
    undated = run.model_copy(update={"frame": run.frame.model_copy(update={"first": None, "last": None})})
    reach = made(undated, method=PriorityMethod.RICE).items[0].priority.inputs[0]
    assert reach.value == pytest.approx(24) and "no dates" in reach.source


def test_success_is_measured_by_exposure_where_it_is_known() -> None:
    run = report()
    measure = by_cause(made(run, findings(run, economy=economy(run))))[STALE].measure
    assert measure.per == "orders" and measure.baseline.value == 9 and 0 < measure.target <= 6
    assert by_cause(made(run))[STALE].measure.per is None


def test_the_day_to_look_again_follows_from_the_effort() -> None:
    found = by_cause(made(report()))
    assert found[STALE].measure.again == TODAY + dt.timedelta(weeks=1 + 4)
    assert found[PROMISE].measure.again == TODAY + dt.timedelta(weeks=4 + 4)


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


def test_quotes_are_verbatim_and_of_their_rows() -> None:
    run = report()
    texts = {row.id: row.text for row in run.sample.complaints}
    for item in made(run).items:
        assert item.quotes
        assert all(quote.text in texts[quote.row_id] and quote.row_id in item.row_ids for quote in item.quotes)


def test_a_long_title_is_cut_openly_and_the_change_is_kept_whole() -> None:
    change = "Show the customer " + "the whole history of every change " * 20
    title = title_of(change, "en")
    assert len(title) <= LONGEST_TITLE and title.endswith("[cut to fit a title; in full below]")
    run = report()
    (item,) = made(run, findings(run, fixes=(fix(run, STALE, text=change),))).items
    assert item.title == title and item.change == change.strip()


def test_items_are_written_in_the_runs_language() -> None:
    item = made(report(language="ru")).items[0]
    assert item.language == "ru" and "жалоб" in item.problem and item.measure.metric == "доля жалоб с этой причиной"
    assert all("соглашению" in one.source or "доля" in one.source for one in item.priority.inputs)


def test_both_languages_have_the_same_sentences() -> None:
    said = [{name for name in dir(phrases(language)) if not name.startswith("_")} for language in LANGUAGES]
    assert said[0] == said[1]


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_next_run_updates_its_items() -> None:
    first = made(report())
    more = report(NUMBERS | {STALE: 9}, run="fedcba9876")
    second = continued(made(more), first.items, TODAY)
    assert {item.key for item in second.items} == {item.key for item in first.items}
    assert {item.run for item in second.items} == {"fedcba9876"}


def test_a_new_cause_is_recognised_by_its_meaning_run_after_run() -> None:
    first = made(report())
    reworded = {cause: count for cause, count in NUMBERS.items() if cause != NEW} | {ECHO: 3}
    second = continued(made(report(reworded)), first.items, TODAY)
    item = by_cause(second)[ECHO]
    assert item.key == NEW and item.cause == ECHO
    third = continued(made(report(reworded)), second.items, TODAY)
    assert by_cause(third)[ECHO].key == NEW


def test_another_new_cause_gets_a_key_of_its_own() -> None:
    first = made(report({LONE: 2}))
    second = continued(made(report({LONE: 2, NEW: 3})), first.items, TODAY)
    assert len({item.key for item in second.items}) == len(second.items)
    assert by_cause(second)[NEW].key == NEW
    gone = continued(made(report({NEW: 3})), made(report({LONE: 2})).items, TODAY)
    assert gone.items[0].key == NEW, "an unlike cause does not take over the key of one that is gone"


def test_two_items_of_a_cause_are_told_apart_by_their_words() -> None:
    run = report()
    texts = (RECOUNT, "Pay couriers better so that more of them stay.")
    first = continued(made(run, findings(run, fixes=[fix(run, PROMISE, text=text) for text in texts])), (), TODAY)
    keys = {item.change: item.key for item in first.items}
    assert sorted(keys.values())[0] == PROMISE and len(set(keys.values())) == 2
    reworded = ("Work out the promised day once more when the customer pays.", "Pay the couriers better so that they stay.")
    second = continued(
        made(run, findings(run, fixes=[fix(run, PROMISE, text=text) for text in reworded[::-1]])), first.items, TODAY
    )
    assert {item.change: item.key for item in second.items} == dict(zip(reworded, (keys[text] for text in texts), strict=True))


def test_a_fix_of_several_causes_keeps_its_key_whichever_is_the_largest() -> None:
    few, many = report(), report(NUMBERS | {STALE: 20})
    backlogs = [made(run, findings(run, fixes=(fix(run, PROMISE, STALE, text="Show one screen."),))) for run in (few, many)]
    assert [backlog.items[0].cause for backlog in backlogs] == [PROMISE, STALE]
    assert continued(backlogs[1], backlogs[0].items, TODAY).items[0].key == PROMISE


def test_a_key_that_another_item_took_along_is_not_given_twice() -> None:
    run = report(NUMBERS | {STALE: 20})
    before = made(report(), findings(report(), fixes=(fix(report(), PROMISE, STALE, text="Show one screen."),)))
    after = made(run, findings(run, fixes=(fix(run, PROMISE, STALE, text="Show one screen."), fix(run, PROMISE, text=RECOUNT))))
    keys = [item.key for item in continued(after, before.items, TODAY).items]
    assert len(set(keys)) == 2 and PROMISE in keys


def test_a_cause_whose_only_item_changes_its_words_wholly_keeps_its_key() -> None:
    run = report()
    first = made(run)
    found = findings(run, fixes=(fix(run, STALE, text="Hire a clerk."),))
    assert continued(made(run, found), first.items, TODAY).items[0].key == STALE


def test_a_day_once_set_stays_until_it_has_passed() -> None:
    first = made(report())
    day = {item.key: item.measure.again for item in first.items}
    soon, late = TODAY + dt.timedelta(days=10), TODAY + dt.timedelta(days=400)
    assert {item.key: item.measure.again for item in continued(made(report(), today=soon), first.items, soon).items} == day
    assert all(item.measure.again > late for item in continued(made(report(), today=late), first.items, late).items)


# ── what changed ──────────────────────────────────────────────────────────────────────────────────


def test_new_changed_and_gone_are_told() -> None:
    before = {item.key: item for item in made(report()).items}
    after = report({PROMISE: 12, STALE: 6, ROADS: 2, ECHO: 4}, run="fedcba9876", praise=16)
    diff = compare(before, made(after), lambda _: True)
    assert [item.key for item in diff.new] == [ECHO]
    assert [item.key for item in diff.gone] == [NEW, REFUND]
    same = compare(before, made(report(run="fedcba9876")), lambda _: True)
    assert (same.new, same.changed, same.gone, same.unchanged) == ((), (), (), 4), (
        "another run that says the same changes nothing"
    )
    elsewhere = compare(before, made(report({PROMISE: 12})), lambda _: False)
    assert elsewhere.gone == (), "a run does not speak of topics that it has no rows of"


def test_changed_fields_are_named() -> None:
    run = report()
    before = {item.key: item for item in made(run).items}
    (one,) = compare(before, made(run, economics=SIXTY), lambda _: True).changed
    assert one.item.key == PROMISE and set(one.fields) == {"effect", "effect_how", "measure", "priority"}
    assert fingerprint(one.item) != fingerprint(one.before)


def edited(backlog: Backlog, key: str, **fields: object) -> Backlog:
    changed = [Item.model_validate(item.model_dump() | fields) if item.key == key else item for item in backlog.items]
    return backlog.model_copy(update={"items": tuple(changed)})


def test_what_people_changed_stays_and_the_rest_is_brought_up_to_date() -> None:
    base = made(report())
    theirs = edited(base, STALE, title="Fix the cards", team="checkout")
    new = made(report(NUMBERS | {STALE: 9}, run="fedcba9876"))
    merged, edits = with_edits(new, theirs, {item.key: item for item in base.items}, lambda _: True)
    item = by_cause(merged)[STALE]
    assert (item.title, item.team, item.complaints, item.run) == ("Fix the cards", "checkout", 9, "fedcba9876")
    assert [(edit.key, edit.kept, edit.fields) for edit in edits] == [(STALE, Kept.EDITED, ("title", "team"))]


def test_a_part_of_a_field_can_be_edited() -> None:
    base = made(report())
    measure = by_cause(base)[STALE].measure.model_dump() | {"target": 0.01}
    merged, _ = with_edits(
        made(report(NUMBERS | {STALE: 9})),
        edited(base, STALE, measure=measure),
        {item.key: item for item in base.items},
        lambda _: True,
    )
    assert by_cause(merged)[STALE].measure.target == 0.01
    assert by_cause(merged)[STALE].measure.baseline.value == pytest.approx(9 / 43)


def test_items_removed_stay_away_and_items_added_stay() -> None:
    base = made(report())
    own = by_cause(base)[STALE].model_copy(update={"key": "ours", "title": "Call them back"})
    theirs = base.model_copy(update={"items": (*(item for item in base.items if item.key != REFUND), own)})
    merged, edits = with_edits(made(report()), theirs, {item.key: item for item in base.items}, lambda _: True)
    assert {item.key for item in merged.items} == {PROMISE, STALE, NEW, "ours"}
    assert {(edit.key, edit.kept) for edit in edits} == {(REFUND, Kept.REMOVED), ("ours", Kept.ADDED)}


def test_an_item_that_is_gone_goes_unless_somebody_edited_it() -> None:
    base = made(report())
    old = {item.key: item for item in base.items}
    rest = made(report({PROMISE: 12}))
    assert {item.key for item in with_edits(rest, base, old, lambda _: True)[0].items} == {PROMISE}
    merged, edits = with_edits(rest, edited(base, STALE, title="Fix the cards"), old, lambda _: True)
    assert {item.key for item in merged.items} == {PROMISE, STALE} and edits[0].kept is Kept.EDITED_AND_GONE
    assert {item.key for item in with_edits(rest, base, old, lambda _: False)[0].items} == set(old), "not this run's matter"


# ── zones ─────────────────────────────────────────────────────────────────────────────────────────


def test_each_team_has_its_own_share_and_cost() -> None:
    run = report()
    found = findings(run, economy=economy(run))
    zone = {one.team: one for one in zones(run, found, made(run, found).items, teams=TEAMS)}
    assert list(zone) == ["checkout", "profile", "refunds", None]
    assert zone["checkout"].title == "Checkout and order form" and zone["refunds"].title == "refunds"
    assert zone["profile"].share.value == pytest.approx(6 / 40) and zone["profile"].complaints == 6
    assert zone["profile"].cost is not None and zone["profile"].cost.value == 60
    assert {cause.cause.id for cause in zone[None].causes} == {NEW, LONE}, "what no team owns is shown too"
    assert all(ROADS not in {cause.cause.id for cause in one.causes} for one in zone.values())


def test_a_team_is_found_by_id_and_by_name_or_the_teams_are_listed() -> None:
    run = report()
    found = zones(run, findings(run), made(run).items, teams=TEAMS)
    assert chosen(found, "PROFILE").team == "profile"
    assert chosen(found, "customer profile and addresses").team == "profile"
    with pytest.raises(SettingsError, match=r"has no team 'sales'.*checkout \(Checkout and order form\).*refunds"):
        chosen(found, "sales")
