"""docs/settings.md names every setting, and its examples are valid and whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rootcause.llm.prices import Price, lookup
from rootcause.models import Frozen
from rootcause.settings import Settings, resolve

PAGE = (Path(__file__).parents[1] / "docs/settings.md").read_text(encoding="utf-8")
ECONOMICS, PRICES = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.S | re.M)


def test_every_setting_has_its_row_and_its_default() -> None:
    rows = dict(re.findall(r"^\| (`.+?`) \| .* \| (.*?) \|$", PAGE, flags=re.M))
    named = {name for cell in rows for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(Settings.model_fields) - {"api_key"}
    fields = Settings.model_fields
    for name in ("model", "seed", "min_complete", "topic_threshold", "store"):
        assert float_or_text(rows[f"`{name}`"]) == float_or_text(str(fields[name].default)), name


def float_or_text(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell.strip("`")


def test_the_table_of_costs_is_valid_and_shows_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rootcause.toml").write_text(ECONOMICS, encoding="utf-8")
    found = resolve().economics
    assert found is not None and found.exposure is not None
    assert unset(found) == unset(found.exposure) == set()
    assert unset(found.countermeasures[0]) == {"text"} and "text = " in ECONOMICS


def test_the_price_is_valid_and_wins(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(PRICES, encoding="utf-8")
    price = lookup("our-model-mini", "llm.example.com", own)
    assert isinstance(price, Price) and (price.input, price.currency) == (0.4, "EUR")
    assert unset(price) == {"cache_write", "as_of", "source"}
    assert lookup("our-model", "elsewhere.example.com", own) is None


def unset(value: Frozen) -> set[str]:
    return set(type(value).model_fields) - value.model_fields_set
