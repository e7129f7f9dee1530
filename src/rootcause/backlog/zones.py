"""Zones of responsibility: what each team's causes cost, whether or not they make an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rootcause.backlog.items import Shares
from rootcause.backlog.values import Item
from rootcause.errors import SettingsError
from rootcause.findings.values import Estimate, Findings
from rootcause.models import Frozen, RankedCause, RunReport


class Zone(Frozen):
    """A team's own share of complaints. cost: of its causes a month, where known; items: how many of the backlog it owns.

    team, name: as in the catalogue, None for what no team owns. complaints: sampled rows.
    """

    team: str | None
    name: str | None
    topics: tuple[str | None, ...]
    causes: tuple[RankedCause, ...]
    complaints: int
    share: Estimate
    cost: Estimate | None
    items: int

    @property
    def title(self) -> str | None:
        return self.name or self.team


def zones(
    report: RunReport, findings: Findings, items: Sequence[Item], *, teams: Mapping[tuple[str | None, str], str] = {}
) -> tuple[Zone, ...]:
    """A zone for each team with causes or items, the largest share first; causes outside the company's control are nobody's.

    Teams of two topics are one where id and name are the same. teams: names by topic and id.
    """
    ranking = findings.ranking
    owned: dict[tuple[str | None, str | None], list[RankedCause]] = {}
    for one in (*ranking.causes, *ranking.residue):
        if one.cause.controllable:
            owned.setdefault(_owner(one.cause.topic, one.cause.team, teams), []).append(one)
    for item in items:
        owned.setdefault((item.team, item.team_name), [])
    shares = Shares(report)
    found = [_zone(owner, causes, items, findings, shares) for owner, causes in owned.items()]
    return tuple(sorted(found, key=lambda zone: (zone.team is None, -zone.share.value, zone.team or "", zone.name or "")))


def chosen(found: Sequence[Zone], wanted: str) -> Zone:
    """The zone of the team of this id or name. Raises SettingsError that lists the teams where there is none or several."""
    named = wanted.casefold()
    hits = [zone for zone in found if named in ((zone.team or "").casefold(), (zone.name or "").casefold())]
    if len(hits) == 1 and hits[0].team is not None:
        return hits[0]
    known = ", ".join(f"{zone.team} ({zone.name})" if zone.name else zone.team for zone in found if zone.team)
    what = "several teams are called" if len(hits) > 1 else "the run has no team"
    raise SettingsError(f"{what} '{wanted}'; name one of them by its full name: {known or 'there is none'}")


def owns(zone: Zone, item: Item) -> bool:
    return (item.team, item.team_name) == (zone.team, zone.name)


def _owner(topic: str | None, team: str | None, teams: Mapping[tuple[str | None, str], str]) -> tuple[str | None, str | None]:
    return (team, teams.get((topic, team))) if team else (None, None)


def _zone(
    owner: tuple[str | None, str | None], causes: Sequence[RankedCause], items: Sequence[Item], findings: Findings, shares: Shares
) -> Zone:
    rows = {row for one in causes for row in one.row_ids}
    ids = {one.cause.id for one in causes}
    worth = [one.cost for one in findings.economy.worth if one.cause in ids] if findings.economy else []
    return Zone(
        team=owner[0],
        name=owner[1],
        topics=tuple(sorted({one.cause.topic for one in causes}, key=lambda topic: topic or "")),
        causes=tuple(sorted(causes, key=lambda one: (-one.share, one.cause.id))),
        complaints=len(rows),
        share=shares.of(rows),
        cost=Estimate(
            value=sum(one.value for one in worth), low=sum(one.low for one in worth), high=sum(one.high for one in worth)
        )
        if worth
        else None,
        items=sum((item.team, item.team_name) == owner for item in items),
    )
