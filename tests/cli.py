"""The real command in a subprocess, as users run it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rootcause.models import RunReport

SHIPPED = Path(__file__).parents[1] / "fewshot"
COMMAND = str(Path(sys.executable).with_name("rootcause"))


@dataclass
class Done:
    """A command that has ended: exit status, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Standard error on one line: where a line was wrapped does not matter."""
        return " ".join(self.err.split())

    @property
    def error(self) -> str:
        """The one sentence that says what is wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("rootcause: ")]
        assert len(lines) == 1 and self.err.rstrip().endswith(lines[0]), self.err
        return lines[0].removeprefix("rootcause: ")

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def report_of(ended: Done) -> RunReport:
    """Standard output as the one JSON document that it is, without the findings beside the report."""
    document = ended.json
    assert set(document.pop("findings")) >= {"ranking", "standings", "map"}
    return RunReport.model_validate(document)


def small_packs(folder: Path, wanted: Callable[[str], bool]) -> Path:
    """The shipped topics, each with its first six example lines that are wanted."""
    for shipped in SHIPPED.iterdir():
        own = folder / shipped.name
        own.mkdir()
        (own / "topic.yaml").write_text((shipped / "topic.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        lines = (shipped / "examples.jsonl").read_text(encoding="utf-8").splitlines()
        (own / "examples.jsonl").write_text("\n".join([line for line in lines if wanted(line)][:6]), encoding="utf-8")
    return folder


def environment(more: Mapping[str, str] = {}) -> dict[str, str]:
    """What conftest.py leaves of this one, and `more`."""
    return {**os.environ, **more}


def rootcause(
    folder: Path,
    *arguments: str | Path,
    env: Mapping[str, str] = {},
    given: str | int | None = None,
    encoding: str = "utf-8",
    timeout: float = 60,
) -> Done:
    """Runs the command in the folder. given: standard input, as text or as a file descriptor.

    Whatever the command, a pipe sees no escape sequence and the user no traceback.
    """
    source: dict[str, Any] = {"stdin": given} if isinstance(given, int) else {"input": (given or "").encode()}
    ended = subprocess.run(
        [COMMAND, *map(str, arguments)], cwd=folder, env=environment(env), capture_output=True, timeout=timeout, **source
    )
    return done(ended.returncode, ended.stdout, ended.stderr, encoding)


def started(folder: Path, *arguments: str | Path, env: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
    """The command, still running. It hears Ctrl-C even where the tests were started in the background, deaf to it."""
    return subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        cwd=folder,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def finished(process: subprocess.Popen[bytes], timeout: float = 60) -> Done:
    out, err = process.communicate(timeout=timeout)
    return done(process.returncode, out, err)


def done(code: int, out: bytes, err: bytes, encoding: str = "utf-8") -> Done:
    ended = Done(code, out.decode(encoding), err.decode(encoding))
    assert "\x1b" not in ended.out + ended.err, "an escape sequence in a pipe"
    assert "Traceback" not in ended.err, ended.err
    return ended


def table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Writes a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file that the command wrote."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
