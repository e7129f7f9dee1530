"""How strongly the advisor's classifier is held back: `python benchmarks/strength.py`.

For inverse strengths of the penalty from 0.1 to 30 (scikit-learn's C, 1 unless told otherwise), share of texts whose right
cause is the first, and among the first two: of the four packs' examples by cross-validation (five parts, three draws), and of
the rows of `examples/complaints.csv`, whose true causes are in `gold.csv`, after learning from all examples.

2026-11-23, 1,536 judgements of 512 examples, and 220 rows:

| C | examples: first | among two | rows: first | among two |
|---|---|---|---|---|
| 0.1 | 0.635 | 0.824 | 0.700 | 0.895 |
| 0.3 | 0.678 | 0.844 | 0.745 | 0.927 |
| 1 | 0.690 | 0.820 | 0.809 | 0.932 |
| 3 | 0.656 | 0.780 | 0.786 | 0.918 |
| 10 | 0.628 | 0.768 | 0.759 | 0.905 |
| 30 | 0.630 | 0.770 | 0.759 | 0.905 |
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from rootcause import embed
from rootcause.fewshot.advise import NOTHING, classifier, label_of
from rootcause.fewshot.crossval import Floats, coordinates, parted
from rootcause.fewshot.load import available, load
from rootcause.models import NEW_CAUSE

ROOT = Path(__file__).parents[1]
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
PARTS, DRAWS = 5, 3


def gold(topic: str, causes: set[str]) -> list[tuple[str, str]]:
    """The example's texts of the topic with their labels; without duplicates and causes that no classifier can know."""
    with (ROOT / "examples/complaints.csv").open(encoding="utf-8", newline="") as stream:
        texts = {row["ticket"]: row["message"] for row in csv.DictReader(stream)}
    with (ROOT / "examples/gold.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["topic"] == topic and "duplicate" not in row["note"]]
    labelled = [(texts[row["ticket"]], NOTHING if row["cause"].startswith(NOTHING) else row["cause"]) for row in rows]
    return [(text, label) for text, label in labelled if text.strip() and label in causes]


def hits(rows: Floats, labels: list[str], seen: np.ndarray, unseen: np.ndarray, strength: float) -> np.ndarray:
    """How many of the unseen have the right label first, and among the first two."""
    model = classifier().set_params(C=strength).fit(rows[seen], [labels[i] for i in seen])
    order = model.classes_[np.argsort(-model.predict_proba(rows[unseen]), axis=1)]
    truth = np.array([labels[i] for i in unseen])
    return np.array([np.sum((order[:, :most] == truth[:, None]).any(axis=1)) for most in (1, 2)])


def main() -> None:
    right = {(what, strength): np.zeros(2) for what in ("examples", "example file") for strength in STRENGTHS}
    asked = dict.fromkeys(("examples", "example file"), 0)
    for topic, folder in available((ROOT / "fewshot",)).items():
        known = [example for example in load(folder).examples if label_of(example) != NEW_CAUSE]
        texts, labels = [example.text for example in known], [label_of(example) for example in known]
        new = gold(topic, set(labels))
        everything = [*texts, *(text for text, _ in new)]
        rows = coordinates(everything, embed.encode(everything))
        labels += [label for _, label in new]
        learnt, met = np.arange(len(known)), np.arange(len(known), len(everything))
        asked["example file"] += len(met)
        asked["examples"] += len(known) * DRAWS
        for strength in STRENGTHS:
            right["example file", strength] += hits(rows, labels, learnt, met, strength)
            for draw in range(DRAWS):
                part = parted(labels[: len(known)], [example.id for example in known], PARTS, str(draw))
                for number in range(PARTS):
                    seen, unseen = learnt[part != number], learnt[part == number]
                    right["examples", strength] += hits(rows, labels, seen, unseen, strength)
    for (what, strength), found in right.items():
        first, two = found / asked[what]
        print(f"{what}, {strength:4}: first {first:.3f}, among two {two:.3f} of {asked[what]}")


if __name__ == "__main__":
    main()
