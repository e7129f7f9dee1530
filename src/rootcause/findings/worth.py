"""What each cause costs in money a month: contacts, repeats and customers expected to leave, as the user prices them.

A cause's cost is its contacts a month times the weighted mean cost of one of its rows. The interval joins those of both
factors on the log scale (delta method; product form of MOVER, Zou and Donner 2008), so that it is as lopsided as the
share's own. The mean's variance is that of a domain mean on Kish's effective rows with the finite population correction;
its spread is that of the cause's rows and of twenty imagined ones that are spread as all rows are, since a few cheap rows
do not prove that a cause has no dear ones. docs/statistics.md says how often the intervals cover.

A customer is lost once, however often they write: only the gravest of their analysed rows counts, and where rows were
sampled it stands for 1 / (1 - (1 - 1/w)^m) customers, m being the customer's rows in the file (Horvitz and Thompson 1952).
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rootcause.economics import DEFAULT, Economics, channel_key, exposed
from rootcause.estimate import effective_n, shares
from rootcause.findings.observe import Observed
from rootcause.findings.values import Economy, Estimate, Worth
from rootcause.models import Frame, RankedCause, RunReport, Severity
from rootcause.sample import Z95

DAYS_A_MONTH = 365.25 / 12
PER = 1000
_IMAGINED = 20

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class RowCosts:
    """What each analysed row costs, all (n,). repeated: the chance that it is a repeat, 0 or 1 where it is known.

    contact, repeat, leaving: parts of its cost, in the user's currency. unpriced: channels without a cost, with their rows.
    """

    repeated: Vector
    contact: Vector
    repeat: Vector
    leaving: Vector
    unpriced: tuple[tuple[str | None, int], ...]
    same_matter: float | None

    @property
    def total(self) -> Vector:
        return self.contact + self.repeat + self.leaving


def economy(report: RunReport, observed: Observed, economics: Economics | None) -> Economy | None:
    """Money a month of each cause, the residue's included. None without prices, dates or analysed rows: `missing` says why."""
    months = months_of(report.frame)
    if economics is None or months is None or not observed.rows:
        return None
    costs = row_costs(report, observed, economics)
    exposure = exposure_of(report, economics)
    scale = report.ranking.population / months
    weight = observed.weight
    found = []
    for column, ranked in enumerate(observed.causes):
        mine = np.asarray(observed.has[:, [column]].todense()).ravel() > 0
        share = _current(report, ranked)
        found.append(_worth(share, mine, costs, weight, scale, exposure[1] if exposure else None))
    explained = np.asarray(observed.has.sum(axis=1)).ravel() > 0
    return Economy(
        currency=economics.currency,
        months=months,
        exposure_unit=exposure[0] if exposure else None,
        exposure_a_month=exposure[1] if exposure else None,
        worth=tuple(found),
        total=_total(observed, explained, costs, weight, scale),
        assumptions=tuple(_assumptions(report, observed, economics, costs, exposure)),
    )


def missing(report: RunReport, economics: Economics | None) -> str | None:
    """Why there is no money a month although prices are given; None where nothing is missing."""
    if economics is None or report.frame.first is not None:
        return None
    return _say(report, "undated")


def months_of(frame: Frame) -> float | None:
    """Days from the first date to the last, both included, in months of 30.44 days; None for a file without dates."""
    return ((frame.last - frame.first).days + 1) / DAYS_A_MONTH if frame.first and frame.last else None


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────


def row_costs(report: RunReport, observed: Observed, economics: Economics) -> RowCosts:
    """The cost of each analysed row: the expected one where it is not known whether it is a repeat."""
    repeated, same = _repeated(report, observed)
    first, again, unpriced = _channel_costs(observed, economics)
    return RowCosts(
        repeated=repeated,
        contact=(1 - repeated) * first,
        repeat=repeated * again,
        leaving=_leaving(report, observed, economics),
        unpriced=unpriced,
        same_matter=same,
    )


def _channel_costs(observed: Observed, economics: Economics) -> tuple[Vector, Vector, tuple[tuple[str | None, int], ...]]:
    """A first contact's and a repeat's cost of each row; a repeat without a cost of its own costs what a first one does."""
    contact = {channel_key(channel): cost for channel, cost in economics.contact.items()}
    repeat = {channel_key(channel): cost for channel, cost in economics.repeat.items()}
    unpriced: Counter[str | None] = Counter()
    first, again = [], []
    for row in observed.rows:
        key = channel_key(row.channel) if row.channel is not None else DEFAULT
        cost = contact.get(key, contact.get(DEFAULT))
        if cost is None:
            unpriced[row.channel] += 1
        first.append(cost or 0.0)
        again.append(repeat.get(key, repeat.get(DEFAULT, cost or 0.0)))
    order = sorted(unpriced.items(), key=lambda item: (-item[1], item[0] or ""))
    return np.array(first), np.array(again), tuple(order)


def _repeated(report: RunReport, observed: Observed) -> tuple[Vector, float | None]:
    """The chance of each row to be a repeat: the same customer wrote earlier and one of the causes is the same.

    Earlier rows that were not analysed have each the chance of being on the same matter that is seen among the analysed
    pairs of one customer's rows; it is returned beside, None where it was not needed.
    """
    place = {row.id: number for number, row in enumerate(observed.rows)}
    causes = [frozenset(observed.has[number].indices) for number in range(len(observed.rows))]
    pairs = same = unknown = 0
    for customer in report.frame.repeaters:
        known = [causes[place[row]] for row in customer.rows if row in place]
        unknown += len(known) < len(customer.rows) and bool(known)
        pairs += len(known) * (len(known) - 1) // 2
        same += sum(bool(one & other) for one, other in combinations(known, 2))
    chance = same / pairs if pairs else 0.0
    repeated = np.zeros(len(observed.rows))
    for customer in report.frame.repeaters:
        earlier: set[int] = set()
        unseen = 0
        for row in customer.rows:
            number = place.get(row)
            if number is None:
                unseen += 1
            elif causes[number]:
                repeated[number] = 1.0 if causes[number] & earlier else 1 - (1 - chance) ** unseen
                earlier |= causes[number]
    return repeated, chance if unknown else None


def _leaving(report: RunReport, observed: Observed, economics: Economics) -> Vector:
    """Expected loss by row: of each customer's rows with a sign the gravest, the earliest of equals; no sign, no claim."""
    lost = np.zeros(len(observed.rows))
    if economics.customer_a_year is None:
        return lost
    rows_of = {customer.customer: len(customer.rows) for customer in report.frame.repeaters}
    weight = observed.weight
    gravity = [-1 if severity is None else list(Severity).index(severity) for severity in observed.severity]
    signed = [number for number, rank in enumerate(gravity) if rank >= 0]
    signed.sort(key=lambda number: (-gravity[number], observed.rows[number].date or dt.date.max, observed.rows[number].row))
    counted: set[str] = set()
    for number in signed:
        row, severity = observed.rows[number], observed.severity[number]
        assert severity is not None, "only rows with a sign are looked at"
        if row.customer in counted:
            continue
        if row.customer is not None:
            counted.add(row.customer)
        stands_for = 1 / (1 - (1 - 1 / weight[number]) ** rows_of.get(row.customer or "", 1))
        lost[number] = economics.leaving.get(severity, 0.0) * economics.customer_a_year * stands_for / weight[number]
    return lost


# ── causes ────────────────────────────────────────────────────────────────────────────────────────


def _current(report: RunReport, ranked: RankedCause) -> RankedCause:
    """The cause as the report ranks it: an audited ranking has corrected shares."""
    every = (*report.ranking.causes, *report.ranking.residue)
    return next((one for one in every if one.cause.id == ranked.cause.id), ranked)


def _worth(
    ranked: RankedCause, mine: NDArray[np.bool_], costs: RowCosts, weight: Vector, scale: float, exposure: float | None
) -> Worth:
    contacts = Estimate(value=ranked.share * scale, low=ranked.low * scale, high=ranked.high * scale)

    def mean(of: Vector) -> float:
        return float(np.average(of[mine], weights=weight[mine]))

    return Worth(
        cause=ranked.cause.id,
        contacts=contacts,
        repeats=contacts.value * mean(costs.repeated),
        cost=_times(contacts, *_mean(costs.total, mine, weight)),
        of_contacts=contacts.value * mean(costs.contact),
        of_repeats=contacts.value * mean(costs.repeat),
        of_leaving=contacts.value * mean(costs.leaving),
        per_exposure=_scaled(contacts, PER / exposure) if exposure else None,
    )


def _total(observed: Observed, explained: NDArray[np.bool_], costs: RowCosts, weight: Vector, scale: float) -> Estimate:
    """Of all complaints with a cause, each counted once."""
    if not explained.any():
        return Estimate(value=0.0, low=0.0, high=0.0)
    strata = len(observed.populations)
    analysed = np.bincount(observed.stratum, minlength=strata)
    hits = np.bincount(observed.stratum[explained], minlength=strata)
    share, low, high = shares(hits[None, :], analysed, observed.populations)
    contacts = Estimate(value=float(share[0]) * scale, low=float(low[0]) * scale, high=float(high[0]) * scale)
    return _times(contacts, *_mean(costs.total, explained, weight))


def _mean(cost: Vector, mine: NDArray[np.bool_], weight: Vector) -> tuple[float, float]:
    """Weighted mean cost of a row and its standard error."""
    costs, weights = cost[mine], weight[mine]
    mean = float(np.average(costs, weights=weights))
    usual = float(np.average((cost - np.average(cost, weights=weight)) ** 2, weights=weight))
    spread = float(((costs - mean) ** 2).sum() + _IMAGINED * usual) / (len(costs) - 1 + _IMAGINED)
    n = effective_n(weights.tolist(), max(round(float(weights.sum())), len(weights)))
    return mean, math.sqrt(spread / n)


def _times(contacts: Estimate, mean: float, error: float) -> Estimate:
    """The product of contacts and a mean, with its interval on the log scale."""
    value = contacts.value * mean
    if not value:
        return Estimate(value=0.0, low=0.0, high=contacts.high * (mean + Z95 * error))
    log_error = Z95 * error / mean
    down = math.hypot(math.log(contacts.value / contacts.low), log_error) if contacts.low else math.inf
    up = math.hypot(math.log(contacts.high / contacts.value), log_error)
    return Estimate(value=value, low=value * math.exp(-down), high=value * math.exp(up))


def _scaled(estimate: Estimate, by: float) -> Estimate:
    return Estimate(value=estimate.value * by, low=estimate.low * by, high=estimate.high * by)


# ── exposure ──────────────────────────────────────────────────────────────────────────────────────


def exposure_of(report: RunReport, economics: Economics) -> tuple[str, float] | None:
    """What complaints are set against and how many a month: the user's figures, else the file's column.

    Months that the file's period covers in part count in part; months without a figure count as the mean of the others.
    """
    frame, stated, months = report.frame, economics.exposure, months_of(report.frame)
    assert frame.first is not None, "only a file with dates has a period"
    assert frame.last is not None, "only a file with dates has a period"
    assert months is not None, "only a file with dates has a period"
    if stated is not None:
        unit, known, usual = stated.unit, dict(stated.months), stated.a_month
    elif frame.exposure and report.columns.exposure:
        unit, known, usual = report.columns.exposure, dict(frame.exposure), None
    else:
        return None
    if not known and usual is not None:
        return unit, usual
    if usual is None:
        usual = math.fsum(known.values()) / len(known)
    return unit, exposed(known, usual, frame.first, frame.last) / months


# ── what was assumed ──────────────────────────────────────────────────────────────────────────────


def _assumptions(
    report: RunReport, observed: Observed, economics: Economics, costs: RowCosts, exposure: tuple[str, float] | None
) -> list[str]:
    frame = report.frame
    assert frame.first is not None, "only a file with dates has a period"
    assert frame.last is not None, "only a file with dates has a period"
    said = [
        _say(
            report,
            "period",
            days=(frame.last - frame.first).days + 1,
            first=frame.first,
            last=frame.last,
            months=months_of(frame),
        ),
        _say(report, "once"),
    ]
    undated = dict(frame.months).get(None, 0)
    if undated:
        said.append(_say(report, "some_undated", n=undated))
    if not economics.contact:
        said.append(_say(report, "no_contact_cost"))
    elif costs.unpriced:
        channels = ", ".join(channel or "—" for channel, _ in costs.unpriced)
        said.append(_say(report, "unpriced", n=sum(n for _, n in costs.unpriced), channels=channels))
    if report.columns.customer is None and not frame.repeaters:
        said.append(_say(report, "no_customers"))
    else:
        said.append(_say(report, "repeats"))
        if not economics.repeat:
            said.append(_say(report, "repeat_as_first"))
        if costs.same_matter is not None:
            said.append(_say(report, "same_matter", chance=costs.same_matter))
    if economics.customer_a_year is not None:
        unsigned = sum(severity is None for severity in observed.severity)
        said.append(_say(report, "leaving", value=economics.customer_a_year, currency=economics.currency, n=unsigned))
        unpriced_severity = sorted({one for one in observed.severity if one is not None} - set(economics.leaving))
        if unpriced_severity:
            said.append(_say(report, "no_chance", severities=", ".join(unpriced_severity)))
    if exposure:
        said.append(_say(report, "exposure", unit=exposure[0], a_month=exposure[1]))
    if report.columns.amount:
        said.append(_say(report, "amounts", column=report.columns.amount))
    said.append(_say(report, "interval"))
    return said


def _say(report: RunReport, key: str, /, **values: object) -> str:
    english, russian = _SENTENCES[key]
    return (russian if report.language == "ru" else english).format(**values)


_SENTENCES: dict[str, tuple[str, str]] = {
    "undated": (
        "No row has a date, so that nothing can be said of a month: name the column of dates with --date.",
        "Ни у одной строки нет даты, поэтому о месяце сказать нечего: назовите столбец с датами через --date.",
    ),
    "period": (
        "The file's {days} days, {first} to {last}, are {months:.2f} months of 30.44 days; the figures say what these days cost "
        "a month, and forecast nothing.",
        "{days} дн. файла, с {first} по {last}, — это {months:.2f} месяца по 30,44 дня; суммы показывают, во что обошлись эти "
        "дни в пересчёте на месяц, и ничего не предсказывают.",
    ),
    "once": (
        "A complaint with several causes counts in full for each of them; the total counts it once.",
        "Жалоба с несколькими причинами целиком засчитана каждой из них, а в итоге — один раз.",
    ),
    "some_undated": (
        "Rows without a date ({n}) are counted as rows of the same days.",
        "Строки без даты ({n}) засчитаны в те же дни.",
    ),
    "no_contact_cost": (
        "No cost of a contact is given: contacts count as nothing.",
        "Стоимость обращения не указана: обращения не стоят ничего.",
    ),
    "unpriced": (
        "Analysed rows of channels without a cost ({channels}; {n} rows) count as nothing.",
        "Разобранные строки каналов без указанной стоимости ({channels}; строк: {n}) не стоят ничего.",
    ),
    "no_customers": (
        "No column names the customer: repeats are not counted, and each row is a customer of its own.",
        "Клиент в файле не указан: повторы не посчитаны, каждая строка — отдельный клиент.",
    ),
    "repeats": (
        "A repeat is a row of a customer who wrote earlier in this file for the same cause.",
        "Повтор — строка клиента, который уже писал в этом файле по той же причине.",
    ),
    "repeat_as_first": (
        "No cost of a repeat is given: it costs what a first contact does.",
        "Стоимость повтора не указана: она равна стоимости первого обращения.",
    ),
    "same_matter": (
        "An earlier row that was not analysed is taken to be on the same matter with the chance seen among analysed rows of "
        "one customer, {chance:.0%}.",
        "Более раннюю неразобранную строку того же клиента считаем обращением о том же с вероятностью, найденной по разобранным "
        "парам строк, — {chance:.0%}.",
    ),
    "leaving": (
        "Customers expected to leave are worth {value:g} {currency} a year, each counted once, by the gravest sign in their own "
        "words; rows without a sign ({n}) claim nothing.",
        "Клиент стоит {value:g} {currency} в год и засчитан один раз, по самому тяжёлому признаку в его словах; строки без "
        "признаков ({n}) ни о чём не говорят.",
    ),
    "no_chance": (
        "No chance of leaving is given for severity {severities}: it counts as nothing.",
        "Для тяжести {severities} вероятность ухода не указана: она равна нулю.",
    ),
    "exposure": (
        "Complaints are set against {a_month:,.0f} {unit} a month, the mean over the file's days.",
        "Жалобы отнесены к {a_month:,.0f} {unit} в месяц, в среднем по дням файла.",
    ),
    "amounts": (
        "The sums in the column '{column}' are no part of these figures.",
        "Суммы из столбца «{column}» в эти цифры не входят.",
    ),
    "interval": (
        "The intervals hold the error of sampling alone: where every row was analysed there is none.",
        "Интервалы учитывают только ошибку выборки: если разобраны все строки, её нет.",
    ),
}  # fmt: skip
