"""One SQLite file a project: runs, calls, validated replies and the labels of audits.

A reply is written the moment it is validated, so going on after a kill and answering from the cache are the
same look-up. Failures are recorded with their run and never served.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rootcause.errors import StoreError
from rootcause.models import Cause, Failure, Frozen, Usage

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
    (
        "0002-audits",
        """
        CREATE TABLE audits (
            run TEXT NOT NULL, row TEXT NOT NULL, causes TEXT NOT NULL, labelled TEXT NOT NULL, PRIMARY KEY (run, row)
        );
        CREATE TABLE audit_causes (run TEXT NOT NULL, id TEXT NOT NULL, cause TEXT NOT NULL, PRIMARY KEY (run, id));
        """,
    ),
    (
        "0003-backlog",
        """
        CREATE TABLE backlog (
            target TEXT NOT NULL, key TEXT NOT NULL, hash TEXT NOT NULL, content TEXT NOT NULL, remote TEXT,
            written TEXT NOT NULL, gone TEXT, PRIMARY KEY (target, key)
        );
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


class Written(Frozen):
    """A backlog item as it was last written. target: a file's path, or a tracker and its project; remote: the item's id there.

    hash, content: of the item, as JSON. gone: it was not among the items written there last.
    """

    target: str
    key: str
    hash: str
    content: str
    remote: str | None
    written: dt.datetime
    gone: bool


class Store:
    """Open it with `with Store(path) as store`. Raises StoreError when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            # Customers' words are the owner's matter: a folder made here, for reports and sheets too, opens to nobody else.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                path.touch(mode=0o600)  # SQLite gives its side files the same mode
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

    def keep_labels(self, run: str, labels: Mapping[str, Sequence[str]], causes: Sequence[Cause]) -> None:
        """A person's labels of a run's rows, in place of all labels before: the causes' ids by row, none where there is none.

        causes: those that the run itself has not found. A label that stays the same keeps its time.
        """
        self._run("BEGIN IMMEDIATE")
        try:
            for row in self.labels(run)[0].keys() - labels.keys():
                self._run("DELETE FROM audits WHERE run = ? AND row = ?", (run, row))
            for row, named in labels.items():
                self._run(
                    "INSERT INTO audits VALUES (?, ?, ?, ?) ON CONFLICT (run, row) DO UPDATE "
                    "SET causes = excluded.causes, labelled = excluded.labelled WHERE causes <> excluded.causes",
                    (run, row, json.dumps(named, ensure_ascii=False), _now()),
                )
            self._run("DELETE FROM audit_causes WHERE run = ?", (run,))
            for cause in causes:
                self._run("INSERT INTO audit_causes VALUES (?, ?, ?)", (run, cause.id, cause.model_dump_json()))
            self._run("COMMIT")
        except BaseException:
            self._db.rollback()
            raise

    def labels(self, run: str) -> tuple[dict[str, tuple[str, ...]], tuple[Cause, ...]]:
        """What `keep_labels` kept: the causes' ids by row, and the causes that the run has not found. Empty without an audit."""
        rows = self._run("SELECT row, causes FROM audits WHERE run = ? ORDER BY row", (run,))
        causes = self._run("SELECT cause FROM audit_causes WHERE run = ? ORDER BY id", (run,))
        labels = {row["row"]: tuple(json.loads(row["causes"])) for row in rows}
        return labels, tuple(Cause.model_validate_json(row["cause"]) for row in causes)

    def keep_written(self, target: str, key: str, hash_: str, content: str, remote: str | None = None) -> None:
        """One backlog item as it now stands at the target. remote: its id there; None leaves the one that is known."""
        self._run(
            "INSERT INTO backlog VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (target, key) DO UPDATE SET hash = excluded.hash, "
            "content = excluded.content, remote = coalesce(excluded.remote, remote), written = excluded.written, gone = NULL",
            (target, key, hash_, content, remote, _now()),
        )

    def keep_gone(self, target: str, keys: Iterable[str]) -> None:
        """These items are no longer written to the target; what is known of them stays, so that a key is never given twice."""
        for key in keys:
            self._run("UPDATE backlog SET gone = ? WHERE target = ? AND key = ? AND gone IS NULL", (_now(), target, key))

    def written(self, target: str | None = None) -> tuple[Written, ...]:
        """Items written to the target, or anywhere; those written last come last."""
        where = ("", ()) if target is None else ("WHERE target = ?", (target,))
        rows = self._run(f"SELECT * FROM backlog {where[0]} ORDER BY written, rowid", where[1])  # noqa: S608 - no value is in it
        return tuple(Written.model_validate({**dict(row), "gone": row["gone"] is not None}) for row in rows)

    def begin(self, run: str, *, source: str, model: str, settings: str) -> None:
        """A new run, or an old one taken up again: its beginning stays, its failures are tried anew.

        A run that has a report is what its report says, until there is another.
        """
        self._run(
            "INSERT INTO runs (id, started, status, source, model, settings) VALUES (?, ?, 'running', ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET status = 'running', ended = NULL WHERE report IS NULL",
            (run, _now(), source, model, settings),
        )
        self._run("DELETE FROM failures WHERE run = ?", (run,))

    def end(self, run: str, status: str, report: str | None) -> None:
        """status: complete or partial with the report as JSON; interrupted or stopped without one, only where none is kept."""
        self._run(
            "UPDATE runs SET ended = ?, status = ?, report = ? WHERE id = ? AND (? IS NOT NULL OR report IS NULL)",
            (_now(), status, report, run, report),
        )

    def runs(self) -> list[sqlite3.Row]:
        """All runs, newest first: id, started, ended, status, source, model."""
        return self._run("SELECT id, started, ended, status, source, model FROM runs ORDER BY started DESC, id")

    def ids(self, beginning: str) -> list[str]:
        """Of the runs whose ids begin so."""
        return [row["id"] for row in self._run("SELECT id FROM runs WHERE substr(id, 1, ?) = ?", (len(beginning), beginning))]

    def report(self, run: str) -> str | None:
        """The report of a run as JSON, None where it has none yet."""
        report: str | None = self._run("SELECT report FROM runs WHERE id = ?", (run,))[0]["report"]
        return report

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
