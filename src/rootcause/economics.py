"""What a complaint costs and what a fix costs and does, as the user states it in `[economics]` of rootcause.toml.

Whatever is wrong with the table is refused in one sentence that says what to write instead.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from rootcause.errors import SettingsError
from rootcause.models import Frozen, Severity

DEFAULT = "default"
"""The channel whose cost is that of every channel not named."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class Exposure(Frozen):
    """What complaints are set against: orders, active customers. months: figures of single months ("2026-04"), where known."""

    unit: Words
    a_month: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    months: dict[str, float] = Field(default_factory=dict)

    @field_validator("months")
    @classmethod
    def _real_months(cls, months: dict[str, float]) -> dict[str, float]:
        for month, figure in months.items():
            if not _MONTH.fullmatch(month):
                raise _wrong(f"'{month}' is not a month; write it as \"2026-04\"")
            if not 0 < figure < float("inf"):
                raise _wrong(f"the exposure of {month} is {figure:g}; give a number above 0")
        return months

    @model_validator(mode="after")
    def _one_figure(self) -> Self:
        if self.a_month is None and not self.months:
            raise _wrong(f"say how many {self.unit} there are: a_month for every month, or months for single ones")
        return self


class FixCost(Frozen):
    """A countermeasure's cost (once) and the share of its cause's complaints that it is expected to remove.

    cause: a catalogue id; text: the countermeasure's words where it is not the cause's usual one.
    """

    cause: Words | None = None
    text: Words | None = None
    cost: Money | None = None
    removes: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.cause is None and self.text is None:
            raise _wrong("a countermeasure needs its cause (an id of the catalogue) or its text")
        if self.cost is None and self.removes is None:
            raise _wrong(f"the countermeasure for '{self.cause or self.text}' needs its cost, or the share that it removes")
        return self


class Economics(Frozen):
    """contact, repeat: cost of one contact by channel, "default" for the rest. customer_a_year: what one is worth a year.

    leaving: chance of losing the customer by severity. budget: for countermeasures, once. All money in `currency`.
    """

    currency: Words
    contact: dict[str, float] = Field(default_factory=dict)
    repeat: dict[str, float] = Field(default_factory=dict)
    customer_a_year: Money | None = None
    leaving: dict[Severity, float] = Field(default_factory=dict)
    exposure: Exposure | None = None
    budget: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    countermeasures: tuple[FixCost, ...] = ()

    @field_validator("contact", "repeat")
    @classmethod
    def _costs(cls, costs: dict[str, float]) -> dict[str, float]:
        seen: dict[str, str] = {}
        for channel, cost in costs.items():
            if not 0 <= cost < float("inf"):
                raise _wrong(f"a contact by '{channel}' costs {cost:g}; give 0 or more")
            if (other := seen.setdefault(channel_key(channel), channel)) != channel:
                raise _wrong(f"'{other}' and '{channel}' are one channel; keep one of them")
        return costs

    @field_validator("leaving", mode="before")
    @classmethod
    def _known_severities(cls, chances: Any) -> Any:
        for severity in chances if isinstance(chances, dict) else ():
            if severity not in list(Severity):
                raise _wrong(f"'{severity}' is no severity; they are {', '.join(Severity)}")
        return chances

    @field_validator("leaving")
    @classmethod
    def _chances(cls, chances: dict[Severity, float]) -> dict[Severity, float]:
        for severity, chance in chances.items():
            if not 0 <= chance <= 1:
                raise _wrong(f"the chance of losing a customer ({severity}) is {chance:g}; give a number from 0 to 1")
        return chances

    @model_validator(mode="after")
    def _both_of_leaving(self) -> Self:
        if self.leaving and self.customer_a_year is None:
            raise _wrong("leaving needs customer_a_year as well: what a customer is worth a year")
        if self.customer_a_year is not None and not self.leaving:
            raise _wrong(
                "customer_a_year needs leaving as well: the chance of losing the customer by severity (low, medium, high)"
            )
        return self


def channel_key(channel: str) -> str:
    """Channels are compared without case and outer spaces."""
    return channel.strip().casefold()


def _wrong(sentence: str) -> PydanticCustomError:
    """pydantic puts "Value error," before other errors."""
    return PydanticCustomError("economics", "{sentence}", {"sentence": sentence})


def exposed(months: Mapping[str, float], usual: float | None, first: dt.date, last: dt.date) -> float:
    """Units of exposure from the first to the last day, both included: each month's figure for the share of its days covered.

    usual: the figure of a month that has none of its own. Raises SettingsError where a month has neither.
    """
    days = Counter((day.year, day.month) for day in map(dt.date.fromordinal, range(first.toordinal(), last.toordinal() + 1)))
    parts = []
    for (year, month), covered in days.items():
        figure = months.get(f"{year:04}-{month:02}", usual)
        if figure is None:
            said = f"[economics.exposure] has no figure for {year:04}-{month:02}: add it to months, or give a_month"
            raise SettingsError(said)
        parts.append(figure * covered / calendar.monthrange(year, month)[1])
    return math.fsum(parts)
