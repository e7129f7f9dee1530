"""`rootcause models`: the models that run on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from rootcause.cli import options

app = typer.Typer(help="The models that run on this machine, without a network.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: options.Json = False) -> None:
    """The packaged model and those that can be pulled: size, memory, licence."""
    import json

    from rich.table import Column, Table

    from rootcause.cli.session import consoles, print_json
    from rootcause.llm import shelf

    shelved = shelf.available()
    if as_json:
        rows = [{**item.model.model_dump(), "present": item.present, "default": item.is_default} for item in shelved]
        print_json(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(Column("name", no_wrap=True), "here", "size", "memory", "licence", "languages", box=None, pad_edge=False)
    for item in shelved:
        model = item.model
        here = "default" if item.is_default else "yes" if item.present else "no"
        about = "" if model.size_exact else "about "
        table.add_row(
            model.name, here, f"{about}{model.size / 1e9:.1f} GB", f"{model.memory:g} GB", model.licence, model.languages
        )
    consoles()[0].print(table)


@app.command()
def pull(name: Annotated[str, typer.Argument(help="A name of 'rootcause models list'.")]) -> None:
    """Fetch a stronger model once; it becomes what --model local means."""
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from rootcause.cli.session import consoles
    from rootcause.llm import shelf

    err = consoles()[1]
    with Progress(
        TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn(), console=err, transient=True
    ) as progress:
        task = progress.add_task(f"Fetching {name}", total=None)
        path = shelf.pull(name, progress=lambda here, total: progress.update(task, completed=here, total=total))
    typer.echo(f"{name} is at {path} and is now the local default")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="A model that was pulled.")]) -> None:
    """Delete a pulled model."""
    from rootcause.llm import shelf

    typer.echo(f"{name} is removed" if shelf.remove(name) else f"{name} was not here")
