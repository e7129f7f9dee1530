"""Each rule of `fewshot check` fires on the defect it is for, and on nothing in a healthy pack."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_pack import COUNTS, WORDS, labelled, pack_on_disk, phrase, unlike

from rootcause import embed
from rootcause.fewshot.check import Finding, check, check_labels, surface
from rootcause.fewshot.check.labels import REMEDIES
from rootcause.fewshot.load import load
from rootcause.models import Basis, Chain, NothingReason, Pack, Sign, SignKind, Step

SHIPPED = Path(__file__).parent.parent / "fewshot"


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """100 examples and 30 held-out cases on disk, loaded. Line 2 of the examples is blank."""
    return pack_on_disk(tmp_path_factory.mktemp("packs"))


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "encode", unlike)


def rules(pack: Pack) -> set[str]:
    return {finding.rule for finding in check(pack)}


def found(pack: Pack, rule: str) -> Finding:
    return next(finding for finding in check(pack) if finding.rule == rule)


def replaced(pack: Pack, place: int, **changes: Any) -> Pack:
    examples = list(pack.examples)
    examples[place] = examples[place].model_copy(update=changes)
    return pack.model_copy(update={"examples": tuple(examples)})


def with_chain(pack: Pack, change: Callable[[Chain], Chain], place: int = 3) -> Pack:
    return replaced(pack, place, chains=(change(pack.examples[place].chains[0]),))


def with_step(pack: Pack, step: int, place: int = 3, **changes: Any) -> Pack:
    def change(chain: Chain) -> Chain:
        steps = list(chain.steps)
        steps[step] = steps[step].model_copy(update=changes)
        return chain.model_copy(update={"steps": tuple(steps)})

    return with_chain(pack, change, place)


def with_topic(pack: Pack, **changes: Any) -> Pack:
    return pack.model_copy(update={"topic": pack.topic.model_copy(update=changes)})


def with_cause(pack: Pack, place: int, **changes: Any) -> Pack:
    causes = list(pack.topic.causes)
    causes[place] = causes[place].model_copy(update=changes)
    return with_topic(pack, causes=tuple(causes))


# ── the healthy pack, lines, order ────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("no_model")
def test_healthy_pack_has_no_findings(healthy: Pack) -> None:
    assert check(healthy) == ()


@pytest.mark.usefixtures("no_model")
def test_findings_name_the_physical_line_and_come_in_order(healthy: Pack) -> None:
    broken = with_step(with_step(healthy, 0, place=7, evidence="never said"), 0, place=1, evidence="never said")
    findings = check(with_cause(broken, 2, team="nobody"))
    assert [(Path(f.file).name, f.line, f.id) for f in findings] == [
        ("examples.jsonl", 3, "post-e-late-1"),
        ("examples.jsonl", 9, "post-e-late-7"),
        ("topic.yaml", found_line(healthy, "- id: cold"), "cold"),
    ]
    for finding in findings:
        assert finding.message.endswith(".")
        assert finding.remedy.endswith(".")


def found_line(pack: Pack, start: str) -> int:
    lines = (Path(pack.folder) / "topic.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip() == start)


@pytest.mark.usefixtures("no_model")
def test_pack_that_is_not_on_disk_has_findings_without_lines(healthy: Pack, tmp_path: Path) -> None:
    pack = with_step(healthy, 0, evidence="never said").model_copy(update={"folder": str(tmp_path / "gone")})
    assert [(f.rule, f.line) for f in check(pack)] == [("quote", None)]


@pytest.mark.usefixtures("no_model")
def test_empty_pack_is_reported_not_a_crash(healthy: Pack) -> None:
    empty = with_topic(healthy, causes=()).model_copy(update={"examples": (), "heldout": ()})
    assert rules(empty) == {"set-size", "heldout-size", "no-causes"}


@pytest.mark.usefixtures("no_model")
def test_findings_about_a_whole_file_have_a_line_too(healthy: Pack) -> None:
    few = healthy.model_copy(update={"examples": healthy.examples[1:]})
    assert found(few, "set-size").line == 1
    more = tuple(labelled(f"post-x-{i}", list(COUNTS)[i % 6]) for i in range(60))
    too_many = healthy.model_copy(update={"examples": (*more, *healthy.examples)})
    assert found(too_many, "set-size").line == 92, "the first one too many: the 91st of the file, whose second line is blank"


@pytest.mark.usefixtures("no_model")
def test_labels_are_checked_alone(healthy: Pack) -> None:
    """As an import does it: only the named examples, no rule of the set, and the place of a broken step."""
    pack = with_step(with_step(healthy, 0, place=7, evidence="never said"), 0, place=1, evidence="never said")
    small = pack.model_copy(update={"examples": pack.examples[:20], "heldout": ()})
    findings = check_labels(small, {"post-e-late-7"})
    assert [(f.rule, f.id, f.chain, f.step) for f in findings] == [("quote", "post-e-late-7", 0, 0)]
    assert check_labels(small, {"post-e-late-3"}) == ()


# ── rules shared with the model's answers ─────────────────────────────────────────────────────────


def stretched(chain: Chain) -> Chain:
    more = [f"And {phrase(random.Random(i), 9)}." for i in range(5)]
    extra = tuple(Step(cause=cause, basis=Basis.INFERRED, evidence=None, countermeasure=None) for cause in more)
    return chain.model_copy(update={"steps": chain.steps + extra})


def chains_of(pack: Pack, *causes: str) -> tuple[Chain, ...]:
    return tuple(next(e for e in pack.examples[4:] if e.label == cause).chains[0] for cause in causes)


def inferred(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    bare = {"basis": Basis.INFERRED, "evidence": None}
    return tuple(c.model_copy(update={"steps": tuple(s.model_copy(update=bare) for s in c.steps)}) for c in chains)


def in_russian(chain: Chain) -> Chain:
    causes = [f"Причина в том, что никто не проверил {what}." for what in ("адрес доставки", "график смены", "остаток на складе")]
    steps = tuple(step.model_copy(update={"cause": cause}) for step, cause in zip(chain.steps, causes, strict=True))
    return chain.model_copy(update={"steps": steps})


SHARED: dict[str, Callable[[Pack], Pack]] = {
    "nothing-or-chains": lambda pack: replaced(pack, 3, nothing_to_explain=NothingReason.SPAM),
    "too-many-chains": lambda pack: replaced(pack, 3, chains=inferred(chains_of(pack, "late", "lost", "cold", "rude"))),
    "unknown-cause": lambda pack: with_chain(pack, lambda chain: chain.model_copy(update={"cause": "unheard"})),
    "same-cause-twice": lambda pack: replaced(pack, 3, chains=pack.examples[3].chains * 2),
    "step-count": lambda pack: with_chain(pack, stretched),
    "not-a-sentence": lambda pack: with_step(pack, 1, cause="Logistics."),
    "repeats": lambda pack: with_step(pack, 1, cause=pack.examples[3].chains[0].steps[0].cause),
    "garbled": lambda pack: with_step(pack, 1, cause="The depot mistook one shelf for another сhelf."),
    "restates": lambda pack: with_step(pack, 0, cause=" ".join(pack.examples[3].text.split()[:8])),
    "blames": lambda pack: with_step(pack, 2, cause="All of this happened because of human error at the counter."),
    "not-actionable": lambda pack: with_chain(
        with_step(pack, 2, cause="The weather stopped all vans."), lambda chain: chain.model_copy(update={"cause": "new"})
    ),
    "quote": lambda pack: with_step(pack, 0, evidence="never said in the text"),
    "precedent": lambda pack: with_step(pack, 1, basis=Basis.PRECEDENT, evidence="post-e-unheard"),
    "inferred": lambda pack: with_step(pack, 1, evidence="a reason"),
    "leak": lambda pack: with_step(pack, 1, cause=" ".join(pack.examples[60].text.split()[:10])),
    "language": lambda pack: with_chain(pack, in_russian),
    "sign": lambda pack: replaced(pack, 3, signs=(Sign(kind=SignKind.LOSS, quote="never said in the text"),)),
}


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize("rule", SHARED)
def test_rules_of_answers_hold_for_examples(healthy: Pack, rule: str) -> None:
    finding = found(SHARED[rule](healthy), rule)
    assert (finding.severity, finding.id, finding.line) == ("error", "post-e-late-3", 5)


def test_every_rule_of_answers_has_a_remedy_of_its_own() -> None:
    assert set(SHARED) == set(REMEDIES)


@pytest.mark.usefixtures("no_model")
def test_rules_of_answers_hold_for_heldout_cases(healthy: Pack) -> None:
    case = healthy.heldout[0]
    chain = case.chains[0]
    citing = chain.steps[1].model_copy(update={"basis": Basis.PRECEDENT, "evidence": healthy.heldout[1].id})
    steps = (chain.steps[0], citing, chain.steps[2])
    broken = case.model_copy(update={"chains": (chain.model_copy(update={"steps": steps}),)})
    pack = healthy.model_copy(update={"heldout": (broken, *healthy.heldout[1:])})
    assert found(pack, "precedent").id == case.id, "a held-out case is no precedent"


@pytest.mark.usefixtures("no_model")
def test_steps_worded_alike_are_no_leak_within_a_pack(healthy: Pack) -> None:
    assert check(with_step(healthy, 2, cause=healthy.examples[4].chains[0].root.cause)) == ()


@pytest.mark.usefixtures("no_model")
def test_precedents(healthy: Pack) -> None:
    def citing(source: str) -> Pack:
        return with_step(healthy, 1, basis=Basis.PRECEDENT, evidence=source)

    assert check(citing("post-e-late-5")) == ()
    assert rules(citing("post-e-late-3")) == {"precedent-self"}
    assert rules(citing("post-e-cold-1")) == {"precedent-cause"}


@pytest.mark.usefixtures("no_model")
def test_chain_needs_two_countermeasures(healthy: Pack) -> None:
    assert rules(with_step(healthy, 2, countermeasure=None)) == {"few-countermeasures"}
    assert rules(with_step(healthy, 2, countermeasure="")) == {"few-countermeasures"}


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize(("length", "fits"), [(7, False), (8, True), (160, True), (161, False)])
def test_quote_length(healthy: Pack, length: int, fits: bool) -> None:
    quote = ("abc " * 60)[: length - 1].rstrip().ljust(length - 1, "z") + "z"
    text = f"{healthy.examples[3].text} {quote} end"
    pack = with_step(replaced(healthy, 3, text=text), 0, evidence=quote)
    assert rules(pack) == (set() if fits else {"quote-length"})


RUSSIAN = "Посылка пришла на три дня позже обещанного, курьер не позвонил, а поддержка советует ждать ещё неделю."


@pytest.mark.usefixtures("no_model")
def test_text_in_another_language(healthy: Pack) -> None:
    pack = with_step(replaced(healthy, 3, text=RUSSIAN), 0, evidence="курьер не позвонил")
    assert rules(pack) == {"text-language"}
    spam = replaced(healthy, 3, text=RUSSIAN, chains=(), nothing_to_explain=NothingReason.SPAM)
    assert check(spam) == ()


# ── pairs ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("no_model")
def test_copies_are_found_by_their_words(healthy: Pack) -> None:
    text = f"{healthy.examples[3].text} It cost 45.90 on 3 May."
    other = replaced(healthy, 3, text=text)
    copy = text.replace("45.90", "7").replace("3 May", "29 May")
    for original in (copy, copy.upper()):
        twin = replaced(other, 8, text=original, chains=inferred(other.examples[8].chains))
        finding = found(twin, "near-duplicate")
        assert finding.id == "post-e-late-8"
        assert "post-e-late-3" in finding.message
        assert "contradiction" not in rules(twin)


@pytest.mark.usefixtures("no_model")
def test_one_text_under_two_causes(healthy: Pack) -> None:
    place = next(i for i, example in enumerate(healthy.examples) if example.label == "cold")
    twin = replaced(healthy, place, text=healthy.examples[3].text, chains=inferred(healthy.examples[place].chains))
    assert "cold against late" in found(twin, "contradiction").message


@pytest.mark.usefixtures("no_model")
def test_heldout_leak_and_duplicates_within_heldout(healthy: Pack) -> None:
    def held(place: int, text: str) -> Pack:
        cases = list(healthy.heldout)
        cases[place] = cases[place].model_copy(update={"text": text, "chains": inferred(cases[place].chains)})
        return healthy.model_copy(update={"heldout": tuple(cases)})

    leak = held(2, healthy.examples[3].text)
    assert "near-duplicate" not in rules(leak)
    assert found(leak, "heldout-leak").id == "post-h-late-2"
    double = held(2, healthy.heldout[1].text)
    assert "heldout-leak" not in rules(double)
    assert found(double, "near-duplicate").file.endswith("heldout.jsonl")


@pytest.mark.usefixtures("no_model")
def test_short_text_inside_a_long_one(healthy: Pack) -> None:
    part = phrase(random.Random("part"), 25)
    whole = f"{phrase(random.Random('before'), 90)} {part} {phrase(random.Random('after'), 90)}"
    pack = replaced(replaced(healthy, 3, text=part), 8, text=whole)
    pack = replaced(replaced(pack, 3, chains=inferred(pack.examples[3].chains)), 8, chains=inferred(pack.examples[8].chains))
    assert found(pack, "near-duplicate").id == "post-e-late-8"


PARAPHRASES = [
    (
        "I can't find my order. The courier rang at ten, nobody answered, and now the app says I was not home, which is a lie.",
        "I cannot find my order. The courier called at ten, no one answered, and the app now claims I wasn't home, a lie.",
    ),
    (
        "Снял в вашем банкомате семь тысяч, чек выдал, а деньги нет. Восьмой день жду какую-то кассету, сколько можно?",
        "Снимал в вашем банкомате семь тысяч: чек вышел, денег нет. Жду восьмой день какую-то кассету, доколе?",
    ),
]


@pytest.mark.parametrize(("text", "paraphrase"), PARAPHRASES)
def test_light_paraphrase_is_found_by_its_meaning(healthy: Pack, text: str, paraphrase: str) -> None:
    texts = (text, paraphrase, "My bill is wrong: you charged roaming although I never left town.")
    examples = tuple(
        example.model_copy(update={"text": words, "chains": inferred(example.chains)})
        for example, words in zip(healthy.examples, texts, strict=False)
    )
    small = healthy.model_copy(update={"examples": examples, "heldout": ()})
    assert [f.id for f in check(small) if f.rule == "near-duplicate"] == ["post-e-late-1"]


@pytest.mark.usefixtures("no_model")
def test_repeated_opening(healthy: Pack) -> None:
    opening = " ".join(healthy.examples[3].text.split()[:5])
    pack = replaced(healthy, 8, text=f"{opening.upper()}, {healthy.examples[8].text}")
    assert rules(pack) == {"repeated-opening"}
    assert found(pack, "repeated-opening").severity == "warning"


@pytest.mark.usefixtures("no_model")
def test_duplicate_ids(healthy: Pack) -> None:
    first = healthy.heldout[0].model_copy(update={"id": healthy.examples[0].id})
    pack = healthy.model_copy(update={"heldout": (first, *healthy.heldout[1:])})
    assert found(pack, "duplicate-id").file.endswith("heldout.jsonl")
    teams = with_topic(healthy, teams=healthy.topic.teams * 2)
    assert found(teams, "duplicate-id").id == "desk"
    assert "duplicate-id" in rules(with_cause(healthy, 1, id="late"))


# ── catalogue and topic ───────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("no_model")
def test_unused_and_thin_causes(healthy: Pack) -> None:
    idle = healthy.topic.causes[0].model_copy(update={"id": "idle", "name": "Idle hands."})
    extra = with_topic(healthy, causes=(*healthy.topic.causes, idle))
    assert rules(extra) == {"unused-cause", "unmeasured-cause"}
    for count, thin in ((3, True), (4, False)):
        kept = [e for e in healthy.examples if e.label != "fees"] + [e for e in healthy.examples if e.label == "fees"][:count]
        pack = healthy.model_copy(update={"examples": tuple(kept)})
        assert ("thin-cause" in rules(pack)) is thin


@pytest.mark.usefixtures("no_model")
def test_second_chain_counts_for_a_cause(healthy: Pack) -> None:
    fees = [e for e in healthy.examples if e.label == "fees"]
    kept = [e for e in healthy.examples if e.label != "fees"] + fees[:3]
    kept[0] = kept[0].model_copy(update={"chains": (*kept[0].chains, *inferred(fees[4].chains))})
    assert "thin-cause" not in rules(healthy.model_copy(update={"examples": tuple(kept)}))


@pytest.mark.usefixtures("no_model")
def test_cause_without_heldout_case(healthy: Pack) -> None:
    pack = healthy.model_copy(update={"heldout": tuple(e for e in healthy.heldout if e.label != "fees")})
    finding = found(pack, "unmeasured-cause")
    assert (finding.severity, finding.id) == ("warning", "fees")


@pytest.mark.usefixtures("no_model")
def test_unknown_team(healthy: Pack) -> None:
    assert rules(with_cause(healthy, 2, team="nobody")) == {"unknown-team"}


@pytest.mark.usefixtures("no_model")
def test_catalogue_that_cannot_be_used(healthy: Pack) -> None:
    assert rules(with_topic(healthy, company=" ")) == {"no-company"}
    assert "no-causes" in rules(with_topic(healthy, causes=()))
    external = healthy.topic.causes[0].model_copy(update={"id": "external", "name": "Elsewhere they did it."})
    assert "reserved-id" in rules(with_topic(healthy, causes=(*healthy.topic.causes, external)))


def test_causes_of_nearly_the_same_name(healthy: Pack) -> None:
    few = healthy.model_copy(update={"examples": (), "heldout": ()})
    names = (
        "Refunds above £30 wait for one weekly session of finance.",
        "Finance approves refunds over £30 only once a week.",
        "The masked number dies when the slot ends.",
    )
    causes = tuple(c.model_copy(update={"name": n}) for c, n in zip(healthy.topic.causes, names, strict=False))
    found_in = [f.id for f in check(with_topic(few, causes=causes)) if f.rule == "same-cause-name"]
    assert found_in == ["lost"]


@pytest.mark.usefixtures("no_model")
def test_context(healthy: Pack) -> None:
    assert rules(with_topic(healthy, context=" \n")) == {"no-context"}
    assert rules(with_topic(healthy, context=" ".join(WORDS[:50] * 7))) == set()
    assert rules(with_topic(healthy, context=" ".join([*WORDS[:50] * 7, "again"]))) == {"long-context"}
    assert {"topic-language", "text-language"} <= rules(with_topic(healthy, language="ru"))


ENDS = (" here", ", as ever", " on Thursday", " alone")
ROOTS = (
    [f"Refunds above £30 wait for the weekly session of finance{end}." for end in ENDS],
    [f"The app loads the stock count at three in the night only{end}." for end in ENDS],
)


def test_cause_split_in_two(healthy: Pack) -> None:
    def with_roots(roots: list[str]) -> Pack:
        pack = healthy.model_copy(update={"examples": healthy.examples[: len(roots)], "heldout": ()})
        for place, root in enumerate(roots):
            pack = with_step(pack, 2, place=place, cause=root)
        return pack

    assert found(with_roots(ROOTS[0] + ROOTS[1]), "split-cause").id == "late"
    assert "split-cause" not in rules(with_roots(ROOTS[0] * 2)), "wordings of one root"
    assert "split-cause" not in rules(with_roots([ROOTS[0][0]] * 8)), "one wording"
    assert "split-cause" not in rules(with_roots(ROOTS[0] + ROOTS[1][:3])), "three are too few to tell"


# ── the set ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("no_model")
def test_set_sizes(healthy: Pack) -> None:
    assert found(healthy.model_copy(update={"examples": healthy.examples[1:]}), "set-size").severity == "error"
    assert found(healthy.model_copy(update={"heldout": healthy.heldout[1:]}), "heldout-size").severity == "warning"
    more = tuple(labelled(f"post-x-{i}", list(COUNTS)[i % 6]) for i in range(51))
    assert "set-size" not in rules(healthy.model_copy(update={"examples": healthy.examples + more[:50]}))
    assert "set-size" in rules(healthy.model_copy(update={"examples": healthy.examples + more}))


@pytest.mark.usefixtures("no_model")
def test_share_of_the_three_largest_causes(healthy: Pack) -> None:
    def relabelled(causes: list[str]) -> Pack:
        examples = tuple(
            e.model_copy(update={"chains": (e.chains[0].model_copy(update={"cause": causes[i % len(causes)]}),)})
            for i, e in enumerate(healthy.examples)
        )
        first = healthy.topic.causes[0]
        named = tuple(first.model_copy(update={"id": c, "name": phrase(random.Random(c), 8)}) for c in sorted(set(causes)))
        return with_topic(healthy, causes=named).model_copy(update={"examples": examples, "heldout": ()})

    assert "75%" in found(relabelled(["a", "b", "c", "d"]), "top-share").message
    assert "30%" in found(relabelled(list("abcdefghij")), "top-share").message
    assert "top-share" not in rules(relabelled(list("abcdef")))


@pytest.mark.usefixtures("no_model")
def test_heldout_shares_unlike_the_examples(healthy: Pack) -> None:
    late = tuple(labelled(f"post-y-{i}", "late") for i in range(18))
    rest = tuple(e for e in healthy.heldout if e.label in ("fees", "cold", "shut"))
    skewed = healthy.model_copy(update={"heldout": late + rest})
    assert found(skewed, "heldout-shift").severity == "warning"
    chance = tuple(healthy.heldout[i] for i in random.Random(5).sample(range(30), 20))
    assert "heldout-shift" not in rules(healthy.model_copy(update={"heldout": chance}))


@pytest.mark.usefixtures("no_model")
def test_lengths(healthy: Pack) -> None:
    def cut(length: int) -> Pack:
        examples = tuple(e.model_copy(update={"text": e.text[:length]}) for e in healthy.examples)
        return healthy.model_copy(update={"examples": examples})

    assert {"short-texts", "few-long-texts"} <= rules(cut(240))
    assert "short-texts" not in rules(cut(700))
    assert "few-long-texts" in rules(cut(700))
    assert "few-long-texts" not in rules(cut(701))


# ── surface ───────────────────────────────────────────────────────────────────────────────────────


def test_surface_says_how_far_likeness_gives_the_cause_away(healthy: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    place = {cause: i for i, cause in enumerate(COUNTS)}
    labels = {example.text: example.label for example in healthy.examples}
    by_label = np.eye(len(place), dtype=np.float32)
    monkeypatch.setattr(embed, "encode", lambda texts: by_label[[place[labels[text]] for text in texts]])
    assert surface(healthy) == 1.0
    monkeypatch.setattr(embed, "encode", unlike)
    assert surface(healthy) < 0.4
    assert surface(healthy.model_copy(update={"examples": healthy.examples[:1]})) == 0.0


def test_surface_leaves_the_example_itself_out(healthy: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "encode", unlike)
    two = (healthy.examples[0], next(e for e in healthy.examples if e.label == "cold"))
    assert surface(healthy.model_copy(update={"examples": two})) == 0.0


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SHIPPED.glob("*/topic.yaml")))
def test_shipped_packs_are_clean(name: str) -> None:
    assert check(load(SHIPPED / name)) == ()
