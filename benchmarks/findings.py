"""What the findings cost: 20,000 analysed chains merged, ranked, and set against chance, and how that grows.

    python benchmarks/findings.py           2,500, 5,000, 10,000 and 20,000 chains
    python benchmarks/findings.py 5000      so many

Half of the chains end in a cause of a catalogue, half in a new one: the root sentence of a labelled example with two of its
words changed. CPU seconds of each stage, together, and their ratio to n·log n, 1 for the first size; peak memory of the process.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rootcause.embed import encode
from rootcause.fewshot.load import available, load
from rootcause.findings.observe import Observed, observe
from rootcause.findings.saturation import saturation
from rootcause.findings.standing import standings
from rootcause.merge import merge
from rootcause.models import NEW_CAUSE, Answer, Chain, Complaint, Example, Outcome, Pack, RunReport, Sample, Stratum
from rootcause.rank import rank

PACKS = Path(__file__).parents[1] / "fewshot"
SIZES = (2_500, 5_000, 10_000, 20_000)
FRAME = 3  # rows of the file for each one analysed
SEED = 20261122

Stages = tuple[tuple[str, Callable[[RunReport, Observed], Any]], ...]
FINDINGS: Stages = (
    ("standings", lambda _, observed: standings(observed, seed=SEED)),
    ("saturation", lambda _, observed: saturation(observed)),
)
"""What is computed from a ranked run."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int)
    packs = {topic: load(folder) for topic, folder in available((PACKS,)).items()}
    encode(["The model is loaded before the clock starts."])
    print(
        f"{'chains':>8}{'causes':>8}" + "".join(f"{name:>12}" for name in ("merge", "rank", *(name for name, _ in FINDINGS))),
        end="",
    )
    print(f"{'together':>12}{'n log n':>9}{'peak MB':>9}")
    unit = 0.0
    for n in parser.parse_args().sizes or SIZES:
        seconds, causes = measure(n, packs)
        together = sum(seconds)
        unit = unit or together / (n * math.log(n))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"{n:8,}{causes:8,}" + "".join(f"{one:12.2f}" for one in seconds), end="")
        print(f"{together:12.2f}{together / (n * math.log(n)) / unit:9.2f}{peak:9.0f}")


def measure(n: int, packs: dict[str, Pack]) -> tuple[list[float], int]:
    """Seconds of each stage, and how many causes there are."""
    outcomes, sample = run(n, packs)
    seconds = []
    started = time.process_time()

    def lap() -> None:
        nonlocal started
        now = time.process_time()
        seconds.append(now - started)
        started = now

    topics = {topic: pack.topic for topic, pack in packs.items()}
    causes = asyncio.run(merge(outcomes, topics, judge=None, namer=None))
    lap()
    ranking = rank(causes, outcomes, sample)
    report = RunReport.model_construct(sample=sample, ranking=ranking, outcomes=outcomes)
    observed = observe(report)
    lap()
    for _, compute in FINDINGS:
        compute(report, observed)
        lap()
    return seconds, len(causes)


def run(n: int, packs: dict[str, Pack]) -> tuple[tuple[Outcome, ...], Sample]:
    """So many analysed chains, four of three complaints, in the packs' topics by turns."""
    rng = random.Random(SEED)
    examples = {topic: [example for example in pack.examples if example.chains] for topic, pack in packs.items()}
    words = sorted({word for pack in packs.values() for e in pack.examples for c in e.chains for word in c.root.cause.split()})
    order = sorted(packs)
    outcomes: list[Outcome] = []
    left = n
    while left:
        row = len(outcomes) + 1
        topic = order[row % len(order)]
        count = min(left, 2 if row % 3 == 0 else 1)
        left -= count
        chains = tuple(_chain(rng, rng.choice(examples[topic]), words) for _ in range(count))
        complaint = Complaint(row=row, line=row + 1, id=f"r{row:06}", text="text")
        answer = Answer(chains=chains, nothing_to_explain=None)
        outcomes.append(Outcome(topic=topic, rows=(complaint,), answer=answer, failure=None, attempts=1))
    drawn = {topic: sum(one.topic == topic for one in outcomes) for topic in order}
    strata = tuple(Stratum(topic=topic, population=FRAME * rows, sampled=rows) for topic, rows in drawn.items())
    return tuple(outcomes), Sample(seed=SEED, strata=strata, complaints=tuple(one.rows[0] for one in outcomes), margin=0.01)


def _chain(rng: random.Random, example: Example, words: list[str]) -> Chain:
    chain = example.chains[0]
    if rng.random() < 0.5:
        return chain
    said = chain.root.cause.split()
    for place in rng.sample(range(len(said)), min(2, len(said))):
        said[place] = rng.choice(words)
    return Chain(steps=(*chain.steps[:-1], chain.root.model_copy(update={"cause": " ".join(said)})), cause=NEW_CAUSE)


if __name__ == "__main__":
    main()
