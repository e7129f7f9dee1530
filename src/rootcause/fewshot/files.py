"""The files of a pack's folder that this program writes: its labelled texts, and what lies beside them during a review.

drafted.jsonl holds the complaints that wait in a sheet for a decision, with the ids set aside for them; rejected.jsonl
those that a reviewer did not want. Neither is shown to a model.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from rootcause.errors import PackError
from rootcause.fewshot.load import EXAMPLES_FILE, parse_examples
from rootcause.models import Example, Frozen, Pack

DRAFTED_FILE = "drafted.jsonl"
REJECTED_FILE = "rejected.jsonl"
_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)


class Drafted(Frozen):
    """A complaint in a sheet, not yet decided. sheet: where, as it was written."""

    id: str
    text: str
    sheet: str


class Rejected(Frozen):
    """A complaint that is not to be an example. note: the reviewer's reason."""

    id: str
    text: str
    note: str


_Aside = TypeVar("_Aside", Drafted, Rejected)


def drafted(folder: Path) -> tuple[Drafted, ...]:
    return _read(folder / DRAFTED_FILE, Drafted)


def rejected(folder: Path) -> tuple[Rejected, ...]:
    return _read(folder / REJECTED_FILE, Rejected)


def _read(path: Path, shape: type[_Aside]) -> tuple[_Aside, ...]:
    if not path.is_file():
        return ()
    found = []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise PackError(f"{path} is not UTF-8; save it as UTF-8") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append(shape.model_validate_json(line))
            except ValidationError as error:
                message = error.errors(include_url=False, include_input=False)[0]["msg"]
                raise PackError(f"{path}, line {number}: {message}; correct the line or delete it") from None
    return tuple(found)


def known_texts(pack: Pack, drafted: Sequence[Drafted], rejected: Sequence[Rejected]) -> dict[str, str]:
    """Every text that the pack has dealt with, by id; what is labelled comes last."""
    known = {entry.id: entry.text for entry in rejected} | {entry.id: entry.text for entry in drafted}
    return known | {example.id: example.text for example in (*pack.heldout, *pack.examples)}


def labelled(examples: Sequence[Example], before: str = "") -> str:
    """The content of a file of labelled texts; a line of the text before stays as it is where its example is the same."""
    lines = [line for line in before.split("\n") if line.strip()]
    known = [parse_examples(line, Path(EXAMPLES_FILE))[0] for line in lines]
    if known == list(examples):
        return before
    kept = dict(zip(known, lines, strict=True))
    return "".join(f"{kept.get(example) or line_of(example)}\n" for example in examples)


def line_of(example: Example) -> str:
    """One line of JSON, its fields in the order that a person reads them in."""
    fields = example.model_dump(mode="json")
    order = ("id", "date", "text", "nothing_to_explain", "chains", "signs")
    return json.dumps({name: fields[name] for name in order}, ensure_ascii=False)


def asides(entries: Iterable[Drafted | Rejected]) -> str:
    return "".join(f"{json.dumps(entry.model_dump(), ensure_ascii=False)}\n" for entry in entries)


def fresh_ids(used: Iterable[str], examples: Iterable[str], topic: str) -> Iterator[str]:
    """Ids that go on as the examples' ids do: their commonest beginning and the next number. used: all ids ever given."""
    taken = set(used)
    numbered = [found for key in examples if (found := _NUMBERED.fullmatch(key))]
    if numbered:
        beginning = Counter(found[1] for found in numbered).most_common(1)[0][0]
        width = max(len(found[2]) for found in numbered if found[1] == beginning)
    else:
        beginning, width = f"{topic}-", 3
    numbers = [int(found[2]) for key in taken if (found := _NUMBERED.fullmatch(key)) and found[1] == beginning]
    number = max(numbers, default=0)
    while True:
        number += 1
        yield f"{beginning}{number:0{width}}"


def write(folder: Path, contents: Mapping[str, str]) -> None:
    """Writes the files in this order, each whole or not at all; one that would not change is left alone.

    Raises PackError where the folder cannot be written to.
    """
    for name, content in contents.items():
        path = folder / name
        try:
            if (path.read_text(encoding="utf-8") if path.is_file() else "") == content:
                continue
            fresh = path.with_name(f".{name}.{secrets.token_hex(4)}.tmp")
            try:
                with fresh.open("x", encoding="utf-8", newline="\n") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(path)
            finally:
                fresh.unlink(missing_ok=True)
        except OSError as error:
            raise PackError(
                f"{path} cannot be written ({error.strerror}); copy the pack into a folder 'fewshot' of your own and work there"
            ) from None
