"""Asking within a run: every call is paid from the run's purse and booked in its store, whatever comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rootcause.llm.client import Client, Message, Reply
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.spend import Spend
from rootcause.models import Usage
from rootcause.store import Store


class Asker:
    def __init__(self, client: Client, store: Store, spend: Spend, *, run: str, seed: int) -> None:
        self._client = client
        self.store = store
        self._spend = spend
        self.run = run
        self.seed = seed

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
    ) -> Reply:
        """The reply; the caller books it with `book` once it knows whether it is valid.

        tokens: of the prompt, for the cap. Raises CallFailed, ModelError, CostLimitReached.
        """
        reserved = 0.0
        used = Usage()

        def admit() -> None:
            nonlocal reserved
            reserved = self._spend.reserve(tokens, limit)

        def record(outcome: str, usage: Usage, seconds: float) -> None:
            nonlocal used
            used += usage
            self.store.keep_call(self.run, key, outcome, usage, seconds)

        try:
            reply = await self._client.ask(
                messages, schema=schema, name=name, limit=limit, seed=self.seed + repeat, record=record, admit=admit
            )
            used += reply.usage
        finally:
            self._spend.settle(reserved, used)
        return reply

    def book(self, key: str, reply: Reply, *, valid: bool) -> None:
        """Writes a reply's cost into the store, with what became of it."""
        self.store.keep_call(self.run, key, "ok" if valid else "rule", reply.usage, reply.seconds)
