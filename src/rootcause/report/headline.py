"""The finding in one sentence, and whether it is firm."""

from __future__ import annotations

from rootcause.findings.values import Findings
from rootcause.models import RankedCause
from rootcause.report.clean import clean
from rootcause.report.words import Words


def headline(findings: Findings, words: Words) -> str:
    """The largest cause, its share with interval, how many complaints stand behind it, and whether others may be larger."""
    ranking = findings.ranking
    if not ranking.causes:
        if ranking.residue:
            return words("headline_residue", count=len(ranking.residue))
        return words("headline_none", count=ranking.base)
    first = ranking.causes[0]
    found = words(
        "headline",
        count=ranking.base,
        name=clean(first.cause.name).strip().rstrip("."),
        share=_share(first, words),
        found=first.complaints,
    )
    standing = findings.standing(first.cause.id)
    if not standing.tied:
        return found
    return f"{found} {words('headline_tied', count=len(standing.tied), chance=words.chance(standing.first))}"


def _share(first: RankedCause, words: Words) -> str:
    """With its interval where there is one: a census has no sampling error, and a width of nothing would look like certainty."""
    share = words.percent(first.share)
    if first.low == first.high:
        return words("headline_share", share=share)
    return words("headline_estimate", share=share, interval=words.interval(first.low, first.high))


def audited(findings: Findings, words: Words) -> str:
    """In a few words whether a person has checked the figures: what every output says."""
    if findings.audit and findings.audit.enough:
        return words("audited_title", count=findings.audit.labelled)
    return words("estimated_title")
