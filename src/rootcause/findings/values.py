"""What can be said of a run beyond its ranking, each as a frozen value. Computed from the run's report, never asked of a model.

Shares are fractions of the complaints the run speaks of; every interval is at 95 %. Causes are named by their id.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from rootcause.models import ChainRef, Countermeasure, Effort, Frozen, Ranking, Severity, Sign


class Estimate(Frozen):
    """A figure with its 95 % interval, all in the same unit."""

    value: float
    low: float
    high: float


# ── how firm the ranking is ───────────────────────────────────────────────────────────────────────


class Standing(Frozen):
    """How firm a cause's rank is.

    first, top3: probability that it is the largest, among the three largest. best, worst: its rank set (95 %, over all
    causes together). tied: causes it cannot be told apart from. rows_to_separate: sampled rows that would tell it
    from the next cause with 80 % power; None where it is told apart already, or where not even the whole file would.
    """

    cause: str
    first: float
    top3: float
    best: int
    worst: int
    tied: tuple[str, ...]
    rows_to_separate: int | None


class Saturation(Frozen):
    """Have all causes been seen? rows, seen: the expected number of causes in that many rows (rarefaction).

    coverage: Good–Turing share of the cause mass already seen; unseen: Chao1 estimate of causes not yet seen (a lower bound).
    """

    rows: tuple[int, ...]
    seen: tuple[float, ...]
    causes: int
    coverage: Estimate
    unseen: Estimate


class Design(Frozen):
    """The sampling design in figures. effect: Kish's design effect; effective_n: rows of equal weight that would tell as much."""

    frame: int
    sampled: int
    seed: int
    margin: float
    effect: float
    effective_n: float


# ── model error ───────────────────────────────────────────────────────────────────────────────────


class AuditFinding(Frozen):
    """What a person's labels say of the model's. labelled: rows; enough: as many as a claim needs.

    agreement: share of rows with the same main cause; alpha: Krippendorff's, nominal, over main causes.
    corrected: share of each cause, corrected by prediction-powered inference. stale: labels left out or counted as a cause that
    the list lacks, because the run was finished after them and has other rows or causes.
    """

    labelled: int
    stale: int = 0
    needed: int
    enough: bool
    agreement: Estimate
    alpha: float | None
    corrected: tuple[tuple[str, Estimate], ...]
    confused: tuple[tuple[str, str, int], ...]


# ── the cause map ─────────────────────────────────────────────────────────────────────────────────


class MapNode(Frozen):
    """A step that chains pass through. cause: the ranked cause it is the root of, None for an intermediate step.

    complaints: sampled rows whose chains pass through it; row_ids: these rows. level: longest distance from a symptom (0).
    chains: those that pass through it; what a fix at this step cuts.
    """

    id: str
    name: str
    topic: str | None
    cause: str | None
    level: int
    complaints: int
    share: float
    low: float
    high: float
    countermeasures: tuple[Countermeasure, ...]
    row_ids: tuple[str, ...]
    chains: tuple[ChainRef, ...] = ()


class MapEdge(Frozen):
    """effect ← cause, by the ids of their nodes. complaints: sampled rows whose chains make this step."""

    effect: str
    cause: str
    complaints: int


class CauseMap(Frozen):
    """A graph without circles. broken: edges left out because they would close one; their size is never hidden.

    uncompared: distinct steps beyond those that are compared by meaning; they are joined only where worded alike.
    """

    nodes: tuple[MapNode, ...]
    edges: tuple[MapEdge, ...]
    broken: tuple[MapEdge, ...]
    uncompared: int = 0


# ── cost and worth ────────────────────────────────────────────────────────────────────────────────


class Worth(Frozen):
    """What a cause costs, in money a month. contacts and repeats: rows of the file a month that it stands for.

    leaving: expected value of customers lost; per_exposure: complaints per 1,000 units of exposure.
    """

    cause: str
    contacts: Estimate
    repeats: float
    cost: Estimate
    of_contacts: float
    of_repeats: float
    of_leaving: float
    per_exposure: Estimate | None


class Economy(Frozen):
    """months: length of the file's period. exposure: what is counted and how many a month. assumptions: in sentences."""

    currency: str
    months: float
    exposure_unit: str | None
    exposure_a_month: float | None
    worth: tuple[Worth, ...]
    total: Estimate
    assumptions: tuple[str, ...]


class ParetoBy(StrEnum):
    NUMBER = "number"
    COST = "cost"
    SEVERITY = "severity"


class ParetoRow(Frozen):
    """share: of the whole measure; together: of this and all rows before it, a complaint counted once."""

    cause: str
    value: float
    share: float
    together: float


class ParetoView(Frozen):
    """One way to order the causes. vital: the fewest that reach four fifths of what is explained. rest: what no row shows."""

    by: ParetoBy
    unit: str
    rows: tuple[ParetoRow, ...]
    vital: tuple[str, ...]
    rest: float


class Fix(Frozen):
    """A countermeasure that the portfolio chose. node: of the cause map; causes: those it serves.

    spared: share of complaints that it spares beyond the fixes before it; money: a month, likewise. cost: once.
    """

    id: str
    text: str
    node: str
    team: str | None
    effort: Effort | None
    causes: tuple[str, ...]
    removes: float
    cost: float | None
    spared: Estimate
    spared_alone: float
    money: float | None
    row_ids: tuple[str, ...]


class Portfolio(Frozen):
    """Few countermeasures that together spare most. exact: proved optimal; bound: the greatest possible share or money.

    goal: complaints or money. budget: in currency where one is given, else None and `size` countermeasures.
    """

    goal: str
    exact: bool
    size: int
    budget: float | None
    fixes: tuple[Fix, ...]
    together: Estimate
    bound: float
    considered: int
    assumptions: tuple[str, ...]


# ── in time ───────────────────────────────────────────────────────────────────────────────────────


class Direction(StrEnum):
    RISING = "rising"
    FALLING = "falling"
    APPEARED = "appeared"
    VANISHED = "vanished"
    STEADY = "steady"
    UNTESTED = "too few rows"


class CauseTrend(Frozen):
    """shares: of each period's complaints. slope: change of the log odds a period; p: of no trend; q: p corrected for all causes.

    up: probability that the slope is above zero, judged alone (uniform prior). since: first day of the period from which
    the share is another one; None for a steady cause and for a gradual change.
    """

    cause: str
    counts: tuple[int, ...]
    shares: tuple[Estimate | None, ...]
    slope: float
    up: float
    p: float
    q: float
    direction: Direction
    since: dt.date | None


class Trend(Frozen):
    """unit: week or month; starts: first day of each period; rows: analysed rows in each. undated: rows without a date.

    watch: causes not proven to move whose slope alone has odds of five to one, strongest first: worth watching, no more, since
    a third of steady causes look so.
    """

    unit: str
    starts: tuple[dt.date, ...]
    rows: tuple[int, ...]
    undated: int
    causes: tuple[CauseTrend, ...]
    watch: tuple[str, ...]


# ── the rare and the loud ─────────────────────────────────────────────────────────────────────────


class Loud(Frozen):
    """A single complaint that no share shows: grave by its own words."""

    row_id: str
    customer: str | None
    date: dt.date | None
    causes: tuple[str, ...]
    severity: Severity
    signs: tuple[Sign, ...]
    amount: float | None


class Again(Frozen):
    """A customer who complained repeatedly. rows: all of the file's; causes: of those that were analysed."""

    customer: str
    rows: tuple[str, ...]
    causes: tuple[str, ...]


class LoudAndRare(Frozen):
    """signs: analysed rows with each kind of sign."""

    loud: tuple[Loud, ...]
    again: tuple[Again, ...]
    signs: tuple[tuple[str, int], ...]
    unsigned: int


class Findings(Frozen):
    """Everything beside the ranking. ranking: the run's own, or the audited one with corrected shares."""

    ranking: Ranking
    audit: AuditFinding | None
    design: Design
    standings: tuple[Standing, ...]
    saturation: Saturation | None
    map: CauseMap
    economy: Economy | None
    pareto: tuple[ParetoView, ...]
    portfolio: Portfolio | None
    trend: Trend | None
    loud: LoudAndRare

    def standing(self, cause: str) -> Standing:
        return next(one for one in self.standings if one.cause == cause)
