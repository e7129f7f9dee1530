"""Every command of docs/fewshot.md is run, in the order in which a prompt author runs them; a reader fills in the sheets."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli import SHIPPED
from openai_server import ScriptedServer
from typer.testing import CliRunner

from rootcause.cli import app
from rootcause.fewshot.load import load
from rootcause.ingest.sheet import read_sheet
from rootcause.labelling.form import ACCEPT, HEADER, REJECT, Entry, blocks, lists, pages
from rootcause.models import Basis, Chain, Example, NothingReason, Step, Topic
from rootcause.prompt import quotable
from rootcause.report.sheet import write_sheet

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/fewshot.md"
CHECK = "fewshot check delivery"


def commands() -> list[str]:
    found = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.S | re.M)
    return [line for block in found for line in block.splitlines() if line.strip()]


@dataclass
class Said:
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[tuple[str, Said]]]]:
    """The folder after all commands, and what each of them said. Until the first sheet is imported there is no model."""
    folder = tmp_path_factory.mktemp("tutorial")
    shutil.copytree(ROOT / "examples", folder / "examples")
    said: list[tuple[str, Said]] = []
    with ScriptedServer() as server, pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(folder))
        patch.chdir(folder)
        for line in commands():
            program, *words = shlex.split(line)
            assert program == "rootcause"
            if words[:2] == ["fewshot", "import"] and words[2] != "all.xlsx":
                fill_in(folder / words[2])
            done = CliRunner().invoke(app, words)
            said.append((" ".join(words), Said(done.exit_code, done.stdout, done.stderr)))
            assert done.exit_code == (3 if " ".join(words) == CHECK else 0), (words, done.stdout, done.stderr, done.exception)
            if " ".join(words) == CHECK:
                shutil.copy(SHIPPED / "delivery/topic.yaml", folder / "fewshot/delivery/topic.yaml")
            if words[:2] == ["fewshot", "import"]:
                for name, value in server.environment.items():
                    patch.setenv(name, value)
        yield folder, said


def fill_in(sheet: Path) -> None:
    """As a reader would: the true causes with chains of their own, the last complaint rejected."""
    topic = load(sheet.parent / "fewshot/delivery").topic
    with (ROOT / "examples/complaints.csv").open(encoding="utf-8", newline="") as file:
        tickets = {row["message"].strip(): row["ticket"] for row in csv.DictReader(file)}
    with (ROOT / "examples/gold.csv").open(encoding="utf-8", newline="") as file:
        gold = {row["ticket"]: row["cause"] for row in csv.DictReader(file)}
    entries = []
    for block in blocks(read_sheet(str(sheet), needed=HEADER)):
        text = block.first["text"]
        example = labelled(block.id, text, block.first["date"], gold[tickets[text]], topic)
        entries.append(Entry(example=example, decision=ACCEPT))
    entries[-1] = entries[-1].model_copy(update={"decision": REJECT, "note": "says too little"})
    sheet.unlink()
    write_sheet(sheet, pages(entries, topic), lists(topic))


def labelled(key: str, text: str, date: str, cause: str, topic: Topic) -> Example:
    if cause.startswith("nothing:"):
        reason = NothingReason(cause.removeprefix("nothing:"))
        return Example(id=key, date=date, text=text, chains=(), nothing_to_explain=reason)
    known = topic.cause(cause)
    root = known.name if known else "No rule of the company says who looks after a case like this one."
    measure = known.countermeasure if known else "Name an owner."
    steps = (
        Step(cause="What was promised to the household did not come about.", basis=Basis.STATED,
             evidence=max(quotable(text), key=len), countermeasure="Say so before they find out."),
        Step(cause="Nobody at Quernel noticed before somebody called.", basis=Basis.INFERRED, evidence=None, countermeasure=None),
        Step(cause=root, basis=Basis.INFERRED, evidence=None, countermeasure=measure),
    )  # fmt: skip
    chain = Chain(steps=steps, cause=cause if known else "new")
    return Example(id=key, date=date, text=text, nothing_to_explain=None, chains=(chain,))


def of(said: list[tuple[str, Said]], beginning: str) -> list[Said]:
    return [one for command, one in said if command.startswith(beginning)]


def test_from_an_empty_folder_to_a_measured_pack(walked: tuple[Path, list[tuple[str, Said]]]) -> None:
    folder, said = walked
    pack = load(folder / "fewshot/delivery")
    assert len(pack.examples) + len(pack.heldout) == 22 and 4 <= len(pack.heldout) <= 8
    by_hand, by_model = of(said, "fewshot draft")
    assert "fill the chains in by hand" in " ".join(by_hand.err.split()) and "Calls    12 to make" in by_model.err
    first, second, unchanged = of(said, "fewshot import")
    assert "11 added" in first.out and "1 rejected" in first.out and "11 examples; 89 more are worth labelling" in first.out
    assert "11 added" in second.out and f"{len(pack.examples)} already there" in unchanged.out
    rejected = (folder / "fewshot/delivery/rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["note"] for line in rejected] == ["says too little"] * 2
    assert not (folder / "fewshot/delivery/drafted.jsonl").read_text(encoding="utf-8").strip()


def test_each_command_shows_what_the_page_says(walked: tuple[Path, list[tuple[str, Said]]]) -> None:
    folder, said = walked
    empty, small = of(said, CHECK)
    assert "no-company" in empty.out and "no-company" not in small.out and "set-size" in small.out
    for rule in ("quote", "blames", "repeats", "near-duplicate", "contradiction"):
        assert f": {rule}: " not in small.out, "the reader's labels keep the rules"
    assert of(said, "fewshot doubts")[0].out.count("the others suggest") == 3
    assert "Unlabelled" in of(said, "fewshot stats")[0].out
    assert "vote" in of(said, "fewshot eval")[0].out
    assert (folder / "curve.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "McNemar" in of(said, "fewshot compare")[0].out
    assert of(said, "why")[0].out.strip()


def test_the_page_names_every_rule() -> None:
    """As the code has them: what stands between the severity and the rule's message is its name."""
    sources = [*(ROOT / "src/rootcause/fewshot/check").glob("*.py"), ROOT / "src/rootcause/validate.py"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    rules = set(re.findall(r'"([a-z-]+)", "(?:error|warning)",', code)) | set(re.findall(r'rule="([a-z-]+)"', code))
    assert len(rules) > 35
    table = PAGE.read_text(encoding="utf-8").split("| Of | Rules |")[1].split("\n\n")[0]
    assert rules == set(re.findall(r"`([a-z-]+)`", table))
