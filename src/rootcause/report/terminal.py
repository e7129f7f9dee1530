"""The finding on one screen, for any console: old code pages, pipes, no colour."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from rootcause.models import Answer, Basis, Chain, RankedCause, RunReport, Step
from rootcause.report.clean import encodable, one_line
from rootcause.report.headline import headline
from rootcause.report.pareto import group, weights_of
from rootcause.report.words import Words, words_for

PIPE_WIDTH = 80
MOST_CAUSES = 20
_LONGEST = 240


def show(report: RunReport, console: Console) -> None:
    """Prints a run's causes, ranked, with what stands behind them and what to do next."""
    page = _Page(console, words_for(report.language))
    if report.partial:
        page.warn(report)
    page.causes(report)
    page.typical(report.ranking.causes)
    page.residue(report)
    page.cost(report)
    page.next_steps(report.next_steps)


def show_chain(answer: Answer, console: Console, language: str) -> None:
    """Prints why one complaint was made: each of its chains from the symptom down to the root."""
    page = _Page(console, words_for(language))
    if answer.nothing_to_explain is not None:
        page.line(page.w(f"nothing:{answer.nothing_to_explain.value}"))
    for chain in answer.chains:
        page.put(page.tree(page.w("complaint"), chain))


class _Page:
    """Prints foreign text so that no part of it steers the console and every sign can be shown."""

    def __init__(self, console: Console, words: Words) -> None:
        self.w = words
        self._console = console
        self._width = console.width if console.is_terminal else PIPE_WIDTH

    def put(self, what: RenderableType) -> None:
        self._console.print(what, width=self._width)

    def line(self, text: str, style: str = "") -> None:
        self.put(self.text(text, style))

    def text(self, text: str, style: str = "") -> Text:
        return Text(encodable(one_line(text), self._console.encoding), style)

    def warn(self, report: RunReport) -> None:
        complete, required = self.w.percent(report.complete), self.w.percent(report.min_complete)
        self.line(f"{self.w('partial_title')}.", "bold yellow")
        self.line(self.w("partial", complete=complete, required=required), "yellow")
        self.line("")

    def causes(self, report: RunReport) -> None:
        causes = report.ranking.causes
        if not causes:
            self.line(headline(report, self.w))
            return
        table = self._table()
        for ranked in causes[:MOST_CAUSES]:
            table.add_row(*self._cells(ranked))
        self.put(table)
        if len(causes) > MOST_CAUSES:
            self.line(self.w("more_causes", count=len(causes) - MOST_CAUSES))

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

    def residue(self, report: RunReport) -> None:
        residue = group(report.ranking.residue, weights_of(report))
        if residue:
            causes = self.w("causes", count=residue.causes)
            complaints = self.w("complaints", count=residue.complaints)
            self.line("")
            share = self.w.percent(residue.share)
            self.line(self.w("residue_line", causes=causes, complaints=complaints, share=share))

    def cost(self, report: RunReport) -> None:
        cost = report.cost
        self.line("")
        self.line(
            self.w(
                "cost_line",
                price=self.w.price(cost.price, cost.currency),
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
        table = Table(width=self._width, box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column(self.text(self.w("cause")), overflow="fold", ratio=1)
        table.add_column(self.text(self.w("topic")), overflow="fold", max_width=14)
        table.add_column(self.text(self.w("share")), justify="right", no_wrap=True)
        table.add_column("n", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        return table

    def _cells(self, ranked: RankedCause) -> list[Text]:
        cause = ranked.cause
        share = f"{self.w.percent(ranked.share)} ({self.w.interval(ranked.low, ranked.high)})"
        return [
            self.text(str(ranked.rank)),
            self.text(_cut(cause.name), "bold" if ranked.rank == 1 else ""),
            self.text(cause.topic or self.w("no_topic"), "dim"),
            self.text(share),
            self.text(self.w.number(ranked.complaints)),
            self.text(self.w("new") if cause.new else "", "green"),
        ]

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
