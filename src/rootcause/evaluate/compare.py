"""Which cases two packs can be compared on: held out by both, shown by neither."""

from __future__ import annotations

from rootcause.errors import SettingsError
from rootcause.fewshot.advise import label_of
from rootcause.models import Example, Frozen, Pack
from rootcause.text import fold


class Common(Frozen):
    """cases: with A's labels. notes: which cases were left out, and why."""

    cases: tuple[Example, ...]
    notes: tuple[str, ...]


def common(a: Pack, b: Pack) -> Common:
    """The cases of both packs. A pack without held-out cases takes the other's. Raises SettingsError when none is left."""
    held, others = (a.heldout, b.heldout) if a.heldout else (b.heldout, ())
    if not held:
        raise SettingsError(f"neither {a.topic.id} nor {b.topic.id} has held-out cases; put 30 or more into heldout.jsonl")
    notes: list[str] = []
    theirs = {case.id: case for case in others}
    shared = held
    if others:
        shared = tuple(case for case in held if case.id in theirs and fold(case.text) == fold(theirs[case.id].text))
        left = len(held) - len(shared)
        if left or len(others) > len(shared):
            notes.append(
                f"{len(shared)} held-out cases are in both packs, by id and text: A has {len(held)} and B {len(others)} in all"
            )
        relabelled = [case.id for case in shared if label_of(case) != label_of(theirs[case.id])]
        if relabelled:
            notes.append(f"{len(relabelled)} cases have another label in B; A's counts as right: {', '.join(relabelled)}")
    shown = {fold(example.text) for pack in (a, b) for example in pack.examples}
    cases = tuple(case for case in shared if fold(case.text) not in shown)
    if len(cases) < len(shared):
        notes.append(f"{len(shared) - len(cases)} cases were left out because their text is an example of A or B")
    if not cases:
        raise SettingsError("no held-out case is in both packs and an example in neither; there is nothing to compare on")
    return Common(cases=cases, notes=tuple(notes))
