"""Which complaints are drafted next, what the model's drafts become, and how many more are worth having."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from cli import SHIPPED, Done, rootcause, table
from made_pack import COUNTS, labelled, pack_on_disk, unlike
from openai_server import ScriptedServer

from rootcause import embed
from rootcause.decompose import Explained
from rootcause.errors import InputError, PackError
from rootcause.fewshot.advise import Advisor
from rootcause.fewshot.files import Drafted, Rejected
from rootcause.fewshot.pick import pick, unsureness
from rootcause.fewshot.worth import Worth, worth
from rootcause.ingest import read
from rootcause.labelling.draft import can_explain, choose, entries, of_topic
from rootcause.models import Complaint, Example, Failure, Pack

TODAY = dt.date(2026, 11, 22)
COMPLAINTS = Path(__file__).parents[1] / "examples/complaints.csv"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return pack_on_disk(tmp_path_factory.mktemp("packs"))


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "encode", unlike)


# ── which ones ────────────────────────────────────────────────────────────────────────────────────


def around(*centres: tuple[float, float], each: int) -> np.ndarray:
    """Unit vectors close to directions in a plane, given in degrees and spread in degrees."""
    rng = np.random.default_rng(1)
    angles = np.deg2rad(np.concatenate([rng.normal(centre, spread, each) for centre, spread in centres]))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_every_group_is_seen_before_one_is_seen_twice() -> None:
    pool = around((0, 2), (90, 2), (180, 2), each=10)
    assert sorted(place // 10 for place in pick(pool, pool[:0], 3)) == [0, 1, 2]
    assert len(pick(pool, pool[:0], 30)) == 3, "what is nearly the same is not labelled twice"
    known = pool[:1]
    assert sorted(place // 10 for place in pick(pool, known, 2)) == [1, 2], "what is labelled is covered"


def test_a_crowd_is_preferred_to_an_oddity_and_doubt_to_certainty() -> None:
    pool = np.vstack([around((0, 2), (100, 2), each=10), around((235, 0), each=1)])
    assert pick(pool, pool[:1], 1)[0] // 10 == 1
    pool = around((0, 2), (120, 2), (240, 2), each=10)
    for doubtful in (1, 2):
        unsure = np.array([0.9 if place // 10 == doubtful else 0.2 for place in range(30)])
        assert pick(pool, pool[:1], 1, unsure)[0] // 10 == doubtful


def test_unsureness_is_the_share_of_the_most_there_can_be() -> None:
    found = unsureness(np.array([[0.25] * 4, [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]]))
    assert np.allclose(found, [1, 0, 0.5], atol=1e-6)
    assert unsureness(np.ones((2, 1))).tolist() == [1, 1]


def complaints(count: int) -> list[Complaint]:
    examples = [labelled(f"c{i}", list(COUNTS)[i % 6]) for i in range(count)]
    return [Complaint(row=i, line=i, id=e.id, text=e.text, date=e.date if i % 2 else None) for i, e in enumerate(examples, 1)]


def chosen(pack: Pack, found: list[Complaint], count: int) -> tuple[Example, ...]:
    return choose(pack, (), (), found, count=count, seed=5, today=TODAY).cases


@pytest.mark.usefixtures("no_model")
def test_what_is_known_is_not_asked_again(made: Pack) -> None:
    pool = complaints(12)
    known = [made.examples[0].text.upper(), made.heldout[0].text, pool[0].text, pool[1].text, pool[2].text]
    copies = [Complaint(row=90 + i, line=1, id=f"k{i}", text=text) for i, text in enumerate(known)]
    drafted = (Drafted(id="post-200", text=pool[0].text, sheet="a.xlsx"),)
    rejected = (Rejected(id="post-201", text=pool[1].text, note=""),)
    found = choose(made, drafted, rejected, [*pool, *copies], count=50, seed=5, today=TODAY)
    assert {case.text for case in found.cases} == {complaint.text for complaint in pool[2:]}
    assert (found.rows, found.texts) == (17, 10)
    assert [case.id for case in found.cases] == [f"post-e-late-{number}" for number in range(24, 34)], "the commonest ids go on"
    assert {case.date for case in found.cases} == {TODAY, dt.date(2026, 1, 1)}
    with pytest.raises(InputError, match="all complaints of 'post' in the file are labelled"):
        choose(made, drafted, rejected, copies[:4], count=5, seed=5, today=TODAY)


def test_what_says_the_same_in_other_words_is_not_asked_again(made: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = complaints(4)
    said = {pool[0].text: made.examples[5].text, pool[1].text: made.heldout[5].text}
    monkeypatch.setattr(embed, "encode", lambda texts: unlike([said.get(text, text) for text in texts]))
    assert {case.text for case in chosen(made, pool, 4)} == {complaint.text for complaint in pool[2:]}


@pytest.mark.usefixtures("no_model")
def test_order_of_rows_does_not_matter(made: Pack) -> None:
    pool = complaints(60)
    mixed = random.Random(2).sample(pool, len(pool))
    small = made.model_copy(update={"examples": made.examples[::5]})
    assert chosen(small, pool, 8) == chosen(small, mixed, 8)
    bare = made.model_copy(update={"examples": (), "heldout": ()})
    assert chosen(bare, pool, 8) == chosen(bare, mixed, 8) and chosen(bare, pool, 8) != chosen(small, pool, 8)


def test_rows_of_the_topic(tmp_path: Path, made: Pack) -> None:
    packs = {"post": made}
    texts = [f"Late again and again {i}." for i in range(6)]
    named = [(i, ("Post", "shop")[i % 2], text) for i, text in enumerate(texts)]
    told = read(str(table(tmp_path / "a.csv", ("id", "topic", "text"), named)))
    plain = read(str(table(tmp_path / "b.csv", ("id", "text"), list(enumerate(texts)))))
    assert [c.id for c in of_topic(told, packs, "post", 0.4)] == ["0", "2", "4"]
    assert len(of_topic(plain, packs, "post", 0.4)) == 6, "a file without topics is taken whole"
    with pytest.raises(InputError, match=r"no complaint of the topic 'bank'; .* says Post, shop"):
        of_topic(told, packs, "bank", 0.4)


# ── what the drafts become ────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("no_model")
def test_drafts_say_what_is_wrong_with_them(made: Pack) -> None:
    good, bad, failed = (labelled(f"post-{i}", "late") for i in (101, 102, 103))
    cases = [example.model_copy(update={"chains": ()}) for example in (good, bad, failed)]
    chain = bad.chains[0]
    step = chain.steps[2].model_copy(update={"countermeasure": None})
    thin = bad.answer.model_copy(update={"chains": (chain.model_copy(update={"steps": (*chain.steps[:2], step)}),)})
    refusal = Failure(kind="refusal", message="the model refused")
    explained = [
        Explained(answer=good.answer, failure=None, attempts=1, fresh=True),
        Explained(answer=thin, failure=None, attempts=1, fresh=True),
        Explained(answer=None, failure=refusal, attempts=1, fresh=True),
    ]
    found = entries(made, cases, explained)
    assert [entry.example.chains for entry in found] == [good.chains, thin.chains, ()]
    assert (
        found[0].note == "" and "proposes 1 countermeasures" in found[1].note and found[2].note == "No draft: the model refused."
    )
    assert {entry.decision for entry in found} == {""}, "nobody has decided yet"


def test_a_base_model_explains_only_what_it_was_taught(made: Pack) -> None:
    bare = made.model_copy(update={"examples": ()})
    assert can_explain(bare, plain=False) and can_explain(made, plain=True) and not can_explain(bare, plain=True)
    with pytest.raises(PackError, match="no labelled examples to learn from"):
        Advisor((), embed.encode([]))


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize("count", [1, 2, 5, 26])
def test_the_advisor_learns_from_few(made: Pack, count: int) -> None:
    few = made.examples[:count]
    advisor = Advisor(few, unlike([example.text for example in few]))
    assert advisor.candidates(few[0].text, unlike([few[0].text])[0], 2, 0.5)[0] == "late"


# ── how many more ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterable[Example]], None]:
    """Lets the embedding of these examples' texts tell their cause, so that few are enough to learn from."""

    monkeypatch.setattr("rootcause.fewshot.worth._DRAWS", 2)  # the same every time, and three times as fast

    def tell(examples: Iterable[Example]) -> None:
        labels = {example.text: example.label for example in examples}
        place = {label: i for i, label in enumerate(sorted(set(labels.values())))}
        monkeypatch.setattr(embed, "encode", lambda texts: 5 * np.eye(64, dtype=np.float32)[[place[labels[t]] for t in texts]])

    return tell


def test_rule_of_how_many_more(made: Pack, telling: Callable[[Iterable[Example]], None]) -> None:
    late = [labelled(f"post-x{i}", "late") for i in range(40)]
    alone = [labelled(f"post-a{i}", f"once-{i}") for i in range(10)]
    telling([*made.examples, *late, *alone])

    def found(*examples: Example) -> Worth:
        return worth(made.model_copy(update={"examples": examples}))

    assert found().more == 100 and found().unseen == 0
    assert found(*made.examples[:90]).more == 10, "up to a hundred"
    few = worth(made.model_copy(update={"examples": made.examples[:5], "heldout": ()}))
    assert few.unseen is None and few.more == 95
    assert found(*made.examples).more == 0 and found(*made.examples).thin == {}, "everything is there, and nothing is gained"
    less = [example for example in made.examples if example.label != "fees"]
    assert found(*less, *late[:14]).thin == {"fees": 4} and found(*less, *late[:14]).more == 4
    rare = found(*made.examples, *alone)
    assert rare.unseen == pytest.approx(10 / 140) and rare.more == 25, "ten of 140 labels were seen once"
    assert found(*made.examples, *alone, *late[:35]).more == 5, "no more than a prompt holds"


def test_gain_of_the_last_ones(made: Pack, telling: Callable[[Iterable[Example]], None]) -> None:
    telling(made.examples)
    clear = worth(made)
    assert clear.gain is not None and abs(clear.gain) < 0.01 and clear.error is not None
    assert worth(made.model_copy(update={"examples": made.examples[:70]})).gain is None, "too few to tell"


def test_gain_on_a_real_pack() -> None:
    from rootcause.fewshot.load import load

    found = worth(load(SHIPPED / "subscription-access"))
    assert found.gain is not None and found.error is not None
    assert 0.01 < found.gain < 0.12 and found.error < 0.04 and found.more == 18


# ── the command ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new pack with the shipped topic, and a file of twelve complaints."""
    assert rootcause(tmp_path, "fewshot", "new", "delivery").code == 0
    (tmp_path / "fewshot/delivery/topic.yaml").write_bytes((SHIPPED / "delivery/topic.yaml").read_bytes())
    with COMPLAINTS.open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["topic"] == "delivery"][:12]
    table(tmp_path / "complaints.csv", tuple(found[0]), [tuple(row.values()) for row in found])
    return tmp_path


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as serving:
        yield serving


def drafted(project: Path, env: dict[str, str], *more: str) -> Done:
    return rootcause(project, "fewshot", "draft", "complaints.csv", "--topic", "delivery", *more, env=env)


def test_from_complaints_to_examples(project: Path, scripted: ScriptedServer) -> None:
    env = scripted.environment
    ended = drafted(project, env, "--count", "4", "--sheet", "one.csv")
    assert ended.code == 0 and len(scripted.asked) == 4, ended.err
    assert "4 complaints to draft for delivery" in ended.said and "4 to make, 0 already answered" in ended.said
    assert "one.csv: 4 complaints, picked among" in ended.out
    with (project / "one.csv").open(encoding="utf-8-sig", newline="") as file:
        page = list(csv.DictReader(file))
    first = [row for row in page if row["decision"] == "" and row["text"]]
    assert [row["id"] for row in first] == [f"delivery-00{i}" for i in range(1, 5)] and all(row["cause"] for row in first)
    for row, decision in zip(first, ("accept", "accept", "reject", ""), strict=True):
        row["decision"] = decision
    with (project / "one.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(page[0]))
        writer.writeheader()
        writer.writerows(page)
    taken = rootcause(project, "fewshot", "import", "one.csv", "--topic", "delivery")
    assert taken.code == 0 and "2 added, 0 of them edited; 1 rejected; 1 without a decision" in taken.out
    assert "2 examples; 98 more are worth labelling" in taken.out
    texts = {row["text"] for row in first}

    more = drafted(project, env, "--count", "50")
    assert more.code == 0 and (project / "delivery-1.xlsx").exists()
    asked = set(scripted.complaints[4:])
    assert len(asked) == len(scripted.asked) - 4 and not asked & texts
    waiting = [json.loads(line) for line in (project / "fewshot/delivery/drafted.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["sheet"] for row in waiting} == {"one.csv", "delivery-1.xlsx"} and waiting[0]["id"] == "delivery-004"
    none_left = drafted(project, env)
    assert none_left.code == 2 and "import the sheets that are out" in none_left.error


def test_an_interrupted_draft_goes_on(project: Path, scripted: ScriptedServer) -> None:
    """Nothing is set aside until the sheet is there, and what was answered is not asked again."""
    scripted.queue("ok", "ok", "401")
    broken = drafted(project, scripted.environment, "--count", "4", "--concurrency", "1")
    assert broken.code == 4 and not list(project.glob("*.xlsx")) and not (project / "fewshot/delivery/drafted.jsonl").exists()
    scripted.forget()
    ended = drafted(project, scripted.environment, "--count", "4")
    assert ended.code == 0 and len(scripted.asked) == 2 and "2 to make, 2 already answered" in ended.said


def test_a_refused_complaint_is_left_to_the_reviewer(project: Path, scripted: ScriptedServer) -> None:
    scripted.always("refusal")
    ended = drafted(project, scripted.environment, "--count", "2", "--sheet", "s.csv")
    assert ended.code == 0
    with (project / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        page = list(csv.DictReader(file))
    assert [row["note"] for row in page if row["note"]] == [f"No draft: {message(project)}."] * 2
    assert not any(row["why"] for row in page) and {row["step"] for row in page} >= {"1", "5"}


def message(project: Path) -> str:
    with sqlite3.connect(project / ".rootcause/rootcause.db") as database:
        return str(database.execute("SELECT message FROM failures").fetchone()[0])


def test_money_is_asked_for(project: Path, scripted: ScriptedServer) -> None:
    elsewhere = {"OPENAI_API_KEY": "sk-x", "ROOTCAUSE_BASE_URL": "https://api.example.com/v1", "ROOTCAUSE_MODEL": "gpt-5-mini"}
    refused = drafted(project, elsewhere, "--count", "2")
    assert refused.code == 2 and "add --yes" in refused.error and not list(project.glob("*.xlsx"))
    capped = drafted(project, elsewhere, "--count", "2", "--max-cost", "1")
    assert capped.code == 2 and not scripted.asked


def test_without_a_model_that_can_explain_the_chains_are_left_empty(project: Path) -> None:
    """The packaged base model is not even started."""
    ended = drafted(project, {}, "--count", "3", "--sheet", "s.csv")
    assert ended.code == 0 and "fill the chains in by hand" in ended.said and "Calls" not in ended.err
    with (project / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        page = list(csv.DictReader(file))
    assert len({row["id"] for row in page}) == 3 and not any(row["why"] or row["cause"] for row in page)
    there = drafted(project, {}, "--sheet", "s.csv")
    assert there.code == 2 and "is there already" in there.error
