"""`analyze --until-stable`: the sample grows until more rows would change nothing, and says so."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli import finished, report_of, rootcause, small_packs, started, table
from openai_server import ScriptedServer
from populations import observed

from rootcause.errors import SettingsError
from rootcause.findings.standing import holding
from rootcause.findings.stopping import settled
from rootcause.plan import Extent

HEADER = ("id", "topic", "complaint")
SAID = {
    "old address": "stale-address-card",
    "promised day": "promise-fixed-at-basket",
    "swapped": "substitution-ignores-refusal",
    "left in the rain": "no-safe-place-photo",
}
PRICES = '[[price]]\nmodel = "scripted"\nhost = "models.example"\ninput = 1000\noutput = 4000\ncurrency = "EUR"\n'


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_packs(tmp_path_factory.mktemp("packs"), lambda line: '"chains": [{' in line)


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(words={word: cause for word, cause in SAID.items() if word != "left in the rain"}) as serving:
        yield serving


@pytest.fixture
def env(scripted: ScriptedServer, packs: Path) -> dict[str, str]:
    return {**scripted.environment, "ROOTCAUSE_FEWSHOT": str(packs)}


def file_of(folder: Path, counts: tuple[int, ...]) -> Path:
    """So many different complaints of each cause, mixed."""
    rng = random.Random(1)
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(676)]
    texts = [f"Parcel {words[n]}: {said}." for said, count in zip(SAID, counts, strict=False) for n in range(count)]
    rng.shuffle(texts)
    return table(folder / "file.csv", HEADER, [(f"c{n}", "delivery", text) for n, text in enumerate(texts, start=1)])


# ── the command ───────────────────────────────────────────────────────────────────────────────────


def test_it_stops_when_the_ranks_hold(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    file_of(tmp_path, (100, 40, 10))
    ended = rootcause(tmp_path, "analyze", "file.csv", "--until-stable", "0.9", "--json", env=env)
    report = report_of(ended)
    drawn = len(report.sample.complaints)
    assert ended.code == 0 and drawn in (30, 45, 67, 100) and report.sample.strata[0].sampled == drawn
    assert "Sample 30, 45, 67 ... of 150 rows, seed 5, until the three largest causes hold their ranks with 90%" in ended.said
    assert "Calls at most 150 to make" in ended.said
    [note] = [note for note in report.notes if note.startswith("stopped after")]
    assert f"stopped after {drawn} of 150 rows: the three largest causes hold their ranks with a probability of" in note
    assert "do not know that the sample grew" in note and note in ended.said
    assert len(scripted.asked) == drawn == report.cost.used.calls, "each text is asked once, in whichever batch it came"
    assert Counter(row.fate.value for row in report.ledger)["not sampled"] == 150 - drawn
    assert sum(row.weight for row in report.ledger) == pytest.approx(150)

    plain = report_of(rootcause(tmp_path, "analyze", "file.csv", "--sample", str(drawn), "--json", env=env))
    assert {row.id for row in plain.sample.complaints} == {row.id for row in report.sample.complaints}
    assert plain.ranking == report.ranking and plain.run_id != report.run_id and len(scripted.asked) == drawn

    again = rootcause(tmp_path, "analyze", "file.csv", "--until-stable", "0.9", "--json", env=env)
    assert report_of(again).run_id == report.run_id and report_of(again).ranking == report.ranking
    assert len(scripted.asked) == drawn, "the same command asks nothing again"
    folder = tmp_path / ".rootcause/runs" / report.run_id
    assert json.loads((folder / "run.json").read_text())["sample"]["until_stable"] == 0.9


def test_it_ends_with_the_file(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    file_of(tmp_path, (20, 20, 20))
    report = report_of(rootcause(tmp_path, "analyze", "file.csv", "--until-stable", "0.9", "--json", env=env))
    assert len(report.sample.complaints) == len(scripted.asked) == 60 and report.sample.margin == 0
    assert "all 60 rows were taken: on fewer the largest causes did not hold their ranks" in report.notes


def test_a_run_broken_off_goes_on_where_it_was(tmp_path: Path, packs: Path) -> None:
    file_of(tmp_path, (40, 28, 12))
    arguments = ("analyze", "file.csv", "--until-stable", "0.9", "--json")
    with ScriptedServer(words=SAID, delay=0.02) as server:
        env = {**server.environment, "ROOTCAUSE_FEWSHOT": str(packs), "ROOTCAUSE_CONCURRENCY": "2"}
        process = started(tmp_path, *arguments, env=env)
        while len(server.asked) < 40 and process.poll() is None:  # in its second batch
            pass
        process.kill()
        finished(process)
        ended = rootcause(tmp_path, *arguments, env=env)
        report = report_of(ended)
        assert ended.code == 0 and len(report.sample.complaints) >= 45
        assert len(server.asked) <= len(report.outcomes) + 2, "at most the calls in flight are repeated"
        whole = report_of(rootcause(tmp_path, *arguments, "--store", "other", env=env))
    assert whole.run_id == report.run_id and whole.ranking == report.ranking and whole.notes == report.notes


def test_a_cap_on_cost_ends_it_too(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    file_of(tmp_path, (30, 25, 20))
    (tmp_path / "prices.toml").write_text(PRICES)
    proxy = f"http://127.0.0.1:{scripted.port}"
    paid = {
        **env, "ROOTCAUSE_BASE_URL": "http://models.example/v1", "ROOTCAUSE_PRICES": "prices.toml", "HTTP_PROXY": proxy,
        "http_proxy": proxy, "ROOTCAUSE_CONCURRENCY": "1",
    }  # fmt: skip
    refused = rootcause(tmp_path, "analyze", "file.csv", "--until-stable", "0.9", env=paid)
    assert refused.code == 2 and "price at most about" in refused.said and not scripted.asked
    ended = rootcause(tmp_path, "analyze", "file.csv", "--until-stable", "0.9", "--yes", "--max-cost", "250", "--json", env=paid)
    report = report_of(ended)
    assert 30 < len(scripted.asked) < 75 and 0 < (report.cost.price or 0) <= 250
    assert any("stopped at --max-cost 250" in note for note in report.notes)
    assert not any(note.startswith("stopped after") for note in report.notes)
    assert any(row.fate.value == "not reached" for row in report.ledger)


# ── when it stops ─────────────────────────────────────────────────────────────────────────────────


def test_batches_grow_by_half_to_the_whole_file() -> None:
    assert Extent(until_stable=0.9).counts(200, local=False) == (30, 45, 67, 100, 150, 200)
    assert Extent(until_stable=0.9).counts(30, local=True) == (30,)
    assert Extent(until_stable=0.9).counts(1, local=True) == (1,)
    assert Extent(until_stable=0.9).counts(0, local=True) == (0,)
    assert Extent(rows=50).counts(40, local=True) == (40,)
    for other in ({"rows": 3}, {"margin": 0.1}, {"everything": True}):
        with pytest.raises(SettingsError, match="exclude each other"):
            Extent(until_stable=0.9, **other)


def table_of(*counts: int, nothing: int = 0) -> np.ndarray:
    kinds = np.vstack([np.eye(len(counts), dtype=bool), np.zeros(len(counts), dtype=bool)])
    return np.repeat(kinds, [*counts, nothing], axis=0)


def test_the_probability_that_the_three_largest_hold_their_ranks() -> None:
    clear = observed(table_of(60, 30, 10), np.zeros(100), [5000])
    close = observed(table_of(60, 21, 19), np.zeros(100), [5000])
    assert holding(clear, seed=1) > 0.97
    assert 0.5 < holding(close, seed=1) < 0.75
    rivalled = observed(table_of(60, 30, 2, 1, 1, 1, 1, 1, 1, 1, 1), np.zeros(100), [5000], residue=8)
    assert holding(rivalled, seed=1) < 0.6, "what was seen once may be as large as what was seen twice"
    assert holding(observed(table_of(3, 2, 1), np.zeros(6), [6]), seed=1) == 1, "a census"


def test_it_is_enough_when_ranks_hold_or_nothing_new_comes() -> None:
    first = observed(table_of(60, 30, 10), np.zeros(100), [5000])
    reason = settled(first, None, probability=0.9, seed=1)
    assert reason is not None and reason.startswith("the three largest causes hold their ranks with a probability of")

    tied = observed(table_of(200, 195, 190), np.zeros(585), [9000])
    smaller = observed(table_of(130, 130, 130), np.zeros(390), [9000])
    reason = settled(tied, smaller, probability=0.9, seed=1)
    assert reason is not None and "the last 195 rows brought no new cause" in reason and "100% of all mentions" in reason
    assert settled(tied, None, probability=0.9, seed=1) is None, "there was no batch before it"
    fewer = observed(table_of(200, 190), np.zeros(390), [9000])
    assert settled(tied, fewer, probability=0.9, seed=1) is None, "the last batch brought a cause"
    rare = observed(table_of(200, 195, 190, *[1] * 12), np.zeros(597), [9000], residue=12)
    assert settled(rare, rare, probability=0.9, seed=1) is None, "much is not seen yet"
    assert settled(observed(np.zeros((30, 0)), np.zeros(30), [90]), None, probability=0.9, seed=1) is None
