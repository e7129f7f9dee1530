"""From merged causes to a ranking: weighted shares of the population with intervals. All arithmetic is here.

A cause's share is the Hajek estimate Σw·y / Σw over the analysed rows (Särndal, Swensson, Wretman, Model
Assisted Survey Sampling, 5.7). Its interval is Wilson's (1927) with the effective sample size of unequal
weights, (Σw)² / Σw² (Kish 1965), divided by one minus the sampled fraction (finite population correction).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

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
from rootcause.sample import Z95
from rootcause.text import fold

QUOTES = 3
_GOOD_QUOTE = 120  # letters; a longer quote tells no more and fills the page


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share seen in n (effective) observations; the share itself for infinite n."""
    if math.isinf(n):
        return share, share
    if n <= 0:
        return 0.0, 1.0
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def effective_n(weights: Sequence[float], population: int) -> float:
    """Observations of equal weight, drawn with replacement, that would tell as much; infinite for a census."""
    if not any(weights):
        return 0.0
    kish = math.fsum(weights) ** 2 / math.fsum(weight**2 for weight in weights)
    left = 1 - len(weights) / population
    return kish / left if left > 1e-12 else math.inf


def rank(causes: Sequence[Cause], outcomes: Sequence[Outcome], sample: Sample) -> Ranking:
    """The ranking of the causes over the population that the sample stands for."""
    weights = {row.id: sample.weight_of(outcome.topic) for outcome in outcomes for row in outcome.rows}
    answered = [outcome for outcome in outcomes if outcome.answer is not None]
    base = [row.id for outcome in answered for row in outcome.rows]
    population = sum(stratum.population for stratum in sample.strata)
    total = math.fsum(weights[row] for row in base)
    n = effective_n([weights[row] for row in base], population)
    by_key = {outcome.key: outcome for outcome in answered}
    ranked = [_ranked(cause, by_key, weights, total, n) for cause in causes]
    ranked.sort(key=lambda r: (-r.weighted, -r.complaints, r.cause.id))
    main = [r for r in ranked if not r.cause.residue]
    rest = [r for r in ranked if r.cause.residue]
    explained = sum(len(outcome.rows) for outcome in answered if outcome.answer and outcome.answer.chains)
    return Ranking(
        population=population,
        base=len(base),
        explained=explained,
        nothing=len(base) - explained,
        effective_n=n if math.isfinite(n) else float(len(base)),
        causes=tuple(r.model_copy(update={"rank": place}) for place, r in enumerate(main, start=1)),
        residue=tuple(r.model_copy(update={"rank": place}) for place, r in enumerate(rest, start=len(main) + 1)),
    )


def _ranked(cause: Cause, outcomes: Mapping[str, Outcome], weights: Mapping[str, float], total: float, n: float) -> RankedCause:
    chains = [(outcomes[reference.outcome], _chain(outcomes[reference.outcome], reference.index)) for reference in cause.chains]
    rows = tuple(dict.fromkeys(row.id for outcome, _ in chains for row in outcome.rows))
    weighted = math.fsum(weights[row] for row in rows)  # fsum: the same to the last digit in any order of rows
    share = weighted / total if total else 0.0
    low, high = wilson(share, n)
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
