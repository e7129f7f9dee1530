"""What a filled-in sheet does to a pack: accepted complaints become examples, rejected ones are remembered, the rest waits.

Every complaint is judged by itself: the good ones are taken, the others are named with their row and remedy, and the same
sheet can be given again once it is mended. What it says is compared with what is there, so nothing is taken twice.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any

from rootcause.fewshot.check import Finding, check_labels
from rootcause.fewshot.files import Drafted, Rejected, fresh_ids, known_texts
from rootcause.labelling.form import DECISIONS, EDIT, REJECT, Block, Filled, Problem, blocks, read
from rootcause.models import Basis, Example, Frozen, Pack
from rootcause.report.clean import clean
from rootcause.sheets import Line
from rootcause.text import fold

_APOSTROPHES = re.compile(r"'+(?=[=+\-@＝＋－＠])")  # by which a cell was made harmless, or that a text began with


class Review(Frozen):
    """What came of a sheet. examples, rejected, drafted: the pack's files as they are to be; the rest are ids and problems.

    edited: how many of the added ones the reviewer had to change; removed: examples that were rejected.
    """

    examples: tuple[Example, ...]
    rejected: tuple[Rejected, ...]
    drafted: tuple[Drafted, ...]
    added: tuple[str, ...]
    edited: int
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    refused: tuple[str, ...]
    undecided: tuple[str, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def review(pack: Pack, drafted: Sequence[Drafted], rejected: Sequence[Rejected], lines: Sequence[Line], today: dt.date) -> Review:
    """What the sheet's lines mean for the pack. Nothing is written."""
    found = blocks(lines)
    decisions = _sorted_out(found, _ids(found, pack, drafted, rejected), pack)
    ids = {block.first.place: key for key, block in decisions.wanted.items()}
    filled, unreadable = read(tuple(decisions.wanted.values()), ids, today.isoformat())
    now = {example.id: example for example in pack.examples}
    there = now | {example.id: example for example in pack.heldout}
    differing = {key: one for key, one in filled.items() if not _same(there.get(key), one.example)}
    misplaced = [_held(one) for key, one in differing.items() if key not in now and key in there]
    new = {key: one for key, one in differing.items() if key in now or key not in there}
    taken, broken, warnings = _taken(pack, new, set(decisions.refused))
    refused, cited = _refused(pack, decisions.refused, taken)
    kept = tuple(entry for entry in rejected if entry.id not in taken)
    texts = known_texts(pack, drafted, ())
    newly = tuple(
        Rejected(id=key, text=texts.get(key, block.first["text"]), note=block.first["note"])
        for key, block in refused.items()
        if key not in {entry.id for entry in kept}
    )
    return Review(
        examples=_merged(pack, taken, set(refused)),
        rejected=(*kept, *newly),
        drafted=tuple(entry for entry in drafted if entry.id not in {*taken, *refused, *there}),
        added=tuple(key for key in taken if key not in now),
        edited=sum(decisions.wanted[key].decision == EDIT for key in taken if key not in now),
        changed=tuple(key for key in taken if key in now),
        unchanged=tuple(key for key in filled if key not in differing),
        removed=tuple(key for key in refused if key in now),
        refused=tuple(entry.id for entry in newly if entry.id not in now),
        undecided=decisions.undecided,
        problems=_in_order((*decisions.problems, *unreadable, *misplaced, *broken, *cited), lines),
        warnings=_in_order(warnings, lines),
    )


class _Decisions(Frozen):
    """The blocks of a sheet by what is to become of them, and what is wrong with the decisions."""

    wanted: dict[str, Block]
    refused: dict[str, Block]
    undecided: tuple[str, ...]
    problems: tuple[Problem, ...]


def _sorted_out(found: Sequence[Block], ids: Sequence[str], pack: Pack) -> _Decisions:
    wanted: dict[str, Block] = {}
    refused: dict[str, Block] = {}
    undecided: list[str] = []
    problems: list[Problem] = []
    held = {example.id for example in pack.heldout}

    def problem(block: Block, key: str, message: str, remedy: str) -> None:
        problems.append(Problem(place=block.first.place, id=key, message=message, remedy=remedy))

    for key, block in zip(ids, found, strict=True):
        if not block.decision:
            undecided.append(key)
        elif block.decision not in DECISIONS:
            problem(block, key, f"'{block.decision}' is no decision.", f"Choose one of {', '.join(DECISIONS)}.")
        elif key in wanted or key in refused:
            problem(block, key, f"The complaint {key} stands in the sheet twice.", "Keep one of the two blocks.")
        elif block.decision != REJECT:
            wanted[key] = block
        elif key in held:
            problem(block, key, f"{key} is a held-out case now; a sheet changes examples only.", "Remove it from heldout.jsonl.")
        else:
            refused[key] = block
    return _Decisions(wanted=wanted, refused=refused, undecided=tuple(undecided), problems=tuple(problems))


def _ids(found: Sequence[Block], pack: Pack, drafted: Sequence[Drafted], rejected: Sequence[Rejected]) -> list[str]:
    """The id of each block: its own; without one, that of the same text where it is known; else the pack's next."""
    texts = known_texts(pack, drafted, rejected)
    known = {fold(text): key for key, text in texts.items()}
    fresh = fresh_ids([*texts, *(block.id for block in found)], [example.id for example in pack.examples], pack.topic.id)
    return [block.id or known.get(fold(block.first["text"])) or next(fresh) for block in found]


def _held(one: Filled) -> Problem:
    message = f"{one.example.id} is a held-out case now; a sheet changes examples only."
    return Problem(place=one.place, id=one.example.id, message=message, remedy="Change it in heldout.jsonl.")


def _refused(pack: Pack, refused: dict[str, Block], taken: dict[str, Example]) -> tuple[dict[str, Block], list[Problem]]:
    """Those that can go, and a problem for each that another example names as its precedent."""
    cited = _cited(_merged(pack, taken, set(refused)))
    problems = [
        Problem(
            place=block.first.place,
            id=key,
            message=f"{key} is the precedent of {cited[key]}, so it cannot be rejected.",
            remedy=f"Change {cited[key]} first.",
        )
        for key, block in refused.items()
        if key in cited
    ]
    return {key: block for key, block in refused.items() if key not in cited}, problems


def _taken(pack: Pack, new: dict[str, Filled], refused: set[str]) -> tuple[dict[str, Example], list[Problem], list[Problem]]:
    """Those that keep the rules among all others that stay, by id; the problems of the rest; warnings of those taken."""
    left = dict(new)
    problems: list[Problem] = []
    while True:
        trial = pack.model_copy(update={"examples": _merged(pack, {key: one.example for key, one in left.items()}, refused)})
        findings = check_labels(trial, set(left)) if left else ()
        broken = [finding for finding in findings if finding.severity == "error"]
        if not broken:
            warnings = [_told(finding, left) for finding in findings]
            return {key: one.example for key, one in left.items()}, problems, warnings
        problems.extend(_told(finding, left) for finding in broken)
        for finding in broken:
            left.pop(finding.id or "", None)


def _told(finding: Finding, among: dict[str, Filled]) -> Problem:
    key = finding.id or ""
    one = among[key]
    where = None if finding.chain is None else one.places.get((finding.chain, finding.step or 0))
    return Problem(place=where or one.place, id=key, message=finding.message, remedy=finding.remedy)


def _merged(pack: Pack, taken: dict[str, Example], refused: set[str]) -> tuple[Example, ...]:
    """The pack's examples with the taken ones in their places, new ones at the end by id, and without the refused."""
    old = [taken.get(example.id, example) for example in pack.examples if example.id not in refused]
    there = {example.id for example in pack.examples}
    return (*old, *(taken[key] for key in sorted(taken) if key not in there))


def _cited(examples: Iterable[Example]) -> dict[str, str]:
    """Ids that examples name as precedents, each with one that names it."""
    return {
        str(step.evidence): example.id
        for example in examples
        for chain in example.chains
        for step in chain.steps
        if step.basis is Basis.PRECEDENT
    }


def _same(left: Example | None, right: Example) -> bool:
    """True when a sheet would show the two alike: blanks at the ends and control characters do not pass through one."""
    return left is not None and _shown(left.model_dump(mode="json")) == _shown(right.model_dump(mode="json"))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return _APOSTROPHES.sub("", clean(value).strip(), count=1) or None
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return {key: _shown(item) for key, item in value.items()} if isinstance(value, dict) else value


def _in_order(problems: Sequence[Problem], lines: Sequence[Line]) -> tuple[Problem, ...]:
    """As they stand in the sheet, each once."""
    place = {line.place: number for number, line in enumerate(lines)}
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: (place.get(problem.place, -1), problem.message)))
