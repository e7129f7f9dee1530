"""What the measuring commands share: a pack with cases, a bench, the announcement, consent, and the asking itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rootcause.cli.fewshot.packs import folder_of
from rootcause.errors import SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from rootcause.evaluate.asking import Bench, Result, Trial
    from rootcause.llm.endpoint import Endpoint
    from rootcause.models import Pack
    from rootcause.prompt import Prompts
    from rootcause.settings import Settings
    from rootcause.store import Store


def pack_of(topic: str) -> Pack:
    """The pack of a topic's id or of a folder."""
    from rootcause.fewshot.load import load

    return load(folder_of(topic))


def pack_with_cases(topic: str) -> Pack:
    """The pack, if it can be measured. Raises SettingsError where it has no cases or no examples."""
    pack = pack_of(topic)
    if not pack.heldout:
        raise SettingsError(f"{pack.topic.id} has no held-out cases to score; put 30 or more into heldout.jsonl")
    if not pack.examples:
        raise SettingsError(f"{pack.topic.id} has no labelled examples to learn from; put them into examples.jsonl")
    return pack


def bench_of(settings: Settings, endpoint: Endpoint, kept: Store, prompts: Prompts) -> Bench:
    """A bench at the endpoint, with its price where one is known."""
    from rootcause.evaluate.asking import Bench
    from rootcause.llm.prices import lookup

    price = None if endpoint.on_this_machine else lookup(endpoint.model, endpoint.host, settings.prices)
    return Bench(endpoint, kept, prompts, price, seed=settings.seed)


def announce(work: Sequence[tuple[Bench, Sequence[Trial]]], cases: str, err: Console) -> None:
    """What will be asked, and what it may cost, before anything is spent."""
    from rootcause.cli.session import money, shown
    from rootcause.plan import calls_told

    for bench, trials in work:
        endpoint, told = bench.endpoint, bench.estimate(trials)
        where = "nothing leaves this computer" if endpoint.on_this_machine else f"the texts go to {endpoint.base_url}"
        err.print(f"Model    {shown(f'{endpoint.model}; {where}', err)}")
        tokens = f"{'' if told.exact else 'about '}{told.prompt:,} tokens in, about {told.completion:,} out"
        cost = f"; price {money(told.price, told.currency, endpoint)}" if not endpoint.on_this_machine else ""
        calls = f"{calls_told(told.calls, told.known, told.settled)}; {tokens}{cost}"
        err.print(f"Calls    {shown(calls, err)}")
    err.print(f"Cases    {shown(cases, err)}")


def agree(work: Sequence[tuple[Bench, Sequence[Trial]]], max_cost: float | None, *, yes: bool) -> None:
    """Asks once for all that costs money. Raises SettingsError where a limit cannot be kept or nobody can be asked."""
    from rootcause.cli.session import consent

    paid = [(bench, bench.estimate(trials)) for bench, trials in work if not bench.endpoint.on_this_machine]
    if not paid:
        return
    if max_cost is not None and len({told.currency for _, told in paid if told.price is not None}) > 1:
        raise SettingsError("--max-cost cannot be kept over two currencies; give both models' prices in one, in a prices file")
    unknown = next((bench for bench, told in paid if told.price is None), None)
    price = None if unknown else sum(told.price or 0.0 for _, told in paid)
    endpoint = (unknown or paid[0][0]).endpoint
    consent(sum(told.calls for _, told in paid), price, endpoint, max_cost=max_cost, yes=yes)


def answers(bench: Bench, trials: Sequence[Trial], cap: float | None, err: Console) -> list[tuple[Result, ...]]:
    """The results, under a progress line with the cost so far and the time left."""
    import asyncio

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[spent]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("Asking", total=sum(len(trial.items) for trial in trials), spent="")

        def told(spent: float | None) -> None:
            progress.update(task, advance=1, spent=f"cost {spent:.2f}" if spent else "")

        return asyncio.run(bench.ask(trials, cap=cap, told=told))
