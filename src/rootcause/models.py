"""The frozen values that flow between the stages. Nothing here reads a file, a clock or the environment."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

NEW_CAUSE = "new"
"""The cause id of a chain whose root fits no cause of the catalogue."""


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# ── the file of complaints ────────────────────────────────────────────────────────────────────────


class Complaint(Frozen):
    """One row of the input, never changed after ingest.

    row: 1-based number of the data row; line: physical line (or sheet row) where it begins. exposure: orders, active
    customers or the like in the calendar month of its date.
    """

    row: int
    line: int
    id: str
    text: str
    topic: str | None = None
    date: dt.date | None = None
    channel: str | None = None
    customer: str | None = None
    score: float | None = None
    amount: float | None = None
    exposure: float | None = None


class RejectedRow(Frozen):
    """A row that cannot be analysed (empty or not text), with its reason."""

    row: int
    line: int
    id: str
    reason: str


class Columns(Frozen):
    """The header found for each role; None where the file has no such column."""

    text: str
    topic: str | None = None
    id: str | None = None
    date: str | None = None
    channel: str | None = None
    customer: str | None = None
    score: str | None = None
    amount: str | None = None
    exposure: str | None = None


class Intake(Frozen):
    """A file, read whole: complaints and rejected rows together are all its data rows.

    period: first and last day asked for, rows outside it are rejected; None where none was. covers: those of its ends beyond
    which the file goes on, so that the whole period is in it.
    """

    source: str
    sha256: str
    format: str
    encoding: str | None
    delimiter: str | None
    columns: Columns
    complaints: tuple[Complaint, ...]
    rejected: tuple[RejectedRow, ...]
    notes: tuple[str, ...] = ()
    period: tuple[dt.date | None, dt.date | None] | None = None
    covers: tuple[dt.date | None, dt.date | None] = (None, None)

    @property
    def rows(self) -> int:
        return len(self.complaints) + len(self.rejected)


# ── chains, the same type for labelled examples and for model output ──────────────────────────────


class Basis(StrEnum):
    STATED = "stated"
    PRECEDENT = "precedent"
    INFERRED = "inferred"


class Step(Frozen):
    """One why. evidence: a verbatim quote (stated), an example's id (precedent), or None (inferred)."""

    cause: str
    basis: Basis
    evidence: str | None
    countermeasure: str | None


class Chain(Frozen):
    """From the symptom (first step) to the root (last step). cause: a catalogue id or NEW_CAUSE."""

    steps: tuple[Step, ...]
    cause: str

    @property
    def root(self) -> Step:
        return self.steps[-1]


class NothingReason(StrEnum):
    PRAISE = "praise"
    SPAM = "spam"
    EMPTY = "empty"


class SignKind(StrEnum):
    """What a customer says of effort, of leaving, of going further, or of what it cost them."""

    REPEAT = "repeat"
    LEAVING = "leaving"
    REGULATOR = "regulator"
    PRESS = "press"
    LOSS = "loss"
    HARM = "harm"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


SEVERITY = {
    SignKind.REPEAT: Severity.LOW,
    SignKind.LEAVING: Severity.MEDIUM,
    SignKind.LOSS: Severity.MEDIUM,
    SignKind.REGULATOR: Severity.HIGH,
    SignKind.PRESS: Severity.HIGH,
    SignKind.HARM: Severity.HIGH,
}
"""How grave a complaint with a sign is: a convention of this program, stated wherever it is used."""


class Sign(Frozen):
    """quote: the customer's own words that prove it, verbatim."""

    kind: SignKind
    quote: str


class Answer(Frozen):
    """Why one complaint was made: one to three chains, or the reason why there is nothing to explain.

    The chains come first, so that a model that writes the fields in order has thought before it says that there are none.
    """

    chains: tuple[Chain, ...]
    nothing_to_explain: NothingReason | None
    signs: tuple[Sign, ...] = ()

    @property
    def severity(self) -> Severity | None:
        """The gravest of the signs; None where the customer gives none: no sign, no claim."""
        return max((SEVERITY[sign.kind] for sign in self.signs), key=list(Severity).index, default=None)


# ── topic packs ───────────────────────────────────────────────────────────────────────────────────


class Effort(StrEnum):
    """Rough size of a countermeasure: S = days, M = weeks, L = months."""

    S = "S"
    M = "M"
    L = "L"


class Team(Frozen):
    id: str
    name: str


class CatalogueCause(Frozen):
    id: str
    name: str
    team: str
    countermeasure: str
    effort: Effort
    controllable: bool


class Topic(Frozen):
    id: str
    title: str
    language: str
    company: str
    context: str
    teams: tuple[Team, ...]
    causes: tuple[CatalogueCause, ...]

    def cause(self, cause_id: str) -> CatalogueCause | None:
        return next((cause for cause in self.causes if cause.id == cause_id), None)


class Example(Answer):
    """A labelled complaint: an answer together with the text it answers."""

    id: str
    date: dt.date
    text: str

    @property
    def answer(self) -> Answer:
        return Answer(chains=self.chains, nothing_to_explain=self.nothing_to_explain, signs=self.signs)

    @property
    def label(self) -> str:
        """The first chain's cause, or why there is nothing to explain: what an evaluation scores."""
        return self.chains[0].cause if self.chains else f"nothing:{self.nothing_to_explain}"


class Pack(Frozen):
    """A topic with its labelled sets. sha256 covers the topic and the examples, which alone reach a model."""

    topic: Topic
    examples: tuple[Example, ...]
    heldout: tuple[Example, ...]
    folder: str
    sha256: str


# ── sampling ──────────────────────────────────────────────────────────────────────────────────────


class Stratum(Frozen):
    """population and sampled count rows; weight = population / sampled."""

    topic: str | None
    population: int
    sampled: int

    @property
    def weight(self) -> float:
        return self.population / self.sampled if self.sampled else 0.0


class Sample(Frozen):
    """The rows drawn, by topic. Every row of a stratum had the same chance."""

    seed: int
    strata: tuple[Stratum, ...]
    complaints: tuple[Complaint, ...]
    margin: float = Field(description="half-width of the 95 % interval of a share of one half, 0 for a census")

    def weight_of(self, topic: str | None) -> float:
        return next(stratum.weight for stratum in self.strata if stratum.topic == topic)


class Repeater(Frozen):
    """A customer with several rows in the file, sampled or not, by date."""

    customer: str
    rows: tuple[str, ...]


class Frame(Frozen):
    """What the whole file says, sampled or not: what the sample is drawn from and what its figures are set against.

    first, last: dates of the earliest and latest row, None where no row has one. months and channels count rows
    ("2026-04" and the channel's name, None where the row has none). repeaters: customers with two rows or more, most rows first.
    exposure: of each month for which a column of the file gives it.
    """

    rows: int
    first: dt.date | None
    last: dt.date | None
    months: tuple[tuple[str | None, int], ...]
    channels: tuple[tuple[str | None, int], ...]
    repeaters: tuple[Repeater, ...]
    exposure: tuple[tuple[str, float], ...] = ()


# ── what the model did ────────────────────────────────────────────────────────────────────────────


class Usage(Frozen):
    """Tokens of one or more calls. cached None: the endpoint did not say, which is not zero."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    cached: int | None = None

    def __add__(self, other: Usage) -> Usage:
        known = [usage.cached for usage in (self, other) if usage.calls and usage.cached is not None]
        return Usage(
            calls=self.calls + other.calls,
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            cached=sum(known) if known else None,
        )


class Failure(Frozen):
    """Why a complaint has no answer. kind: one word or two, such as refusal, truncated, rule, timeout, rate limit, too long."""

    kind: str
    message: str


class Outcome(Frozen):
    """What came of one distinct text: an answer or a failure, and the rows it stands for."""

    topic: str | None
    rows: tuple[Complaint, ...]
    answer: Answer | None
    failure: Failure | None
    attempts: int
    shots: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.answer is None) == (self.failure is None):
            raise ValueError("an outcome is either an answer or a failure")
        return self

    @property
    def key(self) -> str:
        return self.rows[0].id


# ── causes and their ranking ──────────────────────────────────────────────────────────────────────


class ChainRef(Frozen):
    """One chain of one outcome: the outcome's key and the chain's 0-based place in its answer."""

    outcome: str
    index: int


class Cause(Frozen):
    """Chains that share a root. new: not in the catalogue. residue: of one complaint, merged with no other."""

    id: str
    name: str
    topic: str | None
    new: bool
    residue: bool
    controllable: bool
    team: str | None
    chains: tuple[ChainRef, ...]
    usual_countermeasure: str | None = None
    effort: Effort | None = None


class Quote(Frozen):
    row_id: str
    text: str


class Countermeasure(Frozen):
    """A change proposed at one level of the chains (1 = next to the symptom). count: chains that propose it."""

    level: int
    text: str
    count: int


class RankedCause(Frozen):
    """share, low and high are fractions of the population, the interval at 95 % (see `estimate.shares`)."""

    rank: int
    cause: Cause
    complaints: int
    weighted: float
    share: float
    low: float
    high: float
    quotes: tuple[Quote, ...]
    countermeasures: tuple[Countermeasure, ...]
    typical: Chain
    typical_row: str
    row_ids: tuple[str, ...]


class Ranking(Frozen):
    """population: rows the shares speak of, those of topics with an analysed one; base: analysed rows; explained: those with a
    chain."""

    population: int
    base: int
    explained: int
    nothing: int
    effective_n: float
    causes: tuple[RankedCause, ...]
    residue: tuple[RankedCause, ...]


# ── the ledger: where every row ended ─────────────────────────────────────────────────────────────


class Fate(StrEnum):
    ANALYSED = "analysed"
    NOTHING = "nothing to explain"
    DUPLICATE = "duplicate of"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_SAMPLED = "not sampled"
    NOT_REACHED = "not reached"


class LedgerRow(Frozen):
    row: int
    line: int
    id: str
    topic: str | None
    fate: Fate
    reason: str
    weight: float


# ── a run ─────────────────────────────────────────────────────────────────────────────────────────


class ModelInfo(Frozen):
    """Which model answers and where the texts go. context: tokens, None when the endpoint does not say."""

    name: str
    endpoint: str
    local: bool
    sha256: str | None = None
    context: int | None = None


class TopicUse(Frozen):
    """How one topic was taught in this run. examples: size of the pack's set; shots: what each prompt held; teams: the pack's."""

    topic: str | None
    title: str
    rows: int
    examples: int
    shots: str
    pack_sha256: str | None
    note: str | None = None
    teams: tuple[Team, ...] = ()


class CostReport(Frozen):
    """used: all calls paid for, failed and repeated ones included. price in `currency`, None where unknown."""

    used: Usage
    retried: int
    failed: int
    from_store: int
    price: float | None
    currency: str
    seconds: float


class RunReport(Frozen):
    """All that a report shows. Written as JSON it is `--json`'s output."""

    run_id: str
    started: dt.datetime
    version: str
    source: str
    language: str
    model: ModelInfo
    columns: Columns
    topics: tuple[TopicUse, ...]
    frame: Frame
    sample: Sample
    ranking: Ranking
    outcomes: tuple[Outcome, ...]
    ledger: tuple[LedgerRow, ...]
    cost: CostReport
    complete: float = Field(description="share of the sampled rows that ended well")
    min_complete: float
    notes: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()

    @property
    def partial(self) -> bool:
        return self.complete < self.min_complete
