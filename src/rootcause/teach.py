"""What the model is shown for one complaint: the topic's stable part, the nearest examples, the complaint last."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.fewshot.select import ShotKind, Shots, fitting, fixed_part, nearest
from rootcause.llm.client import Message
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.tokens import Counter
from rootcause.models import Answer, CatalogueCause, Example, Frozen, Pack, Topic
from rootcause.prompt import Prompts, compact, quotable
from rootcause.shortform import expand_choice, expand_guess, grammar, shorten
from rootcause.store import key_of
from rootcause.validate import answer_grammar, answer_schema, attribute, parse

ANSWER_TOKENS = 4000  # a reasoning model thinks within this limit too; an exhausted one is a named failure
LOCAL_ANSWER_TOKENS = 900
SHORT_ANSWER_TOKENS = 200


class Lesson(Frozen):
    """messages: to be sent; reply_schema: of the answer; shots: the examples shown, by id; limit: tokens of the answer.

    For a short answer: neighbours, the topic's examples, nearest first, from which its lower steps are taken;
    passages of the complaint that can be quoted; the topic's catalogue.
    """

    messages: tuple[Message, ...]
    reply_schema: dict[str, Any]
    shots: dict[str, Example]
    neighbours: tuple[Example, ...] | None
    passages: tuple[str, ...]
    catalogue: tuple[CatalogueCause, ...]
    tokens: int
    limit: int

    @property
    def precedents(self) -> dict[str, Example]:
        """The examples that a step of the answer may name, by id."""
        return self.shots if self.neighbours is None else {example.id: example for example in self.neighbours}

    def read(self, reply: str) -> Answer:
        """The reply's text as an answer. Raises ReplyInvalid."""
        if self.neighbours is None:
            return attribute(parse(reply), self.shots)
        if not self.catalogue:
            return expand_guess(reply, self.passages)
        return expand_choice(reply, self.passages, self.neighbours, self.catalogue)

    def key(self, endpoint: Endpoint, seed: int, repeat: int = 0) -> str:
        """The key of this lesson's answer: a hash over exactly what changes it."""
        return key_of(
            {
                "endpoint": endpoint.identity,
                "model": endpoint.model,
                "messages": list(self.messages),
                "schema": self.reply_schema,
                "limit": self.limit,
                "seed": seed,
                "repeat": repeat,
            }
        )


class TooLong(Exception):
    """The complaint does not fit the model's context, even without examples."""


class Teacher:
    """Teaches one topic. The stable part is made once; when examples do not fit, fewer are shown and `note` says so."""

    def __init__(
        self,
        pack: Pack | None,
        shots: Shots,
        prompts: Prompts,
        counter: Counter,
        endpoint: Endpoint,
        *,
        seed: int,
        language: str | None,
    ) -> None:
        self.pack = pack
        self.topic: Topic | None = pack.topic if pack else None
        self.shots = shots
        self._prompts = prompts
        self._counter = counter
        self._endpoint = endpoint
        self._limit = SHORT_ANSWER_TOKENS if endpoint.weak else LOCAL_ANSWER_TOKENS if endpoint.local else ANSWER_TOKENS
        self._vectors = embed.encode([example.text for example in pack.examples] if pack else [])
        wanted = fixed_part(pack, shots, seed) if pack else ()
        self._short = endpoint.weak
        bare = counter.count(prompts.system(self.topic, (), language, short=self._short))
        room = self._room(bare) // (2 if shots.kind is ShotKind.HYBRID else 1)
        self.fixed = fitting(wanted, room, self._cost, keep_last=False)
        self.system = prompts.system(self.topic, self.fixed, language, short=self._short)
        self._stable = bare + sum(self._cost(example) for example in self.fixed)
        self.note = None
        if len(self.fixed) < len(wanted):
            self.note = f"{len(self.fixed)} of {len(wanted)} examples fit the model's context of {endpoint.context} tokens"

    @property
    def cause_ids(self) -> tuple[str, ...]:
        return tuple(cause.id for cause in self.topic.causes) if self.topic else ()

    def lesson(self, text: str, vector: NDArray[np.float32], *, skip: frozenset[str] = frozenset()) -> Lesson:
        """The lesson for one complaint. vector: its embedding, shape (512,). skip: examples not to be shown."""
        own = self._counter.count(text)
        room = self._room(self._stable) - own
        if room < 0:
            raise TooLong(
                f"the complaint has about {own} tokens, more than a context of {self._endpoint.context} leaves room for"
            )
        near: tuple[Example, ...] = ()
        if self.pack and self.shots.kind in (ShotKind.NEAREST, ShotKind.HYBRID):
            shown = skip | {example.id for example in self.fixed}
            near = fitting(nearest(self.pack, self._vectors, vector, self.shots.k, skip=shown), room, self._cost, keep_last=True)
        known = {example.id: example for example in (*self.fixed, *near)}
        user = self._prompts.complaint(text, near, short=self._short)
        return Lesson(
            messages=({"role": "system", "content": self.system}, {"role": "user", "content": user}),
            reply_schema=self._schema(text, known),
            shots=known,
            neighbours=self._neighbours(vector, skip) if self._short else None,
            passages=quotable(text),
            catalogue=self.topic.causes if self.topic else (),
            limit=self._limit,
            tokens=self._stable + own + sum(self._cost(example) for example in near),
        )

    def _schema(self, text: str, shots: dict[str, Example]) -> dict[str, Any]:
        if self._short:
            return grammar(self.cause_ids)
        if self._endpoint.grammar:
            return answer_grammar(self.cause_ids, quotes=quotable(text), precedents=tuple(sorted(shots)))
        return answer_schema(self.cause_ids)

    def _neighbours(self, vector: NDArray[np.float32], skip: frozenset[str]) -> tuple[Example, ...]:
        return tuple(reversed(nearest(self.pack, self._vectors, vector, len(self.pack.examples), skip=skip))) if self.pack else ()

    def _room(self, taken: int) -> int:
        """Tokens left for examples and complaint; effectively no limit where the context is unknown."""
        context = self._endpoint.context or 10**9
        return context - self._limit - taken

    def _cost(self, example: Example) -> int:
        answer = shorten(example) if self._short else compact(example.answer)
        return self._counter.count(example.text) + self._counter.count(answer) + 16
