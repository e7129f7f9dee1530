"""`fewshot curve`: what a part of a pack teaches, where it flattens, what the next examples would bring, and the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from bench import SEED, bench_at, cut, here, small
from cli import rootcause
from openai_server import ScriptedServer

from rootcause.errors import SettingsError
from rootcause.evaluate.asking import Way
from rootcause.evaluate.curve import NEXT, Point, curve, gain, part, require_growing, sizes, taught
from rootcause.evaluate.score import Score, Scored
from rootcause.fewshot.advise import label_of
from rootcause.fewshot.select import Shots, interleaved
from rootcause.models import Pack
from rootcause.report.curve import Line, Mark, svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return small(tmp_path_factory.mktemp("packs"))


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as serving:
        yield serving


def point(examples: int, right: Sequence[bool]) -> Point:
    cases = tuple(Scored(id=str(i), truth="a", given="a" if hit else "b") for i, hit in enumerate(right))
    return Point(examples=examples, score=Score(name="x", cases=cases))


def rising(*steps: tuple[int, int], cases: int = 40) -> list[Point]:
    """At each number of examples, the first so many cases are right."""
    return [point(examples, [place < hits for place in range(cases)]) for examples, hits in steps]


# ── parts of a pack ───────────────────────────────────────────────────────────────────────────────


def test_points_fit_the_pack(pack: Pack) -> None:
    assert sizes([0, 10, 25, 100, 150], pack) == (0, 10, 25, 30), "what is larger than the pack is drawn at its size"
    with pytest.raises(SettingsError, match="--points 3 is too few"):
        sizes([3], pack)
    for way in ("none", "50"):
        with pytest.raises(SettingsError, match="is one point of a curve"):
            require_growing(Shots.parse(way))


def test_parts_are_nested_prefixes_of_the_fixed_order(pack: Pack) -> None:
    order = interleaved(pack.examples, SEED)
    for size in (5, 10, 25):
        own = part(pack, size, SEED)
        assert own.examples == order[:size] and own.heldout == pack.heldout and own.topic == pack.topic
        assert own.sha256 != pack.sha256
    assert part(pack, 30, SEED) is pack


@pytest.mark.parametrize(("way", "weak"), [("contrast:2", False), ("nearest:6", False), ("all", True), ("contrast:2", True)])
def test_nothing_beyond_the_part_teaches(pack: Pack, scripted: ScriptedServer, tmp_path: Path, way: str, weak: bool) -> None:
    """Neither the prompt, nor the causes that can be answered, nor the steps a weak model's chain is completed with."""
    with bench_at(scripted, tmp_path, weak=weak) as bench:
        own, shots = taught(pack, Shots.parse(way), 10, SEED, weak=weak)
        trial = bench.plan(Way(pack=own, shots=shots, order=SEED), pack.heldout)
        known = {example.id for example in interleaved(pack.examples, SEED)[:10]}
        for item in trial.items:
            assert item.lesson is not None and {*item.lesson.shots, *item.lesson.precedents} <= known
            words = str(item.lesson.messages)
            assert not any(example.text[:60] in words for example in pack.examples if example.id not in known)
            if way.startswith("contrast"):
                assert offered(item.lesson.reply_schema, own) <= {label_of(example) for example in own.examples}


def offered(schema: dict[str, Any], pack: Pack) -> set[str]:
    """The labels that an answer can give, but for those that stand outside every catalogue."""
    if "chains" in schema["properties"]:
        return set(schema["properties"]["chains"]["items"]["properties"]["cause"]["enum"]) - {"new", "external"}
    ids = {cause.name: cause.id for cause in pack.topic.causes}
    return {ids.get(name, "nothing") for name in schema["properties"]["cause"]["enum"]}


def test_longer_prompts_begin_with_the_shorter_ones(pack: Pack, scripted: ScriptedServer, tmp_path: Path) -> None:
    """So that a provider's cache holds them, and `eval --shots 10` is the same question."""
    with bench_at(scripted, tmp_path) as bench:
        trials = {}
        for size in (0, 10, 25, 30):
            own, shots = taught(pack, Shots.parse("all"), size, SEED, weak=False)
            trials[size] = bench.plan(Way(pack=own, shots=shots, order=SEED), pack.heldout)
        systems = [
            str(trial.items[0].lesson.messages[0]["content"]).rstrip() for trial in trials.values() if trial.items[0].lesson
        ]
        assert all(longer.startswith(shorter) for shorter, longer in pairwise(systems))
        for size, way in ((0, "none"), (10, "10"), (30, "all")):
            same = bench.plan(Way(pack=pack, shots=Shots.parse(way), order=SEED), pack.heldout)
            assert same.run == trials[size].run, way


# ── what the curve says ───────────────────────────────────────────────────────────────────────────


def test_it_is_flat_where_no_larger_part_is_told_apart() -> None:
    assert curve(rising((0, 2), (10, 12), (25, 30), (50, 32), (100, 33)), seed=SEED).flat_from == 25
    assert curve(rising((0, 2), (10, 3), (25, 9), (50, 20), (100, 35)), seed=SEED).flat_from is None
    falling = [point(10, [True] * 20 + [False] * 20), point(25, [False] * 20 + [True] * 12 + [False] * 8), *rising((50, 10))]
    assert curve(falling, seed=SEED).flat_from == 10, "worse is no reason to go on"
    assert curve(rising((10, 0), (25, 5)), seed=SEED).flat_from == 10, "five changed cases cannot be told from chance"
    assert curve(rising((10, 0), (25, 6)), seed=SEED).flat_from is None


def test_the_law_is_found_again() -> None:
    examples = np.array([10.0, 25, 50, 100, 132])
    for ceiling, drop, rate in ((0.9, 1.5, 0.6), (0.8, 2.0, 1.1), (0.95, 0.9, 0.3)):
        seen = ceiling - drop * examples**-rate
        truth = drop * (132**-rate - 182**-rate)
        assert gain(examples, seen[None, :], 132, 182)[0] == pytest.approx(truth, abs=2e-3)
    flat, sinking = np.full(5, 0.6), np.linspace(0.8, 0.5, 5)
    assert gain(examples, np.vstack([flat, sinking]), 132, 182) == pytest.approx([0, 0]), "more examples are never said to harm"
    steep = np.array([0.1, 0.4, 0.7, 0.95, 1.0])
    assert 0 <= gain(examples, steep[None, :], 132, 182)[0] <= 0.05, "nobody is right in more than all cases"


def test_the_forecast_is_honest_about_chance() -> None:
    rng = np.random.default_rng(1)
    shaky = [point(size, list(rng.random(40) < share)) for size, share in ((10, 0.3), (25, 0.45), (50, 0.55), (100, 0.6))]
    forecast = curve(shaky, seed=SEED).forecast
    assert forecast is not None and (forecast.start, forecast.stop) == (100, 100 + NEXT)
    assert forecast.low < 0 < forecast.gain < forecast.high and forecast.high - forecast.low > 0.15
    assert curve(shaky[::-1], seed=SEED).forecast == forecast, "the same whatever the order of the points"
    steady = curve(rising((10, 30), (25, 30), (50, 30), (100, 30)), seed=SEED).forecast
    assert steady is not None and (steady.gain, steady.low, steady.high) == (0, 0, 0)
    assert curve(rising((0, 2), (10, 12), (25, 30)), seed=SEED).forecast is None, "two points with examples make no law"


# ── the picture ───────────────────────────────────────────────────────────────────────────────────


def test_the_picture_shows_every_point_and_no_markup_of_others() -> None:
    marks = tuple(Mark(examples=size, share=size / 200, low=size / 250, high=size / 150) for size in (0, 10, 12, 100))
    lines = [
        Line(name="<script>&\x1b[1m", marks=marks),
        Line(name="vote of the five nearest neighbours, told at length", marks=marks[1:]),
    ]
    root = ElementTree.fromstring(svg(lines, title="a < b", caption="c & d"))
    assert root.find(f"{SVG}title").text == "a < b" and not list(root.iter(f"{SVG}script"))
    drawn = [line.attrib["points"].split() for line in root.iter(f"{SVG}polyline")]
    assert sorted(map(len, drawn)) == [3, 4]
    first = [tuple(map(float, pair.split(","))) for pair in drawn[-1]]
    assert first == sorted(first, key=lambda pair: pair[0]) and first == sorted(first, key=lambda pair: -pair[1])
    assert sum(line.attrib["class"] == "whisker" for line in root.iter(f"{SVG}line")) == 7
    labels = [text.text for text in root.iter(f"{SVG}text")]
    assert {"0", "12", "100"} <= set(labels) and "10" not in labels, "labels do not run into each other"
    assert "<script>&[1m" in labels and any(label and label.endswith("…") for label in labels)
    assert "prefers-color-scheme: dark" in svg(lines, title="a", caption="b")


# ── the command ───────────────────────────────────────────────────────────────────────────────────


def test_a_longer_curve_costs_only_what_is_new(tmp_path: Path) -> None:
    cut(tmp_path / "topics", examples=30, cases=4)
    with ScriptedServer() as server:
        command = ("fewshot", "curve", "topics/delivery", "--shots", "all")
        short = here(tmp_path, *command, "--points", "0,10", "--json", env=server.environment)
        assert short.code == 0 and len(server.asked) == 8
        own, *free = short.json["lines"]
        assert [one["examples"] for one in own["points"]] == [0, 10] and [len(line["points"]) for line in free] == [1, 1]
        old = {**server.environment, "PYTHONIOENCODING": "cp1251"}
        more = ("--points", "0,10,20,150", "--picture", "curve.svg")
        longer = rootcause(tmp_path, *command, *more, env=old, encoding="cp1251")
        assert longer.code == 0 and len(server.asked) == 16 and "Calls 8 to make, 8 already answered" in longer.said
        rows = [line.split()[0] for line in longer.out.splitlines() if line[:8].strip().isdecimal()]
        assert rows == ["0", "10", "20", "30"] and "v: vote of the five nearest; l: logistic regression" in longer.out
        page = " ".join(longer.out.split())
        assert "the pack has 30 examples, so the point 150 is drawn there" in page and "The next 50 examples (30 to 80):" in page
        assert "Flat from" in page and "4 cases are too few to show any difference" in page
        assert len(list(ElementTree.parse(tmp_path / "curve.svg").getroot().iter(f"{SVG}polyline"))) == 3


def test_curve_says_what_is_wrong(tmp_path: Path) -> None:
    cut(tmp_path / "topics", examples=12, cases=2)
    for more, said in (
        (("--points", "10,many"), "is not a list of numbers"),
        (("--points", "0,2"), "--points 2 is too few"),
    ):
        ended = here(tmp_path, "fewshot", "curve", "topics/delivery", *more)
        assert ended.code == 2 and said in ended.error
