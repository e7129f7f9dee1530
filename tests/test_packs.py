"""The shipped packs keep their promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import krippendorff
import numpy as np
import pytest

from rootcause.evaluate import of_classifier, of_vote
from rootcause.fewshot.check import check
from rootcause.fewshot.load import available, load
from rootcause.models import Pack

ROOT = Path(__file__).parents[1]
TOPICS = ("bank-cards", "delivery", "mobile-billing", "subscription-access")


def pack_of(topic: str) -> Pack:
    return load(available((ROOT / "fewshot",))[topic])


def second_labels(topic: str) -> dict[str, str]:
    lines = (ROOT / "fewshot" / topic / "second.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row["cause"] for row in map(json.loads, lines)}


def alpha(topic: str) -> tuple[float, int]:
    """Krippendorff's alpha of the two labellings, and in how many cases they agree."""
    first = {case.id: case.label for case in pack_of(topic).heldout}
    second = second_labels(topic)
    assert set(first) == set(second)
    codes = {label: code for code, label in enumerate(sorted({*first.values(), *second.values()}))}
    table = np.array([[codes[first[key]] for key in first], [codes[second[key]] for key in first]])
    value = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
    return float(value), sum(first[key] == second[key] for key in first)


@pytest.mark.parametrize("topic", TOPICS)
def test_the_check_finds_nothing(topic: str) -> None:
    pack = pack_of(topic)
    assert 120 <= len(pack.examples) <= 150
    assert len(pack.heldout) == 40
    assert 12 <= len(pack.topic.causes) <= 20
    assert check(pack) == ()


@pytest.mark.parametrize("topic", TOPICS)
def test_the_surface_does_not_give_the_cause_away(topic: str) -> None:
    _, agreed = alpha(topic)
    assert of_vote(pack_of(topic)).interval[1] < agreed / 40


@pytest.mark.parametrize("topic", TOPICS)
def test_its_readme_states_the_measured_figures(topic: str) -> None:
    page = (ROOT / "fewshot" / topic / "README.md").read_text(encoding="utf-8")
    value, agreed = alpha(topic)
    assert f"alpha {value:.2f}" in page
    assert f"{agreed} of 40" in page
    for score in (of_vote(pack_of(topic)), of_classifier(pack_of(topic))):
        assert re.search(rf"\| {score.name} \| {score.right} \|", page), score.name
