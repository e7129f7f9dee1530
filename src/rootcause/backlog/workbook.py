"""The backlog as the pages of a workbook: the items, their chains, quotes and rows, the causes without an item."""

from __future__ import annotations

from rootcause.backlog.pages import measure_lines
from rootcause.backlog.values import Backlog, Item
from rootcause.findings.values import Estimate
from rootcause.sheets import Cell, Page

_ITEMS = (
    ("place", 6), ("key", 30), ("title", 60), ("team", 24), ("effort", 8), ("priority", 10), ("method", 8), ("formula", 40),
    ("inputs", 60), ("share", 10), ("low", 10), ("high", 10), ("cost a month", 14), ("cost low", 12), ("cost high", 12),
    ("currency", 9), ("effect", 10), ("effect low", 10), ("effect high", 10), ("how computed", 60), ("how we will know", 60),
    ("look again", 12), ("problem", 80), ("change", 60), ("cause", 30), ("complaints", 11), ("audited", 9),
)  # fmt: skip


def pages(backlog: Backlog) -> tuple[Page, ...]:
    return (
        Page(
            title="items",
            header=tuple(name for name, _ in _ITEMS),
            widths=tuple(width for _, width in _ITEMS),
            rows=tuple(_cells(place, item) for place, item in enumerate(backlog.items, start=1)),
        ),
        Page(
            title="chains",
            header=("key", "step", "why", "basis", "evidence", "change"),
            widths=(30, 6, 80, 12, 60, 60),
            rows=tuple(
                (item.key, number, step.cause, step.basis.value, step.evidence or "", step.countermeasure or "")
                for item in backlog.items
                for number, step in enumerate(item.chain.steps, start=1)
            ),
        ),
        Page(
            title="quotes",
            header=("key", "row", "quote"),
            widths=(30, 14, 100),
            rows=tuple((item.key, quote.row_id, quote.text) for item in backlog.items for quote in item.quotes),
        ),
        Page(
            title="rows",
            header=("key", "row"),
            widths=(30, 14),
            rows=tuple((item.key, row) for item in backlog.items for row in item.row_ids),
        ),
        Page(
            title="without an item",
            header=("cause", "name", "share", "complaints", "why"),
            widths=(30, 80, 10, 11, 16),
            rows=tuple((one.cause, one.name, round(one.share, 6), one.complaints, one.why.value) for one in backlog.left_out),
        ),
    )


def _cells(place: int, item: Item) -> tuple[Cell, ...]:
    inputs = "\n".join(f"{one.name} {one.value:g}: {one.source}" for one in item.priority.inputs)
    return (
        place, item.key, item.title, item.team_name or item.team or "", item.effort.value if item.effort else "",
        item.priority.score, item.priority.method.value, item.priority.formula, inputs, *_ends(item.share),
        *_ends(item.cost), item.currency or "", *_ends(item.effect), item.effect_how, "\n".join(measure_lines(item)),
        item.measure.again.isoformat(), item.problem, item.change, item.cause, item.complaints, str(item.audited).lower(),
    )  # fmt: skip


def _ends(one: Estimate | None) -> tuple[Cell, Cell, Cell]:
    return ("", "", "") if one is None else (round(one.value, 6), round(one.low, 6), round(one.high, 6))
