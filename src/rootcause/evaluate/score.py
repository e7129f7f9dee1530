"""The score of one way of answering the held-out cases: what was right, what was taken for what, what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rootcause.estimate import wilson
from rootcause.evaluate.chains import Agreement
from rootcause.evaluate.noise import Noise
from rootcause.fewshot.advise import NOTHING
from rootcause.models import NEW_CAUSE, Answer, Basis, Frozen


class Scored(Frozen):
    """One held-out case: the label it has and the one it was given, None where no valid answer came.

    failure: why there is none (a kind of models.Failure). leaked: whether a reply to it copied words of an example, valid
    or not; None where the replies that were rejected are not known any more.
    """

    id: str
    truth: str
    given: str | None
    failure: str | None = None
    leaked: bool | None = None

    @property
    def right(self) -> bool:
        return self.given == self.truth


class Confused(Frozen):
    """Cases of one label that were given one label; given None: no valid answer."""

    truth: str
    given: str | None
    count: int


class News(Frozen):
    """Cases whose cause is in no catalogue. found: of `cases`, those called new; false: cases of a known cause, called new."""

    cases: int
    found: int
    false: int


class Bill(Frozen):
    """What the answers cost. asked: cases that were asked for this score, not found among the answers to another.

    Tokens and seconds are those of all calls for them, repeated and failed ones included; cached None: the endpoint did not
    say. price None: unknown.
    """

    asked: int
    prompt: int
    cached: int | None
    completion: int
    seconds: float
    price: float | None
    currency: str


class Score(Frozen):
    """Right answers of `cases`, with Wilson's 95 % interval. quotes: share of steps that stand on a verified quote.

    chains: agreement with the labelled chains. What a model was not asked for is None.
    """

    name: str
    cases: tuple[Scored, ...]
    quotes: float | None = None
    chains: Agreement | None = None
    bill: Bill | None = None
    noise: Noise | None = None
    notes: tuple[str, ...] = ()

    @property
    def right(self) -> int:
        return sum(case.right for case in self.cases)

    @property
    def accuracy(self) -> float:
        return self.right / len(self.cases)

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.accuracy, len(self.cases))

    @property
    def valid(self) -> float:
        return sum(case.given is not None for case in self.cases) / len(self.cases)

    @property
    def leaked(self) -> int:
        """Cases in which a reply is known to have copied words of an example."""
        return sum(case.leaked is True for case in self.cases)

    @property
    def seconds(self) -> float | None:
        """Of the model, for a case that was asked."""
        return self.bill.seconds / self.bill.asked if self.bill and self.bill.asked else None

    @property
    def tokens(self) -> int | None:
        """Of the prompts, for a case that was asked."""
        return self.bill.prompt // self.bill.asked if self.bill and self.bill.asked else None

    @property
    def news(self) -> News:
        return News(
            cases=sum(case.truth == NEW_CAUSE for case in self.cases),
            found=sum(case.truth == case.given == NEW_CAUSE for case in self.cases),
            false=sum(case.truth != NEW_CAUSE and case.given == NEW_CAUSE for case in self.cases),
        )

    @property
    def confusion(self) -> tuple[Confused, ...]:
        """Every pair of label and given label that occurs, the right ones included; the most frequent first."""
        counts = Counter((case.truth, case.given) for case in self.cases)
        order = sorted(counts, key=lambda pair: (-counts[pair], pair[0], pair[1] or ""))
        return tuple(Confused(truth=truth, given=given, count=counts[truth, given]) for truth, given in order)


def as_row(score: Score) -> dict[str, Any]:
    """Everything about a score, for JSON."""
    return {
        **score.model_dump(mode="json"),
        "right": score.right,
        "accuracy": score.accuracy,
        "interval": score.interval,
        "valid": score.valid,
        "leaked": score.leaked if score.bill else None,
        "new": score.news.model_dump(),
        "confusion": [pair.model_dump() for pair in score.confusion],
        "seconds": score.seconds,
        "tokens": score.tokens,
    }


def given_in(answer: Answer | None) -> str | None:
    """The label an answer gives: its first chain's cause, NOTHING without a chain."""
    if answer is None:
        return None
    return answer.chains[0].cause if answer.chains else NOTHING


def quoted(answers: Sequence[Answer]) -> float | None:
    """Share of steps that stand on a verified quote, among all steps of valid answers."""
    steps = [step for answer in answers for chain in answer.chains for step in chain.steps]
    return sum(step.basis is Basis.STATED for step in steps) / len(steps) if steps else None
