"""What a complaint's lesson holds when the model's context is smaller than the pack."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from rootcause.fewshot.load import load
from rootcause.fewshot.select import Shots
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.tokens import Counter
from rootcause.models import Example, NothingReason, Pack
from rootcause.prompt import Prompts
from rootcause.resources import folders
from rootcause.teach import SHORT_ANSWER_TOKENS, Teacher, TooLong
from rootcause.validate import ReplyInvalid

PACK = load(Path(__file__).parents[1] / "fewshot/bank-cards")
CONTEXT = 16_384


def teacher(shots: str, pack: Pack | None = PACK, *, weak: bool = False, plain: bool = False) -> Teacher:
    endpoint = Endpoint(
        base_url="http://127.0.0.1:1/v1", api_key=SecretStr("k"), model="m", context=CONTEXT, weak=weak, plain=plain
    )
    counter = Counter("m", network=False)
    return Teacher(pack, Shots.parse(shots), Prompts(folders("prompts")), counter, endpoint, seed=5, language=None)


@pytest.mark.parametrize("shots", ["all", "hybrid:4"])
def test_examples_that_fill_the_context_leave_room_for_the_longest_complaint(shots: str) -> None:
    taught = teacher(shots)
    if shots == "all":
        assert taught.note is not None and taught.note.endswith(f"of 132 examples fit the model's context of {CONTEXT} tokens")
    for case in PACK.heldout:
        lesson = taught.lesson(case.text, np.zeros(512, dtype=np.float32))
        assert lesson.tokens + lesson.limit <= CONTEXT


def test_a_complaint_longer_than_the_context_is_refused_not_cut() -> None:
    with pytest.raises(TooLong, match="more than a context of 16384 leaves room for"):
        teacher("all").lesson("Деньги не вернули. " * 3000, np.zeros(512, dtype=np.float32))


@pytest.mark.parametrize(
    ("taught", "weak", "plain", "asked"),
    [
        (PACK, False, False, "chains"),
        (PACK, True, False, "cause"),
        (PACK, True, True, "cause"),
        (PACK.model_copy(update={"examples": ()}), True, False, "chains"),
        (None, True, False, "chains"),
    ],
)
def test_a_weak_model_is_asked_for_the_cause_alone_where_examples_teach_it(
    taught: Pack | None, weak: bool, plain: bool, asked: str
) -> None:
    """What the pack cannot complete to a chain, the model has to write."""
    lesson = teacher("none", taught, weak=weak, plain=plain).lesson("Деньги не вернули.", np.zeros(512, dtype=np.float32))
    assert asked in lesson.reply_schema["properties"] and (lesson.limit == SHORT_ANSWER_TOKENS) == (asked == "cause")


def test_a_kept_choice_is_completed_from_the_examples_as_they_are_now() -> None:
    """An edited pack teaches at once, though the model's choice comes from the store."""
    cause, text, vector = PACK.topic.causes[0], PACK.heldout[0].text, np.zeros(512, dtype=np.float32)
    reply = json.dumps({"cause": cause.name}, ensure_ascii=False)
    kept = teacher("none", weak=True).lesson(text, vector).read(reply)
    edited = PACK.model_copy(update={"examples": tuple(_reworded(example) for example in PACK.examples)})
    lesson = teacher("none", edited, weak=True).lesson(text, vector)
    renewed = lesson.renew(kept)
    assert renewed == lesson.read(reply) != kept and renewed.chains[0].cause == cause.id
    assert {step.countermeasure for step in renewed.chains[0].steps[1:]} <= {"Сделать иначе.", None}
    gone = PACK.model_copy(update={"topic": PACK.topic.model_copy(update={"causes": PACK.topic.causes[1:]})})
    with pytest.raises(ReplyInvalid, match="no cause of the catalogue any more"):
        teacher("none", gone, weak=True).lesson(text, vector).renew(kept)


def _reworded(example: Example) -> Example:
    steps = [
        tuple(step.model_copy(update={"countermeasure": step.countermeasure and "Сделать иначе."}) for step in chain.steps)
        for chain in example.chains
    ]
    chains = (chain.model_copy(update={"steps": own}) for chain, own in zip(example.chains, steps, strict=True))
    return example.model_copy(update={"chains": tuple(chains)})


@pytest.mark.parametrize("text", ["Обман!", "Хамы"])
def test_a_word_without_a_passage_to_quote_is_empty_and_no_praise(text: str) -> None:
    reply = json.dumps({"cause": PACK.topic.causes[0].name}, ensure_ascii=False)
    answer = teacher("none", weak=True).lesson(text, np.zeros(512, dtype=np.float32)).read(reply)
    assert answer.nothing_to_explain is NothingReason.EMPTY and not answer.chains
