"""Signs told in so many words: right where they are found, quoted verbatim, and none where none is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rootcause.fewshot.load import available, load
from rootcause.models import SignKind
from rootcause.shortform import ShortForm
from rootcause.signs import told
from rootcause.validate import violations

FEWSHOT = Path(__file__).parents[1] / "fewshot"
PACKS = {topic: load(folder) for topic, folder in available((FEWSHOT,)).items()}


def kinds(text: str) -> dict[SignKind, str]:
    return {sign.kind: sign.quote for sign in told(text)}


@pytest.mark.parametrize(
    ("text", "kind", "quote"),
    [
        ("The bag was torn. I rang you twice about it, no answer.", SignKind.REPEAT, "I rang you twice about it"),
        ("Your support says it’s sent. It is not.", SignKind.REPEAT, "Your support says it’s sent"),
        ("Fine. You have lost a customer over £3!", SignKind.LEAVING, "You have lost a customer over £3"),
        (
            "I’m off to work now. And from today I am going to another shop.",
            SignKind.LEAVING,
            "And from today I am going to another shop",
        ),
        ("If not paid by May, this goes to the ombudsman.", SignKind.REGULATOR, "this goes to the ombudsman"),
        ("My solicitor has a copy of all this; good day.", SignKind.REGULATOR, "My solicitor has a copy of all this"),
        ("I have a friend, a journalist, who collects such letters.", SignKind.PRESS, "a journalist, who collects such letters"),
        ("Деньги где? Третий день пишу в чат, молчат.", SignKind.REPEAT, "Третий день пишу в чат"),
        ("Всё, расторгаю договор с понедельника.", SignKind.LEAVING, "расторгаю договор с понедельника"),
        ("Копию отправляю в Роспотребнадзор!", SignKind.REGULATOR, "Копию отправляю в Роспотребнадзор"),
        ("Ещё неделя — и я подам иск, у меня всё записано.", SignKind.REGULATOR, "и я подам иск, у меня всё записано"),
        ("Расскажу об этом журналистам, пусть напишут.", SignKind.PRESS, "Расскажу об этом журналистам"),
    ],
)
def test_explicit_words_are_found_and_quoted_by_their_clause(text: str, kind: SignKind, quote: str) -> None:
    assert kinds(text).get(kind) == quote


@pytest.mark.parametrize(
    "text",
    [
        "The glass came wrapped in newspaper, thank you.",
        "The courier rang the wrong bell, at number 9 in Tennis Court Road.",
        "I am a trainee solicitor and I want my peas.",
        "Press the button twice and the page moves.",
        "В суд не пойду, просто верните 300 рублей.",
        "Сестра его звонила соседке, а посылки нет.",
        "Судя по чеку, меня списали дважды.",
        "The parcel is late.",
        "",
    ],
)
def test_nothing_is_read_into_other_words(text: str) -> None:
    assert told(text) == ()


def test_what_is_found_is_what_a_person_labelled() -> None:
    """At least nine in ten of the signs found in the packs' examples, kind by kind; benchmarks/signs.py has held-out figures."""
    right: Counter[SignKind] = Counter()
    given: Counter[SignKind] = Counter()
    for pack in PACKS.values():
        for example in pack.examples:
            labelled = {sign.kind for sign in example.signs}
            for sign in told(example.text):
                assert sign.quote in example.text
                given[sign.kind] += 1
                right[sign.kind] += sign.kind in labelled
    assert set(given) == {SignKind.REPEAT, SignKind.LEAVING, SignKind.REGULATOR, SignKind.PRESS}
    assert given[SignKind.REPEAT] > 80
    assert all(right[kind] >= 0.9 * given[kind] for kind in given)


def test_the_short_form_carries_the_signs_and_keeps_to_the_rules() -> None:
    pack = PACKS["delivery"]
    form = ShortForm(pack.topic)
    text = "You put oat milk in although I refuse swaps. I rang you twice. This goes to Trading Standards."
    reply = form.shorten(next(example for example in pack.examples if example.label == "substitution-ignores-refusal"))
    answer = form.complete(reply, text=text, passages=(text[:48],), neighbours=pack.examples)
    assert {sign.kind for sign in answer.signs} == {SignKind.REPEAT, SignKind.REGULATOR}
    broken = violations(answer, text, topic=pack.topic, shots={example.id: example for example in pack.examples})
    assert not [violation for violation in broken if violation.rule == "sign"]
