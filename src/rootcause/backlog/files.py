"""Files written whole or not at all, and never over somebody's work."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rootcause.errors import UserError


def write_new(contents: Mapping[Path, str], *, private: bool = False) -> None:
    """Raises UserError where one of the files is there already, before any is written. private: for its owner's eyes alone."""
    if there := next((path for path in contents if path.exists()), None):
        raise UserError(f"{there} is there already and may hold somebody's work; choose another name, or remove it")
    for path, text in contents.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, text, 0o600 if private else 0o666)
        except OSError as error:
            raise _unwritable(path, error) from None


def replace(path: Path, text: str) -> None:
    """The file stays as it was until the new one is whole."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        _write(fresh, text, 0o666)
        os.replace(fresh, path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise _unwritable(path, error) from None


def _write(path: Path, text: str, rights: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, rights), "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be written ({error.strerror}); make room there or choose another folder")
