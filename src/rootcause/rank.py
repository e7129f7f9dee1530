"""From merged causes to a ranking: shares of the population with intervals, quotes and countermeasures.

The formulas are in `estimate`. A cause belongs to one topic, so it cannot occur in the strata of others.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rootcause.estimate import effective_n, shares
from rootcause.models import (
    Basis,
    Cause,
    Chain,
    Countermeasure,
    Outcome,
    Quote,
    RankedCause,
    Ranking,
    Sample,
)
from rootcause.text import fold

QUOTES = 3
_GOOD_QUOTE = 120  # letters; a longer quote tells no more and fills the page


def rank(causes: Sequence[Cause], outcomes: Sequence[Outcome], sample: Sample) -> Ranking:
    """The ranking of the causes over the rows of all topics that have an analysed one."""
    answered = [outcome for outcome in outcomes if outcome.answer is not None]
    place = {stratum.topic: number for number, stratum in enumerate(sample.strata)}
    populations = [stratum.population for stratum in sample.strata]
    analysed = [0] * len(place)
    for outcome in answered:
        analysed[place[outcome.topic]] += len(outcome.rows)
    weights = [population / rows if rows else 0.0 for population, rows in zip(populations, analysed, strict=True)]
    base = sum(analysed)
    reached = sum(population for population, rows in zip(populations, analysed, strict=True) if rows)
    n = effective_n([weights[place[outcome.topic]] for outcome in answered for _ in outcome.rows], reached)
    by_key = {outcome.key: outcome for outcome in answered}
    rows_of = [_rows(cause, by_key) for cause in causes]
    hits = np.zeros((len(causes), len(place)))
    for number, rows in enumerate(rows_of):
        for topic in rows.values():
            hits[number, place[topic]] += 1
    possible = np.array([[stratum.topic == cause.topic for stratum in sample.strata] for cause in causes], dtype=bool)
    ends = zip(*(found.tolist() for found in shares(hits, analysed, populations, possible.reshape(hits.shape))), strict=True)
    weighted = (hits @ np.array(weights)).tolist()
    ranked = [
        _ranked(cause, by_key, tuple(rows), stands_for, interval)
        for cause, rows, stands_for, interval in zip(causes, rows_of, weighted, ends, strict=True)
    ]
    ranked.sort(key=lambda r: (-r.weighted, -r.complaints, r.cause.id))
    main = [r for r in ranked if not r.cause.residue]
    rest = [r for r in ranked if r.cause.residue]
    explained = sum(len(outcome.rows) for outcome in answered if outcome.answer and outcome.answer.chains)
    return Ranking(
        population=reached,
        base=base,
        explained=explained,
        nothing=base - explained,
        effective_n=n if math.isfinite(n) else float(base),
        causes=tuple(r.model_copy(update={"rank": place}) for place, r in enumerate(main, start=1)),
        residue=tuple(r.model_copy(update={"rank": place}) for place, r in enumerate(rest, start=len(main) + 1)),
    )


def _rows(cause: Cause, outcomes: Mapping[str, Outcome]) -> dict[str, str | None]:
    """The cause's rows by id, each once, with their topic."""
    return {row.id: outcomes[one.outcome].topic for one in cause.chains for row in outcomes[one.outcome].rows}


def _ranked(
    cause: Cause, outcomes: Mapping[str, Outcome], rows: tuple[str, ...], weighted: float, interval: tuple[float, float, float]
) -> RankedCause:
    chains = [(outcomes[reference.outcome], _chain(outcomes[reference.outcome], reference.index)) for reference in cause.chains]
    share, low, high = interval
    outcome, typical = min(chains, key=lambda pair: (-_stated(pair[1]), abs(len(pair[1].steps) - 5), pair[0].key))
    return RankedCause(
        rank=0,
        cause=cause,
        complaints=len(rows),
        weighted=weighted,
        share=share,
        low=low,
        high=high,
        quotes=_quotes(chains),
        countermeasures=_countermeasures([chain for _, chain in chains]),
        typical=typical,
        typical_row=outcome.key,
        row_ids=rows,
    )


def _chain(outcome: Outcome, index: int) -> Chain:
    assert outcome.answer is not None, "only answered outcomes have chains"
    return outcome.answer.chains[index]


def _stated(chain: Chain) -> int:
    return sum(step.basis is Basis.STATED for step in chain.steps)


def _quotes(chains: Sequence[tuple[Outcome, Chain]]) -> tuple[Quote, ...]:
    """The most telling quote of each complaint, the best three: as long as a line, one complaint each."""
    best: dict[str, str] = {}
    for outcome, chain in chains:
        said = [step.evidence for step in chain.steps if step.basis is Basis.STATED and step.evidence]
        if said:
            best.setdefault(outcome.key, min(said, key=lambda quote: (abs(len(quote) - _GOOD_QUOTE), quote)))
    order = sorted(best, key=lambda key: (abs(len(best[key]) - _GOOD_QUOTE), key))
    return tuple(Quote(row_id=key, text=best[key]) for key in order[:QUOTES])


def _countermeasures(chains: Sequence[Chain]) -> tuple[Countermeasure, ...]:
    """Every change the chains propose, by level; equal ones counted together under their most common wording."""
    counts: Counter[tuple[int, str]] = Counter()
    wording: dict[tuple[int, str], Counter[str]] = {}
    for chain in chains:
        for level, step in enumerate(chain.steps, start=1):
            if step.countermeasure:
                key = (level, fold(step.countermeasure).rstrip("."))
                counts[key] += 1
                wording.setdefault(key, Counter())[step.countermeasure] += 1
    return tuple(
        Countermeasure(level=key[0], text=min(wording[key], key=lambda text: (-wording[key][text], text)), count=counts[key])
        for key in sorted(counts, key=lambda key: (key[0], -counts[key], key[1]))
    )
