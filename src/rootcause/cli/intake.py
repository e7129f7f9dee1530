"""What the commands that read a file of complaints share: reading it, and saying what was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from rootcause.llm.endpoint import Endpoint
    from rootcause.models import Intake, Pack, TopicUse

_SIGNS = {None: None, "\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}


def taken_in(
    file: str,
    at_hand: dict[str, Pack],
    *,
    encoding: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    topic: str | None,
    **named: str | None,
) -> tuple[Intake, str | None]:
    """The file, or a period of it, and the topic that `topic` names for all of it where it is a pack's and not a column's.

    named: header by role.
    """
    from rootcause.errors import InputError
    from rootcause.ingest import read
    from rootcause.ingest.period import within

    whole_file = topic if topic in at_hand else None
    wanted = {**named, "topic": None if whole_file else topic}
    intake = read(file, columns={role: header for role, header in wanted.items() if header is not None}, encoding=encoding)
    if not intake.complaints:
        why = f": {intake.rejected[0].reason}" if intake.rejected else ""
        raise InputError(f"{intake.source} has no row that can be analysed{why}; name the column of the complaints with --text.")
    return within(intake, since.date() if since else None, until.date() if until else None), whole_file


def say(err: Console, label: str, words: str) -> None:
    from rootcause.cli.session import shown

    err.print(f"{label:8} {shown(words, err)}")


def announce(intake: Intake, uses: Sequence[TopicUse], endpoint: Endpoint, err: Console) -> None:
    """Which model answers, what the file holds, and how each topic is taught."""
    where = "nothing leaves this computer" if endpoint.on_this_machine else f"the texts go to {endpoint.base_url}"
    say(err, "Model", f"{endpoint.model}; {where}")
    kind = ", ".join(part for part in (intake.format, intake.encoding, _SIGNS.get(intake.delimiter, intake.delimiter)) if part)
    say(err, "File", f"{intake.source}: {intake.rows} rows ({kind}), {len(intake.rejected)} left out")
    say(err, "Columns", ", ".join(f"{role}={header}" for role, header in intake.columns.model_dump().items() if header))
    for use in uses:
        teaching = f"{use.examples} labelled examples, shots {use.shots}" if use.examples else ""
        say(err, "Topic", f"{use.topic or '(none)'}: {use.rows} rows; {'; '.join(p for p in (teaching, use.note) if p)}")
