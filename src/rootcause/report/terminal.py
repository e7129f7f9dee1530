"""The finding on one screen, for any console: old code pages, pipes, no colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from rootcause.findings.values import CauseTrend, Direction, Findings, Portfolio, Standing
from rootcause.models import Answer, Basis, Cause, Chain, RankedCause, Ranking, RunReport, Step
from rootcause.report.clean import encodable, one_line
from rootcause.report.headline import audited, headline
from rootcause.report.pareto import group, weights_of
from rootcause.report.ties import groups
from rootcause.report.words import Words, words_for

PIPE_WIDTH = 80
MOST_CAUSES = 15
MOST_FIXES = 3
_LONGEST = 240
_MOVES = {Direction.RISING: "↑", Direction.APPEARED: "↑", Direction.FALLING: "↓", Direction.VANISHED: "↓"}


def show(report: RunReport, findings: Findings, console: Console) -> None:
    """Prints a run's causes, ranked, with what stands behind them, what to do, and what to do next."""
    page = Page(console, words_for(report.language))
    if report.partial:
        page.warn(report)
    page.line(f"{audited(findings, page.w)}.", "bold")
    page.causes(findings)
    page.typical(findings.ranking.causes)
    page.portfolio(findings)
    page.loud(findings)
    page.residue(findings.ranking, report)
    page.cost(report)
    page.next_steps(report.next_steps)


def show_chain(answer: Answer, console: Console, language: str) -> None:
    """Prints why one complaint was made: each of its chains from the symptom down to the root."""
    page = Page(console, words_for(language))
    if answer.nothing_to_explain is not None:
        page.line(page.w(f"nothing:{answer.nothing_to_explain.value}"))
    for chain in answer.chains:
        page.put(page.tree(page.w("complaint"), chain))


def point_to(file: Path, console: Console, language: str) -> None:
    """Prints where the report is, on one line, so that it can be copied."""
    console.print(encodable(words_for(language)("open_report", file=str(file)), console.encoding), soft_wrap=True)


class Page:
    """Prints foreign text so that no part of it steers the console and every sign can be shown."""

    def __init__(self, console: Console, words: Words) -> None:
        self.w = words
        self._console = console
        self._width = console.width if console.is_terminal else PIPE_WIDTH

    @property
    def _look(self) -> dict[str, Any]:
        return {"width": self._width, "box": SIMPLE_HEAD, "header_style": "bold", "pad_edge": False, "padding": (0, 1, 0, 0)}

    def put(self, what: RenderableType) -> None:
        self._console.print(what, width=self._width)

    def line(self, text: str, style: str = "") -> None:
        self.put(self.text(text, style))

    def text(self, text: str, style: str = "") -> Text:
        return Text(encodable(one_line(text), self._console.encoding), style)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table whose first column takes what room the others leave."""
        table = Table(**self._look)
        first, *others = header
        table.add_column(self.text(first), overflow="fold", ratio=1)
        for name in others:
            table.add_column(self.text(name), justify="right", no_wrap=True)
        for row in rows:
            table.add_row(*(self.text(cell) for cell in row))
        self.put(table)

    def warn(self, report: RunReport) -> None:
        complete, required = self.w.percent(report.complete), self.w.percent(report.min_complete)
        self.line(f"{self.w('partial_title')}.", "bold yellow")
        self.line(self.w("partial", complete=complete, required=required), "yellow")
        self.line("")

    def causes(self, findings: Findings) -> None:
        causes = findings.ranking.causes
        if not causes:
            self.line(headline(findings, self.w))
            return
        trends = {one.cause: one for one in findings.trend.causes} if findings.trend else {}
        standings = {one.cause: one for one in findings.standings}
        several = len({ranked.cause.topic for ranked in causes}) > 1
        table = self._table()
        for ranked in causes[:MOST_CAUSES]:
            cause = ranked.cause
            table.add_row(*self._cells(ranked, standings[cause.id], self._notes(cause, trends.get(cause.id), topic=several)))
        self.put(table)
        if len(causes) > MOST_CAUSES:
            self.line(self.w("more_causes", count=len(causes) - MOST_CAUSES))
        self.line(self._ties(findings.standings), "dim")

    def typical(self, causes: tuple[RankedCause, ...]) -> None:
        if causes:
            self.line("")
            self.put(self.tree(self.w("typical"), causes[0].typical))

    def tree(self, title: str, chain: Chain) -> Tree:
        """Every step hangs from the one that it explains."""
        tree = Tree(self.text(title, "bold"), guide_style="dim")
        branch = tree
        for number, step in enumerate(chain.steps, 1):
            branch = branch.add(self._step(number, step, is_root=number == len(chain.steps)))
        return tree

    def portfolio(self, findings: Findings) -> None:
        """The first countermeasures and what all of them spare together."""
        found = findings.portfolio
        if found is None:
            return
        self.line("")
        self.line(f"{self.w('portfolio_title')}: {self._together(found, findings)}", "bold")
        for number, fix in enumerate(found.fixes[:MOST_FIXES], 1):
            adds = self.w.estimate(fix.spared.value, fix.spared.low, fix.spared.high)
            self.line(self.w("fix_line", number=str(number), text=_cut(fix.text), adds=adds))
        if len(found.fixes) > MOST_FIXES:
            self.line(self.w("more_fixes", count=len(found.fixes) - MOST_FIXES), "dim")

    def loud(self, findings: Findings) -> None:
        grave, again = len(findings.loud.loud), len(findings.loud.again)
        if grave or again:
            self.line("")
            self.line(self.w("loud_line", grave=self.w("loud_grave", count=grave), again=self.w("again_count", count=again)))

    def residue(self, ranking: Ranking, report: RunReport) -> None:
        residue = group(ranking.residue, weights_of(report))
        if residue:
            causes = self.w("causes", count=residue.causes)
            complaints = self.w("complaints", count=residue.complaints)
            share = self.w.percent(residue.share)
            self.line("")
            self.line(self.w("residue_line", causes=causes, complaints=complaints, share=share))

    def cost(self, report: RunReport) -> None:
        cost = report.cost
        self.line("")
        self.line(
            self.w(
                "cost_line",
                price=self.w.paid(cost.price, cost.currency),
                calls=cost.used.calls,
                prompt=cost.used.prompt,
                completion=cost.used.completion,
                stored=cost.from_store,
                time=self.w.duration(cost.seconds),
            ),
            "dim",
        )

    def next_steps(self, steps: tuple[str, ...]) -> None:
        """Not wrapped, so that a command in them can be copied."""
        if steps:
            self.line("")
            self.line(f"{self.w('next')}:", "bold")
        for step in steps:
            self._console.print(Text.assemble("  ", self.text(step)), soft_wrap=True)

    def _table(self) -> Table:
        table = Table(**self._look)
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column(self.text(self.w("rank_short")), justify="right", no_wrap=True)
        table.add_column(self.text(self.w("cause")), overflow="fold", ratio=1)
        table.add_column(self.text(self.w("share")), justify="right", no_wrap=True)
        table.add_column("n", justify="right", no_wrap=True)
        table.add_column(self.text(self.w("chances_short")), justify="right", no_wrap=True)
        return table

    def _cells(self, ranked: RankedCause, standing: Standing, notes: list[Text]) -> list[Text]:
        name = self.text(_cut(ranked.cause.name), "bold" if ranked.rank == 1 else "")
        chances = f"{self.w.chance(standing.first)} / {self.w.chance(standing.top3)}".replace("\u00a0", "")
        return [
            self.text(str(ranked.rank)),
            self.text(self.w.ranks(standing.best, standing.worst)),
            Text("\n").join([name, Text(", ").join(notes)] if notes else [name]),
            self.text(self.w.estimate(ranked.share, ranked.low, ranked.high)),
            self.text(self.w.number(ranked.complaints)),
            self.text(chances),
        ]

    def _notes(self, cause: Cause, trend: CauseTrend | None, *, topic: bool) -> list[Text]:
        """What stands below a cause's name: its topic, whether it is new, how it moves."""
        notes = [self.text(cause.topic or self.w("no_topic"), "dim")] if topic else []
        if cause.new:
            notes.append(self.text(self.w("new"), "green"))
        if trend is not None and trend.direction in _MOVES:
            notes.append(self.text(f"{_MOVES[trend.direction]} {self.w(f'trend:{trend.direction.value}')}", "yellow"))
        return notes

    def _ties(self, standings: Sequence[Standing]) -> str:
        found = ", ".join(self.w.ranks(first + 1, last + 1) for first, last in groups(standings) if first < MOST_CAUSES)
        return self.w("ties_line", groups=found) if found else self.w("ties_none")

    def _together(self, found: Portfolio, findings: Findings) -> str:
        one = found.together
        if found.goal == "money" and findings.economy:
            currency = findings.economy.currency
            total, interval = self.w.money(one.value, currency), self.w.sums(one.low, one.high, currency)
            together = self.w("portfolio_money", sum=total)
        else:
            together, interval = (
                self.w("portfolio_complaints", share=self.w.percent(one.value)),
                self.w.interval(one.low, one.high),
            )
        return self.w("portfolio_headline", count=len(found.fixes), together=together, interval=interval)

    def _step(self, number: int, step: Step, is_root: bool) -> Text:
        lines = [self.text(f"{number}. {step.cause}", "bold" if is_root else ""), self._basis(step)]
        if step.countermeasure:
            lines.append(self.text(f"{self.w('countermeasure')}: {step.countermeasure}", "green"))
        return Text("\n").join(lines)

    def _basis(self, step: Step) -> Text:
        basis = self.w(step.basis.value)
        if step.evidence is None or step.basis is Basis.INFERRED:
            return self.text(basis, "dim")
        if step.basis is Basis.PRECEDENT:
            return self.text(f"{basis}: {step.evidence}", "dim")
        return self.text(self.w("quoted", basis=basis, quote=_cut(one_line(step.evidence))), "dim")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
