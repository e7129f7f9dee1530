"""The report as the tests read it: rendered, as elements and text, and what the terminal shows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser

from board import board_findings, board_report
from rich.console import Console

from rootcause.report.html import render


class Page(HTMLParser):
    """A page as its elements, to ask what a browser would build from it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@cache
def rendered(language: str = "en", *, hostile: bool = False, labelled: int = 0, prices: bool = True) -> str:
    findings = board_findings(language, hostile=hostile, labelled=labelled, prices=prices)
    return render(board_report(language, hostile=hostile), findings)


def page_of(language: str = "en", *, hostile: bool = False, labelled: int = 0, prices: bool = True) -> Page:
    return Page(rendered(language, hostile=hostile, labelled=labelled, prices=prices))


def part(page: str, name: str) -> str:
    """The text of one section."""
    return Page(page[page.index(f'<section id="{name}"') :].split("</section>")[0]).text


def console_of(encoding: str, *, width: int | None = None, terminal: bool = False) -> tuple[Console, Callable[[], str]]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)

    def out() -> str:
        file.flush()
        return raw.getvalue().decode(encoding)

    return Console(file=file, width=width, force_terminal=terminal, no_color=terminal), out
