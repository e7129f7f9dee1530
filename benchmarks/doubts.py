"""How well `fewshot doubts` finds labels that were changed on purpose: `python benchmarks/doubts.py`.

In each pack 5 % of the examples are given another cause of the pack, at random, twenty times with different seeds.
Precision: share of changed ones among as many first of the list as were changed. Recall: share of the changed ones in the
first tenth. Suggestion: how often the label suggested for a changed one is the one it had. Chance: 5 % and 10 %.

2026-11-23, four packs of 132 examples, mean of twenty draws each:

| pack | ranking | precision | recall | suggestion |
|---|---|---|---|---|
| bank-cards | self-confidence | 0.64 | 0.86 | 0.74 |
| delivery | self-confidence | 0.53 | 0.72 | 0.72 |
| mobile-billing | self-confidence | 0.22 | 0.61 | 0.75 |
| subscription-access | self-confidence | 0.53 | 0.77 | 0.66 |
| all four | self-confidence | 0.48 | 0.74 | 0.72 |
| all four | normalised margin | 0.53 | 0.74 | 0.72 |

The packs' own labels count as right here, so that a doubt about one of them that is justified counts as a miss.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from statistics import mean

from rootcause.fewshot.advise import label_of
from rootcause.fewshot.doubts import FIRST, Doubt, doubts
from rootcause.fewshot.load import available, load
from rootcause.models import NEW_CAUSE, Example, Pack

FEWSHOT = Path(__file__).parents[1] / "fewshot"
SHARE = 0.05
SEEDS = range(20)

RANKINGS: dict[str, Callable[[Doubt], float]] = {
    "self-confidence": lambda doubt: doubt.confidence,
    "normalised margin": lambda doubt: doubt.confidence - doubt.likelier,
}


def main() -> None:
    whole: dict[str, list[tuple[float, float, float]]] = {}
    for topic, folder in available((FEWSHOT,)).items():
        pack = load(folder)
        figures: dict[str, list[tuple[float, float, float]]] = {}
        for seed in SEEDS:
            changed, before = corrupted(pack, seed)
            found = doubts(changed)
            for name, key in RANKINGS.items():
                figures.setdefault(name, []).append(measures(sorted(found, key=key), before))
        for name, rows in figures.items():
            print(f"{topic:22} {name:18} {_line(rows)}")
            whole.setdefault(name, []).extend(rows)
    for name, rows in whole.items():
        print(f"{'all four':22} {name:18} {_line(rows)}")


def corrupted(pack: Pack, seed: int) -> tuple[Pack, dict[str, str]]:
    """The pack with the first cause of some examples changed, and the labels that these had, by id."""
    rng = random.Random(seed)
    known = [example for example in pack.examples if label_of(example) != NEW_CAUSE]
    causes = [cause.id for cause in pack.topic.causes]
    chosen = [e.id for e in rng.sample([e for e in known if e.chains], round(SHARE * len(known)))]
    examples = tuple(_changed(e, rng, causes) if e.id in chosen else e for e in pack.examples)
    before = {example.id: label_of(example) for example in pack.examples if example.id in chosen}
    return pack.model_copy(update={"examples": examples}), before


def _changed(example: Example, rng: random.Random, causes: list[str]) -> Example:
    own = {chain.cause for chain in example.chains}
    first = example.chains[0].model_copy(update={"cause": rng.choice([cause for cause in causes if cause not in own])})
    return example.model_copy(update={"chains": (first, *example.chains[1:])})


def measures(found: list[Doubt], before: dict[str, str]) -> tuple[float, float, float]:
    """Precision, recall and the share of right suggestions."""
    ids = [doubt.example.id for doubt in found]
    first = sum(key in before for key in ids[: len(before)]) / len(before)
    tenth = sum(key in before for key in ids[: round(FIRST * len(ids))]) / len(before)
    right = [doubt.suggested == before[doubt.example.id] for doubt in found if doubt.example.id in before]
    return first, tenth, mean(right)


def _line(rows: list[tuple[float, float, float]]) -> str:
    precision, recall, right = (mean(column) for column in zip(*rows, strict=True))
    return f"precision {precision:.2f}  recall {recall:.2f}  suggestion {right:.2f}"


if __name__ == "__main__":
    main()
