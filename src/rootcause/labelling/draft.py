"""Which complaints of a file go into the next sheet, and what the sheet says of them before a person has looked."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence

from rootcause import embed
from rootcause.decompose import Explained
from rootcause.errors import InputError
from rootcause.fewshot.advise import Advisor, label_of, teaches
from rootcause.fewshot.check import check_labels
from rootcause.fewshot.files import Drafted, Rejected, fresh_ids, known_texts
from rootcause.fewshot.pick import pick, unsureness
from rootcause.labelling.form import Entry
from rootcause.models import NEW_CAUSE, Complaint, Example, Frozen, Intake, Pack
from rootcause.text import fold
from rootcause.topics import assign

AMONG = 2000
"""Complaints that are compared with each other; of more, so many are drawn at random."""


class Chosen(Frozen):
    """cases: the complaints to be labelled, the most telling first, as examples without an answer, under the pack's next ids.

    rows: of the topic in the file; texts: different ones among them that are neither labelled nor rejected nor drafted.
    """

    cases: tuple[Example, ...]
    rows: int
    texts: int


def of_topic(intake: Intake, packs: Mapping[str, Pack], topic: str, threshold: float) -> tuple[Complaint, ...]:
    """The file's complaints of the topic: all of them where the file has no column of topics. Raises InputError for none."""
    whole_file = topic if intake.columns.topic is None else None
    placed = assign(intake.complaints, packs, whole_file=whole_file, threshold=threshold).topics
    found = tuple(complaint for complaint in intake.complaints if placed[complaint.id] == topic)
    if not found:
        others = sorted({complaint.topic for complaint in intake.complaints if complaint.topic})[:10]
        raise InputError(
            f"{intake.source} has no complaint of the topic '{topic}'; the column '{intake.columns.topic}' says "
            f"{', '.join(others) or 'nothing'}: name the pack so, or take the whole file with --topic-column ''"
        )
    return found


def choose(
    pack: Pack,
    drafted: Sequence[Drafted],
    rejected: Sequence[Rejected],
    complaints: Sequence[Complaint],
    *,
    count: int,
    seed: int,
    today: dt.date,
) -> Chosen:
    """The complaints most worth labelling. The choice does not depend on the order of rows. Raises InputError for none."""
    known = known_texts(pack, drafted, rejected)
    seen = {fold(text) for text in known.values()}
    distinct = {fold(c.text): c for c in sorted(complaints, key=lambda c: c.id, reverse=True) if fold(c.text) not in seen}
    pool = [distinct[folded] for folded in sorted(distinct)]
    if len(pool) > AMONG:
        pool = random.Random(seed).sample(pool, AMONG)
    vectors = embed.encode([complaint.text for complaint in pool])
    unsure = None
    if len({label_of(example) for example in pack.examples} - {NEW_CAUSE}) > 1:
        advisor = Advisor(pack.examples, embed.encode([example.text for example in pack.examples]))
        unsure = unsureness(advisor.probabilities([complaint.text for complaint in pool], vectors)) if pool else None
    picked = [pool[place] for place in pick(vectors, embed.encode(list(known.values())), count, unsure)] if pool else []
    if not picked:
        raise InputError(
            f"all complaints of '{pack.topic.id}' in the file are labelled, rejected, waiting in a sheet, or nearly the same as "
            "one of these; import the sheets that are out, or give another file"
        )
    ids = fresh_ids(known, [example.id for example in pack.examples], pack.topic.id)
    cases = tuple(
        Example(id=next(ids), date=complaint.date or today, text=complaint.text, chains=(), nothing_to_explain=None)
        for complaint in picked
    )
    return Chosen(cases=cases, rows=len(complaints), texts=len(distinct))


def can_explain(pack: Pack, *, plain: bool) -> bool:
    """Whether a model can draft chains: a base model only repeats what it has been taught."""
    return not plain or teaches(pack)


def entries(pack: Pack, cases: Sequence[Example], explained: Sequence[Explained]) -> tuple[Entry, ...]:
    """The cases with their drafted chains; what is wrong with a draft stands in its note, and a failure leaves it empty."""
    drafts = []
    for case, one in zip(cases, explained, strict=True):
        drafts.append(case.model_copy(update=dict(one.answer)) if one.answer else case)
    trial = pack.model_copy(update={"examples": (*pack.examples, *drafts)})
    answered = {case.id for case, one in zip(cases, explained, strict=True) if one.answer}
    notes: dict[str, list[str]] = {}
    for finding in check_labels(trial, answered):
        if finding.severity == "error":
            notes.setdefault(finding.id or "", []).append(f"{finding.message} {finding.remedy}")
    for case, one in zip(cases, explained, strict=True):
        if one.failure:
            notes[case.id] = [f"No draft: {one.failure.message}."]
    return tuple(Entry(example=draft, note=" ".join(notes.get(draft.id, ()))) for draft in drafts)
