"""An issue as a tracker has it, and what the export asks of every tracker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from rootcause.backlog.values import Item
from rootcause.errors import ItemRefused
from rootcause.models import Frozen

Tell = Callable[[str], None]
"""Takes a sentence for the person who waits."""


class Unsure(ItemRefused):
    """The tracker gave no answer to a request that makes an issue: it may have made it or not."""


class Remote(Frozen):
    """An issue. id: by which the API finds it; name: what people call it (#17, SHOP-17); key: of the backlog item, by its mark.

    text: the whole text in the tracker's own form: Markdown, or a document of Atlassian's format.
    """

    id: str
    name: str
    url: str
    title: str
    open: bool
    key: str | None
    labels: tuple[str, ...] = ()
    text: Any


class Tracker(Protocol):
    """A project in a tracker. target: under which the store remembers what was written there; where: the same for people.

    Every method raises TrackerError when the tracker cannot serve at all.
    """

    target: str
    where: str

    def is_public(self) -> bool:
        """Whether everybody is known to read the project; a look that costs nothing where token or project are wrong."""

    def issues(self) -> list[Remote]:
        """Every issue, open or closed, that bears a mark or the program's label, the oldest first."""

    def newest(self) -> list[Remote]:
        """Of the issues made last those that bear a mark, as they are at this moment."""

    def get(self, id_: str) -> Remote | None:
        """The issue as it is at this moment; None where it is no longer in the tracker."""

    def create(self, item: Item) -> Remote:
        """Raises ItemRefused, and Unsure where the issue may exist."""

    def has_place(self, remote: Remote) -> bool:
        """Whether both marks are still there, between which the issue's text is ours."""

    def says(self, remote: Remote, item: Item) -> bool:
        """Whether the text between the marks is the item's."""

    def write(self, remote: Remote, item: Item, title: str | None) -> None:
        """Puts the item's text between the marks, and the title where it is given; all else stays. Raises ItemRefused."""

    def close(self) -> None:
        """Ends the connections."""
