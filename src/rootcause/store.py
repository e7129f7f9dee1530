"""One SQLite file a project: runs, calls and validated replies.

A reply is written the moment it is validated, so going on after a kill and answering from the cache are the
same look-up. Failures are recorded with their run and never served.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rootcause.errors import StoreError
from rootcause.models import Failure, Frozen, Usage

_PATIENCE = 30.0  # seconds to wait for another process that is writing

KEY_VERSION = 1
"""Part of every reply's key: raise it when the meaning of a stored reply changes."""

_MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "0001-runs-replies-calls-failures",
        """
        CREATE TABLE runs (
            id TEXT PRIMARY KEY, started TEXT NOT NULL, ended TEXT, status TEXT NOT NULL,
            source TEXT NOT NULL, model TEXT NOT NULL, settings TEXT NOT NULL, report TEXT
        );
        CREATE TABLE replies (
            key TEXT PRIMARY KEY, reply TEXT NOT NULL, attempts INTEGER NOT NULL, created TEXT NOT NULL
        );
        CREATE TABLE calls (
            id INTEGER PRIMARY KEY, run TEXT NOT NULL, key TEXT NOT NULL, outcome TEXT NOT NULL,
            prompt INTEGER NOT NULL, completion INTEGER NOT NULL, cached INTEGER, seconds REAL NOT NULL, at TEXT NOT NULL
        );
        CREATE TABLE failures (
            run TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL,
            PRIMARY KEY (run, key)
        );
        CREATE INDEX calls_by_run ON calls (run);
        """,
    ),
)


def key_of(parts: Mapping[str, Any]) -> str:
    """The key of a reply: a hash over exactly what changes the answer."""
    canonical = json.dumps({"version": KEY_VERSION, **parts}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class Spent(Frozen):
    """used: every call, failed and repeated ones included; seconds: the model's time over all of them."""

    used: Usage
    repeated: int
    failed: int
    seconds: float


class Store:
    """Open it with `with Store(path) as store`. Raises StoreError when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.touch(mode=0o600)  # customers' words are the owner's matter; SQLite gives its side files the same mode
            self._db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(_unusable(path, error)) from None
        try:
            self._db.row_factory = sqlite3.Row
            self._use_wal()
            self._db.execute("PRAGMA synchronous=FULL")
            self._migrate(path)
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(_unusable(path, error)) from None
        except StoreError:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._db.close()

    def reply(self, key: str) -> tuple[str, int] | None:
        """The validated reply's text and the number of attempts it took, or None."""
        rows = self._run("SELECT reply, attempts FROM replies WHERE key = ?", (key,))
        return (rows[0]["reply"], rows[0]["attempts"]) if rows else None

    def keep_reply(self, key: str, reply: str, attempts: int) -> None:
        self._run("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", (key, reply, attempts, _now()))

    def keep_call(self, run: str, key: str, outcome: str, usage: Usage, seconds: float) -> None:
        """One call as it was paid for, whatever came of it. outcome: ok, rule, or a failure's kind."""
        self._run(
            "INSERT INTO calls (run, key, outcome, prompt, completion, cached, seconds, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (run, key, outcome, usage.prompt, usage.completion, usage.cached, seconds, _now()),
        )

    def keep_failure(self, run: str, key: str, failure: Failure) -> None:
        self._run("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)", (run, key, failure.kind, failure.message, _now()))

    def spent(self, run: str) -> Spent:
        """All that a run has paid for, over all its sittings."""
        rows = self._run("SELECT key, outcome, prompt, completion, cached, seconds FROM calls WHERE run = ? ORDER BY id", (run,))
        return Spent(
            used=sum((Usage(calls=1, prompt=r["prompt"], completion=r["completion"], cached=r["cached"]) for r in rows), Usage()),
            repeated=len(rows) - len({row["key"] for row in rows}),
            failed=sum(row["outcome"] not in ("ok", "rule") for row in rows),
            seconds=sum(row["seconds"] for row in rows),
        )

    def paid(self, run: str, key: str) -> bool:
        """True when the run itself asked for this reply, rather than finding it in the store."""
        return bool(self._run("SELECT 1 FROM calls WHERE run = ? AND key = ? LIMIT 1", (run, key)))

    def begin(self, run: str, *, source: str, model: str, settings: str) -> None:
        """A new run, or an old one taken up again: its beginning stays, its failures are tried anew."""
        self._run(
            "INSERT INTO runs (id, started, status, source, model, settings) VALUES (?, ?, 'running', ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET status = 'running', ended = NULL",
            (run, _now(), source, model, settings),
        )
        self._run("DELETE FROM failures WHERE run = ?", (run,))

    def end(self, run: str, status: str, report: str | None) -> None:
        """status: complete, partial, interrupted or stopped. report: the run's report as JSON."""
        self._run(
            "UPDATE runs SET ended = ?, status = ?, report = coalesce(?, report) WHERE id = ?", (_now(), status, report, run)
        )

    def runs(self) -> list[sqlite3.Row]:
        """All runs, newest first: id, started, ended, status, source, model."""
        return self._run("SELECT id, started, ended, status, source, model FROM runs ORDER BY started DESC, id")

    def report(self, run: str) -> tuple[str, str | None] | None:
        """(run id, report as JSON or None) of the run whose id begins with `run`; None when there is none or several."""
        rows = self._run("SELECT id, report FROM runs WHERE substr(id, 1, ?) = ? LIMIT 2", (len(run), run))
        return (rows[0]["id"], rows[0]["report"]) if len(rows) == 1 else None

    def started(self, run: str) -> dt.datetime:
        return dt.datetime.fromisoformat(self._run("SELECT started FROM runs WHERE id = ?", (run,))[0]["started"])

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            message = f"the database failed ({error}); check free space and permissions, then run the same command again"
            raise StoreError(message) from None

    def _use_wal(self) -> None:
        """SQLite does not wait when two processes switch a new file to WAL at once; so this waits."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def _migrate(self, path: Path) -> None:
        """Brings the tables up to date: looked at first, so that opening waits for no writer, and again inside the lock."""
        if not self._missing(path):
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied TEXT NOT NULL)")
            for name, script in self._missing(path):
                for statement in script.split(";"):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO migrations VALUES (?, ?)", (name, _now()))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def _missing(self, path: Path) -> list[tuple[str, str]]:
        known = self._db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'").fetchone()
        applied = {row["name"] for row in self._db.execute("SELECT name FROM migrations")} if known else set()
        if unknown := applied - {name for name, _ in _MIGRATIONS}:
            raise StoreError(
                f"{path} was written by a newer rootcause ({min(unknown)}); update rootcause, or use another --store"
            )
        return [(name, script) for name, script in _MIGRATIONS if name not in applied]


def _unusable(path: Path, error: Exception) -> str:
    return f"the database {path} cannot be used ({error}); check its permissions and free space, or use another --store"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
