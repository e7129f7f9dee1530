"""`rootcause doctor`: is everything there that a run needs?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import typer

from rootcause.cli import options
from rootcause.errors import EXIT_UNAVAILABLE, RootcauseError

if TYPE_CHECKING:
    from rootcause.models import Usage
    from rootcause.settings import Settings


def doctor(
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    store: options.Store = None,
) -> None:
    """Check the installation, the packs, the store, the model and the endpoint."""
    from rootcause.settings import resolve

    settings = resolve(model=model, base_url=base_url, store=store)
    sound = True
    for name, examine in _checks(settings):
        try:
            typer.echo(f"ok    {name}: {examine()}")
        except RootcauseError as error:
            sound = False
            typer.echo(f"FAIL  {name}: {error}")
    if not sound:
        raise typer.Exit(EXIT_UNAVAILABLE)


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "installation", _installation
    yield "embedder", _embedder
    yield "topic packs", lambda: _packs(settings)
    yield "prompts", lambda: _prompts(settings)
    yield "store", lambda: _store(settings)
    yield "model", lambda: _model(settings)


def _installation() -> str:
    import platform
    from importlib.metadata import version

    return f"rootcause {version('rootcause')}, Python {platform.python_version()}, openai {version('openai')}"


def _embedder() -> str:
    from rootcause import embed

    vectors = embed.encode(["The order came late.", "Заказ привезли поздно."])
    return f"{embed.MODEL}, {vectors.shape[1]} dimensions"


def _packs(settings: Settings) -> str:
    from rootcause.cli.session import packs

    found = packs(settings)
    return ", ".join(f"{topic} ({len(pack.examples)} examples)" for topic, pack in found.items()) or "none"


def _prompts(settings: Settings) -> str:
    from rootcause.prompt import Prompts, Shown, compact
    from rootcause.resources import folders

    places = folders("prompts", settings.prompts)
    prompts = Prompts(places)
    prompts.system(None, [Shown(id=one.id, text=one.text, answer=compact(one.answer)) for one in prompts.worked], None)
    return ", ".join(str(place) for place in places)


def _store(settings: Settings) -> str:
    from rootcause.cli.session import DATABASE
    from rootcause.store import Store

    path = settings.store / DATABASE
    with Store(path) as store:
        return f"{path}, {len(store.runs())} runs"


def _unrecorded(outcome: str, usage: Usage, seconds: float) -> None:
    """The doctor's question belongs to no run."""


def _model(settings: Settings) -> str:
    """Asks the model one small question: the only way to know that it answers."""
    import asyncio

    from rootcause.llm.client import Client, Message
    from rootcause.llm.connect import connect, shots_for
    from rootcause.settings import require_model
    from rootcause.validate import object_schema

    require_model(settings)
    schema = object_schema(ready={"type": "boolean"})
    question: list[Message] = [{"role": "user", "content": 'Are you ready? Answer with JSON only: {"ready": true}'}]
    with connect(settings, shots_for(settings)) as endpoint:

        async def ask() -> float:
            async with Client(endpoint) as client:
                reply = await client.ask(question, schema=schema, name="ready", limit=200, seed=0, record=_unrecorded)
                return reply.seconds

        seconds = asyncio.run(ask())
        return f"{endpoint.model} at {endpoint.info.endpoint} answered in {seconds:.1f} s"
