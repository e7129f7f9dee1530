"""Options that several commands share, declared once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str | None,
    typer.Option(help="local (default), a name of 'rootcause models list', a .gguf file, or what the endpoint serves."),
]
BaseUrl = Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible endpoint, such as http://localhost:11434/v1.")]
ShotsOption = Annotated[
    str | None, typer.Option("--shots", help="How to teach: all, a number, nearest:K, hybrid:K, contrast:M, none.")
]
Context = Annotated[int | None, typer.Option(help="Tokens the model's context holds, where the endpoint does not say.")]
Concurrency = Annotated[int | None, typer.Option(help="Calls in flight at once.")]
Language = Annotated[str | None, typer.Option(help="Two letters: language of chains and report. Default: the complaints' own.")]
Seed = Annotated[int | None, typer.Option(help="Seed of sample and order.")]
MaxCost = Annotated[float | None, typer.Option(help="Stop before the run costs more than this, in the currency of the price.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending.")]
Json = Annotated[bool, typer.Option("--json", help="Print machine-readable results on standard output and nothing else.")]
Store = Annotated[Path | None, typer.Option(help="Folder of the database and the runs. Default: .rootcause")]

# ── what to read of a file of complaints ──────────────────────────────────────────────────────────

File = Annotated[str, typer.Argument(help="CSV, TSV, JSONL, Parquet or Excel; - for standard input.")]
Text = Annotated[str | None, typer.Option(help="Column of the complaint's text.")]
Topic = Annotated[str | None, typer.Option(help="Column of the topic, or one topic for the whole file.")]
Id = Annotated[str | None, typer.Option("--id", help="Column of the row's id.")]
Date = Annotated[str | None, typer.Option(help="Column of the date.")]
Channel = Annotated[str | None, typer.Option(help="Column of the channel.")]
Customer = Annotated[str | None, typer.Option(help="Column of the customer.")]
Score = Annotated[str | None, typer.Option(help="Column of the score.")]
Amount = Annotated[str | None, typer.Option(help="Column of the sum claimed.")]
Exposure = Annotated[str | None, typer.Option(help="Column of orders or active customers in the row's month.")]
Since = Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only rows from this day on, such as 2026-07-01.")]
Until = Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only rows up to this day, which is included.")]
Encoding = Annotated[str | None, typer.Option(help="Encoding of the file, where it is not recognised.")]
