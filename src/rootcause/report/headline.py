"""The finding in one sentence."""

from __future__ import annotations

from rootcause.models import RunReport
from rootcause.report.clean import clean
from rootcause.report.words import Words


def headline(report: RunReport, words: Words) -> str:
    """The largest cause, its share with interval, and how many complaints stand behind it."""
    ranking = report.ranking
    if not ranking.causes:
        if ranking.residue:
            return words("headline_residue", count=len(ranking.residue))
        return words("headline_none", count=ranking.base)
    first = ranking.causes[0]
    return words(
        "headline",
        count=ranking.base,
        name=clean(first.cause.name).strip().rstrip("."),
        share=words.percent(first.share),
        interval=words.interval(first.low, first.high),
        found=first.complaints,
    )
