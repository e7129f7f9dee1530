"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str | None,
    typer.Option(help="local (default), a name of 'rootcause models list', a .gguf file, or what the endpoint serves."),
]
BaseUrl = Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible endpoint, such as http://localhost:11434/v1.")]
ShotsOption = Annotated[str | None, typer.Option("--shots", help="How to teach: all, nearest:K, hybrid:K, none, or a number.")]
Context = Annotated[int | None, typer.Option(help="Tokens the model's context holds, where the endpoint does not say.")]
Concurrency = Annotated[int | None, typer.Option(help="Calls in flight at once.")]
Language = Annotated[str | None, typer.Option(help="Two letters: language of chains and report. Default: the complaints' own.")]
Seed = Annotated[int | None, typer.Option(help="Seed of sample and order.")]
MaxCost = Annotated[float | None, typer.Option(help="Stop before the run costs more than this.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending.")]
Json = Annotated[bool, typer.Option("--json", help="Print machine-readable results on standard output and nothing else.")]
Store = Annotated[Path | None, typer.Option(help="Folder of the database and the runs. Default: .rootcause")]
