"""`rootcause why`: one complaint at once, its chain printed."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from rootcause.cli import options
from rootcause.errors import EXIT_INCOMPLETE, InputError


def why(
    text: Annotated[str, typer.Argument(help="The complaint, or - for standard input.")],
    topic: Annotated[str | None, typer.Option(help="Its topic. Default: told by the nearest labelled examples.")] = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    shots: options.ShotsOption = None,
    context: options.Context = None,
    language: options.Language = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """Explain one complaint."""
    import asyncio

    from rootcause.cli.session import consoles, opened, packs, print_json, shown
    from rootcause.report.terminal import show_chain
    from rootcause.settings import resolve

    complaint = sys.stdin.read() if text == "-" else text
    if not complaint.strip():
        raise InputError("the complaint is empty; write it between quotes after 'why'")
    settings = resolve(model=model, base_url=base_url, shots=shots, context=context, language=language, seed=seed, store=store)
    out, err = consoles()
    with opened(settings, packs(settings)) as (run, endpoint):
        where = "nothing leaves this computer" if endpoint.on_this_machine else f"the text goes to {endpoint.base_url}"
        err.print(f"Model    {shown(f'{endpoint.model}; {where}', err)}")
        found, explained = asyncio.run(run.explain(complaint, topic))
    if explained.answer is None:
        assert explained.failure is not None
        typer.echo(f"rootcause: no valid answer: {explained.failure.message}", err=True)
        raise typer.Exit(EXIT_INCOMPLETE)
    if as_json:
        print_json(explained.answer.model_dump_json())
        return
    err.print(f"Topic    {found or '(none): analysed without examples'}")
    show_chain(explained.answer, out, settings.language or "en")
