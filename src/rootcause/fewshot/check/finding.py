"""A finding: a rule that a pack breaks, where, and what to do about it."""

from __future__ import annotations

from typing import Literal

from rootcause.models import Frozen

Severity = Literal["error", "warning"]


class Finding(Frozen):
    """A rule that a pack breaks.

    line: physical line, the first where a file as a whole is meant; None where there is no such file. id: of an example, or
    of a cause where the catalogue is meant. chain, step: 0-based places in the example, where one is meant.
    """

    rule: str
    severity: Severity
    file: str
    line: int | None
    id: str | None
    message: str
    remedy: str
    chain: int | None = None
    step: int | None = None


def sentence(text: str) -> str:
    """With a capital letter and one full stop."""
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def short(text: str) -> str:
    """At most eighty characters of it."""
    return text if len(text) <= 80 else f"{text[:79].rstrip()}…"
