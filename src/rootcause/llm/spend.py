"""The money of a run: what is spent, what calls in flight may still cost, and the cap over both."""

from __future__ import annotations

from rootcause.errors import CostLimitReached
from rootcause.llm.prices import Price
from rootcause.models import Usage


class Spend:
    """price None: the price is unknown or nothing is paid; a cap then cannot be kept and is refused."""

    def __init__(self, price: Price | None, cap: float | None) -> None:
        self._price = price
        self._cap = cap
        self._reserved = 0.0
        self._settled = 0.0
        self.exhausted = False

    @property
    def spent(self) -> float | None:
        """What this sitting has cost so far, None where no price is known."""
        return self._settled if self._price is not None else None

    def reserve(self, prompt: int, limit: int) -> float:
        """Sets aside what a call can cost at most; returns it. Raises CostLimitReached when the cap would be passed."""
        if self._price is None:
            return 0.0
        most = self._price.of(Usage(calls=1, prompt=prompt, completion=limit))
        if self._cap is not None and self._settled + self._reserved + most > self._cap:
            self.exhausted = True
            raise CostLimitReached(f"the next call could pass --max-cost {self._cap}")
        self._reserved += most
        return most

    def settle(self, reserved: float, used: Usage) -> None:
        """Gives a reservation back and books what was really used."""
        self._reserved -= reserved
        if self._price is not None:
            self._settled += self._price.of(used)
