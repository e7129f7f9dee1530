"""The marks around our part of an issue's text in Markdown: hidden comments, found again by the item's key."""

from __future__ import annotations

import re
from urllib.parse import unquote

_END = "<!-- /rootcause -->"
_BEGIN = re.compile(r"<!-- rootcause: (\S+) -->")
_PART = re.compile(r"(<!-- rootcause: \S+ -->\r?\n)(.*?)(\r?\n<!-- /rootcause -->)", re.DOTALL)
# A comment may hold neither its own end nor two hyphens.
_UNFIT = re.compile(r"[%<>\s\x00-\x1f\x7f]|(?<=-)-")


def encoded(key: str) -> str:
    """The key as one word that a comment can hold."""
    return _UNFIT.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), key)


def decoded(word: str) -> str:
    return unquote(word)


def marked(key: str, text: str) -> str:
    """Our part with its marks. The empty lines keep the comments from swallowing the Markdown next to them."""
    return f"<!-- rootcause: {encoded(key)} -->\n\n{text.strip()}\n\n{_END}\n"


def key_in(body: str) -> str | None:
    """The key of the item that the text belongs to."""
    found = _BEGIN.search(body)
    return decoded(found[1]) if found else None


def part_in(body: str) -> str | None:
    """What stands between the marks, in the form in which `same` compares; None where a mark is missing."""
    found = _PART.search(body)
    return found[2] if found else None


def replaced(body: str, text: str) -> str:
    """The body with this text between the marks; not a letter changes outside of them."""
    return _PART.sub(lambda found: f"{found[1]}\n{text.strip()}\n{found[3]}", body, count=1)


def same(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but line ends and spaces at the end of lines, which web forms change."""
    return _lines(one) == _lines(other)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
