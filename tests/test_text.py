"""What counts as the same words and the same language, in the scripts that customers write in."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest

from rootcause.text import (
    contains,
    first_letters,
    fold,
    language,
    normalise,
    overlap,
    runs,
    same_language,
    script,
    unspaced,
    words,
)

ENGLISH = "The courier never came and nobody called me, although I had waited at home for the whole afternoon with my children."
RUSSIAN = (
    "Курьер так и не приехал, и никто мне не позвонил, хотя я весь день просидела дома с детьми и ждала заказ. "
    "Деньги за доставку вы взяли сразу же, в тот же день, а возвращать их не хотите."
)
UKRAINIAN = "Кур'єр так і не приїхав, і ніхто мені не подзвонив, хоча я цілий день сиділа вдома з дітьми та чекала на замовлення."
CHINESE = (
    "快递员一直没有来，也没有人给我打电话，我和孩子们在家里等了整整一个下午，客服也没有人接，我对你们的服务非常失望，希望你们尽快处理这个问题并且退还我的运费。"
    * 2
)
JAPANESE = (
    "配達員は結局来ませんでした。誰からも電話がなく、子供たちと一緒に午後ずっと家で待っていました。とても残念です。早く返金してください。"
    * 2
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("№ １２ ﬁle", "No 12 file"),
        ("don’t", "don't"),
        ("don´t", "don't"),
        ("«так»", '"так"'),
        ("“so”", '"so"'),
        ("「こと」", '"こと"'),
        ("a — b – c − d", "a - b - c - d"),
        ("a\u00a0b\t\nc", "a b c"),
        ("soft\u00adhyphen\u200b\ufeff", "softhyphen"),
        ("ёлка", "елка"),
        (unicodedata.normalize("NFD", "ёлка й é"), "елка й é"),
        ("❤\ufe0f", "❤"),
        ("\u200fשלום\u200e", "שלום"),
        ("…", "..."),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_texts_that_look_the_same_are_compared_as_the_same(left: str, right: str) -> None:
    assert normalise(left) == normalise(right) == right


def test_folding_forgets_case_and_numbers() -> None:
    assert fold("Paid 40 000 ₽ TWICE") == fold("paid 7 1 ₽ twice")
    assert fold("Paid once") != fold("paid twice")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't re-order, e-mail me!", ["i", "don't", "re-order", "e-mail", "me"]),
        ("Не пришёл заказ №5", ["не", "пришел", "заказ", "no5"]),
        ("किताब पढ़ी", ["किताब", unicodedata.normalize("NFKC", "पढ़ी")]),
        ("السَّلام عليكم", ["السَّلام", "عليكم"]),
        ("退款没到", ["退", "款", "没", "到"]),
        ("我的iPhone坏了", ["我", "的", "iphone", "坏", "了"]),
        ("ひどい！", ["ひ", "ど", "い"]),
        ("배송이 늦었어요", ["배송이", "늦었어요"]),
        ("😡😡 late 👨‍👩‍👧", ["late"]),
        ("snake_case", ["snake", "case"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Nobody CALLED me.", "nobody called me"),
        ("Он сказал: «ждите»", '"ждите"'),
        ("Всё ещё жду", "все еще жду"),
        ("快递员一直没有来，也没有人", "没有来"),
        ("我的iPhone坏了", "iPhone"),
        ("我等了3天了", "3天"),
        ("السَّلام عليكم", "عليكم"),
        ("so angry 😡😡 really", "😡"),
        ("cafe\u0301 closed", "café"),
        ("line one\n\nline two", "one line two"),
        ("unbelievable, believable", "believable"),
    ],
)
def test_a_quote_is_found_word_for_word(text: str, quote: str) -> None:
    assert contains(text, quote)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("unbelievable", "believable"),
        ("unbelievable", "unbeliev"),
        ("заказала", "заказ"),
        ("4000 roubles", "400"),
        ("किताब", "किता"),
        ("किताब", "क"),
        ("नमस्ते", "नमस्त"),
        ("Nobody called me", "nobody phoned me"),
        ("Nobody called me", ""),
        ("", "nobody"),
        ("", ""),
    ],
)
def test_a_quote_is_not_found_inside_words_or_in_other_words(text: str, quote: str) -> None:
    assert not contains(text, quote)


def test_overlap_is_of_words() -> None:
    assert overlap("a b c", "C, B, A!") == 1
    assert overlap("a b", "b c") == pytest.approx(1 / 3)
    assert overlap("", "") == overlap("a", "") == 0


def test_runs_of_words() -> None:
    assert runs("a b c", 2) == {("a", "b"), ("b", "c")}
    assert runs("a b c", 4) == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ENGLISH, "LATIN"),
        (RUSSIAN, "CYRILLIC"),
        (CHINESE, "CJK"),
        (JAPANESE, "HIRAGANA"),
        ("عليكم", "ARABIC"),
        ("12 !😡", None),
        ("", None),
    ],
)
def test_script(text: str, expected: str | None) -> None:
    assert script(text) == expected


@pytest.mark.parametrize(
    ("text", "code", "letter", "other"),
    [
        ("Деньги не вернули", None, "Ё", "M"),
        ("My money", None, "É", "Д"),
        ("Деньги не вернули", "en", "M", "Д"),
        ("My money", "ru", "Д", "M"),
        ("我的钱", None, "钱", "M"),
        ("お金が", None, "円", "M"),
    ],
)
def test_letters_that_a_sentence_begins_with(text: str, code: str | None, letter: str, other: str) -> None:
    letters = first_letters(text, code)
    assert re.match(f"[{letters}]", letter) and not re.match(f"[{letters}]", other)


def test_no_letters_are_demanded_where_the_script_is_not_known() -> None:
    assert first_letters("12.50", None) is None and first_letters("\u10d2\u10d0\u10db", None) is None


def test_scripts_without_spaces() -> None:
    assert unspaced(CHINESE)
    assert unspaced(JAPANESE)
    assert unspaced("ภาษาไทย")
    assert not unspaced(ENGLISH)
    assert not unspaced(RUSSIAN)
    assert not unspaced("한국어")
    assert not unspaced("")


def test_language_is_told_only_with_confidence() -> None:
    assert (language(ENGLISH), language(RUSSIAN)) == ("en", "ru")
    assert language("Late") is None
    assert language("") is None


@pytest.mark.parametrize(
    ("left", "right"), [(ENGLISH, RUSSIAN), (RUSSIAN, UKRAINIAN), (ENGLISH, CHINESE), (CHINESE, JAPANESE), ("Late", "Поздно")]
)
def test_certainly_different_languages(left: str, right: str) -> None:
    assert not same_language(left, right)
    assert not same_language(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (ENGLISH, ENGLISH.upper()),
        ("Late again", "Retard encore"),
        (RUSSIAN, "Купила iPhone 15 Pro Max Space Black, экран разбит"),
        ("退款没到", "返金がない"),
        (RUSSIAN, "123 !!!"),
        ("", ENGLISH),
    ],
)
def test_a_doubt_is_not_a_difference(left: str, right: str) -> None:
    assert same_language(left, right)
    assert same_language(right, left)


def test_a_huge_complaint_is_quick() -> None:
    text = "Nobody called me, и никто не приехал 😡. " * 500
    assert len(text) >= 20_000
    language(text)
    started = time.perf_counter()
    words(text), contains(text, "never said this"), script(text), fold(text), runs(text, 7), same_language(text, RUSSIAN)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("text", "quote"), [("a" * 20_000, "a" * 10_000), ("a " * 10_000, "a " * 5_000 + "b"), ("ab" * 10_000, "ab")]
)
def test_a_hostile_quote_is_quick(text: str, quote: str) -> None:
    started = time.perf_counter()
    assert not contains(text, quote)
    assert time.perf_counter() - started < 1
