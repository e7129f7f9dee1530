"""Grave single complaints and customers who come again, each traceable to its rows."""

from __future__ import annotations

import datetime as dt

from gold_run import Row, complaint, gold_rows, report_of

from rootcause.findings.loud import loud
from rootcause.findings.observe import observe
from rootcause.models import Sign, SignKind


def sign(kind: SignKind) -> Sign:
    return Sign(kind=kind, quote=f"words of {kind}")


def test_only_grave_words_are_loud_and_the_gravest_come_first() -> None:
    rows = [
        Row(complaint=complaint(1, date=dt.date(2026, 1, 5), amount=90_000.0), causes=("a",)),
        Row(complaint=complaint(2, date=dt.date(2026, 1, 4)), causes=("a", "b"), signs=(sign(SignKind.REGULATOR),)),
        Row(complaint=complaint(3, date=dt.date(2026, 1, 9)), causes=("b",), signs=(sign(SignKind.PRESS), sign(SignKind.HARM))),
        Row(complaint=complaint(4), causes=("b",), signs=(sign(SignKind.LEAVING), sign(SignKind.LOSS))),
        Row(complaint=complaint(5, date=dt.date(2026, 1, 3)), causes=("b",), signs=(sign(SignKind.HARM),)),
    ]
    report = report_of(rows)
    result = loud(report, observe(report))
    assert [one.row_id for one in result.loud] == ["r00003", "r00005", "r00002"]
    assert set(result.loud[2].causes) == {"a", "b"}
    assert result.loud[0].signs[0].quote == "words of press"
    assert dict(result.signs) == {"leaving": 1, "regulator": 1, "press": 1, "loss": 1, "harm": 2}
    assert result.unsigned == 1, "a large sum alone is no sign"


def test_customers_who_come_again_are_found_beyond_the_sample() -> None:
    file = [complaint(n, customer="C-1" if n in (2, 5, 7) else f"D-{n}", date=dt.date(2026, 1, n)) for n in range(1, 9)]
    report = report_of([Row(complaint=file[1], causes=("a",)), Row(complaint=file[3], causes=("b",))], file=file)
    (again,) = loud(report, observe(report)).again
    assert again.customer == "C-1"
    assert again.rows == ("r00002", "r00005", "r00007")
    assert again.causes == ("a",)


def test_the_example_files_repeat_customers() -> None:
    report = report_of(gold_rows())
    again = {one.customer: one for one in loud(report, observe(report)).again}
    assert again["C-1845"].rows == ("T-10490", "T-10652", "T-10781")
    assert again["C-1845"].causes == ("app-cancel-misses-store",)
    assert again["К-2417"].causes == ("atm-claim-always-investigated",)
    assert again["C-2417"].causes == ("promise-fixed-at-basket",)
    assert len([one for one in again.values() if len(one.rows) >= 3]) == 6
