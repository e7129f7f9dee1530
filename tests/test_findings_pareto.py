"""Three orders of the same causes: each complaint counted once, the vital few the fewest, the rest with its size."""

from __future__ import annotations

import pytest
from gold_run import Row, complaint, gold_rows, report_of

from rootcause.economics import Economics
from rootcause.findings.observe import observe
from rootcause.findings.pareto import paretos
from rootcause.findings.values import ParetoBy, ParetoView
from rootcause.findings.worth import economy, row_costs
from rootcause.models import RunReport, Sign, SignKind, Stratum
from rootcause.report.pareto import pareto as chart

PRICES = Economics.model_validate({"currency": "EUR", "contact": {"phone": 20.0, "default": 1.0}})


def views(report: RunReport, prices: Economics | None = None) -> dict[ParetoBy, ParetoView]:
    observed = observe(report)
    costs = row_costs(report, observed, prices) if prices else None
    found = paretos(observed, report.ranking, economy(report, observed, prices), costs)
    return {view.by: view for view in found}


def rows() -> list[Row]:
    """Ten complaints: "many" stands behind five cheap ones, "dear" behind two by phone, "grave" behind one that is grave."""
    said = (Sign(kind=SignKind.HARM, quote="in hospital"),)
    told = (Sign(kind=SignKind.REPEAT, quote="I rang again"),)
    plan: list[tuple[tuple[str, ...], str, tuple[Sign, ...]]] = [
        *[(("many",), "chat", ())] * 4,
        (("many", "dear"), "phone", told),
        (("dear",), "phone", ()),
        (("grave",), "chat", said),
        (("residue-1",), "chat", ()),
        ((), "chat", ()),
        ((), "chat", ()),
    ]
    return [
        Row(complaint=complaint(n, date=f"2026-01-{n:02}", channel=channel), causes=causes, signs=signs)
        for n, (causes, channel, signs) in enumerate(plan, start=1)
    ]


def test_each_measure_has_its_own_order() -> None:
    found = views(report_of(rows()), PRICES)
    order = {by: [row.cause for row in view.rows] for by, view in found.items()}
    assert order == {
        ParetoBy.NUMBER: ["many", "dear", "grave"],
        ParetoBy.COST: ["dear", "many", "grave"],
        ParetoBy.SEVERITY: ["grave", "many", "dear"],
    }
    assert [row.value for row in found[ParetoBy.SEVERITY].rows] == [9, 1, 1]
    assert found[ParetoBy.COST].unit == "EUR"


def test_a_complaint_with_two_causes_counts_once() -> None:
    found = views(report_of(rows()), PRICES)
    number = found[ParetoBy.NUMBER]
    assert [row.share for row in number.rows] == pytest.approx([0.5, 0.2, 0.1])
    assert [row.together for row in number.rows] == pytest.approx([0.5, 0.6, 0.7])
    assert number.rest == pytest.approx(0.1), "the residue has its size; two of ten have nothing to explain"
    cost = found[ParetoBy.COST]  # dear 40 of 46 with a cause, many 4 more, grave 1, the residue 1
    assert [row.together for row in cost.rows] == pytest.approx([40 / 46, 44 / 46, 45 / 46])
    assert cost.rest == pytest.approx(1 / 46)


def test_the_vital_few_are_the_fewest_that_reach_four_fifths() -> None:
    found = views(report_of(rows()), PRICES)
    assert found[ParetoBy.NUMBER].vital == ("many", "dear", "grave"), "0.8 × 0.8 = 0.64 of all, and two causes reach 0.6"
    assert found[ParetoBy.COST].vital == ("dear",)
    assert found[ParetoBy.SEVERITY].vital == ("grave",)
    seventy = [row for row in rows() if row.causes != ("residue-1",)]
    assert views(report_of(seventy))[ParetoBy.NUMBER].vital == ("many", "dear"), "0.8 × 7 = 5.6 of 9, and two reach 6"


def test_what_is_not_known_is_not_drawn() -> None:
    plain = [Row(complaint=row.complaint, causes=row.causes) for row in rows()]
    assert set(views(report_of(plain))) == {ParetoBy.NUMBER}
    free = Economics(currency="EUR")
    assert set(views(report_of(rows()), free)) == {ParetoBy.NUMBER, ParetoBy.SEVERITY}


def test_sampled_rows_stand_for_their_weight() -> None:
    sampled = [Row(complaint=row.complaint, causes=row.causes, signs=row.signs, topic="big" if n < 5 else None)
               for n, row in enumerate(rows())]  # fmt: skip
    strata = (Stratum(topic=None, population=5, sampled=5), Stratum(topic="big", population=50, sampled=5))
    found = views(report_of(sampled, strata=strata))
    assert [(row.cause, row.value) for row in found[ParetoBy.NUMBER].rows] == [("many", 50), ("dear", 11), ("grave", 1)]
    assert [row.together for row in found[ParetoBy.NUMBER].rows] == pytest.approx([50 / 55, 51 / 55, 52 / 55])
    assert [(row.cause, row.value) for row in found[ParetoBy.SEVERITY].rows] == [("many", 10), ("dear", 10), ("grave", 9)]


def test_a_cause_that_only_an_audit_found_has_its_place() -> None:
    report = report_of(rows())
    first = report.ranking.causes[0]
    named = first.model_copy(update={"cause": first.cause.model_copy(update={"id": "overlooked"}), "share": 0.15, "row_ids": ()})
    ranking = report.ranking.model_copy(update={"causes": (*report.ranking.causes, named)})
    (number, *_) = paretos(observe(report), ranking)
    assert [row.cause for row in number.rows] == ["many", "dear", "overlooked", "grave"]
    assert [row.together for row in number.rows] == pytest.approx([0.5, 0.6, 0.75, 0.85])


def test_the_reports_chart_says_the_same() -> None:
    report = report_of(gold_rows())
    by_number = views(report)[ParetoBy.NUMBER]
    bars = chart(report).bars
    assert len(bars) == 20
    assert [row.cause for row in by_number.rows[:20]] == [bar.ranked.cause.id for bar in bars]
    assert [row.together for row in by_number.rows[:20]] == pytest.approx([bar.together for bar in bars])
    assert by_number.rows[0].share == pytest.approx(22 / 240)
    assert by_number.rows[-1].together + by_number.rest == pytest.approx((240 - 14) / 240), "14 rows are no complaint"
