"""Doubtful labels: what was changed on purpose stands first, with the label that it had."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli import SHIPPED, rootcause
from made_pack import labelled, pack_on_disk, unlike

from rootcause import embed
from rootcause.fewshot.advise import Advisor, label_of
from rootcause.fewshot.crossval import coordinates, parted, probabilities
from rootcause.fewshot.doubts import doubts
from rootcause.fewshot.files import line_of
from rootcause.fewshot.load import load
from rootcause.models import Example, Pack


@pytest.fixture(scope="module", autouse=True)
def _each_text_once() -> Iterator[None]:
    """Embeddings of the same texts are computed once for all tests here."""
    encode, known = embed.encode, {}

    def remembered(texts: list[str]) -> Any:
        key = tuple(texts)
        if key not in known:
            known[key] = encode(texts)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embed, "encode", remembered)
        yield


@pytest.fixture(scope="module")
def delivery() -> Pack:
    return load(SHIPPED / "delivery")


def relabelled(example: Example, cause: str) -> Example:
    chains = tuple(chain.model_copy(update={"cause": cause}) for chain in example.chains[:1])
    return example.model_copy(update={"chains": chains})


@pytest.fixture(scope="module")
def sure(delivery: Pack) -> list[Example]:
    """Three examples of different causes whose labels nobody doubts."""
    found: dict[str, Example] = {}
    for doubt in reversed(doubts(delivery)):
        if doubt.label != "nothing" and len(doubt.example.chains) == 1:
            found.setdefault(doubt.label, doubt.example)
    return list(found.values())[:3]


@pytest.fixture(scope="module")
def spoilt(delivery: Pack, sure: list[Example]) -> Pack:
    """The pack with these three labels handed round."""
    other = {example.id: relabelled(example, sure[i - 1].label) for i, example in enumerate(sure)}
    return delivery.model_copy(update={"examples": tuple(other.get(example.id, example) for example in delivery.examples)})


def test_changed_labels_come_first_with_the_label_they_had(spoilt: Pack, sure: list[Example]) -> None:
    found = {doubt.example.id: (place, doubt) for place, doubt in enumerate(doubts(spoilt))}
    for example in sure:
        place, doubt = found[example.id]
        assert place < 0.1 * len(found)
        assert doubt.suggested == example.label and doubt.confidence < 0.1 < doubt.likelier


def test_order_of_lines_does_not_matter(spoilt: Pack) -> None:
    turned = spoilt.model_copy(update={"examples": tuple(reversed(spoilt.examples))})
    assert [(d.example.id, d.suggested) for d in doubts(turned)][:20] == [(d.example.id, d.suggested) for d in doubts(spoilt)][
        :20
    ]


def test_the_short_way_is_the_advisor(delivery: Pack) -> None:
    """Coordinates of the texts' own space give the probabilities that the advisor gives."""
    examples = [example for example in delivery.examples if label_of(example) != "new"]
    texts, vectors = [e.text for e in examples], embed.encode([e.text for e in examples])
    everyone = np.ones(len(examples), dtype=np.bool_)
    found, classes = probabilities(coordinates(texts, vectors), [label_of(e) for e in examples], everyone, everyone)
    advisor = Advisor(examples, vectors)
    assert classes == advisor.labels
    assert np.allclose(found, advisor.probabilities(texts, vectors), atol=1e-4)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    monkeypatch.setattr(embed, "encode", unlike)
    return pack_on_disk(tmp_path)


def test_what_cannot_be_judged_is_left_out(made: Pack) -> None:
    alone, unknown = labelled("post-a", "alone"), labelled("post-n", "new")
    found = doubts(made.model_copy(update={"examples": (*made.examples[:60], alone, unknown)}))
    assert {doubt.example.id for doubt in found} == {example.id for example in made.examples[:60]}
    assert doubts(made.model_copy(update={"examples": made.examples[:5]})) == (), "one cause is nothing to tell apart"
    assert doubts(made.model_copy(update={"examples": ()})) == ()


def test_the_other_causes_of_an_example_are_not_held_against_it(spoilt: Pack, sure: list[Example]) -> None:
    """The label that it had before is its second one now."""
    one = next(example for example in spoilt.examples if example.id == sure[0].id)
    both = one.model_copy(update={"chains": (*one.chains, *sure[0].chains)})
    pack = spoilt.model_copy(update={"examples": tuple(both if e.id == one.id else e for e in spoilt.examples)})
    doubt = next(doubt for doubt in doubts(pack) if doubt.example.id == one.id)
    alone = next(doubt for doubt in doubts(spoilt) if doubt.example.id == one.id)
    assert alone.suggested == sure[0].label and doubt.suggested not in (one.label, sure[0].label)
    assert doubt.confidence == pytest.approx(alone.confidence / (1 - alone.likelier)), "its second cause is left out of account"


def test_each_label_is_spread_over_the_parts() -> None:
    labels = ["a"] * 20 + ["b"] * 10 + ["c"] * 5
    ids = [f"e{i}" for i in range(35)]
    part = parted(labels, ids, 5, "seed")
    assert part.tolist() == parted(labels, ids, 5, "seed").tolist() != parted(labels, ids, 5, "other").tolist()
    for label, each in (("a", 4), ("b", 2), ("c", 1)):
        held = [int(p) for p, own in zip(part, labels, strict=True) if own == label]
        assert [held.count(p) for p in range(5)] == [each] * 5


def test_the_command_names_file_and_line(tmp_path: Path, spoilt: Pack, sure: list[Example]) -> None:
    folder = tmp_path / "fewshot/delivery"
    shutil.copytree(SHIPPED / "delivery", folder)
    (folder / "examples.jsonl").write_text("".join(f"{line_of(e)}\n" for e in spoilt.examples), encoding="utf-8")
    listed = rootcause(tmp_path, "fewshot", "doubts", "delivery", "--json").json
    assert len(listed) == 13, "a tenth of those that can be judged"
    row = next(row for row in listed if row["id"] == sure[0].id)
    lines = Path(row["file"]).read_text(encoding="utf-8").splitlines()
    assert f'"id": "{row["id"]}"' in lines[row["line"] - 1] and row["suggested"] == sure[0].label
    shown = rootcause(tmp_path, "fewshot", "doubts", "delivery", "--top", "2")
    assert shown.out.count("the others suggest") == 2 and "examples.jsonl:" in shown.out
    assert "2 of 128 examples, the most doubtful first; 4 cannot be judged" in shown.said
