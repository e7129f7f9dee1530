"""Cells → values: text, dates and numbers, each judged over its whole column."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from rootcause.ingest.tables import Cell

T = TypeVar("T")

PLACEHOLDERS = frozenset({"null", "none", "nan", "nil", "n/a", "na", "#n/a", "н/д"})
ABSENT = frozenset({"", "-", "—", "null", "none", "nan", "n/a", "#n/a"})


class Values(NamedTuple, Generic[T]):
    """One value a row. failed: indices of cells that hold something else; doubt: a note on the reading."""

    values: list[T | None]
    failed: list[int]
    doubt: str | None = None


def plain(cell: Cell) -> str:
    """A cell as its author saw it: spreadsheets and pandas keep whole numbers as 1.0."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e17:
        return str(int(cell))
    return str(cell)


def label(cell: Cell) -> str | None:
    """A short value such as a channel or an id; None where there is none."""
    found = plain(cell).strip()
    return None if found.casefold() in ABSENT else found


def why_not_text(text: str) -> str | None:
    """The reason why a text cell cannot be analysed, None when it can."""
    stripped = text.strip()
    if not stripped:
        return "the text is empty"
    if stripped.casefold() in PLACEHOLDERS:
        return f"the text is only the placeholder {stripped}"
    if "\0" in stripped:
        return "the text holds a NUL character"
    if not any(character.isalpha() for character in stripped):
        return "the text has no words, only digits or signs"
    return None


# ── dates ─────────────────────────────────────────────────────────────────────────────────────────

_ZONE = r"\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
_CLOCK = rf"(?:,?[T\s]\s*\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?{_ZONE})?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_CLOCK}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_CLOCK}")
_DAY_NAME_YEAR = re.compile(rf"(\d{{1,2}})[\s-]([^\W\d_]{{3,}})[.,]?[\s-](\d{{4}})(?:\s*г\.?)?{_CLOCK}")
_NAME_DAY_YEAR = re.compile(rf"([^\W\d_]{{3,}})\.?\s(\d{{1,2}}),?\s(\d{{4}}){_CLOCK}")
_MONTHS = {
    name: number
    for names in (
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "янв фев мар апр май июн июл авг сен окт ноя дек",
        "янв фев мар апр мая июн июл авг сен окт ноя дек",
    )
    for number, name in enumerate(names.split(), start=1)
}
_YEARS = range(1980, 2100)  # of complaints; systems write 1900-01-01, 0001-01-01 or 9999-12-31 where they know no date
_EXCEL_EPOCH = dt.date(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 80_000)  # 1954 to 2119
_EPOCH_SECONDS = range(10**8, 10**11)
_EPOCH_MILLISECONDS = range(10**11, 10**14)


def read_dates(cells: Sequence[Cell]) -> Values[dt.date]:
    """03/04/2024 is read as the rest of its column is; a date with dots always begins with the day.

    A date of an impossible year fails like a cell that is none: one of the year 1 would stretch the period to millennia.
    """
    texts = [plain(cell).strip() for cell in cells]
    parts = [match for text in texts if (match := _YEAR_LAST.fullmatch(text)) and match[2] != "."]
    day_first = sum(int(match[1]) > 12 for match in parts)
    month_first = sum(int(match[3]) > 12 for match in parts)
    doubtful = next((match[0] for match in parts if match[1] != match[3]), None)
    doubt = None
    if doubtful and bool(day_first) == bool(month_first):
        order = "month/day" if month_first > day_first else "day/month"
        doubt = f"dates such as {doubtful} can be read in two ways and were read as {order}"
    values: list[dt.date | None] = []
    failed: list[int] = []
    for index, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        found = _date(cell, text, month_first=month_first > day_first)
        if found is not None and found.year not in _YEARS:
            found = None
        values.append(found)
        if found is None and text.casefold() not in ABSENT:
            failed.append(index)
    return Values(values, failed, doubt)


def _date(cell: Cell, text: str, *, month_first: bool) -> dt.date | None:
    try:
        if isinstance(cell, int | float):
            return _date_of_number(cell)
        if match := _YEAR_FIRST.fullmatch(text):
            return dt.date(int(match[1]), int(match[3]), int(match[4]))
        if match := _YEAR_LAST.fullmatch(text):
            first, second = int(match[1]), int(match[3])
            day, month = (second, first) if month_first and match[2] != "." else (first, second)
            return dt.date(_full_year(match[4]), month, day)
        if match := _DAY_NAME_YEAR.fullmatch(text):
            return dt.date(int(match[3]), _MONTHS[match[2][:3].casefold()], int(match[1]))
        if match := _NAME_DAY_YEAR.fullmatch(text):
            return dt.date(int(match[3]), _MONTHS[match[1][:3].casefold()], int(match[2]))
    except (ValueError, KeyError):  # 31.02.2024, or a word that is no month
        pass
    return None


def _full_year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 70 else 1900)


def _date_of_number(cell: float) -> dt.date | None:
    """Days as Excel counts them, or seconds or milliseconds as Unix does."""
    whole = int(cell) if abs(cell) < 1e15 else 0  # neither infinite nor longer than any clock's number
    if whole in _EXCEL_DAYS:
        return _EXCEL_EPOCH + dt.timedelta(days=whole)
    if whole in _EPOCH_SECONDS or whole in _EPOCH_MILLISECONDS:
        seconds = whole if whole in _EPOCH_SECONDS else whole // 1000
        return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).date()
    return None


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────

_NUMBER = re.compile(r"(?P<minus>[-−(]?)[^\d+(−-]{0,12}?(?P<sign>[-−+]?)(?P<digits>\d(?:[\d\s.,'’]*\d)?)[^\d]{0,12}")
_DECIMALS = {mark: re.compile(rf"\d[{mark}](\d{{1,2}}|\d{{4,}})(?!\d)(?![.,\d])|(?<!\d)0[{mark}]\d") for mark in ",."}
"""Marks that no thousands are set off by: before one digit, two or four, or after a lone nought."""
_GROUPS = re.compile(r"\d{1,3}(?:[\s.,'’]\d{3})+")


def read_numbers(cells: Sequence[Cell]) -> Values[float]:
    """1,234 and 1.234 are read as the rest of their column is."""
    texts = ["" if isinstance(cell, int | float) else plain(cell).strip() for cell in cells]
    decimal_comma = any(_DECIMALS[","].search(text) for text in texts) and not any(_DECIMALS["."].search(text) for text in texts)
    values: list[float | None] = []
    failed: list[int] = []
    for index, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        found = _number(cell, text, decimal_comma=decimal_comma)
        values.append(found)
        if found is None and plain(cell).strip().casefold() not in ABSENT:
            failed.append(index)
    return Values(values, failed)


def _number(cell: Cell, text: str, *, decimal_comma: bool) -> float | None:
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return float(cell) if abs(cell) < 1e300 else None
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits = _decimal_point(re.sub(r"\s", " ", match["digits"]), decimal_comma=decimal_comma)
    if digits is None:
        return None
    value = float(digits)
    negative = match["sign"] in ("-", "−") or match["minus"] in ("-", "−") or (match["minus"] == "(" and text.endswith(")"))
    return -value if negative else value


def _decimal_point(digits: str, *, decimal_comma: bool) -> str | None:
    """1 234,50 → 1234.50; None where the separators make no number."""
    marks = [mark for mark in digits if not mark.isdigit()]
    point = ""
    if marks and marks[-1] in ".," and marks.count(marks[-1]) == 1:
        alone = len(marks) == 1
        after = len(digits) - digits.rindex(marks[-1]) - 1
        before = digits.index(marks[-1])
        grouped = alone and after == 3 and 1 <= before <= 3 and digits[0] != "0"
        if not grouped or (marks[-1] == ",") == decimal_comma:
            point = marks[-1]
    whole, _, fraction = digits.rpartition(point) if point else (digits, "", "")
    if not whole.isdecimal():
        separators = {mark for mark in whole if not mark.isdigit()}
        if len(separators) != 1 or not _GROUPS.fullmatch(whole):
            return None
        whole = "".join(filter(str.isdigit, whole))
    return f"{whole}.{fraction}" if fraction else whole
