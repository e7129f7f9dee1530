"""A sheet that a person has filled in → its lines. The counterpart of `report.sheet`."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from rootcause.errors import InputError
from rootcause.ingest import load
from rootcause.ingest.tables import parse
from rootcause.ingest.values import plain
from rootcause.sheets import Line

_MADE_HARMLESS = re.compile(r"'(?='*[=+\-@\t\r\n＝＋－＠])")


def read_sheet(path: str, *, needed: Collection[str]) -> tuple[Line, ...]:
    """The filled rows of the first page of a workbook, or of a CSV file whatever its encoding and delimiter.

    Cells are text without blanks at either end, as they were before they were made harmless; headers are in lower case.
    Raises InputError when the file cannot be read, or lacks one of the headers `needed`.
    """
    table = parse(load(path), path, suffix=Path(path).suffix.lower())
    header = [title.casefold() for title in table.header]
    if missing := [title for title in needed if title.casefold() not in header]:
        raise InputError(f"{path} has no column '{missing[0]}'; give the sheet that was written, with its header as it was.")
    return tuple(
        Line(
            place=f"{path}, {table.unit} {line}",
            cells={title: _MADE_HARMLESS.sub("", plain(cell), count=1).strip() for title, cell in zip(header, row, strict=True)},
        )
        for line, row in zip(table.lines, table.rows, strict=True)
    )
