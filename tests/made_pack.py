"""A healthy topic pack made of random English: no text is like another, every chain keeps the rules."""

from __future__ import annotations

import datetime as dt
import random
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from rootcause.fewshot.files import line_of
from rootcause.fewshot.load import load
from rootcause.models import Basis, CatalogueCause, Chain, Effort, Example, Pack, Step, Team, Topic

COUNTS = {"late": (24, 8), "lost": (18, 6), "cold": (14, 4), "rude": (16, 4), "fees": (14, 4), "shut": (14, 4)}
ENGLISH = (
    "because the parcel which should have arrived on that morning was still with their driver and nobody could tell me when "
    "it would finally come although we had waited for hours at home with our children before calling again about money they "
    "owed us since another shop around corner sells same bread much cheaper than this website where every button leads "
    "nowhere after paying twice last week my neighbour received his letter without any stamp from office people there were "
    "friendly however kitchen table broke during dinner while grandmother watched television under warm blanket"
)
WORDS = ENGLISH.split()


def phrase(rng: random.Random, length: int) -> str:
    return " ".join(rng.choices(WORDS, k=length))


def labelled(name: str, cause: str) -> Example:
    rng = random.Random(name)
    text = phrase(rng, 150 if rng.random() < 0.3 else 55)
    quote = " ".join(text.split()[5:10])
    steps = (
        Step(cause=f"First {phrase(rng, 9)}.", basis=Basis.STATED, evidence=quote, countermeasure="Say so."),
        Step(cause=f"Then {phrase(rng, 9)}.", basis=Basis.INFERRED, evidence=None, countermeasure=None),
        Step(cause=f"So {phrase(rng, 9)}.", basis=Basis.INFERRED, evidence=None, countermeasure="Change it."),
    )
    chains = (Chain(steps=steps, cause=cause),)
    return Example(id=name, date=dt.date(2026, 1, 1), text=text, nothing_to_explain=None, chains=chains)


def catalogue() -> tuple[CatalogueCause, ...]:
    return tuple(
        CatalogueCause(
            id=name,
            name=f"{phrase(random.Random(name), 8)}.",
            team="desk",
            countermeasure="Mend it.",
            effort=Effort.S,
            controllable=True,
        )
        for name in COUNTS
    )


def pack_on_disk(root: Path) -> Pack:
    """100 examples and 30 held-out cases, loaded. Line 2 of the examples is blank."""
    folder = root / "post"
    folder.mkdir()
    topic = Topic(
        id="post",
        title="Post",
        language="en",
        company="Post",
        context=phrase(random.Random(1), 60),
        teams=(Team(id="desk", name="Desk"),),
        causes=catalogue(),
    )
    (folder / "topic.yaml").write_text(yaml.safe_dump(topic.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    for place, (kind, letter) in enumerate((("examples", "e"), ("heldout", "h"))):
        ids = [(f"post-{letter}-{cause}-{i}", cause) for cause, counts in COUNTS.items() for i in range(counts[place])]
        rows = [line_of(labelled(name, cause)) for name, cause in ids]
        (folder / f"{kind}.jsonl").write_text("\n".join([rows[0], "", *rows[1:]]) + "\n", encoding="utf-8")
    return load(folder)


def unlike(texts: list[str]) -> Any:
    """Stands in for the embedding model: unit vectors that say nothing, equal for equal texts."""
    rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=64) for text in texts]
    return np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32).reshape(len(texts), 64)
