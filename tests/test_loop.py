"""Closing the loop: everyone who complained is on the list, in their own words, with a draft in their language."""

from __future__ import annotations

import datetime as dt

import pytest
from backlog_case import PROMISE, STALE, ranked, report

from rootcause.backlog.customers import customers, language_of, markdown, page
from rootcause.models import Complaint, Outcome, RunReport

CHANGED = "Address cards are now updated when the profile changes."
RUSSIAN = "Теперь карточки адресов обновляются вместе с профилем."


def saying(run: RunReport, texts: dict[str, str], **fields: object) -> RunReport:
    """The run whose rows of these ids say this."""

    def told(row: Complaint) -> Complaint:
        return row.model_copy(update={"text": texts[row.id]} | fields) if row.id in texts else row

    outcomes = tuple(one.model_copy(update={"rows": tuple(map(told, one.rows))}) for one in run.outcomes)
    return run.model_copy(update={"outcomes": outcomes})


def test_every_complaint_is_listed_once_by_customer() -> None:
    run = report()
    rows = ranked(run, STALE).row_ids
    found = customers(run, rows, (STALE,), (CHANGED,))
    listed = [row.id for one in found for row in one.complaints]
    assert sorted(listed) == sorted(rows) and len(found) == 4, "two of four customers complained twice"
    assert len({one.customer for one in found}) == 4
    twice = next(one for one in found if len(one.complaints) == 2)
    assert [row.date for row in twice.complaints] == sorted(row.date for row in twice.complaints if row.date)


def test_complaints_without_a_customer_are_listed_one_by_one() -> None:
    run = report()
    rows = ranked(run, STALE).row_ids
    texts = {row.id: row.text for row in run.sample.complaints if row.id in rows}
    found = customers(saying(run, texts, customer=None), rows, (STALE,), (CHANGED,))
    assert [one.customer for one in found] == [None] * 6 and all(len(one.complaints) == 1 for one in found)


def test_the_draft_says_what_they_wrote_and_what_was_changed() -> None:
    run = report()
    one = customers(run, ("c13",), (STALE,), (CHANGED,))[0]
    assert one.language == "en" and one.note == "" and one.message is not None
    assert "on 10 July 2026" in one.message and CHANGED in one.message
    assert "“Repeat orders use the first address card, and that for the time number 0!”" in one.message
    assert one.complaints[0].date == dt.date(2026, 7, 10)
    paragraphs = one.message.split("\n\n")
    assert len(paragraphs) == 5 and paragraphs[3] == CHANGED


def test_who_complained_twice_is_reminded_of_the_last_time() -> None:
    run = saying(
        report(), {"c14": "Курьер опять уехал на старый адрес, хотя карточку я поменяла ещё в июне, и никто не ответил."}
    )
    (one,) = customers(run, ("c13", "c14"), (STALE,), (CHANGED, RUSSIAN))
    assert [row.id for row in one.complaints] == ["c13", "c14"] and one.language == "ru"
    assert one.message is not None and "13 июля 2026" in one.message and RUSSIAN in one.message


def test_a_quote_is_verbatim_even_where_texts_were_taken_for_equal() -> None:
    run = report()
    copy = run.sample.complaints[12].model_copy(
        update={"id": "c99", "customer": "K-copy", "text": "Repeat orders, number 7, once more."}
    )
    outcomes = tuple(one.model_copy(update={"rows": (*one.rows, copy)}) if one.key == "c13" else one for one in run.outcomes)
    found = customers(run.model_copy(update={"outcomes": outcomes}), ("c13", "c99"), (STALE,), (CHANGED,))
    twin = next(one for one in found if one.customer == "K-copy")
    assert twin.message is not None and "In your words" not in twin.message


def test_each_customer_is_written_to_in_their_language() -> None:
    run = saying(
        report(),
        {
            "c13": "Курьер опять уехал на старый адрес, хотя карточку я поменяла ещё в июне, и никто не ответил.",
            "c14": "Der Kurier ist schon wieder zur alten Adresse gefahren, obwohl ich sie im Juni geändert habe.",
            "c15": "Опять мимо!",
        },
        customer=None,
    )
    found = {one.complaints[0].id: one for one in customers(run, ("c13", "c14", "c15", "c16"), (STALE,), (CHANGED, RUSSIAN))}
    assert found["c13"].message is not None and RUSSIAN in found["c13"].message and "Здравствуйте" in found["c13"].message
    assert found["c14"].message is None and found["c14"].note == "no draft: written in de; drafts exist in English and Russian"
    assert found["c15"].language == "ru" and "too short to tell" in found["c15"].note
    assert found["c16"].message is not None and CHANGED in found["c16"].message


def test_what_was_not_said_in_their_language_is_left_open_and_noted() -> None:
    one = customers(report(), ("c13",), (STALE,), (RUSSIAN,))[0]
    assert one.message is not None and "[say here what was changed]" in one.message and RUSSIAN not in one.message
    assert one.note == "say in en what was changed: give --changed once more, in that language"


@pytest.mark.parametrize(
    ("text", "code"),
    [("Опять мимо!", ("ru", False)), ("Again!", ("en", False)), ("12345", (None, False)), ("もうだめ", (None, False))],
)
def test_short_texts_are_told_by_their_letters(text: str, code: tuple[str | None, bool]) -> None:
    assert language_of(text) == code


def test_the_sheet_has_all_of_it() -> None:
    run = report()
    sheet = page(customers(run, ranked(run, STALE).row_ids, (STALE,), (CHANGED,)))
    rows = [dict(zip(sheet.header, row, strict=True)) for row in sheet.rows]
    twice = next(row for row in rows if " " in str(row["rows"]))
    assert twice["channels"] == "phone, chat" and len(str(twice["dates"]).split()) == 2
    assert all(f"[{row}]" in str(twice["words"]) for row in str(twice["rows"]).split())
    assert all(CHANGED in str(row["draft"]) for row in rows)


def test_the_page_to_read_quotes_everybody() -> None:
    run = report()
    found = customers(run, ranked(run, PROMISE).row_ids, (PROMISE,), (CHANGED,))
    text = markdown(found, "Work out the day again", "en").replace("\\", "")
    assert text.startswith("# To tell: Work out the day again")
    assert all(row.text in text and f"row {row.id}" in text for one in found for row in one.complaints)


def test_only_rows_with_an_answer_are_told_of() -> None:
    run = report()
    failed = Outcome.model_validate(
        run.outcomes[12].model_dump() | {"answer": None, "failure": {"kind": "refusal", "message": "no"}}
    )
    outcomes = (*run.outcomes[:12], failed, *run.outcomes[13:])
    found = customers(run.model_copy(update={"outcomes": outcomes}), ("c13", "c14"), (STALE,), (CHANGED,))
    assert [row.id for one in found for row in one.complaints] == ["c14"]
