"""What a pack is worth, measured on its held-out cases: `fewshot eval`, `curve`, `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.cli.fewshot.asked import agree, announce, answers, bench_of, pack_of, pack_with_cases
from rootcause.cli.fewshot.packs import Topic
from rootcause.errors import SettingsError

if TYPE_CHECKING:
    from rootcause.evaluate import Score
    from rootcause.evaluate.asking import Result, Trial
    from rootcause.settings import Settings

_POINTS = "0,10,25,50,100,150"

GrowingShots = Annotated[str | None, typer.Option("--shots", help="How to teach: all, nearest:K, hybrid:K, contrast:M.")]
PromptFolder = Annotated[Path | None, typer.Option("--prompts", help="Folder of prompts that replace the shipped ones.")]


def register(app: typer.Typer) -> None:
    """Adds this module's commands to `rootcause fewshot`."""
    app.command("eval")(evaluate)
    app.command("curve")(curve)
    app.command("compare")(compare)


def evaluate(
    topic: Topic,
    shots: Annotated[list[str] | None, typer.Option(help="Ways of teaching to compare; can be given several times.")] = None,
    repeats: Annotated[int, typer.Option(help="Draws of each way in one order: the model's own noise.", min=1)] = 1,
    orders: Annotated[int, typer.Option(help="Orders of the examples for each way: the order's noise.", min=1)] = 1,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    context: options.Context = None,
    concurrency: options.Concurrency = None,
    seed: options.Seed = None,
    max_cost: options.MaxCost = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """The held-out cases through the model, beside no examples, a vote of the nearest and a classical classifier."""
    import json

    from rootcause.cli.fewshot import tables
    from rootcause.cli.session import asking, consoles, print_json
    from rootcause.evaluate import of_classifier, of_vote
    from rootcause.evaluate.asking import Way
    from rootcause.evaluate.baselines import vectors_of
    from rootcause.evaluate.score import as_row
    from rootcause.fewshot.select import ShotKind, Shots
    from rootcause.llm.connect import shots_for
    from rootcause.settings import resolve

    settings = resolve(
        model=model, base_url=base_url, context=context, concurrency=concurrency, seed=seed, max_cost=max_cost, store=store
    )
    pack = pack_with_cases(topic)
    named = list(dict.fromkeys(Shots.parse(way) for way in shots or [])) or [shots_for(settings)]
    bare = Shots(kind=ShotKind.NONE)
    out, err = consoles()
    with asking(settings, [*named, bare]) as (endpoint, _, prompts, kept):
        bench = bench_of(settings, endpoint, kept, prompts)
        groups: list[tuple[Trial, list[Trial], list[Trial]]] = []
        for way in named:
            first = bench.plan(Way(pack=pack, shots=way, order=settings.seed), pack.heldout)
            again = [bench.again(first, repeat) for repeat in range(1, repeats)]
            turned = [Way(pack=pack, shots=way, order=settings.seed + more) for more in range(1, orders)]
            groups.append((first, again, [bench.plan(other, pack.heldout) for other in turned]))
        if bare not in named:
            groups.append((bench.plan(Way(pack=pack, shots=bare, order=settings.seed), pack.heldout), [], []))
        trials = [trial for first, again, other in groups for trial in (first, *again, *other)]
        ways = ", ".join(dict.fromkeys(str(trial.way.shots) for trial in trials))
        noisy = f", {repeats} repeats and {orders} orders of those named" if repeats * orders > 1 else ""
        announce([(bench, trials)], f"{len(pack.heldout)} held out of {pack.topic.id}, shots {ways}{noisy}", err)
        agree([(bench, trials)], settings.max_cost, yes=yes)
        results = iter(answers(bench, trials, settings.max_cost, err))
        vectors = vectors_of(pack)
        scores = [of_vote(pack, vectors), of_classifier(pack, vectors)]
        for first, again, other in groups:
            score = bench.score(first, next(results), pack.examples)
            scores.append(_noisy(score, first, other, [next(results) for _ in again], [next(results) for _ in other]))
    if as_json:
        print_json(json.dumps([as_row(score) for score in scores], ensure_ascii=False))
        return
    tables.show_scores(pack, scores, out)


def curve(
    topic: Topic,
    points: Annotated[str, typer.Option(help="Numbers of examples, with commas between.")] = _POINTS,
    picture: Annotated[Path | None, typer.Option(help="Write the curve as an SVG file here.", dir_okay=False)] = None,
    shots: GrowingShots = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    context: options.Context = None,
    concurrency: options.Concurrency = None,
    seed: options.Seed = None,
    max_cost: options.MaxCost = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """Accuracy at growing parts of the pack: where it flattens and what the next 50 examples would bring."""
    import json

    from rootcause.cli.fewshot import tables
    from rootcause.cli.session import asking, consoles, print_json
    from rootcause.evaluate import curve as curves
    from rootcause.evaluate.asking import Way
    from rootcause.evaluate.baselines import of_classifier, of_vote, vectors_of
    from rootcause.settings import resolve

    settings = resolve(
        model=model, base_url=base_url, shots=shots, context=context, concurrency=concurrency, seed=seed,
        max_cost=max_cost, store=store,
    )  # fmt: skip
    pack = pack_with_cases(topic)
    wanted = _numbers(points)
    drawn = curves.sizes(wanted, pack)
    out, err = consoles()
    with asking(settings) as (endpoint, way, prompts, kept):
        curves.require_growing(way)
        bench = bench_of(settings, endpoint, kept, prompts)
        trials = []
        for size in drawn:
            taught, shown = curves.taught(pack, way, size, settings.seed, weak=endpoint.weak)
            trials.append(bench.plan(Way(pack=taught, shots=shown, order=settings.seed), pack.heldout))
        what = f"{len(pack.heldout)} held out of {pack.topic.id}, with {', '.join(map(str, drawn))} examples"
        announce([(bench, trials)], what, err)
        agree([(bench, trials)], settings.max_cost, yes=yes)
        results = answers(bench, trials, settings.max_cost, err)
        scores = [bench.score(trial, found, ()) for trial, found in zip(trials, results, strict=True)]
    vectors = vectors_of(pack)
    free = [
        [curves.Point(examples=size, score=of(curves.part(pack, size, settings.seed), vectors)) for size in drawn if size]
        for of in (of_vote, of_classifier)
    ]
    own = [curves.Point(examples=size, score=score) for size, score in zip(drawn, scores, strict=True)]
    notes = curves.notes(wanted, pack, own)
    lines = [(f"{endpoint.model}, {way}", curves.curve(own, seed=settings.seed))]
    lines += [(found[0].score.name, curves.curve(found, seed=settings.seed)) for found in free if found]
    if picture is not None:
        tables.draw(pack, lines, picture)
    if as_json:
        print_json(json.dumps(tables.curve_rows(pack, lines, notes), ensure_ascii=False))
        return
    tables.show_curve(pack, lines, notes, out)
    if picture is not None:
        out.print(f"Picture: {picture}", soft_wrap=True)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A topic's id, or the folder of a pack.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another, or the same with other options for B.")],
    shots: options.ShotsOption = None,
    shots_b: Annotated[
        str | None, typer.Option("--shots-b", help="How to teach B. Default: as A, or as its model is taught.")
    ] = None,
    model: options.Model = None,
    model_b: Annotated[str | None, typer.Option("--model-b", help="The model of B. Default: A's.")] = None,
    base_url: options.BaseUrl = None,
    base_url_b: Annotated[str | None, typer.Option("--base-url-b", help="B's address. Default: A's, none for local.")] = None,
    prompts: PromptFolder = None,
    prompts_b: Annotated[Path | None, typer.Option("--prompts-b", help="The prompts of B. Default: A's.")] = None,
    context: options.Context = None,
    concurrency: options.Concurrency = None,
    seed: options.Seed = None,
    max_cost: options.MaxCost = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """Two sets, prompts, models or ways of teaching on the same held-out cases, in pairs."""
    import json
    from contextlib import ExitStack

    from rootcause.cli.fewshot import tables
    from rootcause.cli.session import asking, consoles, print_json
    from rootcause.evaluate.asking import Way
    from rootcause.evaluate.compare import common
    from rootcause.evaluate.paired import paired
    from rootcause.llm.connect import shots_for
    from rootcause.prompt import Prompts
    from rootcause.resources import folders
    from rootcause.settings import LOCAL, resolve

    rest = {"context": context, "concurrency": concurrency, "seed": seed, "max_cost": max_cost, "store": store}
    first = resolve(model=model, base_url=base_url, shots=shots, prompts=prompts, **rest)
    second = resolve(
        model=model_b or model, base_url=base_url_b or base_url, shots=shots_b or shots, prompts=prompts_b or prompts, **rest
    )
    if model_b == LOCAL and base_url_b is None:
        second = second.model_copy(update={"base_url": None})
    packs = (pack_of(a), pack_of(b))
    if packs[0] == packs[1] and first == second:
        raise SettingsError("A and B are the same: name another pack, or what differs with --shots-b, --model-b or --prompts-b")
    shared = common(*packs)
    out, err = consoles()
    ways = [shots_for(settings) for settings in (first, second)]
    with ExitStack() as stack:
        endpoint, _, templates, kept = stack.enter_context(asking(first, ways))
        benches = [bench_of(first, endpoint, kept, templates)]
        if (first.model, first.base_url) == (second.model, second.base_url):  # one model is loaded once
            benches.append(bench_of(second, endpoint, kept, Prompts(folders("prompts", second.prompts))))
        else:
            endpoint, _, templates, kept = stack.enter_context(asking(second))
            benches.append(bench_of(second, endpoint, kept, templates))
        sides = [
            (bench, bench.plan(Way(pack=pack, shots=way, order=first.seed), shared.cases))
            for bench, pack, way in zip(benches, packs, ways, strict=True)
        ]
        work = [(bench, [trial]) for bench, trial in sides]
        announce(work, f"{len(shared.cases)} held out by both", err)
        agree(work, first.max_cost, yes=yes)
        left = first.max_cost
        scores = []
        for bench, trial in sides:
            [results] = answers(bench, [trial], left, err)
            scores.append(bench.score(trial, results, trial.way.pack.examples))
            left = None if left is None else max(0.0, left - bench.spent([trial]))
    told = paired(*([case.right for case in score.cases] for score in scores))
    names = [_side(name, score, settings) for name, score, settings in zip((a, b), scores, (first, second), strict=True)]
    if as_json:
        print_json(json.dumps(tables.paired_rows(names, scores, told, shared.notes), ensure_ascii=False))
        return
    tables.show_paired(names, scores, told, shared.notes, out)


def _noisy(
    score: Score,
    first: Trial,
    other: Sequence[Trial],
    repeated: Sequence[tuple[Result, ...]],
    turned: Sequence[tuple[Result, ...]],
) -> Score:
    """The score with its noise, where it was asked more than once."""
    from rootcause.evaluate.noise import noise
    from rootcause.evaluate.score import given_in

    def given(results: Sequence[Result]) -> tuple[str | None, ...]:
        return tuple(given_in(result.explained.answer) for result in results)

    if not repeated and not turned:
        return score
    found = noise(
        [case.truth for case in score.cases],
        tuple(case.given for case in score.cases),
        [given(results) for results in repeated],
        [given(results) for results in turned],
    )
    notes = list(score.notes)
    if repeated and not found.repeats_changed:
        notes.append(f"all {found.repeats} repeats gave the same answers: at temperature 0 this model showed no noise of its own")
    if other and all(trial.run == first.run for trial in other):
        notes.append(f"the order of the examples plays no part in {first.way.shots}: every order asks the same questions")
    return score.model_copy(update={"noise": found, "notes": tuple(notes)})


def _numbers(points: str) -> list[int]:
    parts = [part.strip() for part in points.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise SettingsError(f"--points '{points}' is not a list of numbers; write it like {_POINTS}")
    return [int(part) for part in parts]


def _side(pack: str, score: Score, settings: Settings) -> str:
    prompts = f", prompts {settings.prompts}" if settings.prompts else ""
    return f"{pack}, {score.name}{prompts}"
