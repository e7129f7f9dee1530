"""What a labelled set covers: its causes, lengths, languages and ages, and how near its examples are to other texts.

Likeness of two texts is the cosine of their embeddings. A text counts as far from the set when its nearest example is less
like it than FAR of the examples find the nearest of the others: the set is its own yardstick, and of texts from the same
source about FAR lie beyond it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.estimate import wilson
from rootcause.fewshot.advise import label_of
from rootcause.fewshot.check import MIN_PER_CAUSE
from rootcause.models import Example, Frozen, Pack
from rootcause.text import language

FAR = 0.05
_FARTHEST = 5
_QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


class CauseCount(Frozen):
    """examples, heldout: labelled texts with a chain of the cause. main: examples whose first chain it is; share: of all.

    thin: too few examples teach it, by the rule of `fewshot check`; a label outside the catalogue is never thin.
    """

    cause: str
    name: str
    examples: int
    main: int
    share: float
    heldout: int
    thin: bool


class Lengths(Frozen):
    """Characters of a text."""

    shortest: int
    low_quarter: int
    median: int
    high_quarter: int
    longest: int


class Ages(Frozen):
    """oldest, newest: dates; median_days: before today; quarters: examples by quarter, such as "2026-Q1"."""

    oldest: dt.date
    newest: dt.date
    median_days: int
    quarters: tuple[tuple[str, int], ...]


class Reach(Frozen):
    """How near the examples are to some texts. far: texts whose nearest example is less like them than `threshold`.

    low, high: 95 % interval of the share that is far. median: likeness of the nearest example. farthest: ids with their
    likeness, the farthest first.
    """

    texts: int
    threshold: float
    far: int
    low: float
    high: float
    median: float
    farthest: tuple[tuple[str, float], ...]

    @property
    def share(self) -> float:
        return self.far / self.texts


class Stats(Frozen):
    """languages: examples by the code told from the text, None where it is too short to tell."""

    topic: str
    title: str
    examples: int
    heldout: int
    causes: tuple[CauseCount, ...]
    lengths: Lengths | None
    languages: tuple[tuple[str | None, int], ...]
    ages: Ages | None
    heldout_reach: Reach | None
    unlabelled_reach: Reach | None

    @property
    def thin(self) -> tuple[CauseCount, ...]:
        return tuple(cause for cause in self.causes if cause.thin)


def stats(pack: Pack, *, today: dt.date, unlabelled: Sequence[tuple[str, str]] = ()) -> Stats:
    """Everything about the pack. unlabelled: ids and texts of complaints that the examples should cover."""
    vectors = embed.encode([example.text for example in pack.examples])
    told = Counter(language(example.text) for example in pack.examples)
    return Stats(
        topic=pack.topic.id,
        title=pack.topic.title,
        examples=len(pack.examples),
        heldout=len(pack.heldout),
        causes=_causes(pack),
        lengths=_lengths(pack.examples),
        languages=tuple(sorted(told.items(), key=lambda item: (-item[1], item[0] or ""))),
        ages=_ages(pack.examples, today),
        heldout_reach=reach(vectors, [(case.id, case.text) for case in pack.heldout]),
        unlabelled_reach=reach(vectors, unlabelled),
    )


def reach(examples: NDArray[np.float32], texts: Sequence[tuple[str, str]]) -> Reach | None:
    """How near the examples are to the texts (ids and texts); None without texts or with fewer than two examples.

    examples: unit rows, shape (examples, d).
    """
    if not texts or len(examples) < 2:
        return None
    among = examples @ examples.T
    np.fill_diagonal(among, -1.0)
    threshold = float(np.quantile(among.max(axis=1), FAR))
    nearest = (embed.encode([text for _, text in texts]) @ examples.T).max(axis=1)
    far = int((nearest < threshold).sum())
    low, high = wilson(far / len(texts), len(texts))
    order = sorted(range(len(texts)), key=lambda i: (float(nearest[i]), texts[i][0]))[:_FARTHEST]
    return Reach(
        texts=len(texts),
        threshold=threshold,
        far=far,
        low=low,
        high=high,
        median=float(np.median(nearest)),
        farthest=tuple((texts[i][0], float(nearest[i])) for i in order),
    )


def _causes(pack: Pack) -> tuple[CauseCount, ...]:
    """The catalogue's causes, then the labels outside it that occur; the most frequent first."""
    names = {cause.id: cause.name for cause in pack.topic.causes}
    anywhere, held = (Counter(cause for example in part for cause in _labels(example)) for part in (pack.examples, pack.heldout))
    main = Counter(label_of(example) for example in pack.examples)
    counts = [
        CauseCount(
            cause=cause,
            name=names.get(cause, ""),
            examples=anywhere[cause],
            main=main[cause],
            share=main[cause] / len(pack.examples) if pack.examples else 0.0,
            heldout=held[cause],
            thin=cause in names and anywhere[cause] < MIN_PER_CAUSE,
        )
        for cause in {**names, **anywhere, **held}
    ]
    return tuple(sorted(counts, key=lambda count: (count.cause not in names, -count.examples, count.cause)))


def _labels(example: Example) -> set[str]:
    return {chain.cause for chain in example.chains} or {label_of(example)}


def _lengths(examples: Sequence[Example]) -> Lengths | None:
    if not examples:
        return None
    found = np.quantile([len(example.text) for example in examples], _QUARTILES)
    shortest, low, median, high, longest = (round(float(value)) for value in found)
    return Lengths(shortest=shortest, low_quarter=low, median=median, high_quarter=high, longest=longest)


def _ages(examples: Sequence[Example], today: dt.date) -> Ages | None:
    if not examples:
        return None
    dates = [example.date for example in examples]
    quarters = Counter(f"{date.year}-Q{(date.month + 2) // 3}" for date in dates)
    return Ages(
        oldest=min(dates),
        newest=max(dates),
        median_days=round(float(np.median([(today - date).days for date in dates]))),
        quarters=tuple(sorted(quarters.items())),
    )
