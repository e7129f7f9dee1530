"""What a sheet for a person to fill in is made of. `report.sheet` writes one, `ingest.sheet` reads it back."""

from __future__ import annotations

from rootcause.models import Frozen


class Choice(Frozen):
    """A cell to choose from a list. of: the list's name; value: what stands there now."""

    of: str
    value: str = ""


Cell = str | int | float | Choice


class Page(Frozen):
    """One sheet. widths: of its columns, in characters; cells that may be changed are `Choice` or in the columns `open`."""

    title: str
    header: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]
    open: frozenset[str] = frozenset()


class Line(Frozen):
    """One row of a sheet that came back: where it stands, as a person would say it, and its cells as text by header."""

    place: str
    cells: dict[str, str]

    def __getitem__(self, header: str) -> str:
        return self.cells.get(header, "")
