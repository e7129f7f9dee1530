"""`rootcause why` taught in several ways: one complaint, side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from bench import cut, here
from openai_server import ScriptedServer
from rich.console import Console

from rootcause.cli.why import Told, _show
from rootcause.decompose import Explained
from rootcause.models import Answer, Basis, Chain, Failure, Step, TopicUse

COMPLAINT = "The van went to my old address although the card was changed in June."


@pytest.fixture
def topics(tmp_path: Path) -> str:
    cut(tmp_path / "topics", examples=12, cases=2)
    return str(tmp_path / "topics")


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(words={"old address": "stale-address-card"}) as serving:
        yield serving


def test_each_way_is_asked_with_its_own_examples(tmp_path: Path, topics: str, scripted: ScriptedServer) -> None:
    env = {**scripted.environment, "ROOTCAUSE_FEWSHOT": topics}
    command = ("why", COMPLAINT, "--topic", "delivery", "--shots", "none,5,all,5")
    told = here(tmp_path, *command, "--json", env=env).json
    assert [row["shots"] for row in told] == ["none", "5", "all"] and {row["topic"] for row in told} == {"delivery"}
    assert all(Answer.model_validate(row["answer"]).chains for row in told) and all(row["failure"] is None for row in told)
    shown = [len(re.findall(r"^## Complaint ", one.body["messages"][0]["content"], re.MULTILINE)) for one in scripted.asked]
    assert sorted(shown) == [0, 5, 12]
    page = here(tmp_path, *command, env=env)
    assert page.code == 0 and len(scripted.asked) == 3 and "Calls 0 to make, 3 already answered" in page.said
    places = [page.out.index(f"── {way}") for way in ("none", "5", "all")]
    assert places == sorted(places) and page.out.count("└── 1. ") == page.out.count("cause: stale-address-card") == 3


def test_one_way_that_fails_does_not_hide_the_others(tmp_path: Path, topics: str, scripted: ScriptedServer) -> None:
    env = {**scripted.environment, "ROOTCAUSE_FEWSHOT": topics}
    scripted.queue("refusal")
    ended = here(tmp_path, "why", COMPLAINT, "--topic", "delivery", "--shots", "none,all", "--json", env=env)
    assert ended.code == 3 and [row["answer"] is None for row in ended.json] == [True, False]
    assert ended.json[0]["failure"]["kind"] == "refusal" and "no valid answer: the model refused" in ended.error
    unknown = here(tmp_path, "why", COMPLAINT, "--topic", "gardens", "--shots", "none,all", env=env)
    assert unknown.code == 2 and "there is no topic 'gardens'" in unknown.error
    odd = here(tmp_path, "why", COMPLAINT, "--shots", "none,some", env=env)
    assert odd.code == 2 and "--shots 'some' is not known" in odd.error and len(scripted.asked) == 2


def test_several_paid_calls_are_asked_for_and_capped(tmp_path: Path, topics: str, scripted: ScriptedServer) -> None:
    prices = '[[price]]\nmodel = "scripted"\nhost = "models.example"\ninput = 1\noutput = 400\ncurrency = "EUR"\n'
    (tmp_path / "prices.toml").write_text(prices)
    proxy = f"http://127.0.0.1:{scripted.port}"
    env = {
        **scripted.environment, "ROOTCAUSE_FEWSHOT": topics, "ROOTCAUSE_BASE_URL": "http://models.example/v1",
        "ROOTCAUSE_PRICES": "prices.toml", "HTTP_PROXY": proxy, "http_proxy": proxy,
    }  # fmt: skip
    command = ("why", COMPLAINT, "--topic", "delivery", "--shots", "none,all")
    refused = here(tmp_path, *command, env=env)
    assert refused.code == 2 and "add --yes" in refused.error and not scripted.asked
    assert "2 to make, 0 already answered" in refused.said and "EUR" in refused.said
    capped = here(tmp_path, *command, "--yes", "--max-cost", "1.65", env=env)
    assert capped.code == 3 and "stopped at --max-cost 1.65 after 1 of 2 ways" in capped.error and len(scripted.asked) == 1
    whole = here(tmp_path, *command, "--max-cost", "50", "--json", env=env)
    assert whole.code == 0 and len(whole.json) == len(scripted.asked) == 2, "a single call is not asked for"
    for shots in ("5", "5,10"):
        unknown = here(tmp_path, "why", COMPLAINT, "--topic", "delivery", "--shots", shots, "--yes", "--max-cost", "50",
                       env={**env, "ROOTCAUSE_PRICES": ""})  # fmt: skip
        assert unknown.code == 2 and "--max-cost cannot be kept" in unknown.error and len(scripted.asked) == 2


def told(shots: str, *, works: bool = True) -> Told:
    steps = tuple(Step(cause=f"{shots} cause {i}", basis=Basis.INFERRED, evidence=None, countermeasure=None) for i in range(3))
    answer = Answer(chains=(Chain(steps=steps, cause="new"),), nothing_to_explain=None) if works else None
    failure = None if works else Failure(kind="refusal", message="the model refused")
    use = TopicUse(topic="t", title="T", rows=1, examples=3, shots=shots, pack_sha256=None)
    return Told(shots, use, Explained(answer=answer, failure=failure, attempts=1, fresh=True))


def test_there_is_room_side_by_side_or_not() -> None:
    rows = [told("none"), told("50"), told("all", works=False)]

    def lines(width: int, *, terminal: bool) -> list[str]:
        paper = StringIO()
        _show(rows, Console(file=paper, width=width, force_terminal=terminal, no_color=True, highlight=False, markup=False), "en")
        return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in paper.getvalue().splitlines()]

    wide = lines(180, terminal=True)
    assert wide[0].split() == ["none", "50", "all"] and any("none cause 1" in line and "50 cause 1" in line for line in wide)
    assert any("no valid answer: the model refused" in line for line in wide) and max(map(len, wide)) <= 180
    for page in (lines(80, terminal=True), lines(180, terminal=False)):
        assert not any("none cause" in line and "50 cause" in line for line in page)
        assert [line for line in page if line.startswith("──")] == ["── none", "── 50", "── all"]
