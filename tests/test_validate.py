"""The rules an answer must pass: each with an answer that keeps it and one that breaks it, and no false alarm on real packs."""

from __future__ import annotations

import datetime as dt
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from rootcause.fewshot.load import available, load
from rootcause.models import (
    Answer,
    Basis,
    CatalogueCause,
    Chain,
    Effort,
    Example,
    NothingReason,
    Pack,
    Sign,
    SignKind,
    Step,
    Team,
    Topic,
)
from rootcause.text import first_letters
from rootcause.validate import MAX_STEPS, MIN_STEPS, ReplyInvalid, answer_grammar, answer_schema, attribute, parse, violations

PACKS = available((Path(__file__).parents[1] / "fewshot",))

EN = (
    "I paid at ten past five and the page still promised Wednesday. The parcel came on Thursday, when my son had already left "
    "for camp, and nobody wrote to me about the change."
)
RU = (
    "Заплатила в десять минут шестого, на странице всё ещё было обещано: среда. Посылка пришла в четверг, когда сын уже уехал "
    "в лагерь, и никто не написал мне об изменении."
)
ZH = "我五点十分付款的时候，页面上还写着星期三送达。可是包裹星期四才到，那时候我儿子已经去夏令营了，也没有人通知我时间改了。"

STEPS = {
    EN: (
        "The son left without the helmet he had been promised.",
        "The shop did not correct the day it had shown.",
        "The promised day is worked out once, when the basket is opened.",
        "The checkout has no second look at the cut-off time.",
    ),
    RU: (
        "Сын уехал без обещанного шлема.",
        "Магазин не исправил день, который показал.",
        "День доставки вычисляют один раз, когда открывают корзину.",
        "Касса не сверяется повторно со временем отсечки.",
    ),
    ZH: (
        "儿子没有带上答应给他的头盔就走了。",
        "商店没有更正它显示的日期。",
        "送达日期只在打开购物车时计算一次。",
        "结账系统不会再次核对截止时间。",
    ),
}
TOPIC = Topic(
    id="delivery",
    title="Delivery",
    language="en",
    company="Quernel",
    context="Quernel delivers groceries in slots of two hours. Checkout fixes the promised day when the basket is opened.",
    teams=(Team(id="t", name="Team"),),
    causes=tuple(
        CatalogueCause(
            id=f"cause-{i}", name=f"Cause {i}.", team="t", countermeasure="Change.", effort=Effort.S, controllable=True
        )
        for i in range(4)
    ),
)


def step(cause: str, basis: Basis = Basis.INFERRED, evidence: str | None = None) -> Step:
    return Step(cause=cause, basis=basis, evidence=evidence, countermeasure=None)


def chain(*sentences: str, cause: str = "cause-0") -> Chain:
    return Chain(steps=tuple(step(sentence) for sentence in sentences), cause=cause)


def answer(*chains: Chain, nothing: NothingReason | None = None, signs: tuple[Sign, ...] = ()) -> Answer:
    return Answer(nothing_to_explain=nothing, chains=chains, signs=signs)


def example(number: int, text: str, *sentences: str) -> Example:
    chains = (chain(*sentences),)
    return Example(id=f"ex-{number}", date=dt.date(2026, 1, 1), text=text, nothing_to_explain=None, chains=chains)


def rules(given: Answer, text: str = EN, topic: Topic | None = TOPIC, language: str | None = None, *shots: Example) -> list[str]:
    return [v.rule for v in violations(given, text, topic=topic, shots={shot.id: shot for shot in shots}, language=language)]


def with_root(root: str, text: str, cause: str = "cause-0") -> Answer:
    return answer(chain(*STEPS[text][:3], root, cause=cause))


@pytest.mark.parametrize("text", [EN, RU, ZH])
def test_a_good_answer_passes(text: str) -> None:
    assert rules(answer(chain(*STEPS[text])), text) == []


def test_nothing_to_explain_or_chains() -> None:
    assert rules(answer(nothing=NothingReason.PRAISE), "Thank you!") == []
    assert rules(answer(nothing=NothingReason.EMPTY), "") == []
    assert rules(answer()) == ["nothing-or-chains"]
    assert rules(answer(chain(*STEPS[EN]), nothing=NothingReason.SPAM)) == ["nothing-or-chains"]


@pytest.mark.parametrize("text", [EN, RU, ZH])
def test_a_sign_is_proved_by_the_customers_own_words(text: str) -> None:
    said = re.split("[,.，。]", text)[0]
    assert rules(answer(chain(*STEPS[text]), signs=(Sign(kind=SignKind.REPEAT, quote=said),)), text) == []
    assert rules(answer(chain(*STEPS[text]), signs=(Sign(kind=SignKind.PRESS, quote="I shall write to the papers"),)), text) == [
        "sign"
    ]
    assert rules(answer(chain(*STEPS[text]), signs=(Sign(kind=SignKind.LOSS, quote=said[:1]),)), text) == ["sign"], (
        "a letter proves nothing"
    )


def test_severity_is_that_of_the_gravest_sign_and_unknown_without_one() -> None:
    assert answer(chain(*STEPS[EN])).severity is None
    kinds = (SignKind.REPEAT, SignKind.REGULATOR, SignKind.LOSS)
    assert answer(chain(*STEPS[EN]), signs=tuple(Sign(kind=kind, quote=EN) for kind in kinds)).severity == "high"
    assert answer(chain(*STEPS[EN]), signs=(Sign(kind=SignKind.REPEAT, quote=EN),)).severity == "low"


def test_at_most_three_chains() -> None:
    chains = [chain(*STEPS[EN], cause=f"cause-{i}") for i in range(4)]
    assert rules(answer(*chains[:3])) == []
    assert rules(answer(*chains)) == ["too-many-chains"]


@pytest.mark.parametrize("cause", ["cause-1", "new", "external"])
def test_known_new_and_external_causes_are_allowed(cause: str) -> None:
    assert rules(answer(chain(*STEPS[EN], cause=cause))) == []


def test_unknown_causes_are_not() -> None:
    assert rules(answer(chain(*STEPS[EN], cause="invented"))) == ["unknown-cause"]
    assert rules(answer(chain(*STEPS[EN], cause="cause-1")), EN, None) == ["unknown-cause"], (
        "without a topic there is no catalogue"
    )
    assert rules(answer(chain(*STEPS[EN], cause="new")), EN, None) == []


def test_a_catalogue_cause_ends_one_chain_only() -> None:
    one = chain(*STEPS[EN], cause="cause-1")
    assert rules(answer(one, one)) == ["same-cause-twice"]
    for cause in ("new", "external"):
        assert rules(answer(chain(*STEPS[EN], cause=cause), chain(*STEPS[EN], cause=cause))) == []


NUMBERED = (
    "One late van.",
    "Two keys lost.",
    "Three slow belts.",
    "Four wrong labels.",
    "Five old maps.",
    "Six full shelves.",
    "Seven dead phones.",
)


@pytest.mark.parametrize("count", [MIN_STEPS, 5, MAX_STEPS])
def test_three_to_seven_steps(count: int) -> None:
    assert rules(answer(chain(*NUMBERED[:count]))) == []


@pytest.mark.parametrize("count", [0, 2, 8])
def test_other_numbers_of_steps(count: int) -> None:
    assert rules(answer(chain(*(*NUMBERED, "Eight broken doors.")[:count]))) == ["step-count"]


@pytest.mark.parametrize("sentence", ["", "Logistics", "物", "word " * 61, "送" * 121])
def test_a_step_is_a_sentence(sentence: str) -> None:
    assert "not-a-sentence" in rules(answer(chain(STEPS[EN][0], sentence, *STEPS[EN][1:])))


@pytest.mark.parametrize("text", [EN, RU, ZH])
def test_long_sentences_are_still_sentences(text: str) -> None:
    long = {EN: "The route plan, " * 18, RU: "План маршрутов, " * 25, ZH: "路线计划没有考虑到时间，" * 8}[text]
    assert rules(answer(chain(STEPS[text][0], long, *STEPS[text][1:])), text) == []


@pytest.mark.parametrize("text", [EN, RU, ZH])
def test_steps_do_not_repeat_each_other(text: str) -> None:
    again = STEPS[text][1].upper().rstrip(".。") + "!"
    assert rules(answer(chain(*STEPS[text], again)), text) == ["repeats"]


def test_a_step_with_a_few_letters_changed_repeats_the_other() -> None:
    said = (
        *STEPS[RU],
        "Клиент не может связаться с менеджером по ипотеке.",
        "Клиент не может связаться со менеджаром по ипотоке.",
    )
    assert rules(answer(chain(*said)), RU) == ["repeats"]


@pytest.mark.parametrize("word", ["менеджera", "и它", "crédите"])
def test_a_word_in_two_alphabets_is_no_word(word: str) -> None:
    said = (*STEPS[RU], f"Проверку поручили {word} без срока и без смены.")
    assert rules(answer(chain(*said)), RU) == ["garbled"]
    assert rules(answer(chain(*said)), f"{RU} Так и написали: {word}.") == [], "the customer wrote it"


def test_letters_of_other_alphabets_beside_a_word_are_none_of_it() -> None:
    assert rules(answer(chain(*STEPS[RU], "SMS-код и Wi-Fi банк проверяет раз в 30 дней, push'и — никогда.")), RU) == []
    assert rules(answer(chain(*STEPS[ZH], "App里的日期只在打开购物篮时计算一次。")), ZH) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (EN, "The parcel came on Thursday."),
        (RU, "Посылка пришла в четверг."),
        (ZH, "可是包裹星期四才到。"),
        ("The courier was late again.", "The courier was late, again!"),
        ("Курьер опять опоздал на час.", "Опять курьер опоздал на час"),
    ],
)
def test_the_first_step_does_not_repeat_the_complaint(text: str, first: str) -> None:
    rest = STEPS[RU if "у" in text or "ы" in text else ZH if text == ZH else EN][1:]
    assert rules(answer(chain(first, *rest)), text) == ["restates"]


def test_a_few_words_of_the_complaint_are_no_repetition() -> None:
    assert rules(answer(chain("没有人通知", *STEPS[ZH][1:])), ZH) == []
    assert rules(answer(chain("Nobody wrote.", *STEPS[EN][1:]))) == []


BLAMES = {
    EN: """The customer forgot to read the terms.
The customer didn’t read the letter.
Users never read the notice.
The client misunderstood the tariff.
The customer confused the two days.
It is the customer's own fault.
The delay was caused by human error.
The courier was careless.
The couriers are too lazy to call.
Rude operators answer the calls.
The employee made a mistake.
The staff are rude.
Negligence of the hub's staff.
Carelessness of the courier was never punished.""",
    RU: """Клиент невнимательно прочитал договор.
Клиент сам виноват.
Абонент не прочитал условия.
Абонент не прочёл условия тарифа.
Виноват человеческий фактор.
Невнимательность сотрудника склада.
Курьер нахамил клиенту.
Сотрудник ошибся при вводе.
Ошибка оператора при вводе данных.
По вине клиента заявка не дошла.
Обычная лень сотрудников.
Халатность кассира магазина.
Грубые операторы на линии.""",
}
PROCESSES = {
    EN: """The form does not prevent human error.
Nothing catches an operator's mistake before the order is sent.
Users are confused by two similar buttons.
The customer data are wrong after a profile change.
The customer app ignored the address change.
Requests of users ignored by the router are never sent again.
No one measures rudeness on calls.
The forgot-password link needs the old number.
The customer was not shown the price.
The bonus scheme rewards carelessness.""",
    RU: """Отделение на Ленинском проспекте закрыли без объявления.
Форма не защищает от ошибки клиента.
Клиенту не показали комиссию до нажатия.
Оценка операторов не учитывает грубость.
Порядок не предусматривает проверки человеком.
Ограничения тарифа описаны только в договоре.""",
}
FORCES = {
    EN: """Heavy snow closed the roads.
The weather was bad.
Deliveries stopped because of a storm.
The law forbids refunds.""",
    RU: """Снегопад закрыл дороги.
Машины стояли из-за сильного снегопада.
Инфляция подняла цены.
Рейс отменён из-за погоды.""",
}
OWN_MATTERS = {
    EN: """Slots are sold without regard to weather forecasts.
Weather is not considered when slots are sold.
Weather forecasts never reach the slot planner.
Nobody owns the list of accepted documents, so changes in the law do not reach the app.
The warehouse has no plan for storms.""",
    RU: """Тарифы не учитывают инфляцию.
Погода не учитывается при продаже окон.
Законный срок возврата не внесён в систему.""",
}


def lines(texts: dict[str, str]) -> list[tuple[str, str]]:
    return [(text, line) for text, block in texts.items() for line in block.split("\n")]


@pytest.mark.parametrize(("text", "root"), lines(BLAMES))
def test_a_root_that_blames_a_person(text: str, root: str) -> None:
    assert rules(with_root(root, text), text) == ["blames"]
    assert rules(answer(chain(root, *STEPS[text][:3])), text) == [], "above the root a person's act may stand"


@pytest.mark.parametrize(("text", "root"), lines(PROCESSES))
def test_a_root_that_names_a_process(text: str, root: str) -> None:
    assert rules(with_root(root, text), text) == []


@pytest.mark.parametrize(("text", "root"), lines(FORCES))
def test_a_root_outside_the_company_is_external(text: str, root: str) -> None:
    assert rules(with_root(root, text, "new"), text) == ["not-actionable"]
    assert rules(with_root(root, text, "external"), text) == []


@pytest.mark.parametrize(("text", "root"), lines(OWN_MATTERS))
def test_a_process_that_leaves_the_outside_out_of_account_is_the_companys(text: str, root: str) -> None:
    assert rules(with_root(root, text, "new"), text) == []


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        (EN, "The parcel came on THURSDAY"),
        (EN, "page still  promised Wednesday"),
        (RU, "все еще было обещано: среда"),
        (RU, "никто не написал мне"),
        (ZH, "包裹星期四才到"),
        (ZH, "也没有人通知我"),
    ],
)
def test_a_quote_from_the_complaint(text: str, quote: str) -> None:
    first = step(STEPS[text][0], Basis.STATED, quote)
    assert rules(answer(Chain(steps=(first, *map(step, STEPS[text][1:])), cause="new")), text) == []


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        (EN, "The parcel came on Friday"),
        (EN, "arcel came on Thurs"),
        (EN, "I"),
        (EN, "..."),
        (EN, ""),
        (EN, None),
        (RU, "никто не позвонил мне"),
        (RU, "осылка пришла"),
        (ZH, "包裹星期五才到"),
        (ZH, "我"),
    ],
)
def test_a_quote_that_nobody_said(text: str, quote: str | None) -> None:
    first = step(STEPS[text][0], Basis.STATED, quote)
    assert rules(answer(Chain(steps=(first, *map(step, STEPS[text][1:])), cause="new")), text) == ["quote"]


SHOT = example(1, "My melons were crushed because the driver put the water bottles right on top of the paper bag.", *NUMBERED[:4])


def test_a_precedent_is_an_example_that_was_shown() -> None:
    for evidence, expected in (("ex-1", []), ("ex-2", ["precedent"]), (None, ["precedent"])):
        last = step(STEPS[EN][3], Basis.PRECEDENT, evidence)
        assert rules(answer(Chain(steps=(*map(step, STEPS[EN][:3]), last), cause="new")), EN, TOPIC, None, SHOT) == expected


def test_an_inferred_step_has_no_evidence() -> None:
    last = step(STEPS[EN][3], Basis.INFERRED, "Thursday")
    assert rules(answer(Chain(steps=(*map(step, STEPS[EN][:3]), last), cause="new"))) == ["inferred"]


def test_words_of_an_example_do_not_leak() -> None:
    leaking = "The driver put the water bottles right on top of the helmet."
    assert rules(answer(chain(*STEPS[EN][:2], leaking, STEPS[EN][3])), EN, TOPIC, None, SHOT) == ["leak"]
    own = f"{EN} Also the driver put the water bottles right on top of the helmet."
    assert rules(answer(chain(*STEPS[EN][:2], leaking, STEPS[EN][3])), own, TOPIC, None, SHOT) == []
    russian = example(2, "Водитель поставил бутылки с водой прямо на бумажный пакет с дынями, и всё смялось.", *STEPS[RU])
    copied = "Водитель поставил бутылки с водой прямо на бумажный пакет."
    given = answer(chain(*STEPS[RU][:2], copied, "Правила укладки не знают веса."))
    assert "leak" in rules(given, RU, TOPIC, None, russian)
    chinese = example(3, "司机把很重的水瓶直接放在装着甜瓜的纸袋上面了。", *NUMBERED[:4])
    assert rules(
        answer(chain(*STEPS[ZH][:2], "司机把很重的水瓶直接放在装着甜瓜的纸袋上。", STEPS[ZH][3])), ZH, TOPIC, None, chinese
    ) == ["leak"]


def test_common_words_and_the_companys_context_are_no_leak() -> None:
    shot = example(
        4,
        "He came at the start of the slot. Checkout fixes the promised day when the basket is opened. 司机没有给我打电话。",
        *NUMBERED,
    )
    own = ("The van came at the start of the slot.", "Checkout fixes the promised day when the basket is opened.")
    assert rules(answer(chain(STEPS[EN][0], *own)), EN, TOPIC, None, shot) == []
    assert rules(answer(chain(*STEPS[ZH][:2], "这一次司机没有给我打电话确认。", STEPS[ZH][3])), ZH, TOPIC, None, shot) == []


def test_a_copied_step_must_be_a_precedent() -> None:
    given = answer(chain(*STEPS[EN][:3], NUMBERED[3]))
    twin = example(2, "Another text about something else altogether.", *NUMBERED[2:5])
    assert rules(given, EN, TOPIC, None, SHOT, twin) == ["leak"]
    mended = attribute(given, {"ex-2": twin, "ex-1": SHOT})
    assert mended.chains[0].steps[3] == step(NUMBERED[3], Basis.PRECEDENT, "ex-1")
    assert mended.chains[0].steps[:3] == given.chains[0].steps[:3]
    assert rules(mended, EN, TOPIC, None, SHOT, twin) == [], "also when a second example has the same step"


def test_attribution_keeps_a_right_precedent_and_mends_a_wrong_one() -> None:
    twin = example(2, "Another text about something else altogether.", *NUMBERED[2:5])
    for claimed, expected in (("ex-2", "ex-2"), ("ex-1", "ex-1"), ("ex-9", "ex-1"), (None, "ex-1")):
        given = answer(Chain(steps=(step(NUMBERED[3].upper(), Basis.PRECEDENT, claimed),), cause="new"))
        assert attribute(given, {"ex-1": SHOT, "ex-2": twin}).chains[0].steps[0].evidence == expected
    stated = answer(Chain(steps=(step(NUMBERED[3], Basis.STATED, "Thursday"),), cause="new"))
    assert attribute(stated, {}) == stated


def test_the_steps_are_in_the_complaints_language() -> None:
    assert rules(answer(chain(*STEPS[RU])), EN) == ["language"]
    assert rules(answer(chain(*STEPS[EN])), RU) == ["language"]
    assert rules(answer(chain(*STEPS[EN])), ZH) == ["language"]
    assert rules(answer(chain(*STEPS[RU])), "Late!") == ["language"], "neither the complaint's nor the topic's"


def test_the_steps_are_in_the_language_asked_for() -> None:
    assert rules(answer(chain(*STEPS[EN])), RU, TOPIC, "en") == []
    assert rules(answer(chain(*STEPS[RU])), RU, TOPIC, "en") == ["language"]
    assert rules(answer(chain(*STEPS[RU])), EN, TOPIC, "ru") == [], "Russian chains of an English complaint"
    assert rules(answer(chain(*STEPS[EN])), EN, TOPIC, "ru") == ["language"]
    assert rules(answer(chain(*STEPS[ZH])), ZH, TOPIC, "de") == ["language"]


def test_a_transliterated_complaint_may_be_explained_in_the_topics_language() -> None:
    russian = TOPIC.model_copy(update={"context": "Магазин доставляет продукты и посылки в окна по два часа."})
    translit = (
        "zaplatila v desyat minut shestogo, na stranice vse eshche bylo obeshchano sreda, prishlo v chetverg, nikto ne napisal"
    )
    assert rules(answer(chain(*STEPS[RU])), translit, russian) == []
    assert rules(answer(chain(*STEPS[RU])), EN, russian) == ["language"]


def test_violations_name_chain_and_step_in_reading_order() -> None:
    bad = chain(*STEPS[EN][:3], "The courier was careless.", cause="invented")
    found = violations(answer(chain(*STEPS[EN]), bad), EN, topic=TOPIC, shots={}, language=None)
    assert [(v.rule, v.chain, v.step) for v in found] == [("unknown-cause", 1, None), ("blames", 1, 3)]
    assert all(v.message for v in found)


def test_a_huge_answer_is_judged_quickly() -> None:
    huge = answer(*(chain(*[f"{i} {j} " + "word and word " * 1500 for j in range(7)], cause="new") for i in range(3)))
    started = time.perf_counter()
    assert "not-a-sentence" in rules(huge, EN * 100)
    assert time.perf_counter() - started < 3


# ── real packs ────────────────────────────────────────────────────────────────────────────────────


@cache
def pack(topic: str) -> Pack:
    return load(PACKS[topic])


@pytest.mark.parametrize("topic", PACKS)
def test_the_shipped_packs_break_no_rule(topic: str) -> None:
    found = []
    shown = {example.id: example for example in pack(topic).examples}
    for case in (*pack(topic).examples, *pack(topic).heldout):
        shots = {key: shot for key, shot in shown.items() if key != case.id}
        found += [(case.id, v.rule, v.message) for v in violations(case.answer, case.text, topic=pack(topic).topic, shots=shots)]
    assert found == []


@pytest.mark.parametrize("topic", PACKS)
def test_judging_takes_less_than_five_milliseconds(topic: str) -> None:
    shots = {example.id: example for example in pack(topic).examples}
    cases = pack(topic).heldout
    for case in cases[:2]:
        violations(case.answer, case.text, topic=pack(topic).topic, shots=shots)
    started = time.process_time()
    for case in cases:
        violations(attribute(case.answer, shots), case.text, topic=pack(topic).topic, shots=shots)
    assert (time.process_time() - started) / len(cases) < 0.005


# ── the reply's text and its schema ───────────────────────────────────────────────────────────────


def test_a_reply_is_read() -> None:
    given = answer(chain(*STEPS[RU]))
    assert parse(given.model_dump_json()) == given
    assert parse('{"nothing_to_explain": "praise", "chains": []}') == answer(nothing=NothingReason.PRAISE)


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ("", "the reply"),
        ("not json", "the reply"),
        ('{"nothing_to_explain": null, "chains": [', "the reply"),
        ('{"nothing_to_explain": null}', "chains"),
        ('{"nothing_to_explain": "bored", "chains": []}', "nothing_to_explain"),
        ('{"nothing_to_explain": null, "chains": [], "more": 1}', "more"),
        ('{"nothing_to_explain": null, "chains": [{"steps": [{"cause": 5}], "cause": "new"}]}', "chains.0.steps.0.cause"),
        ("[]", "the reply"),
        ("null", "the reply"),
    ],
)
def test_another_reply_is_refused_with_the_place(reply: str, place: str) -> None:
    with pytest.raises(ReplyInvalid, match=f"^{place}: "):
        parse(reply)


def objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for part in schema for found in objects(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for part in schema.values() for found in objects(part)]


def keywords(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {key for part in schema for key in keywords(part)}
    if not isinstance(schema, dict):
        return set()
    names = set(schema) - ({"properties"} if "properties" in schema else set())
    inner = [
        *schema.get("properties", {}).values(),
        *(part for key, part in schema.items() if key not in ("properties", "enum", "required")),
    ]
    return names | {key for part in inner for key in keywords(part)}


SCHEMAS = {"catalogue": answer_schema(("cause-0", "cause-1")), "no catalogue": answer_schema(())}
GRAMMARS = {
    "all": answer_grammar(("cause-0",), quotes=("said so", 'and "so"'), precedents=("ex-1",), first=None),
    "no evidence": answer_grammar(("cause-0",), quotes=(), precedents=(), first=None),
    "Russian": answer_grammar((), quotes=(), precedents=(), first=first_letters("Деньги не вернули.", None)),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_portable(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    for item in objects(schema):
        assert item["required"] == list(item["properties"])
        assert item["additionalProperties"] is False
    assert keywords(schema) <= {"type", "enum", "items", "anyOf", "required", "additionalProperties"}
    assert list(schema["properties"]["chains"]["items"]["properties"]) == ["steps", "cause"], "the whys before the label"
    assert next(iter(schema["properties"])) == "chains", "thought before it is said that there is nothing to explain"


def test_the_schema_takes_what_the_rules_take() -> None:
    check = Draft202012Validator(SCHEMAS["catalogue"]).is_valid
    assert check(answer(chain(*STEPS[EN])).model_dump(mode="json"))
    assert check(answer(chain(*STEPS[EN], cause="external")).model_dump(mode="json"))
    assert check(answer(nothing=NothingReason.SPAM).model_dump(mode="json"))
    assert not check(answer(chain(*STEPS[EN], cause="invented")).model_dump(mode="json"))
    assert not check({"chains": []})
    assert not check({"nothing_to_explain": None, "chains": [], "more": 1})


@pytest.mark.parametrize("name", GRAMMARS)
def test_the_grammar_is_closed(name: str) -> None:
    Draft202012Validator.check_schema(GRAMMARS[name])
    for item in objects(GRAMMARS[name]):
        assert item["required"] == list(item["properties"])
        assert item["additionalProperties"] is False


def test_the_grammar_takes_given_evidence_only() -> None:
    check = Draft202012Validator(GRAMMARS["all"]).is_valid
    for basis, evidence, fits in [
        (Basis.STATED, "said so", True),
        (Basis.STATED, "never said", False),
        (Basis.STATED, None, False),
        (Basis.PRECEDENT, "ex-1", True),
        (Basis.PRECEDENT, "said so", False),
        (Basis.INFERRED, None, True),
        (Basis.INFERRED, "said so", False),
    ]:
        steps = (*map(step, STEPS[EN]), step("A last sentence.", basis, evidence))
        given = answer(Chain(steps=steps, cause="new")).model_dump(mode="json")
        assert check(given) is fits, (basis, evidence)
        assert Draft202012Validator(SCHEMAS["catalogue"]).is_valid(given), "what the grammar takes, the schema takes"


def test_the_grammar_takes_signs_in_the_customers_words_only() -> None:
    check = Draft202012Validator(GRAMMARS["all"]).is_valid
    for quote, fits in [("said so", True), ("never said", False)]:
        given = answer(chain(*STEPS[EN]), signs=(Sign(kind=SignKind.HARM, quote=quote),))
        assert check(given.model_dump(mode="json")) is fits, quote
    assert not check(
        answer(nothing=NothingReason.SPAM, signs=(Sign(kind=SignKind.HARM, quote="said so"),)).model_dump(mode="json")
    )


def test_the_grammar_takes_either_chains_or_a_reason() -> None:
    check = Draft202012Validator(GRAMMARS["no evidence"]).is_valid
    one = chain(*STEPS[EN])
    assert check(answer(one).model_dump(mode="json"))
    assert check(answer(nothing=NothingReason.SPAM).model_dump(mode="json"))
    for bad in (answer(), answer(one, nothing=NothingReason.SPAM), answer(one, one, one, one), answer(chain(*STEPS[EN][:2]))):
        assert not check(bad.model_dump(mode="json"))


@pytest.mark.parametrize("topic", PACKS)
def test_labelled_examples_fit_the_schema(topic: str) -> None:
    check = Draft202012Validator(answer_schema(tuple(cause.id for cause in pack(topic).topic.causes))).is_valid
    assert all(check(case.answer.model_dump(mode="json")) for case in (*pack(topic).examples, *pack(topic).heldout))


def test_steps_of_the_grammar_begin_in_the_complaints_letters() -> None:
    check = Draft202012Validator(GRAMMARS["Russian"]).is_valid
    for sentence, fits in [
        ("Банк Online не сверяет SMS с заявкой.", True),
        ("Ёмкость склада никто не проверяет.", True),
        ("The bank does not check it.", False),
        ("Короче", False),
        ("Сказано: " + "а" * 200, False),
    ]:
        steps = tuple(step(sentence, Basis.INFERRED, None) for _ in range(3))
        given = answer(Chain(steps=steps, cause="new")).model_dump(mode="json")
        assert check(given) is fits, sentence
