"""Every command of the README is run, in the order in which a reader runs them, on the embedded model."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETS_UP = re.compile(r"^python3 -m venv \.venv && \. \.venv/bin/activate && pip install '\.\[(local|test)\]' && (.+)$")


def commands() -> list[str]:
    """The lines of the README's shell blocks; where one sets up an environment first, what it runs there."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S | re.M)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    set_up = [SETS_UP.match(line) for line in lines]
    assert [found[1] for found in set_up if found] == ["local", "test"], "the README opens with the two commands"
    return [found[2] if found else line for line, found in zip(lines, set_up, strict=True)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


@pytest.mark.parametrize("command", [line for line in commands() if line != "pytest"])
def test_it_runs(command: str, project: Path) -> None:
    words = shlex.split(command)
    assert words[0] == "rootcause"
    program = Path(sys.executable).with_name("rootcause")
    done = subprocess.run([program, *words[1:]], cwd=project, env=os.environ, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()


def test_the_first_command_ranks_causes_and_writes_its_files(project: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("rootcause"), "runs"], cwd=project, capture_output=True, text=True, timeout=60
    )
    assert "complete" in done.stdout
    reports = list(project.glob(".rootcause/runs/*/report.html"))
    assert len(reports) == 2, "one run of the first command, one of the second analyse"
    for report in reports:
        assert {path.name for path in report.parent.iterdir()} == {
            "report.html",
            "causes.csv",
            "chains.jsonl",
            "ledger.csv",
            "findings.json",
            "map.dot",
            "map.json",
            "map.mmd",
            "run.json",
        }


def test_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("fewshot/*/README.md")):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name} links to {link}"
