"""Prompts: the Jinja2 files of `prompts/`, rendered in a sandbox. Everything stable comes first, the complaint last."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import ValidationError

from rootcause.errors import SettingsError
from rootcause.models import Answer, Example, Frozen, Topic
from rootcause.text import language_name, unspaced
from rootcause.validate import Violation

WORKED = "worked.jsonl"
FILES = ("system.j2", "complaint.j2", "short_system.j2", "short_complaint.j2", "mend.j2", "same.j2", "name.j2", WORKED)
_SENTENCE = re.compile(r"\S.*?(?:[.!?…;]+(?=\s|$)|[。！？]|$)", re.MULTILINE)  # the point in "bank.com" ends nothing
_CLAUSE = re.compile(r"(?<=[,:—–-])\s+")
_SHORTEST_QUOTE = 8
_LONGEST_QUOTE = 110
_MOST_QUOTES = 40


class Shown(Frozen):
    """A labelled complaint as a prompt shows it; answer: in the form that the model is to use."""

    id: str
    text: str
    answer: str


class Prompts:
    """The prompts of a project: a user's folder before the shipped one, file by file."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            autoescape=False,
        )

    def system(self, topic: Topic | None, shots: Sequence[Shown], language: str | None) -> str:
        """What is the same, byte for byte, for every complaint of the topic. shots without a topic: the worked examples."""
        return self._render("system.j2", topic=topic, shots=shots, language=language and language_name(language))

    def complaint(self, text: str, shots: Sequence[Shown], language: str | None) -> str:
        """language: ISO 639-1 code of the language the steps are to be in, None where it cannot be told."""
        return self._render("complaint.j2", text=text, shots=shots, language=language and language_name(language))

    def short_system(self, topic: Topic, names: Sequence[str], shots: Sequence[Shown]) -> str:
        """`system` for the short form. names: the causes to choose among, empty where they differ from one to the next."""
        return self._render("short_system.j2", topic=topic, names=names, shots=shots)

    def short_complaint(self, text: str, shots: Sequence[Shown]) -> str:
        return self._render("short_complaint.j2", text=text, shots=shots)

    def mend(self, violations: tuple[Violation, ...]) -> str:
        return self._render("mend.j2", violations=violations)

    def same(self, left: str, right: str, topic: Topic | None) -> str:
        return self._render("same.j2", left=left, right=right, topic=topic)

    def name(self, sentences: tuple[str, ...], language: str | None) -> str:
        return self._render("name.j2", sentences=sentences, language=language and language_name(language))

    @cached_property
    def worked(self) -> tuple[Example, ...]:
        """Labelled complaints of other trades, which show the form where no topic's examples do. Raises SettingsError."""
        try:
            return tuple(Example.model_validate_json(line) for line in self._source(WORKED).splitlines() if line.strip())
        except ValidationError as error:
            raise SettingsError(
                f"prompt {WORKED} holds a line that is no labelled complaint: {error.errors()[0]['msg']}"
            ) from None

    @cached_property
    def sha256(self) -> str:
        """Over the text of every template in use."""
        return hashlib.sha256("\0".join(map(self._source, FILES)).encode()).hexdigest()

    def _source(self, name: str) -> str:
        loader = self._environment.loader
        assert loader is not None
        try:
            return loader.get_source(self._environment, name)[0]
        except UnicodeDecodeError:
            raise SettingsError(f"prompt {name} is not UTF-8; save it as UTF-8") from None

    def _render(self, name: str, **values: object) -> str:
        try:
            return self._environment.get_template(name).render(**values).strip() + "\n"
        except UnicodeDecodeError:
            raise SettingsError(f"prompt {name} is not UTF-8; save it as UTF-8") from None
        except TemplateError as error:
            raise SettingsError(f"prompt {name} cannot be rendered: {type(error).__name__}: {error}") from None


def compact(answer: Answer) -> str:
    """The answer as the model is to write it: one line of JSON."""
    return answer.model_dump_json()


def quotable(text: str) -> tuple[str, ...]:
    """Passages of the complaint that can stand as quotes: its sentences, long ones cut at commas and dashes.

    Each is a verbatim part of the text. Longer texts than forty passages offer the first forty.
    """
    passages: list[str] = []
    for sentence in _SENTENCE.findall(text):
        parts = [sentence] if len(sentence.strip()) <= _LONGEST_QUOTE else _CLAUSE.split(sentence)
        passages.extend(part.strip() for part in parts)
    fitting = [part if len(part) <= _LONGEST_QUOTE else _cut(part) for part in passages]
    return tuple(dict.fromkeys(part for part in fitting if len(part) >= _SHORTEST_QUOTE))[:_MOST_QUOTES]


def _cut(passage: str) -> str:
    """Its first words; nothing of a single word that is longer than a quote may be."""
    start = passage[:_LONGEST_QUOTE]
    return start if unspaced(start) else start.rpartition(" ")[0]
