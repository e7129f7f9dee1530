"""What the commands that ask a model share: consoles, and everything a run needs, opened and closed together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from rootcause.llm.endpoint import Endpoint
    from rootcause.models import Pack
    from rootcause.pipeline import Run
    from rootcause.settings import Settings

DATABASE = "rootcause.db"


def consoles() -> tuple[Console, Console]:
    """Standard output and standard error; 80 columns wide when they are not a terminal."""
    from rich.console import Console

    def console(stderr: bool) -> Console:
        stream = sys.stderr if stderr else sys.stdout
        return Console(stderr=stderr, width=None if stream.isatty() else 80, highlight=False, safe_box=True)

    return console(False), console(True)


def packs(settings: Settings) -> dict[str, Pack]:
    """Every topic pack at hand, by id."""
    from rootcause.fewshot.load import available, load
    from rootcause.resources import folders

    return {topic: load(folder) for topic, folder in available(folders("fewshot", settings.fewshot)).items()}


@contextmanager
def opened(settings: Settings, at_hand: dict[str, Pack]) -> Iterator[tuple[Run, Endpoint]]:
    """A run that is ready to plan, with its endpoint, store and prompts."""
    from rootcause.llm.connect import connect, shots_for
    from rootcause.llm.prices import lookup
    from rootcause.pipeline import Run
    from rootcause.prompt import Prompts
    from rootcause.resources import folders
    from rootcause.store import Store

    shots = shots_for(settings)
    prompts = Prompts(folders("prompts", settings.prompts))
    with Store(settings.store / DATABASE) as store, connect(settings, shots) as endpoint:
        price = None if endpoint.on_this_machine else lookup(endpoint.model, endpoint.host, settings.prices)
        yield Run(settings, shots, endpoint, store, prompts, at_hand, price), endpoint
