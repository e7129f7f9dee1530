"""Where the shipped prompts and topic packs lie, and how a user's own folders override them."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def folders(name: str, own: Path | None = None) -> tuple[Path, ...]:
    """The folders called `name` ("prompts", "fewshot"), first match wins: the user's own, then the shipped one.

    own: a folder named by the user; without it, `name` in the working folder where it exists.
    In a checkout the shipped folder is the one at its top; in an installation it is inside the package.
    """
    mine = own if own is not None else Path(name)
    shipped = _PACKAGE / "shipped" / name
    if not shipped.is_dir():
        shipped = _CHECKOUT / name
    found = [folder for folder in (mine, shipped) if folder.is_dir()]
    return tuple(dict.fromkeys(folder.resolve() for folder in found))
