"""A file of complaints → an Intake, in three steps: file → records → values. Only `load` touches the disk."""

from __future__ import annotations

import hashlib
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from rootcause.errors import InputError
from rootcause.ingest.intake import interpret
from rootcause.ingest.tables import parse
from rootcause.models import Intake

__all__ = ["MAX_BYTES", "interpret", "load", "parse", "read"]

MAX_BYTES = 1 << 30
CHUNK = 1 << 20


def read(source: str, *, columns: Mapping[str, str] = {}, encoding: str | None = None) -> Intake:
    """Read `source`, a path or "-" for standard input.

    columns: role → header where the guess is not wanted, "" for "no such column".
    Raises InputError, one sentence, for anything that is not a clean table.
    """
    data = load(source)
    name = "standard input" if source == "-" else source
    table = parse(data, name, encoding=encoding, suffix=Path(source).suffix.lower())
    return interpret(table, source=source, sha256=hashlib.sha256(data).hexdigest(), columns=columns)


def load(source: str) -> bytes:
    if source == "-":
        return _within_limit(sys.stdin.buffer, "standard input")
    try:
        found = Path(source).stat()
        if stat.S_ISDIR(found.st_mode):
            raise InputError(f"{source} is a folder; give the file of complaints in it.")
        if found.st_size > MAX_BYTES:
            raise _too_large(source)
        with Path(source).open("rb") as stream:
            return _within_limit(stream, source)
    except FileNotFoundError as error:
        raise InputError(f"{source} does not exist; check the path.") from error
    except PermissionError as error:
        raise InputError(f"{source} may not be read by you; check its permissions.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise InputError(f"{source!r} cannot be read ({error}); check the path and the disk.") from error


def _within_limit(stream: BinaryIO, name: str) -> bytes:
    """In chunks, since a pipe does not tell its size beforehand."""
    chunks, size = [], 0
    while chunk := stream.read(CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise _too_large(name)
    return b"".join(chunks)


def _too_large(name: str) -> InputError:
    return InputError(f"{name} is larger than 1 GB; split it, or keep only the columns that matter.")
