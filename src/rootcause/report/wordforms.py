"""How a sentence is written down: as it is, or in one form for each plural of its language."""

from __future__ import annotations

from collections.abc import Mapping

Form = str | Mapping[str, str]
"""A sentence, or one for each plural form of its language. `{n}` is the counted number."""


def en(one: str, other: str) -> Form:
    return {"one": one, "other": other}


def ru(one: str, few: str, many: str) -> Form:
    return {"one": one, "few": few, "many": many, "other": few}
