"""The embedded model itself, in this process: the same client, a real reply, a valid chain."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rootcause.decompose import Explained
from rootcause.errors import SettingsError
from rootcause.evaluate.curve import part
from rootcause.fewshot.load import available, load
from rootcause.llm.connect import connect, shots_for
from rootcause.llm.endpoint import Endpoint
from rootcause.models import Basis
from rootcause.pipeline import Run
from rootcause.prompt import Prompts
from rootcause.settings import resolve
from rootcause.store import Store
from rootcause.text import contains

ROOT = Path(__file__).parents[1]
PACKS = {topic: load(folder) for topic, folder in available((ROOT / "fewshot",)).items()}
LATE = (
    "Basket filled at lunch, it promised Tuesday. I paid at a quarter to seven in the evening because I wanted to ask my sister "
    "first. The confirmation then said Wednesday, and the shoes were for Tuesday's concert."
)
NO_SWAPS = "No oat milk, though the app said they had it. They sent goat's milk instead, and I had ticked 'no substitutions'."


def explain(text: str, topic: str | None, store: Path) -> tuple[Endpoint, str | None, Explained]:
    settings = resolve(store=store, topic_threshold=1.0 if topic is None else None)
    shots = shots_for(settings)
    with Store(store / "rootcause.db") as opened, connect(settings, shots) as endpoint:
        run = Run(settings, shots, endpoint, opened, Prompts((ROOT / "prompts",)), PACKS, None)
        found, explained = asyncio.run(run.explain(text, topic))
    return endpoint, found, explained


def test_a_taught_complaint_gets_a_valid_chain_with_honest_sources(tmp_path: Path) -> None:
    endpoint, topic, explained = explain(LATE, "delivery", tmp_path)
    assert endpoint.local
    assert endpoint.info.endpoint == "this computer"
    assert topic == "delivery"
    assert explained.answer is not None, explained.failure
    (chain,) = explained.answer.chains
    assert chain.cause == "promise-fixed-at-basket"
    assert chain.steps[0].basis is Basis.STATED
    assert chain.steps[0].evidence is not None
    assert contains(LATE, chain.steps[0].evidence)
    known = {example.id for example in PACKS["delivery"].examples}
    assert {step.evidence for step in chain.steps if step.basis is Basis.PRECEDENT} <= known
    again = explain(LATE, "delivery", tmp_path)[2]
    assert again.answer == explained.answer
    assert not again.fresh


def test_a_complaint_of_no_topic_is_refused_rather_than_invented(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="explains only what it is taught"):
        explain("The lift of our block has stood still since Monday and I live on the ninth floor.", None, tmp_path)


def test_what_stands_first_in_every_prompt_is_read_once(tmp_path: Path) -> None:
    """The fixed examples of a hybrid prompt, though more follows them than the model's sliding window holds."""
    settings = resolve(store=tmp_path, shots="hybrid:8")
    taught = {"delivery": part(PACKS["delivery"], 30, seed=5)}
    with Store(tmp_path / "rootcause.db") as opened, connect(settings, shots_for(settings)) as endpoint:
        run = Run(settings, shots_for(settings), endpoint, opened, Prompts((ROOT / "prompts",)), taught, None)
        for text in (
            LATE,
            "No oat milk, though the shelf was full in the app. They sent goat's milk instead, and I had said no swaps.",
        ):
            asyncio.run(run.explain(text, "delivery"))
    with closing(sqlite3.connect(tmp_path / "rootcause.db")) as database:
        calls = database.execute("SELECT prompt, cached FROM calls ORDER BY id").fetchall()
    prompt, cached = calls[-1]
    assert len(calls) >= 2 and prompt > 2500
    assert cached > 0.4 * prompt, "else each complaint would cost as much as the first"
