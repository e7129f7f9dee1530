"""Topic packs: from a folder's files to a Pack. Loading is strict; what makes a pack good is `check`'s matter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError

from rootcause.errors import PackError
from rootcause.models import Example, Pack, Topic

TOPIC_FILE = "topic.yaml"
EXAMPLES_FILE = "examples.jsonl"
HELDOUT_FILE = "heldout.jsonl"


def available(roots: tuple[Path, ...]) -> dict[str, Path]:
    """Folder of each topic, by id, sorted; an earlier root wins over a later one."""
    found: dict[str, Path] = {}
    for root in reversed(roots):
        for topic_file in root.glob(f"*/{TOPIC_FILE}"):
            found[topic_file.parent.name] = topic_file.parent
    return dict(sorted(found.items()))


def load(folder: Path) -> Pack:
    """The pack in a folder. Raises PackError naming file and line."""
    topic_text = _read(folder / TOPIC_FILE)
    examples_text = _read(folder / EXAMPLES_FILE)
    heldout_text = _read(folder / HELDOUT_FILE) if (folder / HELDOUT_FILE).exists() else ""
    topic = parse_topic(topic_text, folder / TOPIC_FILE)
    if topic.id != folder.name:
        raise PackError(f"{folder / TOPIC_FILE}: the id '{topic.id}' differs from the folder's name; make them equal")
    return Pack(
        topic=topic,
        examples=parse_examples(examples_text, folder / EXAMPLES_FILE),
        heldout=parse_examples(heldout_text, folder / HELDOUT_FILE),
        folder=str(folder),
        sha256=hashlib.sha256(f"{topic_text}\0{examples_text}".encode()).hexdigest(),
    )


def parse_topic(text: str, source: Path) -> Topic:
    try:
        return Topic.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise PackError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise PackError(f"{source}: {_first(error)}") from None
    except ValueError as error:  # a date without quotes that is none, such as 2026-02-30
        raise PackError(f"{source}: it holds a value that is none ({error}); correct it") from None


def parse_examples(text: str, source: Path) -> tuple[Example, ...]:
    examples: list[Example] = []
    lines: dict[str, int] = {}
    for number, line in _lines(text):
        try:
            example = Example.model_validate_json(line)
        except ValidationError as error:
            raise PackError(f"{source}, line {number}: {_first(error)}") from None
        if example.id in lines:
            raise PackError(f"{source}, line {number}: id '{example.id}' is already on line {lines[example.id]}; ids are unique")
        lines[example.id] = number
        examples.append(example)
    return tuple(examples)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PackError(f"{path} is missing; a topic pack has {TOPIC_FILE} and {EXAMPLES_FILE}") from None
    except UnicodeDecodeError as error:
        raise PackError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'content'}: {first['msg']}"
