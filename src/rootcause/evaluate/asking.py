"""The held-out cases through the same teaching, asking and validation as any run: planned, priced, then asked."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.ask import Asker, together
from rootcause.decompose import Decomposer, Explained
from rootcause.errors import CostLimitReached
from rootcause.evaluate.baselines import small_sets
from rootcause.evaluate.chains import agreement
from rootcause.evaluate.score import Bill, Score, Scored, given_in, quoted
from rootcause.fewshot.advise import label_of
from rootcause.fewshot.select import Shots
from rootcause.llm import tokens
from rootcause.llm.client import Client, Reply
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.prices import Price
from rootcause.llm.spend import Spend
from rootcause.models import Example, Failure, Frozen, Pack, Topic, Usage
from rootcause.prompt import Prompts
from rootcause.store import Store, key_of
from rootcause.teach import TYPICAL_ANSWER_TOKENS, Lesson, Teacher, TooLong
from rootcause.validate import ReplyInvalid, violations

_LEAK = "leak"
_UNREACHED = ("connection", "timeout", "server", "rate limit")  # failures that tell nothing about the model

Told = Callable[[float | None], None]
"""Told after every case: what was spent so far, None where it costs nothing or no price is known."""


class Way(Frozen):
    """One way of asking: the pack whose examples teach, how, the seed of their order, and which draw of the model."""

    pack: Pack
    shots: Shots
    order: int
    repeat: int = 0


class Item(Frozen):
    """One case to be asked. lesson None: it is too long for the model."""

    case: Example
    lesson: Lesson | None
    key: str


class Trial(Frozen):
    """A way with its questions. run: under which its calls are booked, the same for the same questions, whoever asks them."""

    name: str
    way: Way
    items: tuple[Item, ...]
    run: str
    note: str | None


class Estimate(Frozen):
    """What a command will ask. settled: questions with one possible answer. price: 0 on this machine, None when unknown."""

    calls: int
    known: int
    settled: int
    prompt: int
    completion: int
    exact: bool
    price: float | None
    currency: str


class Result(Frozen):
    """What came of one case. leaked None: its rejected replies are not known any more."""

    case: Example
    explained: Explained
    leaked: bool | None


class Bench:
    """Asks one model with one set of prompts. seed: that the model is given, plus the number of the draw."""

    def __init__(self, endpoint: Endpoint, store: Store, prompts: Prompts, price: Price | None, *, seed: int) -> None:
        self.endpoint = endpoint
        self.price = None if endpoint.on_this_machine else price
        self._store = store
        self._prompts = prompts
        self._seed = seed
        self._counter = tokens.Counter(endpoint.model, network=not endpoint.on_this_machine)
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def plan(self, way: Way, cases: Sequence[Example]) -> Trial:
        """The questions of one way. Nothing is asked."""
        with small_sets():
            teacher = Teacher(way.pack, way.shots, self._prompts, self._counter, self.endpoint, seed=way.order, language=None)
        self._encode([case.text for case in cases])
        items = []
        for case in cases:
            try:
                lesson = teacher.lesson(case.text, self._vectors[case.text])
            except TooLong:
                items.append(Item(case=case, lesson=None, key=""))
            else:
                items.append(Item(case=case, lesson=lesson, key=lesson.key(self.endpoint, self._seed, way.repeat)))
        return Trial(
            name=f"{self.endpoint.model}, {way.shots}",
            way=way,
            items=tuple(items),
            run=_run(items),
            note=teacher.note,
        )

    def _encode(self, texts: Sequence[str]) -> None:
        """The same cases are asked in every way: their embeddings are computed once."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self._vectors.update(zip(fresh, embed.encode(fresh), strict=True))

    def again(self, trial: Trial, repeat: int) -> Trial:
        """The same questions, asked for another draw."""
        seed, endpoint = self._seed, self.endpoint
        items = [
            item.model_copy(update={"key": item.lesson.key(endpoint, seed, repeat)}) if item.lesson else item
            for item in trial.items
        ]
        way = trial.way.model_copy(update={"repeat": repeat})
        return trial.model_copy(update={"way": way, "items": tuple(items), "run": _run(items)})

    def estimate(self, trials: Sequence[Trial]) -> Estimate:
        """What is still to be asked; a question that occurs in two trials is asked once."""
        lessons = {item.key: item.lesson for trial in trials for item in trial.items if item.lesson}
        open_ones = {key: lesson for key, lesson in lessons.items() if lesson.settled is None}
        fresh = [lesson for key, lesson in open_ones.items() if self._store.reply(key) is None]
        prompt, completion = sum(lesson.tokens for lesson in fresh), TYPICAL_ANSWER_TOKENS * len(fresh)
        used = Usage(calls=len(fresh), prompt=prompt, completion=completion)
        return Estimate(
            calls=len(fresh),
            known=len(open_ones) - len(fresh),
            settled=len(lessons) - len(open_ones),
            prompt=prompt,
            completion=completion,
            exact=self._counter.exact,
            price=self._cost(used),
            currency=self.price.currency if self.price else "",
        )

    def spent(self, trials: Sequence[Trial]) -> float:
        """What the trials' own calls have cost, over all sittings; 0 where no price is known."""
        runs = {trial.run for trial in trials}
        return sum((self._cost(self._store.spent(run).used) or 0.0 for run in runs), 0.0)

    async def ask(self, trials: Sequence[Trial], *, cap: float | None, told: Told) -> list[tuple[Result, ...]]:
        """The results of each trial. cap: on the cost of all of them, over all sittings.

        Raises CostLimitReached when the cap left cases unasked, and ModelError. What was answered is kept.
        """
        spend = Spend(self.price, cap)
        for run in sorted({trial.run for trial in trials}):
            spend.settle(0.0, self._store.spent(run).used)
        found: list[tuple[Result, ...]] = []
        unasked = 0
        async with Client(self.endpoint) as client:
            for trial in trials:
                results = await self._ask(trial, client, spend, told)
                unasked += len(trial.items) - len(results)
                found.append(results)
        if unasked:
            raise CostLimitReached(
                f"stopped at --max-cost {cap:g}: {unasked} cases were not asked; what was answered is kept, "
                "run the same command with a higher one to go on"
            )
        return found

    async def _ask(self, trial: Trial, client: Client, spend: Spend, told: Told) -> tuple[Result, ...]:
        """The first case goes alone, so that it fills the prompt cache for the rest."""
        asker = _Listener(client, self._store, spend, run=trial.run, seed=self._seed)
        decomposer = Decomposer(asker, self._prompts, language=None)
        results: dict[int, Result] = {}

        async def ask(place: int, item: Item) -> None:
            try:
                results[place] = await self._result(item, trial.way, asker, decomposer)
            except CostLimitReached:
                return
            told(spend.spent)

        first, *rest = enumerate(trial.items)
        await ask(*first)
        await together([ask(place, item) for place, item in rest])
        return tuple(results[place] for place in sorted(results))

    async def _result(self, item: Item, way: Way, asker: _Listener, decomposer: Decomposer) -> Result:
        if item.lesson is None:
            failure = Failure(kind="too long", message="the complaint is too long for the model's context")
            return Result(
                case=item.case, explained=Explained(answer=None, failure=failure, attempts=0, fresh=False), leaked=False
            )
        explained = await decomposer.explain(item.case.text, item.lesson, way.pack.topic, repeat=way.repeat)
        return Result(case=item.case, explained=explained, leaked=self._leaked(item, explained, way.pack.topic, asker))

    def _leaked(self, item: Item, explained: Explained, topic: Topic, asker: _Listener) -> bool | None:
        """Whether a rejected reply to the case copied an example: judged when it comes, kept for whoever goes on later.

        A valid answer copies none: the same rule has judged it.
        """
        key = key_of({"leaked": item.key})
        if explained.fresh:
            lesson = item.lesson
            assert lesson is not None
            leaked = any(_copies(reply, lesson, item.case.text, topic) for reply in asker.rejected.get(item.key, ()))
            self._store.keep_reply(key, json.dumps(leaked), explained.attempts)
            return leaked
        kept = self._store.reply(key)
        if kept is not None:
            return bool(json.loads(kept[0]))
        return False if explained.attempts <= 1 else None

    def score(self, trial: Trial, results: Sequence[Result], labelled: Sequence[Example]) -> Score:
        """The results of a trial as figures. labelled: examples whose chains give the agreement of chains its meaning."""
        answers = [result.explained.answer for result in results]
        return Score(
            name=trial.name,
            cases=tuple(_scored(result) for result in results),
            quotes=quoted([answer for answer in answers if answer]),
            chains=agreement([result.case for result in results], answers, labelled),
            bill=self._bill(trial),
            notes=tuple(_notes(trial, results)),
        )

    def _bill(self, trial: Trial) -> Bill:
        spent = self._store.spent(trial.run)
        return Bill(
            asked=sum(self._store.paid(trial.run, key) for key in {item.key for item in trial.items}),
            prompt=spent.used.prompt,
            cached=spent.used.cached,
            completion=spent.used.completion,
            seconds=spent.seconds,
            price=self._cost(spent.used),
            currency=self.price.currency if self.price else "",
        )

    def _cost(self, used: Usage) -> float | None:
        if self.endpoint.on_this_machine:
            return 0.0
        return self.price.of(used) if self.price else None


class _Listener(Asker):
    """An asker that remembers the replies that broke a rule, by the key of their case."""

    def __init__(self, client: Client, store: Store, spend: Spend, *, run: str, seed: int) -> None:
        super().__init__(client, store, spend, run=run, seed=seed)
        self.rejected: defaultdict[str, list[str]] = defaultdict(list)

    def book(self, key: str, reply: Reply, *, valid: bool) -> None:
        super().book(key, reply, valid=valid)
        if not valid:
            self.rejected[key].append(reply.text)


def _run(items: Sequence[Item]) -> str:
    return f"eval-{key_of({'keys': [item.key for item in items]})[:12]}"


def _copies(reply: str, lesson: Lesson, text: str, topic: Topic) -> bool:
    try:
        answer = lesson.read(reply)
    except ReplyInvalid:
        return False
    return any(violation.rule == _LEAK for violation in violations(answer, text, topic=topic, shots=lesson.precedents))


def _scored(result: Result) -> Scored:
    failure = result.explained.failure
    return Scored(
        id=result.case.id,
        truth=label_of(result.case),
        given=given_in(result.explained.answer),
        failure=failure.kind if failure else None,
        leaked=result.leaked,
    )


def _notes(trial: Trial, results: Sequence[Result]) -> Iterator[str]:
    """What the reader of the figures must know."""
    if trial.note:
        yield trial.note
    kinds = Counter(result.explained.failure.kind for result in results if result.explained.failure)
    if lost := sum(kinds[kind] for kind in _UNREACHED):
        yield f"{lost} cases count as wrong because the endpoint did not answer: run the same command again to ask them anew"
    if too_long := kinds["too long"]:
        yield f"{too_long} cases count as wrong because they are too long for the model"
    if unknown := sum(result.leaked is None for result in results):
        yield f"{unknown} answers were mended in earlier runs that did not keep what was wrong: their leaks are not counted"
