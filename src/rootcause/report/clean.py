"""Foreign text made fit to be shown: nothing in it may steer a terminal, a browser or a spreadsheet."""

from __future__ import annotations

import re

_LINE_END = re.compile(r"\r\n?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIRECTION = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")

# What a console of an old code page shows instead of a sign it lacks; any other becomes a question mark.
_PLAIN = {
    "\u2011": "-",
    "–": "-", "—": "-", "−": "-", "…": "...", "«": '"', "»": '"', "“": '"', "”": '"', "„": '"', "’": "'",
    "‘": "'", "\u00a0": " ", "\u202f": " ", "±": "+/-", "≈": "~", "→": "->", "·": "-", "×": "x", "№": "No.",
    "₽": "RUB", "€": "EUR", "£": "GBP",
}  # fmt: skip


def clean(text: str) -> str:
    """The text without C0 and C1 control characters; line ends become newlines, tabs stay."""
    return _CONTROL.sub("", _LINE_END.sub("\n", text))


def one_line(text: str) -> str:
    """Clean text on one line, without marks that turn the direction of writing."""
    return " ".join(_DIRECTION.sub("", clean(text)).split())


def encodable(text: str, encoding: str) -> str:
    """The text with every sign that the encoding lacks replaced by the nearest one it has."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_nearest(sign, encoding) for sign in text)
    return text


def cell(text: str) -> str:
    """Clean text that no spreadsheet takes for a formula. Undone by dropping one leading apostrophe."""
    cleaned = clean(text)
    return f"'{cleaned}" if _FORMULA.match(cleaned) else cleaned


def _nearest(sign: str, encoding: str) -> str:
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return _PLAIN.get(sign, "?")
    return sign
