"""The sheet of labelled complaints: a block of rows for each complaint, one row a why; and back from rows to examples.

The first row of a block holds the decision, the text and the date, and the first row of a chain its cause. A sign has a row
of its own, with its quote as the evidence. The id stands in every row, so that a sorted sheet still falls into its blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rootcause.ingest.values import read_dates
from rootcause.labelling.guide import GUIDE
from rootcause.models import NEW_CAUSE, Answer, Basis, Chain, Example, Frozen, NothingReason, Sign, SignKind, Step, Topic
from rootcause.sheets import Cell, Choice, Line, Page
from rootcause.validate import EXTERNAL_CAUSE

ACCEPT, EDIT, REJECT = "accept", "edit", "reject"
DECISIONS = (ACCEPT, EDIT, REJECT)
HEADER = (
    "id", "decision", "text", "date", "chain", "cause", "step", "why", "basis", "evidence", "countermeasure", "sign", "note",
)  # fmt: skip
_WIDTHS = (18, 10, 60, 11, 6, 26, 5, 50, 10, 40, 40, 10, 30)
_OPEN = frozenset({"text", "date", "chain", "step", "why", "evidence", "countermeasure", "note"})
_NOTHING = "nothing:"
_EMPTY_STEPS = 5
_PLAIN_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


class Entry(Frozen):
    """One complaint of a sheet. An example without chains and reason is one to be filled in by hand."""

    example: Example
    decision: str = ""
    note: str = ""


class Problem(Frozen):
    """What is wrong in a sheet: where, with which complaint, and what to do."""

    place: str
    id: str
    message: str
    remedy: str


class Block(Frozen):
    """The rows of one complaint, in the order of their chains and steps. first: the one with the text."""

    id: str
    first: Line
    lines: tuple[Line, ...]

    @property
    def decision(self) -> str:
        """In small letters, from whichever row it stands in; several different ones together."""
        return " and ".join(dict.fromkeys(line["decision"].casefold() for line in self.lines if line["decision"]))


class Filled(Frozen):
    """A block read as an example, the place of its first row, and that of each of its whys, by chain and step."""

    example: Example
    place: str
    places: dict[tuple[int, int], str]


# ── examples → sheet ──────────────────────────────────────────────────────────────────────────────


def pages(entries: Sequence[Entry], topic: Topic) -> tuple[Page, ...]:
    """The sheet itself, the catalogue, and how to fill it in."""
    rows = tuple(row for entry in entries for row in _rows(entry))
    catalogue = tuple((cause.id, cause.name, cause.countermeasure) for cause in topic.causes)
    guide = tuple((line,) for line in GUIDE.get(topic.language, GUIDE["en"]))
    return (
        Page(title="complaints", header=HEADER, widths=_WIDTHS, rows=rows, open=_OPEN),
        Page(title="causes", header=("id", "name", "countermeasure"), widths=(32, 80, 80), rows=catalogue),
        Page(title="how to", header=("How to fill in the sheet 'complaints'",), widths=(120,), rows=guide),
    )


def lists(topic: Topic) -> dict[str, tuple[str, ...]]:
    """What each drop-down offers."""
    nothing = [f"{_NOTHING}{reason}" for reason in NothingReason]
    return {
        "decision": DECISIONS,
        "cause": (*(cause.id for cause in topic.causes), NEW_CAUSE, EXTERNAL_CAUSE, *nothing),
        "basis": tuple(Basis),
        "sign": tuple(SignKind),
    }


def _rows(entry: Entry) -> Iterator[tuple[Cell, ...]]:
    for place, body in enumerate(_bodies(entry.example)):
        example = entry.example
        head: dict[str, Cell] = {"id": example.id}
        if place == 0:
            decision = Choice(of="decision", value=entry.decision)
            head |= {"decision": decision, "text": example.text, "date": example.date.isoformat(), "note": entry.note}
        cells = {**head, **body}
        yield tuple(cells.get(title, "") for title in HEADER)


def _bodies(example: Example) -> Iterator[dict[str, Cell]]:
    if example.nothing_to_explain is not None:
        yield {"cause": Choice(of="cause", value=f"{_NOTHING}{example.nothing_to_explain}")}
    for number, chain in enumerate(example.chains, start=1):
        for place, step in enumerate(chain.steps, start=1):
            yield _step_cells(number, chain.cause if place == 1 else None, place, step)
    if not example.chains and example.nothing_to_explain is None:
        for place in range(1, _EMPTY_STEPS + 1):
            yield _step_cells(1, "" if place == 1 else None, place, None)
        yield {"sign": Choice(of="sign")}
    for sign in example.signs:
        yield {"evidence": sign.quote, "sign": Choice(of="sign", value=sign.kind)}


def _step_cells(chain: int, cause: str | None, place: int, step: Step | None) -> dict[str, Cell]:
    cells: dict[str, Cell] = {"chain": chain, "step": place, "basis": Choice(of="basis", value=step.basis if step else "")}
    if cause is not None:
        cells["cause"] = Choice(of="cause", value=cause)
    if step is not None:
        cells |= {"why": step.cause, "evidence": step.evidence or "", "countermeasure": step.countermeasure or ""}
    return cells


# ── sheet → examples ──────────────────────────────────────────────────────────────────────────────


def blocks(lines: Sequence[Line]) -> tuple[Block, ...]:
    """The complaints of a sheet, in the order of their first rows.

    A row without an id belongs to the complaint above it, unless it has a text: then it begins a new one, without an id.
    """
    groups: dict[str, list[Line]] = {}
    key = ""
    for line in lines:
        if not any(line.cells.values()):
            continue
        if line["id"]:
            key = f"id {line['id']}"
        elif line["text"] or not key:
            key = f"at {line.place}"
        groups.setdefault(key, []).append(line)
    return tuple(_block(group) for group in groups.values())


def _block(lines: Sequence[Line]) -> Block:
    first = next((line for line in lines if line["text"]), lines[0])
    order: dict[str, tuple[float, float]] = {}
    chain, step = 1.0, 0.0
    for line in lines:
        chain, step = _number(line["chain"], chain), _number(line["step"], step)
        order[line.place] = (chain, step)
    return Block(id=first["id"], first=first, lines=tuple(sorted(lines, key=lambda line: order[line.place])))


def _number(cell: str, otherwise: float) -> float:
    return float(cell.replace(",", ".")) if _PLAIN_NUMBER.fullmatch(cell) else otherwise


def read(blocks: Sequence[Block], ids: Mapping[str, str], today: str) -> tuple[dict[str, Filled], list[Problem]]:
    """The examples of the blocks that can be read as such, by id, and what is wrong with the others.

    ids: of each block, by the place of its first row. today: the date of a complaint that has none.
    """
    dates = read_dates([block.first["date"] or today for block in blocks]).values
    found: dict[str, Filled] = {}
    problems: list[Problem] = []
    for block, date in zip(blocks, dates, strict=True):
        key = ids[block.first.place]
        filled, wrong = _answer(block, key)
        if date is None:
            wrong.append(_problem(block.first, key, f"'{block.first['date']}' is not a date", "Write it like 2026-05-17."))
        if not block.first["text"]:
            wrong.append(_problem(block.first, key, "the complaint has no text", "Write it into the block's first row."))
        if wrong or date is None:
            problems.extend(wrong)
            continue
        answer, places = filled
        example = Example(id=key, date=date, text=block.first["text"], **dict(answer))
        found[key] = Filled(example=example, place=block.first.place, places=places)
    return found, problems


def _answer(block: Block, key: str) -> tuple[tuple[Answer, dict[tuple[int, int], str]], list[Problem]]:
    """The block's answer, the places of its whys, and what is wrong with its cells."""
    wrong: list[Problem] = []
    nothing: NothingReason | None = None
    steps: dict[float, list[tuple[Step, str]]] = {}
    causes: dict[float, str] = {}
    signs: list[Sign] = []
    chain = 1.0
    for line in block.lines:
        chain = _number(line["chain"], chain)
        cause = line["cause"]
        if line["chain"] and not _PLAIN_NUMBER.fullmatch(line["chain"]):
            wrong.append(_problem(line, key, f"'{line['chain']}' is not a chain's number", "Write 1, 2 or 3."))
        if cause.casefold().startswith(_NOTHING):
            reason = cause.casefold().removeprefix(_NOTHING)
            if reason in tuple(NothingReason):
                nothing = NothingReason(reason)
            else:
                wrong.append(_problem(line, key, f"'{cause}' is no reason", f"Choose one of {_listed(NothingReason, _NOTHING)}."))
        elif cause and causes.setdefault(chain, cause) != cause:
            message = f"chain {chain:g} has two causes, '{causes[chain]}' and '{cause}'"
            wrong.append(_problem(line, key, message, "Keep the one in the chain's first row."))
        if line["sign"]:
            wrong.extend(_read_sign(line, key, signs))
        elif line["why"]:
            wrong.extend(_read_step(line, key, steps.setdefault(chain, [])))
        elif line["evidence"] or line["countermeasure"]:
            wrong.append(_problem(line, key, "the row has no why", "Write the cause at this step into 'why', or clear the row."))
    wrong.extend(
        _problem(block.first, key, f"chain {number:g} has no cause", "Choose its cause in the chain's first row.")
        for number in sorted(steps)
        if number not in causes
    )
    wrong.extend(
        _problem(block.first, key, f"the cause '{causes[number]}' has no whys", "Fill in the rows of the chain.")
        for number in sorted(causes)
        if number not in steps
    )
    chains = tuple(
        Chain(steps=tuple(step for step, _ in steps[number]), cause=causes[number])
        for number in sorted(steps)
        if number in causes
    )
    places = {(i, j): place for i, number in enumerate(sorted(steps)) for j, (_, place) in enumerate(steps[number])}
    return (Answer(chains=chains, nothing_to_explain=nothing, signs=tuple(signs)), places), wrong


def _read_step(line: Line, key: str, steps: list[tuple[Step, str]]) -> Iterator[Problem]:
    basis = line["basis"].casefold()
    if basis not in tuple(Basis):
        said = f"'{line['basis']}' is no basis" if basis else "the row has no basis"
        yield _problem(line, key, said, f"Choose one of {_listed(Basis)}.")
        return
    step = Step(
        cause=line["why"], basis=Basis(basis), evidence=line["evidence"] or None, countermeasure=line["countermeasure"] or None
    )
    steps.append((step, line.place))


def _read_sign(line: Line, key: str, signs: list[Sign]) -> Iterator[Problem]:
    kind = line["sign"].casefold()
    if kind not in tuple(SignKind):
        yield _problem(line, key, f"'{line['sign']}' is no sign", f"Choose one of {_listed(SignKind)}.")
    elif line["why"]:
        yield _problem(line, key, "the row has both a why and a sign", "Give the sign a row of its own, its quote as evidence.")
    else:
        signs.append(Sign(kind=SignKind(kind), quote=line["evidence"]))


def _listed(words: type[Basis] | type[NothingReason] | type[SignKind], before: str = "") -> str:
    return ", ".join(f"{before}{word.value}" for word in words)


def _problem(line: Line, key: str, message: str, remedy: str) -> Problem:
    return Problem(place=line.place, id=key, message=f"{message[0].upper()}{message[1:]}.", remedy=remedy)
