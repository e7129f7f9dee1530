"""From what a run found to a backlog: an item for each change worth making, and why the other causes make none.

The changes are the portfolio's fixes; without a portfolio, each cause's usual countermeasure or its most proposed one.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rootcause.backlog.phrases import money, phrases
from rootcause.backlog.priority import IMPACT, UNKNOWN, WEEKS, Stakes, prioritise
from rootcause.backlog.values import LONGEST_TITLE, Backlog, Item, LeftOut, Measure, Priority, PriorityMethod, Why
from rootcause.economics import Economics
from rootcause.effect import garwood
from rootcause.estimate import shares
from rootcause.findings.causemap import change_key
from rootcause.findings.values import Estimate, Findings, Worth
from rootcause.findings.worth import months_of
from rootcause.models import Effort, Quote, RankedCause, RunReport, Severity
from rootcause.report.clean import one_line
from rootcause.report.words import Words, words_for

WATCH = 4
"""Weeks of complaints to see whether a change worked, after the weeks of work that its effort stands for."""
QUOTES = 3


class Shares:
    """Shares of complaints that any set of analysed rows stands for, as the ranking computes them."""

    def __init__(self, report: RunReport) -> None:
        strata = report.sample.strata
        place = {stratum.topic: number for number, stratum in enumerate(strata)}
        self._stratum = {row.id: place[one.topic] for one in report.outcomes if one.answer is not None for row in one.rows}
        self._populations = [stratum.population for stratum in strata]
        self._analysed = np.bincount(np.array(list(self._stratum.values()), dtype=np.intp), minlength=len(strata))

    def of(self, rows: Collection[str]) -> Estimate:
        """rows: ids; those that were not analysed count for nothing."""
        mine = [self._stratum[row] for row in set(rows) if row in self._stratum]
        hits = np.bincount(np.array(mine, dtype=np.intp), minlength=len(self._populations))
        value, low, high = shares([hits], self._analysed, self._populations)
        return Estimate(value=float(value[0]), low=float(low[0]), high=float(high[0]))


@dataclass(frozen=True)
class Change:
    """A countermeasure worth doing. main: the largest of the causes it serves; removes: None where nobody gave a rate.

    beyond: share of complaints that it spares beyond the changes chosen before it, None without a portfolio.
    """

    main: RankedCause
    causes: tuple[RankedCause, ...]
    text: str
    team: str | None
    effort: Effort | None
    rows: tuple[str, ...]
    removes: float | None
    beyond: Estimate | None


def items(
    report: RunReport,
    findings: Findings,
    *,
    economics: Economics | None,
    method: PriorityMethod,
    today: dt.date,
    teams: Mapping[tuple[str | None, str], str] = {},
) -> Backlog:
    """The backlog of a run, the most urgent item first. teams: names by topic and id. Keys are the causes' ids, see `keys`."""
    changes = _changes(findings, economics)
    estimated = Shares(report)
    figures = [_figures(change, findings, estimated) for change in changes]
    say = phrases(words_for(report.language).language)
    stakes = [_stakes(*pair, report, findings) for pair in zip(changes, figures, strict=True)]
    made = [
        _item(change, of, priority, report, findings, today, teams)
        for change, of, priority in zip(changes, figures, prioritise(method, stakes, say), strict=True)
    ]
    made.sort(key=lambda item: (-item.priority.score, -item.share.value, item.cause, item.change))
    return Backlog(
        run=report.run_id,
        source=report.source,
        made=today,
        items=tuple(made),
        left_out=tuple(_left_out(findings, {one.cause.id for change in changes for one in change.causes})),
    )


# ── which changes ─────────────────────────────────────────────────────────────────────────────────


def _changes(findings: Findings, economics: Economics | None) -> list[Change]:
    ranked = {one.cause.id: one for one in (*findings.ranking.causes, *findings.ranking.residue)}
    if findings.portfolio is None:
        own = [(one, _countermeasure(one)) for one in findings.ranking.causes if one.cause.controllable]
        return [
            Change(
                main=one, causes=(one,), text=text, team=one.cause.team, effort=_effort(one, text),
                rows=one.row_ids, removes=_removes(text, one, economics), beyond=None,
            )
            for one, text in own if text
        ]  # fmt: skip
    found = []
    for fix in findings.portfolio.fixes:
        causes = sorted((ranked[cause] for cause in fix.causes if cause in ranked), key=lambda one: (-one.share, one.cause.id))
        able = [one for one in causes if one.cause.controllable]
        if not able:
            continue
        teams = {one.cause.team for one in able}
        found.append(
            Change(
                main=able[0], causes=(able[0], *(one for one in causes if one is not able[0])), text=fix.text,
                team=fix.team or (teams.pop() if len(teams) == 1 else None), effort=fix.effort,
                rows=fix.row_ids, removes=_removes(fix.text, able[0], economics), beyond=fix.spared,
            )
        )  # fmt: skip
    return found


def _countermeasure(one: RankedCause) -> str | None:
    """The catalogue's, or the one most chains propose; of equals the deeper, which lasts."""
    most = min(one.countermeasures, key=lambda change: (-change.count, -change.level, change.text), default=None)
    return one.cause.usual_countermeasure or (most.text if most else None)


def _effort(one: RankedCause, text: str) -> Effort | None:
    """The catalogue's effort is that of the usual countermeasure."""
    return one.cause.effort if text == one.cause.usual_countermeasure else None


def _removes(text: str, main: RankedCause, economics: Economics | None) -> float | None:
    """The removal rate that the user gave: by the change's words, or by the cause whose usual one it is."""
    names = {main.cause.id, main.cause.id.partition("/")[2]}
    given = [one for one in (economics.countermeasures if economics else ()) if one.removes is not None]
    by_text = [one for one in given if one.text is not None and change_key(one.text) == change_key(text)]
    usual = text == main.cause.usual_countermeasure
    by_cause = [one for one in given if one.text is None and one.cause in names and usual]
    return next((one.removes for one in (*by_text, *by_cause)), None)


def _left_out(findings: Findings, served: Collection[str]) -> Iterator[LeftOut]:
    ranking = findings.ranking
    for one in (*ranking.causes, *ranking.residue):
        if one.cause.id in served:
            continue
        if not one.cause.controllable:
            why = Why.OUTSIDE
        elif one.cause.residue:
            why = Why.ALONE
        else:
            why = Why.NOT_CHOSEN if _countermeasure(one) else Why.NO_CHANGE
        yield LeftOut(cause=one.cause.id, name=one.cause.name, share=one.share, complaints=one.complaints, why=why)


# ── its figures ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Figures:
    """share of complaints; cost of it and contacts, both a month, where known; effect: share that is expected to be spared."""

    share: Estimate
    cost: Estimate | None
    contacts: float | None
    exposed: Estimate | None
    effect: Estimate


def _figures(change: Change, findings: Findings, estimated: Shares) -> Figures:
    main = change.main
    alone = set(change.rows) == set(main.row_ids)
    # The ranking's own share where the rows are the same: it may have been corrected by an audit.
    share = Estimate(value=main.share, low=main.low, high=main.high) if alone else estimated.of(change.rows)
    worth = {one.cause: one for one in findings.economy.worth} if findings.economy else {}
    parts = list(_parts(change, worth))
    given = change.removes is not None
    removes = change.removes if change.removes is not None else 1.0
    return Figures(
        share=share,
        cost=_sum([(one.cost, part) for one, part in parts]) if parts else None,
        contacts=math.fsum(one.contacts.value * part for one, part in parts) if parts else None,
        exposed=worth[main.cause.id].per_exposure if alone and main.cause.id in worth else None,
        effect=Estimate(value=share.value * removes, low=share.low * removes if given else 0.0, high=share.high * removes),
    )


def _parts(change: Change, worth: Mapping[str, Worth]) -> Iterator[tuple[Worth, float]]:
    """Each cause's worth with the part of its rows that the change serves, a row that two causes share counted for the first."""
    left = set(change.rows)
    for one in change.causes:
        if one.cause.id in worth and one.row_ids:
            own = left & set(one.row_ids)
            left -= own
            yield worth[one.cause.id], len(own) / len(one.row_ids)


def _sum(parts: Sequence[tuple[Estimate, float]]) -> Estimate:
    """Low and high ends are added too, as if all erred alike: the interval is not too narrow."""
    low, value, high = (math.fsum(getattr(one, end) * part for one, part in parts) for end in ("low", "value", "high"))
    return Estimate(value=value, low=low, high=high)


def _stakes(change: Change, of: Figures, report: RunReport, findings: Findings) -> Stakes:
    severity = {row.id: one.answer.severity for one in report.outcomes if one.answer is not None for row in one.rows}
    grave: list[Severity | None] = [severity.get(row) for row in change.rows] or [None]
    months = months_of(report.frame)
    contacts = of.contacts
    if contacts is None:
        contacts = of.share.value * findings.ranking.population / (months or 1.0)
    removes = 1.0 if change.removes is None else change.removes
    return Stakes(
        spared=of.effect.value,
        money=of.cost.value * removes if of.cost is not None else None,
        reach=contacts * removes,
        monthly=months is not None or of.contacts is not None,
        at_most=change.removes is None,
        impact=math.fsum(IMPACT[one] for one in grave) / len(grave),
        complaints=len(change.rows),
        signed=sum(one is not None for one in grave),
        width=(of.share.high - of.share.low) / 2 / of.share.value if of.share.value else math.inf,
        audited=_audited(findings),
        effort=change.effort,
    )


def _audited(findings: Findings) -> bool:
    return findings.audit is not None and findings.audit.enough


# ── its words ─────────────────────────────────────────────────────────────────────────────────────


def _item(
    change: Change,
    of: Figures,
    priority: Priority,
    report: RunReport,
    findings: Findings,
    today: dt.date,
    teams: Mapping[tuple[str | None, str], str],
) -> Item:
    words = words_for(report.language)
    main, currency = change.main, findings.economy.currency if findings.economy else None
    return Item(
        key=main.cause.id,
        run=report.run_id,
        topic=main.cause.topic,
        cause=main.cause.id,
        cause_name=one_line(main.cause.name),
        new=main.cause.new,
        title=title_of(change.text, words.language),
        change=one_line(change.text),
        problem=_problem(change, of, findings, words),
        share=of.share,
        cost=of.cost,
        currency=currency if of.cost is not None else None,
        chain=main.typical,
        quotes=_quotes(change),
        team=change.team,
        team_name=teams.get((main.cause.topic, change.team)) if change.team else None,
        effect=of.effect,
        effect_how=_effect_how(change, of, words),
        measure=_measure(change, of, findings, words, today),
        effort=change.effort,
        priority=priority,
        complaints=len(change.rows),
        row_ids=change.rows,
        audited=_audited(findings),
        language=words.language,
    )


def title_of(change: str, language: str) -> str:
    """The change on one line without its full stop; one too long for a tracker is cut between words, and says so."""
    line = one_line(change).rstrip(".")
    if len(line) <= LONGEST_TITLE:
        return line
    mark = f"… {phrases(language).cut()}"
    return f"{line[: LONGEST_TITLE - len(mark)].rsplit(' ', 1)[0]}{mark}"


def _problem(change: Change, of: Figures, findings: Findings, words: Words) -> str:
    cost = money(of.cost, findings.economy.currency, words) if of.cost is not None and findings.economy else None
    return str(
        phrases(words.language).problem(
            change.main.cause.name,
            words.percent(of.share.value),
            words.interval(of.share.low, of.share.high),
            words("complaints", len(change.rows)),
            cost,
            [one_line(one.cause.name).rstrip(".") for one in change.causes[1:]],
            _audited(findings),
        )
    )


def _quotes(change: Change) -> tuple[Quote, ...]:
    rows = set(change.rows)
    return tuple(quote for one in change.causes for quote in one.quotes if quote.row_id in rows)[:QUOTES]


def _effect_how(change: Change, of: Figures, words: Words) -> str:
    beyond = words.percent(change.beyond.value) if change.beyond else None
    share, removes = words.percent(of.share.value), words.percent(change.removes or 1.0)
    return str(phrases(words.language).effect_how(change.removes is not None, share, removes, beyond))


def _beyond_chance(now: Estimate, complaints: int) -> float:
    """Below the interval, and below what as many complaints may become by themselves: time goes on after a census too."""
    return min(now.low, now.value * garwood(complaints, complaints).low)


def _measure(change: Change, of: Figures, findings: Findings, words: Words, today: dt.date) -> Measure:
    """The target is the baseline less what is expected to go; where nobody said how much, what chance alone does not reach."""
    say, unit = phrases(words.language), findings.economy.exposure_unit if findings.economy else None
    baseline = of.exposed if of.exposed is not None and unit else of.share
    by_exposure = baseline is of.exposed
    weeks = WEEKS[change.effort or UNKNOWN]
    target = _beyond_chance(baseline, len(change.rows)) if change.removes is None else baseline.value * (1 - change.removes)
    reason = say.target_given(words.percent(change.removes)) if change.removes is not None else say.target_low()
    return Measure(
        metric=say.metric_exposure(unit) if by_exposure else say.metric_share(),
        per=unit if by_exposure else None,
        baseline=baseline,
        target=target,
        again=today + dt.timedelta(weeks=weeks + WATCH),
        how=f"{reason}; {say.again_how(words.number(weeks), words.number(WATCH))}",
    )
