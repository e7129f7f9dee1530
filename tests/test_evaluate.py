"""`fewshot eval`: what is scored, what it is held against, what it costs, and how much of it is chance."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from statistics import stdev
from typing import Any

import numpy as np
import pytest
from bench import SEED, asked, bench_at, cut, here, knows, small
from cli import SHIPPED, rootcause
from openai_server import MODEL, Asked, ScriptedServer

from rootcause.estimate import wilson
from rootcause.evaluate import of_classifier, of_vote
from rootcause.evaluate.asking import Trial, Way
from rootcause.evaluate.baselines import vectors_of
from rootcause.evaluate.chains import agreement, matched
from rootcause.evaluate.noise import noise
from rootcause.evaluate.score import Score, Scored, given_in
from rootcause.fewshot.advise import Advisor, label_of
from rootcause.fewshot.load import load
from rootcause.fewshot.select import Shots
from rootcause.models import Answer, Pack
from rootcause.teach import WEAK_DOUBT

ALL, NONE = Shots.parse("all"), Shots.parse("none")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return small(tmp_path_factory.mktemp("packs"))


@pytest.fixture
def scripted(pack: Pack) -> Iterator[ScriptedServer]:
    """Right in the first two cases; the others by the hash of their text."""
    with ScriptedServer(words=knows(pack, "delivery-h01", "delivery-h02")) as serving:
        yield serving


def scored(*pairs: tuple[str, str | None]) -> Score:
    return Score(name="x", cases=tuple(Scored(id=str(i), truth=t, given=g) for i, (t, g) in enumerate(pairs)))


# ── figures ───────────────────────────────────────────────────────────────────────────────────────


def test_a_score_says_what_was_taken_for_what() -> None:
    score = scored(("a", "a"), ("a", "b"), ("a", "b"), ("b", None), ("new", "new"), ("new", "a"), ("b", "new"))
    assert (score.right, score.accuracy, score.valid) == (2, 2 / 7, 6 / 7) and score.interval == wilson(2 / 7, 7)
    assert (score.news.cases, score.news.found, score.news.false) == (2, 1, 1)
    assert sum(pair.count for pair in score.confusion) == 7
    first = score.confusion[0]
    assert (first.truth, first.given, first.count) == ("a", "b", 2) and ("b", None) in {
        (p.truth, p.given) for p in score.confusion
    }


def test_steps_are_matched_in_order_and_as_many_as_can_be() -> None:
    rng = random.Random(1)
    for _ in range(60):
        rows, columns = rng.randint(1, 4), rng.randint(1, 4)
        alike = np.array([[rng.random() < 0.4 for _ in range(columns)] for _ in range(rows)])
        most = max(
            size
            for size in range(min(rows, columns) + 1)
            for left in combinations(range(rows), size)
            for right in combinations(range(columns), size)
            if all(alike[i, j] for i, j in zip(left, right, strict=True))
        )
        assert matched(alike) == most


def test_chains_agree_with_themselves_and_with_nothing_else(pack: Pack) -> None:
    truths = [case for case in pack.heldout if case.chains]
    own: list[Answer | None] = [truth.answer for truth in truths]
    same = agreement(truths, own, pack.examples)
    assert same is not None and same.f1 == same.roots == 1.0 and same.cases == len(truths)
    assert same.same_cause is not None and same.other_cause is not None
    assert same.other_cause + 0.1 < same.same_cause < 1.0
    swapped = agreement(truths, [*own[1:], own[0]], ())
    assert swapped is not None and swapped.f1 < 0.5 and swapped.same_cause is None
    backwards = [
        answer.model_copy(update={"chains": tuple(c.model_copy(update={"steps": c.steps[::-1]}) for c in answer.chains)})
        for answer in own
        if answer
    ]
    turned = agreement(truths, backwards, ())
    assert turned is not None and turned.f1 < 0.6, "the order of the steps counts"
    half = agreement(truths, [own[0], *([None] * (len(own) - 1))], ())
    assert half is not None and half.f1 == pytest.approx(1 / len(own)), "a case without an answer counts nothing"
    praise = [case for case in pack.heldout if not case.chains]
    assert agreement(praise, [None] * len(praise), ()) is None


def test_noise_parts_the_model_from_the_order() -> None:
    truths = ["a"] * 4
    first, repeat, order = ("a", "a", "b", "b"), ("a", "b", "b", "b"), ("a", "a", "a", "a")
    found = noise(truths, first, [repeat], [order])
    own, other = stdev([0.5, 0.25]), stdev([0.5, 1.0])
    assert (found.repeats_sd, found.orders_sd) == pytest.approx((own, other))
    assert found.order_adds == pytest.approx((other**2 - own**2) ** 0.5)
    assert (found.repeats_changed, found.orders_changed, found.repeats, found.orders) == (1, 2, 2, 2)
    assert found.mean == pytest.approx((0.5 + 0.25 + 1.0) / 3)
    calm = noise(truths, first, [repeat], [first])
    assert calm.order_adds == 0.0 and noise(truths, first, [repeat], []).order_adds is None


def test_the_baselines_do_not_depend_on_what_is_known_or_on_order(pack: Pack) -> None:
    few = pack.model_copy(update={"examples": pack.examples[:12]})
    turned = few.model_copy(update={"examples": few.examples[::-1]})
    vectors = vectors_of(pack)
    known = {label_of(example) for example in few.examples}
    for baseline in (of_vote, of_classifier):
        given = [case.given for case in baseline(few).cases]
        assert [case.given for case in baseline(turned, vectors).cases] == given and set(given) <= known


# ── asking ────────────────────────────────────────────────────────────────────────────────────────


def test_cases_go_through_the_pipeline_and_are_asked_once(pack: Pack, scripted: ScriptedServer, tmp_path: Path) -> None:
    with bench_at(scripted, tmp_path) as bench:
        trial = bench.plan(Way(pack=pack, shots=ALL, order=SEED), pack.heldout)
        told = bench.estimate([trial, trial])
        assert (told.calls, told.known) == (6, 0), "a question in two trials is asked once"
        [results] = asked(bench, trial)
        score = bench.score(trial, results, pack.examples)
        assert {case.id for case in score.cases if case.right} >= {"delivery-h01", "delivery-h02"}
        assert score.valid == 1.0 and score.bill is not None and score.bill.asked == len(scripted.asked) == 6
        sent = [scripted.tokens(one, "") for one in scripted.asked]
        assert score.bill.prompt == sum(usage["prompt_tokens"] for usage in sent) and score.tokens == score.bill.prompt // 6
        assert score.quotes == pytest.approx(0.25), "one stated step of four in every scripted answer"
        assert (bench.estimate([trial]).calls, bench.estimate([trial]).known) == (0, 6)
        assert bench.score(trial, asked(bench, trial)[0], pack.examples) == score and len(scripted.asked) == 6


def test_what_fails_counts_as_wrong_and_says_why(pack: Pack, scripted: ScriptedServer, tmp_path: Path) -> None:
    texts = {case.id: case.text[:40] for case in pack.heldout}
    scripted.always("refusal", when=texts["delivery-h01"])
    scripted.always("503ms:1", when=texts["delivery-h03"])
    with bench_at(scripted, tmp_path) as bench:
        trial = bench.plan(Way(pack=pack, shots=NONE, order=SEED), pack.heldout)
        score = bench.score(trial, asked(bench, trial)[0], ())
        failures = {case.id: case.failure for case in score.cases if case.failure}
        assert failures == {"delivery-h01": "refusal", "delivery-h03": "server"} and score.valid == pytest.approx(4 / 6)
        assert any("1 cases count as wrong because the endpoint did not answer" in note for note in score.notes)
        scripted.forget()
        again = bench.score(trial, asked(bench, trial)[0], ())
        assert again.valid == 1.0 and len(scripted.asked) == 2, "only what failed is asked anew"


def leaking(pack: Pack) -> str:
    """An answer to the first case that tells a story out of an example."""
    example = next(example for example in pack.examples if len(example.text.split()) > 40)
    stolen = " ".join(example.text.split()[5:20])
    steps = [
        {"cause": "The customer expected the parcel on the day that was promised.", "basis": "inferred", "evidence": None},
        {"cause": f"It happened because {stolen}", "basis": "inferred", "evidence": None},
        {"cause": "Nobody compares the promise with the plan of the day.", "basis": "inferred", "evidence": None},
    ]
    chain = {"steps": [step | {"countermeasure": None} for step in steps], "cause": "promise-fixed-at-basket"}
    return json.dumps({"chains": [chain], "nothing_to_explain": None, "signs": []})


def test_leaks_are_counted_though_they_are_mended(pack: Pack, scripted: ScriptedServer, tmp_path: Path) -> None:
    first, second = (case.text[:40] for case in pack.heldout[:2])
    scripted.queue(f"reply:{leaking(pack)}", when=first)
    scripted.queue("rule", when=second)
    with bench_at(scripted, tmp_path) as bench:
        trial = bench.plan(Way(pack=pack, shots=ALL, order=SEED), pack.heldout)
        results = asked(bench, trial)[0]
        score = bench.score(trial, results, ())
        assert [result.explained.attempts for result in results][:3] == [2, 2, 1] and score.valid == 1.0
        assert [case.leaked for case in score.cases] == [True, *([False] * 5)] and score.leaked == 1
        later = bench.score(trial, asked(bench, trial)[0], ())
        assert later.leaked == 1 and len(scripted.asked) == 8, "it is known when the answers come from the store"


def test_another_draw_is_another_question_and_another_order_only_where_it_shows(
    pack: Pack, scripted: ScriptedServer, tmp_path: Path
) -> None:
    with bench_at(scripted, tmp_path) as bench:

        def planned(shots: Shots, order: int) -> Trial:
            return bench.plan(Way(pack=pack, shots=shots, order=order), pack.heldout[:2])

        first = planned(ALL, SEED)
        asked(bench, first, bench.again(first, 1), planned(ALL, SEED + 1))
        seeds = Counter(request.body["seed"] for request in scripted.asked)
        assert seeds == {SEED: 4, SEED + 1: 2}, "a repeat is another seed of the model, an order is not"
        systems = {request.body["messages"][0]["content"] for request in scripted.asked}
        assert len(systems) == 2 and len({len(system) for system in systems}) == 1, "the same examples in another order"
        assert planned(NONE, SEED).run == planned(NONE, SEED + 1).run


def test_a_weak_model_is_measured_too(pack: Pack, scripted: ScriptedServer, tmp_path: Path) -> None:
    """It chooses a cause by name; the scripted one takes the first that it may."""
    with bench_at(scripted, tmp_path, weak=True) as bench:
        for shots in ("none", "10", "contrast:2"):
            trial = bench.plan(Way(pack=pack, shots=Shots.parse(shots), order=SEED), pack.heldout)
            score = bench.score(trial, asked(bench, trial)[0], pack.examples)
            assert score.valid == 1.0 and score.chains is not None, shots
        names = [set(one.body["response_format"]["json_schema"]["schema"]["properties"]) for one in scripted.asked]
        assert names and all(found == {"cause"} for found in names)


def test_where_one_answer_is_possible_nobody_is_asked(pack: Pack, scripted: ScriptedServer, tmp_path: Path) -> None:
    with bench_at(scripted, tmp_path, weak=True) as bench:
        trial = bench.plan(Way(pack=pack, shots=Shots.parse("contrast:2"), order=SEED), pack.heldout)
        results = asked(bench, trial)[0]
        settled = [bool(item.lesson and item.lesson.settled) for item in trial.items]
        assert 0 < sum(settled) < len(settled), "of these cases some are clear and some are not"
        bill = bench.score(trial, results, pack.examples).bill
        assert bill is not None and len(scripted.asked) == settled.count(False) == bill.asked
        known = vectors_of(pack)
        advisor = Advisor(pack.examples, np.array([known[example.text] for example in pack.examples]))
        for alone, result in zip(settled, results, strict=True):
            assert result.explained.answer is not None and result.explained.attempts == (0 if alone else 1)
            if alone:
                text = result.case.text
                assert (given_in(result.explained.answer),) == advisor.candidates(text, known[text], 2, WEAK_DOUBT)
                assert result.leaked is False and not result.explained.fresh


def test_a_small_model_is_asked_only_where_two_causes_are_nearly_as_likely(scripted: ScriptedServer, tmp_path: Path) -> None:
    whole = load(SHIPPED / "delivery")
    known = vectors_of(whole)
    advisor = Advisor(whole.examples, np.array([known[example.text] for example in whole.examples]))
    asked_of = {}
    for weak, doubt in ((True, 0.95), (False, 0.5)):
        with bench_at(scripted, tmp_path, weak=weak) as bench:
            trial = bench.plan(Way(pack=whole, shots=Shots.parse("contrast:2"), order=SEED), whole.heldout)
        for item in trial.items:
            assert item.lesson is not None
            taught = {label_of(example) for example in item.lesson.shots.values()}
            assert taught == set(advisor.candidates(item.case.text, known[item.case.text], 2, doubt))
        asked_of[weak] = sum(item.lesson is not None and item.lesson.settled is None for item in trial.items)
    assert 1 <= asked_of[True] <= 10 and asked_of[False] == 40, "a larger model is always asked"


# ── the command ───────────────────────────────────────────────────────────────────────────────────


class Moody(ScriptedServer):
    """Answers the third case rightly in its second draw alone."""

    def answer(self, asked: Asked) -> dict[str, Any]:
        self.words["we moved in SEPTEMBER"] = "stale-address-card" if asked.body["seed"] != SEED else "stock-night-count"
        return super().answer(asked)


def test_eval_tells_all_and_resumes(pack: Pack, tmp_path: Path) -> None:
    cut(tmp_path / "topics", examples=12)
    words = knows(pack, "delivery-h01", "delivery-h02")
    with Moody(words=words) as server:
        command = ("fewshot", "eval", "topics/delivery", "--shots", "all", "--repeats", "2", "--orders", "2")
        ended = rootcause(tmp_path, *command, "--json", env=server.environment)
        assert ended.code == 0 and "Calls 24 to make, 0 already answered" in ended.said
        vote, classifier, taught, bare = ended.json
        assert [row["name"] for row in ended.json[2:]] == [f"{MODEL}, all", f"{MODEL}, none"], "no examples comes by itself"
        assert {"name", "cases", "accuracy", "interval", "quotes", "seconds", "tokens"} <= set(taught)
        assert taught["interval"] == pytest.approx(list(wilson(taught["accuracy"], 6))) and len(taught["cases"]) == 6
        assert vote["bill"] is classifier["bill"] is None and taught["bill"]["asked"] == bare["bill"]["asked"] == 6
        changed = taught["noise"]
        assert changed["repeats_changed"] == 1 and changed["repeats_sd"] == pytest.approx(stdev([0, 1 / 6]))
        assert changed["orders_sd"] == 0 and changed["order_adds"] == 0 and bare["noise"] is None
        assert sum(pair["count"] for pair in taught["confusion"]) == 6

        shown = here(tmp_path, *command, env=server.environment)
        assert shown.code == 0 and len(server.asked) == 24 and "Calls 0 to make, 24 already answered" in shown.said
        page = " ".join(shown.out.split())
        assert "between 2 repeats a standard deviation of 11.8 points, 1 cases changed" in page
        assert "labelled answered" in page and f"{100 * taught['accuracy']:.0f} %" in page


def test_eval_does_not_repeat_the_bare_way_and_admits_calm(tmp_path: Path) -> None:
    cut(tmp_path / "topics", examples=8, cases=3)
    with ScriptedServer() as server:
        command = ("fewshot", "eval", "topics/delivery", "--shots", "none", "--shots", "0", "--repeats", "2", "--orders", "2")
        ended = here(tmp_path, *command, "--json", env=server.environment)
        assert [row["name"] for row in ended.json[2:]] == [f"{MODEL}, none"] and len(server.asked) == 6
        notes = " ".join(ended.json[2]["notes"])
        assert "all 2 repeats gave the same answers" in notes and "the order of the examples plays no part in none" in notes


def test_money_is_asked_for_capped_and_never_paid_twice(tmp_path: Path) -> None:
    cut(tmp_path / "topics", examples=6, cases=4)
    prices = '[[price]]\nmodel = "scripted"\nhost = "models.example"\ninput = 100\noutput = 400\ncurrency = "EUR"\n'
    (tmp_path / "prices.toml").write_text(prices)
    with ScriptedServer() as server:
        proxy = f"http://127.0.0.1:{server.port}"
        env = {
            **server.environment, "ROOTCAUSE_BASE_URL": "http://models.example/v1", "ROOTCAUSE_PRICES": "prices.toml",
            "HTTP_PROXY": proxy, "http_proxy": proxy, "ROOTCAUSE_CONCURRENCY": "1",
        }  # fmt: skip
        command = ("fewshot", "eval", "topics/delivery", "--shots", "none", "--json")
        refused = here(tmp_path, *command, env=env)
        assert refused.code == 2 and "add --yes" in refused.error and not server.asked
        assert "the texts go to http://models.example/v1" in refused.said and "EUR" in refused.said
        capped = here(tmp_path, *command, "--yes", "--max-cost", "2.2", env=env)
        assert capped.code == 3 and "stopped at --max-cost 2.2" in capped.error and 0 < len(server.asked) < 4
        assert capped.out == "", "a part of the cases is no score"
        paid = len(server.asked)
        again = here(tmp_path, *command, "--yes", "--max-cost", "2.2", env=env)
        assert again.code == 3 and len(server.asked) == paid, "the cap is over all sittings"
        whole = here(tmp_path, *command, "--yes", "--max-cost", "100", env=env)
        bill = whole.json[2]["bill"]
        assert whole.code == 0 and len(server.asked) == 4 and bill["asked"] == 4 and bill["currency"] == "EUR"
        assert bill["price"] == pytest.approx((bill["prompt"] * 100 + bill["completion"] * 400) / 1e6)
        unknown = here(tmp_path, "fewshot", "eval", "topics/delivery", "--shots", "all", "--yes", "--max-cost", "1",
                            env={**env, "ROOTCAUSE_PRICES": ""})  # fmt: skip
        assert unknown.code == 2 and "--max-cost cannot be kept" in unknown.error and len(server.asked) == 4


def test_a_pack_that_cannot_be_measured_says_so(tmp_path: Path) -> None:
    bare = cut(tmp_path / "topics", examples=12, cases=2)
    (bare / "heldout.jsonl").unlink()
    missing = here(tmp_path, "fewshot", "eval", "topics/delivery")
    assert missing.code == 2 and "delivery has no held-out cases to score" in missing.error
    (bare / "examples.jsonl").replace(bare / "heldout.jsonl")
    (bare / "examples.jsonl").touch()
    untaught = here(tmp_path, "fewshot", "curve", "topics/delivery")
    assert untaught.code == 2 and "delivery has no labelled examples to learn from" in untaught.error
