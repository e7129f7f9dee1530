"""The commands around a run: settings, one complaint at once, what is there, and how fast help comes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from cli import SHIPPED, environment, rootcause, small_packs
from openai_server import KEY, MODEL, ScriptedServer
from typer.testing import CliRunner

from rootcause.cli import app
from rootcause.errors import SettingsError
from rootcause.llm.connect import is_embedded
from rootcause.models import Answer
from rootcause.settings import Settings, resolve
from rootcause.store import Store

COMPLAINT = "The van went to my old address although the card was changed in June."


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped topics with six examples each."""
    return small_packs(tmp_path_factory.mktemp("packs"), lambda _line: True)


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(words={"old address": "stale-address-card", "thank": "praise"}) as serving:
        yield serving


@pytest.fixture
def env(scripted: ScriptedServer, packs: Path) -> dict[str, str]:
    return {**scripted.environment, "ROOTCAUSE_FEWSHOT": str(packs)}


# ── settings ──────────────────────────────────────────────────────────────────────────────────────


def test_the_nearest_setting_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flag over environment over the project's file over the user's."""
    home = tmp_path / "config"
    (home / "rootcause").mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    address, context = "http://{}.example/v1", {"user": 2001, "project": 2002, "environment": 2003, "flag": 2004}

    def holds(place: str, **flags: Any) -> None:
        settings = resolve(**flags)
        assert (settings.model, settings.base_url, settings.context) == (place, address.format(place), context[place])

    def toml(place: str) -> str:
        return f'model = "{place}"\nbase_url = "{address.format(place)}"\ncontext = {context[place]}\n'

    assert resolve() == Settings() and resolve().model == "local"
    (home / "rootcause/rootcause.toml").write_text(toml("user"))
    holds("user")
    Path("rootcause.toml").write_text(toml("project"))
    holds("project")
    for name, value in (("MODEL", "environment"), ("CONTEXT", "2003"), ("BASE_URL", address.format("environment"))):
        monkeypatch.setenv(f"ROOTCAUSE_{name}", value)
    holds("environment")
    monkeypatch.setenv("OPENAI_BASE_URL", address.format("other"))
    holds("environment")  # the program's own variable wins over everybody's
    holds("flag", model="flag", base_url=address.format("flag"), context=2004)
    monkeypatch.delenv("ROOTCAUSE_BASE_URL")
    assert resolve().base_url == address.format("other"), "above the project's file"


def test_a_key_alone_sends_nothing_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert is_embedded(resolve())
    for name in ("OPENAI_BASE_URL", "ROOTCAUSE_BASE_URL", "ROOTCAUSE_MODEL"):
        monkeypatch.setenv(name, "")
        assert is_embedded(resolve()), f"an empty {name} is none"
    assert not is_embedded(resolve(model="gpt-5-mini")) and KEY not in repr(resolve())


def test_an_address_without_a_model_is_not_asked(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    """Everybody's OPENAI_BASE_URL stops an analysis, but not a look at what was done before."""
    more = {"OPENAI_BASE_URL": scripted.base_url, "OPENAI_API_KEY": KEY}
    refused = rootcause(tmp_path, "why", COMPLAINT, env=more)
    assert refused.code == 2 and "needs a model: name one it serves with --model" in refused.error and not scripted.asked
    assert rootcause(tmp_path, "runs", env=more).code == 0


def test_settings_files_reach_the_command(tmp_path: Path, scripted: ScriptedServer, packs: Path) -> None:
    lines = (
        f'model = "{MODEL}"',
        f'base_url = "{scripted.base_url}"',
        'shots = "none"',
        'store = "kept"',
        f'fewshot = "{packs}"',
    )
    (tmp_path / "rootcause.toml").write_text("\n".join(lines))
    ended = rootcause(tmp_path, "why", COMPLAINT, "--topic", "delivery", "--json", env={"OPENAI_API_KEY": KEY})
    assert ended.code == 0 and (tmp_path / "kept/rootcause.db").exists()
    assert "Labelled complaints" not in scripted.asked[0].body["messages"][0]["content"]


@pytest.mark.parametrize("slip", ["gemma3-4", "Gemma3-4b", "gemma-3-4b", "locl"])
def test_a_slip_in_a_models_name_sends_nothing_to_a_server(slip: str) -> None:
    with pytest.raises(SettingsError, match="--base-url"):
        is_embedded(Settings(model=slip))
    assert not is_embedded(Settings(model=slip, base_url="http://models.example/v1"))
    assert not is_embedded(Settings(model="gpt-6.1-sol"))


def test_a_language_is_two_letters(tmp_path: Path) -> None:
    wrong = rootcause(tmp_path, "why", "Late.", "--language", "russian")
    assert wrong.code == 2 and "'russian' is no language; write two letters, such as ru" in wrong.error


# ── one complaint at once ─────────────────────────────────────────────────────────────────────────


def test_why_explains_one_complaint(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    shown = rootcause(tmp_path, "why", COMPLAINT, "--topic", "delivery", env=env)
    assert shown.code == 0 and "└── 1. " in shown.out and "The van went to my old" in shown.out
    assert f"Model {MODEL}; nothing leaves this computer" in shown.said and "Topic delivery" in shown.said
    document = rootcause(tmp_path, "why", "-", "--topic", "delivery", "--json", env=env, given=COMPLAINT + "\n")
    answer = Answer.model_validate_json(document.out)
    assert answer.chains[0].cause == "stale-address-card"
    assert len(scripted.asked) <= 2
    praise = rootcause(tmp_path, "why", "Thank you for the quick delivery of my groceries today!", "--topic", "delivery", env=env)
    assert praise.code == 0 and praise.out.strip()


def test_why_says_what_went_wrong(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    empty = rootcause(tmp_path, "why", "-", env=env, given=" \n")
    assert empty.code == 2 and "the complaint is empty" in empty.error
    unknown = rootcause(tmp_path, "why", COMPLAINT, "--topic", "gardens", env=env)
    assert unknown.code == 2 and "there is no topic 'gardens'; known are bank-cards, delivery" in unknown.error
    scripted.always("refusal")
    refused = rootcause(tmp_path, "why", COMPLAINT, "--topic", "delivery", "--json", env=env)
    assert refused.code == 3 and "no valid answer: the model refused" in refused.error and refused.out == ""


# ── what is there ─────────────────────────────────────────────────────────────────────────────────


def test_doctor_tells_what_is_there_and_what_is_not(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    sound = rootcause(tmp_path, "doctor", env=env)
    assert sound.code == 0 and sound.out.count("ok    ") == len(sound.out.splitlines()) == 6
    assert f"model: {MODEL} at {scripted.base_url} answered" in sound.out and "delivery (6 examples)" in sound.out
    (tmp_path / "topics/delivery").mkdir(parents=True)
    (tmp_path / "topics/delivery/topic.yaml").write_text("id: [")
    (tmp_path / "topics/delivery/examples.jsonl").touch()
    scripted.always("401")
    ill = rootcause(tmp_path, "doctor", env={**env, "ROOTCAUSE_FEWSHOT": "topics"})
    assert ill.code == 4 and ill.out.count("FAIL  ") == 2
    assert "FAIL  topic packs: " in ill.out and "not valid YAML" in ill.out and "FAIL  model: " in ill.out


def test_runs_of_a_new_project(tmp_path: Path) -> None:
    assert "No runs yet" in rootcause(tmp_path, "runs").out and rootcause(tmp_path, "runs", "--json").json == []
    missing = rootcause(tmp_path, "show", "abc")
    assert missing.code == 2 and "there is no run 'abc'" in missing.error
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"


def test_the_beginning_of_several_ids_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / ".rootcause").mkdir()
    with Store(tmp_path / ".rootcause/rootcause.db") as store:
        for run in ("ab12", "ab34"):
            store.begin(run, source="a.csv", model="m", settings="{}")
    several = rootcause(tmp_path, "show", "ab")
    assert several.code == 2 and "several runs begin with 'ab': ab12, ab34" in several.error
    assert "run ab12 has no result yet" in rootcause(tmp_path, "show", "ab1").error


def test_packs_are_listed_and_checked(tmp_path: Path, packs: Path) -> None:
    env = {"ROOTCAUSE_FEWSHOT": str(packs)}
    listed = rootcause(tmp_path, "fewshot", "list", "--json", env=env).json
    assert [pack["topic"] for pack in listed] == sorted(path.name for path in SHIPPED.iterdir())
    assert {pack["examples"] for pack in listed} == {6} and "Delivery of groceries" in rootcause(
        tmp_path, "fewshot", "list", env=env
    ).out
    checked = rootcause(tmp_path, "fewshot", "check", "delivery", env=env)
    assert checked.code in (0, 3) and checked.out.splitlines()[-1].startswith("delivery: 6 examples, 0 held out, ")
    broken = tmp_path / "delivery"
    broken.mkdir()
    text = (packs / "delivery/examples.jsonl").read_text(encoding="utf-8").replace('"basis": "stated"', '"basis": "inferred"', 1)
    (broken / "examples.jsonl").write_text(text, encoding="utf-8")
    (broken / "topic.yaml").write_text((packs / "delivery/topic.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    found = rootcause(tmp_path, "fewshot", "check", "./delivery", "--json", env=env)
    assert found.code == 3 and any(finding["severity"] == "error" and finding["line"] == 1 for finding in found.json)
    wrong = rootcause(tmp_path, "fewshot", "check", "gardens", env=env)
    assert wrong.code == 2 and "there is no topic 'gardens'; known are bank-cards" in wrong.error


def test_models_are_listed(tmp_path: Path) -> None:
    listed = rootcause(tmp_path, "models", "list", "--json").json
    assert sum(model["default"] for model in listed) == 1 and {"name", "licence", "size", "memory", "present"} <= set(listed[0])
    shown = rootcause(tmp_path, "models", "list").out
    assert "default" in shown and all(model["name"] in shown for model in listed)


# ── help ──────────────────────────────────────────────────────────────────────────────────────────


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from _commands(command, (*path, name))


@pytest.mark.parametrize("command", list(_commands(typer.main.get_command(app))), ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0 and "Usage: " in result.output
    lines = [*result.output.splitlines(), ""]
    for line, below in pairwise(lines):
        if line.lstrip().startswith("--"):  # a long option has its help on the line below
            assert len(line.split()) > 2 or (below.startswith("    ") and not below.lstrip().startswith("--")), line
    assert len(result.output.splitlines()) > 4


def test_help_is_instant() -> None:
    heavy = ("openai", "numpy", "pydantic", "scipy", "pyarrow", "jinja2", "rich.console", "aiohttp")
    script = f"""
import sys
from rootcause.cli import main
sys.argv = ["rootcause", "--help"]
try:
    main()
finally:
    print([name for name in {heavy!r} if name in sys.modules])
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment(), check=True)
    assert "analyze" in ended.stdout and ended.stdout.splitlines()[-1] == "[]"


def test_no_command_is_a_mistake_with_help(tmp_path: Path) -> None:
    assert "Usage: rootcause" in rootcause(tmp_path).out + rootcause(tmp_path).err
    unknown = rootcause(tmp_path, "analyse", "x.csv")
    assert unknown.code == 2 and "analyze" in unknown.err
    assert rootcause(tmp_path, "--version").out.strip() == version("rootcause")
