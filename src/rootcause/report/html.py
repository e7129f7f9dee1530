"""The report as one HTML file: it needs no network, no script and no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rootcause.findings.audit import NEEDED
from rootcause.findings.trend import MIN_DATED, MIN_PERIODS
from rootcause.findings.values import Findings
from rootcause.models import Fate, LedgerRow, RankedCause, RunReport
from rootcause.report.clean import clean
from rootcause.report.headline import headline
from rootcause.report.mapdrawing import map_drawing
from rootcause.report.pareto import Pareto, pareto
from rootcause.report.paretolists import pareto_lists
from rootcause.report.saturationcurve import curve
from rootcause.report.ties import marks
from rootcause.report.trendpanels import panels
from rootcause.report.words import Words, words_for

LONGEST_TEXT = 1_000
LONGEST_QUOTE = 300
MOST_FAILURES = 200
MOST_OPEN = 8  # entries of a long list that are shown without being asked for; the rest is folded
MOST_TIED = 12  # causes named as tied with one: of hundreds of small causes each is tied with all the others
MOST_CARDS, MOST_CHANGES = 6, 6  # the same of whole causes, and of the changes that one cause's chains propose


def render(report: RunReport, findings: Findings) -> str:
    words = words_for(report.language)
    shown = report.model_copy(update={"ranking": findings.ranking})  # the corrected one after an audit
    chart = pareto(shown)
    drawn = map_drawing(findings.map, words)
    failures = [row for row in report.ledger if row.fate in (Fate.FAILED, Fate.SKIPPED)]
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=shown,
        findings=findings,
        w=words,
        chart=chart,
        ties=marks(findings.standings, len(chart.bars)),
        pareto_lists=pareto_lists(findings),
        panels=panels(findings.trend) if findings.trend else None,
        curve=curve(findings.saturation) if findings.saturation else None,
        map=drawn,
        headline=headline(findings, words),
        fates=_fates(report.ledger),
        failures=failures[:MOST_FAILURES],
        failures_left=len(failures) - MOST_FAILURES,
        titles=_titles(shown, words),
        teams=_teams(shown),
        ranked=_by_id(findings),
        standings={one.cause: one for one in findings.standings},
        costs={one.cause: one for one in findings.economy.worth} if findings.economy else {},
        trends={one.cause: one for one in findings.trend.causes} if findings.trend else {},
        by_model={one.cause.id: one for one in report.ranking.causes},
        sections=_sections(shown, findings, chart, has_map=drawn is not None),
        longest=LONGEST_TEXT,
        longest_quote=LONGEST_QUOTE,
        most_open=MOST_OPEN,
        most_cards=MOST_CARDS,
        most_changes=MOST_CHANGES,
        most_tied=MOST_TIED,
        needed=NEEDED,
        trend_needs={"rows": MIN_DATED, "periods": MIN_PERIODS},
    )


def _fates(ledger: tuple[LedgerRow, ...]) -> list[tuple[Fate, int]]:
    counts = Counter(row.fate for row in ledger)
    return [(fate, counts[fate]) for fate in Fate]


def _titles(report: RunReport, words: Words) -> Mapping[str | None, str]:
    """Each topic's title, or its id where it has none."""
    known = {use.topic: use.title for use in report.topics}
    topics = {row.topic for row in report.ledger} | {stratum.topic for stratum in report.sample.strata}
    topics |= {ranked.cause.topic for ranked in (*report.ranking.causes, *report.ranking.residue)}
    return {topic: known.get(topic) or topic or words("no_topic") for topic in topics}


def _teams(report: RunReport) -> Mapping[str, str]:
    """The name of each cause's team, where its topic's pack has one."""
    names = {(use.topic, team.id): team.name for use in report.topics for team in use.teams}
    causes = (one.cause for one in report.ranking.causes)
    return {cause.id: names[cause.topic, cause.team] for cause in causes if cause.team and (cause.topic, cause.team) in names}


def _by_id(findings: Findings) -> Mapping[str, RankedCause]:
    return {one.cause.id: one for one in (*findings.ranking.causes, *findings.ranking.residue)}


def _sections(report: RunReport, findings: Findings, chart: Pareto, *, has_map: bool) -> tuple[list[str], list[str]]:
    """The parts that this report has, in order: what was found, then how. Each has its title in the words and is an anchor."""
    found = ["chart", "portfolio", "pareto", "worth", "trend"] if chart.bars else []
    found += ["loud", *(["map"] if has_map else []), *(["causes"] if chart.bars else []), "residue"]
    saturation = ["saturation"] if findings.saturation else []
    notes = ["notes"] if report.notes else []
    return found, ["audit", "sample", *saturation, "topics", "ledger", "model", *notes]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rootcause.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = _short
    return environment


def _finalize(value: object) -> object:
    """Every value shown passes here, so that no control character reaches the page."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _short(text: str, longest: int, mark: str) -> str:
    """A very long text cut openly."""
    return text if len(text) <= longest else f"{text[:longest]}… {mark}"
