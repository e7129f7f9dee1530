"""Did the change work? Two runs compared cause by cause, as rates, with exact intervals and tests.

Complaints of one cause arrive as a Poisson process; a simple random sample of the rows of one topic thins it, so the
sampled count x is Poisson with mean rate · sampled share · period (or exposure). Interval of a rate: Garwood (1936).
Difference of two: MOVER (Donner & Zou 2012) from these limits. Ratio and test: conditional on the sum the count is
binomial (Przyborowski & Wilenski 1940). Many causes: Holm (1979) over those with complaints enough that a test could
show anything (Tarone 1990). Rows needed: the normal approximation of √x
(Gu, Ng, Tang & Schucany 2008). Shares within channels: Mantel & Haenszel (1959).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np
from pydantic import Field

from rootcause import embed
from rootcause.economics import Economics, Exposure, exposed
from rootcause.errors import SettingsError
from rootcause.findings.values import Estimate
from rootcause.findings.worth import months_of
from rootcause.merge import SAME
from rootcause.models import Fate, Frozen, RankedCause, RunReport
from rootcause.sample import Z95

LEVEL = 0.05  # of all claims together
POWER_Z = 0.8416212335729143  # 80 %
PER_EXPOSURE = 1000
NOTICED = 0.1  # change from which rows_needed is about the change seen; below it, without a forecast,
_HALF = 0.5  # it is about a reduction by half


class Unit(StrEnum):
    """What a rate counts: complaints a month, per 1,000 units of exposure, or per 100 complaints where no row has a date."""

    MONTH = "month"
    EXPOSURE = "exposure"
    COMPLAINTS = "complaints"


class Claim(StrEnum):
    """fallen, risen: beyond chance, corrected for all causes compared. unproved: the data does not carry a claim."""

    FALLEN = "fallen"
    RISEN = "risen"
    UNPROVED = "unproved"


class Side(Frozen):
    """One run's period. months: its length; exposure: units in it, where known; rows: of the file; analysed: with an answer."""

    run: str
    source: str
    model: str
    first: dt.date | None
    last: dt.date | None
    months: float | None
    exposure: float | None
    rows: int
    analysed: int


class CauseEffect(Frozen):
    """One cause in both runs. Rates are per unit of the comparison; `change` is the relative change of the rate.

    counts: analysed rows before and after. p: two-sided; q: corrected for all causes. within_channels: ratio of its shares
    within channels (Mantel–Haenszel). others: ratio of the rates of all other complaints. rows_needed: rows of each period
    that would show this change (the forecast's where there is one, a half where hardly any was seen) with 80 % power.
    forecast: expected relative change. saved: money a month. matched: "id", or the name by which a new cause was recognised.
    """

    cause: str
    name: str
    topic: str | None
    matched: str
    counts: tuple[int, int]
    before: Estimate
    after: Estimate
    difference: Estimate
    change: Estimate | None
    p: float
    q: float
    claim: Claim
    within_channels: float | None
    others: Estimate | None
    rows_needed: int | None
    forecast: float | None
    saved: Estimate | None


class DoubtKind(StrEnum):
    CHANNELS = "channels"
    SEASON = "season"
    TEACHING = "teaching"
    SAMPLE = "sample"
    UNREACHED = "unreached"
    OVERLAP = "overlap"
    ORDER = "order"
    UNDATED = "undated"
    LENGTH = "length"
    VOLUME = "volume"


class Doubt(Frozen):
    """What could explain a difference otherwise. values: what its sentence names."""

    kind: DoubtKind
    values: dict[str, str | float] = Field(default_factory=dict)


class Effect(Frozen):
    """The comparison of two runs: causes that fell, causes that rose, the rest; each by number of complaints."""

    before: Side
    after: Side
    unit: Unit
    exposure_unit: str | None
    currency: str | None
    causes: tuple[CauseEffect, ...]
    doubts: tuple[Doubt, ...]


def effect(
    before: RunReport,
    after: RunReport,
    *,
    economics: Economics | None = None,
    cost_each: Mapping[str, float] | None = None,
) -> Effect:
    """Compares the runs cause by cause.

    cost_each: money that one complaint of a cause costs, by cause id. Raises SettingsError where a run has nothing to compare.
    """
    for report in (before, after):
        if not report.ranking.base:
            raise SettingsError(f"run {report.run_id} has no analysed rows: run its command again first")
    if before.run_id == after.run_id:
        raise SettingsError("both runs are the same; name the run before the change and the run after it")
    exposure = economics.exposure if economics else None
    sides = (_side(before, exposure), _side(after, exposure))
    unit = _unit(sides)
    lengths = tuple(_length(side, unit) for side in sides)
    pairs = [pair for pair in _matched(before, after) if all(_looked_at(report, _topic(pair)) for report in (before, after))]
    compared = [_Pair(before, after, left, right, name, lengths) for left, right, name in pairs]
    corrected = _corrected(compared)
    causes = [
        _effect_of(pair, q, economics, cost_each or {}, by_month=unit is Unit.MONTH)
        for pair, q in zip(compared, corrected, strict=True)
    ]
    causes.sort(key=lambda c: (c.claim is not Claim.FALLEN, c.claim is not Claim.RISEN, -sum(c.counts), c.cause))
    return Effect(
        before=sides[0],
        after=sides[1],
        unit=unit,
        exposure_unit=exposure.unit if exposure and unit is Unit.EXPOSURE else None,
        currency=economics.currency if economics else None,
        causes=tuple(causes),
        doubts=tuple(_doubts(before, after, sides, unit, compared)),
    )


def garwood(count: float, length: float) -> Estimate:
    """A Poisson rate with its exact 95 % interval: count in `length` units."""
    from scipy.stats import chi2

    low = float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0
    high = float(chi2.ppf(0.975, 2 * count + 2)) / 2
    return Estimate(value=count / length, low=low / length, high=high / length)


def rate_ratio(counts: tuple[int, int], lengths: tuple[float, float]) -> tuple[Estimate | None, float]:
    """Rate after / rate before with its 95 % interval, None where nothing was before; and the two-sided p of no difference."""
    from scipy.stats import binomtest

    total, expected = sum(counts), lengths[1] / sum(lengths)
    if not total:
        return None, 1.0
    test = binomtest(counts[1], total, expected)
    if not counts[0]:
        return None, float(test.pvalue)
    interval = test.proportion_ci(method="exact")

    def ratio(share: float) -> float:
        return math.inf if share >= 1 else share / (1 - share) * lengths[0] / lengths[1]

    value = (counts[1] / lengths[1]) / (counts[0] / lengths[0])
    return Estimate(value=value, low=ratio(interval.low), high=ratio(interval.high)), float(test.pvalue)


def mover(before: Estimate, after: Estimate) -> Estimate:
    """after − before, from the limits of each."""
    gap = after.value - before.value
    return Estimate(
        value=gap,
        low=gap - math.hypot(after.value - after.low, before.high - before.value),
        high=gap + math.hypot(after.high - after.value, before.value - before.low),
    )


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's adjusted p values, in the order given."""
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    adjusted, highest = [0.0] * len(ps), 0.0
    for turn, place in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - turn) * ps[place]))
        adjusted[place] = highest
    return adjusted


def can_show(least: Sequence[float]) -> list[int]:
    """Places of the hypotheses that can matter, by the least p each could reach given its total (Tarone 1990)."""
    k = 1
    while sum(p <= LEVEL / k for p in least) > k:
        k += 1
    return [place for place, p in enumerate(least) if p <= LEVEL / k]


def _corrected(pairs: Sequence[_Pair]) -> list[float]:
    """p values corrected for all the pairs that could show anything; 1 for the rest."""
    places = can_show([pair.least_p for pair in pairs])
    adjusted = dict(zip(places, holm([pairs[place].p for place in places]), strict=True))
    return [adjusted.get(place, 1.0) for place in range(len(pairs))]


def expected_count(ratio: float) -> float:
    """Complaints of the cause that the time before must show, so that as long a time after tells the ratio with 80 % power."""
    return 0.5 * ((Z95 + POWER_Z) / (1 - math.sqrt(ratio))) ** 2


class _Pair:
    """One cause in both runs, counted."""

    def __init__(
        self,
        before: RunReport,
        after: RunReport,
        left: RankedCause | None,
        right: RankedCause | None,
        matched: str,
        lengths: tuple[float, ...],
    ) -> None:
        shown = right or left
        assert shown is not None, "a pair has at least one side"
        self.cause = (left or shown).cause
        self.name, self.matched = shown.cause.name, matched
        self.rows = tuple(frozenset(one.row_ids) if one else frozenset[str]() for one in (left, right))
        self.counts = (len(self.rows[0]), len(self.rows[1]))
        reports = (before, after)
        shares = [_sampled_share(report, self.cause.topic) for report in reports]
        self.lengths = (lengths[0] * shares[0], lengths[1] * shares[1])
        self.rates = tuple(garwood(count, length) for count, length in zip(self.counts, self.lengths, strict=True))
        self.ratio, self.p = rate_ratio(self.counts, self.lengths)
        total = sum(self.counts)
        self.least_p = min(rate_ratio((total, 0), self.lengths)[1], rate_ratio((0, total), self.lengths)[1])
        self.within = _within_channels(reports, self.rows)
        self.others = self._of_others(reports, lengths)
        self.share = self.counts[0] / before.ranking.base

    def _of_others(self, reports: tuple[RunReport, RunReport], lengths: tuple[float, ...]) -> Estimate | None:
        """Ratio of the rates of all complaints that do not have this cause: what happened anyway."""
        rest = (reports[0].ranking.base - self.counts[0], reports[1].ranking.base - self.counts[1])
        shares = [report.ranking.base / report.frame.rows for report in reports]
        return rate_ratio(rest, (lengths[0] * shares[0], lengths[1] * shares[1]))[0]


def _effect_of(
    pair: _Pair, q: float, economics: Economics | None, cost_each: Mapping[str, float], *, by_month: bool
) -> CauseEffect:
    before, after = pair.rates
    difference = mover(before, after)
    claim = Claim.UNPROVED
    if q < LEVEL:
        claim = Claim.FALLEN if after.value < before.value else Claim.RISEN
    forecast = _forecast(pair.cause.id, economics)
    each = cost_each.get(pair.cause.id)
    saved = None
    if each is not None and by_month and claim is Claim.FALLEN:
        saved = Estimate(value=-each * difference.value, low=-each * difference.high, high=-each * difference.low)
    return CauseEffect(
        cause=pair.cause.id,
        name=pair.name,
        topic=pair.cause.topic,
        matched=pair.matched,
        counts=pair.counts,
        before=before,
        after=after,
        difference=difference,
        change=Estimate(value=pair.ratio.value - 1, low=pair.ratio.low - 1, high=pair.ratio.high - 1) if pair.ratio else None,
        p=pair.p,
        q=q,
        claim=claim,
        within_channels=pair.within,
        others=pair.others,
        rows_needed=_rows_needed(pair, forecast) if claim is Claim.UNPROVED else None,
        forecast=forecast,
        saved=saved,
    )


def _rows_needed(pair: _Pair, forecast: float | None) -> int | None:
    """Rows of the file in each period, at the rate seen before; None where the cause was not there before."""
    if not pair.share:
        return None
    observed = pair.ratio.value if pair.ratio else 1.0
    ratio = 1 + forecast if forecast is not None else observed if abs(observed - 1) > NOTICED else 1 - _HALF
    return math.ceil(expected_count(max(ratio, 0.0)) / pair.share)


def _forecast(cause: str, economics: Economics | None) -> float | None:
    """The relative change expected of the cause's countermeasure: minus the share that it removes."""
    own = cause.partition("/")[2] or cause
    for fix in economics.countermeasures if economics else ():
        if fix.cause in (cause, own) and fix.removes is not None:
            return -fix.removes
    return None


def _side(report: RunReport, exposure: Exposure | None) -> Side:
    frame, stood_against = report.frame, None
    if exposure and frame.first and frame.last:
        stood_against = exposed(exposure.months, exposure.a_month, frame.first, frame.last)
    return Side(
        run=report.run_id,
        source=report.source,
        model=report.model.name,
        first=frame.first,
        last=frame.last,
        months=months_of(frame),
        exposure=stood_against,
        rows=frame.rows,
        analysed=report.ranking.base,
    )


def _unit(sides: tuple[Side, Side]) -> Unit:
    if all(side.exposure for side in sides):
        return Unit.EXPOSURE
    return Unit.MONTH if all(side.months for side in sides) else Unit.COMPLAINTS


def _length(side: Side, unit: Unit) -> float:
    """The side's length in units of the comparison."""
    if unit is Unit.EXPOSURE:
        return (side.exposure or 0) / PER_EXPOSURE
    return side.months or 0 if unit is Unit.MONTH else side.rows / 100


def _sampled_share(report: RunReport, topic: str | None) -> float:
    """Share of the topic's rows that were analysed; failures are taken to be like the rest."""
    population = next((stratum.population for stratum in report.sample.strata if stratum.topic == topic), 0)
    return _answered(report, topic) / population if population else report.ranking.base / report.frame.rows


def _answered(report: RunReport, topic: str | None) -> int:
    return sum(len(one.rows) for one in report.outcomes if one.answer is not None and one.topic == topic)


def _looked_at(report: RunReport, topic: str | None) -> bool:
    """Whether the run can say how often the topic's causes occur: it has no row of the topic at all, or has analysed one."""
    there = any(stratum.topic == topic and stratum.population for stratum in report.sample.strata)
    return not there or _answered(report, topic) > 0


def _topic(pair: tuple[RankedCause | None, RankedCause | None, str]) -> str | None:
    one = pair[0] or pair[1]
    assert one is not None
    return one.cause.topic


def _matched(before: RunReport, after: RunReport) -> list[tuple[RankedCause | None, RankedCause | None, str]]:
    """Causes of both runs in pairs: known ones by id, new ones by the likeness of their names at merging's threshold."""
    left = {one.cause.id: one for one in (*before.ranking.causes, *before.ranking.residue)}
    right = {one.cause.id: one for one in (*after.ranking.causes, *after.ranking.residue)}
    pairs: list[tuple[RankedCause | None, RankedCause | None, str]] = [
        (left[cause], right[cause], "id") for cause in sorted(left.keys() & right.keys())
    ]
    alone = [one for cause, one in sorted(left.items()) if cause not in right]
    found = [one for cause, one in sorted(right.items()) if cause not in left]
    for one, other in _alike([one for one in alone if one.cause.new], [one for one in found if one.cause.new]):
        pairs.append((one, other, one.cause.name))
        alone.remove(one)
        found.remove(other)
    pairs.extend((one, None, "id") for one in alone)
    pairs.extend((None, one, "id") for one in found)
    return pairs


def _alike(left: Sequence[RankedCause], right: Sequence[RankedCause]) -> list[tuple[RankedCause, RankedCause]]:
    """One to one, most alike first, within a topic."""
    if not left or not right:
        return []
    likeness = embed.encode([one.cause.name for one in left]) @ embed.encode([one.cause.name for one in right]).T
    order = sorted(np.ndindex(likeness.shape), key=lambda place: (-likeness[place], place))
    taken: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for i, j in order:
        if likeness[i, j] < SAME:
            break
        if i not in taken[0] and j not in taken[1] and left[i].cause.topic == right[j].cause.topic:
            taken[0].add(i)
            taken[1].add(j)
            pairs.append((left[i], right[j]))
    return pairs


def _channels(report: RunReport) -> dict[str, str | None]:
    return {row.id: row.channel for one in report.outcomes if one.answer is not None for row in one.rows}


def _within_channels(reports: tuple[RunReport, RunReport], rows: Sequence[frozenset[str]]) -> float | None:
    """Mantel–Haenszel ratio of the cause's shares, after to before, over channels; None where no row names a channel."""
    channels = [_channels(report) for report in reports]
    names = {name for one in channels for name in one.values() if name is not None}
    if not names:
        return None
    above = below = 0.0
    for name in sorted(names):
        totals = [sum(channel == name for channel in one.values()) for one in channels]
        hits = [sum(one.get(row) == name for row in mine) for one, mine in zip(channels, rows, strict=True)]
        if all(totals):
            above += hits[1] * totals[0] / sum(totals)
            below += hits[0] * totals[1] / sum(totals)
    return above / below if below else None


def _doubts(before: RunReport, after: RunReport, sides: tuple[Side, Side], unit: Unit, pairs: Sequence[_Pair]) -> Sequence[Doubt]:
    doubts: list[Doubt | None] = [
        _undated(unit),
        _order(sides),
        _overlap(before, after),
        _channel_mix(before, after),
        _season(sides),
        _length_of(sides, unit),
        _teaching(before, after),
        _sample(sides),
        _unreached(before, after),
        _volume(pairs),
    ]
    return [doubt for doubt in doubts if doubt is not None]


def _undated(unit: Unit) -> Doubt | None:
    """Without dates only shares can be compared: where one cause falls, the shares of all others rise."""
    return Doubt(kind=DoubtKind.UNDATED) if unit is Unit.COMPLAINTS else None


def _order(sides: tuple[Side, Side]) -> Doubt | None:
    last, first = sides[0].last, sides[1].first
    if last and first and first <= last:
        return Doubt(kind=DoubtKind.ORDER, values={"last": f"{last}", "first": f"{first}"})
    return None


def _overlap(before: RunReport, after: RunReport) -> Doubt | None:
    if not (before.columns.id and after.columns.id):
        return None  # rows numbered from 1 in each file have the same ids and are not the same
    known = [{row.id for row in report.ledger if row.fate is not Fate.SKIPPED} for report in (before, after)]
    both = known[0] & known[1]
    return Doubt(kind=DoubtKind.OVERLAP, values={"rows": len(both)}) if both else None


def _channel_mix(before: RunReport, after: RunReport) -> Doubt | None:
    """The channel whose share of the file's rows moved most, where the mix changed beyond chance."""
    from scipy.stats import chi2_contingency

    counts = [dict(report.frame.channels) for report in (before, after)]
    names = sorted({name for one in counts for name in one if name is not None})
    table = np.array([[one.get(name, 0) for name in names] for one in counts])
    if len(names) < 2 or not table.sum(axis=1).all():
        return None
    p = float(chi2_contingency(table).pvalue)
    if p >= LEVEL:
        return None
    shares = table / table.sum(axis=1, keepdims=True)
    most = int(np.argmax(np.abs(shares[1] - shares[0])))
    moved = {"before": float(shares[0, most]), "after": float(shares[1, most]), "p": p}
    return Doubt(kind=DoubtKind.CHANNELS, values={"channel": names[most] or "", **moved})


def _season(sides: tuple[Side, Side]) -> Doubt | None:
    seasons = [_months_of_year(side) for side in sides]
    if all(seasons) and seasons[0] != seasons[1]:
        return Doubt(kind=DoubtKind.SEASON)
    return None


def _months_of_year(side: Side) -> set[int]:
    if side.first is None or side.last is None:
        return set()
    months = (side.last.year - side.first.year) * 12 + side.last.month - side.first.month
    return {(side.first.month - 1 + offset) % 12 + 1 for offset in range(months + 1)}


def _length_of(sides: tuple[Side, Side], unit: Unit) -> Doubt | None:
    """A period is taken from its first to its last row: of few rows, or of rows that end early, it is too short."""
    if unit is Unit.COMPLAINTS:
        return None
    short = min(sides, key=lambda side: side.rows / (side.months or 1))
    if short.rows < 30:
        return Doubt(kind=DoubtKind.LENGTH, values={"run": short.run, "rows": short.rows})
    return None


def _teaching(before: RunReport, after: RunReport) -> Doubt | None:
    """Another model, version, pack or way of teaching may name the same complaint's cause differently."""
    same_model = (before.model.name, before.model.sha256, before.version) == (after.model.name, after.model.sha256, after.version)
    packs = [{use.topic: (use.pack_sha256, use.shots) for use in report.topics} for report in (before, after)]
    same_packs = all(packs[0][topic] == packs[1][topic] for topic in packs[0].keys() & packs[1].keys())
    return None if same_model and same_packs else Doubt(kind=DoubtKind.TEACHING)


def _sample(sides: tuple[Side, Side]) -> Doubt | None:
    shares = [side.analysed / side.rows for side in sides]
    if abs(shares[0] - shares[1]) > 0.1:
        return Doubt(kind=DoubtKind.SAMPLE, values={"before": shares[0], "after": shares[1]})
    return None


def _unreached(before: RunReport, after: RunReport) -> Doubt | None:
    """Topics that one run has rows of and analysed none: their causes are not compared."""
    strata = [stratum.topic for report in (before, after) for stratum in report.sample.strata]
    left = sorted({topic or "-" for topic in strata if not all(_looked_at(report, topic) for report in (before, after))})
    return Doubt(kind=DoubtKind.UNREACHED, values={"topics": ", ".join(left)}) if left else None


def _volume(pairs: Sequence[_Pair]) -> Doubt | None:
    """All other complaints moved too, beyond chance: what moved them may have moved the cause."""
    for pair in sorted(pairs, key=lambda pair: pair.p)[:1]:
        if pair.others and not pair.others.low <= 1 <= pair.others.high:
            return Doubt(kind=DoubtKind.VOLUME, values={"change": pair.others.value - 1})
    return None
