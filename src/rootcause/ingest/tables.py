"""Bytes → records: the format is told by content, and every record knows the line where it begins."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rootcause.errors import InputError
from rootcause.ingest.decode import decode

Cell = str | int | float | bool | None

DELIMITERS = ",;\t|"
NO_DELIMITER = "\x1f"
SAMPLE_CHARACTERS = 1 << 16
MAX_UNPACKED = 256 << 20
# Real workbooks shrink to a tenth, or a fiftieth when they repeat themselves.
MAX_RATIO = 100
RATIO_MATTERS_FROM = 20 << 20
# Honest workbooks open at 10 MB of XML a second and more.
NATIVE_SECONDS = 20
NATIVE_BYTES_PER_SECOND = 1 << 20
# The cap on memory: address space that an interpreter with the reader takes, in MB, and a multiple of
# the unpacked bytes. Measured: 35 and 4 for XLSX; 500 and, Parquet being compressed, 20 for Parquet.
WORKBOOK_MEMORY = (200, 12)
PARQUET_MEMORY = (700, 40)

FOREIGN_FILES = (
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it first"),
    (b"%PDF-", "a PDF document", "export the table as CSV or XLSX"),
    (b"<", "HTML or XML", "open it in Excel and save it as XLSX or CSV"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds before any of it is interpreted. unit: what `lines` count, "line" or "row"."""

    name: str
    format: str
    encoding: str | None
    delimiter: str | None
    header: tuple[str, ...]
    rows: list[list[Cell]]
    lines: list[int]
    unit: str
    notes: tuple[str, ...] = ()

    def column(self, header: str) -> list[Cell]:
        index = self.header.index(header)
        return [row[index] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Record:
    line: int
    cells: Sequence[Cell]

    @property
    def blank(self) -> bool:
        return all(cell is None or cell == "" for cell in self.cells)


def parse(data: bytes, name: str, *, encoding: str | None = None, suffix: str = "") -> Table:
    """The table in `data`. suffix: the file's own, asked only where the content leaves a choice."""
    if not data or data.isspace():
        raise InputError(f"{name} is empty; give a file with a header and at least one row.")
    binary = _binary_format(data, name)
    if binary:
        table = _from_native(data, name, binary)
        return _with_note(table, f"--encoding has no meaning for {binary} and was ignored.") if encoding else table
    text, found = decode(data, name, encoding)
    beginning = text[:4096].lstrip()
    if not beginning and not text.strip():
        raise InputError(f"{name} is empty; give a file with a header and at least one row.")
    if beginning.startswith("{") or suffix in (".jsonl", ".ndjson"):
        return _jsonl(text, name, found)
    if re.match(r"\[\s*[{\]]", beginning):
        raise InputError(f"{name} is one JSON array; write one object a line (JSONL), for instance with jq -c '.[]'.")
    _refuse_foreign(beginning.encode(), name)
    return _delimited(text, name, found)


def _with_note(table: Table, note: str) -> Table:
    return replace(table, notes=(*table.notes, note))


# ── formats ───────────────────────────────────────────────────────────────────────────────────────


def _binary_format(data: bytes, name: str) -> str | None:
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if data.startswith(b"PK\x03\x04"):
        return _zipped_format(data, name)
    _refuse_foreign(data, name)
    return None


def _refuse_foreign(beginning: bytes, name: str) -> None:
    for magic, what, remedy in FOREIGN_FILES:
        if beginning.startswith(magic):
            raise InputError(f"{name} is {what}, not a table of rows; {remedy}.")


def _zipped_format(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: info.file_size for info in archive.infolist()}
            is_ods = "mimetype" in members and b"opendocument.spreadsheet" in archive.open("mimetype").read(100)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        LookupError,
    ) as error:
        raise InputError(f"{name} is a damaged XLSX or zip file; save or download it again.") from error
    unpacked = sum(members.values())
    if unpacked > MAX_UNPACKED or unpacked > max(RATIO_MATTERS_FROM, MAX_RATIO * len(data)):
        raise InputError(
            f"{name} would unpack from {len(data) / 1e6:.1f} to {unpacked / 1e6:,.0f} MB, which is too much "
            "for a workbook; save the sheet as CSV."
        )
    if "xl/workbook.xml" in members:
        return "xlsx"
    if is_ods:
        return "ods"
    if "xl/workbook.bin" in members:
        raise InputError(f"{name} is a binary workbook (XLSB); save it as XLSX.")
    raise InputError(f"{name} is a zip archive without a workbook; unpack it and give the file inside.")


def _from_native(data: bytes, name: str, format: str) -> Table:
    found = _run_native(data, name, format)
    records = [Record(found["first"] + index, cells) for index, cells in enumerate(found["rows"])]
    if format == "parquet":
        return _table(name, format, None, None, records, "row")
    if not records:
        raise InputError(f"{name} has no sheet with data; give a file with a header and at least one row.")
    header = next(record for record in records if not record.blank)
    filled = [cell for cell in header.cells if cell != ""]
    if len(header.cells) > 2 and len(filled) * 2 < len(header.cells):
        raise InputError(
            f"{name}, row {header.line}: only {len(filled)} of {len(header.cells)} header cells are filled; "
            "delete the title rows above the header."
        )
    table = _table(name, format, None, None, records, "row")
    if not found["others"]:
        return table
    others = ", ".join(f"'{other}'" for other in found["others"])
    return _with_note(table, f"Sheet '{found['sheet']}' was read; the other sheets were not: {others}.")


def _run_native(data: bytes, name: str, format: str) -> dict[str, Any]:
    """The native reader's answer; see `native` for why it runs in a process of its own."""
    unpacked = len(data)
    if format in ("xlsx", "ods"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    base, factor = PARQUET_MEMORY if format == "parquet" else WORKBOOK_MEMORY
    limit = (base << 20) + factor * unpacked
    script = Path(__file__).with_name("native.py")
    seconds = NATIVE_SECONDS + unpacked / NATIVE_BYTES_PER_SECOND
    command = [sys.executable, "-P", str(script), format, str(limit), json.dumps(sys.path)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{name} takes too long to open; save its table as CSV.") from error
    if done.returncode != 0:
        raise InputError(f"{name} cannot be opened: it is damaged or claims far more cells than it holds; save its table as CSV.")
    found: dict[str, Any] = json.loads(done.stdout)
    if found.get("kind") == "PasswordError":
        raise InputError(f"{name} is protected by a password; save it without one.")
    if "error" in found:
        raise InputError(f"{name} is not a readable {format.upper()} file ({found['error']}); save or export it again.")
    return found


# ── JSONL ─────────────────────────────────────────────────────────────────────────────────────────


def _jsonl(text: str, name: str, encoding: str) -> Table:
    objects: list[tuple[int, dict[str, Any]]] = []
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            objects.append((number, _json_object(line, f"{name}, line {number}")))
    header = list(dict.fromkeys(key for _, found in objects for key in found))
    records = [Record(objects[0][0], header)] if objects else []
    records += [Record(number, [_json_cell(found.get(key)) for key in header]) for number, found in objects]
    return _table(name, "jsonl", encoding, None, records, "line")


def _json_object(line: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(line, object_pairs_hook=_without_twins)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}: not valid JSON ({error.msg}, column {error.colno}); write one complete object on each line."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not usable as JSON ({error}); correct this line.") from error
    if not isinstance(found, dict):
        raise InputError(f'{where}: not a JSON object; write one object such as {{"text": "…"}} on each line.')
    if "\\u" in line and not _is_text(found):
        raise InputError(f"{where}: a \\u escape stands for no character; correct this line.")
    return found


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name '{twin}' occurs twice in one object")
    return found


def _is_text(value: object) -> bool:
    """Whether no string in `value` holds half a surrogate pair or a NUL."""
    if isinstance(value, dict):
        return all(_is_text(key) and _is_text(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_text(item) for item in value)
    return not isinstance(value, str) or not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)


def _json_cell(value: Any) -> Cell:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


# ── CSV and TSV ───────────────────────────────────────────────────────────────────────────────────


def _delimited(text: str, name: str, encoding: str) -> Table:
    declared = text[:6].lower().startswith("sep=") and text[5:6] in ("\r", "\n")
    delimiter = text[4] if declared else find_delimiter(text)
    records = list(_csv_records(text, name, delimiter or NO_DELIMITER))[1 if declared else 0 :]
    filled = [record for record in records if record.cells]
    for record in filled:
        if len(record.cells) != len(filled[0].cells):
            shown = "a tab" if delimiter == "\t" else f"'{delimiter}'"
            raise InputError(
                f"{name}, line {record.line}: {_cells(len(record.cells))} where the header has "
                f"{len(filled[0].cells)}; put cells that contain {shown} in quotes or correct this row."
            )
    return _table(name, "tsv" if delimiter == "\t" else "csv", encoding, delimiter, records, "line")


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _csv_records(text: str, name: str, delimiter: str) -> Iterator[Record]:
    # A complaint may be longer than the csv module's 128 KB; the file's own length bounds it here.
    csv.field_size_limit(max(csv.field_size_limit(), min(len(text), 2**31 - 1)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield Record(line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        if "end of data" in str(error):
            problem = "a quote is opened and never closed; close it"
        else:
            problem = 'a quote stands inside a quoted cell; write it twice ("")'
        raise InputError(f"{name}, line {line}: in the row that begins here {problem} or save as XLSX.") from error


def find_delimiter(text: str) -> str | None:
    """The delimiter, None for a single column.

    It occurs in the header outside quotes and gives all rows of a sample the same width. Where
    several do (or none), csv.Sniffer decides, then clevercsv, then the one that most rows agree with.
    """
    sample = _whole_records(text)
    header = "".join(_first_record(sample).split('"')[0::2])
    candidates = [delimiter for delimiter in DELIMITERS if delimiter in header]
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    agreement = {delimiter: _agreement(sample, delimiter) for delimiter in candidates}
    best = max(agreement.values())
    candidates = [delimiter for delimiter in candidates if agreement[delimiter] == best]
    if len(candidates) == 1:
        return candidates[0]
    return next((guess for guess in _sniffed(sample[:8192]) if guess in candidates), candidates[0])


def _sniffed(sample: str) -> Iterator[str]:
    import clevercsv

    for sniffer, failure in ((csv.Sniffer(), csv.Error), (clevercsv.Sniffer(), clevercsv.Error)):
        try:
            dialect = sniffer.sniff(sample, delimiters=DELIMITERS)
        except failure:
            continue
        if dialect is not None and dialect.delimiter:
            yield dialect.delimiter


def _record_ends(text: str) -> Iterator[int]:
    """Where lines end outside quotes: there the quotes so far are even in number."""
    position, quotes = 0, 0
    for line in io.StringIO(text, newline=""):
        position += len(line)
        quotes += line.count('"')
        if quotes % 2 == 0 and line.endswith(("\n", "\r")):
            yield position


def _whole_records(text: str) -> str:
    if len(text) <= SAMPLE_CHARACTERS:
        return text
    sample = text[:SAMPLE_CHARACTERS]
    return sample[: max(_record_ends(sample), default=len(sample))]


def _first_record(text: str) -> str:
    return text[: next(_record_ends(text), len(text))]


def _agreement(sample: str, delimiter: str) -> float:
    """The share of rows as wide as the header, 1 when all are."""
    try:
        widths = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return 0.0
    return widths.count(widths[0]) / len(widths) if widths else 0.0


# ── what all formats share ────────────────────────────────────────────────────────────────────────


def _table(name: str, format: str, encoding: str | None, delimiter: str | None, records: list[Record], unit: str) -> Table:
    """Header and rows of equal width; blank records are no rows, which a note says except at the end."""
    while records and records[-1].blank and (not records[-1].cells or format in ("xlsx", "xls", "ods")):
        records.pop()
    gaps = [record for record in records if not record.cells or (record.blank and format in ("xlsx", "xls", "ods"))]
    skipped = {record.line for record in gaps}
    header, *body = [record for record in records if record.line not in skipped] or [Record(1, ())]
    if not body:
        raise InputError(f"{name} has a header but no rows; add at least one row below it.")
    # An unnamed column without a single value is a trailing delimiter or a formatted margin, not a column.
    kept = [
        index
        for index, title in enumerate(header.cells)
        if title not in ("", None) or any(record.cells[index] not in ("", None) for record in body)
    ]
    titles = [str(header.cells[index] or "").strip() or f"column {index + 1}" for index in kept]
    _refuse_twins(titles, f"{name}, {unit} {header.line}")
    notes: tuple[str, ...] = ()
    if gaps:
        notes = (f"Blank {unit}s were passed over: {len(gaps)}, the first is {unit} {gaps[0].line}.",)
    return Table(
        name=name, format=format, encoding=encoding, delimiter=delimiter, header=tuple(titles),
        rows=[[record.cells[index] for index in kept] for record in body],
        lines=[record.line for record in body], unit=unit, notes=notes,
    )  # fmt: skip


def _refuse_twins(titles: list[str], where: str) -> None:
    seen: set[str] = set()
    for title in titles:
        if title.casefold() in seen:
            raise InputError(f"{where}: two columns are headed '{title}'; rename one of them.")
        seen.add(title.casefold())
