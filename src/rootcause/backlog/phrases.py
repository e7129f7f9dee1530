"""The backlog's sentences: one Jinja file a language, whose macros Python and the page templates call alike."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined

from rootcause.findings.values import Estimate
from rootcause.report.clean import one_line
from rootcause.report.words import Words


@cache
def phrases(language: str) -> Any:
    """The macros of a language of `report.words.LANGUAGES`, each a function that returns a sentence."""
    return environment().get_template(f"{language}.j2").module


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("rootcause.backlog", "templates"),
        autoescape=False,  # noqa: S701 - the pages are Markdown, wiki text and plain text; markup.py escapes for each
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"period": _period, "one_line": one_line}
    return made


def money(value: Estimate, currency: str, words: Words) -> str:
    say = phrases(words.language)
    return str(say.cost_range(*(words.price(round(part), currency) for part in (value.value, value.low, value.high))))


def day(date: dt.date, language: str) -> str:
    return format_date(date, "d MMMM y", locale=language)


def _period(text: str) -> str:
    """As a sentence: foreign text on one line, closed by a full stop where it is open."""
    line = one_line(text)
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."
