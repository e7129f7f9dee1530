"""What an item takes over from those written before: its key, so that it is updated rather than doubled, and its day.

The same change in the same words is the same item, whichever of its causes is the largest this time. Else a key is the id of
the item's cause. Ids of new causes follow the wording of the complaints, so a new cause is matched to an earlier one by
the likeness of their names, at the threshold at which merging makes two causes one. Where a cause has several items, one has the
bare id and the others add a mark made of the change's words; they are told apart by these words.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from rootcause import embed
from rootcause.backlog.values import Backlog, Item
from rootcause.findings.causemap import change_key
from rootcause.merge import SAME

_MARK = "+"


def continued(backlog: Backlog, earlier: Sequence[Item], today: dt.date) -> Backlog:
    """The backlog with the keys of the items that it continues. earlier: as last written, one an item, keys distinct.

    A day to look again that was set before stays until it has passed.
    """
    keys = _same_words(backlog.items, earlier)
    rest = [place for place in range(len(backlog.items)) if place not in keys]
    before = [item for item in earlier if item.key not in keys.values()]
    cause_of = dict(zip(rest, _causes([backlog.items[place] for place in rest], before), strict=True))
    for base in sorted(set(cause_of.values())):
        own = [place for place in rest if cause_of[place] == base]
        theirs = [item for item in before if _base(item.key) == base]
        keys |= zip(own, _keys(base, [backlog.items[place] for place in own], theirs, set(keys.values())), strict=True)
    days = {item.key: item.measure.again for item in earlier}
    return backlog.model_copy(
        update={"items": tuple(_taking(item, keys[place], days, today) for place, item in enumerate(backlog.items))}
    )


def _taking(item: Item, key: str, days: dict[str, dt.date], today: dt.date) -> Item:
    again = days.get(key)
    measure = item.measure.model_copy(update={"again": again}) if again is not None and again > today else item.measure
    return item.model_copy(update={"key": key, "measure": measure})


def _same_words(items: Sequence[Item], earlier: Sequence[Item]) -> dict[int, str]:
    """Keys of items whose change stood in an earlier item of the topic word for word, where only one item says it."""
    now = Counter((item.topic, change_key(item.change)) for item in items)
    then = Counter((item.topic, change_key(item.change)) for item in earlier)
    known = {(item.topic, change_key(item.change)): item.key for item in earlier}
    said = ((place, (item.topic, change_key(item.change))) for place, item in enumerate(items))
    return {place: known[words] for place, words in said if now[words] == then[words] == 1}


def _causes(items: Sequence[Item], earlier: Sequence[Item]) -> list[str]:
    """For each item the id of its cause as it was when the cause was first written."""
    known = {_base(item.key): _base(item.key) for item in earlier} | {item.cause: _base(item.key) for item in earlier}
    found = {item.cause: known[item.cause] for item in items if item.cause in known}
    taken = set(found.values())
    fresh = list({item.cause: item for item in items if item.new and item.cause not in found}.values())
    left = list({_base(item.key): item for item in earlier if item.new and _base(item.key) not in taken}.values())
    for i, j in _pairs([item.cause_name for item in fresh], [item.cause_name for item in left]):
        if fresh[i].topic == left[j].topic and fresh[i].cause not in found and _base(left[j].key) not in taken:
            found[fresh[i].cause] = _base(left[j].key)
            taken.add(_base(left[j].key))
    return [found.get(item.cause, item.cause) for item in items]


def _keys(base: str, items: Sequence[Item], earlier: Sequence[Item], taken: Collection[str]) -> list[str]:
    """A key for each item of one cause: that of the earlier one with a change like it, else one that is not taken."""
    keys: dict[int, str] = {}
    for i, j in _pairs([item.change for item in items], [item.change for item in earlier]):
        if i not in keys and earlier[j].key not in keys.values():
            keys[i] = earlier[j].key
    for place, item in enumerate(items):
        if place not in keys:
            mark = hashlib.sha256(change_key(item.change).encode()).hexdigest()[:6]
            keys[place] = f"{base}{_MARK}{mark}" if base in (*keys.values(), *taken) else base
    return [keys[place] for place in range(len(items))]


def _pairs(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Places of texts that are alike enough to be one cause, the most alike first."""
    if not left or not right:
        return []
    likeness = embed.encode(list(left)) @ embed.encode(list(right)).T
    order = sorted(np.ndindex(likeness.shape), key=lambda place: (-likeness[place], place))
    return [(i, j) for i, j in order if likeness[i, j] >= SAME]


def _base(key: str) -> str:
    return key.partition(_MARK)[0]
