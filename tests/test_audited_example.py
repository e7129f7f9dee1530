"""The example as the packaged model answers it, held against gold.csv: what an audit of 120 rows puts right.

`data/example-answers.csv`: the causes that `rootcause analyze examples/complaints.csv --all` gave each row with the packaged
model and `contrast:2` on 2026-11-23.
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from gold_run import Row, gold_rows, report_of
from test_examples import table

from rootcause.findings import find
from rootcause.findings.audit import NEEDED
from rootcause.findings.labels import OTHER, Labels, draw_rows
from rootcause.findings.observe import observe
from rootcause.findings.values import Findings
from rootcause.models import Cause, RunReport

ANSWERS = Path(__file__).parent / "data/example-answers.csv"


@cache
def run() -> RunReport:
    gold = {row.complaint.id: row for row in gold_rows()}
    with ANSWERS.open(encoding="utf-8", newline="") as stream:
        given = list(csv.DictReader(stream))
    rows = []
    for one in given:
        named = [f"residue-{one['ticket']}" if cause == "residue" else cause for cause in one["causes"].split(";") if cause]
        rows.append(Row(complaint=gold[one["ticket"]].complaint, causes=tuple(dict.fromkeys(named)), topic=one["topic"] or None))
    return report_of(rows)


@cache
def truth() -> dict[str, tuple[str, ...]]:
    """The true causes of each row, as a person writes them on the sheet."""
    found = {}
    for row in gold_rows():
        names = (OTHER if cause.startswith("residue") else f"{row.topic}/{cause}" for cause in row.causes)
        found[row.complaint.id] = tuple(dict.fromkeys(names))
    return found


@cache
def audited(rows: int) -> Findings:
    drawn = [row.id for row in draw_rows(run(), observe(run()), rows)]
    labels = tuple((row, truth()[row]) for row in drawn)
    known = {one.cause.id for one in run().ranking.causes} | {OTHER}
    unseen = sorted({cause for _, causes in labels for cause in causes} - known)
    causes = tuple(
        Cause(id=name, name=name, topic=None, new=False, residue=False, controllable=True, team=None, chains=())
        for name in unseen
    )
    return find(run(), economics=None, labels=Labels(rows=labels, unseen=causes))


def true_counts() -> Counter[str]:
    analysed = {row.id for row in observe(run()).rows}
    return Counter(cause for row, causes in truth().items() if row in analysed for cause in causes if cause != OTHER)


def test_an_audit_brings_the_true_top_causes_into_their_rank_sets() -> None:
    counts = true_counts()
    sets = {one.cause: (one.best, one.worst) for one in audited(120).standings}
    for cause, count in counts.most_common(12):
        larger, equal = sum(other > count for other in counts.values()), sum(other == count for other in counts.values())
        best, worst = sets[cause]
        assert best <= larger + equal and worst >= larger + 1, cause
    first, second = (cause for cause, _ in counts.most_common(2))
    assert sets[first][1] <= 8 and sets[second][1] <= 16, "and the sets of the two largest say something"
    assert [one.cause.id for one in audited(120).ranking.causes][:2] == [first, second]


def test_corrected_shares_hold_the_truth_where_the_models_do_not() -> None:
    counts, base = true_counts(), len(observe(run()).rows)
    bare = {one.cause.id: one for one in find(run(), economics=None, labels=None).ranking.causes}
    held = [one for one in audited(120).ranking.causes if one.low <= counts[one.cause.id] / base <= one.high]
    assert len(held) >= 0.93 * len(audited(120).ranking.causes)
    lost = "subscription-access/paid-login-not-announced"
    assert not bare[lost].low <= counts[lost] / base <= bare[lost].high, "the model found six of eleven"
    assert lost in {one.cause.id for one in held}
    wrong = "delivery/stale-address-card"
    assert bare[wrong].share > 1.3 * counts[wrong] / base
    assert wrong in {one.cause.id for one in held}


@pytest.mark.parametrize("rows", [NEEDED, 160])
def test_the_largest_cause_stays_first_whatever_is_drawn(rows: int) -> None:
    found = audited(rows)
    assert found.ranking.causes[0].cause.id == "bank-cards/atm-claim-always-investigated"
    assert found.audit is not None and found.audit.agreement.low > 0.6


def test_the_example_page_shows_these_figures() -> None:
    counts, base = true_counts(), len(observe(run()).rows)
    bare = {one.cause.id: one.share for one in find(run(), economics=None, labels=None).ranking.causes}
    found = {one.cause.id: one for one in audited(120).ranking.causes}
    sets = {one.cause: f"{one.best}–{one.worst}" for one in audited(120).standings}
    expected = {}
    for cause, count in counts.most_common(12):
        one = found[cause]
        after = f"{100 * one.share:.1f} ({100 * one.low:.1f}–{100 * one.high:.1f})"
        true, alone = f"{100 * count / base:.1f}", f"{100 * bare[cause]:.1f}"
        expected[cause.partition("/")[2]] = [true, alone, after, sets[cause]]
    shown = table("What the packaged model finds, and what an audit puts right")
    assert {cause: cells for cause, *cells in shown} == expected
