"""Bytes → text: a byte order mark, UTF-16 by its zero bytes, strict UTF-8, then chardet."""

from __future__ import annotations

import codecs
import re
from itertools import islice
from typing import NamedTuple

from rootcause.errors import InputError

EVIDENCE_BYTES = 100_000
CLEAR_LEAD = 1.25
POOR = 0.015  # one apostrophe in a page of English reaches 0.02

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
)
CYRILLIC = ("cp1251", "koi8-r", "cp866")
USUAL = (*CYRILLIC, "cp1252")
# Not decoded by guess, but named in the question when one of them fits clearly better than the usual ones.
FOREIGN = (
    "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859-5",
    "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr",
)  # fmt: skip


class Decoded(NamedTuple):
    text: str
    encoding: str


def decode(data: bytes, name: str, encoding: str | None = None) -> Decoded:
    """The text of `data` without its byte order mark, and the encoding it is in."""
    decoded = _named(data, name, encoding) if encoding else _found(data, name)
    if "\0" in decoded.text:
        line = _line_of(decoded.text[: decoded.text.index("\0")])
        raise InputError(
            f"{name}, line {line}: there is a NUL byte, so the file is damaged or not text; export it again as CSV in UTF-8."
        )
    return decoded


def _named(data: bytes, name: str, encoding: str) -> Decoded:
    try:
        codec = codecs.lookup(encoding)
        return Decoded(_strict(data, name, codec.name).removeprefix("\ufeff"), codec.name)
    except (LookupError, ValueError) as error:
        raise InputError(
            f"--encoding {encoding} is not an encoding of text that Python knows; use a name such as utf-8, cp1251 or cp1252."
        ) from error


def _found(data: bytes, name: str) -> Decoded:
    for mark, shown, codec in BOMS:
        if data.startswith(mark):
            return Decoded(_strict(data[len(mark) :], name, codec, skipped=len(mark)), shown)
    wide = _utf16(data)
    if wide:
        return Decoded(_strict(data, name, wide), wide)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        encoding = "utf-8" if _is_damaged_utf8(data) else _guess(data, name)
    return Decoded(_strict(data, name, encoding), encoding)


def _strict(data: bytes, name: str, encoding: str, skipped: int = 0) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = _line_of(data[: error.start].decode(encoding, errors="replace"))
        raise InputError(
            f"{name}, line {line}: byte 0x{data[error.start]:02X} at offset {error.start + skipped} is not "
            f"valid {encoding}; repair the file or name its real encoding with --encoding."
        ) from error


def _line_of(before: str) -> int:
    """The physical line on which the text after `before` stands."""
    return before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


def _utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: separators and line breaks have their zero byte always on the same side."""
    sample = data[: 1 << 16]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    # In a text, 3 % of the characters at least are spaces, digits or separators.
    if max(even, odd) < max(3, len(sample) * 0.015) or min(even, odd) * 20 > max(even, odd):
        return None
    # A damaged 8-bit file read as UTF-16 has no line breaks, a real table has.
    beginning = sample[: len(sample) // 2 * 2].decode(encoding, errors="replace")
    return encoding if "\n" in beginning or "\r" in beginning else None


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether valid sequences are at least as many as broken ones, which no 8-bit encoding produces."""
    text = data[: 1 << 20].decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    special = len(text) - len(text.encode("ascii", errors="ignore"))
    return special - broken >= broken > 0


def _guess(data: bytes, name: str) -> str:
    evidence = _evidence(data)
    scores = sorted(((_score(evidence, encoding), encoding) for encoding in USUAL), reverse=True)
    best, encoding = scores[0]
    reading = evidence.decode(encoding, errors="replace")
    rivals = [
        (score, rival)
        for score, rival in scores[1:] + [(_score(evidence, other), other) for other in FOREIGN]
        # An encoding that reads the same characters is no rival; a foreign one needs the lead itself.
        if score * (CLEAR_LEAD if rival in USUAL else 1 / CLEAR_LEAD) > best
        and evidence.decode(rival, errors="replace") != reading
    ]
    if best < POOR or rivals:
        named = max(rivals)[1] if rivals else encoding
        likely = " or ".join(dict.fromkeys((named, encoding)))
        raise InputError(
            f"{name}: its encoding cannot be told for sure (perhaps {likely}); name it, for instance with --encoding {named}."
        )
    return encoding


def _evidence(data: bytes) -> bytes:
    """The stretches with letters beyond ASCII: the rest of a file says nothing about its encoding."""
    found = re.finditer(rb"[\x80-\xff][^\n]{0,80}", data)
    stretches = (data[max(0, match.start() - 60) : match.end()] for match in islice(found, EVIDENCE_BYTES // 140))
    return b"\n".join(stretches)


def _score(evidence: bytes, encoding: str) -> float:
    """chardet's confidence in one encoding, judged on the reading in lower case.

    Its models know hardly any capitals: a Russian file in capitals comes out as another Cyrillic
    encoding, with confidence, unless each encoding is judged on its own lower-case reading.
    """
    import chardet

    try:
        reading = evidence.decode(encoding, errors="strict" if encoding in USUAL else "ignore")
    except UnicodeDecodeError:
        return 0.0
    if not _is_plausible(reading, encoding):
        return 0.0
    lowered = reading.lower().encode(encoding, errors="ignore")
    found = chardet.detect(lowered, include_encodings=[encoding, "ascii"], no_match_encoding="ascii")
    if not found["encoding"] or codecs.lookup(found["encoding"]).name == "ascii":
        return 0.0
    return float(found["confidence"])


def _is_plausible(reading: str, encoding: str) -> bool:
    """Cyrillic has a Cyrillic word somewhere; western letters with accents stand among plain ones."""
    if encoding in CYRILLIC:
        return re.search(r"[а-яё]{3}", reading, re.IGNORECASE) is not None
    if encoding == "cp1252":
        runs = [len(run) for run in re.findall(r"[À-ÿ]+", reading)]
        return sum(run for run in runs if run > 3) * 2 <= sum(runs)
    return True
