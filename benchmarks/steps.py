"""Which likeness of two steps means that they say the same: `python benchmarks/steps.py`.

For each threshold: the share of pairs that reach it, of the roots of one cause (worded for different complaints), of the roots
of different causes, and of different steps of one chain, over the labelled chains of the four packs.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np

from rootcause import embed
from rootcause.fewshot.load import available, load

FEWSHOT = Path(__file__).parents[1] / "fewshot"


def main() -> None:
    same: list[float] = []
    other: list[float] = []
    within: list[float] = []
    for folder in available((FEWSHOT,)).values():
        pack = load(folder)
        known = {cause.id for cause in pack.topic.causes}
        examples = (*pack.examples, *pack.heldout)
        chains = [(example.id, chain) for example in examples for chain in example.chains]
        steps = sorted({step.cause for _, chain in chains for step in chain.steps})
        vectors = dict(zip(steps, embed.encode(steps), strict=True))

        def likeness(left: str, right: str, vectors: dict[str, np.ndarray] = vectors) -> float:
            return float(vectors[left] @ vectors[right])

        for (one, left), (two, right) in combinations(chains, 2):
            if one != two and left.root.cause != right.root.cause and {left.cause, right.cause} <= known:
                (same if left.cause == right.cause else other).append(likeness(left.root.cause, right.root.cause))
        for _, chain in chains:
            within.extend(likeness(left.cause, right.cause) for left, right in combinations(chain.steps, 2))
    print(f"{len(same)} pairs of roots of one cause, {len(other)} of different causes, {len(within)} of steps of one chain")
    for threshold in (0.35, 0.4, 0.45, 0.5, 0.55, 0.6):
        shares = [np.mean([value >= threshold for value in values]) for values in (same, other, within)]
        print(f"{threshold}: {shares[0]:.3f} {shares[1]:.3f} {shares[2]:.3f}")


if __name__ == "__main__":
    main()
