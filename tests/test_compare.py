"""`fewshot compare`: two sides on the same cases, in pairs."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from bench import cut, here, knows, small
from openai_server import ScriptedServer
from scipy.stats import chi2
from statsmodels.stats.contingency_tables import mcnemar as reference

from rootcause.errors import SettingsError
from rootcause.evaluate.compare import common
from rootcause.evaluate.paired import least_telling, mcnemar, needed, newcombe, paired

# ── statistics ────────────────────────────────────────────────────────────────────────────────────


def test_the_interval_is_the_published_one() -> None:
    """Two examples of Fagerland, Lydersen, Laake, Statistical Analysis of Contingency Tables (2017), ch. 8."""
    assert newcombe(59, 16, 6, 80) == pytest.approx((-0.1186, -0.0046), abs=6e-5)
    assert newcombe(1, 7, 1, 12) == pytest.approx((-0.507, -0.026), abs=6e-4)


def test_the_interval_is_the_same_seen_from_the_other_side() -> None:
    for both, only_a, only_b, neither in product((0, 3, 20), repeat=4):
        if both + only_a + only_b + neither == 0:
            continue
        low, high = newcombe(both, only_a, only_b, neither)
        difference = (only_b - only_a) / (both + only_a + only_b + neither)
        assert -1 <= low <= difference <= high <= 1
        assert newcombe(both, only_b, only_a, neither) == pytest.approx((-high, -low))
        assert newcombe(neither, only_a, only_b, both) == pytest.approx((low, high)), "wrong counts as right does"


def test_the_test_is_that_of_statsmodels() -> None:
    for only_a, only_b in product(range(13), repeat=2):
        if only_a + only_b:
            assert mcnemar(only_a, only_b) == pytest.approx(reference([[9, only_a], [only_b, 9]], exact=True).pvalue)
    assert mcnemar(0, 0) == 1.0
    assert least_telling() == 6 and mcnemar(0, 6) < 0.05 < mcnemar(0, 5)


def test_so_many_cases_do_tell_the_difference() -> None:
    """McNemar's test finds the difference in 80 of 100 sets of as many cases as are said to be needed."""
    rng = np.random.default_rng(7)
    for only_a, only_b, n in ((2, 8, 40), (10, 18, 100), (30, 50, 100)):
        size = needed(only_a, only_b, n)
        assert size is not None
        drawn = rng.multinomial(size, [only_a / n, only_b / n, 1 - (only_a + only_b) / n], size=20_000)
        changed = np.maximum(drawn[:, 0] + drawn[:, 1], 1)
        found = (drawn[:, 0] - drawn[:, 1]) ** 2 / changed >= chi2.ppf(0.95, 1)
        assert found.mean() == pytest.approx(0.8, abs=0.04)
    assert needed(4, 4, 40) is None and needed(0, 0, 40) is None


def test_pairs_are_counted_by_who_was_right() -> None:
    told = paired([True, True, False, False, False], [True, False, True, True, False])
    assert (told.both, told.only_a, told.only_b, told.neither) == (1, 1, 2, 1) and told.cases == 5
    assert told.difference == pytest.approx(0.2) and told.low < 0 < told.high and told.p == 1.0


# ── which cases ───────────────────────────────────────────────────────────────────────────────────


def test_only_cases_held_out_by_both_and_shown_by_neither(tmp_path: Path) -> None:
    a = small(tmp_path, examples=6, cases=6)
    assert common(a, a).cases == a.heldout and common(a, a).notes == ()
    first, second, third, *rest = a.heldout
    other = third.model_copy(update={"text": "Another text altogether."})
    relabelled = rest[0].model_copy(update={"chains": a.heldout[1].chains})
    shown = a.examples[0].model_copy(update={"id": "x", "text": second.text.upper()})
    b = a.model_copy(update={"heldout": (first, second, other, relabelled), "examples": (*a.examples, shown)})
    found = common(a, b)
    assert found.cases == (first, rest[0]), "with A's labels"
    said = " ".join(found.notes)
    assert "3 held-out cases are in both packs" in said and "1 cases have another label in B" in said
    assert "1 cases were left out because their text is an example" in said
    bare = a.model_copy(update={"heldout": ()})
    assert common(a, bare).cases == common(bare, a).cases == a.heldout
    with pytest.raises(SettingsError, match="has held-out cases"):
        common(bare, bare)
    with pytest.raises(SettingsError, match="nothing to compare on"):
        common(a, a.model_copy(update={"heldout": (other,)}))


# ── the command ───────────────────────────────────────────────────────────────────────────────────


def test_two_models_on_the_same_cases(tmp_path: Path) -> None:
    pack = small(tmp_path / "topics", examples=8, cases=4)
    one_knows, two_knows = knows(pack, "delivery-h01"), knows(pack, "delivery-h01", "delivery-h02", "delivery-h03")
    with ScriptedServer(words=one_knows) as one, ScriptedServer(words=two_knows, models=("other",)) as two:
        command = (
            "fewshot", "compare", "topics/delivery", "topics/delivery", "--shots", "none", "--model-b", "other",
            "--base-url-b", two.base_url,
        )  # fmt: skip
        ended = here(tmp_path, *command, "--json", env=one.environment)
        assert ended.code == 0 and len(one.asked) == len(two.asked) == 4
        told = ended.json
        a, b = ({case["id"]: case["given"] for case in told[side]["cases"]} for side in "ab")
        truth = {case["id"]: case["truth"] for case in told["a"]["cases"]}
        turned = {key for key in truth if (a[key] == truth[key]) != (b[key] == truth[key])}
        assert {row["id"] for row in told["changed"]} == turned and all(row["better"] == "b" for row in told["changed"])
        assert told["paired"]["only_b"] == len(turned) == 2 and told["paired"]["only_a"] == 0
        assert told["paired"]["difference"] == pytest.approx(0.5) and told["paired"]["p"] == 0.5
        shown = here(tmp_path, *command, env=one.environment)
        page = " ".join(shown.out.split())
        assert "B - A: +50.0 points" in page and "exact McNemar test, p = 0.500" in page
        assert "0 with A alone, 2 with B alone" in page and f"takes about {told['paired']['needed']} cases" in page
        assert "delivery-h02" in shown.out and len(one.asked) == len(two.asked) == 4, "nothing is asked twice"


def test_two_prompts_and_two_sets(tmp_path: Path) -> None:
    cut(tmp_path / "topics", examples=8, cases=3)
    smaller = cut(tmp_path / "other", examples=5, cases=2)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/system.j2").write_text("Say why. {% for shot in shots %}{{ shot.text }}{% endfor %}", encoding="utf-8")
    with ScriptedServer() as server:
        prompts = here(tmp_path, "fewshot", "compare", "topics/delivery", "topics/delivery", "--shots", "none",
                            "--prompts-b", "mine", "--json", env=server.environment)  # fmt: skip
        assert (
            prompts.code == 0
            and prompts.json["b"]["side"].endswith("prompts mine")
            and "prompts" not in prompts.json["a"]["side"]
        )
        systems = {one.body["messages"][0]["content"].strip() for one in server.asked}
        assert len(server.asked) == 6 and "Say why." in systems and len(systems) == 2
        sets = here(tmp_path, "fewshot", "compare", "topics/delivery", str(smaller), "--json", env=server.environment)
        assert sets.code == 0 and len(sets.json["a"]["cases"]) == len(sets.json["b"]["cases"]) == 2
        assert "2 held-out cases are in both packs, by id and text: A has 3 and B 2 in all" in json.dumps(sets.json["notes"])
        same = here(tmp_path, "fewshot", "compare", "topics/delivery", "topics/delivery", env=server.environment)
        assert same.code == 2 and "A and B are the same" in same.error
