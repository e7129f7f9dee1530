"""Files as people have them: read right, or refused with one sentence that names the place and the remedy."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import json
import random
import struct
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from ingest_fuzz import damaged

from rootcause import ingest
from rootcause.errors import InputError
from rootcause.ingest import read
from rootcause.models import Columns, Intake

DATA = Path(__file__).parents[2] / "shared" / "data"

RUSSIAN = (
    "Курьер не приехал, а деньги списали",
    "Заказ №5 везли две недели; на вопросы никто не ответил.",
    "Звонил в поддержку три раза. Сказали: «ждите».\nЖду до сих пор, деньги не вернули, приложение не открывается!",
    "ОЧЕНЬ ПЛОХО! КАРТУ ЗАБЛОКИРОВАЛИ БЕЗ ПРЕДУПРЕЖДЕНИЯ | помогите",
    "Возврат оформили, но сумма пришла меньше,\tобъяснить не могут",
)
ENGLISH = (
    "The parcel came two weeks late and nobody at the café answered",
    "I paid £30 twice; support says “wait”.",
    "My card didn’t arrive.\nI called three times, was told it is on its way, and it still isn’t here!",
    "TERRIBLE SERVICE | the naïve promise of a refund was never kept",
    "Refund was smaller than agreed,\tno one can explain it",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "cp1251", "koi8-r", "cp866")
# Two complaints as Excel 97 wrote them (xlwt), packed.
XLS = (
    "c-rk)T}TvB6#nk)?7A-gtbc(9GDumOLTP~@>sn#Hl-Lgx5!C1mD7w3{PMAHEWj<99^;Gm?SkQ~rOFvXl&_fS_Q4c{7xb@gmP|$-q"
    "oqJ}+)Cyck!I*Ej=bn4+J>R`^f9KAd$)c&T`xO~1LNfxGwQ~`gXA=~1y+jn0Z`)G!;xGl<$EreZm<BQw#FPBjIdTl;cxRyCp8A3$"
    "@QK1v^rJnMG_@7PPHuxPWE)~61#Xa~0Oj1OVwPPjOIY6Jl22K-u;miV7?qt8M=%+0uW58=@nNNk^9mq&AF|H}wroWiUddT}=CW|g"
    "2C*aEqxY?{j7l{R<Dda;Gm~aorVDWk5nzZ=mq^qZ#uQ3vu*dP;)_`x`s(!Bd_La2@kp0I(d(L0%VH(86_N$5t48uOoi)0k}xTwmU"
    "AP#h!rZr7eA$MKV4DT^0)6gxGBFj8!ky%fqP9&{*;9$3@_3P;_vrp^N6Q*VjrnEuR>>beh$U)PShL%iqri>v{2L{cwX{>{&P<N><"
    ">K=7FNewZIHN;78B&}85qBg0u)ZlHDiczTsvU{cK*(XN+O=OM8vxWDf=z_f{pVw#}Ndtwf7x7AsQfExx`TBNmXGi=PTZZ}kaZaiA"
    "vQuE=tn?t~0?rArlsPr*v6<yLW?jpA1<O+EJc_G3%3Njl2$wm}xz$up1LIwM!#sT>>7!rvJ*pi29N$FxL|f)m>BRf^7^>*hG{|2*"
    "Bd8U%;`%j-$8j$f?vD16W%+NrTUd#@ZMWT{xDYdPJrjypIw{#ZVlJh)edVMAlnS_9ViDIfs$Vcyh<DeUFXj76Kfx@r&rT~cC0Q<%"
    "I4sH^SQKW7Fw5;Z7KK@YE{nn}SE#~fr5F#S3+>sz5P=ULK79D_;lqcI<$`eT1^i{G^0mSF?#^-l>&#G?^?#H6x7d#qJr>>3T9KqU"
    "jiIdO&l&`U$0e5N<NYs`I7GFl(Th%QM{m~imu?(l{`)N1G5YV8P`35YX4B4PuKy?9b@lH"
)


def write(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def table(rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def complaints(texts: Sequence[str]) -> list[list[object]]:
    header = ["id", "date", "text"]
    return [header, *([n, f"2024-03-{n:02}", text] for n, text in enumerate(texts, start=1))]


def xlsx(sheets: dict[str, Sequence[Sequence[object]]]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for index, row in enumerate(rows):
                sheet.write_row(index, 0, row)
    return out.getvalue()


def ods(rows: str) -> bytes:
    spaces = "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"' for short in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content{spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><m:manifest xmlns:m="urn:x"/>')
        archive.writestr("content.xml", content)
    return out.getvalue()


def ods_row(*cells: str, repeated: int = 1) -> str:
    inner = "".join(f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in cells)
    return f'<table:table-row table:number-rows-repeated="{repeated}">{inner}</table:table-row>'


def parquet(columns: dict[str, list[object]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def xls() -> bytes:
    import base64
    import zlib

    return zlib.decompress(base64.b85decode(XLS))


def with_column(values: Sequence[object], header: str, tmp_path: Path, **options: dict[str, str]) -> Intake:
    """A file whose column `header` holds `values`, with a text beside each."""
    rows = [
        ["text", header],
        *([f"My parcel number {n} never came", value] for n, value in enumerate(values)),
    ]
    return read(write(tmp_path / "column.csv", table(rows)), **options)


# ── encodings and delimiters ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("count", [2, 5])
def test_russian_in_any_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str, count: int) -> None:
    texts = [t.encode(encoding, "ignore").decode(encoding).removeprefix("\ufeff") for t in RUSSIAN[:count]]
    found = read(write(tmp_path / "a.csv", table(complaints(texts), delimiter).encode(encoding)))
    assert [c.text for c in found.complaints] == texts
    assert found.delimiter == delimiter
    assert found.encoding is not None
    expected = "utf-16-le" if encoding == "utf-16" else encoding
    assert codecs.lookup(found.encoding).name == codecs.lookup(expected).name


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "cp1252"])
@pytest.mark.parametrize("count", [2, 5])
def test_english_in_any_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str, count: int) -> None:
    found = read(write(tmp_path / "a.csv", table(complaints(ENGLISH[:count]), delimiter).encode(encoding)))
    assert tuple(c.text for c in found.complaints) == ENGLISH[:count]
    assert found.delimiter == delimiter


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866"])
def test_russian_in_capitals_only(tmp_path: Path, encoding: str) -> None:
    texts = [text.upper().encode(encoding, "ignore").decode(encoding) for text in RUSSIAN]
    found = read(write(tmp_path / "a.csv", table(complaints(texts)).encode(encoding)))
    assert [c.text for c in found.complaints] == texts


@pytest.mark.parametrize("text", ENGLISH[:4])
def test_one_western_complaint_with_few_special_letters(tmp_path: Path, text: str) -> None:
    found = read(write(tmp_path / "a.csv", table(complaints([text])).encode("cp1252")))
    assert found.complaints[0].text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "Moja karta została zablokowana i nikt nie odpowiada na moje zgłoszenie"),
        ("shift_jis", "カードが届かないし、誰も電話に出ません"),
        ("iso8859-5", "Карта не пришла и никто не отвечает на мои обращения"),
    ],
)
def test_an_unusual_encoding_is_asked_for_and_then_read(tmp_path: Path, encoding: str, text: str) -> None:
    path = write(tmp_path / "a.csv", table(complaints([text])).encode(encoding))
    with pytest.raises(InputError, match=rf"encoding cannot be told .*--encoding {encoding}"):
        read(path)
    assert read(path, encoding=encoding).complaints[0].text == text


def test_one_column_with_commas_in_the_text(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.csv", "text\nLate, broken, and rude\nNo answer\n"))
    assert found.delimiter is None
    assert found.complaints[0].text == "Late, broken, and rude"


def test_the_header_decides_between_delimiters(tmp_path: Path) -> None:
    content = "id;text, in full;date\n1;Late, and rude;2024-01-02\n2;Nobody answered my calls;2024-01-03\n"
    found = read(write(tmp_path / "a.csv", content))
    assert found.delimiter == ";"
    assert found.columns.text == "text, in full"


def test_excels_sep_line(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.csv", "sep=;\r\nid;text\r\n1;Nobody answered me\r\n"))
    assert (found.delimiter, found.complaints[0].line) == (";", 3)


# ── formats, told by content ──────────────────────────────────────────────────────────────────────


def test_xlsx_under_the_name_of_a_csv(tmp_path: Path) -> None:
    rows = [["id", "date", "text", "amount"], [7, dt.date(2024, 3, 1), RUSSIAN[0], 12.5]]
    found = read(write(tmp_path / "a.csv", xlsx({"empty": [], "data": rows})))
    only = found.complaints[0]
    assert (found.format, only.id, only.line, only.amount) == ("xlsx", "7", 2, 12.5)
    assert only.date == dt.date(2024, 3, 1)
    assert "Sheet 'data' was read" in found.notes[0]


def test_xls(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.xls", xls()))
    assert [(c.id, c.date, c.amount) for c in found.complaints] == [
        ("1", dt.date(2024, 3, 1), 12.5),
        ("2", dt.date(2024, 3, 2), 100),
    ]


def test_ods(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.ods", ods(ods_row("id", "text") + ods_row("a1", ENGLISH[0]))))
    assert (found.format, found.complaints[0].id) == ("ods", "a1")


def test_parquet_under_another_name(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "complaint_id": [1.0, 2.0],
        "created": [dt.datetime(2024, 3, 1, 12), None],
        "text": [ENGLISH[0], ""],
    }
    found = read(write(tmp_path / "a.csv", parquet(columns)))
    assert (found.format, found.complaints[0].id, found.complaints[0].line) == ("parquet", "1", 1)
    assert found.complaints[0].date == dt.date(2024, 3, 1)
    assert found.rejected[0].row == 2


def test_jsonl(tmp_path: Path) -> None:
    lines = [{"id": 5, "text": RUSSIAN[2]}, {"id": 6, "text": "Nobody called back", "rating": 2}]
    found = read(write(tmp_path / "a.txt", "\n\n".join(json.dumps(line) for line in lines)))
    assert [(c.id, c.line, c.score) for c in found.complaints] == [("5", 1, None), ("6", 3, 2)]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO("id,text\n1,Nobody answered me\n".encode("utf-16")))
    monkeypatch.setattr(sys, "stdin", stdin)
    found = read("-")
    assert (found.source, found.rows) == ("-", 1)


def test_records_need_no_disk() -> None:
    found = ingest.parse(b"id,text\n1,Nobody answered me\n", "mail")
    assert (found.header, found.rows, found.lines) == (("id", "text"), [["1", "Nobody answered me"]], [2])


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────

REFUSED = {
    "ragged": (b'id,text\n1,"two\nlines, quoted"\n2,one,more\n', "line 4: 3 cells where the header has 2; put"),
    "short row": (b"id,text\n1\n", "line 2: 1 cell where the header has 2"),
    "undecodable": ("id,text\n1,не".encode() + b"\xff" + "т\n".encode(), "line 2: byte 0xFF at offset 14 is not valid utf-8"),
    "cut letter": ("id,text\n1,Деньги не вернули".encode()[:-1], "line 2: byte 0xD0"),
    "NUL": (b"id,text\n1,no\n2,a\0b\n", "line 3: there is a NUL byte"),
    "unclosed quote": (b'id,text\n1,fine\n2,"never closed\n3,x\n', "line 3: .*never closed; close it"),
    "stray quote": (b'id,text\n1,"the "best" bank"\n', r'line 2: .*write it twice \(""\)'),
    "empty": (b"", "is empty"),
    "only spaces": (b"\xef\xbb\xbf \n\n", "is empty"),
    "header only": (b"id,text\n", "has a header but no rows"),
    "twin headers": (b"id,Text,text \n1,a,b\n", "line 1: two columns are headed 'text'"),
    "twin ids": (b"id,text\n7,Late again today\n8,b\n7,c\n", "lines 2 and 4: both have the id '7'"),
    "bad JSON": (b'{"text": "a"}\n{"text": \n', r"line 2: not valid JSON .*one complete object on each line"),
    "JSON list": (b'{"text": "a"}\n[1]\n', "line 2: not a JSON object"),
    "JSON twin": (b'{"text": "a", "text": "b"}\n', "line 1: .*'text' occurs twice"),
    "JSON surrogate": (b'{"text": "a\\ud800"}\n', "line 1: .*stands for no character"),
    "JSON deep": (b'{"text": ' + b"[" * 100_000 + b"\n", "line 1: not usable as JSON"),
    "JSON array": (b'[{"text": "a"}]', "is one JSON array; write one object a line"),
    "gzip": (b"\x1f\x8b\x08\x00abc", "is a gzip archive, not a table of rows; unpack it"),
    "html": (b"<html><table></table></html>", "is HTML or XML.*save it as XLSX"),
    "zip": (b"PK\x03\x04 nothing", "is a damaged XLSX or zip"),
    "parquet": (b"PAR1 nothing", r"is not a readable PARQUET file .*save or export it again"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is not a readable XLS file"),
    "no header": (b"13,12.11.2024 22:54,Nobody answered my call\n14,12.11.2024 23:00,b\n", "first line holds data"),
    "no text": (b"id,product,state\n1,card,OH\n2,loan,FL\n", "no column looks like the text .*'product'.*--text"),
    "two texts": (
        b"review,comment\nNobody answered my call,The parcel came late\nIt was broken too,They never called back\n",
        "'review', 'comment' could each be the complaints' text; name one with --text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_place_and_remedy(tmp_path: Path, case: str) -> None:
    content, message = REFUSED[case]
    path = write(tmp_path / "complaints.csv", content)
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(path)
    assert "\n" not in str(caught.value)


def test_missing_file_folder_and_locked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="does not exist; check the path"):
        read(str(tmp_path / "none.csv"))
    with pytest.raises(InputError, match="is a folder; give the file"):
        read(str(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        read("a\0b")

    def locked(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", locked)
    with pytest.raises(InputError, match="may not be read by you"):
        read("locked.csv")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.truncate(ingest.MAX_BYTES + 1)
    with pytest.raises(InputError, match="larger than 1 GB; split it"):
        read(str(path))


def test_unknown_encoding_and_ignored_encoding(tmp_path: Path) -> None:
    for wrong in ("klingon", "base64", "rot13"):
        with pytest.raises(InputError, match=f"--encoding {wrong} is not an encoding"):
            read(write(tmp_path / "a.csv", "text\nLate\n"), encoding=wrong)
    found = read(write(tmp_path / "a.xlsx", xlsx({"S": complaints(ENGLISH)})), encoding="cp1251")
    assert "--encoding has no meaning for xlsx" in found.notes[0]


def test_title_rows_above_the_header(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 1: only 1 of 3 header cells are filled; delete the title rows"):
        read(write(tmp_path / "a.xlsx", xlsx({"S": [["Report"], *complaints(ENGLISH)]})))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no cap on a process's memory")
@pytest.mark.parametrize("kind", ["zeros", "far cell xlsx", "far cell xls", "repeated ods"])
def test_bombs_are_refused_fast(tmp_path: Path, kind: str) -> None:
    if kind == "zeros":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", bytes(300 << 20))
        bomb = out.getvalue()
    elif kind == "far cell xlsx":
        bomb = rewritten(xlsx({"S": complaints(ENGLISH)}), b'r="C6"', b'r="XFD1048576"')
    elif kind == "far cell xls":
        cell = struct.pack("<HHHH", 0x00FD, 10, 2, 2)
        bomb = xls().replace(cell, struct.pack("<HHHH", 0x00FD, 10, 65535, 65535))
    else:
        bomb = ods(ods_row("text", "id") + ods_row(*["Late again"] * 50, repeated=1_048_575))
    path = write(tmp_path / "bomb", bomb)
    started = time.monotonic()
    with pytest.raises(InputError, match=r"save (the sheet|its table) as CSV|not a readable"):
        read(path)
    assert time.monotonic() - started < 2


def rewritten(archive: bytes, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for info in source.infolist():
            content = source.read(info)
            if info.filename.endswith("sheet1.xml"):
                assert old in content
                content = content.replace(old, new).replace(b'<row r="6"', b'<row r="1048576"')
            target.writestr(info.filename, content)
    return out.getvalue()


# ── columns ───────────────────────────────────────────────────────────────────────────────────────

shared = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is absent")


@shared
@pytest.mark.parametrize(
    ("file", "rows", "columns"),
    [
        ("cfpb/complaints.csv", 2974, Columns(
            text="consumer_complaint_narrative", id="complaint_id", date="date_received", channel="submitted_via")),
        ("ru_bank_reviews/reviews.csv", 1785, Columns(text="text", id="id", date="date", score="rating")),
        ("banking77/test.csv", 3080, Columns(text="text")),
    ],
)  # fmt: skip
def test_columns_of_real_files(file: str, rows: int, columns: Columns) -> None:
    found = read(str(DATA / file))
    assert found.columns == columns
    assert found.rows == rows


def test_columns_by_russian_headers(tmp_path: Path) -> None:
    rows = [
        ["№", "Дата обращения", "Канал", "Клиент", "Оценка", "Сумма", "Тема обращения", "Текст жалобы"],
        ["1", "01.03.2024", "чат", "ООО Ромашка", "2", "1 200,50 руб.", "доставка", RUSSIAN[0]],
        ["2", "02.03.2024 10:15", "почта", "ИП Иванов", "1", "300", "карты", RUSSIAN[1]],
    ]
    found = read(write(tmp_path / "a.csv", table(rows, ";").encode("cp1251")))
    first = found.complaints[0]
    assert (first.id, first.topic, first.channel, first.customer) == ("1", "доставка", "чат", "ООО Ромашка")
    assert (first.date, first.score, first.amount) == (dt.date(2024, 3, 1), 2, 1200.5)
    assert found.notes == ()


def test_text_by_content_alone_and_ids_that_are_unique(tmp_path: Path) -> None:
    rows = [["order_id", "product_id", "product", "what happened"]]
    rows += [[f"o{n}", "p1", "Debt collection of a bank", f"{text} {n}"] for n, text in enumerate(ENGLISH)]
    found = read(write(tmp_path / "a.csv", table(rows)))
    assert found.columns == Columns(text="what happened", id="order_id")


def test_columns_named_by_the_user(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,product,text,note\n1,cards,Nobody answered my call,Late again\n")
    found = read(path, columns={"text": "NOTE", "topic": "product", "id": ""})
    assert found.columns == Columns(text="note", topic="product")
    with pytest.raises(InputError, match="has no column 'notes' for --text; its columns are 'id', 'product'"):
        read(path, columns={"text": "notes"})
    with pytest.raises(InputError, match="--text needs a column"):
        read(path, columns={"text": ""})


# ── rows and values ───────────────────────────────────────────────────────────────────────────────


def test_every_row_ends_somewhere(tmp_path: Path) -> None:
    texts = ["Nobody answered", "", "  ", "NULL", "n/a", "-", "12345", "?!", "😡", "ok"]
    found = read(write(tmp_path / "a.csv", table([["id", "text"], *enumerate(texts)])), columns={"text": "text"})
    assert found.rows == len(texts)
    assert [c.text for c in found.complaints] == ["Nobody answered", "ok"]
    assert [r.row for r in found.rejected] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert {r.reason for r in found.rejected} == {
        "the text is empty",
        "the text is only the placeholder NULL",
        "the text is only the placeholder n/a",
        "the text has no words, only digits or signs",
    }


def test_ids_lines_and_blank_lines(tmp_path: Path) -> None:
    content = 'id,text\n1,"two\nlines here"\n\n,nobody answered me\n3,late again\n\n'
    found = read(write(tmp_path / "a.csv", content))
    assert [(c.row, c.line, c.id) for c in found.complaints] == [(1, 2, "1"), (2, 5, "row-2"), (3, 6, "3")]
    assert found.notes == (
        "Blank lines were passed over: 1, the first is line 4.",
        "1 cell of 'id' is empty, the first at line 5; those rows are named row-<number>.",
    )


@pytest.mark.parametrize(
    ("cells", "dates", "note"),
    [
        (["2024-03-01", "2024-03-02T10:11:12Z", "2024/3/4"], ["2024-03-01", "2024-03-02", "2024-03-04"], None),
        (["12.11.2024 22:54", "1.2.24", ""], ["2024-11-12", "2024-02-01", None], None),
        (["03/04/2024", "25/12/2023"], ["2024-04-03", "2023-12-25"], None),
        (["03/04/2024", "12/25/2023 5:01 PM"], ["2024-03-04", "2023-12-25"], None),
        (["03/04/2024", "05/06/2024"], ["2024-04-03", "2024-06-05"], "03/04/2024 can be read in two ways"),
        (["5 марта 2024", "12 Mar 2024", "March 7, 2024"], ["2024-03-05", "2024-03-12", "2024-03-07"], None),
        (["2024-01-01"] * 8 + ["31.02.2024", "soon"], ["2024-01-01"] * 8 + [None, None],
         "2 cells of 'date' are not a date and left out, the first at line 10"),
    ],
)  # fmt: skip
def test_dates(tmp_path: Path, cells: list[str], dates: list[str | None], note: str | None) -> None:
    found = with_column(cells, "date", tmp_path)
    assert [c.date and c.date.isoformat() for c in found.complaints] == dates
    assert len(found.notes) == (note is not None)
    assert note is None or note in found.notes[0]


@pytest.mark.parametrize(
    ("cells", "amounts"),
    [
        (["1 200,50 ₽", "300", "1.234"], [1200.5, 300, 1234]),
        (["$1,234.50", "1,234", "(5.00)", "-7"], [1234.5, 1234, -5, -7]),
        (["1.234", "0.5"], [1.234, 0.5]),
        (["1,234", "0,567", "10,000"], [1.234, 0.567, 10]),
        (["1,234,567", "1'000", "руб. 10"], [1234567, 1000, 10]),
        (["1"] * 8 + ["a lot", "1,2,3"], [1] * 8 + [None, None]),
    ],
)
def test_amounts(tmp_path: Path, cells: list[str], amounts: list[float | None]) -> None:
    found = with_column(cells, "amount", tmp_path)
    assert [c.amount for c in found.complaints] == amounts
    assert len(found.notes) == (None in amounts)


def test_excel_serials_and_epochs() -> None:
    from rootcause.ingest.values import read_dates

    cells: list[str | int | float | bool | None] = [
        45352,
        45352.5,
        1709280000,
        1709280000000,
        7,
        float("nan"),
    ]
    found = read_dates(cells)
    assert found.values == [dt.date(2024, 3, 1)] * 4 + [None, None]
    assert found.failed == [4]


def test_years_that_stand_for_no_date_are_none() -> None:
    """One row of the year 1 would stretch the period to millennia, and all rates with it."""
    from rootcause.ingest.values import read_dates

    cells: list[str | int | float | bool | None] = ["2026-04-01", "0001-01-01", "1900-01-01", "9999-12-31", 10**400, "02.04.2026"]
    found = read_dates(cells)
    assert [value and value.year for value in found.values] == [2026, None, None, None, None, 2026]
    assert found.failed == [1, 2, 3, 4]


def test_a_header_that_begins_with_a_number_is_a_header(tmp_path: Path) -> None:
    row = "17;12 500;Деньги списали дважды и никто не отвечает\n"
    survey = write(tmp_path / "survey.csv", f"id;1. Оценка;2. Что случилось\n{row}")
    assert read(survey).columns.text == "2. Что случилось"
    with pytest.raises(InputError, match="holds data where the headers should be"):
        read(write(tmp_path / "bare.csv", row * 2))


def test_a_hundred_thousand_rows_in_a_few_seconds(tmp_path: Path) -> None:
    rows = [["id", "date", "amount", "text"]]
    rows += [[str(n), "01/02/2024", "1 200,50", RUSSIAN[n % 5]] for n in range(100_000)]
    path = write(tmp_path / "a.csv", table(rows, ";").encode("cp1251", "ignore"))
    started = time.monotonic()
    assert read(path).rows == 100_000
    assert time.monotonic() - started < 8


# ── damage ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "rounds"),
    [
        ("csv", 200),
        ("cp1251", 200),
        ("utf16", 100),
        ("jsonl", 200),
        ("xlsx", 30),
        ("xls", 30),
        ("parquet", 12),
    ],
)
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, kind: str, rounds: int) -> None:
    rows = complaints(RUSSIAN)
    content = {
        "csv": lambda: table(rows).encode(),
        "cp1251": lambda: table(rows, ";").encode("cp1251"),
        "utf16": lambda: table(rows, "\t").encode("utf-16"),
        "jsonl": lambda: "\n".join(json.dumps({"id": n, "text": t}) for n, t in enumerate(RUSSIAN)).encode(),
        "xlsx": lambda: xlsx({"S": rows}),
        "xls": xls,
        "parquet": lambda: parquet({"id": [1, 2], "text": list(RUSSIAN[:2])}),
    }[kind]()
    chance = random.Random(kind)
    for _ in range(rounds):
        path = write(tmp_path / "damaged", damaged(content, chance))
        try:
            found = read(path)
        except InputError as error:
            assert str(error)
            assert "\n" not in str(error)
        else:
            assert found.rows >= 1
