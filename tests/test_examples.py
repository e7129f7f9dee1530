"""The example file is gold: what examples/README.md promises is recomputed here from the two files it describes."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
TOPICS = ("bank-cards", "delivery", "mobile-billing", "subscription-access")
VANISHED = "atm-claim-always-investigated"
RISING = "substitution-ignores-refusal"
CHANGE = dt.date(2026, 7, 1)
MONTHS = range(4, 10)
MARKS = ("nothing:praise", "nothing:empty", "nothing:spam", "new", "outside")


@dataclass(frozen=True)
class Row:
    ticket: str
    created: dt.date
    channel: str
    customer: str
    score: str
    claimed: str
    given_topic: str
    message: str
    topic: str
    cause: str
    second_cause: str
    notes: tuple[str, ...]

    @property
    def original(self) -> str | None:
        return next((note.removeprefix("duplicate of ") for note in self.notes if note.startswith("duplicate")), None)

    @property
    def severe(self) -> tuple[str, ...]:
        for note in self.notes:
            if note.startswith("severe: "):
                return tuple(note.removeprefix("severe: ").split(", "))
        return ()

    @property
    def currency(self) -> str:
        if self.topic:
            return "₽" if self.topic in {"bank-cards", "mobile-billing"} else "£"
        return "₽" if re.search("[а-яё]", self.message.lower()) else "£"


class Halves(NamedTuple):
    before: int
    after: int


def _read(name: str) -> list[dict[str, str]]:
    with (EXAMPLES / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


@cache
def rows() -> tuple[Row, ...]:
    gold = {line["ticket"]: line for line in _read("gold.csv")}
    return tuple(
        Row(
            ticket=line["ticket"],
            created=dt.date.fromisoformat(line["created"]),
            channel=line["channel"],
            customer=line["customer"],
            score=line["score"],
            claimed=line["claimed"],
            given_topic=line["topic"],
            message=line["message"],
            topic=gold[line["ticket"]]["topic"],
            cause=gold[line["ticket"]]["cause"],
            second_cause=gold[line["ticket"]]["second_cause"],
            notes=tuple(note for note in gold[line["ticket"]]["note"].split("; ") if note),
        )
        for line in _read("complaints.csv")
    )


def distinct() -> list[Row]:
    return [row for row in rows() if row.original is None]


def by_cause(of: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in of:
        found[row.cause].append(row)
    return found


def months(of: Iterable[Row]) -> list[int]:
    count = Counter(row.created.month for row in of)
    return [count[month] for month in MONTHS]


def halves(of: Iterable[Row]) -> Halves:
    dates = [row.created for row in of]
    before = sum(date < CHANGE for date in dates)
    return Halves(before, len(dates) - before)


def table(heading: str) -> list[list[str]]:
    """The first table under a heading of the README, without its header and without code marks."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    section = re.split(rf"^#+ {re.escape(heading)}$", text, flags=re.M)[1]
    section = re.split(r"^#", section, flags=re.M)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines[2:]]


def share(part: int, whole: int) -> str:
    return f"{(2000 * part + whole) // (2 * whole) / 10:.1f} %"


def money(of: Iterable[Row], *, once: bool = False) -> str:
    pence: Counter[str] = Counter()
    seen: set[tuple[str, str, str]] = set()
    for row in of:
        key = (row.customer, row.cause, row.claimed)
        if row.claimed and not (once and key in seen):
            pence[row.currency] += round(float(row.claimed) * 100)
        seen.add(key)
    return " + ".join(f"{sign} {pence[sign] / 100:,.2f}" for sign in "£₽" if pence[sign]) or "–"


# ── the files ─────────────────────────────────────────────────────────────────────────────────────


def test_files_are_plain_utf8_with_the_columns_stated() -> None:
    for name in ("complaints.csv", "gold.csv"):
        data = (EXAMPLES / name).read_bytes()
        assert not data.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in data
        data.decode("utf-8")
    stated = [line[0] for line in table("The files")]
    assert list(_read("complaints.csv")[0]) == stated
    assert list(_read("gold.csv")[0]) == ["ticket", "topic", "cause", "second_cause", "note"]


def test_gold_has_the_same_tickets_in_the_same_order() -> None:
    tickets = [line["ticket"] for line in _read("complaints.csv")]
    assert [line["ticket"] for line in _read("gold.csv")] == tickets
    assert len(set(tickets)) == len(tickets) == 240


def test_tickets_ascend_with_the_date_and_tell_nothing_more() -> None:
    numbers = [int(row.ticket.removeprefix("T-")) for row in rows()]
    assert numbers == sorted(numbers)
    assert all(one.created <= two.created for one, two in pairwise(rows()))
    assert len({two - one for one, two in pairwise(numbers)}) > 4
    for topic in TOPICS:
        digits = {int(row.ticket[-1]) for row in rows() if row.topic == topic}
        assert len(digits) == 10


def test_values_are_what_the_readme_says() -> None:
    for row in rows():
        assert dt.date(2026, 4, 1) <= row.created <= dt.date(2026, 9, 30)
        assert row.channel in {"chat", "email", "phone", "form", "app review"}
        assert row.score in {"", "1", "2", "3", "4", "5"}
        assert re.fullmatch(r"(\d+\.\d\d)?", row.claimed)
        assert row.given_topic in {"", row.topic}
        assert row.topic in {"", *TOPICS}
        assert re.fullmatch(r"[CК]-\d{4}", row.customer)


def test_every_cause_is_in_the_catalogue_of_its_topic() -> None:
    for row in rows():
        if row.topic:
            pack = yaml.safe_load((ROOT / "fewshot" / row.topic / "topic.yaml").read_text(encoding="utf-8"))
            known = {cause["id"] for cause in pack["causes"]}
            assert row.cause in known or row.cause in MARKS
            assert row.second_cause in known | {""}
            assert row.cause != row.second_cause
        else:
            assert row.cause in MARKS
            assert not row.second_cause


def test_notes_agree_with_the_causes() -> None:
    for row in rows():
        assert ("outside" in row.notes) == (row.cause == "outside")
        assert ("spam" in row.notes) == (row.cause == "nothing:spam")
        assert ("empty" in row.notes) == (not row.message.strip())


# ── what the README promises ──────────────────────────────────────────────────────────────────────


def test_rows_by_kind_add_up() -> None:
    count: Counter[str] = Counter()
    for row in rows():
        if row.original:
            count["duplicate of an earlier row"] += 1
        elif "empty" in row.notes:
            count["empty message"] += 1
        elif row.topic:
            count[f"topic {row.topic}"] += 1
        else:
            count["complaint outside the topics" if row.cause == "outside" else "spam outside the topics"] += 1
    *kinds, (_, total) = table("Rows by kind")
    assert {kind: int(number) for kind, number in kinds} == count
    assert int(total) == count.total() == 240


def test_duplicates_differ_only_as_stated() -> None:
    of = {row.ticket: row for row in rows()}
    stated = table("Duplicates")
    assert [line[0] for line in stated] == [row.ticket for row in rows() if row.original]
    for ticket, original, cause, differs in stated:
        copy, first = of[ticket], of[original]
        assert copy.original == original
        assert first.created < copy.created
        assert (copy.customer, copy.channel, copy.cause) == (first.customer, first.channel, cause)
        one, two = first.message, copy.message
        equal = {
            "exact": one == two,
            "case only": one != two and one.casefold() == two.casefold(),
            "spacing and line breaks only": one != two and one.split() == two.split(),
            "digits only": one != two and re.sub(r"\d", "0", one) == re.sub(r"\d", "0", two),
        }
        assert equal[differs]
    assert Counter(line[3] for line in stated) == {
        "exact": 2,
        "case only": 1,
        "spacing and line breaks only": 1,
        "digits only": 1,
    }


def test_no_other_two_rows_are_duplicates() -> None:
    alike = Counter(re.sub(r"[\W\d]+", " ", row.message.casefold()).strip() for row in distinct())
    assert set(alike.values()) == {1}


def test_true_causes() -> None:
    second = Counter(row.second_cause for row in rows() if row.second_cause)
    expected = {}
    for cause, found in by_cause(rows()).items():
        topics = {row.topic for row in found}
        topic = "several" if len(topics) > 1 else topics.pop() or "none"
        unique = sum(row.original is None for row in found)
        expected[cause] = [
            topic,
            str(len(found)),
            share(len(found), len(rows())),
            str(unique),
            str(second[cause] or "–"),
            money(found),
            money(found, once=True),
        ]
    stated = table("True causes")
    assert {line[0]: line[1:] for line in stated} == expected
    assert [line[0] for line in stated] == sorted(expected, key=lambda cause: (-int(expected[cause][1]), cause))
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    summary = f"Together {len(rows())} rows, {len(distinct())} of them distinct; {second.total()} have a second cause; "
    assert f"{summary}{money(rows())} claimed, {money(rows(), once=True)} counted once." in text


def test_top_causes_by_topic() -> None:
    expected = []
    for topic in TOPICS:
        here = [row for row in rows() if row.topic == topic]
        for cause, found in sorted(by_cause(here).items(), key=lambda item: (-len(item[1]), item[0])):
            if len(found) >= 5 and not cause.startswith("nothing:"):
                expected.append([topic, cause, str(len(found)), str(len(here)), share(len(found), len(here))])
    assert table("Top causes by topic") == expected


def test_months_and_halves() -> None:
    of = by_cause(rows())
    others = [row for row in rows() if row.cause not in {RISING, VANISHED}]
    columns = [months(group) for group in (rows(), of[RISING], of[VANISHED], others)]
    by_month = zip(*columns, strict=True)
    expected = [[f"2026-{month:02}", *map(str, line)] for month, line in zip(MONTHS, by_month, strict=True)]
    assert table("Month by month") == expected
    expected = [
        [name, *map(str, halves(group))]
        for name, group in [("all", rows()), (RISING, of[RISING]), (VANISHED, of[VANISHED]), ("other causes", others)]
    ]
    assert table("Before and after 1 July") == expected


def test_one_cause_vanishes_and_one_rises() -> None:
    of = by_cause(rows())
    assert halves(of[VANISHED]) == (22, 0)
    assert months(of[RISING]) == [3, 1, 2, 3, 4, 5]
    assert min(row.created for row in of[RISING] if row.created.month > 4) >= dt.date(2026, 5, 15)
    tail = 2 * sum(math.comb(18, hits) for hits in range(7)) / 2**18
    assert f"p = {tail:.2f}" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_every_other_cause_is_flat() -> None:
    for cause, found in by_cause(rows()).items():
        if cause not in {RISING, VANISHED}:
            assert abs(halves(found).before - halves(found).after) <= 1, cause
    for cause, found in by_cause(distinct()).items():
        if cause not in {RISING, VANISHED}:
            assert abs(halves(found).before - halves(found).after) <= 1, cause
            assert max(months(found)) - min(months(found)) <= 1, cause


def test_customers_who_complain_again() -> None:
    of: dict[str, list[Row]] = defaultdict(list)
    for row in distinct():
        of[row.customer].append(row)
    again = {customer: found for customer, found in of.items() if len(found) > 1}
    stated = table("Customers who complain again")
    assert len(stated) == len(again)
    for customer, number, topic, cause, tickets in stated:
        found = again[customer]
        assert int(number) == len(found)
        assert {(row.topic, row.cause) for row in found} == {(topic, cause)}
        assert tickets.split(", ") == [row.ticket for row in found]
        assert all(two.created - one.created >= dt.timedelta(days=7) for one, two in pairwise(found))
    repeats = {row.ticket for found in again.values() for row in found[1:]}
    assert {row.ticket for row in rows() if "repeat complaint" in row.notes} == repeats
    written = sum(map(len, again.values()))
    summary = f"{len(again)} customers wrote {written} rows, {len(repeats)} of them repeats"
    assert summary in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_rows_outside_and_rows_without_a_topic() -> None:
    assert [line[0] for line in table("Rows outside the topics")] == [row.ticket for row in rows() if not row.topic]
    hidden = [[row.ticket, row.topic] for row in rows() if row.topic and not row.given_topic]
    assert table("Rows whose topic the tool must find") == hidden
    assert len(hidden) == 12
    assert all(row.original is None for row in rows() if row.topic and not row.given_topic)


def test_new_causes_severe_rows_and_what_is_no_complaint() -> None:
    unlisted = [[row.ticket, row.topic] for row in rows() if row.cause == "new"]
    assert [line[:2] for line in table("Causes that no catalogue lists")] == unlisted
    for kind, number, tickets in table("Severe rows"):
        found = [row.ticket for row in rows() if kind in row.severe]
        assert (int(number), tickets.split(", ")) == (len(found), found)
    severe = [row for row in rows() if row.severe]
    assert f"\n{len(severe)} rows in all." in (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert {kind for row in severe for kind in row.severe} == {line[0] for line in table("Severe rows")}
    for kind, number, tickets in table("What is not a complaint"):
        found = [row.ticket for row in rows() if row.cause == kind]
        assert (int(number), tickets.split(", ")) == (len(found), found)


# ── the texts are in no pack ──────────────────────────────────────────────────────────────────────


def _grams(text: str) -> frozenset[str]:
    flat = " ".join(text.casefold().split())
    return frozenset(flat[start : start + 5] for start in range(max(1, len(flat) - 4)))


@pytest.mark.parametrize("topic", TOPICS)
def test_no_message_is_in_a_pack(topic: str) -> None:
    ours = [(row.ticket, _grams(row.message)) for row in rows() if row.message.strip()]
    for name in ("examples.jsonl", "heldout.jsonl"):
        with (ROOT / "fewshot" / topic / name).open(encoding="utf-8") as stream:
            theirs = [(record["id"], _grams(record["text"])) for record in map(json.loads, stream)]
        for ticket, one in ours:
            for example, two in theirs:
                # A Jaccard share above a half needs sizes within a factor of two.
                if len(one) < 2 * len(two) and len(two) < 2 * len(one):
                    common = len(one & two)
                    assert 2 * common <= len(one) + len(two) - common, (ticket, example)
