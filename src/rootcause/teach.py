"""What the model is shown for one complaint: the topic's stable part, the nearest examples, the complaint last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rootcause import embed, shortform
from rootcause.fewshot.advise import NOTHING, Advisor, teaches
from rootcause.fewshot.select import ShotKind, Shots, contrasting, fitting, fixed_part, nearest
from rootcause.llm.client import Message
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.tokens import Counter
from rootcause.models import Answer, Example, Frozen, Pack, Topic
from rootcause.prompt import Prompts, Shown, compact, quotable
from rootcause.shortform import ShortForm
from rootcause.store import key_of
from rootcause.text import first_letters
from rootcause.text import language as told_language
from rootcause.validate import answer_grammar, answer_schema, attribute, parse

ANSWER_TOKENS = 4000  # a reasoning model thinks within this limit too; an exhausted one is a named failure
LOCAL_ANSWER_TOKENS = 900
SHORT_ANSWER_TOKENS = 200
TYPICAL_ANSWER_TOKENS = 350  # of a whole chain, for the estimate before a run
_FOR_THE_COMPLAINT = 1 / 8  # of the room for fixed examples, kept free: 4,000 tokens of a context of 32,000
_OF_EACH_CAUSE = 2  # examples of each candidate: keeps the prompt near a thousand tokens; more was not measured
_DOUBT = 0.5  # a label half as likely as the likeliest is in question
WEAK_DOUBT = 0.95
"""The same for a small model, which chooses worse than the advisor's first unless the two are nearly equally likely.

By cross-validation over 512 examples of the four packs (`python benchmarks/deciding.py`, 2026-11-23), where the right one is
among two: the second 0.95 or more as likely, Gemma 3 270M right in 28 of 48 and the first in 25; 0.9 to 0.95, 31 and 42 of 54;
0.8 to 0.9, 80 and 98 of 115; 0.6 to 0.8, 116 and 152 of 166.
"""

Read = Callable[[str], Answer]
"""A reply's text as an answer; raises ReplyInvalid."""
Renew = Callable[[Answer], Answer]
"""A kept answer as the reply it was kept for would be read today; raises ReplyInvalid."""


class Lesson(Frozen):
    """messages: to be sent; reply_schema: of the reply; read: its text as an answer, or ReplyInvalid.

    renew: a kept answer as it would be read today; settled: the reply, where the schema leaves but one, so that nobody needs to
    be asked.
    shots: the topic's examples shown, by id; precedents: the examples that no step may copy without naming one; limit: tokens
    of the reply; tokens: of the prompt.
    mendable: the model understands which rule it broke, otherwise it is asked for another draw; waived: rules that the
    reply's form breaks by design.
    """

    messages: tuple[Message, ...]
    reply_schema: dict[str, Any]
    read: Read
    renew: Renew
    settled: str | None
    shots: dict[str, Example]
    precedents: dict[str, Example]
    tokens: int
    limit: int
    mendable: bool
    waived: frozenset[str]

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
        self._form = ShortForm(pack.topic) if pack and endpoint.weak and (endpoint.plain or teaches(pack)) else None
        self._limit = SHORT_ANSWER_TOKENS if self._form else LOCAL_ANSWER_TOKENS if endpoint.local else ANSWER_TOKENS
        chosen = pack is not None and shots.kind in (ShotKind.NEAREST, ShotKind.HYBRID, ShotKind.CONTRAST)
        self._vectors = embed.encode([example.text for example in pack.examples] if pack and (chosen or self._form) else [])
        self._labels = (*(cause.id for cause in pack.topic.causes), NOTHING) if pack else ()
        self._advisor = Advisor(pack.examples, self._vectors) if pack and shots.kind is ShotKind.CONTRAST else None
        self._doubt = WEAK_DOUBT if self._form else _DOUBT
        wanted = fixed_part(pack, shots, seed) if pack else ()
        self._worked = () if pack else tuple(self._shown(example) for example in prompts.worked)
        self._language = language
        bare = counter.count(self._render_system(()))
        fixed_share = 1 / 2 if shots.kind is ShotKind.HYBRID else 1 - _FOR_THE_COMPLAINT
        room = int(self._room(bare) * fixed_share)
        self.fixed = fitting(wanted, room, self._cost, keep_last=False)
        self.system = self._render_system(self.fixed)
        self._stable = bare + sum(self._cost(example) for example in self.fixed)
        self.note = None
        if len(self.fixed) < len(wanted):
            self.note = f"{len(self.fixed)} of {len(wanted)} examples fit the model's context of {endpoint.context} tokens"

    def lesson(self, text: str, vector: NDArray[np.float32]) -> Lesson:
        """The lesson for one complaint. vector: its embedding, shape (512,). Raises TooLong."""
        own = self._counter.count(text)
        room = self._room(self._stable) - own
        if room < 0:
            context = self._endpoint.context
            raise TooLong(f"the complaint has about {own} tokens, more than a context of {context} leaves room for")
        neighbours = nearest(self.pack, self._vectors, vector) if self.pack and len(self._vectors) else ()
        labels = self._advisor.candidates(text, vector, self.shots.k, self._doubt) if self._advisor else self._labels
        near = fitting(self._near(neighbours, labels), room, self._cost, keep_last=True)
        shown = {example.id: example for example in (*self.fixed, *near)}
        shown_near = [self._shown(example) for example in near]
        if self._form:
            reply_schema: dict[str, Any] = self._form.schema(labels)
            known: dict[str, Any] = {"text": text, "passages": quotable(text), "neighbours": neighbours}
            read: Read = partial(self._form.complete, **known)
            renew: Renew = partial(self._form.anew, **known)
            user = self._prompts.short_complaint(text, shown_near)
        else:
            reply_schema, read = self._reply(text, labels, shown)
            renew = _as_it_is
            user = self._prompts.complaint(text, shown_near, self._language or told_language(text))
        return Lesson(
            messages=({"role": "system", "content": self.system}, {"role": "user", "content": user}),
            reply_schema=reply_schema,
            read=read,
            renew=renew,
            settled=self._form.only(labels) if self._form else None,
            shots=shown,
            precedents={example.id: example for example in self._sources(neighbours, shown)},
            limit=self._limit,
            mendable=self._form is None,
            waived=shortform.WAIVED if self._form else frozenset(),
            tokens=self._stable + own + sum(self._cost(example) for example in near),
        )

    def _sources(self, neighbours: tuple[Example, ...], shown: dict[str, Example]) -> Iterable[Example]:
        if self._form:
            return neighbours
        return shown.values() if self.pack else self._prompts.worked

    def _near(self, neighbours: tuple[Example, ...], labels: tuple[str, ...]) -> tuple[Example, ...]:
        """The examples picked for one complaint, the most telling last."""
        if self.shots.kind is ShotKind.CONTRAST:
            return contrasting(neighbours, labels, _OF_EACH_CAUSE)
        if self.shots.kind in (ShotKind.NEAREST, ShotKind.HYBRID):
            fixed = {example.id for example in self.fixed}
            return tuple(reversed([example for example in neighbours if example.id not in fixed][: self.shots.k]))
        return ()

    def _reply(self, text: str, labels: tuple[str, ...], shown: dict[str, Example]) -> tuple[dict[str, Any], Read]:
        def read(reply: str) -> Answer:
            return attribute(parse(reply), shown)

        causes = tuple(label for label in labels if label != NOTHING)
        if self._endpoint.grammar:
            first = first_letters(text, self._language)
            return answer_grammar(causes, quotes=quotable(text), precedents=tuple(sorted(shown)), first=first), read
        return answer_schema(causes), read

    def _render_system(self, fixed: tuple[Example, ...]) -> str:
        shots = [self._shown(example) for example in fixed]
        if self._form is None or self.topic is None:
            return self._prompts.system(self.topic, shots if self.topic else self._worked, self._language)
        return self._prompts.short_system(self.topic, () if self._advisor else self._form.names, shots)

    def _shown(self, example: Example) -> Shown:
        answer = self._form.shorten(example) if self._form else compact(example.answer)
        return Shown(id=example.id, text=example.text, answer=answer)

    def _room(self, taken: int) -> int:
        """Tokens left for examples and complaint; effectively no limit where the context is unknown."""
        context = self._endpoint.context or 10**9
        return context - self._limit - taken

    def _cost(self, example: Example) -> int:
        shown = self._shown(example)
        return self._counter.count(shown.text) + self._counter.count(shown.answer) + 16


def _as_it_is(answer: Answer) -> Answer:
    return answer
