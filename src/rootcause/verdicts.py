"""The model's two small judgements in merging: are two causes one, and what is a cause called. Kept like any reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rootcause.ask import Asker
from rootcause.errors import CallFailed, CostLimitReached
from rootcause.llm.client import Message
from rootcause.merge import Judge, Namer
from rootcause.models import Failure, Topic
from rootcause.prompt import Prompts
from rootcause.store import key_of
from rootcause.validate import object_schema

_LIMIT = 1000
_LONGEST_NAME = 200


class _Same(BaseModel):
    model_config = ConfigDict(extra="forbid")
    same: bool


class _Name(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


_Shape = TypeVar("_Shape", bound=BaseModel)


class Verdicts:
    """Without a usable answer two causes stay apart and a cause keeps its own words: never a guess."""

    def __init__(self, asker: Asker, prompts: Prompts, *, language: str | None) -> None:
        self._asker = asker
        self._prompts = prompts
        self._language = language

    def judge(self, topics: Mapping[str, Topic]) -> Judge:
        async def same(left: str, right: str, topic: str | None) -> bool:
            first, second = sorted((left, right))
            text = self._prompts.same(first, second, topics.get(topic) if topic else None)
            answer = await self._ask(text, "same", {"same": {"type": "boolean"}}, _Same)
            return answer is not None and answer.same

        return same

    def namer(self) -> Namer:
        async def name(sentences: tuple[str, ...]) -> str:
            text = self._prompts.name(sentences, self._language)
            answer = await self._ask(text, "name", {"name": {"type": "string"}}, _Name)
            usable = answer is not None and 0 < len(answer.name.strip()) <= _LONGEST_NAME
            return answer.name.strip() if answer is not None and usable else sentences[0]

        return name

    async def _ask(self, text: str, name: str, properties: dict[str, Any], shape: type[_Shape]) -> _Shape | None:
        schema = object_schema(**properties)
        messages: list[Message] = [{"role": "user", "content": text}]
        asker, store = self._asker, self._asker.store
        endpoint = asker.endpoint
        key = key_of(
            {"endpoint": endpoint.identity, "model": endpoint.model, "messages": messages, "schema": schema, "seed": asker.seed}
        )
        kept = store.reply(key)
        if kept is not None and (answer := _read(kept[0], shape)) is not None:
            return answer
        try:
            reply = await asker.ask(key, messages, schema=schema, name=name, limit=_LIMIT, tokens=len(text))
        except (CallFailed, CostLimitReached) as error:
            store.keep_failure(asker.run, key, Failure(kind="verdict", message=str(error)))
            return None
        answer = _read(reply.text, shape)
        asker.book(key, reply, valid=answer is not None)
        if answer is None:
            store.keep_failure(asker.run, key, Failure(kind="verdict", message=f"not in the form of '{name}'"))
            return None
        store.keep_reply(key, answer.model_dump_json(), 1)
        return answer


def _read(text: str, shape: type[_Shape]) -> _Shape | None:
    try:
        return shape.model_validate_json(text)
    except ValidationError:
        return None
