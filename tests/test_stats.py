"""`fewshot stats`: what a set covers, where it is thin, how near it is to other texts, and what it costs."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from bench import SEED, cut, here, small
from cli import table
from pydantic import SecretStr

from rootcause import embed
from rootcause.evaluate.cost import set_cost
from rootcause.fewshot.advise import label_of
from rootcause.fewshot.select import Shots
from rootcause.fewshot.stats import FAR, reach, stats
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.prices import Price
from rootcause.llm.tokens import Counter as Tokens
from rootcause.models import Pack, Usage
from rootcause.prompt import Prompts
from rootcause.resources import folders

TODAY = dt.date(2026, 11, 22)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return small(tmp_path_factory.mktemp("packs"))


def test_everything_is_counted_once(pack: Pack) -> None:
    found = stats(pack, today=TODAY)
    rows = {cause.cause: cause for cause in found.causes}
    assert set(rows) >= {cause.id for cause in pack.topic.causes}, "a cause without an example is the first to be seen as thin"
    main = Counter(map(label_of, pack.examples))
    for cause, row in rows.items():
        assert row.main == main[cause] and row.share == main[cause] / 30
        assert row.heldout == sum(cause in {c.cause for c in e.chains} or label_of(e) == cause for e in pack.heldout)
        assert row.examples >= row.main and row.thin == (cause in known(pack) and row.examples < 4)
    assert sum(row.main for row in found.causes) == found.examples == 30 and found.thin
    assert [row.cause for row in found.causes][-1] not in known(pack), "labels outside the catalogue come last"
    lengths = sorted(len(example.text) for example in pack.examples)
    assert found.lengths is not None and (found.lengths.shortest, found.lengths.longest) == (lengths[0], lengths[-1])
    assert found.ages is not None and sum(count for _, count in found.ages.quarters) == 30
    assert found.ages.oldest == min(e.date for e in pack.examples) and found.ages.median_days > 0
    assert dict(found.languages).get("en", 0) > 25 and sum(dict(found.languages).values()) == 30
    turned = pack.model_copy(update={"examples": pack.examples[::-1], "heldout": pack.heldout[::-1]})
    assert stats(turned, today=TODAY) == found, "the order of the file does not matter"


def known(pack: Pack) -> set[str]:
    return {cause.id for cause in pack.topic.causes}


def test_an_empty_pack_has_counts_of_nothing(pack: Pack) -> None:
    empty = stats(pack.model_copy(update={"examples": (), "heldout": ()}), today=TODAY)
    assert empty.lengths is empty.ages is empty.heldout_reach is None and all(row.thin for row in empty.causes)


def test_what_lies_far_from_every_example_is_found(pack: Pack) -> None:
    vectors = embed.encode([example.text for example in pack.examples])
    own = reach(vectors, [(e.id, e.text) for e in pack.examples])
    assert own is not None and own.far == 0 and own.median == pytest.approx(1.0, abs=1e-5)
    among = vectors @ vectors.T
    np.fill_diagonal(among, -1)
    assert (among.max(axis=1) < own.threshold).mean() == pytest.approx(FAR, abs=1 / 30), "the set is its own yardstick"
    strange = [("s1", "The recipe says to whisk the egg whites until they are stiff."), ("s2", pack.examples[0].text)]
    found = reach(vectors, strange)
    assert found is not None and (found.far, found.texts, found.share) == (1, 2, 0.5)
    assert found.farthest[0][0] == "s1" and found.low < 0.5 < found.high
    assert reach(vectors, []) is None and reach(vectors[:1], strange) is None


def test_tokens_and_price_are_those_of_the_prompt(pack: Pack) -> None:
    endpoint = Endpoint(base_url="http://models.example/v1", api_key=SecretStr(""), model="unheard-of")
    price = Price.model_validate({"model": "x", "input": 100, "cached_input": 10, "output": 400, "currency": "EUR"})
    prompts = Prompts(folders("prompts", None))
    cost = set_cost(pack, Shots.parse("all"), prompts, endpoint, price, seed=SEED)
    assert cost is not None and cost.complaints == 6 and not cost.free and not cost.exact and cost.currency == "EUR"
    texts = Tokens("unheard-of", network=False)
    examples = sum(texts.count(example.text) for example in pack.examples)
    assert cost.taught.tokens - cost.bare.tokens > examples and cost.taught.stable - cost.bare.stable > examples
    whole = round(cost.taught.tokens)
    assert cost.taught.price == pytest.approx(price.of(Usage(prompt=whole)))
    assert cost.taught.cached_price == pytest.approx((10 * cost.taught.stable + 100 * (whole - cost.taught.stable)) / 1e6)
    nearest = set_cost(pack, Shots.parse("nearest:3"), prompts, endpoint, None, seed=SEED)
    assert (
        nearest is not None and nearest.taught.stable == cost.bare.stable < nearest.taught.tokens and nearest.taught.price is None
    )
    narrow = endpoint.model_copy(update={"context": 9000})
    squeezed = set_cost(pack, Shots.parse("all"), prompts, narrow, price, seed=SEED)
    assert squeezed is not None and squeezed.note is not None and "of 30 examples fit" in squeezed.note
    assert (
        set_cost(pack.model_copy(update={"examples": (), "heldout": ()}), Shots.parse("all"), prompts, endpoint, None, seed=5)
        is None
    )


def test_the_command_asks_nobody_and_needs_no_key(tmp_path: Path) -> None:
    cut(tmp_path / "topics", examples=12, cases=3)
    command = (
        "fewshot",
        "stats",
        "topics/delivery",
        "--model",
        "gpt-6-sol",
        "--base-url",
        "https://api.openai.com/v1",
        "--shots",
        "all",
    )
    rows = [("a", "delivery", "The van brought my parcel to an old address."), ("b", "gardens", "The roses wilted within a day."),
            ("c", "delivery", "Whisk the egg whites until they are stiff.")]  # fmt: skip
    file = table(tmp_path / "complaints.csv", ("id", "topic", "complaint"), rows)
    told = here(tmp_path, *command, "--complaints", file, "--json").json
    assert (told["topic"], told["examples"], told["heldout"]) == ("delivery", 12, 3) and told["thin"]
    assert told["unlabelled_reach"]["texts"] == 2 and told["unlabelled_reach"]["farthest"][0][0] == "c"
    assert told["cost"]["currency"] == "USD" and 0 < told["cost"]["taught"]["cached_price"] < told["cost"]["taught"]["price"]
    shown = here(tmp_path, *command)
    page = " ".join(shown.out.split())
    assert shown.code == 0 and "thin" in page and "without examples" in page and "USD a complaint for the prompt" in page
    stray = here(tmp_path, *command, "--complaints", table(tmp_path / "b.csv", ("topic", "complaint"), [("gardens", "Weeds.")]))
    assert stray.code == 2 and "has no complaint of the topic delivery" in stray.error
