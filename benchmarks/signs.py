"""How often the lexicon of signs is right, and how much it finds: `python benchmarks/signs.py`.

Precision: share of the rows it gives a sign of a kind that a person gave the same kind. Recall: share of the rows that a
person gave the kind. The phrases were found on the packs' examples; their held-out cases and the rows of
examples/complaints.csv that its gold file calls severe were looked at once, after that.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from rootcause.fewshot.load import available, load
from rootcause.models import SignKind
from rootcause.signs import told

ROOT = Path(__file__).parents[1]
SEVERE = {"leaving": SignKind.LEAVING, "authority": SignKind.REGULATOR, "press": SignKind.PRESS, "health": SignKind.HARM}

Labelled = tuple[str, frozenset[SignKind]]


def main() -> None:
    packs = [load(folder) for folder in available((ROOT / "fewshot",)).values()]
    for name, of in (("examples", "examples"), ("held-out cases", "heldout")):
        for language in sorted({pack.topic.language for pack in packs}):
            rows = [
                (example.text, frozenset(sign.kind for sign in example.signs))
                for pack in packs
                if pack.topic.language == language
                for example in getattr(pack, of)
            ]
            show(f"{name}, {language}", rows, SignKind)
    show("examples/complaints.csv", list(severe_rows()), SEVERE.values())


def severe_rows() -> Iterator[Labelled]:
    with (ROOT / "examples/gold.csv").open(encoding="utf-8", newline="") as stream:
        notes = {row["ticket"]: row["note"] for row in csv.DictReader(stream)}
    with (ROOT / "examples/complaints.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            said = next((note for note in notes[row["ticket"]].split("; ") if note.startswith("severe: ")), "")
            kinds = said.removeprefix("severe: ").split(", ") if said else []
            yield row["message"], frozenset(SEVERE[kind] for kind in kinds)


def show(title: str, rows: list[Labelled], kinds: Iterable[SignKind]) -> None:
    print(f"{title}: {len(rows)} rows")
    found = [(frozenset(sign.kind for sign in told(text)), truth) for text, truth in rows]
    for kind in kinds:
        given = sum(kind in mine for mine, _ in found)
        right = sum(kind in mine and kind in truth for mine, truth in found)
        there = sum(kind in truth for _, truth in found)
        precision, recall = (f"{right / total:.2f}" if total else "–" for total in (given, there))
        print(f"  {kind.value:9}  labelled {there:3}  found {given:3}  right {right:3}  precision {precision}  recall {recall}")


if __name__ == "__main__":
    main()
