"""Who decides where the advisor leaves two causes, the model or its own first? `python benchmarks/deciding.py [MODEL] [MOST]`.

On examples, never on held-out cases: each example of the packs is judged by an advisor, and taught to the model, with the
other four of five parts. Asked are the examples whose right cause is one of the two. By how likely the second is beside the
first: how many are asked, how often the first is right, and how often the model.
MODEL: a name of the shelf or a GGUF file; MOST: examples asked of each pack, the same ones each time.
"""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from rootcause import embed, teach
from rootcause.errors import CallFailed
from rootcause.fewshot.advise import NOTHING, Advisor, label_of
from rootcause.fewshot.crossval import parted
from rootcause.fewshot.load import available, load
from rootcause.fewshot.select import Shots
from rootcause.llm.client import Client
from rootcause.llm.connect import connect
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.tokens import Counter
from rootcause.models import NEW_CAUSE, Pack
from rootcause.prompt import Prompts
from rootcause.resources import folders
from rootcause.settings import LOCAL, Settings
from rootcause.teach import Lesson, Teacher

FEWSHOT = Path(__file__).parents[1] / "fewshot"
PARTS = 5
SEED = 11
LEAST = 0.6
THRESHOLDS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)


@dataclass
class Case:
    """An example as its advisor saw it: how likely the second label is beside the first, and what the model chose."""

    topic: str
    truth: str
    labels: tuple[str, ...]
    ratio: float
    lesson: Lesson | None
    chosen: str | None = None


def cases_of(pack: Pack, prompts: Prompts, endpoint: Endpoint) -> list[Case]:
    known = [example for example in pack.examples if label_of(example) != NEW_CAUSE]
    vectors = embed.encode([example.text for example in known])
    labels = [label_of(example) for example in known]
    part = parted(labels, [example.id for example in known], PARTS, str(SEED))
    counter = Counter(endpoint.model, network=False)
    found = []
    for number in range(PARTS):
        seen = np.flatnonzero(part != number)
        less = pack.model_copy(update={"examples": tuple(known[i] for i in seen)})
        advisor = Advisor(less.examples, vectors[seen])
        teacher = Teacher(less, Shots.parse("contrast:2"), prompts, counter, endpoint, seed=SEED, language=None)
        for i in np.flatnonzero(part == number):
            likely = np.sort(advisor.probabilities([known[i].text], vectors[i][None, :])[0])[::-1]
            two = advisor.candidates(known[i].text, vectors[i], 2, LEAST)
            lesson = teacher.lesson(known[i].text, vectors[i]) if len(two) == 2 else None
            found.append(Case(pack.topic.id, labels[i], two, float(likely[1] / likely[0]), lesson))
    return found


async def ask(cases: list[Case], endpoint: Endpoint) -> None:
    async with Client(endpoint) as client:
        for case in cases:
            lesson = case.lesson
            assert lesson is not None
            try:
                reply = await client.ask(
                    lesson.messages,
                    schema=lesson.reply_schema,
                    name="answer",
                    limit=lesson.limit,
                    seed=SEED,
                    warmth=0.0,
                    record=lambda *_: None,
                    admit=lambda: None,
                )
                chains = lesson.read(reply.text).chains
                case.chosen = chains[0].cause if chains else NOTHING
            except CallFailed:
                case.chosen = None


def main() -> None:
    teach.WEAK_DOUBT = LEAST
    model = sys.argv[1] if len(sys.argv) > 1 else LOCAL
    most = int(sys.argv[2]) if len(sys.argv) > 2 else None
    prompts = Prompts(folders("prompts"))
    with connect(Settings(model=model), Shots.parse("contrast:2")) as endpoint:
        packs = [load(folder) for folder in available((FEWSHOT,)).values()]
        cases = [case for pack in packs for case in cases_of(pack, prompts, endpoint)]
        open_ = [case for case in cases if case.lesson is not None and case.truth in case.labels]
        if most is not None:
            mine = [[case for case in open_ if case.topic == pack.topic.id] for pack in packs]
            open_ = [case for some in mine for case in random.Random(SEED).sample(some, min(most, len(some)))]
        asyncio.run(ask(open_, endpoint))
    print(f"{model}: {len(cases)} examples, {sum(case.truth == case.labels[0] for case in cases)} right by the advisor's first")
    for topic in (None, *(pack.topic.id for pack in packs)):
        some = [case for case in open_ if topic in (None, case.topic)]
        print(topic or "all", f": {len(some)} asked")
        for low, high in pairwise(THRESHOLDS):
            band = [case for case in some if low <= case.ratio < high]
            first = sum(case.truth == case.labels[0] for case in band)
            chosen = sum(case.truth == case.chosen for case in band)
            print(f"  second is {low} to {high} as likely: {len(band)} asked, first right {first}, model right {chosen}")


if __name__ == "__main__":
    main()
