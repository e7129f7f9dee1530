"""What a sample of each size would tell and cost, before anything is spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rootcause.llm.prices import Price
from rootcause.models import Complaint, Frozen, TopicUse, Usage
from rootcause.sample import difference_of, draw, margin_of
from rootcause.text import fold

_SIZES = (30, 100, 200, 385, 1000, 2000, 5000)
RARE = 0.1  # the share whose margin and whose neighbour are shown beside that of one half


class Typical(NamedTuple):
    """A topic's text, on average. asked: the share of texts that need a call; prompt: tokens of its prompt."""

    asked: float
    prompt: float


class Sizing(Frozen):
    """A sample of so many rows. margin_half, margin_tenth: half-widths of the 95 % intervals of shares of 50 % and 10 %.

    difference: how much larger than 10 % a cause's share must be to be told apart from one of 10 %, with 80 % power at 5 %.
    calls: distinct texts that need one, as if none had been answered before; seconds: None where this model was never timed.
    """

    rows: int
    margin_half: float
    margin_tenth: float
    difference: float
    calls: int
    prompt_tokens: int
    answer_tokens: int
    price: float | None
    seconds: float | None


class Outlook(Frozen):
    """rows: of the frame. sizes: from small samples to the whole frame. exact: tokens are counted, not estimated."""

    rows: int
    uses: tuple[TopicUse, ...]
    sizes: tuple[Sizing, ...]
    exact: bool
    currency: str
    notes: tuple[str, ...]


def sizings(
    frame: Sequence[Complaint],
    topics: Mapping[str, str | None],
    *,
    seed: int,
    typical: Mapping[str | None, Typical],
    answer: int,
    price: Price | None,
    pace: float | None,
) -> tuple[Sizing, ...]:
    """Usual sizes below the frame's, and the whole frame.

    typical: by topic; answer: tokens of an answer; pace: seconds a call takes, divided by the calls in flight.
    """
    population = len(frame)
    found = []
    for n in (*(size for size in _SIZES if size < population), population):
        sample = draw(tuple(frame), dict(topics), n=n, seed=seed)
        texts = Counter(topic for topic, _ in {(topics[row.id], fold(row.text)) for row in sample.complaints})
        asked = {topic: typical[topic].asked * count for topic, count in texts.items()}
        calls = round(sum(asked.values()))
        tokens = round(sum(typical[topic].prompt * count for topic, count in asked.items()))
        found.append(
            Sizing(
                rows=n,
                margin_half=margin_of(n, population),
                margin_tenth=margin_of(n, population, RARE),
                difference=difference_of(n, population, RARE),
                calls=calls,
                prompt_tokens=tokens,
                answer_tokens=answer * calls,
                price=price.of(Usage(calls=calls, prompt=tokens, completion=answer * calls)) if price else None,
                seconds=pace * calls if pace is not None else None,
            )
        )
    return tuple(found)
