"""`rootcause push`: the backlog into a tracker, shown before anything is written there."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rootcause.cli import options
from rootcause.errors import EXIT_INCOMPLETE, SettingsError

if TYPE_CHECKING:
    from pydantic import SecretStr
    from rich.console import Console

    from rootcause.backlog.values import Item
    from rootcause.settings import Settings
    from rootcause.trackers.sync import Plan
    from rootcause.trackers.values import Tell, Tracker


class To(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"
    JIRA = "jira"


def push(
    file: Annotated[Path, typer.Argument(help="The backlog as 'rootcause backlog RUN --out backlog.yaml' wrote it.")],
    to: Annotated[To, typer.Option(help="The tracker. The token comes from its variable in the environment.")],
    project: Annotated[str, typer.Option(help="owner/name at GitHub, group/name at GitLab, the project's key in Jira.")],
    url: Annotated[str | None, typer.Option(help="Address of a server of your own; for Jira the site's.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is new, changed and gone; write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
    store: options.Store = None,
) -> None:
    """Write the backlog's items into a tracker: once each, and never over what people changed there."""
    from rootcause.backlog.editable import read_yaml
    from rootcause.cli.session import consoles, shown
    from rootcause.settings import resolve
    from rootcause.trackers.sync import plan

    settings = resolve(store=store)
    backlog = read_yaml(file)
    out, err = consoles()
    tracker = _tracker(to, project, url, lambda sentence: err.print(f"Note     {shown(sentence, err)}", soft_wrap=True))
    try:
        public = tracker.is_public()
        wanted = plan(tracker, backlog, _before(settings, tracker.target))
        if dry_run:
            _show(wanted, tracker, "; nothing written.", out)
            return
        _show(wanted, tracker, ".", err)
        if wanted.writes:
            _consent(
                [*(new.item for new in wanted.new), *(one.item for one in wanted.changed)], tracker, err, public=public, yes=yes
            )
        _write(settings, tracker, wanted, out, err)
    finally:
        tracker.close()


def _tracker(to: To, project: str, url: str | None, tell: Tell) -> Tracker:
    """Raises SettingsError where a variable or an address is missing or wrong."""
    from rootcause.trackers import github, gitlab, jira

    match to:
        case To.GITHUB:
            return github.GitHub(project, _secret(github.TOKEN), tell, url or github.URL)
        case To.GITLAB:
            return gitlab.GitLab(project, _secret(gitlab.TOKEN), tell, url or gitlab.URL)
        case To.JIRA:
            if url is None:
                raise SettingsError("Jira needs the site's address: add --url https://NAME.atlassian.net")
            email = _secret(jira.EMAIL).get_secret_value()
            return jira.Jira(project, email, _secret(jira.TOKEN), tell, url)


def _secret(variable: str) -> SecretStr:
    """From the environment alone, so that no file and no shell history holds it."""
    from pydantic import SecretStr

    value = os.environ.get(variable, "").strip()
    if not value:
        raise SettingsError(f"set {variable} in the environment; it is read from nowhere else")
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise SettingsError(f"{variable} holds characters that it cannot have; set it to the bare value")
    return SecretStr(value)


def _before(settings: Settings, target: str) -> dict[str, tuple[str | None, Item]]:
    """What is known of items written there before. A look leaves no database behind."""
    from pydantic import ValidationError

    from rootcause.cli.session import DATABASE
    from rootcause.store import Store
    from rootcause.trackers.sync import known

    path = settings.store / DATABASE
    if not path.exists():
        return {}
    with Store(path) as database:
        rows = database.written(target)
    try:
        return known(rows)
    except ValidationError:
        raise SettingsError("backlog items were last written by another version; use another --store") from None


def _show(wanted: Plan, tracker: Tracker, end: str, console: Console) -> None:
    """A line for each item that is not as it was, and for each issue that is left as it is."""
    from rootcause.backlog.layouts import LABEL
    from rootcause.cli.session import shown

    stays = "; it stays as it is"
    lines = [("new", f"{new.item.key}: {new.item.title}") for new in wanted.new]
    for one in wanted.changed:
        title = f"; title -> {one.title}" if one.title else ""
        lines.append(("changed", f"{one.item.key} ({one.remote.name}): {', '.join(one.fields)}{title}"))
    for remote in wanted.gone:
        lines.append(("gone", f"{remote.key or LABEL} ({remote.name}): {remote.title}{stays}"))
    for gone in wanted.removed:
        lines.append(("removed", f"{gone.item.key}: people took its issue {gone.id} away; it is not made anew"))
    for bare in wanted.unmarked:
        lines.append(("unmarked", f"{bare.item.key} ({bare.remote.name}): its text has lost the marks of rootcause{stays}"))
    for double in wanted.doubles:
        lines.append(("double", f"{double.remote.name}: the same item as {double.first.name}{stays}"))
    for label, line in lines:
        console.print(f"{label:8} {shown(line, console)}", soft_wrap=True)
    counts = (len(wanted.new), len(wanted.changed), len(wanted.gone), len(wanted.unchanged))
    said = "{} new, {} changed, {} gone, {} unchanged in {}{}".format(*counts, tracker.where, end)
    console.print(shown(said, console), soft_wrap=True)


def _consent(items: list[Item], tracker: Tracker, err: Console, *, public: bool, yes: bool) -> None:
    """Asks before anything is written. Raises SettingsError where nobody can be asked."""
    from rootcause.cli.session import ask, shown

    if quotes := sum(len(item.quotes) for item in items):
        readers = "; everybody can read that project" if public else ""
        err.print(shown(f"{quotes} quotes of customers go to {tracker.where}{readers}.", err), soft_wrap=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise SettingsError("nobody can be asked here whether to write that; look with --dry-run, then add --yes")
    ask("Write it?")


def _write(settings: Settings, tracker: Tracker, wanted: Plan, out: Console, err: Console) -> None:
    """Tells of every item as soon as it is written or refused."""
    from rootcause.cli.session import DATABASE, shown
    from rootcause.store import Store
    from rootcause.trackers.sync import push as write

    refused = 0
    with Store(settings.store / DATABASE) as database:
        for one in write(tracker, wanted, database):
            if one.remote is not None:
                word = "created" if one.made else "updated"
                out.print(f"{word:8} {shown(f'{one.item.key}: {one.remote.url}', out)}", soft_wrap=True)
            else:
                refused += 1
                err.print(f"refused  {shown(f'{one.item.key}: {one.error}', err)}", soft_wrap=True)
    if refused:
        raise typer.Exit(EXIT_INCOMPLETE)
