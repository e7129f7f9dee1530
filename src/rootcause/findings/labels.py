"""A person's labels of a run's rows: which rows to label, the sheet for it, and what came back."""

from __future__ import annotations

import random
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence, Set

from rootcause.errors import InputError
from rootcause.findings.observe import Observed
from rootcause.models import Cause, Complaint, Frozen, RunReport, Topic
from rootcause.sample import draw
from rootcause.sheets import Cell, Choice, Line, Page

NOTHING = "nothing"
"""Stands for "there is nothing to explain"."""
OTHER = "other"
"""Stands for every cause that the list of a topic lacks."""

CAUSE_COLUMNS = ("cause", "cause 2", "cause 3")
HEADER = ("row", "topic", "text", *CAUSE_COLUMNS, "note")
_WIDTHS = (12, 16, 80, 40, 24, 24, 24)


class Labels(Frozen):
    """rows: id of each labelled row with its causes, the main one first; none where there is nothing to explain.

    unseen: causes of the catalogue that the person named and the run did not find.
    """

    rows: tuple[tuple[str, tuple[str, ...]], ...]
    unseen: tuple[Cause, ...] = ()


def up_to_date(labels: Labels, report: RunReport, observed: Observed) -> tuple[Labels, int]:
    """The labels as they fit the run, and how many do not fit any more: a partial run that was finished has other causes.

    A row that is not analysed is left out; a cause that the run no longer lists is one that the list lacks.
    """
    analysed, found = {row.id for row in observed.rows}, {one.cause.id for one in report.ranking.causes}
    known = found | {cause.id for cause in labels.unseen} | {OTHER}
    rows = tuple(
        (row, tuple(dict.fromkeys(cause if cause in known else OTHER for cause in causes)))
        for row, causes in labels.rows
        if row in analysed
    )
    named = {cause for _, causes in rows for cause in causes}
    unseen = tuple(cause for cause in labels.unseen if cause.id in named - found)
    before = dict(labels.rows)
    stale = len(labels.rows) - len(rows) + sum(bool(set(before[row]) - known) for row, _ in rows)
    return Labels(rows=rows, unseen=unseen), stale


def choices(report: RunReport, topics: Mapping[str, Topic]) -> dict[str | None, tuple[Cause, ...]]:
    """What a person may choose from, by topic: the catalogue, then what else the run found more than once, by name.

    topics: the catalogues at hand, by id. The order tells nothing of what the run found.
    """
    found = [one.cause for one in report.ranking.causes]
    offered: dict[str | None, tuple[Cause, ...]] = {}
    for stratum in report.sample.strata:
        topic = topics.get(stratum.topic) if stratum.topic is not None else None
        known = _catalogue(topic) if topic is not None else ()
        ids = {cause.id for cause in known}
        more = [cause for cause in found if cause.topic == stratum.topic and cause.id not in ids]
        offered[stratum.topic] = (*known, *sorted(more, key=lambda cause: (cause.name, cause.id)))
    return offered


def draw_rows(report: RunReport, observed: Observed, n: int) -> tuple[Complaint, ...]:
    """n analysed rows (all of them when n reaches their number), at random within each topic, in random order.

    The same for a run every time; the rows of a larger n contain those of a smaller one.
    """
    rows = list(draw(observed.rows, _topics(report, observed), n=n, seed=_seed(report)).complaints)
    random.Random(_seed(report)).shuffle(rows)
    return tuple(rows)


def passed_over(report: RunReport, observed: Observed, rows: Set[str]) -> int:
    """How many rows were drawn together with these and are not among them: 0 for the rows of a sheet as it was written."""
    topics, seed = _topics(report, observed), _seed(report)

    def holds(n: int) -> bool:
        return rows <= {row.id for row in draw(observed.rows, topics, n=n, seed=seed).complaints}

    return bisect_left(range(len(observed.rows)), True, key=holds) - len(rows)


def sheet(
    report: RunReport,
    observed: Observed,
    rows: Sequence[Complaint],
    offered: Mapping[str | None, tuple[Cause, ...]],
    labels: Labels | None,
) -> tuple[tuple[Page, ...], dict[str, tuple[str, ...]]]:
    """The pages of the sheet for the rows, and the lists of its drop-downs. labels: what the person has said before.

    What the model found is nowhere on it.
    """
    topics = _topics(report, observed)
    names = {topic: f"topic {number}" for number, topic in enumerate(offered)}
    entries = {cause.id: _entry(cause) for causes in offered.values() for cause in causes} | {OTHER: OTHER}
    before = {row: [entries.get(cause, cause) for cause in causes] or [NOTHING] for row, causes in labels.rows} if labels else {}
    lines: list[tuple[Cell, ...]] = []
    for row in rows:
        said = [*before.get(row.id, ()), "", "", ""][: len(CAUSE_COLUMNS)]
        cells = (Choice(of=names[topics[row.id]], value=value) for value in said)
        lines.append((row.id, topics[row.id] or "", row.text, *cells, ""))
    causes = tuple((topic or "", cause.id, cause.name) for topic, listed in offered.items() for cause in listed)
    pages = (
        Page(title="audit", header=HEADER, widths=_WIDTHS, rows=tuple(lines), open=frozenset({"note"})),
        Page(title="causes", header=("topic", "id", "name"), widths=(16, 40, 100), rows=causes),
    )
    return pages, {names[topic]: (*map(_entry, listed), NOTHING, OTHER) for topic, listed in offered.items()}


def read_labels(
    report: RunReport,
    observed: Observed,
    lines: Iterable[Line],
    offered: Mapping[str | None, tuple[Cause, ...]],
    before: Labels | None,
) -> tuple[Labels, int]:
    """All labels of the run, those on the sheet in place of those before, and how many rows of the sheet have none.

    Raises InputError that names the first wrong row, what is wrong with it, and how many more are wrong.
    """
    topics = _topics(report, observed)
    kept = dict(before.rows) if before else {}
    places: dict[str, str] = {}
    wrong: list[tuple[str, ValueError]] = []
    empty = 0
    for line in lines:
        row = line["row"]
        try:
            _check_row(row, topics, places)
            places[row] = line.place
            causes = _causes(line, topics[row], offered[topics[row]])
        except ValueError as mistake:
            wrong.append((line.place, mistake))
            continue
        kept.pop(row, None)
        if causes is None:
            empty += 1
        else:
            kept[row] = causes
    if wrong:
        place, first = wrong[0]
        more = f" {len(wrong) - 1} more to correct, the last in {wrong[-1][0]}." if len(wrong) > 1 else ""
        raise InputError(f"{place}: {first}{more}")
    return _labels(report, kept, (*offered.values(), before.unseen if before else ())), empty


def _labels(report: RunReport, rows: Mapping[str, tuple[str, ...]], known: Iterable[tuple[Cause, ...]]) -> Labels:
    found = {one.cause.id for one in report.ranking.causes}
    named = {cause for causes in rows.values() for cause in causes}
    unseen = {cause.id: cause for causes in known for cause in causes if cause.id in named - found}
    return Labels(rows=tuple(sorted(rows.items())), unseen=tuple(unseen[cause] for cause in sorted(unseen)))


def _check_row(row: str, topics: Mapping[str, str | None], places: Mapping[str, str]) -> None:
    if not row:
        raise ValueError("the row's id is missing; leave the column 'row' as it was written.")
    if row not in topics:
        raise ValueError(f"the run has analysed no row '{row}'; leave the column 'row' as it was written.")
    if row in places:
        raise ValueError(f"row '{row}' is there already, at {places[row]}; keep one of the two.")


def _causes(line: Line, topic: str | None, offered: Sequence[Cause]) -> tuple[str, ...] | None:
    """The causes chosen, the main one first, none for NOTHING; None where nothing was chosen."""
    said = [line[column] for column in CAUSE_COLUMNS]
    chosen = [_cause(value, topic, offered) for value in said if value]
    if not chosen:
        return None
    if not said[0]:
        raise ValueError("a further cause is given but no main one; put the main cause into the column 'cause'.")
    if len(set(chosen)) < len(chosen):
        raise ValueError("the same cause is given twice; keep it once.")
    if NOTHING in chosen and len(chosen) > 1:
        raise ValueError(f"'{NOTHING}' stands beside a cause; keep one of the two.")
    return () if chosen == [NOTHING] else tuple(chosen)


def _cause(value: str, topic: str | None, offered: Sequence[Cause]) -> str:
    """The cause meant by an entry of the drop-down, or by an id with or without its topic."""
    in_brackets = re.search(r"\[([^\[\]]+)\]$", value)
    wanted = (in_brackets[1] if in_brackets else value).casefold()
    known = {NOTHING: NOTHING, OTHER: OTHER}
    for cause in offered:
        known |= {cause.id.casefold(): cause.id, cause.id.partition("/")[2].casefold(): cause.id}
    if wanted not in known:
        of_topic = f" of topic '{topic}'" if topic else ""
        raise ValueError(f"'{value}' is no cause{of_topic}; choose one from the list, or '{OTHER}'.")
    return known[wanted]


def _entry(cause: Cause) -> str:
    return f"{' '.join(cause.name.split())} [{cause.id}]"


def _seed(report: RunReport) -> int:
    """Not the sample's own: its rows were chosen by the same draws."""
    return random.Random(f"audit/{report.sample.seed}").getrandbits(32)


def _topics(report: RunReport, observed: Observed) -> dict[str, str | None]:
    """The topic of each analysed row, as the sample was drawn."""
    return {
        row.id: report.sample.strata[stratum].topic for row, stratum in zip(observed.rows, observed.stratum.tolist(), strict=True)
    }


def _catalogue(topic: Topic) -> tuple[Cause, ...]:
    return tuple(
        Cause(
            id=f"{topic.id}/{entry.id}", name=entry.name, topic=topic.id, new=False, residue=False,
            controllable=entry.controllable, team=entry.team, chains=(),
            usual_countermeasure=entry.countermeasure, effort=entry.effort,
        )
        for entry in topic.causes
    )  # fmt: skip
