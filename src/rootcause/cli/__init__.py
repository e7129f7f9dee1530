"""The command line. A command parses, calls one function, prints; heavy imports happen inside the commands."""

from __future__ import annotations

import sys

import typer

from rootcause.cli import analyze, audit, backlog, doctor, effect, fewshot, loop, models, push, runs, why
from rootcause.cli import map as map_command
from rootcause.cli import plan as plan_command
from rootcause.errors import EXIT_INTERRUPTED, RootcauseError

app = typer.Typer(
    name="rootcause",
    help="Finds out why customers complain: the 5 Whys over a file of complaints, merged and ranked.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
)
app.command("analyze")(analyze.analyze)
app.command("plan")(plan_command.plan)
app.command("why")(why.why)
app.command("runs")(runs.runs)
app.command("show")(runs.show)
app.command("report")(runs.report)
app.command("map")(map_command.cause_map)
app.command("audit")(audit.audit)
app.command("backlog")(backlog.backlog)
app.command("push")(push.push)
app.command("loop")(loop.loop)
app.command("effect")(effect.effect)
app.add_typer(fewshot.app, name="fewshot")
app.add_typer(models.app, name="models")
app.command("doctor")(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("rootcause"))
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version and stop."),
) -> None:
    """Options that every command has."""


def main() -> None:
    """Entry point: the user's mistake is one sentence on standard error, a bug keeps its traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except RootcauseError as error:
        from rootcause.report.clean import one_line

        print(f"rootcause: {one_line(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit) as end:  # Typer turns the first into the second
        if isinstance(end, SystemExit) and end.code != EXIT_INTERRUPTED:
            raise
        print("rootcause: interrupted; what was answered is kept, run the same command again to go on", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
