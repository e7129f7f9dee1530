"""Making a pack's folder, keeping cases out of it, and the files that are written there."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cli import rootcause
from made_pack import labelled, pack_on_disk, unlike

from rootcause import embed
from rootcause.errors import PackError, SettingsError
from rootcause.fewshot import files
from rootcause.fewshot.check import check
from rootcause.fewshot.files import Drafted, Rejected, fresh_ids, line_of
from rootcause.fewshot.load import load
from rootcause.fewshot.scaffold import create
from rootcause.fewshot.split import count_for, divided
from rootcause.models import Basis, Example, Pack, Step

# ── a new pack ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("topic", "language"), [("late-delivery", "en"), ("поздняя-доставка", "ru")])
def test_new_pack_loads_and_is_criticised(tmp_path: Path, topic: str, language: str) -> None:
    pack = load(create(tmp_path / "fewshot", topic, language=language))
    assert (pack.topic.id, pack.topic.language, pack.examples) == (topic, language, ())
    found = {finding.rule: finding for finding in check(pack)}
    assert set(found) == {"set-size", "heldout-size", "no-company", "no-context", "no-causes"}
    lines = (Path(pack.folder) / "topic.yaml").read_text(encoding="utf-8").splitlines()
    for rule, field in (("no-company", "company:"), ("no-context", "context:"), ("no-causes", "causes:")):
        assert lines[(found[rule].line or 0) - 1].startswith(field)


def test_guidance_becomes_a_pack_when_its_marks_are_removed(tmp_path: Path) -> None:
    """The examples in the comments are what belongs there."""
    path = create(tmp_path, "late", language="en") / "topic.yaml"
    text = path.read_text(encoding="utf-8").replace("teams: []", "teams:").replace("causes: []", "causes:")
    shown = [line for line in text.splitlines() if line.startswith("#   ")]
    team = next(line for line in shown if "{id" in line)
    cause = shown[shown.index(next(line for line in shown if "- id:" in line and "{" not in line)) :]
    text = text.replace("teams:", f"teams:\n{team[2:]}").replace("causes:", "causes:\n" + "\n".join(line[2:] for line in cause))
    path.write_text(text, encoding="utf-8")
    topic = load(path.parent).topic
    assert topic.causes[0].team == topic.teams[0].id == "checkout"


@pytest.mark.parametrize("name", ["", "Late", "a b", "../late", "late/er", "late_", "-late", "nul\0"])
def test_what_cannot_be_an_id(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be a topic's id"):
        create(tmp_path, name, language="en")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    made = rootcause(tmp_path, "fewshot", "new", "late", "--language", "ru")
    assert made.code == 0 and "fewshot draft FILE --topic late" in made.out
    mine = tmp_path / "fewshot/late/topic.yaml"
    mine.write_text(mine.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    again = rootcause(tmp_path, "fewshot", "new", "late")
    assert again.code == 2 and "is there already; choose another name" in again.error
    assert "# mine" in mine.read_text(encoding="utf-8")


def test_commands_on_an_empty_pack_say_what_to_do(tmp_path: Path) -> None:
    rootcause(tmp_path, "fewshot", "new", "late")
    for command in (("doubts", "late"), ("split", "late"), ("export", "late", "late.xlsx")):
        refused = rootcause(tmp_path, "fewshot", *command)
        assert refused.code == 2 and "label" in refused.error, command
    assert [row["examples"] for row in rootcause(tmp_path, "fewshot", "list", "--json").json if row["topic"] == "late"] == [0]


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


def test_untouched_lines_stay_as_they_are() -> None:
    first, second = labelled("e-1", "late"), labelled("e-2", "lost")
    by_hand = line_of(first).replace('": ', '":  ')
    kept = files.labelled([second, first], f"{by_hand}\n\n{line_of(second)}\n")
    assert kept == f"{line_of(second)}\n{by_hand}\n"
    as_it_was = f"\n{by_hand}\n\n{line_of(second)}"
    assert files.labelled([first, second], as_it_was) == as_it_was, "blank lines too, where nothing changes"
    changed = first.model_copy(update={"text": "другой текст"})
    assert files.labelled([changed], by_hand) == f"{line_of(changed)}\n" and "другой" in line_of(changed)


def test_ids_go_on() -> None:
    def following(used: list[str], examples: list[str]) -> list[str]:
        return list(itertools.islice(fresh_ids(used, examples, "late"), 2))

    assert following([], []) == ["late-001", "late-002"]
    assert following(["late-h99", "late-007", "late-010"], ["late-007"]) == ["late-011", "late-012"]
    assert following(["ж9"], ["ж9"]) == ["ж10", "ж11"]
    assert following(["one"], ["one"]) == ["late-001", "late-002"]


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    files.write(tmp_path, {"a.jsonl": "1\n", "empty.jsonl": ""})
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"], "nothing to say is no file"
    before = (tmp_path / "a.jsonl").stat()
    files.write(tmp_path, {"a.jsonl": "1\n"})
    after = (tmp_path / "a.jsonl").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "an equal file is left alone"
    with pytest.raises(PackError, match="copy the pack into a folder 'fewshot' of your own"):
        files.write(tmp_path / "a.jsonl", {"b.jsonl": "2\n"})


def test_asides_are_read_back(tmp_path: Path) -> None:
    waiting = (Drafted(id="late-1", text="Что?\u2028Да", sheet="a.xlsx"),)
    files.write(tmp_path, {"drafted.jsonl": files.asides(waiting)})
    assert files.drafted(tmp_path) == waiting and files.rejected(tmp_path) == ()
    (tmp_path / "rejected.jsonl").write_text('\n{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(PackError, match=r"rejected.jsonl, line 2: .*correct the line"):
        files.rejected(tmp_path)
    assert Rejected(id="x", text="t", note="").id == "x"


# ── keeping cases out ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """130 examples, none held out."""
    monkeypatch.setattr(embed, "encode", unlike)
    pack = pack_on_disk(tmp_path)
    return pack.model_copy(update={"examples": (*pack.examples, *pack.heldout), "heldout": ()})


def kept_out(pack: Pack, count: int, seed: int) -> tuple[Example, ...]:
    found = divided(pack, count, seed)
    everything = (*pack.examples, *pack.heldout)
    assert sorted((*found.examples, *found.heldout), key=by_id) == sorted(everything, key=by_id)
    return tuple(example for example in found.heldout if example.id in found.moved)


def by_id(example: Example) -> str:
    return example.id


def labels(pack: Pack) -> Counter[str]:
    return Counter(example.label for example in pack.examples)


def without(pack: Pack, **counts: int) -> Pack:
    """Only so many examples of these causes."""
    left = Counter(counts)
    kept = []
    for example in pack.examples:
        if example.label not in counts or left[example.label] > 0:
            left[example.label] -= 1
            kept.append(example)
    return pack.model_copy(update={"examples": tuple(kept)})


def test_shares_are_those_of_the_examples(made: Pack) -> None:
    moved = kept_out(made, 26, seed=5)
    shares = Counter(example.label for example in moved)
    assert shares.total() == 26
    for label, count in labels(made).items():
        assert abs(shares[label] - count / 5) <= 1
    assert moved != kept_out(made, 26, seed=6) and moved == kept_out(made, 26, seed=5)
    turned = made.model_copy(update={"examples": tuple(reversed(made.examples))})
    assert moved == kept_out(turned, 26, seed=5)


def test_no_cause_is_made_thin(made: Pack) -> None:
    thin = without(made, fees=4, shut=5)
    shares = Counter(example.label for example in kept_out(thin, 60, seed=5))
    assert shares.total() == 60 and shares["fees"] == 0 and shares["shut"] == 1
    assert Counter(e.label for e in kept_out(thin, 1000, seed=5))["shut"] == 1, "as many as can be spared"
    few = without(made, **dict.fromkeys(labels(made), 3))
    assert kept_out(few, 6, seed=5) == ()
    assert Counter(e.label for e in divided(few, 6, seed=5, thin=True).heldout) == dict.fromkeys(labels(made), 1)
    assert len(divided(few, 100, seed=5, thin=True).examples) == 6, "each keeps one"


def test_near_duplicates_stay_together(made: Pack) -> None:
    copies = [made.examples[i].model_copy(update={"id": f"copy-{i}", "text": f"{made.examples[i].text} Yes."}) for i in range(20)]
    pack = made.model_copy(update={"examples": (*made.examples, *copies)})
    moved = {example.id for example in kept_out(pack, 40, seed=5)}
    assert any(key.startswith("copy-") for key in moved)
    for i in range(20):
        assert (f"copy-{i}" in moved) == (made.examples[i].id in moved)


def test_a_held_out_case_is_no_precedent(made: Pack) -> None:
    source = kept_out(made, 26, seed=5)[0]
    stay = [example for example in divided(made, 26, 5).examples if example.label == source.label]

    def citing(example: Example, step: Step) -> Example:
        chain = example.chains[0]
        return example.model_copy(
            update={"chains": (chain.model_copy(update={"steps": (chain.steps[0], step, chain.steps[2])}),)}
        )

    cited = Step(cause=source.chains[0].steps[1].cause, basis=Basis.PRECEDENT, evidence=source.id, countermeasure=None)
    alone = cited.model_copy(update={"cause": "This stands nowhere else."})
    known = cited.model_copy(update={"evidence": None, "basis": Basis.INFERRED})
    changed = {e.id: citing(e, step) for e, step in zip(stay, (cited, alone, known), strict=False)}
    pack = made.model_copy(update={"examples": tuple(changed.get(example.id, example) for example in made.examples)})
    found = divided(pack, 26, 5)
    after = {example.id: example.chains[0].steps[1] for example in found.examples}
    assert source.id in found.moved and found.mended == 2
    assert (after[stay[0].id].basis, after[stay[0].id].evidence) == (Basis.PRECEDENT, stay[2].id)
    assert (after[stay[1].id].basis, after[stay[1].id].evidence) == (Basis.INFERRED, None)


def test_how_many_where_nobody_says(made: Pack) -> None:
    assert count_for(made) == 30
    assert count_for(made.model_copy(update={"examples": made.examples * 2})) == 40
    with pytest.raises(SettingsError, match="post has 100 examples, and 100 are to stay"):
        count_for(made.model_copy(update={"examples": made.examples[:100]}))


def test_the_command_moves_lines_and_asks_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "fewshot"
    folder.mkdir()
    pack_on_disk(folder)
    examples, held = folder / "post/examples.jsonl", folder / "post/heldout.jsonl"
    lines = {line for path in (examples, held) for line in path.read_text(encoding="utf-8").splitlines() if line}

    def run(*more: str) -> Any:
        return rootcause(tmp_path, "fewshot", "split", "post", *more)

    refused = run()
    assert refused.code == 2 and "30 held-out cases already" in refused.error and "--more" in refused.error
    assert run("--more", "--anew").code == 2
    anew = run("--anew")
    assert anew.code == 0 and "post: 100 examples, 30 held out" in anew.out
    grown = run("--more", "--count", "35")
    assert "post: 95 examples, 35 held out" in grown.out
    assert "give a larger --count" in run("--more", "--count", "35").error
    assert len(load(folder / "post").heldout) == 35
    now = {line for path in (examples, held) for line in path.read_text(encoding="utf-8").splitlines()}
    assert now == lines, "every line as it was, in one of the two files"
