"""`rootcause fewshot`: the prompt author's bench."""

from __future__ import annotations

import typer

from rootcause.cli.fewshot import label, measure, packs

app = typer.Typer(help="Topic packs: the labelled complaints that teach the model.", no_args_is_help=True)
packs.register(app)
label.register(app)
measure.register(app)
