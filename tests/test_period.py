"""A period of a file: what lies outside is in the ledger with its reason, and the two halves are two runs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rootcause.errors import InputError
from rootcause.ingest import read
from rootcause.ingest.frame import frame_of
from rootcause.ingest.period import within

JULY = dt.date(2026, 7, 1)
FILE = """id,date,text
1,2026-06-30,Late again
2,2026-07-01,Nothing came
3,,No day is known
4,2026-08-02,
5,2026-08-02,The fridge is warm
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "complaints.csv"
    path.write_text(FILE, encoding="utf-8")
    return str(path)


def test_rows_outside_are_left_out_with_their_reason_and_none_is_lost(file: str) -> None:
    whole = read(file)
    after = within(whole, JULY, None)
    assert [one.id for one in after.complaints] == ["2", "5"]
    assert after.rows == whole.rows == 5
    reasons = {one.id: one.reason for one in after.rejected}
    assert reasons["1"] == "not since 2026-07-01" and reasons["3"] == "no date"
    assert "4" in reasons and reasons["4"] != "no date", "an empty text stays what it was"
    assert any("2 rows left out" in note for note in after.notes)


def test_both_days_belong_to_the_period(file: str) -> None:
    assert [one.id for one in within(read(file), dt.date(2026, 6, 30), JULY).complaints] == ["1", "2"]


def test_the_halves_are_two_different_intakes_and_no_period_changes_nothing(file: str) -> None:
    whole = read(file)
    assert within(whole, None, None) is whole
    assert within(whole, JULY, None).period != within(whole, None, JULY).period


def test_without_dates_or_rows_it_says_what_to_do(file: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row since 2030-01-01"):
        within(read(file), dt.date(2030, 1, 1), None)
    plain = tmp_path / "plain.csv"
    plain.write_text("id,text\n1,Late again and again\n", encoding="utf-8")
    with pytest.raises(InputError, match="--date"):
        within(read(str(plain)), JULY, None)


def test_a_period_that_the_file_goes_beyond_is_counted_whole(file: str) -> None:
    """Else a cause that occurred in its first weeks alone would seem to have a higher rate."""
    whole = read(file)
    after = within(whole, dt.date(2026, 7, 15), None)
    assert after.covers == (dt.date(2026, 7, 15), None), "nothing says that the file ends with August"
    frame = frame_of(after.complaints, after.covers)
    assert (frame.first, frame.last) == (dt.date(2026, 7, 15), dt.date(2026, 8, 2))
    before = within(whole, dt.date(2026, 6, 1), dt.date(2026, 7, 20))
    assert before.covers == (None, dt.date(2026, 7, 20))
