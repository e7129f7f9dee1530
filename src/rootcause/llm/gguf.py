"""What a GGUF file says of itself: the keys and values it begins with, and how many weights follow.

Read without trust: a size or a count that the file cannot hold is refused before anything is read or skipped by it.
"""

from __future__ import annotations

import math
import os
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

_MAGIC = b"GGUF"
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9
_MOST_ENTRIES, _LONGEST_KEY, _LONGEST_TEXT, _LONGEST_ARRAY, _MOST_DIMENSIONS = 1 << 16, 1 << 16, 1 << 24, 1 << 22, 8


class NotGguf(ValueError):
    """The file does not hold together as a GGUF file; its text says how."""


class Header(NamedTuple):
    """facts: the keys with their values, arrays left out; weights: elements of all tensors in this file."""

    facts: dict[str, Any]
    weights: int


def header(path: Path) -> Header:
    """Raises NotGguf for a file that is none or is cut off, OSError where it cannot be read."""
    with path.open("rb") as stream:
        reader = _Reader(stream, path.stat().st_size)
        if reader.take(4) != _MAGIC:
            raise NotGguf("it is not a GGUF file")
        version = reader.number("I")
        if version not in (2, 3):
            raise NotGguf(f"its GGUF version is {version}, and only 2 and 3 are read")
        tensors = reader.number("Q", at_most=_MOST_ENTRIES)
        entries = reader.number("Q", at_most=_MOST_ENTRIES)
        facts: dict[str, Any] = {}
        for _ in range(entries):
            key = reader.text(_LONGEST_KEY)
            value = reader.value(reader.number("I"))
            if value is not None:
                facts[key] = value
        return Header(facts, sum(reader.tensor() for _ in range(tensors)))


class _Reader:
    """Little-endian values one after another; nothing is read or skipped beyond the file's end."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left = stream, size

    def take(self, count: int) -> bytes:
        self._account(count)
        block = self._stream.read(count)
        if len(block) != count:
            raise NotGguf("it is cut off")
        return block

    def skip(self, count: int) -> None:
        self._account(count)
        self._stream.seek(count, os.SEEK_CUR)

    def number(self, code: str, *, at_most: int = sys.maxsize) -> Any:
        (value,) = struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))
        if value > at_most:
            raise NotGguf("its header is not plausible")
        return value

    def text(self, at_most: int = _LONGEST_TEXT) -> str:
        return self.take(self.number("Q", at_most=at_most)).decode("utf-8", errors="replace")

    def value(self, kind: int) -> Any | None:
        """None for an array: no array is needed."""
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _TEXT:
            return self.text()
        if kind == _ARRAY:
            self._skip_array()
            return None
        raise NotGguf(f"its header has a value of the unknown type {kind}")

    def tensor(self) -> int:
        """Reads over the description of one tensor; its number of elements."""
        self.text(_LONGEST_KEY)
        shape = [self.number("Q") for _ in range(self.number("I", at_most=_MOST_DIMENSIONS))]
        self.skip(struct.calcsize("<IQ"))  # the type of its elements, and where they begin
        return math.prod(shape)

    def _skip_array(self) -> None:
        kind, count = self.number("I"), self.number("Q", at_most=_LONGEST_ARRAY)
        if kind in _SCALARS:
            self.skip(struct.calcsize(f"<{_SCALARS[kind]}") * count)
        elif kind == _TEXT:
            for _ in range(count):
                self.skip(self.number("Q", at_most=_LONGEST_TEXT))
        else:  # arrays of arrays are allowed by the format and written by nobody
            raise NotGguf(f"its header has an array of the unknown type {kind}")

    def _account(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise NotGguf("it is cut off")
