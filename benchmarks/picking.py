"""What the complaints that `fewshot draft` picks are worth, against as many at random: `python benchmarks/picking.py`.

In each pack 120 of the 172 labelled texts are taken as a file of complaints, ten times with different seeds; the rest are kept to
test with. 25 are picked and labelled, then 25 more with the first ones known. Causes: different labels among the picked.
Right: share of the test texts whose label the advisor's classifier gives after learning from the picked.

2026-11-22, mean of ten draws in each of the four packs:

| chosen | causes | right |
|---|---|---|
| 25 at random | 12.2 | 0.316 |
| 25 picked | 12.7 | 0.361 |
| 50 at random | 15.2 | 0.446 |
| 25 and 25 picked | 15.5 | 0.466 |
| 25 and 25 picked, where unsure | 15.5 | 0.477 |
"""

from __future__ import annotations

import random
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.fewshot.advise import Advisor, label_of
from rootcause.fewshot.load import available, load
from rootcause.fewshot.pick import pick, unsureness
from rootcause.models import Example

FEWSHOT = Path(__file__).parents[1] / "fewshot"
DRAWS = 10
POOL = 120
STEP = 25

Vectors = NDArray[np.float32]


def main() -> None:
    figures: dict[str, list[tuple[float, float]]] = {}
    for folder in available((FEWSHOT,)).values():
        pack = load(folder)
        examples = (*pack.examples, *pack.heldout)
        vectors = embed.encode([example.text for example in examples])
        for seed in range(DRAWS):
            order = random.Random(seed).sample(range(len(examples)), len(examples))
            pool, test = order[:POOL], order[POOL:]
            chance = random.Random(seed + 1000).sample(pool, 2 * STEP)
            first = [pool[i] for i in pick(vectors[pool], vectors[:0], STEP)]
            rest = [i for i in pool if i not in first]
            blind = [rest[i] for i in pick(vectors[rest], vectors[first], STEP)]
            advisor = Advisor([examples[i] for i in first], vectors[first])
            unsure = unsureness(advisor.probabilities([examples[i].text for i in rest], vectors[rest]))
            asked = [rest[i] for i in pick(vectors[rest], vectors[first], STEP, unsure)]
            ways = {
                "25 at random": chance[:STEP],
                "25 picked": first,
                "50 at random": chance,
                "25 and 25 picked": [*first, *blind],
                "25 and 25 picked, where unsure": [*first, *asked],
            }
            for name, chosen in ways.items():
                figures.setdefault(name, []).append(measures(examples, vectors, chosen, test))
    for name, rows in figures.items():
        causes, right = (mean(column) for column in zip(*rows, strict=True))
        print(f"{name:32} causes {causes:.1f}  right {right:.3f}")


def measures(examples: tuple[Example, ...], vectors: Vectors, chosen: list[int], test: list[int]) -> tuple[float, float]:
    advisor = Advisor([examples[i] for i in chosen], vectors[chosen])
    found = advisor.probabilities([examples[i].text for i in test], vectors[test]).argmax(axis=1)
    right = mean(advisor.labels[best] == label_of(examples[i]) for best, i in zip(found, test, strict=True))
    return len({label_of(examples[i]) for i in chosen}), right


if __name__ == "__main__":
    main()
