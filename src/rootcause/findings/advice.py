"""What the reader can do to make a ranking firmer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from rootcause.findings.values import Standing
from rootcause.models import RunReport

_NEIGHBOURS = 3  # pairs of the largest causes

_SENTENCES = {
    "en": {
        "open": "causes {place} and {next} cannot be told apart on {rows} rows: {enough}",
        "equal": "equally many have them, so no number of rows can be named that would",
        "all": "only all {population} rows would do: --all",
        "some": "about {rounded} would do: --sample {rounded}",
    },
    "ru": {
        "open": "причины {place} и {next} на {rows} строках неразличимы: {enough}",
        "equal": "они встречаются одинаково часто, и сколько строк их различит, сказать нельзя",
        "all": "хватит только всех строк ({population}): --all",
        "some": "хватит примерно {rounded}: --sample {rounded}",
    },
}


def next_steps(report: RunReport, standings: Sequence[Standing]) -> tuple[str, ...]:
    """How many rows would tell apart the first two of the largest causes that are tied; nothing where none are.

    In Russian for a Russian report, else in English.
    """
    say = _SENTENCES.get(report.language, _SENTENCES["en"])
    population, rows = report.ranking.population, report.ranking.base
    if rows >= population:
        return ()
    for place, (above, below) in enumerate(pairwise(standings[: _NEIGHBOURS + 1]), start=1):
        if below.cause in above.tied:
            enough = _enough(above.rows_to_separate, population, say)
            return (say["open"].format(place=place, next=place + 1, rows=rows, enough=enough),)
    return ()


def _enough(rows: int | None, population: int, say: Mapping[str, str]) -> str:
    if rows is None:
        return say["equal"]
    rounded = math.ceil(rows / 10) * 10
    if rounded >= population:
        return say["all"].format(population=population)
    return say["some"].format(rounded=rounded)
