"""`rootcause map`: the cause map of a run as text that other programs draw or read."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rootcause.cli import options
from rootcause.cli.runs import RunId


class Format(StrEnum):
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"


def cause_map(
    run: RunId,
    form: Annotated[
        Format, typer.Option("--format", help="mermaid and dot (Graphviz) hold the largest steps, json all of them.")
    ] = Format.MERMAID,
    language: options.Language = None,
    store: options.Store = None,
) -> None:
    """Print a run's cause map: from symptoms to root causes, with the complaints that pass through each step."""
    from rootcause.cli.runs import findings_of, stored
    from rootcause.cli.session import print_json
    from rootcause.report.mapfiles import dot, mermaid
    from rootcause.report.words import words_for
    from rootcause.settings import resolve

    settings = resolve(store=store, language=language)
    report = stored(settings, run)
    found = findings_of(settings, report).map
    words = words_for(settings.language or report.language)
    match form:
        case Format.MERMAID:
            print(mermaid(found, words), end="")
        case Format.DOT:
            print(dot(found, words), end="")
        case Format.JSON:
            print_json(found.model_dump_json())
