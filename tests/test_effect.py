"""Two runs compared: what fell is found, what chance could do is not claimed, and what else could explain it is said."""

from __future__ import annotations

import datetime as dt
import io
import math
import random
from pathlib import Path

import pytest
from cli import rootcause
from gold_run import Row, complaint, gold_rows, report_of
from rich.console import Console
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.rates import confint_poisson, etest_poisson_2indep

from rootcause.economics import Economics, Exposure, FixCost
from rootcause.effect import (
    Claim,
    Doubt,
    DoubtKind,
    Effect,
    Unit,
    can_show,
    effect,
    expected_count,
    garwood,
    holm,
    mover,
    rate_ratio,
)
from rootcause.errors import SettingsError
from rootcause.findings.values import Estimate
from rootcause.models import Columns, Fate, RunReport, Stratum
from rootcause.report.effectpage import show_effect
from rootcause.store import Store

CHANGE = dt.date(2026, 7, 1)


def halves() -> tuple[RunReport, RunReport]:
    """examples/complaints.csv before and after the change that its README describes."""
    rows = gold_rows()
    parts = [[row for row in rows if row.complaint.date and (row.complaint.date < CHANGE) is early] for early in (True, False)]
    return named(report_of(parts[0]), "before"), named(report_of(parts[1]), "after")


def named(report: RunReport, run: str) -> RunReport:
    return report.model_copy(update={"run_id": run})


def period(run: str, first: dt.date, counts: dict[str, int], *, days: int = 90, channel: str | None = None) -> RunReport:
    """A run of a period with so many complaints of each cause, spread evenly over its days."""
    causes = [cause for cause, count in counts.items() for _ in range(count)]
    random.Random(run).shuffle(causes)
    last = len(causes) - 1
    rows = [
        Row(
            complaint(
                place + 1, id=f"{run}-{place}", date=first + dt.timedelta(days=round(place * (days - 1) / last)), channel=channel
            ),
            (cause,),
        )
        for place, cause in enumerate(causes)
    ]
    return named(report_of(rows), run)


SPRING, SUMMER = dt.date(2026, 1, 1), dt.date(2026, 4, 1)


def test_on_the_example_the_vanished_cause_is_found_and_no_other_is_claimed() -> None:
    found = effect(*halves())
    assert [(one.cause, one.counts) for one in found.causes if one.claim is not Claim.UNPROVED] == [
        ("atm-claim-always-investigated", (22, 0))
    ]
    vanished = found.causes[0]
    assert vanished.claim is Claim.FALLEN
    assert vanished.before.value == pytest.approx(22 / (91 / 30.4375), rel=0.03)
    assert vanished.after.value == 0 and vanished.after.high > 0, "none seen is not none for ever"
    assert vanished.difference.high < 0
    assert vanished.change is not None and vanished.change.value == -1
    rising = next(one for one in found.causes if one.cause == "substitution-ignores-refusal")
    assert rising.counts == (6, 12) and rising.claim is Claim.UNPROVED, "the two halves alone prove little"
    assert rising.rows_needed is not None and rising.rows_needed > 128
    assert {doubt.kind for doubt in found.doubts} == {DoubtKind.SEASON}


def test_the_order_of_the_runs_decides_what_fell() -> None:
    before, after = halves()
    turned = effect(after, before)
    assert [one.claim for one in turned.causes[:2]] == [Claim.RISEN, Claim.UNPROVED]
    assert DoubtKind.ORDER in {doubt.kind for doubt in turned.doubts}


def test_where_nothing_changed_almost_nothing_is_claimed() -> None:
    """150 pairs of periods of the same 12 causes: an effect is claimed in at most 5 % of them, whatever the number of causes."""
    rng, false = random.Random(8), 0
    for turn in range(150):
        counts = [{f"c{place}": max(_poisson(rng, 14), 1) for place in range(12)} for _ in range(2)]
        found = effect(period(f"a{turn}", SPRING, counts[0]), period(f"b{turn}", SUMMER, counts[1]))
        false += any(one.claim is not Claim.UNPROVED for one in found.causes)
    assert false / 150 <= 0.05


def _poisson(rng: random.Random, mean: float) -> int:
    count, left = 0, math.exp(-mean)
    product = rng.random()
    while product > left:
        count, product = count + 1, product * rng.random()
    return count


def test_the_rows_needed_suffice() -> None:
    """As many rows as `rows_needed` says show the change in four of five pairs of periods, and a third of them do not."""
    needed = expected_count(0.4)
    assert 17 < needed < 33
    rng = random.Random(3)
    for scale, low, high in ((1.0, 0.72, 0.9), (0.33, 0.0, 0.5)):
        pairs = [(_poisson(rng, needed * scale), _poisson(rng, 0.4 * needed * scale)) for _ in range(2000)]
        shown = sum(rate_ratio(pair, (1.0, 1.0))[1] < 0.05 for pair in pairs) / 2000
        assert low <= shown <= high, scale


def test_rates_tests_and_corrections_are_those_of_statsmodels() -> None:
    for count, length in ((0, 3.0), (5, 2.0), (40, 1.5)):
        low, high = confint_poisson(count, length, method="exact-c")
        rate = garwood(count, length)
        assert (rate.low, rate.high) == pytest.approx((low, high), abs=1e-9)
    for counts, lengths in (((22, 3), (3.0, 3.0)), ((9, 14), (2.0, 5.0))):
        exact = etest_poisson_2indep(counts[1], lengths[1], counts[0], lengths[0])[1]
        assert rate_ratio(counts, lengths)[1] == pytest.approx(exact, abs=0.05), "the unconditional test is a little less strict"
    ps = [0.001, 0.2, 0.011, 0.04, 0.9]
    assert holm(ps) == pytest.approx(list(multipletests(ps, method="holm")[1]))


def test_intervals_of_the_difference_cover() -> None:
    rng, hits = random.Random(4), 0
    for _ in range(2000):
        counts = _poisson(rng, 20), _poisson(rng, 8)
        gap = mover(garwood(counts[0], 2.0), garwood(counts[1], 2.0))
        hits += gap.low <= -6.0 <= gap.high
    assert 0.94 <= hits / 2000 <= 0.99


def test_causes_too_small_to_show_anything_do_not_dilute_the_test() -> None:
    assert can_show([0.5, 0.001, 1.0, 0.0001, 0.25]) == [1, 3]
    rare = {f"rare{place}": 1 for place in range(60)}
    found = effect(
        period("a", SPRING, {"big": 16, "other": 40, **rare}), period("b", SUMMER, {"big": 2, "other": 40, "later": 1})
    )
    assert [one.cause for one in found.causes if one.claim is Claim.FALLEN] == ["big"]


def test_a_longer_period_is_no_rise() -> None:
    found = effect(period("a", SPRING, {"x": 20, "y": 20}, days=60), period("b", SUMMER, {"x": 60, "y": 60}, days=180))
    assert {one.claim for one in found.causes} == {Claim.UNPROVED}
    assert [one.change.value for one in found.causes if one.change] == pytest.approx([0, 0], abs=0.02)


def test_exposure_turns_a_rise_into_what_it_is() -> None:
    """Twice the complaints of twice the orders: as a rate nothing has changed."""
    runs = period("a", SPRING, {"x": 40, "y": 30}), period("b", SUMMER, {"x": 80, "y": 60}, days=91)
    assert {one.claim for one in effect(*runs).causes} == {Claim.RISEN}
    months = {f"2026-{month:02}": (10_000.0 if month < 4 else 20_000.0) for month in range(1, 8)}
    found = effect(*runs, economics=Economics(currency="GBP", exposure=Exposure(unit="orders", months=months)))
    assert found.unit is Unit.EXPOSURE and found.exposure_unit == "orders"
    assert {one.claim for one in found.causes} == {Claim.UNPROVED}
    assert found.before.exposure == pytest.approx(30_000, rel=0.01)
    x = next(one for one in found.causes if one.cause == "x")
    assert x.before.value == pytest.approx(40 / 30, rel=0.02), "per 1,000 orders"


def test_a_month_without_a_figure_is_named() -> None:
    economics = Economics(currency="GBP", exposure=Exposure(unit="orders", months={"2026-01": 10.0}))
    with pytest.raises(SettingsError, match="no figure for 2026-02"):
        effect(period("a", SPRING, {"x": 9}), period("b", SUMMER, {"x": 9}), economics=economics)


def test_a_sample_stands_for_its_rows_and_is_less_sure() -> None:
    """Of 400 rows a period every fourth was analysed: the rates are those of the file, the intervals those of the sample."""
    whole = effect(period("a", SPRING, {"x": 100, "y": 300}), period("b", SUMMER, {"x": 52, "y": 300}))
    part = effect(quarter("a", SPRING, {"x": 25, "y": 75}, 400), quarter("b", SUMMER, {"x": 13, "y": 75}, 352))
    full, sampled = (next(one for one in found.causes if one.cause == "x") for found in (whole, part))
    assert sampled.before.value == pytest.approx(full.before.value, rel=0.05)
    assert sampled.before.high - sampled.before.low > 1.8 * (full.before.high - full.before.low)
    assert full.claim is Claim.FALLEN and sampled.claim is Claim.UNPROVED
    assert sampled.rows_needed is not None


def quarter(run: str, first: dt.date, counts: dict[str, int], population: int) -> RunReport:
    """A sample of a file of `population` rows."""
    report = period(run, first, counts)
    sampled = sum(counts.values())
    frame = report.frame.model_copy(update={"rows": population})
    strata = (Stratum(topic=None, population=population, sampled=sampled),)
    return report.model_copy(update={"frame": frame, "sample": report.sample.model_copy(update={"strata": strata})})


def test_without_dates_shares_are_compared_and_that_is_said() -> None:
    runs = [_undated(period(run, SPRING, counts)) for run, counts in (("a", {"x": 30, "y": 70}), ("b", {"x": 5, "y": 70}))]
    found = effect(*runs)
    assert found.unit is Unit.COMPLAINTS and DoubtKind.UNDATED in {doubt.kind for doubt in found.doubts}
    x = next(one for one in found.causes if one.cause == "x")
    assert (x.before.value, x.after.value) == pytest.approx((30, 100 * 5 / 75))


def _undated(report: RunReport) -> RunReport:
    return report.model_copy(update={"frame": report.frame.model_copy(update={"first": None, "last": None})})


def test_a_topic_that_a_run_did_not_reach_has_not_fallen() -> None:
    """As after --max-cost: fifty complaints of a topic before, none analysed after, though the file holds as many."""
    before = period("a", SPRING, {"a/x": 50, "b/y": 50})
    after = period("b", SUMMER, {"a/x": 50})
    runs = [_by_topic(before, {"a": 50, "b": 50}), _by_topic(after, {"a": 50, "b": 50})]
    for one, other in (runs, runs[::-1]):
        found = effect(one, other)
        assert [cause.cause for cause in found.causes] == ["a/x"] and found.causes[0].claim is Claim.UNPROVED
        assert {doubt.kind: doubt.values for doubt in found.doubts}[DoubtKind.UNREACHED] == {"topics": "b"}


def _by_topic(report: RunReport, sizes: dict[str, int]) -> RunReport:
    """The run with the topics that the causes' ids name."""
    causes = [
        one.model_copy(update={"cause": one.cause.model_copy(update={"topic": one.cause.id[0]})}) for one in report.ranking.causes
    ]
    topics = {row: one.cause.id[0] for one in report.ranking.causes for row in one.row_ids}
    strata = tuple(Stratum(topic=topic, population=size, sampled=size) for topic, size in sizes.items())
    return report.model_copy(
        update={
            "sample": report.sample.model_copy(update={"strata": strata}),
            "ranking": report.ranking.model_copy(update={"causes": tuple(causes)}),
            "outcomes": tuple(one.model_copy(update={"topic": topics[one.key]}) for one in report.outcomes),
        }
    )


def test_a_change_of_channels_is_named_and_taken_out() -> None:
    """The phone line was closed: its cause seems to fall, yet within each channel nothing has changed."""
    before = _mixed("a", SPRING, {"phone": {"x": 40, "y": 40}, "chat": {"x": 2, "y": 38}})
    after = _mixed("b", SUMMER, {"phone": {"x": 4, "y": 4}, "chat": {"x": 4, "y": 76}})
    found = effect(before, after)
    x = next(one for one in found.causes if one.cause == "x")
    assert x.claim is Claim.FALLEN
    assert x.within_channels == pytest.approx(1.0, abs=0.01)
    doubt = next(one for one in found.doubts if one.kind is DoubtKind.CHANNELS)
    assert doubt.values["channel"] in ("phone", "chat") and float(doubt.values["p"]) < 0.001


def _mixed(run: str, first: dt.date, counts: dict[str, dict[str, int]]) -> RunReport:
    named_rows = [(channel, cause) for channel, mine in counts.items() for cause, count in mine.items() for _ in range(count)]
    random.Random(run).shuffle(named_rows)
    last = len(named_rows) - 1
    rows = [
        Row(
            complaint(place + 1, id=f"{run}-{place}", date=first + dt.timedelta(days=round(89 * place / last)), channel=channel),
            (cause,),
        )
        for place, (channel, cause) in enumerate(named_rows)
    ]
    return named(report_of(rows), run)


def test_rows_in_both_files_other_models_and_samples_are_doubts() -> None:
    named_rows = {"columns": Columns(text="message", id="ticket")}
    before = period("a", SPRING, {"x": 30, "y": 30}).model_copy(update=named_rows)
    after = period("b", SUMMER, {"x": 10, "y": 30}).model_copy(update=named_rows)
    shared = after.model_copy(update={"ledger": before.ledger})
    numbered = shared.model_copy(update={"columns": Columns(text="message")})
    assert DoubtKind.OVERLAP not in {doubt.kind for doubt in effect(before, numbered).doubts}, "both files number from 1"
    kinds = {doubt.kind for doubt in effect(before, shared).doubts}
    assert DoubtKind.OVERLAP in kinds and DoubtKind.TEACHING not in kinds
    skipped = tuple(row.model_copy(update={"fate": Fate.SKIPPED}) for row in before.ledger)
    halved = after.model_copy(update={"ledger": (*after.ledger, *skipped)})
    assert DoubtKind.OVERLAP not in {doubt.kind for doubt in effect(before, halved).doubts}, "left out by --since"
    other = after.model_copy(update={"model": after.model.model_copy(update={"name": "another"})})
    assert DoubtKind.TEACHING in {doubt.kind for doubt in effect(before, other).doubts}
    part = quarter("b", SUMMER, {"x": 10, "y": 30}, 400)
    assert DoubtKind.SAMPLE in {doubt.kind for doubt in effect(before, part).doubts}


def test_when_all_complaints_fell_that_is_said() -> None:
    found = effect(period("a", SPRING, {"x": 40, "y": 200}), period("b", SUMMER, {"x": 10, "y": 80}))
    assert DoubtKind.VOLUME in {doubt.kind for doubt in found.doubts}
    x = next(one for one in found.causes if one.cause == "x")
    assert x.others is not None and x.others.value == pytest.approx(0.4, abs=0.01)


def test_forecast_and_money_are_set_against_what_happened() -> None:
    runs = period("a", SPRING, {"x": 60, "y": 60}), period("b", SUMMER, {"x": 12, "y": 60})
    economics = Economics(currency="GBP", countermeasures=(FixCost(cause="x", removes=0.7),))
    x = effect(*runs, economics=economics, cost_each={"x": 5.0}).causes[0]
    assert x.forecast == -0.7
    assert x.change is not None and x.change.low < -0.7 < x.change.high
    assert x.saved is not None
    assert x.saved.value == pytest.approx(-5 * x.difference.value) and 0 < x.saved.low < x.saved.value < x.saved.high


def test_new_causes_are_matched_by_what_they_say() -> None:
    before = _new(period("a", SPRING, {"n1": 30, "y": 40}), "n1", "The pharmacy closes before the evening deliveries arrive.")
    after = _new(period("b", SUMMER, {"n2": 4, "y": 40}), "n2", "Evening deliveries come after the pharmacy has closed.")
    found = effect(before, after)
    joined = [one for one in found.causes if one.counts == (30, 4)]
    assert len(joined) == 1 and joined[0].claim is Claim.FALLEN and joined[0].matched != "id"
    apart = _new(period("b", SUMMER, {"n2": 4, "y": 40}), "n2", "Card readers are not charged overnight.")
    assert {one.counts for one in effect(before, apart).causes} == {(30, 0), (0, 4), (40, 40)}


def _new(report: RunReport, cause: str, sentence: str) -> RunReport:
    causes = tuple(
        one.model_copy(update={"cause": one.cause.model_copy(update={"new": True, "name": sentence})})
        if one.cause.id == cause
        else one
        for one in report.ranking.causes
    )
    return report.model_copy(update={"ranking": report.ranking.model_copy(update={"causes": causes})})


def test_a_run_is_not_compared_with_itself_nor_with_nothing() -> None:
    run = period("a", SPRING, {"x": 9})
    with pytest.raises(SettingsError, match="the same"):
        effect(run, run)
    empty = run.model_copy(update={"run_id": "b", "ranking": run.ranking.model_copy(update={"base": 0})})
    with pytest.raises(SettingsError, match="no analysed rows"):
        effect(run, empty)


def test_ratio_without_anything_before_is_unknown() -> None:
    assert rate_ratio((0, 8), (1.0, 1.0))[0] is None
    assert rate_ratio((0, 0), (1.0, 1.0)) == (None, 1.0)
    ratio, _ = rate_ratio((8, 0), (1.0, 1.0))
    assert ratio is not None and ratio.value == 0 and 0 < ratio.high < 1
    assert isinstance(garwood(0, 2.0), Estimate)


# ── what is printed ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("language", "fell", "unproved", "season"),
    [
        ("en", "Fell beyond chance: atm-claim-always-investigated.", "not shown", "months of the year"),
        ("ru", "Снизились сильнее случайного: atm-claim-always-investigated.", "не доказано", "месяцы года"),
    ],
)
def test_the_verdict_stands_first_and_the_doubts_are_said(language: str, fell: str, unproved: str, season: str) -> None:
    said = printed(effect(*halves()), language)
    assert " ".join(said.split()).startswith(fell)
    assert unproved in said and season in " ".join(said.split())
    assert max(len(line) for line in said.splitlines()) <= 80


def test_every_doubt_has_its_sentence_in_both_languages() -> None:
    found = effect(*halves())
    values = {
        "last": "a",
        "first": "b",
        "rows": 3,
        "channel": "chat",
        "before": 0.5,
        "after": 0.2,
        "p": 0.01,
        "run": "r",
        "change": -0.3,
        "topics": "delivery",
    }
    told = [Doubt(kind=kind, values=values) for kind in DoubtKind]
    for language in ("en", "ru"):
        lines = [
            line for line in printed(found.model_copy(update={"doubts": tuple(told)}), language).splitlines() if line[:2] == "- "
        ]
        assert len(lines) == len(DoubtKind)


def test_forecast_and_money_are_printed() -> None:
    runs = period("a", SPRING, {"x": 60, "y": 60}), period("b", SUMMER, {"x": 12, "y": 60})
    economics = Economics(currency="GBP", countermeasures=(FixCost(cause="x", removes=0.7),))
    said = " ".join(printed(effect(*runs, economics=economics, cost_each={"x": 5.0}), "en").split())
    assert "Forecast −70%, actual −80%" in said.replace("\u202f", "").replace("\xa0", "")
    assert "Saved a month: £" in said


def printed(found: Effect, language: str) -> str:
    page = io.StringIO()
    show_effect(found, Console(file=page, width=80), language)
    return page.getvalue()


def test_the_command_compares_two_kept_runs(tmp_path: Path) -> None:
    for report in halves():
        with Store(tmp_path / "rootcause.db") as store:
            store.begin(report.run_id, source=report.source, model="gold", settings="{}")
            store.end(report.run_id, "complete", report.model_dump_json())
    done = rootcause(tmp_path, "effect", "before", "after", "--store", ".")
    assert done.code == 0 and "atm-claim-always-investigated" in done.out
    again = rootcause(tmp_path, "effect", "before", "after", "--json", "--store", ".")
    assert again.json["causes"][0]["claim"] == "fallen"
    assert rootcause(tmp_path, "effect", "before", "nothing", "--store", ".").code == 2
