"""Records → values: the columns found, each row becomes a complaint or a rejected row."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from rootcause.errors import InputError
from rootcause.ingest.columns import choose
from rootcause.ingest.tables import Cell, Table
from rootcause.ingest.values import Values, label, plain, read_dates, read_numbers, why_not_text
from rootcause.models import Columns, Complaint, Intake, RejectedRow

T = TypeVar("T")


def interpret(table: Table, *, source: str, sha256: str, columns: Mapping[str, str] = {}) -> Intake:
    """The values of a table: each row becomes a complaint or a rejected row."""
    _refuse_data_as_header(table)
    roles = choose(table, columns)
    notes = list(table.notes)
    ids = _ids(table, roles.id, notes)
    dates = _noted(table, roles.date, read_dates, "a date", notes)
    scores = _noted(table, roles.score, read_numbers, "a number", notes)
    amounts = _noted(table, roles.amount, read_numbers, "a number", notes)
    exposures = _noted(table, roles.exposure, read_numbers, "a number", notes)
    doubt = _exposure_doubt(table, roles.exposure, dates, exposures)
    if doubt and columns.get("exposure"):
        raise InputError(f"{doubt}; correct it, or leave --exposure out.")
    if doubt:
        notes.append(f"{doubt}: the column is not used.")
        roles, exposures = roles.model_copy(update={"exposure": None}), [None] * len(table.rows)
    topics, channels, customers = (_labels(table, header) for header in (roles.topic, roles.channel, roles.customer))
    complaints: list[Complaint] = []
    rejected: list[RejectedRow] = []
    for index, text in enumerate(map(plain, table.column(roles.text))):
        row, line, reason = index + 1, table.lines[index], why_not_text(text)
        if reason:
            rejected.append(RejectedRow(row=row, line=line, id=ids[index], reason=reason))
            continue
        complaint = Complaint(
            row=row, line=line, id=ids[index], text=text, topic=topics[index], date=dates[index],
            channel=channels[index], customer=customers[index], score=scores[index], amount=amounts[index],
            exposure=exposures[index],
        )  # fmt: skip
        complaints.append(complaint)
    return Intake(
        source=source, sha256=sha256, format=table.format, encoding=table.encoding, delimiter=table.delimiter,
        columns=roles, complaints=tuple(complaints), rejected=tuple(rejected),
        notes=(*notes, *_header_doubt(roles)),
    )  # fmt: skip


def _refuse_data_as_header(table: Table) -> None:
    """A file without a header would lose its first complaint to it."""
    cells: list[Cell] = list(table.header)
    values = [
        *read_dates(cells).values,
        *read_numbers([cell for cell in cells if not any(sign.isalpha() for sign in str(cell))]).values,
    ]
    if any(value is not None for value in values):
        raise InputError(
            f"{table.name}: the first {table.unit} holds data where the headers should be; "
            "add a header line such as id,date,text."
        )


def _header_doubt(roles: Columns) -> tuple[str, ...]:
    if len(roles.text.split()) < 4 or not re.search(r"[.!?]$", roles.text.strip()):
        return ()
    return (f"The text column is headed '{roles.text}'; if that is a complaint, add a header line above it.",)


def _ids(table: Table, header: str | None, notes: list[str]) -> list[str]:
    """The id of each row; raises where two rows share one."""
    if header is None:
        return [str(row) for row in range(1, len(table.rows) + 1)]
    given = [label(cell) for cell in table.column(header)]
    ids = [found or f"row-{row}" for row, found in enumerate(given, start=1)]
    empty = [index for index, found in enumerate(given) if found is None]
    if empty:
        first = f"{table.unit} {table.lines[empty[0]]}"
        notes.append(f"{_of(len(empty), header)} empty, the first at {first}; those rows are named row-<number>.")
    lines: dict[str, int] = {}
    for found, line in zip(ids, table.lines, strict=True):
        if found in lines:
            raise InputError(
                f"{table.name}, {table.unit}s {lines[found]} and {line}: both have the id '{found}'; "
                f"make the ids in '{header}' unique, or name another column with --id "
                '(--id "" numbers the rows).'
            )
        lines[found] = line
    return ids


def _noted(
    table: Table,
    header: str | None,
    reader: Callable[[Sequence[Cell]], Values[T]],
    what: str,
    notes: list[str],
) -> Sequence[T | None]:
    """A column's values; cells that are none and doubts about the reading become a note each."""
    if header is None:
        return [None] * len(table.rows)
    found = reader(table.column(header))
    if found.failed:
        first = f"{table.unit} {table.lines[found.failed[0]]}"
        notes.append(f"{_of(len(found.failed), header)} not {what} and left out, the first at {first}.")
    if found.doubt:
        notes.append(f"In '{header}', {found.doubt}.")
    return found.values


def _exposure_doubt(
    table: Table, header: str | None, dates: Sequence[dt.date | None], exposures: Sequence[float | None]
) -> str | None:
    """Why a column cannot be the exposure of calendar months, None where it can or where there is none."""
    if header is None:
        return None
    if not any(dates):
        return f"{table.name}: '{header}' is the exposure of months, and no row has a date"
    seen: dict[str, tuple[int, float]] = {}
    for date, exposure, line in zip(dates, exposures, table.lines, strict=True):
        if date is None or exposure is None:
            continue
        if exposure <= 0:
            return f"{table.name}, {table.unit} {line}: the exposure in '{header}' is {exposure:g}, not above 0"
        first, other = seen.setdefault(f"{date:%Y-%m}", (line, exposure))
        if other != exposure:
            return (
                f"{table.name}, {table.unit}s {first} and {line}: '{header}' gives {date:%Y-%m} two exposures, "
                f"{other:g} and {exposure:g}"
            )
    return None


def _labels(table: Table, header: str | None) -> list[str | None]:
    if header is None:
        return [None] * len(table.rows)
    return [label(cell) for cell in table.column(header)]


def _of(count: int, header: str) -> str:
    return f"1 cell of '{header}' is" if count == 1 else f"{count} cells of '{header}' are"
