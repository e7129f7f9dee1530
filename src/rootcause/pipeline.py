"""From a file to a ranking: the only place that knows the order of the stages."""

from __future__ import annotations

import asyncio
import hashlib
import json
import platform
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from itertools import pairwise
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from rootcause import embed
from rootcause.ask import Asker
from rootcause.decompose import Decomposer, Explained
from rootcause.errors import CostLimitReached, SettingsError, StoreError
from rootcause.fewshot.select import ShotKind, Shots
from rootcause.llm.client import Client
from rootcause.llm.endpoint import Endpoint
from rootcause.llm.prices import Price
from rootcause.llm.spend import Spend
from rootcause.llm.tokens import Counter
from rootcause.merge import merge
from rootcause.models import (
    Complaint,
    CostReport,
    Failure,
    Fate,
    Frozen,
    Intake,
    LedgerRow,
    Outcome,
    Pack,
    Ranking,
    RejectedRow,
    RunReport,
    Sample,
    TopicUse,
    Usage,
)
from rootcause.prompt import Prompts
from rootcause.rank import rank
from rootcause.sample import draw, rows_for
from rootcause.settings import Settings
from rootcause.store import Store
from rootcause.teach import Lesson, Teacher, TooLong
from rootcause.text import fold, script
from rootcause.topics import assign
from rootcause.verdicts import Verdicts

AFFORDABLE_LOCAL = 30  # rows: about two minutes on two cores
AFFORDABLE_REMOTE = 385  # rows: a margin of five points whatever the population
_TYPICAL_ANSWER = 350  # tokens of an answer, for the estimate before a run


class Extent(Frozen):
    """How much of the file is analysed: a number of rows, a margin, all of it, or (nothing given) what is affordable."""

    rows: int | None = None
    margin: float | None = None
    everything: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """Raises SettingsError when two ways are named at once."""
        if (self.rows is not None) + (self.margin is not None) + self.everything > 1:
            raise SettingsError("--sample, --margin and --all exclude each other; give one of them")
        return self

    def count(self, population: int, *, local: bool) -> int:
        """Rows to draw from the population."""
        if self.everything:
            return population
        if self.margin is not None:
            return rows_for(self.margin, population)
        return min(population, self.rows or (AFFORDABLE_LOCAL if local else AFFORDABLE_REMOTE))


class Item(Frozen):
    """One distinct text to be explained, with all sampled rows that say it."""

    topic: str | None
    rows: tuple[Complaint, ...]
    lesson: Lesson | None
    key: str
    too_long: str | None = None

    @property
    def text(self) -> str:
        return self.rows[0].text


class Plan(Frozen):
    """Everything that is decided before a token is spent.

    calls: items to be asked about; known: items whose answer is already in the store; skipped: rows that this model
    cannot explain, which the sample does not stand for.
    """

    run_id: str
    intake: Intake
    sample: Sample
    topics: dict[str, str | None]
    items: tuple[Item, ...]
    uses: tuple[TopicUse, ...]
    calls: int
    known: int
    prompt_tokens: int
    answer_tokens: int
    exact: bool
    price: float | None
    currency: str
    skipped: tuple[RejectedRow, ...]
    notes: tuple[str, ...]
    record: str


class Watcher(Protocol):
    """Told of what happens, as it happens."""

    def answered(self, explained: Explained, spent: float | None) -> None: ...


class Run:
    """One run over one file: `plan` decides everything, `execute` spends and reports."""

    def __init__(
        self,
        settings: Settings,
        shots: Shots,
        endpoint: Endpoint,
        store: Store,
        prompts: Prompts,
        packs: Mapping[str, Pack],
        price: Price | None,
    ) -> None:
        self._settings = settings
        self._shots = shots
        self._endpoint = endpoint
        self._store = store
        self._prompts = prompts
        self._packs = packs
        self._price = price
        self._counter = Counter(endpoint.model, network=not endpoint.on_this_machine)
        self._teachers: dict[str | None, Teacher] = {}

    def plan(self, intake: Intake, extent: Extent, *, whole_file: str | None = None) -> Plan:
        """The sample, the lessons and their cost. Nothing is asked yet."""
        settings = self._settings
        placed = assign(intake.complaints, self._packs, whole_file=whole_file, threshold=settings.topic_threshold)
        topics = placed.topics
        frame, skipped = self._explainable(intake.complaints, topics)
        sample = draw(frame, topics, n=extent.count(len(frame), local=self._endpoint.local), seed=settings.seed)
        items = self._items(sample, topics)
        record = self._record(intake, sample, whole_file)
        run_id = hashlib.sha256(record.encode()).hexdigest()[:10]
        askable = [item for item in items if item.lesson is not None]
        fresh = [item for item in askable if self._store.reply(item.key) is None]
        tokens = sum(item.lesson.tokens for item in fresh if item.lesson)
        answers = _TYPICAL_ANSWER * len(fresh)
        estimate = self._price.of(Usage(calls=len(fresh), prompt=tokens, completion=answers)) if self._price else None
        return Plan(
            run_id=run_id,
            intake=intake,
            sample=sample,
            topics=topics,
            items=items,
            uses=self._uses(sample),
            calls=len(fresh),
            known=len(askable) - len(fresh),
            prompt_tokens=tokens,
            answer_tokens=answers,
            exact=self._counter.exact,
            price=0.0 if self._endpoint.on_this_machine else estimate,
            currency=self._price.currency if self._price else "",
            skipped=skipped,
            notes=(*intake.notes, *([placed.note] if placed.note else []), *_skipping(skipped)),
            record=record,
        )

    async def execute(self, plan: Plan, watcher: Watcher) -> RunReport:
        """Asks what is not yet known, merges, ranks. What was answered is kept whatever happens."""
        store = self._store
        store.begin(plan.run_id, source=plan.intake.source, model=self._endpoint.model, settings=plan.record)
        try:
            report = await self._executed(plan, watcher)
        except BaseException as error:
            with suppress(StoreError):
                broken_off = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
                store.end(plan.run_id, "interrupted" if broken_off else "stopped", None)
            raise
        store.end(plan.run_id, "partial" if report.partial else "complete", report.model_dump_json())
        return report

    async def _executed(self, plan: Plan, watcher: Watcher) -> RunReport:
        store, settings = self._store, self._settings
        spend = Spend(None if self._endpoint.on_this_machine else self._price, settings.max_cost)
        spend.settle(0.0, store.spent(plan.run_id).used)  # the cap is the run's, over all its sittings
        async with Client(self._endpoint) as client:
            asker = Asker(client, store, spend, run=plan.run_id, seed=settings.seed)
            outcomes = await self._explain_all(
                plan.items, Decomposer(asker, self._prompts, language=settings.language), spend, watcher
            )
            verdicts = Verdicts(asker, self._prompts, language=settings.language)
            topics = {topic: pack.topic for topic, pack in self._packs.items()}
            judge, namer = (None, None) if self._endpoint.weak or spend.exhausted else (verdicts.judge(topics), verdicts.namer())
            causes = await merge(outcomes, topics, judge=judge, namer=namer)
        return self._report(plan, outcomes, rank(causes, outcomes, plan.sample), spend, estimated=asker.estimated)

    async def explain(self, text: str, topic: str | None) -> tuple[str | None, Explained]:
        """One complaint at once: its topic (named, or the nearest one) and what came of it. Not a run of its own."""
        complaint = Complaint(row=1, line=1, id="1", text=text)
        if topic is not None and topic not in self._packs:
            raise SettingsError(f"there is no topic '{topic}'; known are {', '.join(sorted(self._packs)) or 'none'}")
        found = assign([complaint], self._packs, whole_file=topic, threshold=self._settings.topic_threshold).topics["1"]
        self._explainable([complaint], {"1": found})
        teacher = self._teacher(found)
        try:
            lesson = teacher.lesson(text, embed.encode([text])[0])
        except TooLong as error:
            raise SettingsError(f"{error}; name a model with a longer context") from None
        async with Client(self._endpoint) as client:
            asker = Asker(client, self._store, Spend(self._price, self._settings.max_cost), run="why", seed=self._settings.seed)
            decomposer = Decomposer(asker, self._prompts, language=self._settings.language)
            return found, await decomposer.explain(text, lesson, teacher.topic)

    def _explainable(
        self, complaints: Sequence[Complaint], topics: Mapping[str, str | None]
    ) -> tuple[tuple[Complaint, ...], tuple[RejectedRow, ...]]:
        """The complaints this model can explain, and the rest: a base model knows only the topics it is taught.

        Raises SettingsError when it can explain none.
        """
        if not self._endpoint.weak:
            return tuple(complaints), ()
        able = tuple(complaint for complaint in complaints if topics[complaint.id] in self._packs)
        if complaints and not able:
            known = ", ".join(sorted(self._packs)) or "there is none"
            raise SettingsError(
                f"no complaint belongs to a topic pack at hand ({known}), and the packaged model explains only what it is "
                "taught: name a topic with --topic, add a pack, pull a stronger model with 'rootcause models pull', or name an "
                "endpoint with --base-url and --model"
            )
        skipped = tuple(
            RejectedRow(
                row=c.row, line=c.line, id=c.id, reason="no topic pack: the packaged model explains only what it is taught"
            )
            for c in complaints
            if topics[c.id] not in self._packs
        )
        return able, skipped

    def _items(self, sample: Sample, topics: Mapping[str, str | None]) -> tuple[Item, ...]:
        """The sampled rows as distinct texts with their lessons, topic by topic."""
        groups: dict[tuple[str | None, str], list[Complaint]] = {}
        for complaint in sample.complaints:
            groups.setdefault((topics[complaint.id], fold(complaint.text)), []).append(complaint)
        order = sorted(groups, key=lambda group: (group[0] is None, group[0] or "", groups[group][0].row))
        vectors = embed.encode([groups[group][0].text for group in order])
        return tuple(self._item(group[0], tuple(groups[group]), vector) for group, vector in zip(order, vectors, strict=True))

    def _item(self, topic: str | None, rows: tuple[Complaint, ...], vector: NDArray[np.float32]) -> Item:
        teacher = self._teacher(topic)
        try:
            lesson = teacher.lesson(rows[0].text, vector)
        except TooLong as error:
            return Item(topic=topic, rows=rows, lesson=None, key="", too_long=str(error))
        return Item(topic=topic, rows=rows, lesson=lesson, key=lesson.key(self._endpoint, self._settings.seed))

    def _teacher(self, topic: str | None) -> Teacher:
        if topic not in self._teachers:
            pack = self._packs.get(topic) if topic else None
            shots = self._shots if pack else Shots(kind=ShotKind.NONE)
            self._teachers[topic] = Teacher(
                pack,
                shots,
                self._prompts,
                self._counter,
                self._endpoint,
                seed=self._settings.seed,
                language=self._settings.language,
            )
        return self._teachers[topic]

    async def _explain_all(
        self, items: Sequence[Item], decomposer: Decomposer, spend: Spend, watcher: Watcher
    ) -> tuple[Outcome, ...]:
        """Topic by topic; a topic's first call goes alone, so that it fills the prompt cache for the rest."""
        outcomes: dict[int, Outcome] = {}

        async def explain(place: int, item: Item) -> None:
            teacher = self._teacher(item.topic)
            if item.lesson is None:
                failure = Failure(kind="too long", message=item.too_long or "")
                explained = Explained(answer=None, failure=failure, attempts=0, fresh=False)
            else:
                try:
                    explained = await decomposer.explain(item.text, item.lesson, teacher.topic)
                except CostLimitReached:
                    return
            outcomes[place] = Outcome(
                topic=item.topic,
                rows=item.rows,
                answer=explained.answer,
                failure=explained.failure,
                attempts=explained.attempts,
                shots=tuple(sorted(item.lesson.shots)) if item.lesson else (),
            )
            watcher.answered(explained, spend.spent)

        by_topic: dict[str | None, list[tuple[int, Item]]] = {}
        for place, item in enumerate(items):
            by_topic.setdefault(item.topic, []).append((place, item))
        for group in by_topic.values():
            await explain(*group[0])
            await _together([explain(place, item) for place, item in group[1:]])
        return tuple(outcomes[place] for place in sorted(outcomes))

    def _uses(self, sample: Sample) -> tuple[TopicUse, ...]:
        uses = []
        for stratum in sample.strata:
            teacher = self._teacher(stratum.topic)
            pack = teacher.pack
            note = teacher.note
            if pack is None:
                note = "no topic pack: analysed without examples" if stratum.topic else "no topic: analysed without examples"
            uses.append(
                TopicUse(
                    topic=stratum.topic,
                    title=pack.topic.title if pack else stratum.topic or "",
                    rows=stratum.population,
                    examples=len(pack.examples) if pack else 0,
                    shots=str(teacher.shots),
                    pack_sha256=pack.sha256 if pack else None,
                    note=note,
                )
            )
        return tuple(uses)

    def _record(self, intake: Intake, sample: Sample, whole_file: str | None) -> str:
        """All that a run's result depends on, as JSON: enough to run it again; its hash is the run's id."""
        settings = self._settings
        content = {
            "file": {"sha256": intake.sha256, "encoding": intake.encoding, "columns": intake.columns.model_dump()},
            "model": {"name": self._endpoint.model, "identity": self._endpoint.identity, "context": self._endpoint.context},
            "shots": str(self._shots),
            "sample": {"rows": len(sample.complaints), "seed": sample.seed, "topic": whole_file},
            "language": settings.language,
            "topic_threshold": settings.topic_threshold,
            "prompts": self._prompts.sha256,
            "packs": {topic: pack.sha256 for topic, pack in sorted(self._packs.items())},
            "embedder": embed.MODEL,
            "versions": {"rootcause": version("rootcause"), "openai": version("openai"), "python": platform.python_version()},
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True)

    def _report(self, plan: Plan, outcomes: tuple[Outcome, ...], ranking: Ranking, spend: Spend, *, estimated: int) -> RunReport:
        ledger = _ledger(plan, outcomes)
        sampled = len(plan.sample.complaints)
        ended_well = sum(len(outcome.rows) for outcome in outcomes if outcome.answer is not None)
        complete = ended_well / sampled if sampled else 1.0
        spent = self._store.spent(plan.run_id)
        reached = {outcome.key for outcome in outcomes}
        return RunReport(
            run_id=plan.run_id,
            started=self._store.started(plan.run_id),
            version=version("rootcause"),
            source=plan.intake.source,
            language=self._settings.language or _language(plan.sample.complaints),
            model=self._endpoint.info,
            columns=plan.intake.columns,
            topics=plan.uses,
            sample=plan.sample,
            ranking=ranking,
            outcomes=outcomes,
            ledger=ledger,
            cost=CostReport(
                used=spent.used,
                retried=spent.repeated,
                failed=spent.failed,
                from_store=sum(
                    item.rows[0].id in reached and not self._store.paid(plan.run_id, item.key)
                    for item in plan.items
                    if item.lesson
                ),
                price=0.0 if self._endpoint.on_this_machine else self._price.of(spent.used) if self._price else None,
                currency=self._price.currency if self._price else "",
                seconds=spent.seconds,
            ),
            complete=complete,
            min_complete=self._settings.min_complete,
            notes=(*plan.notes, *self._doubts(complete, sampled, outcomes, spend, estimated)),
            next_steps=_next_steps(ranking, sampled, len(plan.intake.complaints)),
        )

    def _doubts(self, complete: float, sampled: int, outcomes: Sequence[Outcome], spend: Spend, estimated: int) -> Iterator[str]:
        """What happened in the run that its reader must know."""
        required = self._settings.min_complete
        failed = sum(len(outcome.rows) for outcome in outcomes if outcome.failure is not None)
        if complete < required:
            yield (
                f"partial: {complete:.1%} of the sampled rows ended well, {required:.1%} were required; "
                f"{failed} failed, as the ledger says: run the same command again to retry them"
            )
        if spend.exhausted:
            missing = sampled - sum(len(outcome.rows) for outcome in outcomes)
            what = f"{missing} sampled rows were not reached" if missing else "new causes were not compared to the end"
            yield f"stopped at --max-cost {self._settings.max_cost}: {what}; run the same command with a higher one to go on"
        if estimated:
            yield f"the endpoint did not tell the tokens of {estimated} calls: they are estimates, and so is the cost"


async def _together(tasks: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Runs them side by side; the first error that ends the run is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _ledger(plan: Plan, outcomes: Sequence[Outcome]) -> tuple[LedgerRow, ...]:
    """Where every row of the file ended, in the file's order."""
    fates: dict[str, tuple[Fate, str]] = {}
    for outcome in outcomes:
        first, *copies = outcome.rows
        if outcome.failure is not None:
            fates[first.id] = (Fate.FAILED, f"{outcome.failure.kind}: {outcome.failure.message}")
            fates.update((row.id, (Fate.FAILED, f"same text as {first.id}, which failed")) for row in copies)
        else:
            assert outcome.answer is not None
            reason = outcome.answer.nothing_to_explain
            fates[first.id] = (Fate.NOTHING, reason.value) if reason else (Fate.ANALYSED, "")
            fates.update((row.id, (Fate.DUPLICATE, first.id)) for row in copies)
    sampled = {complaint.id for complaint in plan.sample.complaints}
    skipped = {row.id for row in plan.skipped}
    rows = [
        LedgerRow(
            row=complaint.row,
            line=complaint.line,
            id=complaint.id,
            topic=plan.topics[complaint.id],
            fate=fates.get(complaint.id, (Fate.NOT_REACHED if complaint.id in sampled else Fate.NOT_SAMPLED, ""))[0],
            reason=fates.get(complaint.id, (Fate.NOT_SAMPLED, ""))[1],
            weight=plan.sample.weight_of(plan.topics[complaint.id]) if complaint.id in sampled else 0.0,
        )
        for complaint in plan.intake.complaints
        if complaint.id not in skipped
    ]
    rows.extend(
        LedgerRow(row=row.row, line=row.line, id=row.id, topic=None, fate=Fate.SKIPPED, reason=row.reason, weight=0.0)
        for row in (*plan.intake.rejected, *plan.skipped)
    )
    return tuple(sorted(rows, key=lambda row: row.row))


def _skipping(skipped: Sequence[RejectedRow]) -> tuple[str, ...]:
    return (f"{len(skipped)} rows left out of the sample: {skipped[0].reason}",) if skipped else ()


def _language(complaints: Sequence[Complaint]) -> str:
    """Of the report, where none is named: Russian when most sampled complaints are in Cyrillic, else English."""
    cyrillic = sum(script(complaint.text) == "CYRILLIC" for complaint in complaints)
    return "ru" if cyrillic * 2 > len(complaints) else "en"


def _next_steps(ranking: Ranking, sampled: int, population: int) -> tuple[str, ...]:
    """What the reader can do to make the result firmer."""
    for above, below in pairwise(ranking.causes[:4]):
        if below.high > above.low and sampled < population:
            more = min(population, max(sampled * 4, 100))
            return (f"causes {above.rank} and {below.rank} cannot be told apart on {sampled} rows: try --sample {more}",)
    return ()
