"""`rootcause plan`: how many rows would tell how much, and what they would cost."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rootcause.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from rootcause.llm.endpoint import Endpoint
    from rootcause.sizing import Outlook


def plan(
    file: options.File,
    text: options.Text = None,
    topic: options.Topic = None,
    id_column: options.Id = None,
    date: options.Date = None,
    channel: options.Channel = None,
    customer: options.Customer = None,
    score: options.Score = None,
    amount: options.Amount = None,
    exposure: options.Exposure = None,
    since: options.Since = None,
    until: options.Until = None,
    encoding: options.Encoding = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    shots: options.ShotsOption = None,
    context: options.Context = None,
    concurrency: options.Concurrency = None,
    language: options.Language = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """Say what samples of several sizes would tell and cost. Nothing is asked and nothing is spent."""
    from rootcause.cli.intake import announce, say, taken_in
    from rootcause.cli.session import DATABASE, consoles, described, packs, print_json
    from rootcause.llm.connect import shots_for
    from rootcause.llm.prices import lookup
    from rootcause.pipeline import Run
    from rootcause.prompt import Prompts
    from rootcause.resources import folders
    from rootcause.settings import require_model, resolve
    from rootcause.store import Store

    settings = resolve(
        model=model, base_url=base_url, shots=shots, context=context, concurrency=concurrency, language=language, seed=seed,
        store=store,
    )  # fmt: skip
    require_model(settings)
    at_hand = packs(settings)
    intake, whole_file = taken_in(
        file, at_hand, encoding=encoding, since=since, until=until, text=text, topic=topic, id=id_column, date=date,
        channel=channel, customer=customer, score=score, amount=amount, exposure=exposure,
    )  # fmt: skip
    endpoint = described(settings)
    price = None if endpoint.on_this_machine else lookup(endpoint.model, endpoint.host, settings.prices)
    with Store(settings.store / DATABASE) as kept:
        run = Run(
            settings, shots_for(settings), endpoint, kept, Prompts(folders("prompts", settings.prompts)), at_hand, price
        )  # fmt: skip
        outlook = run.outlook(intake, whole_file=whole_file)
    out, err = consoles()
    announce(intake, outlook.uses, endpoint, err)
    for note in outlook.notes:
        say(err, "Note", note)
    if as_json:
        print_json(outlook.model_dump_json())
    else:
        _show(outlook, endpoint, out)


def _show(outlook: Outlook, endpoint: Endpoint, out: Console) -> None:
    from rich.table import Table

    from rootcause.cli.session import money, money_of

    free = endpoint.on_this_machine
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("Rows", "50 %", "10 %", "Apart", "Calls", "Tokens in", "Tokens out", *(() if free else ("Price",)), "Time"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for size in outlook.sizes:
        price = "" if free else money_of(size.price, outlook.currency) if size.price is not None else "unknown"
        time = "unknown" if size.seconds is None else str(dt.timedelta(seconds=round(size.seconds)))
        grid.add_row(
            f"{size.rows:,}", _points(size.margin_half), _points(size.margin_tenth), f"+{100 * size.difference:.1f}",
            f"{size.calls:,}", f"{size.prompt_tokens:,}", f"{size.answer_tokens:,}", *(() if free else (price,)), time,
        )  # fmt: skip
    out.print(grid)
    out.print()
    counted = "counted" if outlook.exact else "estimated"
    for words in (
        f"50 %, 10 %: how far a share of that size may be off, in points, 19 times in 20, for {outlook.rows:,} rows in all.",
        "Apart: by how many points another cause must exceed one of 10 % to be told apart from it, 4 times in 5.",
        f"Tokens are {counted} on a few rows of each topic, and as if nothing had been answered before.",
        *((money(None, "", endpoint).join(("The price is ", ".")),) if not free and outlook.sizes[-1].price is None else ()),
        *(("The time is not known: no run of this model is in the store.",) if outlook.sizes[-1].seconds is None else ()),
    ):
        out.print(words, soft_wrap=True)


def _points(margin: float) -> str:
    return f"±{100 * margin:.1f}"
