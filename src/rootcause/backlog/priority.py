"""How urgent each item is: WSJF, RICE or ICE, the formula and every input shown.

WSJF: cost of delay / job size (Reinertsen 2009; SAFe). RICE: reach x impact x confidence / effort (McBride, Intercom 2016).
ICE: impact x confidence x ease, each from 1 to 10 (Ellis 2017). What a formula needs and nobody gave is a convention of
this module, and each input says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rootcause.backlog.values import Input, Priority, PriorityMethod
from rootcause.models import Effort, Severity

SIZE = {Effort.S: 1.0, Effort.M: 3.0, Effort.L: 8.0}
"""Job size in WSJF: relative, after Fibonacci."""
WEEKS = {Effort.S: 1.0, Effort.M: 4.0, Effort.L: 12.0}
"""Effort in weeks of one person: S = days, M = weeks, L = months."""
UNKNOWN = Effort.M
"""Taken where nobody gave the effort."""
IMPACT: dict[Severity | None, float] = {None: 0.5, Severity.LOW: 1.0, Severity.MEDIUM: 2.0, Severity.HIGH: 3.0}
"""Intercom's scale of impact, by how grave the complaint is by its own words."""
NARROW = 0.5  # half-width of the interval as a part of the share, up to which the share counts as known


@dataclass(frozen=True)
class Stakes:
    """What a change is about, as far as it is known.

    spared: share of complaints it is expected to spare; money: the same in money a month, None where no costs are known.
    reach: the same in complaints, a month where monthly, else in the whole file. at_most: no removal rate was given.
    impact: mean over its complaints, signed of which name how grave they are. width: half of the interval / the share.
    """

    spared: float
    money: float | None
    reach: float
    monthly: bool
    at_most: bool
    impact: float
    complaints: int
    signed: int
    width: float
    audited: bool
    effort: Effort | None


def prioritise(method: PriorityMethod, stakes: Sequence[Stakes], say: Any) -> tuple[Priority, ...]:
    """A priority for each, in the same order. say: the phrases of the language."""
    match method:
        case PriorityMethod.WSJF:
            return tuple(_wsjf(one, say) for one in stakes)
        case PriorityMethod.RICE:
            return tuple(_rice(one, say) for one in stakes)
        case PriorityMethod.ICE:
            return _ice(stakes, say)


def _wsjf(one: Stakes, say: Any) -> Priority:
    delay = _delay(one, say)
    effort = one.effort or UNKNOWN
    size = Input(name=say.size(), value=SIZE[effort], source=say.size_from(effort.value, one.effort is not None))
    formula = f"{say.delay()} / {say.size()}"
    if one.money is None:
        impact = _impact(one, say)
        formula = f"{say.spared()} × {say.impact()} / {say.size()}"
        return _priority(PriorityMethod.WSJF, delay.value * impact.value / size.value, formula, (delay, impact, size))
    return _priority(PriorityMethod.WSJF, delay.value / size.value, formula, (delay, size))


def _rice(one: Stakes, say: Any) -> Priority:
    reach = Input(name=say.reach(), value=round(one.reach, 2), source=say.reach_from(one.monthly, one.at_most))
    impact, confidence = _impact(one, say), _confidence(one, say)
    effort = one.effort or UNKNOWN
    weeks = Input(name=say.effort(), value=WEEKS[effort], source=say.weeks_from(effort.value, one.effort is not None))
    score = reach.value * impact.value * confidence.value / weeks.value
    formula = f"{say.reach()} × {say.impact()} × {say.confidence()} / {say.effort()}"
    return _priority(PriorityMethod.RICE, score, formula, (reach, impact, confidence, weeks))


def _ice(stakes: Sequence[Stakes], say: Any) -> tuple[Priority, ...]:
    worth = _tenths([one.spared * one.impact if one.money is None else one.money for one in stakes])
    ease = _tenths([-WEEKS[one.effort or UNKNOWN] for one in stakes])
    formula = f"{say.impact()} × {say.confidence()} × {say.ease()}"
    found = []
    for one, value, easy in zip(stakes, worth, ease, strict=True):
        given = one.effort is not None
        sure = _confidence(one, say)
        inputs = (
            Input(name=say.impact(), value=value, source=say.ice_impact_from(one.money is not None, len(stakes))),
            sure.model_copy(update={"value": 10 * sure.value}),
            Input(name=say.ease(), value=easy, source=say.ease_from((one.effort or UNKNOWN).value, given, len(stakes))),
        )
        found.append(_priority(PriorityMethod.ICE, value * 10 * sure.value * easy, formula, inputs))
    return tuple(found)


def _delay(one: Stakes, say: Any) -> Input:
    if one.money is not None:
        return Input(name=say.delay(), value=round(one.money, 2), source=say.money_from(one.at_most))
    return Input(name=say.spared(), value=round(100 * one.spared, 2), source=say.spared_from(one.at_most))


def _impact(one: Stakes, say: Any) -> Input:
    return Input(name=say.impact(), value=round(one.impact, 2), source=say.impact_from(one.complaints, one.signed))


def _confidence(one: Stakes, say: Any) -> Input:
    narrow = one.width <= NARROW
    value = {0: 0.5, 1: 0.8, 2: 1.0}[narrow + one.audited]
    return Input(name=say.confidence(), value=value, source=say.confidence_from(narrow, one.audited))


def _tenths(values: Sequence[float]) -> list[float]:
    """Each value's place among all from 1 (least) to 10 (most), equal ones at their mean place; 5.5 where there is one alone."""
    if len(values) == 1:
        return [5.5]
    below = [sum(other < value for other in values) + (sum(other == value for other in values) - 1) / 2 for value in values]
    return [round(1 + 9 * place / (len(values) - 1), 1) for place in below]


def _priority(method: PriorityMethod, score: float, formula: str, inputs: tuple[Input, ...]) -> Priority:
    return Priority(method=method, score=round(score, 2), formula=formula, inputs=inputs)
