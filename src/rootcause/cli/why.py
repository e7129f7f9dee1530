"""`rootcause why`: one complaint at once, its chain printed; taught in several ways, side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from rootcause.cli import options
from rootcause.errors import EXIT_INCOMPLETE, CostLimitReached, InputError, SettingsError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from rootcause.decompose import Explained
    from rootcause.fewshot.select import Shots
    from rootcause.llm.endpoint import Endpoint
    from rootcause.models import Intake, Pack, TopicUse
    from rootcause.pipeline import Run
    from rootcause.plan import Plan
    from rootcause.settings import Settings

_RUN = "why"  # under which the calls of this command are booked
_COLUMN = 46  # the least width in which a chain can be read beside another
_WEAK = "this model chooses the cause alone; the steps below it are a labelled example's of that cause, however it is taught"


class Told(NamedTuple):
    """One way of teaching and what came of it."""

    shots: str
    use: TopicUse
    explained: Explained


def why(
    text: Annotated[str, typer.Argument(help="The complaint, or - for standard input.")],
    topic: Annotated[str | None, typer.Option(help="Its topic. Default: told by the nearest labelled examples.")] = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    shots: Annotated[
        str | None, typer.Option(help="How to teach, as in analyze; several with commas stand side by side: none,10,50,all.")
    ] = None,
    context: options.Context = None,
    language: options.Language = None,
    seed: options.Seed = None,
    max_cost: options.MaxCost = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """Explain one complaint, taught in one way or in several side by side."""
    from rootcause.cli.session import consoles, packs
    from rootcause.fewshot.select import Shots
    from rootcause.settings import resolve

    try:
        complaint = sys.stdin.buffer.read().decode("utf-8-sig") if text == "-" else text
        complaint.encode()
    except UnicodeError:
        raise InputError("the complaint is not UTF-8; convert it, or put it into a file for 'rootcause analyze'") from None
    if not complaint.strip():
        raise InputError("the complaint is empty; write it between quotes after 'why'")
    several = "," in (shots or "")
    settings = resolve(
        model=model, base_url=base_url, shots=None if several else shots, context=context, language=language, seed=seed,
        max_cost=max_cost, store=store,
    )  # fmt: skip
    out, err = consoles()
    if not several:
        _one(complaint, topic, settings, packs(settings), as_json=as_json, out=out, err=err)
        return
    ways = list(dict.fromkeys(Shots.parse(way) for way in (shots or "").split(",")))
    _several(complaint, topic, ways, settings, packs(settings), yes=yes, as_json=as_json, out=out, err=err)


def _one(
    complaint: str, topic: str | None, settings: Settings, at_hand: dict[str, Pack], *, as_json: bool, out: Console, err: Console
) -> None:
    import asyncio

    from rootcause.cli.session import consent, opened, print_json
    from rootcause.llm.prices import lookup
    from rootcause.report.terminal import show_chain

    with opened(settings, at_hand) as (run, endpoint):
        _announce(endpoint, err)
        price = lookup(endpoint.model, endpoint.host, settings.prices)
        consent(1, 0.0 if price else None, endpoint, max_cost=settings.max_cost, yes=True)  # one call is not asked for
        found, explained = asyncio.run(run.explain(complaint, topic))
    if explained.answer is None:
        raise _failed([explained])
    if as_json:
        print_json(explained.answer.model_dump_json())
        return
    err.print(f"Topic    {found or '(none): analysed without examples'}")
    show_chain(explained.answer, out, settings.language or "en")


def _several(
    complaint: str,
    topic: str | None,
    ways: Sequence[Shots],
    settings: Settings,
    at_hand: dict[str, Pack],
    *,
    yes: bool,
    as_json: bool,
    out: Console,
    err: Console,
) -> None:
    import json

    from rootcause.cli.session import asking, consent, print_json
    from rootcause.llm.prices import lookup
    from rootcause.pipeline import Run
    from rootcause.plan import Extent

    if topic is not None and topic not in at_hand:  # before anything is paid for
        raise SettingsError(f"there is no topic '{topic}'; known are {', '.join(sorted(at_hand)) or 'none'}")
    with asking(settings, ways) as (endpoint, _, prompts, kept):
        price = None if endpoint.on_this_machine else lookup(endpoint.model, endpoint.host, settings.prices)

        def run(way: Shots, cap: float | None) -> Run:
            return Run(settings.model_copy(update={"max_cost": cap}), way, endpoint, kept, prompts, at_hand, price)

        intake = _intake(complaint)
        plans = [run(way, None).plan(intake, Extent(everything=True), whole_file=topic) for way in ways]
        _announce(endpoint, err)
        calls, total = _estimate(plans, endpoint, err)
        consent(calls, total, endpoint, max_cost=settings.max_cost, yes=yes or calls == 1)

        def spent() -> float:
            return price.of(kept.spent(_RUN).used) if price else 0.0

        found = _in_turn(complaint, topic, ways, run, settings.max_cost, spent, err)
    told = [Told(str(way), plan.uses[0], explained) for way, plan, explained in zip(ways, plans, found, strict=True)]
    if as_json:
        print_json(json.dumps([_row(one) for one in told], ensure_ascii=False))
    else:
        err.print(f"Topic    {told[0].use.topic or '(none): analysed without examples'}")
        if endpoint.weak and told[0].use.topic:
            err.print(f"Note     {_WEAK}")
        _show(told, out, settings.language or "en")
    if any(explained.answer is None for explained in found):
        raise _failed(found)


def _intake(complaint: str) -> Intake:
    """One complaint as a file of one row, so that it is planned and priced like any."""
    from rootcause.models import Columns, Complaint, Intake

    row = Complaint(row=1, line=1, id="1", text=complaint)
    return Intake(
        source="", sha256="", format="text", encoding=None, delimiter=None, columns=Columns(text="text"), complaints=(row,),
        rejected=(),
    )  # fmt: skip


def _estimate(plans: Sequence[Plan], endpoint: Endpoint, err: Console) -> tuple[int, float | None]:
    """Says what all ways together will ask; returns calls and price, None where it is not known."""
    from rootcause.cli.session import money, shown
    from rootcause.plan import calls_told

    calls = sum(plan.calls for plan in plans)
    tokens = sum(plan.prompt_tokens for plan in plans)
    total = None if any(plan.price is None for plan in plans) else sum(plan.price or 0.0 for plan in plans)
    cost = f"; price {money(total, plans[0].currency, endpoint)}" if not endpoint.on_this_machine else ""
    known, settled = sum(plan.known for plan in plans), sum(plan.settled for plan in plans)
    told = f"{calls_told(calls, known, settled)}; about {tokens:,} tokens in{cost}"
    err.print(f"Calls    {shown(told, err)}")
    return calls, total


def _in_turn(
    complaint: str,
    topic: str | None,
    ways: Sequence[Shots],
    run: Callable[[Shots, float | None], Run],
    cap: float | None,
    spent: Callable[[], float],
    err: Console,
) -> list[Explained]:
    """The ways one after the other under one cap on their cost. spent: by all such commands so far."""
    import asyncio

    before = spent()
    found: list[Explained] = []
    for way in ways:
        left = None if cap is None else max(0.0, cap - (spent() - before))
        try:
            with err.status(f"Asking: {way} ({len(found) + 1} of {len(ways)})"):
                found.append(asyncio.run(run(way, left).explain(complaint, topic))[1])
        except CostLimitReached:
            raise CostLimitReached(
                f"stopped at --max-cost {cap:g} after {len(found)} of {len(ways)} ways; what was answered is kept, "
                "run the same command with a higher one to go on"
            ) from None
    return found


def _row(told: Told) -> dict[str, Any]:
    answer, failure = told.explained.answer, told.explained.failure
    return {
        "shots": told.shots,
        "topic": told.use.topic,
        "note": told.use.note,
        "answer": answer.model_dump(mode="json") if answer else None,
        "failure": failure.model_dump(mode="json") if failure else None,
    }


def _show(told: Sequence[Told], out: Console, language: str) -> None:
    """Side by side where there is room for it, else one below the other."""
    from rich.table import Column, Table
    from rich.text import Text

    from rootcause.cli.session import shown

    headings = [shown(f"{one.shots}: {one.use.note}" if one.use.note else one.shots, out) for one in told]
    width = out.width // len(told) - 2
    if out.is_terminal and width >= _COLUMN:
        columns = (Column(Text(heading, "bold"), width=width) for heading in headings)
        grid = Table(*columns, box=None, padding=(0, 2, 0, 0))
        grid.add_row(*(_beside(one, out, width, language) for one in told))
        out.print(grid)
        return
    for heading, one in zip(headings, told, strict=True):
        out.print(Text(shown(f"── {heading}", out), "bold"))
        _show_one(one, out, language)
        out.print()


def _show_one(told: Told, out: Console, language: str) -> None:
    from rootcause.cli.session import shown
    from rootcause.report.terminal import show_chain

    answer, failure = told.explained.answer, told.explained.failure
    if answer is None:
        assert failure is not None
        out.print(shown(f"no valid answer: {failure.message}", out))
        return
    if answer.chains:
        out.print(shown(f"cause: {', '.join(chain.cause for chain in answer.chains)}", out))
    show_chain(answer, out, language)


def _beside(told: Told, out: Console, width: int, language: str) -> Text:
    """The answer as it is printed alone, in so many columns."""
    from io import BytesIO, TextIOWrapper

    from rich.console import Console
    from rich.text import Text

    paper = TextIOWrapper(BytesIO(), encoding=out.encoding)
    page = Console(
        file=paper, width=width, force_terminal=True, no_color=out.no_color, highlight=False, markup=False, emoji=False
    )  # fmt: skip
    with page.capture() as printed:
        _show_one(told, page, language)
    return Text.from_ansi(printed.get())


def _announce(endpoint: Endpoint, err: Console) -> None:
    from rootcause.cli.session import shown

    where = "nothing leaves this computer" if endpoint.on_this_machine else f"the text goes to {endpoint.base_url}"
    err.print(f"Model    {shown(f'{endpoint.model}; {where}', err)}")


def _failed(found: Sequence[Explained]) -> typer.Exit:
    failures = dict.fromkeys(explained.failure.message for explained in found if explained.failure)
    typer.echo(f"rootcause: no valid answer: {'; '.join(failures)}", err=True)
    return typer.Exit(EXIT_INCOMPLETE)
