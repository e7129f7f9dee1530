"""What is decided before a token is spent: how much of the file, which texts, in which batches, at what price."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from rootcause.errors import SettingsError
from rootcause.models import Complaint, Frozen, Intake, RejectedRow, Sample, TopicUse
from rootcause.sample import rows_for
from rootcause.teach import Lesson

AFFORDABLE_LOCAL = 30  # rows: about a minute on two cores
AFFORDABLE_REMOTE = 385  # rows: a margin of five points whatever the population
_GROWTH = 1.5  # each batch of a growing sample makes it larger by half: few looks, and at most a third of the rows too many


class Extent(Frozen):
    """How much of the file is analysed: a number of rows, a margin, all of it, or (nothing given) what is affordable.

    until_stable: or as many rows as it takes until the largest causes hold their ranks with this probability.
    """

    rows: int | None = None
    margin: float | None = None
    everything: bool = False
    until_stable: float | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """Raises SettingsError when two ways are named at once."""
        named = (self.rows is not None, self.margin is not None, self.everything, self.until_stable is not None)
        if sum(named) > 1:
            raise SettingsError("--sample, --margin, --all and --until-stable exclude each other; give one of them")
        return self

    def counts(self, population: int, *, local: bool) -> tuple[int, ...]:
        """Rows to draw from the population: one number, or a growing one that ends with all of them."""
        if self.until_stable is not None:
            sizes = [min(AFFORDABLE_LOCAL, population)]
            while sizes[-1] < population:
                sizes.append(min(population, int(sizes[-1] * _GROWTH)))
            return tuple(sizes)
        if self.everything:
            return (population,)
        if self.margin is not None:
            return (rows_for(self.margin, population),)
        return (min(population, self.rows or (AFFORDABLE_LOCAL if local else AFFORDABLE_REMOTE)),)


class Item(Frozen):
    """One distinct text to be explained, with all sampled rows that say it, those drawn first before the others."""

    topic: str | None
    rows: tuple[Complaint, ...]
    lesson: Lesson | None
    key: str
    too_long: str | None = None

    @property
    def id(self) -> str:
        return self.rows[0].id

    @property
    def text(self) -> str:
        return self.rows[0].text


def calls_told(calls: int, known: int, settled: int) -> str:
    """How many calls there will be, in words."""
    one = f", {settled} with one possible answer" if settled else ""
    return f"{calls} to make, {known} already answered{one}"


class Plan(Frozen):
    """Everything that is decided before a token is spent.

    batches: growing samples, each holding the one before it; the last is `sample`, the largest that may be analysed.
    calls: items to be asked about; known: items whose answer is already in the store; settled: items with one possible
    answer; skipped: rows that this model cannot explain, which the sample does not stand for.
    """

    run_id: str
    intake: Intake
    extent: Extent
    batches: tuple[Sample, ...]
    topics: dict[str, str | None]
    items: tuple[Item, ...]
    uses: tuple[TopicUse, ...]
    calls: int
    known: int
    settled: int
    prompt_tokens: int
    answer_tokens: int
    exact: bool
    price: float | None
    currency: str
    skipped: tuple[RejectedRow, ...]
    notes: tuple[str, ...]
    record: str

    @property
    def sample(self) -> Sample:
        return self.batches[-1]

    def within(self, sample: Sample) -> Plan:
        """The same plan for a smaller sample, one of the batches."""
        drawn = {complaint.id for complaint in sample.complaints}
        kept = ((item, tuple(row for row in item.rows if row.id in drawn)) for item in self.items)
        items = tuple(item.model_copy(update={"rows": rows}) for item, rows in kept if rows)
        return self.model_copy(update={"batches": (sample,), "items": items})
