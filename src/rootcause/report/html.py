"""The report as one HTML file: it needs no network, no script and no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rootcause.models import Fate, LedgerRow, RunReport
from rootcause.report.clean import clean
from rootcause.report.headline import headline
from rootcause.report.pareto import Pareto, pareto
from rootcause.report.words import Words, words_for

LONGEST_TEXT = 1_000
MOST_FAILURES = 200


def render(report: RunReport) -> str:
    words, chart = words_for(report.language), pareto(report)
    failures = [row for row in report.ledger if row.fate in (Fate.FAILED, Fate.SKIPPED)]
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        w=words,
        chart=chart,
        headline=headline(report, words),
        fates=_fates(report.ledger),
        failures=failures[:MOST_FAILURES],
        failures_left=len(failures) - MOST_FAILURES,
        titles=_titles(report, words),
        sections=_sections(report, chart),
        longest=LONGEST_TEXT,
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


def _sections(report: RunReport, chart: Pareto) -> list[str]:
    """The parts that this report has, in order; each has its title in the words and is an anchor."""
    causes = ["chart", "causes"] if chart.bars else []
    notes = ["notes"] if report.notes else []
    return [*causes, "residue", "topics", "sample", "ledger", "model", *notes]


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
