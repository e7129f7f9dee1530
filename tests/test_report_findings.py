"""The figures that the report shows are those of the findings, and what is missing is named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from board import PRICES, board_findings, board_report
from cli import rows
from report_page import Page, console_of, part, rendered

from rootcause.findings import find
from rootcause.findings.values import CauseMap, CauseTrend, Direction, Estimate, Standing, Trend
from rootcause.ingest.frame import frame_of
from rootcause.models import Columns
from rootcause.report.files import write
from rootcause.report.html import render
from rootcause.report.paretolists import pareto_lists
from rootcause.report.saturationcurve import curve
from rootcause.report.terminal import show
from rootcause.report.ties import Part, groups, marks
from rootcause.report.trendpanels import panels
from rootcause.report.words import LANGUAGES, words_for


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ── the findings on the page ──


def test_no_rank_is_shown_without_its_set_and_its_chances(language: str) -> None:
    words, chart = words_for(language), part(rendered(language), "chart")
    causes = part(rendered(language), "causes")
    for ranked, one in zip(board_findings(language).ranking.causes, board_findings(language).standings, strict=True):
        ranks, first, top3 = words.ranks(one.best, one.worst), words.chance(one.first), words.chance(one.top3)
        row = chart[chart.index(ranked.cause.name) :]
        assert f"{words('first')} {first} {words('top3')} {top3}".replace("\u00a0", " ") in row
        assert f"{words('rank')} {ranks} {ranked.cause.name}" in chart
        assert f"{words('rank_set')} {ranks} {words('chance_first')} {first}".replace("\u00a0", " ") in causes


def test_ties_are_named_and_the_rows_that_would_part_them() -> None:
    causes = part(rendered(), "causes")
    names = {one.cause.id: one.cause.name for one in board_findings("en").ranking.causes}
    second = board_findings("en").standings[1]
    own = causes.split(names[second.cause])[2].split("How it comes about")[0]
    assert f"Cannot be told apart from {len(second.tied)} other causes {' '.join(names[tied] for tied in second.tied)}" in own
    assert f"About {second.rows_to_separate:,} sampled rows would tell it from the next one; this run analysed 446." in own


def test_ties_with_very_many_causes_are_counted_not_all_named() -> None:
    findings = board_findings("en")
    first = findings.standings[0].model_copy(update={"tied": tuple(f"tiny-{n}" for n in range(500))})
    page = render(board_report("en"), findings.model_copy(update={"standings": (first, *findings.standings[1:])}))
    assert "Cannot be told apart from 500 other causes tiny-0 tiny-1 " in part(page, "causes")
    assert "tiny-11 and 488 smaller ones" in part(page, "causes") and page.count("tiny-") == 12


@pytest.mark.parametrize(
    ("rows", "said"), [(None, "equally large"), (1220, "Only the whole file, 1,220 rows"), (871, "About 871")]
)
def test_how_many_rows_would_part_a_tie(rows: int | None, said: str) -> None:
    findings = board_findings("en")
    first = findings.standings[0].model_copy(update={"rows_to_separate": rows})
    page = render(board_report("en"), findings.model_copy(update={"standings": (first, *findings.standings[1:])}))
    assert said in part(page, "causes").split("How it comes about")[0]


def _standings(*tied: tuple[int, ...]) -> list[Standing]:
    return [
        Standing(cause=str(n), first=0, top3=0, best=1, worst=9, tied=tuple(map(str, others)), rows_to_separate=None)
        for n, others in enumerate(tied)
    ]


def test_brackets_join_neighbours_that_are_all_tied_and_overlap_in_lanes() -> None:
    standings = _standings((1,), (0, 2), (1, 3, 4), (2, 4), (2, 3), ())
    assert groups(standings) == ((0, 1), (1, 2), (2, 4))
    assert [[(mark.lane, mark.part.value) for mark in row] for row in marks(standings, 6)] == [
        [(0, "start")],
        [(0, "end"), (1, "start")],
        [(1, "end"), (0, "start")],
        [(0, "middle")],
        [(0, "end")],
        [],
    ]
    assert [mark.part for mark in marks(standings, 4)[3]] == [Part.OPEN], "a bracket that goes on below stays open"
    assert groups(_standings((1, 2), (0,), (0,))) == ((0, 1),), "a tie past a cause that is told apart is no bracket"
    assert groups(_standings((), ())) == () and groups([]) == ()


def test_without_an_audit_every_output_says_so(language: str, tmp_path: Path) -> None:
    words = words_for(language)
    for labelled in (0, 99):
        findings = board_findings(language, labelled=labelled)
        write(board_report(language), findings, tmp_path)
        console, out = console_of("utf-8")
        show(board_report(language), findings, console)
        assert {row["audited"] for row in rows(tmp_path / "causes.csv")} == {words("estimated_title")}
        assert out().startswith(words("estimated_title"))
        assert words("estimated_title") in Page((tmp_path / "report.html").read_text("utf-8")).text
    assert "99 rows are labelled so far, 100 are needed" in part(rendered(labelled=99), "audit")
    assert "rootcause audit 7f3a" in part(rendered(), "audit")


def test_an_audit_is_said_everywhere_with_its_agreement(tmp_path: Path) -> None:
    findings = board_findings("en", labelled=120)
    assert findings.audit and findings.audit.alpha
    write(board_report("en"), findings, tmp_path)
    text = Page((tmp_path / "report.html").read_text("utf-8")).text
    assert "not audited" not in text
    agreement = words_for("en").interval(findings.audit.agreement.low, findings.audit.agreement.high)
    assert f"Audited on 120 rows Person and model name the same main cause in 90% of them ({agreement})" in text
    assert f"Krippendorff's alpha {findings.audit.alpha:.2f}" in text
    causes = {row["id"]: row for row in rows(tmp_path / "causes.csv")}
    assert {row["audited"] for row in causes.values()} == {"Audited on 120 rows"}
    corrected = dict(findings.audit.corrected)
    assert float(causes["cause-number-1"]["share"]) == pytest.approx(corrected["cause-number-1"].value, abs=1e-6)
    model = board_report("en").ranking.causes[0]
    assert corrected["cause-number-1"].value != pytest.approx(model.share, abs=1e-3)
    shares = part(rendered(labelled=120), "audit")
    words = words_for("en")
    assert f"{model.cause.name} {words.percent(model.share)} {words.percent(corrected['cause-number-1'].value)}" in shares


def test_sampling_design_is_stated() -> None:
    sample = part(rendered(), "sample")
    design = board_findings("en").design
    for shown in (
        "1,220 rows of complaints.csv",
        "1 Apr 2026 to",
        "2 topics",
        "in proportion",
        "stands for 2 to 3 rows",
        "20261122",
    ):
        assert shown in sample
    assert f"Margin ±{100 * design.margin:.1f} points" in sample
    assert f"Design effect {words_for('en').number(design.effect, 2)}: as precise as {design.effective_n:.0f} rows" in sample
    assert "shares may add up to more than 100%" in sample


def test_causes_seen_and_unseen_are_told_and_drawn() -> None:
    page, found = rendered(), board_findings("en").saturation
    assert found
    words = words_for("en")
    text = part(page, "saturation")
    assert f"cover {words.percent(found.coverage.value)} of all mentions" in text
    assert f"{round(found.unseen.value)} more causes have probably not been seen yet" in text
    assert f"{found.causes} causes seen" in text
    drawn = curve(found)
    points = [tuple(map(float, point.split(","))) for point in drawn.line.split()]
    assert points[0] == (0, 100) and points[-1] == (100, drawn.ends) and drawn.line in page
    assert points == sorted(points, key=lambda point: (point[0], -point[1])), "more rows never show fewer causes"
    assert (100 - drawn.expected) / (100 - drawn.ends) == pytest.approx(
        (found.causes + found.unseen.value) / found.causes, abs=0.01
    )
    assert found.unseen.value > 1 and 0 <= drawn.expected < drawn.ends


def test_portfolio_names_each_fix_with_what_it_spares_and_serves(language: str) -> None:
    findings, words = board_findings(language), words_for(language)
    names = {one.cause.id: one.cause.name for one in (*findings.ranking.causes, *findings.ranking.residue)}
    text = part(rendered(language), "portfolio")
    assert findings.portfolio and findings.economy
    assert words.money(findings.portfolio.together.value, "EUR").replace("\u00a0", " ") in text
    for fix in findings.portfolio.fixes:
        own = text[text.index(fix.text) :]
        spared = f"{words.percent(fix.spared.value)} ({words.interval(fix.spared.low, fix.spared.high)})"
        shown = [words.percent(fix.spared_alone), spared, words.money(fix.money or 0, "EUR"), *(names[one] for one in fix.causes)]
        assert [one for one in shown if one.replace("\u00a0", " ") not in own] == []
        assert all(row in own for row in fix.row_ids)
    assert all(" ".join(one.split()) in text for one in findings.portfolio.assumptions)
    assert "€9,000" in text or "9 000 €" in text


def test_portfolio_without_prices_spares_complaints_and_shows_no_money() -> None:
    findings = board_findings("en", prices=False)
    assert findings.portfolio
    text = part(rendered(prices=False), "portfolio")
    assert f"would spare {words_for('en').percent(findings.portfolio.together.value)} of complaints" in text
    assert "a month" not in text and "Cost" not in text
    first, *others = findings.portfolio.fixes
    overlapping = first.model_copy(update={"spared_alone": 0.66})
    greedy = findings.portfolio.model_copy(update={"exact": False, "bound": 0.77, "fixes": (overlapping, *others)})
    page = render(board_report("en"), findings.model_copy(update={"portfolio": greedy}))
    assert "no choice can spare more than 77% of complaints" in part(page, "portfolio")
    assert f"66% {words_for('en').percent(first.spared.value)} (" in part(page, "portfolio"), "alone, then beyond the others"


def test_causes_stand_in_three_orders_with_their_rest() -> None:
    findings, words = board_findings("en"), words_for("en")
    text = part(rendered(), "pareto")
    names = {one.cause.id: one.cause.name for one in findings.ranking.causes}
    assert [view.by.value for view in findings.pareto] == ["number", "cost", "severity"]
    for view, found in zip(findings.pareto, pareto_lists(findings).values(), strict=True):
        own = text[text.index(words(f"pareto_by:{view.by.value}")) :]
        places = [own.index(names[entry.row.cause]) for entry in found.entries]
        assert places == sorted(places) and len(places) + found.more == len(view.rows)
        adds = view.rows[-1].together - view.rows[len(places) - 1].together
        assert f"{found.more} more causes add {words.percent(adds)}; in causes that merged with nothing" in own
        assert f"merged with nothing: {words.percent(view.rest)}" in own
        assert max(entry.width for entry in found.entries) == 100
        assert {entry.row.cause for entry in found.entries if entry.vital} == set(view.vital[: len(found.entries)])
    assert f"{words.money(findings.pareto[1].rows[0].value, 'EUR')} " in text


def test_cost_of_each_cause_is_shown_with_its_parts_and_assumptions() -> None:
    findings, words = board_findings("en"), words_for("en")
    text = part(rendered(), "worth")
    assert findings.economy
    total = findings.economy.total
    assert f"cost {words.money(total.value, 'EUR')} a month (95% interval {words.sums(total.low, total.high, 'EUR')})" in text
    assert "Set against 42,000 orders a month." in text
    for one in findings.economy.worth:
        parts = [words.money(part, "EUR") for part in (one.of_contacts, one.of_repeats, one.of_leaving)]
        cost = f"{words.money(one.cost.value, 'EUR')} ({words.sums(one.cost.low, one.cost.high, 'EUR')})"
        assert f"{cost} {' '.join(parts)}" in text
    assert all(" ".join(one.split()) in text for one in findings.economy.assumptions)


def test_what_is_missing_is_named_with_what_would_bring_it(language: str) -> None:
    words, report = words_for(language), board_report(language)
    assert words("worth_none", run="7f3a") in part(rendered(language, prices=False), "worth")
    bare = tuple(row.model_copy(update={"date": None, "customer": None}) for row in report.sample.complaints)
    by_id = {row.id: row for row in bare}
    outcomes = tuple(
        one.model_copy(
            update={
                "rows": tuple(by_id[row.id] for row in one.rows),
                "answer": one.answer and one.answer.model_copy(update={"signs": ()}),
            }
        )
        for one in report.outcomes
    )
    undated = report.model_copy(
        update={"frame": frame_of(bare), "outcomes": outcomes, "columns": Columns(text="text"),
                "sample": report.sample.model_copy(update={"complaints": bare})}
    )  # fmt: skip
    page = render(undated, find(undated, economics=PRICES, labels=None))
    assert words("worth_undated") in part(page, "worth")
    assert words("trend_no_dates") in part(page, "trend")
    assert words("loud_none") in part(page, "loud") and words("again_no_customers") in part(page, "loud")
    assert words("pareto_no_severity") in part(page, "pareto")
    few = render(report, board_findings(language).model_copy(update={"trend": None}))
    assert words("trend_too_few", rows=20, periods=3) in part(few, "trend")


def test_movement_is_drawn_and_named_with_its_corrected_p() -> None:
    findings, words, page = board_findings("en"), words_for("en"), rendered()
    assert findings.trend
    found = panels(findings.trend)
    text = part(page, "trend")
    names = {one.cause.id: one.cause.name for one in findings.ranking.causes}
    proved = text[text.index("Moving beyond chance") : text.index("Worth watching")]
    assert {one.found.cause for one in found.proved} >= {"cause-number-3", "cause-number-4"}
    for panel in found.proved:
        one = panel.found
        assert f"{names[one.cause]} {words(f'trend:{one.direction.value}')}" in proved
        assert f"p {words.p_value(one.q)}" in proved[proved.index(names[one.cause]) :]
    assert "appeared since August 2026" in proved and "vanished since July 2026" in proved
    watched = text[text.index("Worth watching") :]
    assert all(names[cause] in watched for cause in findings.trend.watch)
    assert sum(len(group) for group in (found.proved, found.watch, found.others)) == len(findings.trend.causes)
    assert page.count('<polyline class="curve"') == len(findings.trend.causes) + 1


def test_a_period_without_rows_breaks_the_line() -> None:
    def share(value: float) -> Estimate:
        return Estimate(value=value, low=value / 2, high=min(1.0, 2 * value))

    starts = tuple(dt.date(2026, month, 1) for month in range(1, 5))
    cause = CauseTrend(
        cause="a", counts=(1, 2, 0, 4), shares=(share(0.1), share(0.2), None, share(0.25)), slope=0.5, up=0.99, p=0.001, q=0.01,
        direction=Direction.RISING, since=starts[1],
    )  # fmt: skip
    found = panels(Trend(unit="month", starts=starts, rows=(9, 9, 0, 9), undated=0, causes=(cause,), watch=()))
    [panel] = found.proved
    assert found.top == 0.5
    assert panel.lines == ("12.5,80.0 37.5,60.0", "87.5,50.0")
    assert panel.bands[0] == "12.5,60.0 37.5,20.0 37.5,80.0 12.5,90.0"
    assert panel.since == 25.0 and len(panel.dots) == 3


def test_the_loud_are_listed_with_rows_customers_and_their_words(language: str) -> None:
    findings = board_findings(language).loud
    text = part(rendered(language), "loud")
    assert len(findings.loud) == 11
    for one in findings.loud:
        own = text[text.index(one.row_id) :]
        assert [shown for shown in (one.customer, *(sign.quote for sign in one.signs)) if shown and shown not in own] == []
    [again] = findings.again
    assert again.customer in text and all(row in text for row in again.rows)
    words = words_for(language)
    assert all(f"{count} {words(f'sign:{kind}')}" in text for kind, count in findings.signs)


def test_map_is_on_the_page_and_missing_where_nothing_can_be_drawn() -> None:
    assert 'class="map-drawing"' in rendered()
    nothing = board_findings("en").model_copy(update={"map": CauseMap(nodes=(), edges=(), broken=())})
    page = render(board_report("en"), nothing)
    assert 'id="map"' not in page and 'href="#map"' not in page


def test_of_many_causes_only_the_first_are_unfolded() -> None:
    page = rendered()
    own = page[page.index('<section id="causes"') : page.index('<section id="residue"')]
    before, folded = own.split('<details class="printed">')
    assert before.count("<article") == 6 and folded.count("<article") == 6
    assert "The 6 smaller causes" in folded
