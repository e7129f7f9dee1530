"""The short form of an answer, for a model too small to write a chain: a base model, or one of a thousand million weights.

Measured, such a model names causes far better than chance and writes sentences that it has copied from the
examples. So it is asked for the cause alone. What the chain says is taken from where it is known: the customer's
own passage most like what customers with that cause are quoted for, then the steps of the nearest labelled
example of the cause that hold for the company, each marked as the precedent it is. Signs are those that the customer
tells in so many words. What comes out is an ordinary answer, under the ordinary rules. Without a topic pack such a
model has nothing to say: measured, it then told the stories of its instructions' examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rootcause import embed
from rootcause.fewshot.advise import NOTHING, label_of
from rootcause.models import Answer, Basis, Chain, Example, Frozen, NothingReason, Step, Topic
from rootcause.signs import told
from rootcause.text import script
from rootcause.validate import MIN_STEPS, ReplyInvalid, object_schema, read_as

WAIVED = frozenset({"restates", "language"})
"""Rules that a completed choice breaks by design: it begins with the customer's own words and goes on in the pack's language."""

_SAYS = {"CYRILLIC": "Клиент пишет: «{}»", "LATIN": "The customer says: “{}”"}
_SAYS_ELSEWHERE = "“{}”"
_MODELS = 12  # quotes of labelled examples that a passage is compared with


_NOTHING_SAID = {"ru": "Похвала, спам или пустой разговор: объяснять нечего."}
_NOTHING_SAID_ELSEWHERE = "Praise, spam or empty talk: nothing to explain."


class Choice(Frozen):
    """The reply: the name of a cause, in the words of the catalogue.

    A small model understands names better than ids: of 45 held-out cases in doubt (bank-cards and subscription-access,
    2026-11-22) it was right in 27 by name with the examples' order turned round, in 18 by id with the order repeated.
    """

    cause: str


class ShortForm:
    """The short form of one topic's answers."""

    def __init__(self, topic: Topic) -> None:
        self._catalogue = {cause.id: cause for cause in topic.causes}
        self._names = {cause.id: cause.name for cause in topic.causes}
        self._names[NOTHING] = _NOTHING_SAID.get(topic.language, _NOTHING_SAID_ELSEWHERE)
        self._ids = {name: cause for cause, name in self._names.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """What can be answered, in the catalogue's order."""
        return tuple(self._names.values())

    def schema(self, labels: Sequence[str]) -> dict[str, Any]:
        """The schema of a choice among the labels."""
        return object_schema(cause={"type": "string", "enum": [self._names[label] for label in labels]})

    def only(self, labels: Sequence[str]) -> str | None:
        """The choice among the labels as a reply, where there is one label to choose."""
        return Choice(cause=self._names[labels[0]]).model_dump_json() if len(labels) == 1 else None

    def shorten(self, example: Example) -> str:
        """A labelled example's answer in the short form, as JSON. A cause of no catalogue is given by its root."""
        label = label_of(example)
        return Choice(cause=self._names.get(label) or example.chains[0].root.cause).model_dump_json()

    def complete(self, reply: str, *, text: str, passages: Sequence[str], neighbours: Sequence[Example]) -> Answer:
        """The reply as a whole answer. Raises ReplyInvalid.

        passages: of the complaint's text; neighbours: the topic's examples, nearest first.
        """
        return self._completed(self._chosen(reply), text, passages, neighbours)

    def anew(self, answer: Answer, *, text: str, passages: Sequence[str], neighbours: Sequence[Example]) -> Answer:
        """A kept answer, completed again from the examples as they are now. Raises ReplyInvalid where its cause is gone."""
        cause = answer.chains[0].cause if answer.chains else NOTHING
        if cause not in self._names:
            raise ReplyInvalid(f"{cause} is no cause of the catalogue any more")
        return self._completed(cause, text, passages, neighbours) if answer.chains else answer

    def _completed(self, cause: str, text: str, passages: Sequence[str], neighbours: Sequence[Example]) -> Answer:
        if cause == NOTHING:
            reason = next((e.nothing_to_explain for e in neighbours if e.nothing_to_explain), NothingReason.EMPTY)
            return Answer(nothing_to_explain=reason, chains=())
        if not passages:  # a word or two: whatever was chosen, nothing in it can be quoted for it
            return Answer(nothing_to_explain=NothingReason.EMPTY, chains=())
        said = _telling(passages, cause, neighbours)
        lower = _lower(cause, neighbours)
        if len(lower) < MIN_STEPS - 1:
            known = self._catalogue[cause]
            lower.append(Step(cause=known.name, basis=Basis.INFERRED, evidence=None, countermeasure=known.countermeasure))
        chain = Chain(steps=(_said(said), *lower), cause=cause)
        return Answer(nothing_to_explain=None, chains=(chain,), signs=told(text))

    def _chosen(self, reply: str) -> str:
        try:
            return self._ids[read_as(Choice, reply).cause]
        except KeyError as error:
            raise ReplyInvalid(f"{error} is not a name of the catalogue") from None


def _said(passage: str) -> Step:
    words = _SAYS.get(script(passage) or "", _SAYS_ELSEWHERE).format(passage)
    return Step(cause=words, basis=Basis.STATED, evidence=passage, countermeasure=None)


def _telling(passages: Sequence[str], cause: str, neighbours: Sequence[Example]) -> str:
    """The passage most like the quotes by which labelled complaints of the cause were told."""
    quotes = [
        step.evidence
        for chain in _chains(cause, neighbours)
        for step in chain[1].steps
        if step.basis is Basis.STATED and step.evidence
    ][:_MODELS]
    if not quotes:
        return max(passages, key=len)
    likeness = (embed.encode(list(passages)) @ embed.encode(quotes).T).max(axis=1)
    return passages[int(likeness.argmax())]


def _lower(cause: str, neighbours: Sequence[Example]) -> list[Step]:
    """The company's own steps of the nearest example of the cause that has two of them, else of the one that has the most."""
    known = [
        [
            Step(cause=step.cause, basis=Basis.PRECEDENT, evidence=example.id, countermeasure=step.countermeasure)
            for step in chain.steps[1:]
            if step.basis is not Basis.STATED
        ]
        for example, chain in _chains(cause, neighbours)
    ]
    return next((steps for steps in known if len(steps) >= MIN_STEPS - 1), max(known, key=len, default=[]))


def _chains(cause: str, neighbours: Sequence[Example]) -> Iterator[tuple[Example, Chain]]:
    return ((example, chain) for example in neighbours for chain in example.chains if chain.cause == cause)
