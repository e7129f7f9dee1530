"""The backlog's files: what people edit comes back whole, each importer gets its layout, foreign text stays text."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
import yaml
from backlog_case import RECOUNT, STALE, TEAMS, TODAY, UPDATE, economy, findings, fix, report
from jsonschema import Draft202012Validator
from python_calamine import CalamineWorkbook

from rootcause.backlog import workbook
from rootcause.backlog.editable import read_yaml, to_yaml
from rootcause.backlog.files import replace, write_new
from rootcause.backlog.items import items
from rootcause.backlog.layouts import Tracker, to_csv
from rootcause.backlog.markup import Markup, escaped
from rootcause.backlog.pages import body, markdown, team_pages
from rootcause.backlog.values import Backlog, PriorityMethod
from rootcause.backlog.zones import zones
from rootcause.errors import InputError, UserError
from rootcause.models import Quote
from rootcause.report.sheet import write_sheet

SCHEMA = Path(__file__).parents[1] / "docs" / "backlog.schema.json"
HOSTILE = '=HYPERLINK("https://evil.example","x")'
FOREIGN = (
    HOSTILE, "+1", "-1", "@SUM(A1)", "\t=1", "*bold* _i_ `code` [x](y) <b>b</b> # h", "line one\n\nline two: 'a' \"b\"",
    "\u202eevil", "№ 5 — «да», ёж", "1. one\n2) two", "- item\n+ item\n> quote", "null", "yes", "~", "a: b #c",
    "{{ 7*7 }} {% x %}",
)  # fmt: skip


def backlog(language: str = "en", money: bool = False) -> Backlog:
    run = report(language=language)
    found = findings(run, economy=economy(run) if money else None)
    return items(run, found, economics=None, method=PriorityMethod.WSJF, today=TODAY, teams=TEAMS)


def saying(text: str) -> Backlog:
    """A backlog whose foreign parts all say this."""
    made = backlog()
    said = {"title": text, "change": text, "problem": text, "cause_name": text, "team": text, "team_name": text}
    quoted = {"quotes": (Quote(row_id=text, text=text),), "row_ids": (text,)}
    return made.model_copy(update={"source": text, "items": tuple(item.model_copy(update=said | quoted) for item in made.items)})


def cells(document: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(document, newline="")))


# ── the file that people edit ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_editable_file_comes_back_whole(tmp_path: Path, language: str) -> None:
    made = backlog(language, money=True)
    path = tmp_path / "backlog.yaml"
    path.write_text(to_yaml(made), encoding="utf-8")
    assert read_yaml(path) == made


@pytest.mark.parametrize("text", FOREIGN)
def test_any_text_survives_the_editable_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "backlog.yaml"
    path.write_text(to_yaml(saying(text)), encoding="utf-8")
    assert read_yaml(path) == saying(text)


def broken(tmp_path: Path, change: object) -> Path:
    path = tmp_path / "backlog.yaml"
    content = yaml.safe_load(to_yaml(backlog()))
    change(content)  # type: ignore[operator]
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_a_mistake_in_the_file_is_named_with_its_item_and_field(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"item {STALE}, effort: .*'S', 'M' or 'L'; correct it"):
        read_yaml(broken(tmp_path, lambda content: content["items"][0].update(effort="huge")))
    with pytest.raises(InputError, match=f"item {STALE}, title: .*at most 255"):
        read_yaml(broken(tmp_path, lambda content: content["items"][0].update(title="x" * 256)))
    with pytest.raises(InputError, match=f"item {STALE}, titel: "):
        read_yaml(broken(tmp_path, lambda content: content["items"][0].update(titel="x")))
    with pytest.raises(InputError, match=f"the key '{STALE}' stands there twice"):
        read_yaml(broken(tmp_path, lambda content: content["items"].append(content["items"][0])))
    with pytest.raises(InputError, match="run: Field required"):
        read_yaml(broken(tmp_path, lambda content: content.clear()))


def test_what_is_not_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "backlog.yaml"
    path.write_text("run: x\nitems: [1,\nmade: }", encoding="utf-8")
    with pytest.raises(InputError, match="line 3: not valid YAML"):
        read_yaml(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path / "absent.yaml")


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_published_schema_is_up_to_date_and_holds() -> None:
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert published == Backlog.model_json_schema(), f"write Backlog.model_json_schema() to {SCHEMA.name} anew"
    Draft202012Validator(published).validate(json.loads(backlog(money=True).model_dump_json()))


# ── CSV for trackers ──────────────────────────────────────────────────────────────────────────────


def test_each_importer_gets_its_layout() -> None:
    headers = {tracker: to_csv(backlog(), tracker).splitlines()[0] for tracker in Tracker}
    assert headers == {
        Tracker.JIRA: "Summary,Issue Type,Priority,Labels,Labels,Labels,Description",
        Tracker.AZURE: "Work Item Type,Title,Priority,Tags,Description",
        Tracker.LINEAR: "Id,Team,Title,Description,Status,Estimate,Priority,Project,Creator,Assignee,Labels,Cycle Number,"
        "Cycle Name,Cycle Start,Cycle End,Created,Updated,Started,Completed,Canceled,Archived",
        Tracker.YOUTRACK: "Summary,Description,Type,Priority,Tags,Created",
    }


def test_every_item_is_a_row_with_its_words_and_key() -> None:
    made = backlog()
    title = {Tracker.JIRA: "Summary", Tracker.AZURE: "Title", Tracker.LINEAR: "Title", Tracker.YOUTRACK: "Summary"}
    for tracker in Tracker:
        rows = cells(to_csv(made, tracker))
        assert [row[title[tracker]] for row in rows] == [item.title for item in made.items]
        for row, item in zip(rows, made.items, strict=True):
            assert item.change.rstrip(".") in row["Description"] and item.quotes[0].row_id in row["Description"]
    assert [row["Id"] for row in cells(to_csv(made, Tracker.LINEAR))] == [item.key for item in made.items]
    assert [row["Estimate"] for row in cells(to_csv(made, Tracker.LINEAR))] == ["1", "3", "1", ""]
    assert cells(to_csv(made, Tracker.AZURE))[0]["Tags"] == f"rootcause; {STALE}; profile"


def test_priorities_are_in_each_trackers_words() -> None:
    made = backlog()
    urgent = {tracker: [row["Priority"] for row in cells(to_csv(made, tracker))] for tracker in Tracker}
    assert urgent[Tracker.JIRA] == urgent[Tracker.LINEAR] == ["High", "High", "Medium", "Low"]
    assert urgent[Tracker.AZURE] == ["1", "1", "2", "3"] and urgent[Tracker.YOUTRACK] == ["Major", "Major", "Normal", "Minor"]


def test_jira_labels_have_no_spaces_and_a_column_each() -> None:
    made = saying("two words, and more")
    first = next(csv.reader(io.StringIO(to_csv(made, Tracker.JIRA).split("\r\n", 1)[1], newline="")))
    assert first[3:6] == ["rootcause", made.items[0].key, "two-words-and-more"]


@pytest.mark.parametrize("tracker", list(Tracker))
@pytest.mark.parametrize("text", [HOSTILE, "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(tracker: Tracker, text: str) -> None:
    document = to_csv(saying(text), tracker)
    for row in csv.reader(io.StringIO(document, newline="")):
        assert not [cell for cell in row if re.match(r"[=+\-@\t\r]", cell)]


# ── descriptions ──────────────────────────────────────────────────────────────────────────────────


def test_a_description_says_all_that_the_item_holds() -> None:
    item = next(item for item in backlog(money=True).items if item.key == STALE)
    for markup in Markup:
        text = body(item, markup)
        for part in (
            item.change,
            "6 complaints",
            "£60.00",
            "(known from a labelled example)",
            "row c13",
            "At most",
            "December 2026",
        ):
            assert escaped(part, markup) in text, (markup, part)
        assert all(escaped(one.name, markup) in text and escaped(one.source, markup) in text for one in item.priority.inputs)
        assert all(escaped(row, markup) in text for row in item.row_ids)


def test_of_very_many_rows_the_rest_is_counted() -> None:
    item = backlog().items[0].model_copy(update={"row_ids": tuple(f"r{n}" for n in range(1000))})
    assert "r49, + 950" in body(item).replace("\\", "") and "r50" not in body(item)


def test_foreign_text_calls_nobody_and_closes_nothing() -> None:
    for text in (
        "@anna and @all see #12",
        "/close\n/assign @anna",
        "<!-- hidden --> <script>x</script>",
        "[x](http://evil.example)",
    ):
        page = body(saying(text).items[0])
        assert not re.search(r"@\w", page) and not re.search(r"(?<!\\)#\d", page)
        assert (
            not re.search(r"^/", page, re.MULTILINE)
            and "<script" not in page.replace("\\<", "")
            and not re.search(r"(?<!\\)\]\(", page)
        )
        assert "<script" not in body(saying(text).items[0], Markup.HTML)
        assert not re.search(r"(?<!\\)\[", body(saying(text).items[0], Markup.WIKI))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_page_shows_every_item_and_every_cause_without_one(language: str) -> None:
    made = backlog(language)
    page = markdown(made, language).replace("\\", "")
    assert all(f"## {place}. {item.title}" in page for place, item in enumerate(made.items, start=1))
    assert all(one.name.rstrip(".") in page for one in made.left_out)


def test_each_team_gets_its_own_page_and_only_that() -> None:
    run = report()
    found = findings(run, economy=economy(run))
    made = backlog(money=True)
    pages = team_pages(made, zones(run, found, made.items, teams=TEAMS), "en", currency="GBP")
    assert set(pages) == {"index.md", "checkout.md", "profile.md", "refunds.md", "no-team.md"}
    assert RECOUNT.rstrip(".") in pages["checkout.md"] and UPDATE.rstrip(".") not in pages["checkout.md"]
    assert "£60.00" in pages["profile.md"] and "15%" in pages["profile.md"]
    row = next(line for line in pages["index.md"].splitlines() if "profile.md" in line)
    assert row == "| [Customer profile and addresses](profile.md) | 15% | 7.8–27% | £60.00 (£48.00 to £72.00) | 1 |"


def test_two_teams_with_one_id_get_two_pages() -> None:
    run = report()
    found = zones(run, findings(run), backlog().items, teams=TEAMS)
    twin = found[0].model_copy(update={"name": "Another", "topics": ("bank-cards",), "share": found[0].share})
    pages = team_pages(backlog(), (*found, twin), "en", currency=None)
    assert {"delivery-checkout.md", "bank-cards-checkout.md"} <= set(pages)


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_workbook_holds_all_items_and_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "backlog.xlsx"
    made = saying(HOSTILE)
    write_sheet(path, workbook.pages(made))
    book = CalamineWorkbook.from_path(str(path))
    header, *rows = book.get_sheet_by_name("items").to_python()
    assert [row[header.index("title")] for row in rows] == [f"'{HOSTILE}"] * 4, "as text, not as what a formula gives"
    assert [row[header.index("key")] for row in rows] == [item.key for item in made.items]
    assert len(book.get_sheet_by_name("chains").to_python()) == 1 + 4 * 3
    assert len(book.get_sheet_by_name("rows").to_python()) == 1 + 4
    assert len(book.get_sheet_by_name("without an item").to_python()) == 1 + 2


def test_no_file_is_written_over_and_none_where_one_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=r"b\.md is there already"):
        write_new({tmp_path / "a.md": "new", tmp_path / "b.md": "new"})
    assert (tmp_path / "b.md").read_text(encoding="utf-8") == "mine" and not (tmp_path / "a.md").exists()
    write_new({tmp_path / "c.md": "secret"}, private=True)
    assert (tmp_path / "c.md").stat().st_mode & 0o077 == 0
    with pytest.raises(UserError, match="cannot be written"):
        replace(tmp_path / "b.md" / "c.yaml", "x")


def test_a_file_brought_up_to_date_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "backlog.yaml"
    path.write_text("old", encoding="utf-8")
    replace(path, "new")
    assert path.read_text(encoding="utf-8") == "new" and list(tmp_path.iterdir()) == [path]


def test_a_fix_of_any_language_keeps_its_letters() -> None:
    run = report(language="ru")
    found = findings(run, fixes=(fix(run, STALE, text="Обновлять карточки адресов, когда меняется профиль."),))
    made = items(run, found, economics=None, method=PriorityMethod.RICE, today=TODAY)
    assert "Обновлять карточки адресов, когда меняется профиль" in to_csv(made, Tracker.YOUTRACK)
    assert "Обновлять" in to_yaml(made)
