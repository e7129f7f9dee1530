"""What a model's tokens cost: a shipped table of list prices, which the user's own table overrides entry by entry."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from rootcause.errors import SettingsError
from rootcause.models import Frozen, Usage

_SHIPPED = Path(__file__).with_name("prices.toml")
_PER = 1_000_000
_GLOB = re.compile(r"[*?\[]")

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Pattern = Annotated[str, Field(min_length=1)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Price(Frozen):
    """Prices per million tokens. model: names or globs; host: the hostname it holds for, or a glob, any without it.

    cached_input, cache_write: None where they are not known or not charged apart. as_of: when `source` said so.
    """

    model: Annotated[tuple[Pattern, ...], BeforeValidator(_listed), Field(min_length=1)]
    host: Pattern | None = None
    input: Amount
    cached_input: Amount | None = None
    cache_write: Amount | None = None
    output: Amount
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    as_of: dt.date | None = None
    source: str | None = None

    def of(self, usage: Usage) -> float:
        """What the calls cost, in `currency`. Cached tokens the endpoint did not report count as not cached.

        No endpoint says which tokens it wrote to its cache. Where writing costs more, all that was not read from the cache
        counts as written: a cap on cost may stop a little early, never late.
        """
        cached = min(usage.cached or 0, usage.prompt)
        fresh_price = max(self.input, self.cache_write or 0.0)
        cached_price = self.input if self.cached_input is None else self.cached_input
        return ((usage.prompt - cached) * fresh_price + cached * cached_price + usage.completion * self.output) / _PER


def lookup(model: str, host: str | None, own: Path | None = None) -> Price | None:
    """The price of a model at a host (a hostname, without port), None when it is not known: unknown is not free.

    own: the user's table; any match in it wins over the shipped one. Raises SettingsError for a table that cannot be used.
    """
    tables = (_table(own), _shipped()) if own is not None else (_shipped(),)
    return next((price for table in tables if (price := _best(table, model, host)) is not None), None)


def _best(table: tuple[Price, ...], model: str, host: str | None) -> Price | None:
    """The most specific entry: a named host before any host, a full name before a glob, a longer glob before a shorter."""
    found = [(rank, price) for price in table if (rank := _rank(price, model, host)) is not None]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _rank(price: Price, model: str, host: str | None) -> tuple[int, ...] | None:
    names = [_closeness(pattern) for pattern in price.model if _matches(pattern, model)]
    if not names or (price.host is not None and not (host and _matches(price.host, host))):
        return None
    return (*(_closeness(price.host) if price.host else (-1, 0)), *max(names))


def _matches(pattern: str, text: str) -> bool:
    return pattern.casefold() == text.casefold() or fnmatchcase(text.casefold(), pattern.casefold())


def _closeness(pattern: str) -> tuple[int, int]:
    return (0 if _GLOB.search(pattern) else 1, len(pattern))


@cache
def _shipped() -> tuple[Price, ...]:
    return _table(_SHIPPED)


def _table(path: Path) -> tuple[Price, ...]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"the price table {path} cannot be read ({error.strerror}); check the setting 'prices'") from None
    except UnicodeDecodeError:
        raise SettingsError(f"the price table {path} is not UTF-8 text; save it as UTF-8") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> tuple[Price, ...]:
    """A table from its TOML text. Raises SettingsError naming the file and the key."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the price table {name} is not valid TOML: {error}") from None
    unknown = sorted(set(document) - {"price"})
    if unknown:
        raise SettingsError(f"the price table {name} has '{unknown[0]}', which is not known; every entry begins with [[price]]")
    entries = document.get("price", [])
    if not isinstance(entries, list):
        raise SettingsError(f"the price table {name}: 'price' must be a list; write [[price]] with two brackets")
    return tuple(_price(entry, number, name) for number, entry in enumerate(entries, start=1))


def _price(entry: Any, number: int, name: str) -> Price:
    try:
        return Price.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "price"
        raise SettingsError(f"the price table {name}, entry {number}: '{key}': {first['msg']}") from None
