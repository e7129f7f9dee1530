"""What a product owner puts into a tracker: an item for each countermeasure worth doing, as frozen values."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from pydantic import Field

from rootcause.findings.values import Estimate
from rootcause.models import Chain, Effort, Frozen, Quote

LONGEST_TITLE = 255
"""Characters of a title: Jira, GitLab and Azure DevOps take 255, GitHub 256."""


class PriorityMethod(StrEnum):
    WSJF = "wsjf"
    RICE = "rice"
    ICE = "ice"


class Input(Frozen):
    """One number of a priority's formula and where it comes from."""

    name: str
    value: float
    source: str


class Priority(Frozen):
    """score by the method's formula, shown with all its inputs."""

    method: PriorityMethod
    score: float
    formula: str
    inputs: tuple[Input, ...]


class Measure(Frozen):
    """How we will know: the metric, its value now, the value to reach, the day to look again, and how the last two came about.

    per: the unit of exposure of which the metric counts complaints per 1,000; None for a share of complaints.
    """

    metric: str
    per: str | None
    baseline: Estimate
    target: float
    again: dt.date
    how: str


class Item(Frozen):
    """One change to make. key: stable over runs, made from the cause's id (and the countermeasure where a cause has several).

    share: of complaints that the problem stands behind; cost: of it a month, where known; effect: share of complaints the change
    is expected to spare; effect_how: how that was computed. complaints: sampled rows; row_ids: these rows.
    new: the cause is in no catalogue. title: at most a tracker's 255 characters; change: the countermeasure in full.
    team: its id in the catalogue; team_name: its name.
    """

    key: str = Field(min_length=1)
    run: str
    topic: str | None
    cause: str
    cause_name: str
    new: bool
    title: str = Field(min_length=1, max_length=LONGEST_TITLE)
    change: str
    problem: str
    share: Estimate
    cost: Estimate | None
    currency: str | None
    chain: Chain
    quotes: tuple[Quote, ...]
    team: str | None
    team_name: str | None
    effect: Estimate
    effect_how: str
    measure: Measure
    effort: Effort | None
    priority: Priority
    complaints: int
    row_ids: tuple[str, ...]
    audited: bool
    language: str


class Why(StrEnum):
    """Why a cause makes no item."""

    OUTSIDE = "outside"
    NO_CHANGE = "no change"
    NOT_CHOSEN = "not chosen"
    ALONE = "alone"


class LeftOut(Frozen):
    """A cause without an item, so that none disappears unseen."""

    cause: str
    name: str
    share: float
    complaints: int
    why: Why


class Backlog(Frozen):
    """The items of one run, the most urgent first, and the causes that make none."""

    run: str
    source: str
    made: dt.date
    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]
