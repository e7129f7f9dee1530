"""What the rules look at: a pack's labelled texts with their lines, and what several rules need computed once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from rootcause import embed
from rootcause.fewshot.check.finding import Finding, Severity
from rootcause.fewshot.load import EXAMPLES_FILE, HELDOUT_FILE, TOPIC_FILE
from rootcause.fewshot.twins import twins
from rootcause.models import Example, Pack

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """One labelled text and where it stands."""

    example: Example
    file: str
    line: int | None
    held: bool

    @property
    def causes(self) -> frozenset[str]:
        return causes_of(self.example)

    def finding(self, rule: str, severity: Severity, message: str, remedy: str) -> Finding:
        about = self.example.id
        return Finding(rule=rule, severity=severity, file=self.file, line=self.line, id=about, message=message, remedy=remedy)


@dataclass(frozen=True)
class Material:
    """The pack with what several rules need and should not be computed twice."""

    pack: Pack

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """Examples, then held-out cases."""
        return (*self._read(EXAMPLES_FILE, self.pack.examples), *self._read(HELDOUT_FILE, self.pack.heldout))

    def path(self, name: str) -> str:
        return str(Path(self.pack.folder) / name)

    def _read(self, name: str, examples: tuple[Example, ...]) -> Iterator[Case]:
        lines = example_lines(Path(self.path(name)))
        return (Case(example, self.path(name), lines.get(example.id), name == HELDOUT_FILE) for example in examples)

    @cached_property
    def topic_lines(self) -> dict[tuple[str, int | None], int]:
        return _topic_lines(Path(self.path(TOPIC_FILE)))

    @cached_property
    def _vectors(self) -> dict[str, Floats]:
        """Of all that is compared by meaning, computed in one go: many short calls take far longer."""
        texts = [case.example.text for case in self.cases] + [cause.name for cause in self.pack.topic.causes]
        texts += [chain.root.cause for example in self.pack.examples for chain in example.chains if chain.steps]
        return dict(zip(texts, embed.encode(texts), strict=True))

    def similarity(self, texts: list[str]) -> Floats:
        """Cosine of each text with each."""
        vectors = self.vectors(texts)
        return vectors @ vectors.T

    def vectors(self, texts: list[str]) -> Floats:
        return np.array([self._vectors[text] for text in texts], dtype=np.float32).reshape(len(texts), -1 if texts else 0)

    @cached_property
    def twins(self) -> tuple[tuple[Case, Case], ...]:
        """Pairs of cases whose texts are nearly the same, the earlier first."""
        texts = [case.example.text for case in self.cases]
        return tuple((self.cases[i], self.cases[j]) for i, j in twins(texts, self.vectors(texts)))

    @cached_property
    def language_sample(self) -> str:
        """A text certainly in the topic's language, so far as the topic is written in it."""
        return f"{self.pack.topic.context} {' '.join(cause.name for cause in self.pack.topic.causes)}"

    @cached_property
    def _shots(self) -> dict[str, Example]:
        """Without chains: steps worded alike are no leak within a pack, whose examples share a root's wording on purpose."""
        return {example.id: example.model_copy(update={"chains": ()}) for example in self.pack.examples}

    def shots_for(self, case: Case) -> dict[str, Example]:
        """All other examples. The case itself is known but empty: being its own precedent is a rule of its own."""
        if case.held:
            return self._shots
        return self._shots | {case.example.id: case.example.model_copy(update={"chains": (), "text": ""})}

    def in_topic(
        self, rule: str, severity: Severity, place: tuple[str, int | None], about: str | None, message: str, remedy: str
    ) -> Finding:
        file, line = self.path(TOPIC_FILE), self.topic_lines.get(place)
        return Finding(rule=rule, severity=severity, file=file, line=line, id=about, message=message, remedy=remedy)

    def in_set(
        self, rule: str, severity: Severity, name: str, message: str, remedy: str, *, first: Example | None = None
    ) -> Finding:
        """A finding about a file as a whole: at its first line, or at that of the first example it is about."""
        path = Path(self.path(name))
        line = example_lines(path).get(first.id) if first else 1 if path.is_file() else None
        return Finding(rule=rule, severity=severity, file=str(path), line=line, id=None, message=message, remedy=remedy)


def example_lines(path: Path) -> dict[str, int]:
    """Physical line of each id, read from the file itself: blank lines count, and a text's \\u2028 ends no line."""
    if not path.is_file():
        return {}
    lines: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            lines.setdefault(json.loads(line)["id"], number)
    return lines


def _topic_lines(path: Path) -> dict[tuple[str, int | None], int]:
    """Physical line of each field of topic.yaml, and of each item of its lists: ("causes", 0) is the first cause."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader) if path.is_file() else None
    lines: dict[tuple[str, int | None], int] = {}
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        lines[key.value, None] = key.start_mark.line + 1
        for place, item in enumerate(value.value if isinstance(value, yaml.SequenceNode) else ()):
            lines[key.value, place] = item.start_mark.line + 1
    return lines


def causes_of(example: Example) -> frozenset[str]:
    return frozenset(chain.cause for chain in example.chains)
