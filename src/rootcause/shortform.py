"""The short form of an answer, for a model too small to write a chain (a base model of a few hundred million weights).

Measured, such a model names causes far better than chance and writes sentences that it has copied from the
examples. So it is asked for the cause alone. What the chain says is taken from where it is known: the customer's
own passage most like what customers with that cause are quoted for, then the steps of the nearest labelled
example of the cause that hold for the company, each marked as the precedent it is. Without a topic pack there
is nothing to take from, and the model writes three sentences itself.
What comes out is an ordinary answer, under the ordinary rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from rootcause import embed
from rootcause.fewshot.advise import NOTHING, label_of
from rootcause.models import NEW_CAUSE, Answer, Basis, CatalogueCause, Chain, Example, Frozen, NothingReason, Step
from rootcause.text import script
from rootcause.validate import ReplyInvalid

WAIVED = frozenset({"restates", "language"})
"""Rules that a completed choice breaks by design: it begins with the customer's own words and goes on in the pack's language."""

_SAYS = {"CYRILLIC": "Клиент пишет: «{}»", "LATIN": "The customer says: “{}”"}
_SAYS_ELSEWHERE = "“{}”"
_MODELS = 12  # quotes of labelled examples that a passage is compared with


class Choice(Frozen):
    """The reply of a taught model: a catalogue id, or NOTHING."""

    cause: str


class Guess(Frozen):
    """The reply of a model without examples: three sentences from the symptom to the root."""

    why: str
    because: str
    root: str


_Shape = TypeVar("_Shape", bound=Frozen)


def choice_grammar(labels: Sequence[str]) -> dict[str, Any]:
    """The schema of a choice among the labels."""
    return _object(cause={"type": "string", "enum": list(labels)})


def guess_grammar() -> dict[str, Any]:
    """The schema of a guess."""
    sentence = {"type": "string", "minLength": 12, "maxLength": 140}
    return _object(why=sentence, because=sentence, root=sentence)


def shorten(example: Example) -> str:
    """A labelled example's answer in the short form, as JSON."""
    return Choice(cause=label_of(example)).model_dump_json()


def expand_choice(
    reply: str, *, passages: Sequence[str], neighbours: Sequence[Example], catalogue: Sequence[CatalogueCause]
) -> Answer:
    """A taught model's reply as a whole answer. Raises ReplyInvalid.

    passages: of the complaint; neighbours: the topic's examples, nearest first.
    """
    cause = _parsed(reply, Choice).cause
    if cause == NOTHING or not passages:
        reason = next((e.nothing_to_explain for e in neighbours if e.nothing_to_explain), NothingReason.EMPTY)
        return Answer(nothing_to_explain=reason, chains=())
    said = _telling(passages, cause, neighbours)
    lower = _lower(cause, neighbours)
    if len(lower) < 2:
        known = next(entry for entry in catalogue if entry.id == cause)
        lower.append(Step(cause=known.name, basis=Basis.INFERRED, evidence=None, countermeasure=known.countermeasure))
    return _answer((_said(said), *lower), cause)


def expand_guess(reply: str, *, passages: Sequence[str]) -> Answer:
    """An untaught model's reply as a whole answer. Raises ReplyInvalid."""
    guess = _parsed(reply, Guess)
    sentences = (guess.why, guess.because, guess.root)
    steps = (Step(cause=sentence, basis=Basis.INFERRED, evidence=None, countermeasure=None) for sentence in sentences)
    return _answer(((_said(max(passages, key=len)), *steps) if passages else tuple(steps)), NEW_CAUSE)


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _answer(steps: tuple[Step, ...], cause: str) -> Answer:
    return Answer(nothing_to_explain=None, chains=(Chain(steps=steps, cause=cause),))


def _parsed(reply: str, shape: type[_Shape]) -> _Shape:
    try:
        return shape.model_validate_json(reply)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ReplyInvalid(f"{'.'.join(map(str, first['loc'])) or 'the reply'}: {first['msg']}") from None


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
    """The company's own steps of the nearest example of the cause that has two of them, else of the nearest one."""
    known = [
        [
            Step(cause=step.cause, basis=Basis.PRECEDENT, evidence=example.id, countermeasure=step.countermeasure)
            for step in chain.steps[1:]
            if step.basis is not Basis.STATED
        ]
        for example, chain in _chains(cause, neighbours)
    ]
    return next((steps for steps in known if len(steps) >= 2), known[0] if known else [])


def _chains(cause: str, neighbours: Sequence[Example]) -> Iterator[tuple[Example, Chain]]:
    return ((example, chain) for example in neighbours for chain in example.chains if chain.cause == cause)
