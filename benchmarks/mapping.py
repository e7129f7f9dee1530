"""How well steps that say the same become one node of the cause map, over thresholds; and what twenty thousand chains cost.

    python benchmarks/mapping.py            of the pairs of steps joined at each threshold, how many say the same
    python benchmarks/mapping.py --speed    processor time and peak memory of the map and the portfolio of 20,000 chains

Pairs: 24 drawn by lot from those that each of six thresholds joins and the next higher one does not, over the steps before
the root of all labelled chains of the four packs. One reader, a language model, judged whether both say the same but for the
customer's particulars; the judgements are in mapping-pairs.jsonl.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import random
import resource
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from rootcause import embed
from rootcause.fewshot.load import available, load
from rootcause.findings.causemap import SAME_STEP, cause_map
from rootcause.findings.observe import observe
from rootcause.findings.portfolio import portfolio
from rootcause.ingest.frame import frame_of
from rootcause.merge import linked, merge
from rootcause.models import (
    Answer,
    Basis,
    Chain,
    Columns,
    Complaint,
    CostReport,
    ModelInfo,
    Outcome,
    Pack,
    RunReport,
    Sample,
    Step,
    Stratum,
    Usage,
)
from rootcause.rank import rank

HERE = Path(__file__).parent
THRESHOLDS = (0.40, 0.44, 0.47, 0.50, 0.53, 0.56)
CHAINS = 20_000
SEED = 20261122
WORDS = [
    "late",
    "order",
    "box",
    "card",
    "bank",
    "phone",
    "month",
    "paid",
    "refund",
    "app",
    "code",
    "street",
    "call",
    "day",
    "never",
    "again",
    "still",
    "money",
    "door",
    "price",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", action="store_true")
    packs = {topic: load(folder) for topic, folder in available((HERE.parent / "fewshot",)).items()}
    if parser.parse_args().speed:
        for own_wording in (False, True):
            speed(packs, own_wording=own_wording)
    else:
        quality(packs)


def quality(packs: dict[str, Pack]) -> None:
    """Prints for each threshold the pairs it joins, how many of those it adds say the same, and of all that it joins."""
    judged = {(p["topic"], p["left"], p["right"]): p["same"] for p in map(json.loads, _lines(HERE / "mapping-pairs.jsonl"))}
    joined: dict[tuple[str, str, str], float] = {}
    for topic, pack in packs.items():
        steps = [step.cause for chain in _chains(pack) for step in chain.steps[:-1]]
        vectors = embed.encode(steps)
        for threshold in THRESHOLDS:
            for cluster in linked(vectors, threshold):
                joined |= {(topic, steps[a], steps[b]): threshold for a, b in combinations(cluster, 2)}
    print("threshold   pairs added   judged   same of these   pairs in all   same of all")
    pairs, same = 0, 0.0
    for threshold in reversed(THRESHOLDS):
        added = [pair for pair, at in joined.items() if at == threshold]
        known = [judged[pair] for pair in added if pair in judged]
        rate = sum(known) / max(len(known), 1)
        pairs, same = pairs + len(added), same + rate * len(added)
        print(f"{threshold:<9.2f} {len(added):13} {len(known):8} {rate:15.2f} {pairs:14} {same / pairs:13.2f}")
    print(f"in use: {SAME_STEP}")


def speed(packs: dict[str, Pack], *, own_wording: bool) -> None:
    """Chains as the packaged model's (a quote, then a labelled example's steps) or each step in words of its own."""
    report = _run(packs, own_wording=own_wording)
    began = time.process_time()
    observed = observe(report)
    found = cause_map(report, observed)
    mapped = time.process_time()
    best = portfolio(report, observed, found, None, None)
    done = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{CHAINS} chains, {'every step worded in its own way' if own_wording else 'steps of labelled examples'}: "
        f"map {mapped - began:.1f} s ({len(found.nodes)} nodes, {found.uncompared} steps not compared by meaning), "
        f"portfolio {done - mapped:.1f} s (exact: {best.exact if best else None}), peak {peak:.2f} GB"
    )


def _run(packs: dict[str, Pack], *, own_wording: bool) -> RunReport:
    draw = random.Random(SEED)
    pool = [(topic, chain) for topic, pack in packs.items() for chain in _chains(pack)]
    often = [1 / (1 + place) ** 0.5 for place in range(len(pool))]
    draw.shuffle(often)
    rows, outcomes = [], []
    for number in range(1, CHAINS + 1):
        topic, chain = draw.choices(pool, often)[0]
        row = Complaint(row=number, line=number + 1, id=f"C{number:05}", text=f"text {number}", topic=topic)
        rows.append(row)
        answer = Answer(chains=(_told(chain, draw, own_wording=own_wording),), nothing_to_explain=None)
        outcomes.append(Outcome(topic=topic, rows=(row,), answer=answer, failure=None, attempts=1))
    counts = {topic: sum(row.topic == topic for row in rows) for topic in packs}
    strata = tuple(Stratum(topic=topic, population=3 * count, sampled=count) for topic, count in counts.items())
    sample = Sample(seed=SEED, strata=strata, complaints=tuple(rows), margin=0.01)
    causes = asyncio.run(merge(outcomes, {topic: pack.topic for topic, pack in packs.items()}, judge=None, namer=None))
    return RunReport(
        run_id="bench",
        started=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        version="0",
        source="bench",
        language="en",
        model=ModelInfo(name="none", endpoint="none", local=True),
        columns=Columns(text="text"),
        topics=(),
        frame=frame_of(rows),
        sample=sample,
        ranking=rank(causes, outcomes, sample),
        outcomes=tuple(outcomes),
        ledger=(),
        cost=CostReport(used=Usage(), retried=0, failed=0, from_store=0, price=None, currency="USD", seconds=0),
        complete=1,
        min_complete=0.9,
    )


def _told(chain: Chain, draw: random.Random, *, own_wording: bool) -> Chain:
    if own_wording:
        steps = [step.model_copy(update={"cause": f"{step.cause} {' '.join(draw.choices(WORDS, k=3))}"}) for step in chain.steps]
        return Chain(steps=tuple(steps), cause=chain.cause)
    quote = " ".join(draw.choices(WORDS, k=14))
    said = Step(cause=f"The customer says: “{quote}”", basis=Basis.STATED, evidence=quote, countermeasure=None)
    return Chain(steps=(said, *chain.steps[1:]), cause=chain.cause)


def _chains(pack: Pack) -> Iterator[Chain]:
    return (chain for example in (*pack.examples, *pack.heldout) for chain in example.chains)


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
