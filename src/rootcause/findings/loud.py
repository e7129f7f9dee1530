"""The rare and the loud: grave single complaints and customers who complain again, which no share shows.

Grave is what the customer's own words are: a regulator or the press named, somebody harmed. A large sum alone is no sign,
and sums of one file may be in several currencies, so that it is shown beside a complaint and moves none.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

from rootcause.findings.observe import Observed
from rootcause.findings.values import Again, Loud, LoudAndRare
from rootcause.models import RunReport, Severity, SignKind


def loud(report: RunReport, observed: Observed) -> LoudAndRare:
    """All analysed rows of high severity, those with most kinds of signs first, and all customers with several rows.

    Customers come with all their rows in the file, analysed or not, most rows first; their causes are known of analysed rows.
    """
    causes = {
        row.id: tuple(observed.ids[place] for place in observed.has[line].indices) for line, row in enumerate(observed.rows)
    }
    grave = [
        Loud(
            row_id=row.id,
            customer=row.customer,
            date=row.date,
            causes=causes[row.id],
            severity=severity,
            signs=signs,
            amount=row.amount,
        )
        for row, signs, severity in zip(observed.rows, observed.signs, observed.severity, strict=True)
        if severity is Severity.HIGH
    ]
    grave.sort(key=lambda one: (-len({sign.kind for sign in one.signs}), one.date or dt.date.max, one.row_id))
    again = tuple(
        Again(
            customer=customer.customer,
            rows=customer.rows,
            causes=tuple(dict.fromkeys(cause for row in customer.rows for cause in causes.get(row, ()))),
        )
        for customer in report.frame.repeaters
    )
    kinds = Counter(kind for signs in observed.signs for kind in {sign.kind for sign in signs})
    return LoudAndRare(
        loud=tuple(grave),
        again=again,
        signs=tuple((kind.value, kinds[kind]) for kind in SignKind if kinds[kind]),
        unsigned=sum(not signs for signs in observed.signs),
    )
