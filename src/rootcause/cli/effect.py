"""`rootcause effect`: did the change work? Two runs compared cause by cause."""

from __future__ import annotations

from typing import Annotated

import typer

from rootcause.cli import options


def effect(
    before: Annotated[str, typer.Argument(help="The run before the change: its id, or its first letters.")],
    after: Annotated[str, typer.Argument(help="The run after it.")],
    language: options.Language = None,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """Compare two runs: what fell beyond chance, what the data does not carry, what else could explain it."""
    from rootcause.cli.runs import stored
    from rootcause.cli.session import consoles, print_json
    from rootcause.effect import effect as compare
    from rootcause.findings.observe import observe
    from rootcause.findings.worth import economy
    from rootcause.report.effectpage import show_effect
    from rootcause.settings import resolve

    settings = resolve(store=store, language=language)
    first, second = stored(settings, before), stored(settings, after)
    economics = settings.economics
    money = economy(first, observe(first), economics)
    each = {one.cause: one.cost.value / one.contacts.value for one in money.worth if one.contacts.value} if money else {}
    found = compare(first, second, economics=economics, cost_each=each)
    if as_json:
        print_json(found.model_dump_json())
    else:
        show_effect(found, consoles()[0], settings.language or second.language)
