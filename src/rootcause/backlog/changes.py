"""What is new, changed and gone since items were last written, and what people changed in the file meanwhile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from rootcause.backlog.values import Backlog, Item
from rootcause.models import Frozen

_NOT_COMPARED = ("run",)  # an item that says the same of the next run has not changed


Covers = Callable[[Item], bool]
"""Whether the new backlog speaks of an item of before: one of another topic or team that it lacks is not gone."""


class Changed(Frozen):
    """An item that differs from what was last written, and the names of the fields that do."""

    item: Item
    before: Item
    fields: tuple[str, ...]


class Diff(Frozen):
    """gone: items written before of which the run speaks, and for which it gives no reason any more."""

    new: tuple[Item, ...]
    changed: tuple[Changed, ...]
    gone: tuple[Item, ...]
    unchanged: int


class Kept(StrEnum):
    """What a person did to an item of the file, and what is left as they want it."""

    EDITED = "edited"
    REMOVED = "removed"
    ADDED = "added"
    EDITED_AND_GONE = "edited and gone"


class Edit(Frozen):
    """fields: the names of those that were edited."""

    key: str
    kept: Kept
    fields: tuple[str, ...]


def fingerprint(item: Item) -> str:
    """A hash over what an item says, whichever run says it."""
    return hashlib.sha256(json.dumps(_content(item), ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def compare(earlier: Mapping[str, Item], backlog: Backlog, covers: Covers) -> Diff:
    """earlier: as last written, by key."""
    known = [item for item in backlog.items if item.key in earlier]
    changed = [Changed(item=item, before=earlier[item.key], fields=_differing(earlier[item.key], item)) for item in known]
    here = {item.key for item in backlog.items}
    return Diff(
        new=tuple(item for item in backlog.items if item.key not in earlier),
        changed=tuple(one for one in changed if one.fields),
        gone=tuple(item for key, item in sorted(earlier.items()) if key not in here and covers(item)),
        unchanged=sum(not one.fields for one in changed),
    )


def with_edits(made: Backlog, edited: Backlog, base: Mapping[str, Item], covers: Covers) -> tuple[Backlog, tuple[Edit, ...]]:
    """The new backlog with what people changed in the old one: each field that differs from `base` stays as they wrote it.

    base: what was written to the file before, by key. Items that they removed stay away, those that they added stay.
    """
    here = {item.key for item in made.items}
    theirs = {item.key: item for item in edited.items}
    items: list[Item] = []
    edits: list[Edit] = []
    for item in made.items:
        if item.key in theirs and item.key in base:
            fields = _differing(base[item.key], theirs[item.key])
            items.append(_merged(base[item.key], theirs[item.key], item))
            edits += [Edit(key=item.key, kept=Kept.EDITED, fields=fields)] if fields else []
        elif item.key in base:
            edits.append(Edit(key=item.key, kept=Kept.REMOVED, fields=()))
        elif item.key not in theirs:
            items.append(item)
    for key, item in theirs.items():
        if key not in base:
            items.append(item)
            edits.append(Edit(key=key, kept=Kept.ADDED, fields=()))
        elif key not in here and not covers(item):
            items.append(item)
        elif key not in here and (fields := _differing(base[key], item)):
            items.append(item)
            edits.append(Edit(key=key, kept=Kept.EDITED_AND_GONE, fields=fields))
    items.sort(key=lambda item: (-item.priority.score, -item.share.value, item.key))
    return made.model_copy(update={"items": tuple(items)}), tuple(edits)


def _merged(base: Item, theirs: Item, made: Item) -> Item:
    return Item.model_validate(_three_ways(*(one.model_dump(mode="json") for one in (base, theirs, made))))


def _three_ways(base: Any, theirs: Any, made: Any) -> Any:
    """Field by field: theirs where they changed it, else the new one. Lists are taken whole."""
    if isinstance(base, dict) and isinstance(theirs, dict) and isinstance(made, dict):
        return {name: _three_ways(base.get(name), theirs.get(name), value) for name, value in made.items()}
    return made if theirs == base else theirs


def _differing(before: Item, after: Item) -> tuple[str, ...]:
    left, right = _content(before), _content(after)
    return tuple(name for name in left if left[name] != right[name])


def _content(item: Item) -> dict[str, Any]:
    return {name: value for name, value in item.model_dump(mode="json").items() if name not in _NOT_COMPARED}
