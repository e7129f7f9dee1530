"""One complaint, decomposed: ask, validate, ask again at most twice with the broken rule named, keep."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from rootcause.ask import Asker
from rootcause.errors import CallFailed
from rootcause.llm.client import Message
from rootcause.llm.tokens import estimate
from rootcause.models import Answer, Failure, Frozen, Topic
from rootcause.prompt import Prompts
from rootcause.teach import Lesson
from rootcause.validate import ReplyInvalid, Violation, violations

MENDS = 2
_WARMTH = 0.8  # of asking again: at temperature 0 small models repeat a broken answer, even when they are told what is wrong


class Explained(Frozen):
    """An answer or a failure. attempts: replies that a model gave; fresh: asked for now, not found in the store."""

    answer: Answer | None
    failure: Failure | None
    attempts: int
    fresh: bool


class Decomposer:
    """Explains complaints and keeps every valid answer the moment it exists."""

    def __init__(self, asker: Asker, prompts: Prompts, *, language: str | None) -> None:
        self._asker = asker
        self._prompts = prompts
        self._language = language

    async def explain(self, text: str, lesson: Lesson, topic: Topic | None, *, repeat: int = 0) -> Explained:
        """The stored answer, or a new one. A failure is a value; ModelError and CostLimitReached are raised."""
        if lesson.settled is not None:
            return self._settled(lesson.settled, text, lesson, topic)
        key = lesson.key(self._asker.endpoint, self._asker.seed, repeat)
        if (kept := self._known(key, text, lesson, topic)) is not None:
            return kept
        store = self._asker.store
        try:
            answer, attempts = await self._ask(key, text, lesson, topic, repeat)
        except CallFailed as error:
            attempts = MENDS + 1 if error.kind == "rule" else 0
            failure = Failure(kind=error.kind, message=str(error))
            store.keep_failure(self._asker.run, key, failure)
            return Explained(answer=None, failure=failure, attempts=attempts, fresh=True)
        store.keep_reply(key, answer.model_dump_json(), attempts)
        return Explained(answer=answer, failure=None, attempts=attempts, fresh=True)

    def _settled(self, reply: str, text: str, lesson: Lesson, topic: Topic | None) -> Explained:
        answer, found = _judge(reply, text, lesson, topic, self._language)
        if found:
            failure = Failure(kind="rule", message=f"the only answer possible is broken: {_named(found)}")
            return Explained(answer=None, failure=failure, attempts=0, fresh=False)
        return Explained(answer=answer, failure=None, attempts=0, fresh=False)

    def _known(self, key: str, text: str, lesson: Lesson, topic: Topic | None) -> Explained | None:
        """The kept answer; None, so that it is asked for again, where it has another version's shape or holds no longer."""
        kept = self._asker.store.reply(key)
        if kept is None:
            return None
        try:
            stored = Answer.model_validate_json(kept[0])
            answer = lesson.renew(stored)
        except (ValidationError, ReplyInvalid):
            return None
        if answer != stored and _broken(answer, text, lesson, topic, self._language):
            return None
        return Explained(answer=answer, failure=None, attempts=kept[1], fresh=False)

    async def _ask(self, key: str, text: str, lesson: Lesson, topic: Topic | None, repeat: int) -> tuple[Answer, int]:
        messages: list[Message] = list(lesson.messages)
        found: tuple[Violation, ...] = ()
        for attempt in range(1, MENDS + 2):
            again = attempt > 1
            reply = await self._asker.ask(
                key,
                messages,
                schema=lesson.reply_schema,
                name="answer",
                limit=lesson.limit,
                tokens=lesson.tokens + sum(estimate(message["content"]) for message in messages[len(lesson.messages) :]),
                repeat=repeat + (attempt if again else 0),
                warmth=_WARMTH if again else 0.0,
            )
            answer, found = _judge(reply.text, text, lesson, topic, self._language)
            self._asker.book(key, reply, valid=not found)
            if answer is not None and not found:
                return answer, attempt
            if lesson.mendable:
                messages = [
                    *lesson.messages,
                    {"role": "assistant", "content": reply.text},
                    {"role": "user", "content": self._prompts.mend(found)},
                ]
        raise CallFailed("rule", f"after {MENDS + 1} answers still broken: {_named(found)}")


def _named(violations: Sequence[Violation]) -> str:
    return "; ".join(dict.fromkeys(f"{violation.rule} ({violation.message})" for violation in violations))


def _judge(
    reply: str, text: str, lesson: Lesson, topic: Topic | None, language: str | None
) -> tuple[Answer | None, tuple[Violation, ...]]:
    try:
        answer = lesson.read(reply)
    except ReplyInvalid as error:
        return None, (Violation(rule="invalid", message=str(error)),)
    return answer, _broken(answer, text, lesson, topic, language)


def _broken(answer: Answer, text: str, lesson: Lesson, topic: Topic | None, language: str | None) -> tuple[Violation, ...]:
    found = violations(answer, text, topic=topic, shots=lesson.precedents, language=language)
    return tuple(violation for violation in found if violation.rule not in lesson.waived)
