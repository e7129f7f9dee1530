"""Asking within a run: every call is paid from the run's purse and booked in its store, whatever comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from rootcause.llm.client import Client, Message, Reply
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.spend import Spend
from rootcause.llm.tokens import estimate
from rootcause.models import Usage
from rootcause.store import Store

_WORKED = {"refusal", "truncated", "empty", "timeout"}  # failures that the provider charges for


class Asker:
    """estimated: calls whose tokens the endpoint did not tell; they are booked by estimate, so that a cap still holds."""

    def __init__(self, client: Client, store: Store, spend: Spend, *, run: str, seed: int) -> None:
        self._client = client
        self.store = store
        self._spend = spend
        self.run = run
        self.seed = seed
        self.estimated = 0

    @property
    def endpoint(self) -> Endpoint:
        return self._client.endpoint

    async def ask(
        self,
        key: str,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any],
        name: str,
        limit: int,
        tokens: int,
        repeat: int = 0,
        warmth: float = 0.0,
    ) -> Reply:
        """The reply; the caller books it with `book` once it knows whether it is valid.

        tokens: of the prompt, for the cap; warmth: the sampling temperature. Raises CallFailed, ModelError, CostLimitReached.
        """
        reserved = 0.0
        used = Usage()

        def admit() -> None:
            nonlocal reserved
            reserved = self._spend.reserve(tokens, limit)

        def record(outcome: str, usage: Usage, seconds: float) -> None:
            nonlocal used
            if outcome in _WORKED:
                usage = self._told(usage, tokens, limit)
            used += usage
            self.store.keep_call(self.run, key, outcome, usage, seconds)

        try:
            reply = await self._client.ask(
                messages,
                schema=schema,
                name=name,
                limit=limit,
                seed=self.seed + repeat,
                record=record,
                warmth=warmth,
                admit=admit,
            )
            reply = reply.model_copy(update={"usage": self._told(reply.usage, tokens, estimate(reply.text))})
            used += reply.usage
        finally:
            self._spend.settle(reserved, used)
        return reply

    def _told(self, usage: Usage, prompt: int, completion: int) -> Usage:
        """The usage as the endpoint told it, or the estimate where it told nothing."""
        if usage.prompt or usage.completion:
            return usage
        self.estimated += 1
        return Usage(calls=usage.calls, prompt=prompt, completion=completion)

    def book(self, key: str, reply: Reply, *, valid: bool) -> None:
        """Writes a reply's cost into the store, with what became of it."""
        self.store.keep_call(self.run, key, "ok" if valid else "rule", reply.usage, reply.seconds)


async def together(tasks: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Runs them side by side; the first error that ends the run is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
