"""What the commands that ask a model share: consoles, and everything a run needs, opened and closed together."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from rootcause.errors import SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from rootcause.fewshot.select import Shots
    from rootcause.llm.endpoint import Endpoint
    from rootcause.models import Pack
    from rootcause.pipeline import Run
    from rootcause.prompt import Prompts
    from rootcause.settings import Settings
    from rootcause.store import Store

DATABASE = "rootcause.db"


def consoles() -> tuple[Console, Console]:
    """Standard output and standard error; 80 columns wide when they are not a terminal."""
    from rich.console import Console

    def console(stderr: bool) -> Console:
        stream = sys.stderr if stderr else sys.stdout
        width = None if stream.isatty() else 80
        # What is printed comes from files and models: no part of it is markup.
        return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False, safe_box=True)

    return console(False), console(True)


def shown(text: str, console: Console) -> str:
    """Foreign text, fit for the console: no part of it steers the terminal, every sign can be shown."""
    from rootcause.report.clean import encodable, one_line

    return encodable(one_line(text), console.encoding)


def print_json(document: str) -> None:
    """The document on standard output; signs that its encoding lacks are escaped, so that nothing is lost."""
    import json

    try:
        document.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        document = json.dumps(json.loads(document))
    print(document)


def packs(settings: Settings) -> dict[str, Pack]:
    """Every topic pack at hand, by id."""
    from rootcause.fewshot.load import available, load
    from rootcause.resources import folders

    return {topic: load(folder) for topic, folder in available(folders("fewshot", settings.fewshot)).items()}


def money(price: float | None, currency: str, endpoint: Endpoint) -> str:
    """What calls will cost, in words."""
    return f"about {price:.2f} {currency}" if price is not None else f"unknown for {endpoint.model}, tokens only"


def money_of(amount: float, currency: str) -> str:
    """A sum with two significant digits where it is less than one: a prompt may cost a ten-thousandth."""
    return f"{amount:.2f} {currency}" if amount >= 1 else f"{amount:.2g} {currency}"


def consent(calls: int, price: float | None, endpoint: Endpoint, *, max_cost: float | None, yes: bool) -> None:
    """Asks before money is spent. Raises SettingsError where nobody can be asked."""
    if endpoint.on_this_machine:
        return
    if max_cost is not None and price is None:
        raise SettingsError(f"--max-cost cannot be kept: the price of {endpoint.model} is unknown; add it to a prices file")
    if yes or not calls:
        return
    if not sys.stdin.isatty():
        raise SettingsError("this run costs money and nobody can be asked here; add --yes, and --max-cost for a limit")
    ask("Go on?")


def ask(question: str) -> None:
    """Ends the command, with nothing wrong, unless the person says yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)  # input() and typer.confirm would write to standard output
    if sys.stdin.readline().strip().casefold() not in ("y", "yes", "д", "да"):
        raise typer.Exit(0)


def described(settings: Settings) -> Endpoint:
    """The endpoint as far as it is known without starting or asking it: for counting and pricing, not for calls.

    Raises LocalModelUnavailable where the model of this machine is not there.
    """
    from rootcause.llm import shelf
    from rootcause.llm.connect import is_embedded
    from rootcause.llm.endpoint import OPENAI_URL, Endpoint

    if not is_embedded(settings):
        address = settings.base_url or OPENAI_URL
        return Endpoint(base_url=address, api_key=settings.api_key, model=settings.model, context=settings.context)
    file, model = shelf.resolve(settings.model)
    return Endpoint(
        base_url=file.as_uri(),
        api_key=settings.api_key,
        model=model.name,
        local=True,
        grammar=True,
        context=settings.context or model.context,
        sha256=model.sha256,
        weak=model.weak,
        plain=model.plain,
    )


@contextmanager
def asking(settings: Settings, ways: Sequence[Shots] = ()) -> Iterator[tuple[Endpoint, Shots, Prompts, Store]]:
    """What it takes to ask a model: its endpoint, the way of teaching, the prompts and the store.

    ways: all ways that will be asked in, where they are several: the context is as long as the longest needs.
    """
    from rootcause.fewshot.select import ShotKind
    from rootcause.llm.connect import connect, shots_for
    from rootcause.prompt import Prompts
    from rootcause.resources import folders
    from rootcause.settings import require_model
    from rootcause.store import Store

    require_model(settings)
    shots = shots_for(settings)
    longest = max(ways, key=lambda way: way.kind in (ShotKind.ALL, ShotKind.HYBRID), default=shots)
    prompts = Prompts(folders("prompts", settings.prompts))
    with Store(settings.store / DATABASE) as store, connect(settings, longest) as endpoint:
        yield endpoint, shots, prompts, store


@contextmanager
def opened(settings: Settings, at_hand: dict[str, Pack]) -> Iterator[tuple[Run, Endpoint]]:
    """A run that is ready to plan, and its endpoint."""
    from rootcause.llm.prices import lookup
    from rootcause.pipeline import Run

    with asking(settings) as (endpoint, shots, prompts, store):
        price = None if endpoint.on_this_machine else lookup(endpoint.model, endpoint.host, settings.prices)
        yield Run(settings, shots, endpoint, store, prompts, at_hand, price), endpoint
