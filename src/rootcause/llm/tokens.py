"""How many tokens a text is. tiktoken where its vocabulary can be had, else an estimate, marked as one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

_PATIENCE = 5.0  # seconds for tiktoken's download, which has no time limit of its own
_PER_TOKEN = {"LATIN": 3.4, "CYRILLIC": 2.3}  # letters a token, low on purpose: an estimate must not overfill a context
_PER_TOKEN_ELSEWHERE = 1.2


class Counter:
    """Counts tokens. exact: by the model's own vocabulary; otherwise an estimate that errs to the high side."""

    def __init__(self, model: str, *, network: bool) -> None:
        encoding = _encoding(model) if network else None
        self.exact = encoding is not None
        self._count: Callable[[str], int] = (
            (lambda text: len(encoding.encode(text, disallowed_special=()))) if encoding is not None else estimate
        )

    def count(self, text: str) -> int:
        return self._count(text)


def estimate(text: str) -> int:
    """Tokens of a text by its letters' scripts, on the high side."""
    cyrillic = sum("\u0400" <= char <= "\u04ff" for char in text)
    wide = sum(ord(char) > 0x2FF and not "\u0400" <= char <= "\u04ff" for char in text)
    latin = len(text) - cyrillic - wide
    return int(latin / _PER_TOKEN["LATIN"] + cyrillic / _PER_TOKEN["CYRILLIC"] + wide / _PER_TOKEN_ELSEWHERE) + 1


@cache
def _encoding(model: str) -> Any | None:
    """tiktoken's encoding of the model, None where it has none or its vocabulary does not arrive in time."""
    import tiktoken

    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        return None
    found: list[Any] = []

    def load() -> None:
        try:
            found.append(tiktoken.get_encoding(name))
        except Exception:  # no network, a proxy's page, a full disk: an estimate serves, and says that it is one
            return

    loader = threading.Thread(target=load, daemon=True)
    loader.start()
    loader.join(_PATIENCE)
    return found[0] if found else None
