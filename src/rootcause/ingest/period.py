"""Only the rows of a period: what makes two runs of one export a before and an after."""

from __future__ import annotations

import datetime as dt

from rootcause.errors import InputError
from rootcause.models import Intake, RejectedRow


def within(intake: Intake, since: dt.date | None, until: dt.date | None) -> Intake:
    """The intake with the rows outside the period (both days belong to it) among the rejected, each with its reason.

    Raises InputError where the file has no dates, or no row in the period.
    """
    if since is None and until is None:
        return intake
    if intake.columns.date is None:
        raise InputError(
            f"{intake.source} has no date column that is recognised; name it with --date, or drop --since and --until."
        )
    first, last = since or dt.date.min, until or dt.date.max
    kept = tuple(one for one in intake.complaints if one.date is not None and first <= one.date <= last)
    if not kept:
        raise InputError(f"{intake.source} has no row {_said(since, until)}; check --since and --until.")
    inside = {one.id for one in kept}
    out = tuple(
        RejectedRow(row=one.row, line=one.line, id=one.id, reason="no date" if one.date is None else f"not {_said(since, until)}")
        for one in intake.complaints
        if one.id not in inside
    )
    return intake.model_copy(
        update={
            "complaints": kept,
            "rejected": tuple(sorted((*intake.rejected, *out), key=lambda one: one.row)),
            "period": (since, until),
            "covers": _covered(intake, since, until),
            "notes": (*intake.notes, f"{len(out)} rows left out: not {_said(since, until)}, or without a date"),
        }
    )


def _covered(intake: Intake, since: dt.date | None, until: dt.date | None) -> tuple[dt.date | None, dt.date | None]:
    """The days asked for as far as the file goes beyond them: only then no complaint near them means that there was none."""
    dates = [one.date for one in intake.complaints if one.date is not None]
    return (since if since and min(dates) < since else None, until if until and max(dates) > until else None)


def _said(since: dt.date | None, until: dt.date | None) -> str:
    parts = [f"since {since}" if since else "", f"until {until}" if until else ""]
    return " ".join(part for part in parts if part)
