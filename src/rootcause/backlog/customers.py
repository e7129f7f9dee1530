"""Closing the loop: who complained of what is now changed, in their own words, and a draft that tells them so.

Nothing is sent. Drafts are in English or Russian, by the language of the customer's own text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rootcause.backlog.markup import Markup, escaped
from rootcause.backlog.phrases import day, environment, phrases
from rootcause.models import Basis, Complaint, Frozen, RunReport
from rootcause.report.clean import one_line
from rootcause.report.words import LANGUAGES, words_for
from rootcause.sheets import Page
from rootcause.text import language, script

_BY_SCRIPT = {"CYRILLIC": "ru", "LATIN": "en"}

HEADER = ("customer", "rows", "dates", "channels", "language", "words", "draft", "note")
_WIDTHS = (16, 20, 24, 16, 9, 80, 80, 40)


class Customer(Frozen):
    """One customer, or one complaint whose customer is unknown. complaints: analysed rows, by date.

    language: of the last complaint, None where it cannot be told. message: a draft, None where there is none in the language.
    note: what whoever sends it must know first, empty where there is nothing.
    """

    customer: str | None
    complaints: tuple[Complaint, ...]
    language: str | None
    message: str | None
    note: str


def language_of(text: str) -> tuple[str | None, bool]:
    """(the text's language, whether it is certain): by the letters where the text is too short to tell."""
    found = language(text)
    return (found, True) if found else (_BY_SCRIPT.get(script(text) or ""), False)


def customers(report: RunReport, rows: Collection[str], causes: Collection[str], changed: Sequence[str]) -> tuple[Customer, ...]:
    """Everyone whose complaint is among the rows, by customer; those without one last.

    causes: ids, whose chains the quotes are taken from. changed: what was changed, once in each language.
    """
    wanted = set(rows)
    complaints = sorted(
        (row for one in report.outcomes if one.answer is not None for row in one.rows if row.id in wanted),
        key=lambda row: (row.date is None, row.date, row.row),
    )
    groups: dict[tuple[str | None, str], list[Complaint]] = {}
    for row in complaints:
        groups.setdefault((row.customer, "" if row.customer else row.id), []).append(row)
    quotes = _quotes(report, causes)
    said = {language_of(text)[0]: text for text in changed}
    say = phrases(words_for(report.language).language)
    order = sorted(groups, key=lambda group: (group[0] is None, group[0] or "", groups[group][0].row))
    return tuple(_customer(group[0], groups[group], quotes, said, say) for group in order)


def page(found: Sequence[Customer]) -> Page:
    """For a workbook or a CSV file."""
    return Page(title="customers", header=HEADER, widths=_WIDTHS, rows=tuple(_cells(one) for one in found))


def markdown(found: Sequence[Customer], title: str, written_in: str) -> str:
    words = words_for(written_in)

    def source(row: Complaint) -> str:
        date = day(row.date, words.language) if row.date else None
        return ", ".join(part for part in (date, row.channel, words("row", id=row.id)) if part)

    return (
        environment()
        .get_template("loop.j2")
        .render(
            customers=found,
            title=title,
            say=phrases(words.language),
            m=environment().get_template(f"{Markup.MARKDOWN}.j2").module,
            t=lambda text: escaped(str(text), Markup.MARKDOWN),
            source=source,
        )
    )


def _quotes(report: RunReport, causes: Collection[str]) -> dict[str, str]:
    """By row, what the customer said of the cause, word for word: the first stated step of its chain."""
    ranking = report.ranking
    answers = {one.key: one for one in report.outcomes}
    found: dict[str, str] = {}
    for ranked in (*ranking.causes, *ranking.residue):
        for reference in ranked.cause.chains if ranked.cause.id in causes else ():
            outcome = answers[reference.outcome]
            chain = outcome.answer.chains[reference.index] if outcome.answer else None
            said = [step.evidence for step in chain.steps if step.basis is Basis.STATED and step.evidence] if chain else []
            for row in outcome.rows:  # equal but for digits, spaces and case: a quote must be verbatim in each
                if said and row.id not in found and said[0] in row.text:
                    found[row.id] = said[0]
    return found


def _customer(
    customer: str | None, rows: Sequence[Complaint], quotes: Mapping[str, str], changed: Mapping[str | None, str], say: Any
) -> Customer:
    last = rows[-1]
    code, sure = language_of(last.text)
    notes: list[str] = []
    message = None
    if code in LANGUAGES:
        own = phrases(code)
        quoted = next((quotes[row.id] for row in reversed(rows) if row.id in quotes), None)
        message = str(
            own.message(
                day(last.date, code) if last.date else None, one_line(quoted) if quoted else None, changed.get(code, own.gap())
            )
        )
        notes += [] if sure else [say.note_guess(code)]
        notes += [] if code in changed else [say.note_gap(code)]
    else:
        notes.append(say.note_other(code))
    return Customer(customer=customer, complaints=tuple(rows), language=code, message=message, note="; ".join(map(str, notes)))


def _cells(one: Customer) -> tuple[str, ...]:
    rows = one.complaints
    return (
        one.customer or "",
        " ".join(row.id for row in rows),
        " ".join(row.date.isoformat() for row in rows if row.date),
        ", ".join(dict.fromkeys(row.channel for row in rows if row.channel)),
        one.language or "",
        rows[0].text if len(rows) == 1 else "\n\n".join(f"[{row.id}] {row.text}" for row in rows),
        one.message or "",
        one.note,
    )
