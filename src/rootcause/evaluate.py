"""A pack against its held-out cases, through the same teaching and validation as any run, and beside it the baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.ask import Asker
from rootcause.decompose import Decomposer
from rootcause.fewshot.advise import NOTHING, Advisor, label_of
from rootcause.fewshot.select import Shots
from rootcause.llm.client import Client
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.spend import Spend
from rootcause.llm.tokens import Counter
from rootcause.models import Answer, Basis, Example, Frozen, Pack
from rootcause.prompt import Prompts
from rootcause.rank import wilson
from rootcause.store import Store, key_of
from rootcause.teach import Teacher, TooLong

VOTERS = 5


class Scored(Frozen):
    """One held-out case: the label it has and the one it was given, None where no valid answer came."""

    id: str
    truth: str
    given: str | None


class Score(Frozen):
    """Right answers of `cases`, with Wilson's 95 % interval. valid: share of cases with a valid answer."""

    name: str
    cases: tuple[Scored, ...]
    quotes: float | None = None
    seconds: float | None = None
    tokens: int | None = None

    @property
    def right(self) -> int:
        return sum(case.given == case.truth for case in self.cases)

    @property
    def accuracy(self) -> float:
        return self.right / len(self.cases)

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.accuracy, len(self.cases))

    @property
    def valid(self) -> float:
        return sum(case.given is not None for case in self.cases) / len(self.cases)


async def of_model(
    pack: Pack, shots: Shots, endpoint: Endpoint, store: Store, prompts: Prompts, *, seed: int, told: Callable[[], None]
) -> Score:
    """The model's answers to the pack's held-out cases. told is called after each; answered cases are not asked again."""
    counter = Counter(endpoint.model, network=not endpoint.on_this_machine)
    teacher = Teacher(pack, shots, prompts, counter, endpoint, seed=seed, language=None)
    parts = {"pack": pack.sha256, "shots": str(shots), "model": endpoint.identity, "prompts": prompts.sha256, "seed": seed}
    run = f"eval-{key_of(parts)[:12]}"
    cases: list[Scored] = []
    answers: list[Answer] = []
    vectors = embed.encode([example.text for example in pack.heldout])
    async with Client(endpoint) as client:
        decomposer = Decomposer(Asker(client, store, Spend(None, None), run=run, seed=seed), prompts, language=None)
        for example, vector in zip(pack.heldout, vectors, strict=True):
            answer = await _answer(example, vector, teacher, decomposer)
            cases.append(Scored(id=example.id, truth=label_of(example), given=_given(answer)))
            answers.extend([answer] if answer else [])
            told()
    spent = store.spent(run)
    return Score(
        name=f"{endpoint.model}, {shots}",
        cases=tuple(cases),
        quotes=_quoted(answers),
        seconds=spent.seconds / len(cases),
        tokens=spent.used.prompt // len(cases),
    )


def of_vote(pack: Pack) -> Score:
    """The label with the greatest summed similarity among the five nearest examples."""
    vectors = embed.encode([example.text for example in pack.examples])
    queries = embed.encode([example.text for example in pack.heldout])
    labels = [label_of(example) for example in pack.examples]
    cases = []
    for example, query in zip(pack.heldout, queries, strict=True):
        similarity = vectors @ query
        votes: dict[str, float] = {}
        for place in np.argsort(-similarity, kind="stable")[:VOTERS]:
            votes[labels[place]] = votes.get(labels[place], 0.0) + float(similarity[place])
        cases.append(Scored(id=example.id, truth=label_of(example), given=max(votes, key=lambda label: (votes[label], label))))
    return Score(name="vote of the five nearest", cases=tuple(cases))


def of_classifier(pack: Pack) -> Score:
    """The advisor's first choice: logistic regression over embeddings and character n-grams."""
    advisor = Advisor(pack.examples, embed.encode([example.text for example in pack.examples]))
    queries = embed.encode([example.text for example in pack.heldout])
    cases = [
        Scored(id=example.id, truth=label_of(example), given=advisor.candidates(example.text, query, 1)[0])
        for example, query in zip(pack.heldout, queries, strict=True)
    ]
    return Score(name="logistic regression", cases=tuple(cases))


async def _answer(example: Example, vector: NDArray[np.float32], teacher: Teacher, decomposer: Decomposer) -> Answer | None:
    try:
        lesson = teacher.lesson(example.text, vector)
    except TooLong:
        return None
    return (await decomposer.explain(example.text, lesson, teacher.topic)).answer


def _given(answer: Answer | None) -> str | None:
    if answer is None:
        return None
    return answer.chains[0].cause if answer.chains else NOTHING


def _quoted(answers: Sequence[Answer]) -> float | None:
    """Share of steps that stand on a verified quote, among all steps of valid answers."""
    steps = [step for answer in answers for chain in answer.chains for step in chain.steps]
    return sum(step.basis is Basis.STATED for step in steps) / len(steps) if steps else None
