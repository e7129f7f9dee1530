"""The backlog as a YAML file that people edit before it goes anywhere, and back."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from rootcause.backlog.values import Backlog
from rootcause.errors import InputError

SUFFIXES = (".yaml", ".yml")

_HEAD = """\
# Backlog of run {run}, made by rootcause. Edit it before it goes anywhere: titles, words, teams, effort, priorities, targets;
# remove items, or add your own with a key of your own. Keep the keys: by them the next run updates an item, not doubles it.
# 'rootcause backlog RUN --out' with this file updates it and keeps what you changed.
"""


def to_yaml(backlog: Backlog) -> str:
    body = yaml.safe_dump(backlog.model_dump(mode="json"), allow_unicode=True, sort_keys=False, width=120)
    return _HEAD.format(run=backlog.run) + body


def read_yaml(path: Path) -> Backlog:
    """Raises InputError that names the file and the field."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path and its permissions") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8; save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', None) or 'broken'}); mend that line"
        ) from None
    except ValueError as error:  # a date without quotes that is none, such as 2026-02-30
        raise InputError(f"{path}: it holds a value that is none ({error}); correct it in the file") from None
    try:
        backlog = Backlog.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InputError(f"{path}: {_place(content, first['loc'])}: {first['msg']}; correct it in the file") from None
    keys = [item.key for item in backlog.items]
    if double := next((key for key in keys if keys.count(key) > 1), None):
        raise InputError(f"{path}: the key '{double}' stands there twice; give each item a key of its own")
    return backlog


def _place(content: object, loc: tuple[int | str, ...]) -> str:
    """The field as a person finds it: an item by its key rather than by its number."""
    parts = [str(part) for part in loc]
    if len(loc) > 1 and loc[0] == "items" and isinstance(content, dict):
        item = content["items"][loc[1]]
        if isinstance(item, dict) and "key" in item:
            parts[:2] = [f"item {item['key']}"]
    return ", ".join(parts) or "the file"
