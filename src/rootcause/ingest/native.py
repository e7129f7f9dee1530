"""Run as a script: opens a workbook or a Parquet file from standard input, writes its rows as JSON.

The native readers allocate what a file claims. One cell at the far corner of a sheet ends the whole
process (calamine aborts when 137 GB are not to be had), so they run in a process of their own with
a cap on its memory: a hostile file ends that process and becomes one sentence for the user.
Imports nothing of this package.
"""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any


def workbook(data: bytes) -> dict[str, Any]:
    """The first visible sheet with data (else the first hidden one); `first` is the sheet row of rows[0]."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    for meta in sorted(sheets, key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible):
        sheet = book.get_sheet_by_name(meta.name)
        rows = sheet.to_python()
        if sheet.start and any(cell != "" for row in rows for cell in row):
            others = [other.name for other in sheets if other.name != meta.name]
            return {"sheet": meta.name, "others": others, "first": sheet.start[0] + 1, "rows": rows}
    return {"sheet": None, "others": [], "first": 1, "rows": []}


def parquet(data: bytes) -> dict[str, Any]:
    """All columns; dates and bytes as text, so that no value depends on what Python's types can hold."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    columns = []
    for column in table.columns:
        kind = column.type
        if pa.types.is_temporal(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            column = column.cast(pa.string())
        columns.append(column.to_pylist())
    return {"first": 0, "rows": [table.column_names, *(list(row) for row in zip(*columns, strict=True))]}


def cap_memory(limit: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit; the process of its own remains
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(kind: str, limit: str, path: str) -> None:
    sys.path[:] = json.loads(path)
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # the others reserve more address space than the cap
    os.environ["RUST_BACKTRACE"] = "0"  # at the cap, collecting one needs memory and hangs
    cap_memory(int(limit))
    data = sys.stdin.buffer.read()
    try:
        result = (parquet if kind == "parquet" else workbook)(data)
    except MemoryError:
        raise
    except BaseException as error:
        result = {"error": str(error).strip().split("\n")[0], "kind": type(error).__name__}
    with io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8") as out:
        json.dump(result, out, default=str, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
