"""`rootcause analyze`: from a file of complaints to ranked root causes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.errors import EXIT_INCOMPLETE, SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from rootcause.decompose import Explained
    from rootcause.findings.values import Findings
    from rootcause.llm.endpoint import Endpoint
    from rootcause.models import RunReport
    from rootcause.pipeline import Run
    from rootcause.plan import Plan


def analyze(
    file: options.File,
    sample: Annotated[int | None, typer.Option(help="Rows to analyse, drawn at random within each topic.", min=1)] = None,
    margin: Annotated[float | None, typer.Option(help="Or the margin wanted, such as 0.05.", min=0.001, max=0.5)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Or every row.")] = False,
    until_stable: Annotated[
        float | None,
        typer.Option(
            help="Or rows in batches until the three largest causes hold their ranks with this probability, such as 0.9.",
            min=0.5,
            max=0.999,
        ),
    ] = None,
    text: options.Text = None,
    topic: options.Topic = None,
    id_column: options.Id = None,
    date: options.Date = None,
    channel: options.Channel = None,
    customer: options.Customer = None,
    score: options.Score = None,
    amount: options.Amount = None,
    exposure: options.Exposure = None,
    since: options.Since = None,
    until: options.Until = None,
    encoding: options.Encoding = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    shots: options.ShotsOption = None,
    context: options.Context = None,
    concurrency: options.Concurrency = None,
    language: options.Language = None,
    seed: options.Seed = None,
    max_cost: options.MaxCost = None,
    min_complete: Annotated[float | None, typer.Option(help="Share of rows that must end well. Default 0.98")] = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    store: options.Store = None,
) -> None:
    """Analyse a file of complaints and rank the root causes."""
    from rootcause.cli.intake import say, taken_in
    from rootcause.cli.runs import findings_of
    from rootcause.cli.session import consent, consoles, opened, packs, print_json
    from rootcause.plan import Extent
    from rootcause.report import files, terminal
    from rootcause.settings import resolve

    extent = Extent(rows=sample, margin=margin, everything=everything, until_stable=until_stable)
    settings = resolve(
        model=model, base_url=base_url, shots=shots, context=context, concurrency=concurrency, language=language,
        seed=seed, max_cost=max_cost, min_complete=min_complete, store=store,
    )  # fmt: skip
    at_hand = packs(settings)
    intake, whole_file = taken_in(
        file, at_hand, encoding=encoding, since=since, until=until, text=text, topic=topic, id=id_column, date=date,
        channel=channel, customer=customer, score=score, amount=amount, exposure=exposure,
    )  # fmt: skip
    with opened(settings, at_hand) as (run, endpoint):
        plan = run.plan(intake, extent, whole_file=whole_file)
        out, err = consoles()
        _announce(plan, endpoint, err)
        consent(plan.calls, plan.price, endpoint, max_cost=settings.max_cost, yes=yes)
        report = _execute(run, plan, err)
    folder = settings.store / "runs" / report.run_id
    findings = findings_of(settings, report)
    _write(report, findings, plan, folder)
    for note in report.notes[len(plan.notes) :]:
        say(err, "Note", note)
    if as_json:
        print_json(files.document(report, findings))
    else:
        terminal.show(report, findings, out)
        terminal.point_to(folder / "report.html", out, report.language)
    if report.partial:
        raise typer.Exit(EXIT_INCOMPLETE)


def _announce(plan: Plan, endpoint: Endpoint, err: Console) -> None:
    """What will happen, before anything is spent: model, columns, topics, sample, calls."""
    from rootcause.cli.intake import announce, say
    from rootcause.cli.session import money
    from rootcause.merge import MOST_QUESTIONS
    from rootcause.plan import calls_told

    announce(plan.intake, plan.uses, endpoint, err)
    frame = len(plan.intake.complaints) - len(plan.skipped)
    if plan.extent.until_stable is not None:
        sizes = ", ".join(str(len(batch.complaints)) for batch in plan.batches[:3])
        until = f"until the three largest causes hold their ranks with {plan.extent.until_stable:.0%}, or nothing new comes"
        say(err, "Sample", f"{sizes} ... of {frame} rows, seed {plan.sample.seed}, {until}; at most all")
    else:
        drawn = len(plan.sample.complaints)
        sure = "all of them" if drawn == frame else f"margin ±{100 * plan.sample.margin:.1f} points"
        say(err, "Sample", f"{drawn} of {frame} rows, seed {plan.sample.seed}, {sure}")
    most = "at most " if len(plan.batches) > 1 else ""
    tokens = f"{'' if plan.exact else 'about '}{plan.prompt_tokens:,} tokens in, about {plan.answer_tokens:,} out"
    cost = ""
    if not endpoint.on_this_machine:
        cost = (
            f"; price {most}{money(plan.price, plan.currency, endpoint)}; to merge new causes at most {MOST_QUESTIONS} short "
            "questions a topic come on top"
        )
    say(err, "Calls", f"{most}{calls_told(plan.calls, plan.known, plan.settled)}; {tokens}{cost}")
    for note in plan.notes:
        say(err, "Note", note)


def _execute(run: Run, plan: Plan, err: Console) -> RunReport:
    """Runs the plan under a progress line with rate, cost so far and time left."""
    import asyncio

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[spent]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("Explaining", total=len(plan.items), spent="")

        class Shown:
            def answered(self, explained: Explained, spent: float | None) -> None:
                del explained
                progress.update(task, advance=1, spent=f"cost {spent:.2f}" if spent else "")

        return asyncio.run(run.execute(plan, Shown()))


def _write(report: RunReport, findings: Findings, plan: Plan, folder: Path) -> None:
    """Writes the run's folder: the report's files and, in run.json, all that it takes to run it again."""
    import json

    from rootcause.report import files

    files.write(report, findings, folder)
    content = {"run": report.run_id, "source": report.source, **json.loads(plan.record)}
    try:
        (folder / "run.json").write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{folder / 'run.json'} cannot be written ({error.strerror}); make room there") from None
