"""What the commands that ask a model share: consoles, and everything a run needs, opened and closed together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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


@contextmanager
def asking(settings: Settings) -> Iterator[tuple[Endpoint, Shots, Prompts, Store]]:
    """What it takes to ask a model: its endpoint, the way of teaching, the prompts and the store."""
    from rootcause.llm.connect import connect, shots_for
    from rootcause.prompt import Prompts
    from rootcause.resources import folders
    from rootcause.settings import require_model
    from rootcause.store import Store

    require_model(settings)
    shots = shots_for(settings)
    prompts = Prompts(folders("prompts", settings.prompts))
    with Store(settings.store / DATABASE) as store, connect(settings, shots) as endpoint:
        yield endpoint, shots, prompts, store


@contextmanager
def opened(settings: Settings, at_hand: dict[str, Pack]) -> Iterator[tuple[Run, Endpoint]]:
    """A run that is ready to plan, and its endpoint."""
    from rootcause.llm.prices import lookup
    from rootcause.pipeline import Run

    with asking(settings) as (endpoint, shots, prompts, store):
        price = None if endpoint.on_this_machine else lookup(endpoint.model, endpoint.host, settings.prices)
        yield Run(settings, shots, endpoint, store, prompts, at_hand, price), endpoint
