"""What an export will do to a tracker, and doing it: without doubles, and never over what people changed there.

An issue is known by the store's record of its id and by its mark in the tracker. The record is written after every issue;
where it is missing because the program was killed in between, the mark is found instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from rootcause.backlog.changes import compare, fingerprint
from rootcause.backlog.layouts import LABEL, labels
from rootcause.backlog.values import Backlog, Item
from rootcause.errors import ItemRefused
from rootcause.models import Frozen
from rootcause.report.clean import one_line
from rootcause.store import Store, Written
from rootcause.trackers.values import Remote, Tracker, Unsure


class New(Frozen):
    item: Item


class Update(Frozen):
    """An issue whose part between the marks will be written anew. fields: what differs; title: the new one, None to leave it."""

    item: Item
    remote: Remote
    fields: tuple[str, ...]
    title: str | None


class Unchanged(Frozen):
    """item: as it was last written, which is what the issue still says unless people have changed it."""

    item: Item
    remote: Remote


class Unmarked(Frozen):
    """An issue whose text has lost a mark, so that no part of it is ours any more."""

    item: Item
    remote: Remote


class Removed(Frozen):
    """An item whose issue people deleted or moved elsewhere. id: it had."""

    item: Item
    id: str


class Double(Frozen):
    """An issue that bears the mark of another one. first: the one that is kept up to date."""

    remote: Remote
    first: Remote


class Plan(Frozen):
    """gone: open issues of ours that are no longer in the backlog. All but the new and the changed are left as they are."""

    new: tuple[New, ...]
    changed: tuple[Update, ...]
    unchanged: tuple[Unchanged, ...]
    unmarked: tuple[Unmarked, ...]
    removed: tuple[Removed, ...]
    doubles: tuple[Double, ...]
    gone: tuple[Remote, ...]

    @property
    def writes(self) -> bool:
        return bool(self.new or self.changed)


class Outcome(Frozen):
    """What became of an item. remote: None where it was refused; error: one sentence, None where it was written."""

    item: Item
    remote: Remote | None
    made: bool
    error: str | None


_Verdict = New | Update | Unchanged | Unmarked | Removed
_V = TypeVar("_V", New, Update, Unchanged, Unmarked, Removed)


def known(rows: Sequence[Written]) -> dict[str, tuple[str | None, Item]]:
    """The issue's id and the item as it was last written, by key."""
    return {row.key: (row.remote, Item.model_validate_json(row.content)) for row in rows}


def plan(tracker: Tracker, backlog: Backlog, before: Mapping[str, tuple[str | None, Item]]) -> Plan:
    """Reads the tracker and changes nothing. before: what `known` gives for the tracker's target."""
    here = _by_key(tracker.issues(), backlog, before)
    earlier = {key: item for key, (_, item) in before.items()}
    fields = {one.item.key: one.fields for one in compare(earlier, backlog, lambda _: True).changed}
    verdicts: list[_Verdict] = []
    doubles: list[Double] = []
    for item in backlog.items:
        id_ = before[item.key][0] if item.key in before else None
        remote = _its_own(tracker, here.get(item.key, ()), id_)
        if remote is not None:
            verdicts.append(_verdict(tracker, item, earlier.get(item.key), remote, fields.get(item.key, ())))
            doubles += [Double(remote=one, first=remote) for one in here.get(item.key, ()) if one.id != remote.id]
        else:
            verdicts.append(New(item=item) if id_ is None else Removed(item=item, id=id_))
    keys = {item.key for item in backlog.items}
    return Plan(
        new=_of(New, verdicts),
        changed=_of(Update, verdicts),
        unchanged=_of(Unchanged, verdicts),
        unmarked=_of(Unmarked, verdicts),
        removed=_of(Removed, verdicts),
        doubles=tuple(doubles),
        gone=tuple(one for key, theirs in here.items() if key not in keys for one in theirs if one.open),
    )


def push(tracker: Tracker, wanted: Plan, store: Store) -> Iterator[Outcome]:
    """Writes the plan, item by item, and remembers each before it goes on to the next. Raises TrackerError."""
    for same in wanted.unchanged:
        _keep(store, tracker, same.item, same.remote)
    for new in wanted.new:
        try:
            remote = _created(tracker, new.item)
        except ItemRefused as error:
            yield Outcome(item=new.item, remote=None, made=False, error=str(error))
        else:
            _keep(store, tracker, new.item, remote)
            yield Outcome(item=new.item, remote=remote, made=True, error=None)
    for update in wanted.changed:
        try:
            _update(tracker, update)
        except ItemRefused as error:
            yield Outcome(item=update.item, remote=None, made=False, error=str(error))
        else:
            _keep(store, tracker, update.item, update.remote)
            yield Outcome(item=update.item, remote=update.remote, made=False, error=None)
    store.keep_gone(tracker.target, [remote.key for remote in wanted.gone if remote.key])


def _by_key(
    remotes: Sequence[Remote], backlog: Backlog, before: Mapping[str, tuple[str | None, Item]]
) -> dict[str, list[Remote]]:
    """Issues by their item's key, the oldest first. Where the mark is lost, or never was, the key's label says it."""
    items = (*(item for _, item in before.values()), *backlog.items)
    by_label = {labels(item)[1]: item.key for item in items}
    found: dict[str, list[Remote]] = {}
    for remote in remotes:
        by_its_label = next((by_label[label] for label in remote.labels if label in by_label), None)
        if (key := remote.key or (by_its_label if LABEL in remote.labels else None)) is not None:
            found.setdefault(key, []).append(remote)
    return found


def _its_own(tracker: Tracker, marked: Sequence[Remote], id_: str | None) -> Remote | None:
    """The issue that was written before, marked or not; else the oldest one that is marked."""
    remote = next((one for one in marked if one.id == id_), None)
    if remote is None and id_ is not None:
        remote = tracker.get(id_)
    return remote or next(iter(marked), None)


def _verdict(
    tracker: Tracker, item: Item, old: Item | None, remote: Remote, fields: Sequence[str]
) -> Update | Unchanged | Unmarked:
    """old: the item as it was last written; fields: those in which it differs from that."""
    if not tracker.has_place(remote) or remote.key != item.key:
        return Unmarked(item=item, remote=remote)
    title = _title(item, old, remote)
    if title is None and tracker.says(remote, item):
        return Unchanged(item=item, remote=remote)
    if title is None and old is not None and not fields:
        # A page names its run, and people write in it: neither is a change of the item.
        return Unchanged(item=old, remote=remote)
    told = tuple(field for field in fields if field != "title" or title is not None)
    return Update(item=item, remote=remote, fields=told or ("text",), title=title)


def _of(kind: type[_V], verdicts: Sequence[_Verdict]) -> tuple[_V, ...]:
    return tuple(verdict for verdict in verdicts if isinstance(verdict, kind))


def _title(item: Item, old: Item | None, remote: Remote) -> str | None:
    """The item's title, where it is new and people have left the one that was written before."""
    title = one_line(item.title)
    untouched = old is not None and one_line(remote.title) == one_line(old.title)
    return title if untouched and title != one_line(remote.title) else None


def _created(tracker: Tracker, item: Item) -> Remote:
    """The item's issue. Where no answer tells whether it was made, it is looked for before it is made once more."""
    try:
        return tracker.create(item)
    except Unsure:
        found = next((remote for remote in tracker.newest() if remote.key == item.key), None)
        return found or tracker.create(item)


def _update(tracker: Tracker, update: Update) -> None:
    """Reads the issue anew first: people may have written in it since it was read for the plan."""
    remote = tracker.get(update.remote.id)
    if remote is None:
        raise ItemRefused(f"{update.remote.name} is no longer there; run the same command again")
    if not tracker.has_place(remote):
        raise ItemRefused(f"{remote.name} has lost its marks meanwhile; it stays as it is")
    tracker.write(remote, update.item, update.title if remote.title == update.remote.title else None)


def _keep(store: Store, tracker: Tracker, item: Item, remote: Remote) -> None:
    store.keep_written(tracker.target, item.key, fingerprint(item), item.model_dump_json(), remote.id)
