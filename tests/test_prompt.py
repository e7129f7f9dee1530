"""What a model is shown where no topic's examples are, and which passages of a complaint it can quote."""

from __future__ import annotations

from pathlib import Path

import pytest

from rootcause.errors import SettingsError
from rootcause.models import Basis
from rootcause.prompt import WORKED, Prompts, Shown, compact, quotable
from rootcause.resources import folders
from rootcause.text import contains, language
from rootcause.validate import violations

PROMPTS = Prompts(folders("prompts"))


def test_worked_examples_keep_every_rule_and_speak_two_languages() -> None:
    for example in PROMPTS.worked:
        assert violations(example.answer, example.text, topic=None, shots={}) == (), example.id
    assert {language(example.text) for example in PROMPTS.worked} == {"en", "ru"}


def test_a_worked_example_is_no_source_of_causes() -> None:
    """A model that copies its steps, or names it as a precedent, says something of a company that it knows nothing of."""
    first = PROMPTS.worked[0]
    shown = {first.id: first}
    told = "The parcel lay in the rain for three days and nobody rang me, thank you very much indeed."
    [copied] = violations(first.answer.model_copy(update={"signs": ()}), told + first.text, topic=None, shots=shown)
    assert copied.rule == "leak"
    chain = first.chains[0]
    named = chain.steps[2].model_copy(
        update={"cause": "Nobody rings before a drop.", "basis": Basis.PRECEDENT, "evidence": first.id}
    )
    own = chain.model_copy(update={"steps": (*chain.steps[:2], named, chain.steps[3])})
    broken = violations(first.answer.model_copy(update={"chains": (own,), "signs": ()}), told, topic=None, shots=shown)
    assert "precedent" in {one.rule for one in broken}


def test_a_prompt_without_a_topic_says_that_its_examples_are_of_other_trades() -> None:
    shown = [Shown(id=one.id, text=one.text, answer=compact(one.answer)) for one in PROMPTS.worked]
    said = PROMPTS.system(None, shown, None)
    assert "other trades" in said and "precedent" not in said
    assert all(one.text in said for one in PROMPTS.worked)


def test_own_worked_examples_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / WORKED).write_text('{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=f"prompt {WORKED} holds a line that is no labelled complaint"):
        _ = Prompts((tmp_path,)).worked


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        ("Оформил в дом.рф кредит под 7.6%. А теперь 9!", ("Оформил в дом.рф кредит под 7.6%.", "А теперь 9!")),
        ("See bank.com/help first.\nNo answer there", ("See bank.com/help first.", "No answer there")),
        ("我的订单没有到,已经三天了。客服说明天一定会到的！", ("我的订单没有到,已经三天了。", "客服说明天一定会到的！")),
        ("Why?", ()),
    ],
)
def test_sentences_can_be_quoted(text: str, passages: tuple[str, ...]) -> None:
    assert quotable(text) == passages


def test_every_passage_is_in_the_text() -> None:
    text = "First, " + "the courier rang once - and left, " * 12 + "then nothing... Nothing!! " + "x" * 300
    assert quotable(text) and all(contains(text, passage) for passage in quotable(text))
