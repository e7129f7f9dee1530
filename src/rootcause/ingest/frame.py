"""What the whole file says, sampled or not: months, channels, customers who come again, what complaints are set against."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from rootcause.models import Complaint, Frame, Repeater


def frame_of(complaints: Sequence[Complaint], covers: tuple[dt.date | None, dt.date | None] = (None, None)) -> Frame:
    """covers: first and last day of the period that the complaints are from, where known; else the first and last of them."""
    since, until = covers
    dates = [complaint.date for complaint in complaints if complaint.date is not None]
    months = Counter(None if c.date is None else f"{c.date:%Y-%m}" for c in complaints)
    channels = Counter(complaint.channel for complaint in complaints)
    rows: dict[str, list[Complaint]] = {}
    for complaint in complaints:
        if complaint.customer is not None:
            rows.setdefault(complaint.customer, []).append(complaint)
    again = [
        Repeater(customer=customer, rows=tuple(c.id for c in sorted(theirs, key=lambda c: (c.date or dt.date.min, c.row))))
        for customer, theirs in rows.items()
        if len(theirs) > 1
    ]
    return Frame(
        rows=len(complaints),
        first=since or min(dates, default=None),
        last=until or max(dates, default=None),
        months=tuple(sorted(months.items(), key=lambda item: (item[0] is None, item[0] or ""))),
        channels=tuple(sorted(channels.items(), key=lambda item: (-item[1], item[0] or ""))),
        repeaters=tuple(sorted(again, key=lambda one: (-len(one.rows), one.customer))),
        exposure=tuple(sorted({f"{c.date:%Y-%m}": c.exposure for c in complaints if c.date and c.exposure is not None}.items())),
    )
