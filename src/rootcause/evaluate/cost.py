"""What a labelled set costs in every prompt: tokens and money for one complaint, with it and without."""

from __future__ import annotations

from statistics import fmean

from rootcause import embed
from rootcause.fewshot.select import ShotKind, Shots
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.prices import Price
from rootcause.llm.tokens import Counter
from rootcause.models import Frozen, Pack, Usage
from rootcause.prompt import Prompts
from rootcause.teach import Teacher, TooLong


class PromptCost(Frozen):
    """One way of teaching, for one complaint. tokens: of the whole prompt on average; stable: those that are the same for
    all complaints, which a provider's cache can hold. price, cached_price: of the prompt alone, before and after it is in
    that cache; None where no price is known."""

    shots: str
    tokens: float
    stable: int
    price: float | None
    cached_price: float | None


class SetCost(Frozen):
    """taught: with the set; bare: the same prompt without examples. free: nothing is charged.

    exact: counted with the model's own vocabulary. complaints: labelled texts that the averages are over; too_long: those
    that do not fit the model's context. note: why not all examples are shown.
    """

    model: str
    free: bool
    exact: bool
    currency: str
    complaints: int
    too_long: int
    taught: PromptCost
    bare: PromptCost
    note: str | None


def set_cost(pack: Pack, shots: Shots, prompts: Prompts, endpoint: Endpoint, price: Price | None, *, seed: int) -> SetCost | None:
    """Over the held-out cases, or over the examples where there are none; None for an empty pack. Nothing is asked."""
    cases = pack.heldout or pack.examples
    if not cases:
        return None
    counter = Counter(endpoint.model, network=not endpoint.on_this_machine)
    vectors = embed.encode([case.text for case in cases])
    costs, note, fitting = [], None, 0
    for way in (shots, Shots(kind=ShotKind.NONE)):
        teacher = Teacher(pack, way, prompts, counter, endpoint, seed=seed, language=None)
        tokens = []
        for case, vector in zip(cases, vectors, strict=True):
            try:
                tokens.append(teacher.lesson(case.text, vector).tokens)
            except TooLong:
                continue
        if not tokens:
            return None
        if way == shots:
            note, fitting = teacher.note, len(tokens)
        costs.append(_cost(way, fmean(tokens), counter.count(teacher.system), price))
    return SetCost(
        model=endpoint.model,
        free=endpoint.on_this_machine,
        exact=counter.exact,
        currency=price.currency if price else "",
        complaints=fitting,
        too_long=len(cases) - fitting,
        taught=costs[0],
        bare=costs[1],
        note=note,
    )


def _cost(shots: Shots, tokens: float, stable: int, price: Price | None) -> PromptCost:
    whole = round(tokens)

    def money(cached: int) -> float | None:
        return price.of(Usage(calls=1, prompt=whole, cached=cached)) if price else None

    return PromptCost(shots=str(shots), tokens=tokens, stable=stable, price=money(0), cached_price=money(min(stable, whole)))
