"""Which few countermeasures together spare the most complaints, or the most money.

Each fix cuts the chains that pass through its step of the cause map, each with its removal rate. A chain that the fixes
with rates r cut independently is spared with 1 - Π(1 - r); a complaint with k chains is spared by 1/k for each of them.
That goal is monotone and submodular (weighted maximum coverage where every rate is 1), which the rule "spared only when
all its chains are cut" is not: under it a first fix may be worth nothing until a second joins it.

The choice itself is made in `cover`.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rootcause.economics import Economics, FixCost
from rootcause.estimate import shares
from rootcause.findings.audit import Audited
from rootcause.findings.causemap import Told, chains_of, change_key
from rootcause.findings.cover import Choice, Goal, choose
from rootcause.findings.observe import Observed
from rootcause.findings.values import CauseMap, Estimate, Fix, MapNode, Portfolio
from rootcause.models import Cause, ChainRef, RunReport

COMPLAINTS, MONEY = "complaints", "money"

_LEAST = 2  # sampled complaints that a cause's countermeasure must serve

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """A countermeasure at a node of the map. removes: expected part of the chains it cuts; cost: once, None where not known."""

    node: MapNode
    text: str
    cause: Cause | None
    removes: float
    assumed: bool
    cost: float | None

    @property
    def id(self) -> str:
        return f"{self.node.id}/{hashlib.sha256(change_key(self.text).encode()).hexdigest()[:8]}"


def portfolio(
    report: RunReport,
    observed: Observed,
    found: CauseMap,
    economics: Economics | None,
    worth: Mapping[str, float] | None,
    *,
    audit: Audited | None = None,
    size: int = 5,
) -> Portfolio | None:
    """The countermeasures to begin with; None where none was proposed.

    worth: money a month by cause id, each complaint counted in full for each of its causes; None: the goal is complaints.
    audit: one of enough rows, which corrects the shares; None where there is none.
    size: how many fixes to choose, where economics gives no budget. `assumptions` are in the report's language.
    """
    budget = economics.budget if economics else None
    candidates = _candidates(found, observed, economics)
    unpriced = sum(one.cost is None for one in candidates) if budget is not None else 0
    if budget is not None:
        candidates = [one for one in candidates if one.cost is not None]
    if not candidates:
        return None
    cuts = _Cuts(chains_of(report, observed), observed, candidates, audit)
    removes = np.array([one.removes for one in candidates])
    goal = Goal(cuts.fixes, removes, cuts.complaints() if worth is None else cuts.money(worth))
    costs = np.array([1.0 if budget is None else one.cost or 0.0 for one in candidates])
    choice = choose(goal, costs, size if budget is None else budget)
    order = _in_order(goal, choice.places)
    left = [cuts.left(order[:count], removes) for count in range(len(order) + 1)]
    together = cuts.share(1 - left[-1])
    if worth is not None:
        together = _scaled(together, choice.value)
    return Portfolio(
        goal=COMPLAINTS if worth is None else MONEY,
        exact=choice.exact,
        size=size,
        budget=budget,
        fixes=tuple(
            _fix(
                candidates[place],
                causes=cuts.causes(place),
                spared=cuts.share(left[number] - left[number + 1]),
                alone=cuts.share(1 - cuts.left([place], removes)).value,
                money=None if worth is None else float(goal.gains(order[:number])[place]),
            )
            for number, place in enumerate(order)
        ),
        together=together,
        bound=together.value if choice.exact else choice.bound,
        considered=len(candidates),
        assumptions=_assumptions(
            report,
            choice,
            [candidates[place] for place in order],
            cuts.share(cuts.whole(left[-1])).value if cuts.several else None,
            unpriced,
            budget=budget is not None,
            money=worth is not None,
            audited=audit is not None,
        ),
    )


# ── candidates ────────────────────────────────────────────────────────────────────────────────────


def _candidates(found: CauseMap, observed: Observed, economics: Economics | None) -> list[Candidate]:
    """The usual countermeasure of each cause, and what is proposed at each node, without those that another one outdoes.

    A cause that a single complaint shows is no ground for a change, unless the user has rated the countermeasure.
    A change at a step above the roots enters with the removal rate that the user gives it. Taken to remove all that passes
    through, as a root's countermeasure may be, the vaguest one would always win: most complaints pass through its step.
    """
    causes = {ranked.cause.id: ranked.cause for ranked in observed.causes}
    known = economics.countermeasures if economics else ()
    candidates = []
    for node in found.nodes:
        cause = causes.get(node.cause or "")
        if cause is not None and not cause.controllable:
            continue  # what lies outside the company is no place to spend its five fixes on
        texts = [change.text for change in node.countermeasures]
        if cause is not None and cause.usual_countermeasure:
            usual = change_key(cause.usual_countermeasure)
            texts = [cause.usual_countermeasure, *(text for text in texts if change_key(text) != usual)]
        own = [_candidate(node, text, cause, known, usual=not place) for place, text in enumerate(texts)]
        firm = cause is not None and node.complaints >= _LEAST
        candidates.extend(_best([one for one in own if firm or not one.assumed]))
    return sorted(candidates, key=lambda one: (one.cause is None, one.id))  # of equals the first is taken: the lasting one


def _candidate(node: MapNode, text: str, cause: Cause | None, known: Sequence[FixCost], *, usual: bool) -> Candidate:
    own = cause if cause is not None and usual and cause.usual_countermeasure == text else None
    given = _given(text, own, known)
    removes = given.removes if given else None
    return Candidate(
        node=node,
        text=text,
        cause=own,
        removes=1.0 if removes is None else removes,
        assumed=removes is None,
        cost=given.cost if given else None,
    )


def _given(text: str, cause: Cause | None, known: Sequence[FixCost]) -> FixCost | None:
    """What the user says of the countermeasure: by its words, or by the id of the cause whose usual one it is."""
    by_text = next((one for one in known if one.text is not None and change_key(one.text) == change_key(text)), None)
    if by_text is not None or cause is None:
        return by_text
    names = {cause.id, cause.id.rpartition("/")[2]}
    return next((one for one in known if one.text is None and one.cause in names), None)


def _best(own: Sequence[Candidate]) -> list[Candidate]:
    """Of one node's countermeasures, which cut the same chains: those about which something is known, else the most proposed."""
    known = [one for one in own if one.cost is not None or not one.assumed]
    return known or list(own[:1])


# ── what each fix cuts ────────────────────────────────────────────────────────────────────────────


class _Cuts:
    """Which candidates cut which chains. A chain stands here once for each of its rows; `of_row` is its part of the row."""

    def __init__(self, told: Sequence[Told], observed: Observed, candidates: Sequence[Candidate], audit: Audited | None) -> None:
        self._observed = observed
        self._audit = audit
        self._weight = observed.weight
        chains = sorted(((row, one) for one in told for row in one.rows), key=lambda pair: (pair[0], pair[1].ref.index))
        self._row = np.array([row for row, _ in chains], dtype=np.intp)
        self._cause = [one.cause for _, one in chains]
        self._label = {cause: audit.label_of(cause) for cause in set(self._cause)} if audit else {}
        self._chains_of_row = np.bincount(self._row, minlength=len(observed.rows))
        self._part = 1 / self._chains_of_row[self._row]
        by_chain: dict[ChainRef, list[int]] = defaultdict(list)
        for place, candidate in enumerate(candidates):
            for ref in candidate.node.chains:
                by_chain[ref].append(place)
        self.fixes = [tuple(by_chain[one.ref]) for _, one in chains]
        self._cut_by: dict[int, list[int]] = defaultdict(list)
        for number, places in enumerate(self.fixes):
            for place in places:
                self._cut_by[place].append(number)

    @property
    def several(self) -> bool:
        """Whether any complaint has several chains."""
        return bool((self._chains_of_row > 1).any())

    def complaints(self) -> Floats:
        """Each chain's part of all complaints: its row's weight, shared equally by the row's chains.

        After an audit as much more or less as the share of the chain's cause was corrected.
        """
        parts: Floats = self._weight[self._row] * self._part / math.fsum(self._weight.tolist())
        if self._audit is None:
            return parts
        before = {one.cause.id: one.share for one in self._observed.causes}
        after = {one.cause.id: one.share for one in self._audit.observed.causes}
        parts *= np.array([after[cause] / before[cause] for cause in self._cause])
        return parts

    def money(self, worth: Mapping[str, float]) -> Floats:
        """Each chain's part of what its cause costs: by its row's weight, shared equally by the row's chains."""
        rows: dict[str, set[int]] = defaultdict(set)
        for row, cause in zip(self._row.tolist(), self._cause, strict=True):
            rows[cause].add(row)
        each = {cause: worth.get(cause, 0.0) / math.fsum(self._weight[row] for row in theirs) for cause, theirs in rows.items()}
        return np.array([each[cause] for cause in self._cause]) * self._weight[self._row] * self._part

    def causes(self, place: int) -> tuple[str, ...]:
        """The causes whose chains a candidate cuts, the most of them first."""
        counts = Counter(self._cause[number] for number in self._cut_by[place])
        return tuple(sorted(counts, key=lambda cause: (-counts[cause], cause)))

    def left(self, places: Sequence[int], removes: Floats) -> Floats:
        """The part of each chain that the fixes leave."""
        kept = np.ones(len(self._row))
        for place in places:
            kept[self._cut_by[place]] *= 1 - removes[place]
        return kept

    def whole(self, left: Floats) -> Floats:
        """The part of each chain that is spared together with all others of its complaint."""
        kept = np.ones(len(self._observed.rows))
        np.multiply.at(kept, self._row, 1 - left)
        return kept[self._row]

    def share(self, spared: Floats) -> Estimate:
        """The share of complaints of which these parts of each chain are spared; after an audit the corrected one.

        Of a complaint in which a person finds a cause, as much is spared as of the cause's chains on average.
        """
        if self._audit is not None:
            sums: dict[str, list[float]] = defaultdict(list)
            for cause, one in zip(self._cause, spared.tolist(), strict=True):
                sums[self._label[cause]].append(one)
            of_labels = csr_matrix([[math.fsum(parts) / len(parts)] for parts in sums.values()])
            of_rows = csr_matrix(np.bincount(self._row, spared * self._part, len(self._observed.rows)).reshape(-1, 1))
            value, low, high = self._audit.shares(of_rows, list(sums), of_labels)
            return Estimate(value=float(value[0]), low=float(low[0]), high=float(high[0]))
        strata = len(self._observed.populations)
        row_stratum = self._observed.stratum[self._row]
        parts = [math.fsum((spared * self._part)[row_stratum == stratum].tolist()) for stratum in range(strata)]
        analysed = np.bincount(self._observed.stratum, minlength=strata)
        value, low, high = shares([parts], analysed, self._observed.populations)
        return Estimate(value=float(value[0]), low=float(low[0]), high=float(high[0]))


# ── the choice as values ──────────────────────────────────────────────────────────────────────────


def _in_order(goal: Goal, places: Sequence[int]) -> list[int]:
    """The fixes chosen, each the one that adds most to those before it."""
    order: list[int] = []
    while len(order) < len(places):
        gains = goal.gains(order)
        order.append(max((place for place in places if place not in order), key=lambda place: (gains[place], -place)))
    return order


def _fix(candidate: Candidate, *, causes: tuple[str, ...], spared: Estimate, alone: float, money: float | None) -> Fix:
    return Fix(
        id=candidate.id,
        text=candidate.text,
        node=candidate.node.id,
        team=candidate.cause.team if candidate.cause else None,
        effort=candidate.cause.effort if candidate.cause else None,
        causes=causes,
        removes=candidate.removes,
        cost=candidate.cost,
        spared=spared,
        spared_alone=alone,
        money=money,
        row_ids=candidate.node.row_ids,
    )


def _scaled(share: Estimate, value: float) -> Estimate:
    """The interval of a sum of money that varies as the share does."""
    factor = value / share.value if share.value else 0.0
    return Estimate(value=value, low=factor * share.low, high=factor * share.high)


def _assumptions(
    report: RunReport,
    choice: Choice,
    fixes: Sequence[Candidate],
    strictly: float | None,
    unpriced: int,
    *,
    budget: bool,
    money: bool,
    audited: bool,
) -> tuple[str, ...]:
    """In the report's language. strictly: share spared if all chains must be cut; None where no complaint has several."""
    said = [_say(report, "exact" if choice.exact else "greedy_budget" if budget else "greedy"), _say(report, "everywhere")]
    if assumed := sum(one.assumed for one in fixes):
        said.append(_say(report, "assumed", count=assumed, chosen=len(fixes)))
    if any(one.removes < 1 for one in fixes):
        said.append(_say(report, "independent"))
    if strictly is not None:
        said.append(_say(report, "chains", share=100 * strictly))
    if unpriced:
        said.append(_say(report, "unpriced", count=unpriced))
    if money:
        said.append(_say(report, "money"))
    if audited:
        said.append(_say(report, "audited"))
    return tuple(said)


def _say(report: RunReport, key: str, **values: float) -> str:
    english, russian = _SENTENCES[key]
    return (russian if report.language.startswith("ru") else english).format(**values)


_SENTENCES: dict[str, tuple[str, str]] = {
    "exact": (
        "No other choice of countermeasures does better on these data: this is proved.",
        "Никакой другой выбор контрмер на этих данных не даёт большего: это доказано.",
    ),
    "greedy": (
        "The countermeasures were chosen one by one, each time the one that adds most: at least 63 % of the best possible choice "
        "(1 − 1/e).",
        "Контрмеры выбраны по одной, каждый раз та, что добавляет больше всего: это не меньше 63 % лучшего возможного выбора "
        "(1 − 1/e).",
    ),
    "greedy_budget": (
        "The countermeasures were chosen one by one by what they add for their cost: at least 32 % of the best possible choice "
        "within the budget, (1 − 1/e)/2.",
        "Контрмеры выбраны по одной, по тому, что каждая добавляет за свои деньги: это не меньше 32 % лучшего возможного выбора "
        "в пределах бюджета, (1 − 1/e)/2.",
    ),
    "everywhere": (
        "A countermeasure is taken to work wherever its step occurs, also in complaints whose chains did not propose it.",
        "Считается, что контрмера действует всюду, где встречается её звено, в том числе в жалобах, где её не предлагали.",
    ),
    "assumed": (
        "Of the {chosen} countermeasures chosen, {count} have no expected removal rate: they are taken to remove everything "
        "that passes their step. What is spared is therefore at most this much.",
        "У {count} из выбранных контрмер ({chosen}) не указано, какую долю жалоб они убирают: считается, что всё, что проходит "
        "через их звено. Поэтому предотвращено будет не больше указанного.",
    ),
    "independent": (
        "Countermeasures that cut the same chain are taken to act independently of each other.",
        "Считается, что контрмеры, перекрывающие одну и ту же цепочку, действуют независимо друг от друга.",
    ),
    "chains": (
        "A complaint with several chains counts as spared in part, in equal parts for each chain that is cut. If it is spared "
        "only when all its chains are cut, the same countermeasures spare {share:.1f} % of complaints.",
        "Жалоба с несколькими цепочками считается предотвращённой частично, поровну за каждую перекрытую. Если считать её "
        "предотвращённой, только когда перекрыты все, те же контрмеры предотвращают {share:.1f} % жалоб.",
    ),
    "unpriced": (
        "{count} countermeasures have no cost and were left out, as it cannot be said whether they fit the budget.",
        "Контрмер без стоимости: {count}. Они не рассматривались, так как неизвестно, укладываются ли они в бюджет.",
    ),
    "audited": (
        "The shares are corrected by the audit. Of a complaint in which a person found a cause, a countermeasure is taken to "
        "spare as much as it spares of that cause's chains on average.",
        "Доли исправлены по аудиту. Считается, что из жалобы, в которой человек нашёл причину, контрмера убирает столько же, "
        "сколько в среднем из цепочек этой причины.",
    ),
    "money": (
        "What a cause costs is spread over its complaints equally; the interval is that of the share, with the cost of one "
        "complaint taken as known.",
        "Стоимость причины распределена между её жалобами поровну; интервал взят от доли, стоимость одной жалобы считается "
        "известной.",
    ),
}
