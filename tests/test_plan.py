"""`rootcause plan`: what samples would tell and cost, said before anything is spent."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli import rootcause, small_packs, table
from openai_server import ScriptedServer

from rootcause.sample import difference_of, margin_of
from rootcause.sizing import Outlook

HEADER = ("id", "topic", "complaint")
WORDS = {"old address": "stale-address-card", "promised day": "promise-fixed-at-basket"}
PRICES = '[[price]]\nmodel = "scripted"\nhost = "models.example"\ninput = 10\noutput = 40\ncurrency = "EUR"\n'


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_packs(tmp_path_factory.mktemp("packs"), lambda line: '"chains": [{' in line)


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(words=WORDS) as serving:
        yield serving


@pytest.fixture
def env(scripted: ScriptedServer, packs: Path) -> dict[str, str]:
    return {**scripted.environment, "ROOTCAUSE_FEWSHOT": str(packs)}


def file_of(folder: Path, n: int) -> Path:
    """Three rows in four of one topic; every tenth text is the one before it again."""
    letters = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(676)]
    rows = [
        (
            f"c{i}",
            "garden" if i % 4 == 0 else "delivery",
            f"The crate {letters[i - (i % 10 == 5)]} stood at the old address.",
        )
        for i in range(1, n + 1)
    ]
    return table(folder / "file.csv", HEADER, rows)


def outlook(text: str) -> Outlook:
    return Outlook.model_validate_json(text)


def test_what_each_size_tells_and_costs(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    file_of(tmp_path, 400)
    done = rootcause(tmp_path, "plan", "file.csv", "--json", env=env)
    found = outlook(done.out)
    assert done.code == 0 and found.rows == 400 and [size.rows for size in found.sizes] == [30, 100, 200, 385, 400]
    assert not scripted.asked, "nothing is asked"
    for size in found.sizes:
        assert (size.margin_half == margin_of(size.rows, 400) and size.margin_tenth < size.margin_half) or size.rows == 400
        assert 0.85 * size.rows <= size.calls <= size.rows, "equal texts are asked once"
    assert found.sizes[-1].calls < 400 and (found.sizes[-1].margin_half, found.sizes[-1].difference) == (0, 0)
    assert "Topic garden: 100 rows; no topic pack" in done.said and "Columns text=complaint, topic=topic, id=id" in done.said
    assert {size.seconds for size in found.sizes} == {None}, "no run of this model has been timed"

    real = rootcause(tmp_path, "analyze", "file.csv", "--sample", "30", "--json", env=env)
    used = json.loads(real.out)["cost"]["used"]
    announced = int(real.said.split("already answered; ")[1].split("about ")[1].split(" tokens in")[0].replace(",", ""))
    assert found.sizes[0].calls == used["calls"]
    assert found.sizes[0].prompt_tokens == pytest.approx(announced, rel=0.02), "what the run itself announces"
    again = outlook(rootcause(tmp_path, "plan", "file.csv", "--json", env=env).out)
    assert all(size.seconds is not None and size.seconds > 0 for size in again.sizes)
    assert again.model_copy(update={"sizes": ()}) == found.model_copy(update={"sizes": ()})


def test_the_price_of_each_size(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    file_of(tmp_path, 60)
    (tmp_path / "prices.toml").write_text(PRICES)
    paid = {**env, "ROOTCAUSE_BASE_URL": "http://models.example/v1", "ROOTCAUSE_PRICES": "prices.toml"}
    done = rootcause(tmp_path, "plan", "file.csv", env=paid)
    found = outlook(rootcause(tmp_path, "plan", "file.csv", "--json", env=paid).out)
    for size in found.sizes:
        assert size.price == pytest.approx((size.prompt_tokens * 10 + size.answer_tokens * 40) / 1e6)
        assert f"{size.price:.2f} EUR" in done.out
    assert "the texts go to http://models.example/v1" in done.said and "+" in done.out and "19 times in 20" in done.out
    unknown = rootcause(tmp_path, "plan", "file.csv", env={**paid, "ROOTCAUSE_PRICES": ""})
    assert unknown.code == 0 and "unknown for scripted" in " ".join(unknown.out.split()) and not scripted.asked


def test_the_packaged_model_is_planned_without_being_started(tmp_path: Path, packs: Path) -> None:
    file_of(tmp_path, 40)
    done = rootcause(tmp_path, "plan", "file.csv", env={"ROOTCAUSE_FEWSHOT": str(packs)})
    assert done.code == 0 and "nothing leaves this computer" in done.said and "Price" not in done.out
    assert "left out of the sample: no topic pack" in done.said
    assert " 30 " in done.out, "the packaged model explains the thirty rows of delivery alone"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["none.csv"], "none.csv does not exist"), (["file.csv", "--text", "words"], "has no column 'words' for --text")],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, env: dict[str, str], arguments: list[str], sentence: str) -> None:
    file_of(tmp_path, 3)
    done = rootcause(tmp_path, "plan", *arguments, "--json", env=env)
    assert done.code == 2 and sentence in done.error and done.out == ""


def test_an_empty_file_has_nothing_to_plan(tmp_path: Path, env: dict[str, str]) -> None:
    table(tmp_path / "file.csv", HEADER, [("1", "delivery", " ")])
    done = rootcause(tmp_path, "plan", "file.csv", "--json", env=env)
    if done.code == 0:
        assert [(size.rows, size.calls, size.difference) for size in outlook(done.out).sizes] == [(0, 0, 0)]
    else:
        assert done.code == 2 and done.error


# ── the power to tell ranks apart ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("n", "population"), [(200, 10_000), (385, 800), (1000, 50_000)])
def test_the_difference_is_found_in_four_samples_of_five(n: int, population: int) -> None:
    rng = np.random.default_rng(4)
    gap = difference_of(n, population, 0.1)
    smaller, larger = round(0.1 * population), round((0.1 + gap) * population)
    drawn = rng.multivariate_hypergeometric([smaller, larger, population - smaller - larger], n, size=20_000)
    shares = drawn / n
    ahead = shares[:, 1] - shares[:, 0]
    variance = (shares[:, 1] + shares[:, 0] - ahead**2) / n * (population - n) / (population - 1)
    assert np.mean(ahead / np.sqrt(variance) > 1.96) == pytest.approx(0.8, abs=0.03)


def test_differences_at_the_ends() -> None:
    assert difference_of(100, 100, 0.1) == difference_of(200, 100, 0.1) == 0
    assert difference_of(0, 100, 0.1) == 0.8
    assert difference_of(1, 100, 0.1) <= 0.8
    gaps = [difference_of(n, 5000, 0.1) for n in (10, 30, 100, 1000, 4999)]
    assert gaps == sorted(gaps, reverse=True) and not math.isnan(gaps[0])


def test_a_margin_of_any_share() -> None:
    assert margin_of(100, 10**9, 0.1) == pytest.approx(0.0588, abs=1e-4)  # 1.959964 * sqrt(0.09 / 100)
    assert margin_of(100, 200, 0.1) == pytest.approx(0.6 * margin_of(100, 200))
