"""`rootcause backlog` and `rootcause loop` as users run them: files in, files out, one sentence for a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from backlog_case import PROMISE, STALE, TEAMS, TODAY, findings, report
from cli import rootcause, rows

from rootcause.backlog.changes import fingerprint
from rootcause.backlog.editable import read_yaml, to_yaml
from rootcause.backlog.items import items
from rootcause.backlog.values import Backlog, PriorityMethod
from rootcause.store import Store


def made() -> Backlog:
    run = report()
    return items(run, findings(run), economics=None, method=PriorityMethod.WSJF, today=TODAY, teams=TEAMS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with an edited backlog."""
    (tmp_path / "mine.yaml").write_text(to_yaml(made()), encoding="utf-8")
    return tmp_path


def test_an_edited_file_becomes_any_other(folder: Path) -> None:
    assert rootcause(folder, "backlog", "mine.yaml", "--format", "jira-csv", "--out", "jira.csv").out == "jira.csv\n"
    assert [row["Summary"] for row in rows(folder / "jira.csv")] == [item.title for item in made().items]
    printed = rootcause(folder, "backlog", "mine.yaml", "--format", "json")
    assert Backlog.model_validate_json(printed.out) == made() and printed.err == ""
    assert rootcause(folder, "backlog", "mine.yaml", "--format", "yaml").out == to_yaml(made())


def test_a_summary_shows_every_item_with_its_key(folder: Path) -> None:
    shown = "".join(rootcause(folder, "backlog", "mine.yaml").out.split())
    assert all("".join(item.title.split())[:9] in shown for item in made().items)
    assert "wsjf" in shown and "2causesmakenoitem" in shown and "notaudited" in shown
    assert not (folder / ".rootcause").exists(), "a look leaves nothing behind"


def test_a_dry_run_compares_with_what_was_written_and_writes_nothing(folder: Path) -> None:
    first = rootcause(folder, "backlog", "mine.yaml", "--dry-run")
    assert "4 new, 0 changed, 0 gone, 0 unchanged; nothing written." in first.out and not (folder / ".rootcause").exists()
    rootcause(folder, "backlog", "mine.yaml", "--out", "next.yaml")
    text = (folder / "mine.yaml").read_text(encoding="utf-8")
    (folder / "mine.yaml").write_text(text.replace("title: Approve refunds daily", "title: Approve them"), encoding="utf-8")
    second = rootcause(folder, "backlog", "mine.yaml", "--out", "next.yaml", "--dry-run").out
    assert "changed delivery/refund-thursday-session: title Approve refunds daily -> Approve them" in second
    assert "0 new, 1 changed, 0 gone, 3 unchanged" in second
    assert "Approve refunds daily" in (folder / "next.yaml").read_text(encoding="utf-8")


def test_the_editable_file_is_brought_up_to_date_and_edits_stay(folder: Path) -> None:
    rootcause(folder, "backlog", "mine.yaml", "--out", "next.yaml")
    path = folder / "next.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("title: Approve refunds daily", "title: Mine"), encoding="utf-8")
    mine = (folder / "mine.yaml").read_text(encoding="utf-8")
    (folder / "mine.yaml").write_text(mine.replace("effort: S", "effort: L"), encoding="utf-8")
    done = rootcause(folder, "backlog", "mine.yaml", "--out", "next.yaml")
    assert "delivery/refund-thursday-session: your title kept" in done.said
    found = {item.key: item for item in read_yaml(path).items}
    assert found["delivery/refund-thursday-session"].title == "Mine"
    assert found[STALE].effort == "L" and found[PROMISE].effort == "M"


def test_nothing_is_written_over(folder: Path) -> None:
    (folder / "other.yaml").write_text(to_yaml(made()), encoding="utf-8")
    done = rootcause(folder, "backlog", "mine.yaml", "--out", "other.yaml")
    assert done.code == 2 and "other.yaml was not written by this project" in done.error
    (folder / "backlog.md").write_text("mine", encoding="utf-8")
    done = rootcause(folder, "backlog", "mine.yaml", "--out", "backlog.md")
    assert done.code == 2 and "backlog.md is there already" in done.error
    assert (folder / "backlog.md").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("backlog", "mine.yaml", "--out", "x.csv"), "x.csv: say which tracker will read it with --format jira-csv"),
        (("backlog", "mine.yaml", "--out", "x.doc"), "x.doc must end in .yaml, .json, .md or .xlsx"),
        (("backlog", "mine.yaml", "--format", "xlsx"), "add --out backlog.xlsx"),
        (("backlog", "absent.yaml"), "absent.yaml cannot be read"),
        (("backlog", "nosuch"), "there is no run 'nosuch'"),
        (("backlog", "mine.yaml", "--team", "checkout"), "there is no run '0123456789'"),
        (("loop", "nosuch", "key", "--changed", "All.", "--out", "told.txt"), "told.txt must end in .csv, .xlsx or .md"),
        (("loop", "nosuch", "key", "--changed", "All.", "--out", "told.csv"), "there is no run 'nosuch'"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_to_do(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = rootcause(folder, *arguments)
    assert done.code == 2 and sentence in done.error
    assert {path.name for path in folder.iterdir()} == {"mine.yaml"}


# ── what the store remembers ──────────────────────────────────────────────────────────────────────


def test_what_was_written_is_remembered_by_target(tmp_path: Path) -> None:
    item = made().items[0]
    with Store(tmp_path / "rootcause.db") as store:
        store.keep_written("github:a/b", item.key, fingerprint(item), item.model_dump_json(), "17")
        store.keep_written("github:a/b", item.key, "later", item.model_dump_json())
        store.keep_written("/backlog.yaml", item.key, fingerprint(item), item.model_dump_json())
    with Store(tmp_path / "rootcause.db") as store:
        (there,) = store.written("github:a/b")
        assert (there.key, there.hash, there.remote, there.gone) == (item.key, "later", "17", False), "the id there is not lost"
        assert {row.target for row in store.written()} == {"github:a/b", "/backlog.yaml"}
        store.keep_gone("github:a/b", [item.key])
        assert [(row.target, row.gone) for row in store.written()] == [("github:a/b", True), ("/backlog.yaml", False)]
        store.keep_written("github:a/b", item.key, "back", item.model_dump_json())
        assert [(row.remote, row.gone) for row in store.written("github:a/b")] == [("17", False)]
