"""A sheet for a person to fill in: a workbook with drop-downs, or CSV. `ingest.sheet` reads it back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rootcause.errors import UserError
from rootcause.report.clean import cell
from rootcause.sheets import Cell, Choice, Page

_CELL = 32_767  # characters that a workbook's cell can hold
_LISTS = "lists"


def write_sheet(path: Path, pages: Sequence[Page], lists: Mapping[str, Sequence[str]] = {}) -> tuple[Path, ...]:
    """Writes the pages into a new workbook (.xlsx), or as CSV (.csv) with the pages after the first in files beside it.

    lists: what each `Choice` may be chosen from, by the list's name. Returns the files written.
    Raises UserError when a file is there already, cannot be written, or has another suffix.
    """
    suffix = path.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise UserError(f"{path} must end in .xlsx or .csv; name the sheet so.")
    if suffix == ".xlsx":
        contents = {path: _workbook(path, pages, lists)}
    else:
        first, *others = pages
        contents = {path: _csv(first)} | {path.with_name(f"{path.stem}.{page.title}.csv"): _csv(page) for page in others}
    for target, content in contents.items():
        _write_new(target, content)
    return tuple(contents)


def _write_new(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise UserError(f"{path} is there already and may hold somebody's work; choose another name, or remove it.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}); make room there or choose another folder.") from None


def _csv(page: Page) -> bytes:
    """With the byte order mark by which a spreadsheet knows UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(page.header)
    writer.writerows([cell(value) if isinstance(value, str) else value for value in map(_value, row)] for row in page.rows)
    return f"\ufeff{out.getvalue()}".encode()


def _workbook(path: Path, pages: Sequence[Page], lists: Mapping[str, Sequence[str]]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        formats = {
            "header": book.add_format({"bold": True, "bottom": 1, "valign": "top", "text_wrap": True}),
            "given": book.add_format({"valign": "top", "text_wrap": True, "num_format": "@"}),
            "open": book.add_format({"valign": "top", "text_wrap": True, "num_format": "@", "bg_color": "#FFF8DC", "border": 4}),
        }
        sheets = [book.add_worksheet(page.title) for page in pages]
        ranges = _write_lists(book, lists) if lists else {}
        for sheet, page in zip(sheets, pages, strict=True):
            _write_page(sheet, page, ranges, formats, path)
    return out.getvalue()


def _write_lists(book: Any, lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Each list in a column of a hidden sheet, since a drop-down's own list holds only 255 characters."""
    from xlsxwriter.utility import xl_range_abs

    sheet = book.add_worksheet(_LISTS)
    sheet.hide()
    for column, entries in enumerate(lists.values()):
        for row, entry in enumerate(entries):
            sheet.write_string(row, column, cell(entry))
    return {
        name: f"={_LISTS}!{xl_range_abs(0, column, len(entries) - 1, column)}"
        for column, (name, entries) in enumerate(lists.items())
    }


def _write_page(sheet: Any, page: Page, ranges: Mapping[str, str], formats: Mapping[str, Any], path: Path) -> None:
    sheet.freeze_panes(1, 0)
    for column, (title, width) in enumerate(zip(page.header, page.widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, formats["header"])
    drops: dict[tuple[int, str], list[int]] = {}
    for row, values in enumerate(page.rows, start=1):
        for column, value in enumerate(values):
            is_open = isinstance(value, Choice) or page.header[column] in page.open
            written = _value(value)
            if isinstance(written, str):
                if len(written) > _CELL:
                    raise UserError(
                        f"{path}: row {row + 1} would hold {len(written):,} characters in one cell, more than a workbook can; "
                        "write the sheet as .csv."
                    )
                sheet.write_string(row, column, cell(written), formats["open" if is_open else "given"])
            else:
                sheet.write_number(row, column, written, formats["open" if is_open else "given"])
            if isinstance(value, Choice):
                drops.setdefault((column, value.of), []).append(row)
    for (column, name), rows in drops.items():
        sheet.data_validation(
            rows[0], column, rows[0], column,
            {"validate": "list", "source": ranges[name], "error_type": "warning",
             "error_title": "Not in the list", "error_message": "Choose an entry of the list.",
             "other_cells": [(row, column, row, column) for row in rows[1:]]},
        )  # fmt: skip


def _value(value: Cell) -> str | int | float:
    return value.value if isinstance(value, Choice) else value
