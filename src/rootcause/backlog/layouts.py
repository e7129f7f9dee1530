"""The backlog as CSV in the layout that each tracker's importer takes.

Jira: a header with Summary, one Labels column a label, no spaces in labels (Atlassian, "Importing data from CSV").
Azure DevOps: Work Item Type and Title, tags parted by semicolons, rich text as HTML; new items may not name a state or an
assignee (Microsoft, "Import or update bulk work items by using CSV files"). Linear: the columns of its own export, all of
which its importer reads (linear/linear, packages/import, LinearCsvImporter.ts). YouTrack: names of its issue attributes and
fields, which the import maps; project and reporter are chosen there (JetBrains, "Import from a CSV File").
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from enum import StrEnum

from rootcause.backlog.markup import Markup
from rootcause.backlog.pages import body
from rootcause.backlog.priority import SIZE
from rootcause.backlog.values import Backlog, Item
from rootcause.report.clean import cell

LABEL = "rootcause"


class Tracker(StrEnum):
    JIRA = "jira-csv"
    AZURE = "azure-csv"
    LINEAR = "linear-csv"
    YOUTRACK = "youtrack-csv"


_HEADERS: dict[Tracker, tuple[str, ...]] = {
    Tracker.JIRA: ("Summary", "Issue Type", "Priority", "Labels", "Labels", "Labels", "Description"),
    Tracker.AZURE: ("Work Item Type", "Title", "Priority", "Tags", "Description"),
    Tracker.LINEAR: (
        "Id", "Team", "Title", "Description", "Status", "Estimate", "Priority", "Project", "Creator", "Assignee", "Labels",
        "Cycle Number", "Cycle Name", "Cycle Start", "Cycle End", "Created", "Updated", "Started", "Completed", "Canceled",
        "Archived",
    ),
    Tracker.YOUTRACK: ("Summary", "Description", "Type", "Priority", "Tags", "Created"),
}  # fmt: skip

# The most urgent third of the items, the middle one, the rest.
_PRIORITIES = {
    Tracker.JIRA: ("High", "Medium", "Low"),
    Tracker.AZURE: ("1", "2", "3"),
    Tracker.LINEAR: ("High", "Medium", "Low"),
    Tracker.YOUTRACK: ("Major", "Normal", "Minor"),
}


def to_csv(backlog: Backlog, tracker: Tracker) -> str:
    """No byte order mark, which an importer would take for a part of the first header."""
    page = io.StringIO(newline="")
    writer = csv.writer(page)
    writer.writerow(_HEADERS[tracker])
    count = len(backlog.items)
    for place, item in enumerate(backlog.items):
        row = _ROWS[tracker](item, _PRIORITIES[tracker][3 * place // count], backlog)
        writer.writerow([cell(value) for value in row])
    return page.getvalue()


def labels(item: Item) -> tuple[str, ...]:
    """By which the item is found again in a tracker: the program, the item's key, the team. Without spaces."""
    parts = (LABEL, item.key, item.team)
    return tuple(re.sub(r"[\s,;]+", "-", part) for part in parts if part)


def _jira(item: Item, priority: str, backlog: Backlog) -> Sequence[str]:
    del backlog
    return (item.title, "Task", priority, *(*labels(item), "")[:3], body(item, Markup.WIKI))


def _azure(item: Item, priority: str, backlog: Backlog) -> Sequence[str]:
    del backlog
    return ("Task", item.title, priority, "; ".join(labels(item)), body(item, Markup.HTML).replace("\n", ""))


def _linear(item: Item, priority: str, backlog: Backlog) -> Sequence[str]:
    del backlog
    values = {
        "Id": item.key,
        "Title": item.title,
        "Description": body(item),
        "Status": "Backlog",
        "Estimate": str(round(SIZE[item.effort])) if item.effort else "",
        "Priority": priority,
        "Labels": ", ".join(labels(item)),
    }
    return [values.get(name, "") for name in _HEADERS[Tracker.LINEAR]]


def _youtrack(item: Item, priority: str, backlog: Backlog) -> Sequence[str]:
    return (item.title, body(item), "Task", priority, ", ".join(labels(item)), backlog.made.isoformat())


_ROWS: dict[Tracker, Callable[[Item, str, Backlog], Sequence[str]]] = {
    Tracker.JIRA: _jira,
    Tracker.AZURE: _azure,
    Tracker.LINEAR: _linear,
    Tracker.YOUTRACK: _youtrack,
}
