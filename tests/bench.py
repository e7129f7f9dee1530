"""Small packs with held-out cases, and a bench at a scripted model, for the tests of what a pack is worth."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from cli import SHIPPED, Done, done
from openai_server import MODEL, ScriptedServer
from pydantic import SecretStr

from rootcause.cli import main
from rootcause.evaluate.asking import Bench, Result, Trial
from rootcause.fewshot.load import load
from rootcause.llm.endpoint import Endpoint
from rootcause.models import Pack
from rootcause.prompt import Prompts
from rootcause.resources import folders
from rootcause.store import Store

SEED = 5


def cut(folder: Path, *, examples: int = 30, cases: int = 6, topic: str = "delivery") -> Path:
    """A shipped pack with its first examples and held-out cases alone."""
    own = folder / topic
    own.mkdir(parents=True)
    for name, lines in (("topic.yaml", None), ("examples.jsonl", examples), ("heldout.jsonl", cases)):
        text = (SHIPPED / topic / name).read_text(encoding="utf-8")
        (own / name).write_text(text if lines is None else "".join(text.splitlines(keepends=True)[:lines]), encoding="utf-8")
    return own


def small(folder: Path, *, examples: int = 30, cases: int = 6) -> Pack:
    return load(cut(folder, examples=examples, cases=cases))


@contextmanager
def bench_at(server: ScriptedServer, folder: Path, *, weak: bool = False, seed: int = SEED) -> Iterator[Bench]:
    """A bench at the scripted model, with its answers kept in the folder."""
    key = SecretStr(server.key or "none")
    endpoint = Endpoint(base_url=server.base_url, api_key=key, model=MODEL, weak=weak, concurrency=4)
    with Store(folder / "bench.db") as store:
        yield Bench(endpoint, store, Prompts(folders("prompts", None)), None, seed=seed)


def asked(bench: Bench, *trials: Trial) -> list[tuple[Result, ...]]:
    return asyncio.run(bench.ask(trials, cap=None, told=lambda _spent: None))


def knows(pack: Pack, *ids: str) -> dict[str, str]:
    """Words for a server that answers these cases rightly: the first forty letters of each text, and its label."""
    known = {case.id: case for case in pack.heldout}
    return {known[key].text[:40]: known[key].chains[0].cause if known[key].chains else "praise" for key in ids}


def here(folder: Path, *arguments: str | Path, env: Mapping[str, str] = {}) -> Done:
    """The command as users give it, but in this process: what takes seconds to load is loaded once."""
    out, err = BytesIO(), BytesIO()
    code: object = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["rootcause", *map(str, arguments)])
        for name, value in env.items():
            patch.setenv(name, value)
        streams = TextIOWrapper(out, encoding="utf-8"), TextIOWrapper(err, encoding="utf-8")
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            try:
                main()
            except SystemExit as end:
                code = end.code
        for stream in streams:
            stream.flush()
    return done(int(str(code or 0)), out.getvalue(), err.getvalue())
