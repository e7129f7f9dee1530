"""The report's wording in English and Russian, and how numbers, money and days are written. The tables are in words_*.py."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from rootcause.report import (
    words_causes,
    words_effect,
    words_evidence,
    words_map,
    words_method,
    words_page,
    words_terminal,
    words_todo,
)
from rootcause.report.wordforms import Form

LANGUAGES = ("en", "ru")

TABLE: Mapping[str, tuple[Form, Form]] = {
    **words_page.TABLE,
    **words_causes.TABLE,
    **words_todo.TABLE,
    **words_evidence.TABLE,
    **words_map.TABLE,
    **words_method.TABLE,
    **words_terminal.TABLE,
    **words_effect.TABLE,
}

_LEAST, _FEW, _NEARLY_ALL = 0.001, 0.0995, 0.995
_UNLIKELY = 0.01
_LEAST_P = 0.001
_ROUND_SUM = 10  # from here on nobody cares for the smallest coin


@dataclass(frozen=True)
class Words:
    """The wording of one language: called with a key it gives the sentence."""

    language: str

    def __call__(self, key: str, /, count: int | None = None, **values: object) -> str:
        """count: the number that decides on the plural, written as {n}; a sentence without plurals may name it {count}."""
        form = TABLE[key][LANGUAGES.index(self.language)]
        if isinstance(form, str):
            return form.format(count=self.number(count or 0), **self._written(values))
        return form[self._locale.plural_form(count or 0)].format(n=self.number(count or 0), **self._written(values))

    def number(self, value: float, digits: int = 0) -> str:
        return format_decimal(round(value, digits), locale=self._locale)

    def percent(self, share: float) -> str:
        """Two meaningful digits; never 100 % for less than all, nor 0 % for more than nothing."""
        shown, pattern = _rounded(share)
        return format_percent(shown, _percent_sign(self.language, pattern), locale=self._locale)

    def estimate(self, value: float, low: float, high: float) -> str:
        """A share with its interval, alone where it has none: that of a census, which would look like certainty."""
        return self.percent(value) if low == high else f"{self.percent(value)} ({self.interval(low, high)})"

    def interval(self, low: float, high: float) -> str:
        if low == high:
            return "–"
        return f"{self.percent(low).rstrip('%').rstrip()}–{self.percent(high)}"

    def chance(self, probability: float) -> str:
        """A simulated probability in whole per cent; what the draws cannot tell from never or always is not called so."""
        if probability < _UNLIKELY:
            return f"<{self.percent(_UNLIKELY)}"
        if probability > 1 - _UNLIKELY:
            return f">{self.percent(1 - _UNLIKELY)}"
        return format_percent(probability, _percent_sign(self.language, "0"), locale=self._locale)

    def p_value(self, p: float) -> str:
        """With its sign of relation: "= 0.03", "< 0.001"."""
        return f"< {self.number(_LEAST_P, 3)}" if p < _LEAST_P else f"= {self.number(p, 3 if p < _UNLIKELY else 2)}"

    def ranks(self, best: int, worst: int) -> str:
        """A rank set: "2–5"."""
        return f"{best}" if best == worst else f"{best}–{worst}"

    def day(self, moment: dt.datetime) -> str:
        """In UTC, which is also what a moment without a time zone is taken for."""
        return format_datetime(moment, "d MMMM y, HH:mm 'UTC'", tzinfo=dt.UTC, locale=self._locale)

    def date(self, date: dt.date) -> str:
        return format_date(date, "d MMM y", locale=self._locale)

    def period(self, start: dt.date, unit: str) -> str:
        """A month by its name, a week by its first day."""
        return format_date(start, "LLL y" if unit == "month" else "d MMM y", locale=self._locale)

    def since(self, start: dt.date, unit: str) -> str:
        """The same after "since"."""
        return format_date(start, "MMMM y" if unit == "month" else "d MMMM y", locale=self._locale)

    def price(self, amount: float | None, currency: str) -> str:
        if amount is None:
            return self("price_unknown")
        smallest = 10.0 ** -get_currency_precision(currency)
        if 0 < amount < smallest:
            return self("less_than", amount=format_currency(smallest, currency, locale=self._locale))
        return format_currency(amount, currency, locale=self._locale)

    def paid(self, amount: float | None, currency: str) -> str:
        """What a run cost: free where nothing was paid."""
        return self("free") if amount == 0 else self.price(amount, currency)

    def money(self, amount: float, currency: str) -> str:
        """A sum in whole units, a small one to the smallest coin."""
        if 0 < abs(amount) < _ROUND_SUM:
            return self.price(amount, currency)
        whole = self._locale.currency_formats["standard"].pattern.replace(".00", "")
        return format_currency(amount, currency, whole, locale=self._locale, currency_digits=False)

    def sums(self, low: float, high: float, currency: str) -> str:
        """The interval of a sum."""
        return f"{self.money(low, currency)} – {self.money(high, currency)}"

    def duration(self, seconds: float) -> str:
        minutes, rest = divmod(round(seconds), 60)
        if minutes:
            return self("minutes", minutes=minutes, seconds=rest)
        return self("seconds", seconds=self.number(seconds, 1))

    def _written(self, values: Mapping[str, object]) -> dict[str, object]:
        return {name: self._one(value) for name, value in values.items()}

    def _one(self, value: object) -> object:
        return self.number(value) if isinstance(value, int | float) else value

    @property
    def _locale(self) -> Locale:
        return _locale(self.language)


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


def words_for(language: str) -> Words:
    """Russian for "ru" and its variants, English for everything else."""
    code = language.lower().replace("_", "-").split("-")[0]
    return Words(code if code in LANGUAGES else LANGUAGES[0])


def _rounded(share: float) -> tuple[float, str]:
    """The share as it can be shown, and the digits to show: a tenth of a per cent near nothing and near all."""
    if 0 < share < _FEW:
        return max(share, _LEAST), "0.#"
    if _NEARLY_ALL <= share < 1:
        return min(share, 1 - _LEAST), "0.#"
    return share, "0"


def _percent_sign(language: str, pattern: str) -> str:
    return f"{pattern}\u00a0%" if language == "ru" else f"{pattern}%"
