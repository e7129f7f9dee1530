"""The sheet of labelled complaints: what is written comes back, what is wrong is named with its row, nothing is taken twice."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli import SHIPPED, rootcause
from made_pack import labelled, pack_on_disk, phrase, unlike
from python_calamine import CalamineWorkbook

from rootcause import embed
from rootcause.fewshot.files import Drafted, Rejected
from rootcause.fewshot.load import load
from rootcause.ingest.sheet import read_sheet
from rootcause.labelling.form import ACCEPT, EDIT, HEADER, REJECT, Entry, lists, pages
from rootcause.labelling.review import Review, review
from rootcause.models import Basis, Chain, Example, NothingReason, Pack, Sign, SignKind
from rootcause.report.sheet import write_sheet
from rootcause.sheets import Line

TODAY = dt.date(2026, 11, 22)
Row = dict[str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return pack_on_disk(tmp_path_factory.mktemp("packs"))


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "encode", unlike)


def draft(number: int, cause: str = "late") -> Example:
    return labelled(f"post-{number:03}", cause)


def with_step(chain: Chain, place: int, **changes: Any) -> Chain:
    steps = list(chain.steps)
    steps[place] = steps[place].model_copy(update=changes)
    return chain.model_copy(update={"steps": tuple(steps)})


def through(path: Path, pack: Pack, entries: list[Entry]) -> tuple[Line, ...]:
    """The entries written to a sheet and read again."""
    whole = pages(entries, pack.topic)
    write_sheet(path, whole if path.suffix == ".xlsx" else whole[:1], lists(pack.topic))
    return read_sheet(str(path), needed=HEADER)


def came(pack: Pack, lines: tuple[Line, ...], drafted: tuple[Drafted, ...] = (), rejected: tuple[Rejected, ...] = ()) -> Review:
    return review(pack, drafted, rejected, lines, TODAY)


def rows(*entries: Entry, pack: Pack) -> list[Row]:
    page = pages(list(entries), pack.topic)[0]
    values = [[cell.value if hasattr(cell, "value") else str(cell) for cell in row] for row in page.rows]
    return [dict(zip(HEADER, row, strict=True)) for row in values]


def as_lines(found: list[Row]) -> tuple[Line, ...]:
    return tuple(Line(place=f"row {number}", cells=row) for number, row in enumerate(found, start=2))


# ── there and back ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
@pytest.mark.parametrize("topic", ["bank-cards", "delivery"])
def test_unchanged_sheet_changes_nothing(tmp_path: Path, topic: str, suffix: str) -> None:
    pack = load(SHIPPED / topic)
    lines = through(tmp_path / f"sheet{suffix}", pack, [Entry(example=e, decision=ACCEPT) for e in pack.examples])
    found = came(pack, lines)
    assert found.examples == pack.examples and set(found.unchanged) == {e.id for e in pack.examples}
    assert (found.added, found.changed, found.removed, found.problems) == ((), (), (), ())


def odd() -> Example:
    """Everything a sheet could take for something else."""
    text = (
        '=HYPERLINK("http://x.example","click") I paid  twice;\tand "twice" more,\nwithout a word from anybody in the office at '
        "all, they said; +7 900 was the number -- @ noon. Деньги не вернули: 'ни рубля'. _x000D_ \u202e😊 1,5"
    )
    first = labelled("post-900", "late")
    chain = first.chains[0]
    chain = with_step(chain, 0, cause="+ They paid for the same thing once more.", evidence="without a word from anybody")
    chain = with_step(chain, 1, cause="-1 is what the till showed them.", countermeasure="@home: say so.")
    second = with_step(labelled("post-901", "lost").chains[0], 0, basis=Basis.INFERRED, evidence=None)
    signs = (Sign(kind=SignKind.LOSS, quote="Деньги не вернули"), Sign(kind=SignKind.REPEAT, quote="'ни рубля'"))
    return first.model_copy(update={"text": text, "chains": (chain, second), "signs": signs})


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_nothing_is_lost_on_the_way(tmp_path: Path, made: Pack, suffix: str) -> None:
    praise = labelled("post-902", "late").model_copy(update={"chains": (), "nothing_to_explain": NothingReason.PRAISE})
    lines = through(tmp_path / f"s{suffix}", made, [Entry(example=odd(), decision=ACCEPT), Entry(example=praise, decision=EDIT)])
    found = came(made, lines)
    assert found.problems == () and found.added == ("post-900", "post-902") and found.edited == 1
    taken = {example.id: example for example in found.examples}
    assert taken["post-900"] == odd() and taken["post-902"] == praise


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_what_a_cell_cannot_hold_is_not_lost_either(tmp_path: Path, made: Pack, suffix: str) -> None:
    """Control characters and blanks at the ends stay in an example that the reviewer left alone."""
    text = f"  '=1+1\x0b {made.examples[0].text}\r\nBye \n"
    example = made.examples[0].model_copy(update={"text": text})
    pack = made.model_copy(update={"examples": (example, *made.examples[1:])})
    found = came(pack, through(tmp_path / f"s{suffix}", pack, [Entry(example=example, decision=ACCEPT)]))
    assert found.unchanged == (example.id,) and found.examples == pack.examples


def test_no_cell_is_a_formula(tmp_path: Path, made: Pack) -> None:
    through(tmp_path / "s.csv", made, [Entry(example=odd(), decision=ACCEPT)])
    with (tmp_path / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@") and cell[:1] != "'"]
    assert any(cell.startswith("'=HYPERLINK") for cell in cells)


def test_workbook_offers_choices_and_says_how(tmp_path: Path, made: Pack) -> None:
    blank = draft(101).model_copy(update={"chains": ()})
    russian = made.model_copy(update={"topic": made.topic.model_copy(update={"language": "ru"})})
    through(tmp_path / "s.xlsx", russian, [Entry(example=blank)])
    book = CalamineWorkbook.from_path(str(tmp_path / "s.xlsx"))
    shown = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    assert [row[0] for row in shown["causes"][1:]] == [cause.id for cause in made.topic.causes]
    assert "Каждая жалоба" in shown["how to"][1][0]
    columns = [{row[i] for row in shown["lists"]} - {""} for i in range(4)]
    assert {"accept", "edit", "reject"} in columns and {"stated", "precedent", "inferred"} in columns
    assert any({"late", "new", "external", "nothing:praise", "nothing:spam", "nothing:empty"} <= column for column in columns)
    assert [row[6] for row in shown["complaints"][1:6]] == [1, 2, 3, 4, 5], "five whys to fill in"


def test_sheet_saved_by_a_russian_excel(tmp_path: Path, made: Pack) -> None:
    """Semicolons, an old code page, dates as the country writes them."""
    one = draft(101).model_copy(update={"text": f"Деньги не вернули. {draft(101).text}", "date": dt.date(2026, 5, 17)})
    page = rows(Entry(example=one, decision=ACCEPT), pack=made)
    page[0]["date"] = "17.05.2026"
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, delimiter=";")
    writer.writeheader()
    writer.writerows(page)
    (tmp_path / "s.csv").write_bytes(out.getvalue().encode("cp1251"))
    found = came(made, read_sheet(str(tmp_path / "s.csv"), needed=HEADER))
    assert found.problems == () and found.examples[-1] == one


# ── decisions ─────────────────────────────────────────────────────────────────────────────────────


def test_decisions_and_the_same_sheet_again(made: Pack) -> None:
    drafts = [draft(101), draft(102, "lost"), draft(103, "cold"), draft(104)]
    waiting = tuple(Drafted(id=e.id, text=e.text, sheet="s.xlsx") for e in drafts)
    decisions = (ACCEPT, EDIT, REJECT, "")
    page = rows(*(Entry(example=e, decision=d) for e, d in zip(drafts, decisions, strict=True)), pack=made)
    next(row for row in page if row["id"] == "post-103")["note"] = "not ours"
    found = came(made, as_lines(page), waiting)
    assert found.added == ("post-101", "post-102") and found.edited == 1
    assert found.examples == (*made.examples, *drafts[:2])
    assert found.rejected == (Rejected(id="post-103", text=drafts[2].text, note="not ours"),)
    assert found.undecided == ("post-104",) and [entry.id for entry in found.drafted] == ["post-104"]
    after = made.model_copy(update={"examples": found.examples})
    again = came(after, as_lines(page), found.drafted, found.rejected)
    assert again.examples == found.examples and again.rejected == found.rejected and again.drafted == found.drafted
    assert again.added == again.changed == again.refused == () and again.unchanged == ("post-101", "post-102")
    page[next(i for i, row in enumerate(page) if row["id"] == "post-103")]["decision"] = "Accept"
    mind_changed = came(after, as_lines(page), found.drafted, found.rejected)
    assert mind_changed.added == ("post-103",) and mind_changed.rejected == ()


def test_changed_and_rejected_examples(made: Pack) -> None:
    entries = [Entry(example=e, decision=ACCEPT) for e in made.examples[:3]]
    page = rows(*entries, pack=made)
    page[1]["why"] = f"Then {phrase(random.Random('changed'), 9)}."
    next(row for row in page if row["id"] == made.examples[2].id)["decision"] = REJECT
    found = came(made, as_lines(page))
    assert found.changed == (made.examples[0].id,) and found.unchanged == (made.examples[1].id,)
    assert found.removed == (made.examples[2].id,) and found.rejected[0].text == made.examples[2].text
    assert found.examples[0].chains[0].steps[1].cause == page[1]["why"]
    assert found.examples[1:] == (made.examples[1], *made.examples[3:])


def test_rows_may_be_sorted_inserted_and_left_empty(made: Pack) -> None:
    page = rows(Entry(example=odd(), decision=ACCEPT), Entry(example=draft(101), decision=ACCEPT), pack=made)
    inserted = {**dict.fromkeys(HEADER, ""), "why": f"And {phrase(random.Random('in'), 9)}.", "basis": "Inferred"}
    page.insert(2, inserted)
    page += [dict.fromkeys(HEADER, ""), {**dict.fromkeys(HEADER, ""), "id": "post-101", "step": "9", "basis": "stated"}]
    found = came(made, as_lines(page))
    assert found.problems == ()
    steps = found.examples[-1].chains[0].steps
    assert found.examples[-1].id == "post-900"
    assert [step.cause for step in steps] == [*(s.cause for s in odd().chains[0].steps[:2]), inserted["why"], steps[3].cause]
    page[2] |= {"id": "post-900", "chain": "1", "step": "2.5"}
    mixed = came(made, as_lines(random.Random(3).sample(page, len(page))))
    assert mixed.problems == ()
    for one, other in zip(mixed.examples[-2:], found.examples[-2:], strict=True):
        assert (one.id, one.text, one.chains, set(one.signs)) == (other.id, other.text, other.chains, set(other.signs))


def test_complaints_typed_in_get_the_next_id(made: Pack) -> None:
    page = rows(Entry(example=draft(1), decision=ACCEPT), Entry(example=draft(2, "lost"), decision=ACCEPT), pack=made)
    for row in page:
        row["id"] = ""
        row["date"] = ""
    examples = tuple(example.model_copy(update={"id": f"post-{i:03}"}) for i, example in enumerate(made.examples, start=1))
    numbered = made.model_copy(update={"examples": examples})
    found = came(numbered, as_lines(page), (Drafted(id="post-101", text="waiting", sheet="x"),))
    assert found.added == ("post-102", "post-103") and found.examples[-1].date == TODAY
    again = came(numbered.model_copy(update={"examples": found.examples}), as_lines(page))
    assert again.added == () and again.unchanged == ("post-102", "post-103")


# ── what is wrong ─────────────────────────────────────────────────────────────────────────────────


def drop(*names: str) -> Callable[[list[Row]], None]:
    return lambda page: page[1].update(dict.fromkeys(names, ""))


def put(place: int, **cells: str) -> Callable[[list[Row]], None]:
    return lambda page: page[place].update(cells)


MISTAKES: dict[str, tuple[Callable[[list[Row]], None], str, str, str]] = {
    "decision": (put(0, decision="maybe"), "row 2", "'maybe' is no decision", "Choose one of accept, edit, reject"),
    "two decisions": (put(1, decision="reject"), "row 2", "'accept and reject' is no decision", "Choose"),
    "date": (put(0, date="someday"), "row 2", "'someday' is not a date", "2026-05-17"),
    "text": (put(0, text=""), "row 2", "has no text", "first row"),
    "cause": (put(0, cause=""), "row 2", "Chain 1 has no cause", "Choose its cause"),
    "two causes": (put(1, cause="lost"), "row 3", "two causes, 'late' and 'lost'", "Keep the one"),
    "unknown cause": (put(0, cause="unheard"), "row 2", "'unheard' is not in the catalogue", "Use an id of the catalogue"),
    "reason": (put(0, cause="nothing:much"), "row 2", "'nothing:much' is no reason", "nothing:praise"),
    "nothing and a chain": (put(0, cause="nothing:spam"), "row 2", "Chain 1 has no cause", "Choose its cause"),
    "basis": (drop("basis"), "row 3", "has no basis", "stated, precedent, inferred"),
    "unknown basis": (put(1, basis="guess"), "row 3", "'guess' is no basis", "stated"),
    "why": (put(1, why="", evidence="x"), "row 3", "the row has no why".capitalize(), "clear the row"),
    "sign": (put(1, sign="anger", why=""), "row 3", "'anger' is no sign", "repeat"),
    "sign and why": (put(1, sign="loss"), "row 3", "both a why and a sign", "a row of its own"),
    "chain": (put(1, chain="one"), "row 3", "'one' is not a chain's number", "Write 1"),
    "quote": (put(0, evidence="never said by anybody"), "row 2", "quote of step 1 does not occur", "letter for letter"),
    "inferred": (put(2, evidence="because"), "row 4", "step 3 is inferred", "Set the evidence to null"),
    "precedent": (put(1, basis="precedent", evidence="post-e-none"), "row 3", "step 2 names no labelled", "make the step"),
    "blame": (put(2, why="The courier was careless and forgot the parcel."), "row 4", "blames a person", "in the process"),
    "circle": (put(2, why=draft(101).chains[0].steps[1].cause), "row 4", "step 3 says the same as step 2", "Reword"),
    "countermeasures": (put(2, countermeasure=""), "row 2", "proposes 1 countermeasures", "another level"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_problem_names_row_and_remedy_and_the_rest_is_taken(made: Pack, mistake: str) -> None:
    spoil, place, message, remedy = MISTAKES[mistake]
    page = rows(Entry(example=draft(101), decision=ACCEPT), Entry(example=draft(102, "lost"), decision=ACCEPT), pack=made)
    spoil(page)
    found = came(made, as_lines(page))
    told = [(p.place, p.id) for p in found.problems if message in p.message and remedy in p.remedy]
    assert told == [(place, "post-101")], found.problems
    assert found.added == ("post-102",)


def test_twins_within_a_sheet_and_with_the_pack(made: Pack) -> None:
    twin = made.examples[0].model_copy(update={"id": "post-101"})
    leak = made.heldout[0].model_copy(update={"id": "post-102"})
    double = draft(103).model_copy(update={"id": "post-104"})
    entries = [Entry(example=e, decision=ACCEPT) for e in (twin, leak, draft(103), double)]
    found = came(made, as_lines(rows(*entries, pack=made)))
    assert {p.id: p.message.split(" ")[-1] for p in found.problems} == {
        "post-101": f"{made.examples[0].id}.",
        "post-104": "post-103.",
    }
    assert found.added == ("post-102", "post-103") or "post-102" not in found.added


def test_one_complaint_twice(made: Pack) -> None:
    page = rows(Entry(example=draft(101), decision=ACCEPT), pack=made)
    copies = [{**row, "id": ""} for row in page]
    waiting = (Drafted(id="post-101", text=draft(101).text, sheet="s"),)
    found = came(made, as_lines(page + copies), waiting)
    assert found.added == ("post-101",) and "stands in the sheet twice" in found.problems[0].message


def test_precedents_cannot_be_rejected(made: Pack) -> None:
    chain = with_step(made.examples[1].chains[0], 1, basis=Basis.PRECEDENT, evidence=made.examples[0].id)
    citing = made.examples[1].model_copy(update={"chains": (chain,)})
    pack = made.model_copy(update={"examples": (made.examples[0], citing, *made.examples[2:])})
    found = came(pack, as_lines(rows(Entry(example=made.examples[0], decision=REJECT), pack=pack)))
    assert found.removed == () and found.examples == pack.examples
    assert f"the precedent of {citing.id}" in found.problems[0].message and citing.id in found.problems[0].remedy


def test_heldout_cases_are_not_changed_by_a_sheet(made: Pack) -> None:
    same, other = made.heldout[0], made.heldout[1]
    page = rows(Entry(example=same, decision=ACCEPT), Entry(example=other, decision=ACCEPT), pack=made)
    next(row for row in page if row["id"] == other.id)["why"] = f"First {phrase(random.Random('h'), 9)}."
    found = came(made, as_lines(page))
    assert found.unchanged == (same.id,) and found.examples == made.examples
    assert [p.id for p in found.problems] == [other.id] and "held-out" in found.problems[0].message


# ── the commands ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The first thirty examples of a shipped pack."""
    folder = tmp_path / "fewshot/delivery"
    folder.mkdir(parents=True)
    (folder / "topic.yaml").write_bytes((SHIPPED / "delivery/topic.yaml").read_bytes())
    lines = (SHIPPED / "delivery/examples.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "examples.jsonl").write_text("\n".join(["", *lines[:30]]), encoding="utf-8")
    return tmp_path


def content(project: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project / "fewshot/delivery").iterdir()}


def test_export_and_import_of_the_commands(project: Path) -> None:
    before = content(project)
    assert "30 examples" in rootcause(project, "fewshot", "export", "delivery", "all.xlsx").out
    there = rootcause(project, "fewshot", "export", "delivery", "all.xlsx")
    assert there.code == 2 and "is there already" in there.error
    same = rootcause(project, "fewshot", "import", "all.xlsx", "--topic", "delivery")
    assert same.code == 0 and same.out.startswith("30 already there") and content(project) == before
    assert "30 examples; 70 more are worth labelling (causes with fewer than 4 examples: " in same.out

    rootcause(project, "fewshot", "export", "delivery", "all.csv")
    with (project / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        page = list(csv.DictReader(file))
    pack = load(SHIPPED / "delivery")
    new, broken = (rows(Entry(example=pack.examples[i], decision=d), pack=pack) for i, d in ((30, EDIT), (31, ACCEPT)))
    broken[0]["evidence"] = "never said by anybody"
    with (project / "all.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows([*page, *new, *broken])
    changed = rootcause(project, "fewshot", "import", "all.csv", "--topic", "delivery")
    assert changed.code == 3, "something was left out"
    first, *_ = changed.out.splitlines()
    assert first.startswith("all.csv, line ") and ": error: delivery-032: " in first and "letter for letter" in first
    assert "1 added, 1 of them edited; 30 already there; 1 left out" in changed.out
    lines = (project / "fewshot/delivery/examples.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines == (SHIPPED / "delivery/examples.jsonl").read_text(encoding="utf-8").splitlines()[:31]
    document = rootcause(project, "fewshot", "import", "all.csv", "--topic", "delivery", "--json")
    assert document.code == 3 and document.json["review"]["added"] == [] and document.json["worth"]["examples"] == 31


def test_a_sheet_that_is_none(project: Path) -> None:
    (project / "x.csv").write_text("id,text\n1,hello there\n", encoding="utf-8")
    refused = rootcause(project, "fewshot", "import", "x.csv", "--topic", "delivery")
    assert refused.code == 2 and "has no column 'decision'" in refused.error
    missing = rootcause(project, "fewshot", "import", "none.xlsx", "--topic", "delivery")
    assert missing.code == 2 and "does not exist" in missing.error
