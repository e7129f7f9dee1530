"""What a model's tokens cost: the shipped table, the user's own, and what is not known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rootcause.errors import SettingsError
from rootcause.llm import prices
from rootcause.llm.prices import Price, lookup, parse
from rootcause.models import Usage

OPENAI = "api.openai.com"


def price(**changes: object) -> Price:
    return Price.model_validate({"model": "m", "input": 2.0, "output": 8.0, **changes})


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(
        """
[[price]]
model = "gpt-4.1"
input = 1.5
output = 6.0
currency = "EUR"

[[price]]
model = "my-*"
host = "*.example.com"
input = 1.0
output = 1.0

[[price]]
model = ["my-model", "my-other"]
input = 2.0
output = 2.0

[[price]]
model = "my-mod*"
input = 3.0
output = 3.0
""",
        encoding="utf-8",
    )
    return path


def test_every_shipped_price_has_a_day_and_a_source() -> None:
    table = prices._shipped()
    assert table
    for entry in table:
        assert entry.as_of is not None and dt.date(2024, 1, 1) <= entry.as_of <= dt.date(2026, 12, 31)
        assert entry.source is not None and entry.source.startswith("https://")
        assert entry.host is not None, "a list price holds at its provider only"
        assert entry.cached_input is None or entry.cached_input < entry.input < entry.output
    names = [name for entry in table for name in entry.model]
    assert len(names) == len(set(names))


def test_a_known_model() -> None:
    found = lookup("gpt-4.1-mini", OPENAI)
    assert found is not None
    assert (found.input, found.cached_input, found.output, found.currency) == (0.40, 0.10, 1.60, "USD")
    assert lookup("GPT-4.1-mini-2025-04-14", "API.openai.com") == found


@pytest.mark.parametrize(
    ("model", "host"),
    [
        ("no-such-model", OPENAI),
        ("gpt-4.1", "gateway.example.com"),
        ("gpt-4.1", None),
        ("gpt-5-pro", OPENAI),
        ("gpt-4o-2024-05-13", OPENAI),
        ("", OPENAI),
    ],
)
def test_unknown_is_none_and_never_a_neighbour(model: str, host: str | None) -> None:
    assert lookup(model, host) is None


def test_cost() -> None:
    usage = Usage(calls=1, prompt=1_000_000, completion=500_000, cached=400_000)
    assert price(cached_input=0.5).of(usage) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.5 * 8)
    assert price(cached_input=0.5).of(usage.model_copy(update={"cached": None})) == pytest.approx(2 + 4), "not said is not cached"
    assert price().of(usage) == pytest.approx(2 + 4), "no price for cached tokens is no discount"
    assert price(cached_input=0.5, cache_write=2.5).of(usage) == pytest.approx(0.6 * 2.5 + 0.4 * 0.5 + 4)
    assert price(cached_input=0.5).of(Usage(calls=1, prompt=10, cached=99)) == pytest.approx(10 * 0.5 / 1e6), "never below zero"
    assert price().of(Usage()) == 0


def test_own_entries_win_one_by_one(own: Path) -> None:
    mine = lookup("gpt-4.1", OPENAI, own)
    assert mine is not None and (mine.input, mine.currency) == (1.5, "EUR")
    shipped = lookup("gpt-4.1-nano", OPENAI, own)
    assert shipped is not None and shipped.input == 0.10


@pytest.mark.parametrize(
    ("model", "host", "expected"),
    [
        ("my-model", "a.example.com", 1.0),  # a named host before any host
        ("my-model", "elsewhere.org", 2.0),  # a full name before a glob
        ("my-modest", "elsewhere.org", 3.0),
        ("my-other", None, 2.0),
    ],
)
def test_the_most_specific_entry_wins(own: Path, model: str, host: str | None, expected: float) -> None:
    found = lookup(model, host, own)
    assert found is not None and found.input == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[price]]\nmodel = 'x'\ninput = 1\n", "entry 1: 'output'"),
        ("[[price]]\nmodel = 'x'\ninput = -1\noutput = 1\n", "entry 1: 'input'"),
        ("[[price]]\nmodel = 'x'\ninput = nan\noutput = 1\n", "entry 1: 'input'"),
        ("[[price]]\nmodel = 'x'\ninput = 'free'\noutput = 1\n", "entry 1: 'input'"),
        ("[[price]]\nmodel = []\ninput = 1\noutput = 1\n", "entry 1: 'model'"),
        ("[[price]]\nmodel = ''\ninput = 1\noutput = 1\n", "entry 1: 'model.0'"),
        ("[[price]]\nmodel = 'x'\ninput = 1\noutput = 1\ncurrency = '$'\n", "entry 1: 'currency'"),
        ("[[price]]\nmodel = 'x'\ninput = 1\noutput = 1\nas_of = 'May'\n", "entry 1: 'as_of'"),
        ("[[price]]\nmodel = 'x'\ninput = 1\noutput = 1\n[[price]]\nmodel = 'y'\ninputs = 1\noutput = 1\n", "entry 2: 'input'"),
        ("[[price]]\nmodel = 'x'\ninput = 1\noutput = 1\nbatch = 1\n", "entry 1: 'batch'"),
        ("[[prices]]\nmodel = 'x'\n", "'prices'"),
        ("[price]\nmodel = 'x'\n", "'price'"),
        ("price = [1]\n", "entry 1: 'price'"),
        ("[[price]\n", "not valid TOML"),
    ],
)
def test_a_wrong_table_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        lookup("x", None, path)
    assert str(path) in str(error.value) and said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.toml cannot be read"):
        lookup("x", None, tmp_path / "missing.toml")
    (tmp_path / "latin.toml").write_bytes("# né\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"latin\.toml is not UTF-8"):
        lookup("x", None, tmp_path / "latin.toml")


def test_notepad_s_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf[[price]]\r\nmodel = 'x'\r\ninput = 1\r\noutput = 1\r\n")
    assert lookup("x", None, path) is not None
    assert parse("", "empty") == ()
