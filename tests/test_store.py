"""The store: what is kept survives kills and neighbours, what failed is never served, and it says why it cannot."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rootcause.errors import StoreError
from rootcause.models import Cause, Failure, Usage
from rootcause.store import _MIGRATIONS, Store, key_of

SOURCES = str(Path(__file__).parents[1] / "src")

WRITER = """
import sys, time
from pathlib import Path
from rootcause.models import Usage
from rootcause.store import Store
path, name, count, start = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
while time.time() < start:
    pass
with Store(Path(path)) as store:
    for i in range(count):
        store.keep_reply(f"{name}-{i}", "x" * 500, 1)
        store.keep_call("run", f"{name}-{i}", "ok", Usage(calls=1, prompt=1, completion=1), 0.1)
        print(i, flush=True)
"""


def writer(path: Path, name: str, count: int, start: float = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count), str(start)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def intact(path: Path) -> bool:
    db = sqlite3.connect(path)
    try:
        return bool(db.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    finally:
        db.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "new" / "rootcause.db") as opened:
        yield opened


def test_a_reply_is_kept_and_replaced(store: Store) -> None:
    assert store.reply("k") is None
    store.keep_reply("k", '{"a": "Ёж 快递 😡"}', 2)
    assert store.reply("k") == ('{"a": "Ёж 快递 😡"}', 2)
    store.keep_reply("k", "{}", 1)
    assert store.reply("k") == ("{}", 1)


def test_a_reply_is_there_after_reopening(tmp_path: Path) -> None:
    for _ in range(2):
        with Store(tmp_path / "rootcause.db") as store:
            store.keep_reply("k", "r", 1)
    with Store(tmp_path / "rootcause.db") as store:
        assert store.reply("k") == ("r", 1)


def test_a_failure_is_never_served_as_a_reply(store: Store) -> None:
    store.begin("run", source="s.csv", model="m", settings="{}")
    store.keep_call("run", "k", "rule", Usage(calls=1, prompt=5, completion=5), 1)
    store.keep_call("run", "k", "timeout", Usage(calls=1), 1)
    store.keep_failure("run", "k", Failure(kind="rule", message="broken"))
    assert store.reply("k") is None
    store.keep_failure("run", "k", Failure(kind="refusal", message="no"))
    assert store.reply("k") is None
    store.keep_reply("k", "{}", 1)
    assert store.reply("k") == ("{}", 1)


def test_a_failure_does_not_replace_a_reply(store: Store) -> None:
    store.keep_reply("k", "{}", 1)
    store.keep_failure("run", "k", Failure(kind="rule", message="broken"))
    assert store.reply("k") == ("{}", 1)


def test_what_a_run_has_spent(store: Store) -> None:
    for key, outcome, usage in [
        ("a", "ok", Usage(calls=1, prompt=100, completion=10, cached=80)),
        ("b", "rule", Usage(calls=1, prompt=100, completion=20)),
        ("b", "ok", Usage(calls=1, prompt=130, completion=30, cached=0)),
        ("c", "timeout", Usage(calls=1)),
    ]:
        store.keep_call("run", key, outcome, usage, 0.5)
    store.keep_call("other", "a", "ok", Usage(calls=1, prompt=7, completion=7), 9)
    spent = store.spent("run")
    assert spent.used == Usage(calls=4, prompt=330, completion=60, cached=80)
    assert (spent.repeated, spent.failed, spent.seconds) == (1, 1, 2.0)
    assert store.paid("run", "a")
    assert store.paid("other", "a")
    assert not store.paid("other", "b")


def test_unknown_cached_tokens_are_not_zero(store: Store) -> None:
    store.keep_call("run", "a", "ok", Usage(calls=1, prompt=7, completion=7), 1)
    assert store.spent("run").used.cached is None
    assert store.spent("never").used == Usage()


def test_a_run_is_taken_up_again(store: Store) -> None:
    store.begin("run-1", source="s.csv", model="m", settings="{}")
    began = store.started("run-1")
    store.end("run-1", "interrupted", None)
    time.sleep(0.01)
    store.begin("run-1", source="s.csv", model="m", settings="{}")
    store.begin("run-2", source="t.csv", model="m", settings="{}")
    assert store.started("run-1") == began
    newest, oldest = store.runs()
    assert (newest["id"], oldest["id"], oldest["status"], oldest["ended"]) == ("run-2", "run-1", "running", None)
    assert store.report("run-1") is None
    assert store.ids("run-") == ["run-1", "run-2"] and store.ids("run-1") == ["run-1"] and store.ids("x") == []


def test_a_run_that_has_a_report_is_what_the_report_says_whatever_happens_to_a_second_sitting(store: Store) -> None:
    store.begin("run", source="s.csv", model="m", settings="{}")
    store.end("run", "partial", '{"report": 1}')
    ended = store.runs()[0]["ended"]
    store.begin("run", source="s.csv", model="m", settings="{}")
    assert (store.runs()[0]["status"], store.runs()[0]["ended"]) == ("partial", ended)
    store.end("run", "interrupted", None)
    assert (store.runs()[0]["status"], store.runs()[0]["ended"], store.report("run")) == ("partial", ended, '{"report": 1}')
    store.end("run", "complete", '{"report": 2}')
    assert (store.runs()[0]["status"], store.report("run")) == ("complete", '{"report": 2}')


def cause(id: str) -> Cause:
    return Cause(id=id, name="Курьер", topic="t", new=False, residue=False, controllable=True, team="c", chains=())


def times(store: Store) -> dict[str, str]:
    return {row["row"]: row["labelled"] for row in store._db.execute("SELECT row, labelled FROM audits")}


def test_labels_are_kept_and_replaced(store: Store) -> None:
    assert store.labels("run") == ({}, ())
    store.keep_labels("run", {"r2": ("t/a", "t/b"), "r1": (), "r3": ("t/c",)}, [cause("t/c")])
    store.keep_labels("other", {"r1": ("other",)}, [])
    assert store.labels("run") == ({"r1": (), "r2": ("t/a", "t/b"), "r3": ("t/c",)}, (cause("t/c"),))
    before = times(store)
    time.sleep(0.01)
    store.keep_labels("run", {"r2": ("t/b", "t/a"), "r3": ("t/c",)}, [cause("t/c")])
    assert store.labels("run") == ({"r2": ("t/b", "t/a"), "r3": ("t/c",)}, (cause("t/c"),))
    after = times(store)
    assert after["r2"] > before["r2"] and after["r3"] == before["r3"], "a label that stays the same keeps its time"
    assert store.labels("other") == ({"r1": ("other",)}, ())


def test_labels_are_replaced_whole_or_not_at_all(store: Store) -> None:
    store.keep_labels("run", {"r1": ("t/a",)}, [])
    with pytest.raises(TypeError):
        store.keep_labels("run", {"r2": ("t/b",), "r3": (object(),)}, [])  # type: ignore[arg-type]
    assert store.labels("run") == ({"r1": ("t/a",)}, ())
    store.keep_labels("run", {"r2": ("t/b",)}, [])
    assert store.labels("run") == ({"r2": ("t/b",)}, ())


def test_a_database_from_before_the_audits_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rootcause.db"
    with monkeypatch.context() as older:
        older.setattr("rootcause.store._MIGRATIONS", _MIGRATIONS[:1])
        with Store(path) as store:
            store.keep_reply("k", "r", 1)
    with Store(path) as store:
        store.keep_labels("run", {"r1": ("t/a",)}, [])
        assert store.reply("k") == ("r", 1)
        assert store.labels("run") == ({"r1": ("t/a",)}, ())


def test_keys_depend_on_content_not_on_order() -> None:
    assert key_of({"a": 1, "b": [1, 2]}) == key_of({"b": [1, 2], "a": 1})
    assert len({key_of(parts) for parts in ({"a": 1}, {"a": "1"}, {"a": 1, "b": None}, {"a": "ё"}, {"a": "е"})}) == 5


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "rootcause.db") as store:
        store.keep_reply("k", "r", 1)
        assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    (tmp_path / "rootcause.db").chmod(0o640)
    with Store(tmp_path / "rootcause.db"):
        assert stat.S_IMODE((tmp_path / "rootcause.db").stat().st_mode) == 0o640, "a mode that somebody chose stays"


def test_commits_are_durable(store: Store) -> None:
    assert store._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert store._db.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "rootcause.db"
    with Store(path) as store:
        store._db.execute("INSERT INTO migrations VALUES ('0099-future', '2030-01-01')")
    with pytest.raises(StoreError, match=r"newer rootcause \(0099-future\); update rootcause, or use another --store$"):
        Store(path)
    assert intact(path)


@pytest.mark.parametrize("content", [b"this is a text file, not a database " * 50, b"SQLite format 3\0" + b"\xff" * 4000])
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rootcause.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(path)
    assert path.read_bytes() == content


def test_a_path_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "rootcause.db", tmp_path):
        with pytest.raises(StoreError, match="check its permissions and free space, or use another --store"):
            Store(path)


@pytest.fixture
def not_root() -> Iterator[None]:
    """For root there is no read-only folder."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_a_read_only_folder_is_refused(not_root: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        with pytest.raises(StoreError, match=r"Permission denied.*check its permissions"):
            Store(Path(folder) / "rootcause.db")
        assert list(Path(folder).iterdir()) == []


def test_a_read_only_database_is_refused(not_root: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rootcause.db"
        Store(path).__exit__(None, None, None)
        path.chmod(0o400)
        with pytest.raises(StoreError, match=r"readonly.*check"), Store(path) as store:
            store.keep_reply("k", "r", 1)


def test_a_full_disk_is_one_sentence(store: Store) -> None:
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="disk is full"):
        store.keep_reply("k", "x" * 100_000, 1)
    store._db.execute("PRAGMA max_page_count = 100000")
    store.keep_reply("k", "x" * 100_000, 1)
    assert store.reply("k") is not None


def test_processes_that_create_it_at_once_all_write(tmp_path: Path) -> None:
    for attempt in range(3):
        path = tmp_path / str(attempt) / "rootcause.db"
        start = time.time() + 1.2
        writers = [writer(path, f"w{i}", 40, start) for i in range(4)]
        assert [(process.communicate(timeout=60)[1], process.returncode) for process in writers] == [("", 0)] * 4
        with Store(path) as store:
            assert store.spent("run").used.calls == 160
            assert all(store.reply(f"w{i}-{j}") for i in range(4) for j in range(40))
            assert store._db.execute("SELECT count(*) FROM migrations").fetchone()[0] == len(_MIGRATIONS)


def test_opening_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "rootcause.db"
    with Store(path) as writing:
        writing.keep_reply("k", "r", 1)
        writing._db.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with Store(path) as reading:
            assert reading.reply("k") == ("r", 1)
        assert time.monotonic() - started < 5
        writing._db.execute("ROLLBACK")


def test_a_migration_that_breaks_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rootcause.db"
    with monkeypatch.context() as broken:
        broken.setattr("rootcause.store._MIGRATIONS", (("0001", "CREATE TABLE runs (id); CREATE NONSENSE"),))
        with pytest.raises(StoreError, match="syntax error"):
            Store(path)
    with Store(path) as store:
        store.keep_reply("k", "r", 1)


def test_kills_lose_nothing_that_was_confirmed(tmp_path: Path) -> None:
    path = tmp_path / "rootcause.db"
    rng = random.Random(8)
    confirmed: list[str] = []
    for kill in range(10):
        process = writer(path, f"k{kill}", 10**6)
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        time.sleep(rng.uniform(0, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        lines = [first, *process.stdout.read().splitlines(keepends=True)]
        process.wait()
        process.stdout.close()
        process.stderr.close()
        confirmed += [f"k{kill}-{line.strip()}" for line in lines if line.endswith("\n")]
        assert intact(path)
    assert len(confirmed) >= 10
    with Store(path) as store:
        assert all(store.reply(key) == ("x" * 500, 1) for key in confirmed)
        assert len(confirmed) <= store.spent("run").used.calls <= len(confirmed) + 10
