"""From a file to a ranking: the only place that knows the order of the stages."""

from __future__ import annotations

import asyncio
import hashlib
import json
import platform
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.ask import Asker, together
from rootcause.decompose import Decomposer, Explained
from rootcause.errors import CostLimitReached, SettingsError, StoreError
from rootcause.fewshot.select import ShotKind, Shots
from rootcause.findings.advice import next_steps
from rootcause.findings.observe import observe
from rootcause.findings.standing import standings
from rootcause.findings.stopping import settled
from rootcause.ingest.frame import frame_of
from rootcause.ledger import ledger
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
    Intake,
    Outcome,
    Pack,
    Ranking,
    RejectedRow,
    RunReport,
    Sample,
    TopicUse,
    Usage,
)
from rootcause.notes import doubts, growing, settling, skipping
from rootcause.plan import Extent, Item, Plan
from rootcause.prompt import Prompts
from rootcause.rank import rank
from rootcause.sample import draw
from rootcause.settings import Settings
from rootcause.sizing import Outlook, Typical, sizings
from rootcause.store import Store
from rootcause.teach import TYPICAL_ANSWER_TOKENS, Teacher, TooLong
from rootcause.text import fold, script
from rootcause.topics import assign
from rootcause.verdicts import Verdicts

_PROBED = 50  # rows whose lessons are made to tell what a prompt costs, at least one of each topic


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
        sizes = extent.counts(len(frame), local=self._endpoint.local)
        batches = tuple(draw(frame, topics, n=size, seed=settings.seed) for size in sizes)
        items = self._items(batches, topics)
        record = self._record(intake, batches[-1], extent, whole_file)
        run_id = hashlib.sha256(record.encode()).hexdigest()[:10]
        lessons = [item.lesson for item in items if item.lesson is not None]
        askable = [item for item in items if item.lesson is not None and item.lesson.settled is None]
        fresh = [item for item in askable if self._store.reply(item.key) is None]
        tokens = sum(item.lesson.tokens for item in fresh if item.lesson)
        answers = TYPICAL_ANSWER_TOKENS * len(fresh)
        estimate = self._price.of(Usage(calls=len(fresh), prompt=tokens, completion=answers)) if self._price else None
        return Plan(
            run_id=run_id,
            intake=intake,
            extent=extent,
            batches=batches,
            topics=topics,
            items=items,
            uses=self._uses(batches[-1]),
            calls=len(fresh),
            known=len(askable) - len(fresh),
            settled=len(lessons) - len(askable),
            prompt_tokens=tokens,
            answer_tokens=answers,
            exact=self._counter.exact,
            price=0.0 if self._endpoint.on_this_machine else estimate,
            currency=self._price.currency if self._price else "",
            skipped=skipped,
            notes=(*intake.notes, *([placed.note] if placed.note else []), *skipping(skipped)),
            record=record,
        )

    def outlook(self, intake: Intake, *, whole_file: str | None = None) -> Outlook:
        """What samples of several sizes would tell and cost, from the lessons of a few rows of each topic."""
        placed = assign(intake.complaints, self._packs, whole_file=whole_file, threshold=self._settings.topic_threshold)
        frame, skipped = self._explainable(intake.complaints, placed.topics)
        named = {placed.topics[complaint.id] for complaint in frame}
        probe = draw(frame, placed.topics, n=max(_PROBED, len(named)), seed=self._settings.seed)
        typical = {stratum.topic: self._typical(probe, placed.topics, stratum.topic) for stratum in probe.strata}
        sizes = sizings(
            frame,
            placed.topics,
            seed=self._settings.seed,
            typical=typical,
            answer=TYPICAL_ANSWER_TOKENS,
            price=None if self._endpoint.on_this_machine else self._price,
            pace=self._pace(),
        )
        return Outlook(
            rows=len(frame),
            uses=self._uses(probe),
            sizes=sizes,
            exact=self._counter.exact,
            currency=self._price.currency if self._price else "",
            notes=(*intake.notes, *([placed.note] if placed.note else []), *skipping(skipped)),
        )

    def _typical(self, probe: Sample, topics: Mapping[str, str | None], topic: str | None) -> Typical:
        """Of the probed rows of a topic."""
        rows = [row for row in probe.complaints if topics[row.id] == topic]
        items = (
            self._item(topic, (row,), vector) for row, vector in zip(rows, embed.encode([r.text for r in rows]), strict=True)
        )
        tokens = [item.lesson.tokens for item in items if item.lesson is not None and item.lesson.settled is None]
        return Typical(asked=len(tokens) / len(rows), prompt=sum(tokens) / len(tokens) if tokens else 0.0)

    def _pace(self) -> float | None:
        """Seconds from one answer to the next, by all earlier runs of this model; None where there are none."""
        spent = [self._store.spent(run["id"]) for run in self._store.runs() if run["model"] == self._endpoint.model]
        calls = sum(one.used.calls for one in spent)
        at_once = self._settings.concurrency or (1 if self._endpoint.local else self._endpoint.concurrency)
        return sum(one.seconds for one in spent) / calls / at_once if calls else None

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
            decomposer = Decomposer(asker, self._prompts, language=settings.language)
            verdicts = Verdicts(asker, self._prompts, language=settings.language)
            topics = {topic: pack.topic for topic, pack in self._packs.items()}

            async def report(part: Plan, outcomes: tuple[Outcome, ...], *, named: bool) -> RunReport:
                able = not (self._endpoint.plain or spend.exhausted)
                judge, namer = (verdicts.judge(topics) if able else None, verdicts.namer() if able and named else None)
                causes = await merge(outcomes, topics, judge=judge, namer=namer)
                return self._report(part, outcomes, rank(causes, outcomes, part.sample), spend, estimated=asker.estimated)

            explained: dict[str, Explained] = {}
            before, why = None, None
            for batch in plan.batches:
                part = plan.within(batch)
                new = [item for item in part.items if item.id not in explained]
                explained |= await self._explain_all(new, decomposer, spend, watcher)
                outcomes = tuple(_outcome(item, explained[item.id]) for item in part.items if item.id in explained)
                if plan.extent.until_stable is None or spend.exhausted or batch is plan.sample:
                    break
                now = observe(await report(part, outcomes, named=False))
                why = settled(now, before, probability=plan.extent.until_stable, seed=settings.seed)
                if why or spend.exhausted:
                    break
                before = now
            final = await report(part, outcomes, named=True)
        steps = next_steps(final, standings(observe(final), seed=settings.seed))
        grown = (growing(why, final, plan),) if plan.extent.until_stable is not None and not spend.exhausted else ()
        return final.model_copy(update={"notes": (*final.notes, *grown), "next_steps": steps})

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
        if not self._endpoint.plain:
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

    def _items(self, batches: Sequence[Sample], topics: Mapping[str, str | None]) -> tuple[Item, ...]:
        """The sampled rows as distinct texts with their lessons, topic by topic."""
        batch_of: dict[str, int] = {}
        for number, sample in enumerate(batches):
            for complaint in sample.complaints:
                batch_of.setdefault(complaint.id, number)
        groups: dict[tuple[str | None, str], list[Complaint]] = {}
        for complaint in sorted(batches[-1].complaints, key=lambda c: (batch_of[c.id], c.row)):
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
    ) -> dict[str, Explained]:
        """What came of each item that was reached, by its id.

        In an order drawn by lot, so that those a limit of cost leaves out are missing at random. A topic's first call goes alone,
        so that it fills the prompt cache for the rest; an embedded model, which holds one prompt, gets topic by topic.
        """
        found: dict[str, Explained] = {}

        async def explain(item: Item) -> None:
            if item.lesson is None:
                failure = Failure(kind="too long", message=item.too_long or "")
                found[item.id] = Explained(answer=None, failure=failure, attempts=0, fresh=False)
            else:
                try:
                    found[item.id] = await decomposer.explain(item.text, item.lesson, self._teacher(item.topic).topic)
                except CostLimitReached:
                    return
            watcher.answered(found[item.id], spend.spent)

        lot = random.Random(self._settings.seed)
        shuffled = lot.sample(items, len(items))
        first = {item.topic: item.id for item in reversed(shuffled) if self._to_be_asked(item)}
        topics = dict.fromkeys(item.topic for item in shuffled)
        groups = [[item for item in shuffled if item.topic == topic] for topic in topics] if self._endpoint.local else [shuffled]
        for group in groups:
            for item in group:
                if first.get(item.topic) == item.id:
                    await explain(item)
            await together([explain(item) for item in group if first.get(item.topic) != item.id])
        return found

    def _to_be_asked(self, item: Item) -> bool:
        return item.lesson is not None and item.lesson.settled is None and self._store.reply(item.key) is None

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
                    teams=pack.topic.teams if pack else (),
                )
            )
        return tuple(uses)

    def _record(self, intake: Intake, sample: Sample, extent: Extent, whole_file: str | None) -> str:
        """All that a run's result depends on, as JSON: enough to run it again; its hash is the run's id."""
        settings = self._settings
        drawn: dict[str, Any] = {"rows": len(sample.complaints), "seed": sample.seed, "topic": whole_file}
        if extent.until_stable is not None:
            drawn["until_stable"] = extent.until_stable
        file: dict[str, Any] = {"sha256": intake.sha256, "encoding": intake.encoding, "columns": intake.columns.model_dump()}
        if intake.period is not None:
            file["period"] = [day and day.isoformat() for day in intake.period]
        content = {
            "file": file,
            "model": {"name": self._endpoint.model, "identity": self._endpoint.identity, "context": self._endpoint.context},
            "shots": str(self._shots),
            "sample": drawn,
            "language": settings.language,
            "topic_threshold": settings.topic_threshold,
            "prompts": self._prompts.sha256,
            "packs": {topic: pack.sha256 for topic, pack in sorted(self._packs.items())},
            "embedder": embed.MODEL,
            "versions": {"rootcause": version("rootcause"), "openai": version("openai"), "python": platform.python_version()},
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True)

    def _report(self, plan: Plan, outcomes: tuple[Outcome, ...], ranking: Ranking, spend: Spend, *, estimated: int) -> RunReport:
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
            frame=frame_of(plan.intake.complaints, plan.intake.covers),
            sample=plan.sample,
            ranking=ranking,
            outcomes=outcomes,
            ledger=ledger(plan.intake, plan.topics, plan.sample, outcomes, plan.skipped),
            cost=CostReport(
                used=spent.used,
                retried=spent.repeated,
                failed=spent.failed,
                from_store=sum(
                    item.id in reached and not self._store.paid(plan.run_id, item.key)
                    for item in plan.items
                    if item.lesson and item.lesson.settled is None
                ),
                price=0.0 if self._endpoint.on_this_machine else self._price.of(spent.used) if self._price else None,
                currency=self._price.currency if self._price else "",
                seconds=spent.seconds,
            ),
            complete=complete,
            min_complete=self._settings.min_complete,
            notes=(
                *plan.notes,
                *settling(plan, reached),
                *doubts(plan.sample, outcomes, spend, self._settings, complete=complete, estimated=estimated),
            ),
        )


def _outcome(item: Item, explained: Explained) -> Outcome:
    return Outcome(
        topic=item.topic,
        rows=item.rows,
        answer=explained.answer,
        failure=explained.failure,
        attempts=explained.attempts,
        shots=tuple(sorted(item.lesson.shots)) if item.lesson else (),
    )


def _language(complaints: Sequence[Complaint]) -> str:
    """Of the report, where none is named: Russian when most sampled complaints are in Cyrillic, else English."""
    cyrillic = sum(script(complaint.text) == "CYRILLIC" for complaint in complaints)
    return "ru" if cyrillic * 2 > len(complaints) else "en"
