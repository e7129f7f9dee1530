"""Items and marks in the Atlassian Document Format (developer.atlassian.com, "Atlassian Document Format").

The item's page is the one that Azure DevOps gets as HTML, of which only the tags in the template occur. The format has no
comments, so the marks are two visible lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

from rootcause.backlog.markup import Markup
from rootcause.backlog.pages import body
from rootcause.backlog.values import Item
from rootcause.trackers.marks import decoded, encoded

Node = dict[str, Any]

_BEGIN, _END = "rootcause: ", "/rootcause"
_LISTS = {"ul": "bulletList", "ol": "orderedList"}
_WRAPPED = {"li": "listItem", "blockquote": "blockquote"}  # which hold their text in a paragraph


def part(item: Item) -> list[Node]:
    """The nodes of an item's page."""
    builder = _Builder()
    builder.feed(body(item, Markup.HTML))
    builder.close()
    return builder.nodes


def marked(item: Item) -> Node:
    """A description that holds the item and nothing else."""
    return _document([_line(_BEGIN + encoded(item.key)), *part(item), _line(_END)])


def key_in(document: Node | None) -> str | None:
    line = next((text for text in map(_text, _content(document)) if text.startswith(_BEGIN)), None)
    return decoded(line.removeprefix(_BEGIN).strip()) if line else None


def part_in(document: Node | None) -> list[Node] | None:
    """The nodes between the marks; None where a mark is missing."""
    place = _place(document)
    return None if place is None else _content(document)[slice(*place)]


def replaced(document: Node, nodes: Sequence[Node]) -> Node:
    """The document with these nodes between the marks; all other nodes stay as they are."""
    place = _place(document)
    assert place is not None
    content = _content(document)
    return _document([*content[: place[0]], *nodes, *content[place[1] :]])


def same(one: Sequence[Node], other: Sequence[Node]) -> bool:
    """Whether two lists of nodes show the same: Jira adds attributes of its own and parts or joins pieces of text."""
    return [_shown(node) for node in one] == [_shown(node) for node in other]


def _place(document: Node | None) -> tuple[int, int] | None:
    lines = [_text(node) for node in _content(document)]
    begin = next((place for place, line in enumerate(lines) if line.startswith(_BEGIN)), None)
    end = next((place for place, line in enumerate(lines) if line == _END and begin is not None and place > begin), None)
    return None if begin is None or end is None else (begin + 1, end)


def _shown(node: Node) -> tuple[Any, ...]:
    level = node.get("attrs", {}).get("level") if node.get("type") == "heading" else None
    children: list[Any] = []
    for child in node.get("content", ()):
        if child.get("type") == "text" and children and isinstance(children[-1], str):
            children[-1] += child.get("text", "")
        elif child.get("type") == "text":
            children.append(child.get("text", ""))
        else:
            children.append(_shown(child))
    return (node.get("type"), level, *(child.strip() if isinstance(child, str) else child for child in children))


def _document(content: Sequence[Node]) -> Node:
    return {"type": "doc", "version": 1, "content": list(content)}


def _content(document: Node | None) -> list[Node]:
    return list(document.get("content", ())) if document else []


def _line(text: str) -> Node:
    return {"type": "paragraph", "content": [{"type": "text", "text": text, "marks": [{"type": "code"}]}]}


def _text(node: Node) -> str:
    """The text of a paragraph; of nothing else, as a mark stands in a paragraph of its own."""
    if node.get("type") != "paragraph":
        return ""
    return "".join(child.get("text", "") for child in node.get("content", ())).strip()


class _Builder(HTMLParser):
    """nodes: of the page fed. The template nests headings, paragraphs, lists of one level, quotes and line breaks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.nodes: list[Node] = []
        self._open: list[Node] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "br":
            self._add({"type": "hardBreak"})
        elif tag == "p":
            self._begin({"type": "paragraph"})
        elif tag in _LISTS:
            self._begin({"type": _LISTS[tag]})
        elif tag in _WRAPPED:
            self._begin({"type": _WRAPPED[tag]})
            self._begin({"type": "paragraph"})
        else:
            self._begin({"type": "heading", "attrs": {"level": int(tag.removeprefix("h"))}})

    def handle_endtag(self, tag: str) -> None:
        self._end()
        if tag in _WRAPPED:
            self._end()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1]["type"] in ("paragraph", "heading") and (text := re.sub(r"\s+", " ", data)).strip():
            self._add({"type": "text", "text": text})

    def _begin(self, node: Node) -> None:
        self._add(node)
        node["content"] = []
        self._open.append(node)

    def _end(self) -> None:
        node = self._open.pop()
        pieces = [child for child in node["content"] if child["type"] == "text"]
        if pieces:
            pieces[0]["text"] = pieces[0]["text"].lstrip()
            pieces[-1]["text"] = pieces[-1]["text"].rstrip()

    def _add(self, node: Node) -> None:
        (self._open[-1]["content"] if self._open else self.nodes).append(node)
