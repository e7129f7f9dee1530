"""How a tracker writes headings, lists and quotes, and how foreign text is kept from being read as such."""

from __future__ import annotations

import html
import re
from enum import StrEnum

from rootcause.report.clean import clean

# A name after @ would notify somebody who bears it in the tracker, a number after # would link to an item that is not meant.
_REFERENCE = re.compile(r"([@#])(?=\w)")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~])")
_MARKDOWN_START = re.compile(r"^(\s*)([-+=>#/]|\d+(?=[.)](?:\s|$)))", re.MULTILINE)  # / begins GitLab's quick actions
_WIKI = re.compile(r"([\\{}\[\]*_^~|!])")
_WIKI_START = re.compile(r"^(\s*)([-#]|bq\.|h\d\.)", re.MULTILINE)


class Markup(StrEnum):
    """MARKDOWN: GitHub, GitLab, Linear, YouTrack. WIKI: Jira's own. HTML: Azure DevOps."""

    MARKDOWN = "markdown"
    WIKI = "wiki"
    HTML = "html"


def escaped(text: str, markup: Markup) -> str:
    """Foreign text that the markup shows as it stands."""
    match markup:
        case Markup.MARKDOWN:
            plain = _MARKDOWN_START.sub(_guard, _MARKDOWN.sub(r"\\\1", clean(text)))
            return _REFERENCE.sub(r"\1<!-- -->", plain)
        case Markup.WIKI:
            return _WIKI_START.sub(_guard, _WIKI.sub(r"\\\1", clean(text)))
        case Markup.HTML:
            return html.escape(clean(text), quote=False)


def _guard(found: re.Match[str]) -> str:
    """A backslash before the sign; after the digits of a list's number, where it stands before the full stop."""
    space, sign = found.groups()
    return f"{space}{sign}\\" if sign.isdigit() else f"{space}\\{sign}"
