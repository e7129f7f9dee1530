"""An audit: a person labels rows blind, and the shares are corrected by what they say, with intervals that cover."""

from __future__ import annotations

import csv
import dataclasses
import io
import random
import re
import zipfile
from collections import Counter
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from cli import Done, rootcause
from gold_run import Row, complaint, report_of
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
from scipy.sparse import csr_matrix

from rootcause.errors import InputError, UserError
from rootcause.estimate import row_weights, shares
from rootcause.findings import find
from rootcause.findings.audit import NEEDED, Corrected, alpha_of, audited, chances_of, correct
from rootcause.findings.labels import NOTHING, OTHER, Labels, choices, draw_rows, passed_over, read_labels, sheet
from rootcause.findings.observe import observe
from rootcause.findings.standing import standings
from rootcause.ingest.sheet import read_sheet
from rootcause.models import CatalogueCause, Effort, RunReport, Stratum, Team, Topic
from rootcause.report.sheet import write_sheet
from rootcause.sample import Z95
from rootcause.sheets import Choice, Line, Page
from rootcause.store import Store

ENDLESS = np.array([10**12])


# ── the arithmetic ────────────────────────────────────────────────────────────────────────────────


def one_stratum(truth: np.ndarray, audited_found: np.ndarray, other_found: np.ndarray) -> Corrected:
    found = np.vstack([audited_found, other_found])
    return correct(csr_matrix(found), truth, np.arange(len(truth)), np.zeros(len(found), dtype=np.intp), ENDLESS)


def test_the_share_is_the_one_of_ppi_python() -> None:
    rng = np.random.default_rng(1)
    truth = (rng.random((150, 3)) < (0.4, 0.2, 0.05)).astype(float)
    wrong = rng.random((150, 3)) < 0.2
    other = (rng.random((700, 3)) < (0.35, 0.3, 0.2)).astype(float)
    found = np.where(wrong, 1 - truth, truth)
    mine = one_stratum(truth, found, other)
    assert mine.share == pytest.approx(ppi_mean_pointestimate(truth, found, other), abs=1e-12)
    assert 0.2 < mine.tuning[0] < 0.95, "neither all nor nothing of the model's share is used"


def test_the_interval_is_the_one_of_ppi_python_where_many_rows_are_labelled() -> None:
    """Both estimate the same variance; they differ by moments of the same rows and by the half row of each kind."""
    truth, found = np.array([(1, 1)] * 5 + [(1, 0)] * 2 + [(0, 1)] * 3 + [(0, 0)] * 10, dtype=float).T
    truth, other = np.tile(truth, 1000).reshape(-1, 1), np.tile(found, 4000).reshape(-1, 1)
    found = np.tile(found, 1000).reshape(-1, 1)
    mine = one_stratum(truth, found, other)
    low, high = ppi_mean_ci(truth, found, other, alpha=0.05)
    assert mine.share == pytest.approx(ppi_mean_pointestimate(truth, found, other), abs=1e-12)
    assert mine.centre - Z95 * mine.error == pytest.approx(low, abs=2e-5)
    assert mine.centre + Z95 * mine.error == pytest.approx(high, abs=2e-5)


def coverage(
    sizes: list[int], true: np.ndarray, hit: float, false: float, analysed: list[int], labelled: list[int], turns: int = 500
) -> tuple[np.ndarray, np.ndarray]:
    """How often the corrected and the uncorrected intervals hold each cause's true share of a population that a model
    misjudges. true: (strata, causes). hit, false: how often the model finds a cause that is there, and one that is not.
    """
    rng = np.random.default_rng(7)
    of = np.repeat(np.arange(len(sizes)), sizes)
    truth = (rng.random((len(of), true.shape[1])) < true[of]).astype(float)
    chance = np.where(truth > 0, hit, false) * (true[of] > 0)
    found = (rng.random(truth.shape) < chance).astype(float)
    populations = np.array(sizes)
    stratum = np.repeat(np.arange(len(sizes)), analysed)
    held, hits = np.zeros(true.shape[1]), []
    for _ in range(turns):
        drawn = np.concatenate([rng.choice(np.flatnonzero(of == h), n, replace=False) for h, n in enumerate(analysed)])
        rows = np.concatenate([rng.choice(np.flatnonzero(stratum == h), m, replace=False) for h, m in enumerate(labelled)])
        result = correct(csr_matrix(found[drawn]), truth[drawn][rows], rows, stratum, populations)
        held += np.abs(result.centre - truth.mean(axis=0)) <= Z95 * result.error
        hits.append(np.array([found[drawn][stratum == h].sum(axis=0) for h in range(len(sizes))]).T)
    _, low, high = (ends.reshape(turns, -1) for ends in shares(np.vstack(hits), analysed, populations))
    bare = (low <= truth.mean(axis=0)) & (truth.mean(axis=0) <= high)
    return held / turns, bare.mean(axis=0)


@pytest.mark.parametrize(
    ("sizes", "true", "analysed", "labelled"),
    [
        pytest.param([20_000], [[0.3, 0.2, 0.1]], [600], [120], id="a small sample"),
        pytest.param([1000], [[0.3, 0.2, 0.1]], [1000], [250], id="every row analysed"),
        pytest.param([8000, 3000], [[0.45, 0.2, 0], [0, 0, 0.5]], [300, 300], [90, 40], id="unequal weights"),
    ],
)
def test_corrected_intervals_cover_where_the_models_own_do_not(
    sizes: list[int], true: list[list[float]], analysed: list[int], labelled: list[int]
) -> None:
    held, bare = coverage(sizes, np.array(true), 0.7, 0.08, analysed, labelled)
    assert held.min() >= 0.93 and held.max() <= 0.97, held
    assert bare.min() < 0.6, bare


def test_a_faultless_model_is_not_thought_faultless_beyond_what_was_looked_at() -> None:
    truth = np.repeat([1.0, 0.0], [20, 80]).reshape(-1, 1)
    result = one_stratum(truth, truth, np.repeat([1.0, 0.0], [2000, 8000]).reshape(-1, 1))
    assert result.share[0] == pytest.approx(0.2, abs=0.001)
    assert Z95 * result.error[0] > 0.015, "100 rows without an error do not prove that there is none in 10,000"


def test_the_correction_of_a_stratum_is_its_own_if_it_has_ten_labels() -> None:
    """Ten strata of one cause each; the model invents its cause in half of the rows of the first one alone."""
    stratum = np.repeat(np.arange(10), 100)
    truth = np.zeros((1000, 10))
    truth[np.arange(0, 1000, 4), stratum[::4]] = 1
    found = truth.copy()
    found[1:100:2, 0] = 1
    rows = np.arange(0, 1000, 5)
    result = correct(csr_matrix(found), truth[rows], rows, stratum, np.full(10, 1000))
    assert result.tuning[0] < 0.6 and (result.tuning[1:] > 0.9).all()
    assert result.share[1:] == pytest.approx(np.full(9, 0.025), abs=0.002)


def test_strata_without_labels_are_corrected_together_with_others() -> None:
    stratum = np.repeat([0, 1, 2, 3], [100, 100, 5, 3])
    populations = np.array([1000, 1000, 10, 3])
    rng = np.random.default_rng(3)
    found = (rng.random((208, 2)) < 0.3).astype(float)
    rows = np.arange(0, 200, 4)
    result = correct(csr_matrix(found), found[rows], rows, stratum, populations)
    weight = row_weights(stratum, populations)
    values = chances_of(csr_matrix(found), found[rows], rows, stratum, populations, result.tuning).values
    assert values.T @ weight / weight.sum() == pytest.approx(result.share, abs=1e-12)
    assert result.share == pytest.approx(found.T @ weight / weight.sum(), abs=0.03)
    assert len(result.tuning) == 2, "the two small strata have gone with a large one"


def test_alpha_is_the_one_of_krippendorff() -> None:
    rng = random.Random(4)
    for size, agree in ((10, 0.5), (120, 0.8), (300, 0.0), (40, 1.0)):
        pairs = [(value := rng.choice("abcd"), value if rng.random() < agree else rng.choice("abcd")) for _ in range(size)]
        data = [["abcd".index(value) for value in one] for one in zip(*pairs, strict=True)]
        expected = krippendorff.alpha(reliability_data=data, level_of_measurement="nominal")
        assert alpha_of(pairs) == pytest.approx(expected, abs=1e-12)
    assert alpha_of([("a", "a")] * 5) is None, "where nothing differs, agreement shows nothing"


# ── runs ──────────────────────────────────────────────────────────────────────────────────────────


def with_topics(report: RunReport) -> RunReport:
    """The causes with the topic that their ids begin with, new ones marked."""

    def of_topic(ranked):  # type: ignore[no-untyped-def]
        topic = ranked.cause.id.partition("/")[0] if "/" in ranked.cause.id else None
        cause = ranked.cause.model_copy(
            update={
                "topic": topic,
                "new": "new-" in ranked.cause.id,
                "name": f"={ranked.cause.name}",
                "usual_countermeasure": f"Mend {ranked.cause.id}.",
            }
        )
        return ranked.model_copy(update={"cause": cause})

    ranking = report.ranking
    changed = {"causes": tuple(map(of_topic, ranking.causes)), "residue": tuple(map(of_topic, ranking.residue))}
    return report.model_copy(update={"ranking": ranking.model_copy(update=changed)})


def run_of(count: int = 300, **fields: object) -> RunReport:
    """Rows of two topics, one cause each by turns, some without any and some with a cause of their own."""
    cycle = {
        "app": ("app/login", "app/login", "app/new-dark-1a2b3c", "app/price", ""),
        "parcels": ("parcels/late", "parcels/late", "parcels/late", "", "residue-{}"),
    }
    rows = []
    for number in range(1, count + 1):
        topic = "app" if number % 3 else "parcels"
        cause = cycle[topic][number % 5].format(number)
        one = complaint(number, text=f'=текст {number};\n"жалоба"', id=f"{number:04}")
        rows.append(Row(one, (cause,) if cause else (), topic=topic))
    return with_topics(report_of(rows, **fields))  # type: ignore[arg-type]


def topic(topic_id: str, *causes: str) -> Topic:
    entries = tuple(
        CatalogueCause(id=cause, name=f"Name of {cause}", team="t", countermeasure="Mend it.", effort=Effort.S, controllable=True)
        for cause in causes
    )
    return Topic(
        id=topic_id, title=topic_id, language="en", company="c", context="c", teams=(Team(id="t", name="T"),), causes=entries
    )


TOPICS = {"app": topic("app", "price", "login", "crash"), "parcels": topic("parcels", "lost", "late")}


def labels_like(report: RunReport, rows: list[str], changed: dict[str, str]) -> Labels:
    """What the model said of the rows, but for causes that a person calls otherwise."""
    by_row = {row: one.cause.id for one in report.ranking.causes for row in one.row_ids}
    said = {row: changed.get(by_row[row], by_row[row]) if row in by_row else "" for row in rows}
    offered = [cause for causes in choices(report, TOPICS).values() for cause in causes]
    found = {one.cause.id for one in report.ranking.causes}
    return Labels(
        rows=tuple((row, (cause,) if cause else ()) for row, cause in said.items()),
        unseen=tuple(cause for cause in offered if cause.id in set(said.values()) - found),
    )


def test_the_ranking_follows_the_person_from_a_hundred_rows_on() -> None:
    report = run_of()
    observed = observe(report)
    drawn = [row.id for row in draw_rows(report, observed, 150)]
    labels = labels_like(report, drawn, {"app/login": "app/crash"})
    result = audited(report, observed, labels)
    found = {one.cause.id: one for one in result.ranking.causes}
    before = {one.cause.id: one for one in report.ranking.causes}
    assert result.finding.enough and result.finding.labelled == 150
    assert [one.rank for one in result.ranking.causes] == [1, 2, 3, 4, 5]
    assert found["app/crash"].share == pytest.approx(before["app/login"].share, abs=0.06)
    assert found["app/crash"].cause.name == "Name of crash", "a cause that the model never found, by its name in the catalogue"
    assert found["app/login"].share < before["app/login"].share / 3
    assert found["parcels/late"].share == pytest.approx(before["parcels/late"].share, abs=0.02)
    assert found["parcels/late"].low < found["parcels/late"].share < found["parcels/late"].high
    assert [one.share for one in result.ranking.causes] == sorted((one.share for one in result.ranking.causes), reverse=True)
    assert len(result.ranking.residue) == len(report.ranking.residue), "what stands alone is not lost"
    assert result.finding.confused[0][:2] == ("app/login", "app/crash")
    assert result.finding.agreement.low < result.finding.agreement.value < 0.85


def test_what_the_bootstrap_draws_from_has_the_corrected_shares_as_means() -> None:
    report = run_of()
    observed = observe(report)
    drawn = [row.id for row in draw_rows(report, observed, 120)]
    result = audited(report, observed, labels_like(report, drawn, {"app/price": "app/crash"}))
    assert result.chances is not None
    weight = row_weights(observed.stratum, observed.populations)
    means = np.asarray(result.chances.values.T @ weight / weight.sum())
    assert means == pytest.approx([one.share for one in result.ranking.causes], abs=1e-9)
    assert result.observed.ids == tuple(one.cause.id for one in (*result.ranking.causes, *result.ranking.residue))
    assert result.chances.values.shape == (len(observed.rows), len(result.ranking.causes))
    for column, one in enumerate(result.ranking.causes):
        assert result.observed.has[:, [column]].sum() == one.complaints, one.cause.id
    firm = standings(result.observed, seed=1, corrected=result.chances)
    assert [one.cause for one in firm] == [one.cause.id for one in result.ranking.causes]


def test_where_every_row_is_labelled_the_person_s_shares_stand_alone() -> None:
    report = run_of()
    observed = observe(report)
    labels = labels_like(report, [row.id for row in observed.rows], {"app/login": "app/price"})
    for one in audited(report, observed, labels).finding.corrected:
        named = sum(one[0] in causes for _, causes in labels.rows)
        assert (one[1].low, one[1].value, one[1].high) == pytest.approx((named / 300,) * 3, abs=1e-9), one[0]


def test_an_interval_holds_its_own_share_however_many_rows_are_labelled() -> None:
    report = run_of()
    observed = observe(report)
    for rows in (100, 200, 290):
        drawn = [row.id for row in draw_rows(report, observed, rows)]
        for cause, share in audited(report, observed, labels_like(report, drawn, {"app/login": ""})).finding.corrected:
            assert share.low <= share.value + 1e-9 and share.value <= share.high + 1e-9, (rows, cause)


def test_labels_of_a_run_that_was_finished_later_are_fitted_and_counted() -> None:
    """Finishing a partial run merges anew: a cause may have another name then, and one that was missing may be found."""
    report = run_of()
    observed = observe(report)
    drawn = [row.id for row in draw_rows(report, observed, 150)]
    known = labels_like(report, drawn, {})
    listed = next(one.cause for one in report.ranking.causes if one.cause.id == "app/price")
    renamed = {"app/login": "app/new-gone"}
    rows = tuple((row, tuple(renamed.get(cause, cause) for cause in causes)) for row, causes in known.rows)
    gone = sum(causes == ("app/new-gone",) for _, causes in rows)
    result = audited(report, observed, Labels(rows=(*rows, ("9999", ("app/price",))), unseen=(listed,)))
    assert result.finding.stale == gone + 1 > 30 and result.finding.labelled == 150
    ids = [one.cause.id for one in result.ranking.causes]
    assert len(ids) == len(set(ids)) and dict(result.finding.corrected)["other"].value > gone / 150 / 2
    assert audited(report, observed, known).finding.stale == 0
    found = find(report, economics=None, labels=Labels(rows=(("9999", ("app/price",)),)))
    assert found.audit is None, "a label of a row that is not there says nothing"


def test_map_and_portfolio_show_the_shares_of_the_corrected_ranking() -> None:
    report = run_of()
    drawn = [row.id for row in draw_rows(report, observe(report), 150)]
    labels = labels_like(report, drawn, {"app/login": "app/price", "parcels/late": ""})
    bare, found = (find(report, economics=None, labels=given) for given in (None, labels))
    ranked = {one.cause.id: one for one in found.ranking.causes}
    assert ranked["app/price"].share > 1.8 * next(one.share for one in report.ranking.causes if one.cause.id == "app/price")
    for node in found.map.nodes:
        if node.cause in ranked:
            own = ranked[node.cause]
            assert (node.share, node.low, node.high) == pytest.approx((own.share, own.low, own.high)), node.cause
    assert found.portfolio is not None and bare.portfolio is not None
    assert bare.portfolio.fixes[0].causes == ("parcels/late",) or bare.portfolio.fixes[0].causes == ("app/login",)
    assert found.portfolio.fixes[0].causes == ("app/price",), "what the person found most is worth mending first"
    for fix in found.portfolio.fixes:
        shares = [ranked[cause].share for cause in fix.causes if cause in ranked]
        assert fix.spared_alone == pytest.approx(sum(shares)), "each row has one chain, so a fix spares its cause's share"
    assert len(found.portfolio.assumptions) == len(bare.portfolio.assumptions) + 1


def test_too_few_labels_give_figures_but_no_claim() -> None:
    report = run_of()
    observed = observe(report)
    drawn = [row.id for row in draw_rows(report, observed, NEEDED - 1)]
    result = audited(report, observed, labels_like(report, drawn, {"app/login": "app/crash"}))
    assert not result.finding.enough
    assert (result.finding.labelled, result.finding.needed) == (99, 100)
    assert dict(result.finding.corrected)["app/crash"].value > 0.2
    assert result.ranking == report.ranking and result.chances is None


def test_causes_that_the_list_lacks_are_counted_together() -> None:
    report = run_of()
    observed = observe(report)
    alone = sum(one.complaints for one in report.ranking.residue)
    rows = tuple(
        (row.id, (OTHER,) if any(row.id in one.row_ids for one in report.ranking.residue) else ()) for row in observed.rows
    )
    result = audited(report, observed, Labels(rows=rows))
    assert dict(result.finding.corrected)[OTHER].value == pytest.approx(alone / 300)
    lone = {row for one in report.ranking.residue for row in one.row_ids}
    nothing = {row.id for row in observed.rows} - {row for one in report.ranking.causes for row in one.row_ids} - lone
    assert result.finding.agreement.value == pytest.approx((len(lone) + len(nothing)) / 300)
    assert OTHER not in {pair[0] for pair in result.finding.confused}


def test_the_order_of_rows_and_labels_does_not_matter() -> None:
    report = run_of()
    observed = observe(report)
    labels = labels_like(report, [row.id for row in draw_rows(report, observed, 120)], {"app/login": "app/crash"})
    turned = labels.model_copy(update={"rows": labels.rows[::-1]})
    order = np.random.default_rng(1).permutation(len(observed.rows))
    mixed = dataclasses.replace(
        observed, rows=tuple(observed.rows[place] for place in order), has=observed.has[order], stratum=observed.stratum[order],
        weight=observed.weight[order],
    )  # fmt: skip
    first, second = audited(report, observed, labels).finding, audited(report, mixed, turned).finding
    assert [cause for cause, _ in first.corrected] == [cause for cause, _ in second.corrected]
    for (_, one), (_, other) in zip(first.corrected, second.corrected, strict=True):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), abs=1e-12)


# ── drawing ───────────────────────────────────────────────────────────────────────────────────────


def test_a_larger_set_contains_the_smaller_and_each_topic_has_its_part() -> None:
    report = run_of()
    observed = observe(report)
    small, large = draw_rows(report, observed, 60), draw_rows(report, observed, 120)
    assert len({row.id for row in small}) == 60
    assert {row.id for row in small} < {row.id for row in large}
    assert sum(row.row % 3 == 0 for row in large) == 40
    assert [row.row for row in large] != sorted(row.row for row in large), "the order tells nothing"
    assert draw_rows(report, observed, 120) == large
    assert len(draw_rows(report, observed, 1000)) == 300


def test_rows_picked_by_hand_are_noticed() -> None:
    report = run_of()
    observed = observe(report)
    drawn = {row.id for row in draw_rows(report, observed, 120)}
    assert passed_over(report, observed, drawn) == 0
    assert passed_over(report, observed, {row.id for row in observed.rows}) == 0
    assert 100 <= passed_over(report, observed, set(sorted(drawn)[:5])) <= 115
    assert passed_over(report, observed, {f"{row:04}" for row in range(1, 101)}) > 150


def test_every_analysed_row_has_the_same_chance() -> None:
    """Over runs with other seeds, each of 30 rows of a topic is drawn about as often, whatever the sample's own draw was."""
    counts: Counter[str] = Counter()
    report = report_of([Row(complaint(number), ("late",)) for number in range(1, 31)])
    observed = observe(report)
    for seed in range(600):
        seeded = report.model_copy(update={"sample": report.sample.model_copy(update={"seed": seed})})
        counts.update(row.id for row in draw_rows(seeded, observed, 10))
    assert len(counts) == 30
    assert sum((count - 200) ** 2 / (200 * 2 / 3) for count in counts.values()) < 60, "chi-square, 29 degrees of freedom"


# ── the sheet ─────────────────────────────────────────────────────────────────────────────────────


def written(path: Path, report: RunReport, labels: Labels | None = None, rows: int = 40) -> Path:
    observed = observe(report)
    pages, lists = sheet(report, observed, draw_rows(report, observed, rows), choices(report, TOPICS), labels)
    write_sheet(path, pages, lists)
    return path


def read(path: Path, report: RunReport, before: Labels | None = None) -> tuple[Labels, int]:
    lines = read_sheet(str(path), needed=("row", "cause"))
    return read_labels(report, observe(report), lines, choices(report, TOPICS), before)


def fill(path: Path, causes: dict[str, tuple[str, ...]], encoding: str = "utf-8-sig", delimiter: str = ",") -> None:
    """Writes into the cause cells of a CSV sheet, as a spreadsheet saves it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= dict(zip(("cause", "cause 2", "cause 3"), causes.get(row["row"], ()), strict=False))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_the_sheet_shows_the_text_and_nothing_of_the_answer(tmp_path: Path, suffix: str) -> None:
    report = run_of()
    lines = read_sheet(str(written(tmp_path / f"s.{suffix}", report)), needed=("row", "topic", "text", "cause"))
    assert len(lines) == 40
    for line in lines:
        assert line["text"] == f'=текст {int(line["row"])};\n"жалоба"'
        assert line["topic"] == ("app" if int(line["row"]) % 3 else "parcels")
        assert not any(line[column] for column in ("cause", "cause 2", "cause 3", "note"))


def test_the_list_of_a_topic_is_its_catalogue_and_what_was_found_beyond() -> None:
    offered = choices(run_of(), TOPICS)
    assert [cause.id for cause in offered["app"]] == ["app/price", "app/login", "app/crash", "app/new-dark-1a2b3c"]
    assert [cause.id for cause in offered["parcels"]] == ["parcels/lost", "parcels/late"], "what stands alone would only be noise"
    without = choices(run_of(), {})
    assert [cause.id for cause in without["app"]] == ["app/login", "app/new-dark-1a2b3c", "app/price"]


def test_every_cause_cell_drops_down_the_list_of_its_topic(tmp_path: Path) -> None:
    path = written(tmp_path / "s.xlsx", run_of())
    with zipfile.ZipFile(path) as book:
        page, hidden = book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/worksheets/sheet3.xml").decode()
        workbook, strings = book.read("xl/workbook.xml").decode(), book.read("xl/sharedStrings.xml").decode()
    shared = re.findall(r"<si><t[^>]*>([^<]*)</t></si>", strings)
    topics = {int(name[1:]): shared[int(number)] for name, number in re.findall(r'<c r="(B\d+)"[^>]*t="s"><v>(\d+)</v>', page)}
    listed = {name: shared[int(number)] for name, number in re.findall(r'<c r="([A-Z]+\d+)"[^>]*t="s"><v>(\d+)</v>', hidden)}
    drops: dict[str, list[str]] = {}
    for ranges, formula in re.findall(r'<dataValidation type="list"[^>]*sqref="([^"]+)"[^>]*><formula1>([^<]+)</formula1>', page):
        column, last = re.fullmatch(r"lists!\$([A-Z])\$1:\$[A-Z]\$(\d+)", formula).groups()  # type: ignore[union-attr]
        drops |= {cell: [listed[f"{column}{row}"] for row in range(1, int(last) + 1)] for cell in ranges.split()}
    assert len(drops) == 3 * 40
    for cell, entries in drops.items():
        app = topics[int(cell[1:])] == "app"
        assert entries[0] == ("Name of price [app/price]" if app else "Name of lost [parcels/lost]")
        assert entries[-2:] == [NOTHING, OTHER]
        assert len(entries) == (6 if app else 4)
    assert {cell[0] for cell in drops} == {"D", "E", "F"}
    assert re.search(r'<sheet name="lists"[^>]*state="hidden"', workbook)


@pytest.mark.parametrize(
    ("suffix", "encoding", "delimiter"), [("csv", "utf-8-sig", ","), ("csv", "cp1251", ";"), ("csv", "utf-16", "\t")]
)
def test_labels_come_back_as_chosen_or_typed(tmp_path: Path, suffix: str, encoding: str, delimiter: str) -> None:
    report = run_of()
    path = written(tmp_path / f"s.{suffix}", report, rows=300)
    said = {
        "0001": ("Name of crash [app/crash]",), "0002": ("app/login", "price"), "0003": ("Parcels/LATE", "", "other"),
        "0004": ("nothing",), "0005": ("='app/new-dark [app/new-dark-1a2b3c]",),
    }  # fmt: skip
    fill(path, said, encoding, delimiter)
    labels, empty = read(path, report)
    assert empty == 295
    assert dict(labels.rows) == {
        "0001": ("app/crash",), "0002": ("app/login", "app/price"), "0003": ("parcels/late", "other"),
        "0004": (), "0005": ("app/new-dark-1a2b3c",),
    }  # fmt: skip
    assert [cause.id for cause in labels.unseen] == ["app/crash"]


def test_earlier_labels_stand_on_the_next_sheet_and_come_back_as_they_were(tmp_path: Path) -> None:
    report = run_of()
    labels = labels_like(report, [row.id for row in draw_rows(report, observe(report), 40)], {"app/login": "app/crash"})
    again, empty = read(written(tmp_path / "s.xlsx", report, labels, rows=60), report)
    assert (dict(again.rows), again.unseen, empty) == (dict(labels.rows), labels.unseen, 20)


def test_a_sheet_replaces_the_labels_of_its_rows_and_of_no_others(tmp_path: Path) -> None:
    report = run_of()
    path = written(tmp_path / "s.csv", report, rows=40)
    on_sheet = [row.id for row in draw_rows(report, observe(report), 40)]
    off_sheet = next(row.id for row in observe(report).rows if row.id not in on_sheet)
    fill(path, {on_sheet[0]: ("other",)})
    before = Labels(rows=((off_sheet, (OTHER,)), (on_sheet[0], ()), (on_sheet[1], (OTHER,))))
    labels, _ = read(path, report, before)
    assert dict(labels.rows) == {off_sheet: (OTHER,), on_sheet[0]: (OTHER,)}, "an emptied cell takes the label back"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"cause": "app/lost"}, "'app/lost' is no cause of topic 'app'; choose one from the list, or 'other'."),
        ({"cause": "late"}, "'late' is no cause of topic 'app'; choose one from the list, or 'other'."),
        ({"cause 2": "login"}, "a further cause is given but no main one; put the main cause into the column 'cause'."),
        ({"cause": "login", "cause 3": "app/login"}, "the same cause is given twice; keep it once."),
        ({"cause": "login", "cause 2": "nothing"}, "'nothing' stands beside a cause; keep one of the two."),
        ({"row": "7", "cause": "login"}, "the run has analysed no row '7'; leave the column 'row' as it was written."),
        ({"row": "", "cause": "login"}, "the row's id is missing; leave the column 'row' as it was written."),
        ({"row": "0002"}, "row '0002' is there already, at s.csv, row 2; keep one of the two."),
    ],
)
def test_a_wrong_row_is_named_with_what_to_do(cells: dict[str, str], said: str) -> None:
    report = run_of()
    lines = [Line(place="s.csv, row 2", cells={"row": "0002"}), Line(place="s.csv, row 3", cells={"row": "0001"} | cells)]
    with pytest.raises(InputError) as caught:
        read_labels(report, observe(report), lines, choices(report, TOPICS), None)
    assert str(caught.value) == f"s.csv, row 3: {said}"


def test_the_first_of_several_wrong_rows_is_named_and_the_others_counted() -> None:
    report = run_of()
    lines = [Line(place=f"s.csv, row {row}", cells={"row": f"{row:04}", "cause": "?"}) for row in (1, 2, 4)]
    with pytest.raises(InputError, match=r"^s\.csv, row 1: .* 2 more to correct, the last in s\.csv, row 4\.$"):
        read_labels(report, observe(report), lines, choices(report, TOPICS), None)


def test_what_a_workbook_cannot_hold_is_said_and_csv_can(tmp_path: Path) -> None:
    pages = [Page(title="a", header=("text",), widths=(10,), rows=(("x" * 40_000,),))]
    with pytest.raises(UserError, match=r"row 2 would hold 40,000 characters in one cell.*write the sheet as \.csv"):
        write_sheet(tmp_path / "s.xlsx", pages)
    assert list(tmp_path.iterdir()) == []
    write_sheet(tmp_path / "s.csv", pages)
    assert read_sheet(str(tmp_path / "s.csv"), needed=("text",))[0]["text"] == "x" * 40_000


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_nothing_in_a_sheet_is_a_formula_and_all_of_it_comes_back(tmp_path: Path, suffix: str) -> None:
    texts = ("=1+1", "+7 912", "@x", "-5", "'=quoted", "plain 'text'", '=HYPERLINK("http://x")')
    path = tmp_path / f"s.{suffix}"
    page = Page(
        title="a", header=("text", "drop"), widths=(10, 10), rows=tuple((text, Choice(of="l", value=text)) for text in texts)
    )
    write_sheet(path, [page], {"l": ("=a",)})
    if suffix == "xlsx":
        with zipfile.ZipFile(path) as book:
            assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
    else:
        assert not re.search(r'(^|,)"?[=+@-]', path.read_text(encoding="utf-8-sig"), re.MULTILINE)
    lines = read_sheet(str(path), needed=("text",))
    assert tuple(line["text"] for line in lines) == tuple(line["drop"] for line in lines) == texts


# ── the command ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a finished run."""
    report = run_of(
        strata=(Stratum(topic="app", population=900, sampled=200), Stratum(topic="parcels", population=400, sampled=100))
    )
    with Store(tmp_path / ".rootcause" / "rootcause.db") as store:
        store.begin(report.run_id, source=report.source, model="gold", settings="{}")
        store.end(report.run_id, "complete", report.model_dump_json())
    return tmp_path


def drawn_and_filled(project: Path, rows: int, fill_with: dict[str, str]) -> Path:
    """A CSV sheet of the run, every row labelled by its topic."""
    path = project / f"sheet-{rows}.csv"
    assert rootcause(project, "audit", "0123", "--rows", str(rows), "--out", path.name).code == 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        causes = {row["row"]: (fill_with[row["topic"]],) for row in csv.DictReader(file)}
    fill(path, causes)
    return path


def imported(project: Path, path: Path, *more: str) -> Done:
    return rootcause(project, "audit", "0123", "--import", path.name, *more)


def test_from_run_to_sheet_to_corrected_report(project: Path) -> None:
    drawn = rootcause(project, "audit", "0123")
    sheet_path = project / ".rootcause" / "runs" / "0123456789" / "audit.xlsx"
    assert drawn.code == 0 and sheet_path.exists()
    assert drawn.out.startswith("120 of 300 analysed rows")
    assert "rootcause audit 0123456789 --import" in drawn.out
    assert len(read_sheet(str(sheet_path), needed=("row",))) == 120
    path = drawn_and_filled(project, 110, {"app": "app/price", "parcels": "parcels/late"})
    done = imported(project, path)
    assert done.code == 0, done.err
    assert done.out.startswith("110 rows labelled. Same main cause in ")
    assert "Krippendorff's alpha" in done.out and "Provisional" not in done.out
    assert re.search(r"times the model said app/login and the person app/price", done.out)
    assert re.search(r"^1 +1\d% +6\d% ", done.out, re.MULTILINE), done.out
    assert (sheet_path.parent / "report.html").exists()
    found = imported(project, path, "--json").json
    assert found["enough"] and found["labelled"] == 110
    assert found["corrected"][0][0] == "app/price"


def test_importing_again_replaces(project: Path) -> None:
    first = drawn_and_filled(project, 30, {"app": "app/login", "parcels": "other"})
    done = imported(project, first)
    assert "Note" not in done.err
    assert "Provisional: 100 labelled rows are needed" in done.out
    fill(first, dict.fromkeys(("0001", "0002"), ("nothing",)) | {})
    second = drawn_and_filled(project, 40, {"app": "nothing", "parcels": "nothing"})
    found = imported(project, second, "--json").json
    assert found["labelled"] == 40
    assert {pair[1] for pair in found["confused"]} == {NOTHING}


def test_rows_without_a_label_are_counted(project: Path) -> None:
    path = drawn_and_filled(project, 30, {"app": "app/login", "parcels": ""})
    done = imported(project, path)
    assert done.code == 0
    assert "10 rows of the sheet have no cause yet" in done.said
    assert done.out.startswith("20 rows labelled.")


def test_a_sheet_of_rows_picked_by_hand_is_noted(project: Path) -> None:
    path = project / "mine.csv"
    path.write_text("row,cause,cause 2,cause 3\n0001,login,,\n0002,price,,\n0004,price,,\n")
    done = imported(project, path)
    assert done.code == 0
    assert re.search(r"\d\d rows that were drawn with these are not on the sheet", done.said)


def test_a_run_with_fewer_rows_says_so(project: Path) -> None:
    done = rootcause(project, "audit", "0123", "--rows", "1000", "--out", "all.csv")
    assert "only 300 analysed rows; all of them are on the sheet, not 1000" in done.said
    assert (project / "all.causes.csv").exists(), "the list to choose from, where a sheet has no drop-downs"
    few = rootcause(project, "audit", "0123", "--rows", "50", "--out", "few.xlsx", "--json")
    assert (few.json["rows"], few.json["analysed"]) == (50, 300)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nope",), "there is no run 'nope'"),
        (("0123", "--out", "sheet.pdf"), "sheet.pdf must end in .xlsx or .csv"),
        (("0123", "--out", "there.csv"), "there.csv is there already and may hold somebody's work"),
        (("0123", "--import", "none.csv"), "none.csv does not exist"),
        (("0123", "--import", "there.csv"), "there.csv has no column 'row'"),
        (("0123", "--import", "empty.csv"), "no row has a cause yet"),
        (("0123", "--import", "empty.csv", "--rows", "5"), "--import reads a sheet, --rows and --out write one; give either"),
    ],
)
def test_a_mistake_is_one_sentence(project: Path, arguments: tuple[str, ...], said: str) -> None:
    (project / "there.csv").write_text("a,b\n1,2\n")
    (project / "empty.csv").write_text("row,text,cause,cause 2,cause 3\n0001,x,,,\n")
    done = rootcause(project, "audit", *arguments)
    assert done.code == 2
    assert said in done.error
    assert (project / "there.csv").read_text() == "a,b\n1,2\n"
