"""`rootcause analyze` end to end: the real command, a real HTTP server, small files, and what users rely on."""

from __future__ import annotations

import html
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from cli import COMMAND, SHIPPED, Done, done, environment, finished, report_of, rootcause, rows, small_packs, started, table
from openai_server import KEY, MODEL, ScriptedServer

from rootcause.models import Fate, RunReport
from rootcause.sample import margin_of

STALE, BASKET, PICKER = "stale-address-card", "promise-fixed-at-basket", "substitution-ignores-refusal"
WORDS = {"old address": STALE, "promised day": BASKET, "swapped": PICKER, "thank": "praise"}
HEADER = ("id", "topic", "complaint")
TEN = (
    "The van went to my old address although the card was changed in June.",
    "Again the driver rang at the old address and my neighbour signed.",
    "My basket was opened on Monday and the promised day passed without a parcel.",
    "The picker swapped gluten free flour for ordinary flour and I cannot eat it.",
    "You swapped my coffee for tea although the box said no substitutes.",
    "Nobody told me that the promised day had moved to Friday.",
    "The groceries stood in the sun at the old address until evening.",
    "The promised day was Tuesday and now the app says next week.",
    "The milk was swapped for oat milk without a word to me.",
    "Two crates were left at the old address and one is gone.",
)


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped topics with six examples each, so that nobody waits for embeddings."""
    return small_packs(tmp_path_factory.mktemp("packs"), lambda line: '"chains": [{' in line)


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(words=WORDS) as serving:
        yield serving


@pytest.fixture
def env(scripted: ScriptedServer, packs: Path) -> dict[str, str]:
    """Points the command at the scripted model and the small packs."""
    return {**scripted.environment, "ROOTCAUSE_FEWSHOT": str(packs)}


def complaints(folder: Path, texts: tuple[str, ...] = TEN, topic: str = "delivery", name: str = "complaints.csv") -> Path:
    return table(folder / name, HEADER, [(f"c{number}", topic, text) for number, text in enumerate(texts, start=1)])


def shares(report: RunReport) -> dict[str, float]:
    return {ranked.cause.id: ranked.share for ranked in (*report.ranking.causes, *report.ranking.residue)}


def fates(report: RunReport) -> dict[str, str]:
    return {row.id: row.fate.value for row in report.ledger}


def statuses(folder: Path, env: dict[str, str]) -> dict[str, str]:
    return {run["id"]: run["status"] for run in rootcause(folder, "runs", "--json", env=env).json}


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


# ── one run, whole ────────────────────────────────────────────────────────────────────────────────


def test_a_file_becomes_ranked_causes(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    texts = [
        *TEN[:4],
        "  the van went to my OLD address although the card was  changed in june.",
        "",
        TEN[0].replace("June", "June"),
    ]
    texts += [
        "Thank you all, the new app is a joy.",
        "Order 17 came to the old address.",
        "Order 2944 came to the old address.",
        " ",
    ]
    file = table(tmp_path / "file.csv", HEADER, [(f"c{n}", "delivery", text) for n, text in enumerate(texts, start=1)])
    heard = tmp_path / "heard"

    def announced(_: str) -> bool:
        said = " ".join(heard.read_text(encoding="utf-8").split())
        assert f"Model {MODEL}; nothing leaves this computer" in said and "Sample 9 of 9 rows, seed 5, all of them" in said
        assert "Topic delivery: 9 rows; 6 labelled examples, shots all" in said and "Calls 6 to make, 0 already answered" in said
        return True

    first_seen: list[bool] = []
    scripted.always("ok", when=lambda text: bool(first_seen) or first_seen.append(announced(text)) is None)
    with heard.open("wb") as stderr:
        ended = subprocess.run(
            [COMMAND, "analyze", str(file)], cwd=tmp_path, env=environment(env), stdout=subprocess.PIPE, stderr=stderr
        )
    assert first_seen == [True], "model, sample and calls are announced before anything is asked"
    assert ended.returncode == 0 and scripted.steps == ["ok"] * 6, "equal texts but for case, spaces and digits are asked once"

    out = ended.stdout.decode()
    names = {cause["id"]: cause["name"] for cause in yaml.safe_load((SHIPPED / "delivery/topic.yaml").read_text())["causes"]}
    places = [out.find(names[cause][:20]) for cause in (STALE, BASKET, PICKER)]
    assert 0 < places[0] < min(places[1:]) and min(places) > 0, "the largest cause comes first"
    assert "Merged with nothing" not in out and "Open the report: .rootcause/runs/" in out

    [folder] = (tmp_path / ".rootcause/runs").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == [
        "causes.csv",
        "chains.jsonl",
        "findings.json",
        "ledger.csv",
        "map.dot",
        "map.json",
        "map.mmd",
        "report.html",
        "run.json",
    ]
    causes = {row["id"]: row for row in rows(folder / "causes.csv")}
    expected = {f"delivery/{STALE}": 6, f"delivery/{BASKET}": 1, f"delivery/{PICKER}": 1}
    assert {cause: int(row["complaints"]) for cause, row in causes.items()} == expected, "a text counts as often as it occurs"
    assert {cause: float(row["share"]) for cause, row in causes.items()} == pytest.approx(
        {c: n / 9 for c, n in expected.items()}, abs=1e-6
    )
    ledger = rows(folder / "ledger.csv")
    assert [int(row["row"]) for row in ledger] == list(range(1, len(texts) + 1)), "every row of the file, once, in its order"
    assert [row["fate"] for row in ledger] == [
        *["analysed"] * 4, "duplicate of", "skipped", "duplicate of", "nothing to explain", "analysed", "duplicate of", "skipped",
    ]  # fmt: skip
    assert [row["reason"] for row in ledger if row["fate"] == "duplicate of"] == ["c1", "c1", "c9"]
    assert len((folder / "chains.jsonl").read_text(encoding="utf-8").splitlines()) == 6
    assert html.escape(names[STALE], quote=False)[:30] in (folder / "report.html").read_text(encoding="utf-8")

    again = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (
        again["run"] == folder.name and again["source"] == str(file) and again["sample"] == {"rows": 9, "seed": 5, "topic": None}
    )
    assert again["model"]["name"] == MODEL and again["model"]["identity"] == scripted.base_url and again["shots"] == "all"
    assert {"rootcause", "openai", "python"} <= set(again["versions"]) and len(again["file"]["sha256"]) == len(
        again["prompts"]
    ) == 64
    assert set(again["packs"]) == {path.name for path in SHIPPED.iterdir()}

    scripted.forget()
    same = rootcause(tmp_path, "analyze", file, "--json", env=env)
    assert same.code == 0 and report_of(same).run_id == folder.name and not scripted.asked, "the same command asks nothing again"
    assert report_of(same).cost.used.calls == 6 and "Calls 0 to make, 6 already answered" in same.said

    # what was done before comes out again, without asking anything
    assert rootcause(tmp_path, "show", folder.name[:4], env=env).out == out[: out.find("Open the report")]
    assert report_of(rootcause(tmp_path, "show", folder.name, "--json", env=env)) == report_of(same)
    listed = rootcause(tmp_path, "runs", env=env).out
    assert folder.name in listed and "complete" in listed and MODEL in listed
    russian = rootcause(tmp_path, "report", folder.name, "--language", "ru", "--out", "русский", env=env)
    page = (tmp_path / "русский/report.html").read_text(encoding="utf-8")
    assert russian.code == 0 and 'lang="ru"' in page and "Почему жалуются клиенты" in page
    assert russian.out.strip() == str(Path("русский/report.html")) and not scripted.asked


def test_shares_are_weighted_by_the_sample(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    many = [(f"d{n}", "delivery", f"{TEN[n % 10]} This happened to {'abcdefghijkl'[n]}nna.") for n in range(12)]
    few = [("b1", "Bakery", "The bread was sold at the old address only."), ("b2", " bakery", "The rolls were as hard as stone.")]
    file = table(tmp_path / "file.csv", HEADER, [*many, *few])
    first = rootcause(tmp_path, "analyze", file, "--sample", "6", "--json", env=env)
    report = report_of(first)
    weights = {row.id: row.weight for row in report.ledger if row.fate.value == "analysed"}
    assert len(weights) == 6 and len(set(weights.values())) == 2, "two strata, drawn unequally"
    assert sum(weights.values()) == pytest.approx(14) and Counter(fates(report).values())["not sampled"] == 8
    assert {(stratum.topic, stratum.population) for stratum in report.sample.strata} == {("Bakery", 2), ("delivery", 12)}
    texts = {identity: text for identity, _, text in many}
    for word, cause in WORDS.items():
        with_it = sum(weight for row, weight in weights.items() if row in texts and word in texts[row])
        assert shares(report).get(f"delivery/{cause}", 0.0) == pytest.approx(with_it / 14), "no other row counts towards a cause"
    assert f"margin ±{100 * margin_of(6, 14):.1f} points" in first.said
    assert "Topic Bakery: 2 rows; no topic pack: analysed without examples" in first.said
    assert {topic.topic: topic.note for topic in report.topics}["Bakery"] == "no topic pack: analysed without examples"

    asked = len(scripted.asked)
    other = report_of(rootcause(tmp_path, "analyze", file, "--sample", "6", "--json", "--store", "other", env=env))
    assert other.sample == report.sample and other.ranking == report.ranking and other.run_id == report.run_id
    assert sorted(scripted.complaints[asked:]) == sorted(scripted.complaints[:asked]), "the same seed draws the same rows"
    precise = rootcause(tmp_path, "analyze", file, "--margin", "0.3", "--seed", "8", "--json", env=env)
    reseeded = report_of(precise)
    drawn = len(reseeded.sample.complaints)
    assert margin_of(drawn, 14) <= 0.3 < margin_of(drawn - 1, 14) and f"Sample {drawn} of 14 rows, seed 8" in precise.said
    assert not {row.id for row in report.sample.complaints} <= {row.id for row in reseeded.sample.complaints}
    assert reseeded.run_id != report.run_id


def test_what_is_affordable_is_the_default(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    letters = "abcdefghijklmnopqrst"
    texts = tuple(f"The crates {a}{b} stood at the old address." for a in letters for b in letters)  # 400 rows
    complaints(tmp_path, texts, topic="bakery")
    scripted.always("401")
    stopped = rootcause(tmp_path, "analyze", "complaints.csv", env=env)
    assert "Sample 385 of 400 rows, seed 5, margin ±1.0 points" in stopped.said and stopped.code == 4


# ── topics ────────────────────────────────────────────────────────────────────────────────────────


def test_topics_come_from_the_column_else_from_the_nearest_examples(
    tmp_path: Path, scripted: ScriptedServer, env: dict[str, str], packs: Path
) -> None:
    def first(pack: str) -> str:
        return str(json.loads((packs / pack / "examples.jsonl").read_text(encoding="utf-8").splitlines()[0])["text"])

    title = yaml.safe_load((packs / "bank-cards/topic.yaml").read_text(encoding="utf-8"))["title"]
    file = table(
        tmp_path / "file.csv",
        HEADER,
        [("1", "", first("delivery")), ("2", title.upper(), TEN[0]), ("3", "", first("mobile-billing")), ("4", "Garden", TEN[2])],
    )
    ended = rootcause(tmp_path, "analyze", file, "--json", "--shots", "nearest:2", env=env)
    assert {row.id: row.topic for row in report_of(ended).ledger} == {
        "1": "delivery", "2": "bank-cards", "3": "mobile-billing", "4": "Garden",
    }  # fmt: skip
    assert "2 of 2 rows without a topic were placed by their nearest labelled examples" in ended.said
    assert "Topic Garden: 1 rows; no topic pack: analysed without examples" in ended.said
    shown = {len(outcome.shots) for outcome in report_of(ended).outcomes if outcome.topic != "Garden"}
    assert shown == {2} and next(one.shots for one in report_of(ended).outcomes if one.topic == "Garden") == ()


def test_topic_names_the_whole_file_or_a_column(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    file = table(tmp_path / "file.csv", ("complaint", "area"), [(TEN[0], "delivery"), (TEN[3], "garden")])
    whole = rootcause(tmp_path, "analyze", file, "--topic", "delivery", "--json", env=env)
    assert {row.topic for row in report_of(whole).ledger} == {"delivery"} and shares(report_of(whole)).keys() >= {
        f"delivery/{STALE}"
    }
    assert "nearest labelled examples" not in whole.said, "the topic was named, not told"
    column = rootcause(tmp_path, "analyze", file, "--topic", "area", "--json", env=env)
    assert [row.topic for row in report_of(column).ledger] == ["delivery", "garden"]
    wrong = rootcause(tmp_path, "analyze", file, "--topic", "delivry", env=env)
    assert wrong.code == 2 and "no column 'delivry' for --topic" in wrong.error and "'area'" in wrong.error


# ── faults of single calls ────────────────────────────────────────────────────────────────────────


def test_one_bad_answer_never_loses_the_run(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    kinds = ("refusal", "length", "invalid", "mended", "rule", "busy", "500", "drop", "fine", "plain")
    texts = tuple(f"{kind.title()} day: {text}" for kind, text in zip(kinds, TEN, strict=True))
    complaints(tmp_path, texts)
    scripted.queue("invalid", when="invalid day")
    scripted.queue("rule", when="mended day")
    scripted.queue("429:1.7", when="busy day")
    scripted.queue("500", when="500 day")
    scripted.queue("drop", when="drop day")
    for step in ("refusal", "length", "rule"):
        scripted.always(step, when=f"{step} day")
    first = rootcause(tmp_path, "analyze", "complaints.csv", env=env)
    times = Counter(text.split()[0].lower() for text in scripted.complaints)
    assert times == {
        "refusal": 1, "length": 1, "invalid": 2, "mended": 2, "rule": 3, "busy": 2, "500": 2, "drop": 2, "fine": 1, "plain": 1,
    }  # fmt: skip
    busy = [asked.at for asked in scripted.asked if (asked.complaint or "").startswith("Busy")]
    assert busy[1] - busy[0] >= 1.7, "Retry-After is kept"
    assert first.code == 3 and "70% of the sampled rows ended well" in " ".join(first.out.split())
    assert first.out.strip().startswith("This report is partial"), "on top"
    assert "partial: 70.0% of the sampled rows ended well, 98.0% were required; 3 failed" in first.said
    assert "run the same command again to retry them" in first.said, "the refused and the truncated one may pass"
    assert "1 of these because the model kept breaking a rule" in first.said
    [folder] = (tmp_path / ".rootcause/runs").iterdir()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 0 < page.find("This report is partial") < page.find("<nav"), "above everything else"
    ledger = {row["id"]: row for row in rows(folder / "ledger.csv")}
    assert len(ledger) == 10 and Counter(row["fate"] for row in ledger.values()) == {"analysed": 7, "failed": 3}
    assert ledger["c1"]["reason"].startswith("refusal: ") and ledger["c2"]["reason"].startswith("truncated: ")
    assert ledger["c5"]["reason"].startswith("rule: after 3 answers still broken: repeats")
    assert set(statuses(tmp_path, env).values()) == {"partial"}

    # the same command tries the failures again, and nothing else
    asked = len(scripted.asked)
    repeated = rootcause(tmp_path, "analyze", "complaints.csv", "--json", env=env)
    report = report_of(repeated)
    assert {text.split()[0] for text in scripted.complaints[asked:]} == {"Refusal", "Length", "Rule"}
    assert repeated.code == 3 and report.partial and report.complete == pytest.approx(0.7)
    assert any(note.startswith("partial: 70.0%") for note in report.notes) and "partial: 70.0%" in repeated.said
    loose = rootcause(tmp_path, "analyze", "complaints.csv", "--json", "--min-complete", "0.7", env=env)
    assert loose.code == 0 and not report_of(loose).partial and report_of(loose).run_id == report.run_id
    scripted.forget()
    scripted.always("500", when="thank")
    last = rootcause(tmp_path, "analyze", "complaints.csv", "--json", env=env)
    assert last.code == 0 and len(scripted.asked) == 3 and set(fates(report_of(last)).values()) == {"analysed"}
    assert report_of(last).notes == () and set(statuses(tmp_path, env).values()) == {"complete"}


def test_a_silent_server_is_a_failure_of_that_row(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    complaints(tmp_path, TEN[:3])
    scripted.always("hang", when="basket")
    impatient = (
        "import rootcause.llm.client as c; c._LOCAL_TIMEOUT = 0.6; c._ATTEMPTS = 2; from rootcause.cli import main; main()"
    )
    command = [sys.executable, "-c", impatient, "analyze", "complaints.csv", "--json"]
    process = subprocess.run(command, cwd=tmp_path, env=environment(env), capture_output=True, timeout=60)
    ended = done(process.returncode, process.stdout, process.stderr)
    assert ended.code == 3 and Counter(scripted.complaints)[TEN[2]] == 2
    [failed] = [row for row in report_of(ended).ledger if row.fate.value == "failed"]
    assert failed.id == "c3" and failed.reason.startswith("timeout: no answer from")


@pytest.mark.parametrize(
    ("step", "sentence"),
    [("401", "does not accept the key"), ("404", "does not know the model 'scripted'"), ("quota", "the quota at")],
)
def test_what_no_repetition_mends_stops_the_run(
    tmp_path: Path, scripted: ScriptedServer, env: dict[str, str], step: str, sentence: str
) -> None:
    complaints(tmp_path)
    scripted.always(step, when="promised day")
    ended = rootcause(tmp_path, "analyze", "complaints.csv", "--json", env=env)
    assert ended.code == 4 and sentence in ended.error and ended.out == "" and scripted.steps.count(step) <= 3
    assert set(statuses(tmp_path, env).values()) == {"stopped"}
    unfinished = rootcause(tmp_path, "show", "", env=env)
    assert unfinished.code == 2 and "has no result yet; run its command again to finish it" in unfinished.error


def test_an_address_where_nobody_listens_stops_the_run(tmp_path: Path, env: dict[str, str]) -> None:
    complaints(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ended = rootcause(tmp_path, "analyze", "complaints.csv", "--base-url", f"http://127.0.0.1:{port}/v1", env=env, timeout=20)
    assert ended.code == 4 and "cannot be reached" in ended.error and "check --base-url" in ended.error


@pytest.mark.parametrize(
    ("arguments", "more", "sentence"),
    [
        (["none.csv"], {}, "none.csv does not exist; check the path."),
        (["complaints.csv", "--text", "words"], {}, "has no column 'words' for --text"),
        (["complaints.csv", "--sample", "3", "--all"], {}, "--sample, --margin, --all and --until-stable exclude each other"),
        (["complaints.csv", "--margin", "0.1", "--until-stable", "0.9"], {}, "--margin, --all and --until-stable exclude"),
        (["complaints.csv", "--shots", "some"], {}, "--shots 'some' is not known; write all"),
        (["complaints.csv", "--language", "russian"], {}, "setting 'language'"),
        (["complaints.csv"], {"ROOTCAUSE_CONTEXT": "long"}, "setting 'context': Input should be a valid integer"),
        (["complaints.csv"], {"ROOTCAUSE_FEWSHOT": "nowhere"}, "setting 'fewshot': Path does not point to a directory"),
        (["complaints.csv"], {"ROOTCAUSE_MODEL": "local"}, "needs a model: name one it serves with --model"),
        (["complaints.csv", "--base-url", "http://a:b@127.0.0.1/v1"], {}, "holds a password or a query"),
        (["complaints.csv", "--base-url", "127.0.0.1:1"], {}, "is not an address"),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, scripted: ScriptedServer, env: dict[str, str], arguments: list[str], more: dict[str, str], sentence: str
) -> None:
    complaints(tmp_path, TEN[:2])
    ended = rootcause(tmp_path, "analyze", *arguments, "--json", env={**env, **more})
    assert ended.code == 2 and sentence in ended.error and ended.err.count("\n") == 1 and ended.out == "" and not scripted.asked


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("model = gpt", "rootcause.toml is not valid TOML"), ("modell = 'x'", "setting 'modell'"), ("seed = 'x'", "setting 'seed'")],
)
def test_a_broken_settings_file_is_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "rootcause.toml").write_text(content)
    ended = rootcause(tmp_path, "runs")
    assert ended.code == 2 and sentence in ended.error


def test_a_hostile_file_cannot_steer_the_terminal(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    header = ("id", "topic", "complaint", "\x1b]0;owned\x07[/]column")
    file = table(tmp_path / "[red]file[bold].csv", header, [("1", "\x1b[31m[bold]garden", "\x1b[2J" + TEN[0], "")])
    assert rootcause(tmp_path, "analyze", file.name, env=env).code == 0  # `done` looks for escape sequences
    assert "[red]file[bold].csv" in rootcause(tmp_path, "runs", env=env).out, "shown as it is called"
    assert rootcause(tmp_path, "analyze", file.name, "--text", "body", env=env).error.count("column") >= 2


# ── broken off ────────────────────────────────────────────────────────────────────────────────────


def test_ctrl_c_says_how_to_go_on(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    complaints(tmp_path)
    scripted.always("hang", when="basket")
    process = started(tmp_path, "analyze", "complaints.csv", "--json", env=env)
    until(lambda: len(scripted.asked) == 10)
    until(lambda: replies(tmp_path) == 9)
    process.send_signal(signal.SIGINT)
    ended = finished(process)
    assert ended.code == 130 and ended.out == ""
    assert ended.error == "interrupted; what was answered is kept, run the same command again to go on"
    assert set(statuses(tmp_path, env).values()) == {"interrupted"}
    scripted.forget()
    again = rootcause(tmp_path, "analyze", "complaints.csv", "--json", env=env)
    assert again.code == 0 and scripted.complaints == [TEN[2]] and set(statuses(tmp_path, env).values()) == {"complete"}


def replies(folder: Path, store: str = ".rootcause") -> int:
    """Answers that the store holds."""
    path = folder / store / "rootcause.db"
    if not path.exists():
        return 0
    db = sqlite3.connect(path, timeout=30)
    try:
        return int(db.execute("SELECT count(*) FROM replies").fetchone()[0])
    except sqlite3.OperationalError:  # no tables yet
        return 0
    finally:
        db.close()


def test_kills_lose_nothing_and_repeat_nothing(tmp_path: Path, packs: Path) -> None:
    chance = random.Random(20261122)
    complaints(tmp_path)
    concurrency = 2
    with ScriptedServer(words=WORDS, delay=0.12) as server:
        env = {**server.environment, "ROOTCAUSE_FEWSHOT": str(packs), "ROOTCAUSE_CONCURRENCY": str(concurrency)}
        first = rootcause(tmp_path, "analyze", "complaints.csv", "--all", "--json", "--store", "whole", env=env)
        whole = report_of(first)
        assert "Sample 10 of 10 rows, seed 5, all of them" in first.said
        server.forget()
        for _ in range(3):
            goal = len(server.asked) + chance.randint(1, 4)
            process = started(tmp_path, "analyze", "complaints.csv", env=env)
            until(lambda goal=goal: len(server.asked) >= goal)
            time.sleep(chance.uniform(0, 0.15))
            process.kill()
            finished(process)
            stored, asked = replies(tmp_path), len(server.asked)
        last = rootcause(tmp_path, "analyze", "complaints.csv", "--json", env=env)
        assert f"Calls {10 - stored} to make, {stored} already answered" in last.said and stored > 0
        assert len(server.asked) - asked == 10 - stored, "no completed call is repeated"
        times = Counter(server.complaints)
        assert set(times) == set(TEN) and sum(times.values()) - 10 <= 3 * concurrency, "at most the calls in flight are repeated"
    report = report_of(last)
    assert last.code == 0 and report.run_id == whole.run_id and report.ranking == whole.ranking
    assert report.outcomes == whole.outcomes and report.ledger == whole.ledger


def test_two_processes_at_once_do_not_break_each_other(tmp_path: Path, packs: Path) -> None:
    complaints(tmp_path)
    with ScriptedServer(words=WORDS, delay=0.05) as server:
        env = {**server.environment, "ROOTCAUSE_FEWSHOT": str(packs), "ROOTCAUSE_CONCURRENCY": "2"}
        both = [started(tmp_path, "analyze", "complaints.csv", "--json", env=env) for _ in range(2)]
        one, other = (finished(process) for process in both)
        assert one.code == other.code == 0 and report_of(one).ranking == report_of(other).ranking
        assert report_of(one).run_id == report_of(other).run_id and len(server.asked) <= 20
        third = rootcause(tmp_path, "analyze", "complaints.csv", "--json", env=env)
        assert report_of(third).ranking == report_of(one).ranking
        assert report_of(third).cost.used.calls == len(server.asked), "what both asked is accounted for"
    [folder] = (tmp_path / ".rootcause/runs").iterdir()
    assert len(rows(folder / "ledger.csv")) == 10 and json.loads((folder / "run.json").read_text())["run"] == folder.name


# ── money ─────────────────────────────────────────────────────────────────────────────────────────

PRICES = '[[price]]\nmodel = "scripted"\nhost = "models.example"\ninput = 1000\noutput = 4000\ncurrency = "EUR"\n'


@pytest.fixture
def paid(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> dict[str, str]:
    """An endpoint that is not on this machine and costs money: the scripted server, reached as the proxy on the way to it."""
    (tmp_path / "prices.toml").write_text(PRICES)
    proxy = f"http://127.0.0.1:{scripted.port}"
    return {
        **env,
        "ROOTCAUSE_BASE_URL": "http://models.example/v1",
        "ROOTCAUSE_PRICES": "prices.toml",
        "HTTP_PROXY": proxy,
        "http_proxy": proxy,
    }


def price(report: RunReport) -> float:
    return (report.cost.used.prompt * 1000 + report.cost.used.completion * 4000) / 1e6


def test_money_is_asked_for_before_it_is_spent(tmp_path: Path, scripted: ScriptedServer, paid: dict[str, str]) -> None:
    complaints(tmp_path, TEN[:3])
    refused = rootcause(tmp_path, "analyze", "complaints.csv", env=paid)
    assert refused.code == 2 and "add --yes, and --max-cost for a limit" in refused.error and not scripted.asked
    assert "the texts go to http://models.example/v1" in refused.said and "EUR" in refused.said

    def answering(word: bytes) -> Done:
        ours, theirs = os.openpty()
        try:
            os.write(ours, word)
            return rootcause(tmp_path, "analyze", "complaints.csv", "--json", env=paid, given=theirs)
        finally:
            os.close(ours)
            os.close(theirs)

    declined = answering(b"n\n")
    assert "Go on?" in declined.err and declined.out == "" and declined.code == 0 and not scripted.asked
    agreed = answering(b"y\n")
    report = report_of(agreed)
    assert agreed.code == 0 and len(scripted.asked) == 3 and report.cost.currency == "EUR"
    assert report.cost.price == pytest.approx(price(report)) and report.cost.price > 0.5
    estimate = float(agreed.said.split("price about ")[1].split()[0])
    assert 0.5 * report.cost.price < estimate < 2 * report.cost.price
    shown = rootcause(tmp_path, "show", report.run_id, env=paid)
    assert f"€{report.cost.price:.2f}" in shown.out and "3 calls" in shown.out
    assert rootcause(tmp_path, "analyze", "complaints.csv", env=paid).code == 0, "nothing to pay, nothing to ask"

    unknown = rootcause(tmp_path, "analyze", "complaints.csv", "--yes", "--max-cost", "1", "--all", "--seed", "3",
                        env={**paid, "ROOTCAUSE_PRICES": ""})  # fmt: skip
    assert unknown.code == 2 and "--max-cost cannot be kept: the price of scripted is unknown" in unknown.error


def test_the_cap_keeps_what_was_paid_for(tmp_path: Path, scripted: ScriptedServer, paid: dict[str, str]) -> None:
    complaints(tmp_path)
    capped = {**paid, "ROOTCAUSE_CONCURRENCY": "1"}
    cap = 25.0
    first = rootcause(tmp_path, "analyze", "complaints.csv", "--yes", "--max-cost", f"{cap}", "--json", env=capped)
    report = report_of(first)
    spent, missing = len(scripted.asked), Counter(fates(report).values())["not reached"]
    assert first.code == 3 and 0 < spent < 10 and missing == 10 - spent and len(report.ledger) == 10
    assert price(report) == pytest.approx(report.cost.price) and 0 < (report.cost.price or 0) <= cap
    assert report.cost.from_store == 0, "what was not reached is not in the store"
    assert f"stopped at --max-cost {cap}: {missing} sampled rows were not reached" in first.said
    assert set(statuses(tmp_path, capped).values()) == {"partial"} and len(report.outcomes) == spent

    again = rootcause(tmp_path, "analyze", "complaints.csv", "--yes", "--max-cost", f"{cap}", "--json", env=capped)
    assert again.code == 3 and len(scripted.asked) == spent, "the cap is the run's, however often the command is given"
    raised = rootcause(tmp_path, "analyze", "complaints.csv", "--yes", "--max-cost", "500", "--json", env=capped)
    assert raised.code == 0 and report_of(raised).run_id == report.run_id
    assert len(scripted.asked) == 10 and set(Counter(scripted.complaints).values()) == {1}, "nothing is paid twice"


def test_a_cap_leaves_out_rows_by_lot_and_not_the_end_of_the_file(
    tmp_path: Path, scripted: ScriptedServer, paid: dict[str, str]
) -> None:
    """What a run did not reach counts as missing at random."""
    complaints(tmp_path)
    ends = []
    for seed in ("1", "2", "3"):
        capped = {**paid, "ROOTCAUSE_CONCURRENCY": "1", "ROOTCAUSE_SEED": seed, "ROOTCAUSE_STORE": f"s{seed}"}
        report = report_of(rootcause(tmp_path, "analyze", "complaints.csv", "--yes", "--max-cost", "25", "--json", env=capped))
        ends.append([row.fate is not Fate.NOT_REACHED for row in report.ledger if row.fate is not Fate.SKIPPED])
    assert all(0 < sum(reached) < len(reached) for reached in ends)
    assert not all(reached == sorted(reached, reverse=True) for reached in ends), "the first rows of the file alone"
    assert len({tuple(reached) for reached in ends}) > 1


def test_a_cap_holds_where_no_tokens_are_told(tmp_path: Path, packs: Path) -> None:
    complaints(tmp_path)
    (tmp_path / "prices.toml").write_text(PRICES)
    with ScriptedServer(words=WORDS, usage=False) as server:
        proxy = f"http://127.0.0.1:{server.port}"
        env = {
            **server.environment, "ROOTCAUSE_FEWSHOT": str(packs), "ROOTCAUSE_BASE_URL": "http://models.example/v1",
            "ROOTCAUSE_PRICES": "prices.toml", "HTTP_PROXY": proxy, "http_proxy": proxy, "ROOTCAUSE_CONCURRENCY": "1",
        }  # fmt: skip
        ended = rootcause(tmp_path, "analyze", "complaints.csv", "--yes", "--max-cost", "25", "--json", env=env)
        report = report_of(ended)
        assert ended.code == 3 and 0 < len(server.asked) < 10 and "not reached" in fates(report).values()
        assert report.cost.used.prompt > 0 and 0 < (report.cost.price or 0) <= 25
        assert f"did not tell the tokens of {len(server.asked)} calls: they are estimates" in ended.said


# ── output ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["cp866", "ascii"])
def test_any_console_is_good_enough(tmp_path: Path, env: dict[str, str], encoding: str) -> None:
    texts = (
        "Курьер приехал на старый адрес, хотя карточку изменили — «в июне», заплатил 5 €.",
        "麵包 was swapped twice — „nein“ 😡 today",
    )
    complaints(tmp_path, texts, name="жалобы.csv")
    more = {**env, "PYTHONIOENCODING": encoding, "NO_COLOR": "1"}
    shown = rootcause(tmp_path, "analyze", "жалобы.csv", env=more, encoding=encoding)
    assert shown.code == 0 and shown.out.strip()
    document = rootcause(tmp_path, "analyze", "жалобы.csv", "--json", env=more, encoding=encoding)
    assert [row.text for row in report_of(document).sample.complaints] == list(texts), "no sign is lost in JSON"
    assert rootcause(tmp_path, "runs", env=more, encoding=encoding).code == 0
    assert rootcause(tmp_path, "runs", "--json", env=more, encoding=encoding).json[0]["source"] == "жалобы.csv"


def test_the_key_appears_nowhere(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    complaints(tmp_path, TEN[:2])
    canary = "sk-canary-9f8e7d6c5b4a"
    said = ""
    for key, accepted in ((canary, canary), (canary, KEY)):
        scripted.key = accepted
        ended = rootcause(tmp_path, "analyze", "complaints.csv", "--seed", str(len(said) + 1), env={**env, "OPENAI_API_KEY": key})
        doctor = rootcause(tmp_path, "doctor", env={**env, "OPENAI_API_KEY": key})
        said += ended.out + ended.err + doctor.out + doctor.err
        assert (ended.code, doctor.code) == ((0, 0) if accepted == key else (4, 4))
    assert any(asked.headers.get("Authorization") == f"Bearer {canary}" for asked in scripted.asked) and canary not in said
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) > 5 and all(canary.encode() not in path.read_bytes() for path in kept)


# ── causes that no catalogue knows ────────────────────────────────────────────────────────────────


def test_new_causes_are_compared_and_named_by_the_model(tmp_path: Path, scripted: ScriptedServer, env: dict[str, str]) -> None:
    roots = {
        "loaf": "The bakery has no rule for how long bread may stay on the shelf.",
        "bun": "Nobody is assigned to take yesterday's loaves out of the display.",
    }
    for word, root in roots.items():
        said = {"cause": "The customer could not eat it.", "basis": "stated", "evidence": f"The {word} was hard"}
        steps = [
            {**said, "countermeasure": None},
            {
                "cause": "It was baked the day before.",
                "basis": "inferred",
                "evidence": None,
                "countermeasure": "Bake twice a day",
            },
            {"cause": root, "basis": "inferred", "evidence": None, "countermeasure": "Write the rule down"},
        ]
        answer = {"nothing_to_explain": None, "chains": [{"steps": steps, "cause": "new"}]}
        scripted.always(f"reply:{json.dumps(answer)}", when=word)
    complaints(tmp_path, ("The loaf was hard as a stone on Monday.", "The bun was hard and tasted of dust."), topic="bakery")

    apart = report_of(rootcause(tmp_path, "analyze", "complaints.csv", "--json", "--store", "apart", env=env))
    assert {ranked.cause.name for ranked in apart.ranking.residue} == set(roots.values()) and len(scripted.asked) == 3
    asked = len(scripted.asked)
    scripted.queue('reply:{"same": true}')
    joined = report_of(rootcause(tmp_path, "analyze", "complaints.csv", "--json", env=env))
    [ranked] = joined.ranking.causes
    assert ranked.cause.new and ranked.complaints == 2 and ranked.cause.name == min(roots.values()).rstrip()
    assert len(scripted.asked) - asked == 4 == joined.cost.used.calls, "two complaints, one comparison, one name: all booked"
    again = report_of(rootcause(tmp_path, "analyze", "complaints.csv", "--json", env=env))
    assert again.ranking == joined.ranking and len(scripted.asked) - asked == 4, "verdicts are kept too"
