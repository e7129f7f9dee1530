"""How texts are compared: the one place that decides what counts as the same words and the same language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from typing import Any

from babel import Locale
from babel.core import get_global

_SPACE = re.compile(r"\s+")
_DIGITS = re.compile(r"\d+")
_MARKED = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"  # European and Semitic marks
    "\u0900-\u0963\u0966-\u0e3a\u0e40-\u0e4e\u0e80-\u109f\u1780-\u17d3"  # Indic and south-east Asian blocks, letters and marks
)
_LETTER = rf"(?:[^\W_]|[{_MARKED}])"  # \w alone leaves combining marks out and would cut words at them
_WORD = re.compile(rf"{_LETTER}+(?:['-]{_LETTER}+)*")
_UNSPACED = re.compile(
    "[\u0e01-\u0e3a\u0e40-\u0eff\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"  # Chinese and Japanese
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe0e\ufe0f\ufeff]")
_SAME = str.maketrans("‘’‚‛ʼ´`′‹›“”„‟«»″「」『』‐‑‒–—―−ёЁ", "'" * 10 + '"' * 11 + "-" * 7 + "еЕ")
_SCRIPTS = ("LATIN", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "ARABIC", "HEBREW", "GREEK", "THAI", "DEVANAGARI")
_SCRIPT_CODES = {
    "Latn": "LATIN",
    "Cyrl": "CYRILLIC",
    "Arab": "ARABIC",
    "Hebr": "HEBREW",
    "Grek": "GREEK",
    "Thai": "THAI",
    "Deva": "DEVANAGARI",
}
_FIRST = {
    "LATIN": "A-Za-z\u00c0-\u024f",
    "CYRILLIC": "\u0400-\u045f\u0490-\u04ff",
    "GREEK": "\u0386-\u03ce",
    "ARABIC": "\u0620-\u064a\u0671-\u06d3",
    "HEBREW": "\u05d0-\u05ea",
    "THAI": "\u0e01-\u0e2e\u0e40-\u0e44",
    "DEVANAGARI": "\u0904-\u0939",
    "HANGUL": "\uac00-\ud7a3",
} | dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA"), "\u3041-\u30fa\u4e00-\u9fff")
_EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA"}
_MIXED = 0.2  # share of a text's letters from which a second script is more than a name or two
_SURE = 0.95
_ENOUGH = 60  # letters; below this a language guess within one script is not to be trusted


def normalise(text: str) -> str:
    """NFKC, one kind of quotation mark and dash, е for ё, nothing invisible, single spaces: what a quote is compared by."""
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFC", text).translate(_SAME))
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", visible)).strip()


def fold(text: str) -> str:
    """`normalise` without case, with every run of digits as one mark: equal texts fold to equal strings."""
    return _DIGITS.sub("0", normalise(text).casefold())


def words(text: str) -> list[str]:
    """Words of the normalised text without case; in scripts written without spaces, each letter is a word."""
    return _WORD.findall(_UNSPACED.sub(r" \g<0> ", normalise(text).casefold()))


def unspaced(text: str) -> bool:
    """True when most letters are of a script written without spaces, whose `words` are letters."""
    return 2 * len(_UNSPACED.findall(text)) > sum(char.isalpha() for char in text)


def contains(text: str, quote: str) -> bool:
    """True when the quote occurs in the text word for word, after `normalise` and case folding."""
    needle, hay = normalise(quote).casefold(), normalise(text).casefold()
    if not needle:
        return False
    start = hay.find(needle)
    while start >= 0:
        end = start + len(needle)
        if not _splits_word(hay, start) and not _splits_word(hay, end):
            return True
        start = hay.find(needle, start + 1)
    return False


def overlap(left: str, right: str) -> float:
    """Jaccard overlap of the two texts' words, 0 to 1."""
    a, b = set(words(left)), set(words(right))
    return len(a & b) / len(a | b) if a and b else 0.0


def runs(text: str, length: int) -> frozenset[tuple[str, ...]]:
    """All runs of `length` words."""
    found = words(text)
    return frozenset(tuple(found[i : i + length]) for i in range(len(found) - length + 1))


def script(text: str) -> str | None:
    """The script most letters are in; None for a text without letters."""
    counts = _letters(text)
    return max(counts, key=lambda name: counts[name]) if counts else None


def language(text: str) -> str | None:
    """ISO 639-1 code of the text's language, None where it cannot be told with confidence."""
    if sum(char.isalpha() for char in text) < _ENOUGH:
        return None
    code, probability = _identifier().classify(text)
    return str(code) if probability >= _SURE else None


def same_language(text: str, other: str) -> bool:
    """False only when the two texts are certainly in different languages."""
    mine, theirs = script(text), script(other)
    if mine is None or theirs is None:
        return True
    if mine != theirs and not {mine, theirs} <= _EAST_ASIAN:
        return _share(mine, other) >= _MIXED or _share(theirs, text) >= _MIXED
    guess, goal = language(text), language(other)
    return guess is None or goal is None or guess == goal


def written_in(text: str, code: str) -> bool:
    """False only when the text is certainly not in the language of that ISO 639-1 code."""
    guess, used = language(text), script(text)
    if guess is not None:
        return guess == code
    usual = _usual_script(code)
    return used is None or usual is None or used == usual


def first_letters(text: str, code: str | None) -> str | None:
    """The letters that a sentence can begin with, as the inside of a character class of a regular expression.

    Those of the language of that ISO 639-1 code, without one those of the text's own script; None for a script not known here.
    """
    return _FIRST.get((_usual_script(code) if code else script(text)) or "")


def language_name(code: str) -> str:
    """The language's English name, which a model understands best; the code itself where it has none."""
    return str(Locale("en").languages.get(code, code))


def _usual_script(code: str) -> str | None:
    subtags = get_global("likely_subtags").get(code, "").split("_")
    return _SCRIPT_CODES.get(subtags[1]) if len(subtags) > 1 else None


def _letters(text: str) -> Counter[str]:
    """Letters of each script, in order of appearance."""
    counts: Counter[str] = Counter()
    for char, count in Counter(text).items():
        if char.isalpha():
            counts[_script(char)] += count
    return counts


def _share(name: str, text: str) -> float:
    counts = _letters(text)
    return counts[name] / counts.total()


@cache
def _script(char: str) -> str:
    name = unicodedata.name(char, "")
    return next((known for known in _SCRIPTS if name.startswith(known)), "OTHER")


def _splits_word(text: str, place: int) -> bool:
    if place <= 0 or place >= len(text):
        return False
    left, right = text[place - 1], text[place]
    if unicodedata.category(right).startswith("M"):
        return True
    if _UNSPACED.match(left) or _UNSPACED.match(right):
        return False
    return (left.isalnum() or unicodedata.category(left).startswith("M")) and right.isalnum()


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
