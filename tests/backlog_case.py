"""A small run with its findings, made by hand: three catalogue causes, one outside, one new, one that merged with nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rootcause.findings.values import (
    AuditFinding,
    CauseMap,
    Design,
    Economy,
    Estimate,
    Findings,
    Fix,
    LoudAndRare,
    Portfolio,
    Worth,
)
from rootcause.ingest.frame import frame_of
from rootcause.models import (
    Answer,
    Basis,
    Cause,
    Chain,
    ChainRef,
    Columns,
    Complaint,
    CostReport,
    Effort,
    ModelInfo,
    NothingReason,
    Outcome,
    RankedCause,
    RunReport,
    Sample,
    Sign,
    SignKind,
    Step,
    Stratum,
    Usage,
)
from rootcause.rank import rank

PROMISE, STALE, REFUND, ROADS = (
    f"delivery/{cause}"
    for cause in ("promise-fixed-at-basket", "stale-address-card", "refund-thursday-session", "roads-and-weather")
)
NEW, LONE = "delivery/new-gift-wrap-1a2b3c", "delivery/new-lone-4d5e6f"
ECHO = "delivery/new-gift-paper-9f9f9f"
TODAY = dt.date(2026, 11, 22)
TEAMS = {("delivery", "checkout"): "Checkout and order form", ("delivery", "profile"): "Customer profile and addresses"}

RECOUNT = "Work out the promised day again at payment and show the change before the customer pays."
UPDATE = "Update the cards when the profile changes and show address and phone for confirmation at payment."

CAUSES = {
    PROMISE: ("Checkout keeps the delivery day from basket opening.", "checkout", RECOUNT, Effort.M, True),
    STALE: ("Repeat orders use the first address card.", "profile", UPDATE, Effort.S, True),
    REFUND: ("Refunds above £30 wait for one weekly session.", "refunds", "Approve refunds daily.", Effort.S, True),
    ROADS: ("Roads close after heavy snow.", None, None, None, False),
    NEW: ("The price slip is fixed outside the gift wrap.", None, None, None, True),
    ECHO: ("The price slip sticks outside the gift wrapping.", None, None, None, True),
    LONE: ("The leaflet's code has a letter instead of a digit.", None, None, None, True),
}
PROPOSED = {
    NEW: "Put the price slip inside the parcel.",
    ECHO: "Lay the price slip into the parcel.",
    LONE: "Print the code anew.",
}
NUMBERS = {PROMISE: 12, STALE: 6, REFUND: 4, ROADS: 2, NEW: 3, LONE: 1}


def estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(value=value, low=low, high=high)


def report(numbers: dict[str, int] = NUMBERS, *, run: str = "0123456789", language: str = "en", praise: int = 12) -> RunReport:
    """A census. Rows are numbered over all causes, c1 onwards; every third customer of a cause complains twice."""
    complaints: list[Complaint] = []
    outcomes: list[Outcome] = []
    chains: dict[str, list[ChainRef]] = {}
    for cause, count in numbers.items():
        for nth in range(count):
            row = _complaint(len(complaints) + 1, cause, nth)
            complaints.append(row)
            chains.setdefault(cause, []).append(ChainRef(outcome=row.id, index=0))
            signs = (Sign(kind=SignKind.REGULATOR, quote="regulator"),) if cause == STALE and nth < 3 else ()
            answer = Answer(chains=(_chain(cause, row),), nothing_to_explain=None, signs=signs)
            outcomes.append(Outcome(topic="delivery", rows=(row,), answer=answer, failure=None, attempts=1))
    for _ in range(praise):
        row = Complaint(row=len(complaints) + 1, line=len(complaints) + 2, id=f"c{len(complaints) + 1}", text="Thank you.")
        complaints.append(row)
        answer = Answer(chains=(), nothing_to_explain=NothingReason.PRAISE)
        outcomes.append(Outcome(topic="delivery", rows=(row,), answer=answer, failure=None, attempts=1))
    sample = Sample(
        seed=5,
        strata=(Stratum(topic="delivery", population=4 * len(complaints), sampled=len(complaints)),),
        complaints=tuple(complaints),
        margin=0.1,
    )
    return RunReport(
        run_id=run,
        started=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        version="0.1.0",
        source="complaints.csv",
        language=language,
        model=ModelInfo(name="by hand", endpoint="none", local=True),
        columns=Columns(text="message"),
        topics=(),
        frame=frame_of(complaints),
        sample=sample,
        ranking=rank([_cause(cause, tuple(found)) for cause, found in chains.items()], outcomes, sample),
        outcomes=tuple(outcomes),
        ledger=(),
        cost=CostReport(used=Usage(), retried=0, failed=0, from_store=0, price=0.0, currency="", seconds=0.0),
        complete=1.0,
        min_complete=0.98,
    )


def findings(
    run: RunReport, *, fixes: Sequence[Fix] = (), economy: Economy | None = None, audit: AuditFinding | None = None
) -> Findings:
    return Findings(
        ranking=run.ranking,
        audit=audit,
        design=Design(frame=160, sampled=40, seed=5, margin=0.1, effect=1.0, effective_n=53.3),
        standings=(),
        saturation=None,
        map=CauseMap(nodes=(), edges=(), broken=()),
        economy=economy,
        pareto=(),
        portfolio=_portfolio(fixes) if fixes else None,
        trend=None,
        loud=LoudAndRare(loud=(), again=(), signs=(), unsigned=0),
    )


def economy(run: RunReport) -> Economy:
    """£10 for each of its complaints a month, four months of file; 1.5 complaints in 1,000 orders for each."""
    worth = tuple(
        Worth(
            cause=one.cause.id,
            contacts=estimate(one.complaints, one.complaints - 1, one.complaints + 1),
            repeats=0.0,
            cost=estimate(10 * one.complaints, 8 * one.complaints, 12 * one.complaints),
            of_contacts=10.0 * one.complaints,
            of_repeats=0.0,
            of_leaving=0.0,
            per_exposure=estimate(1.5 * one.complaints, one.complaints, 2 * one.complaints),
        )
        for one in run.ranking.causes
    )
    return Economy(
        currency="GBP",
        months=4.0,
        exposure_unit="orders",
        exposure_a_month=1000.0,
        worth=worth,
        total=estimate(280, 200, 300),
        assumptions=(),
    )


def fix(
    run: RunReport, *causes: str, text: str, removes: float = 1.0, effort: Effort | None = None, team: str | None = None
) -> Fix:
    """A fix that serves all rows of the causes."""
    rows = tuple(row for cause in causes for row in ranked(run, cause).row_ids)
    return Fix(
        id=text, text=text, node="n", team=team, effort=effort, causes=causes, removes=removes, cost=None,
        spared=estimate(0.05, 0.01, 0.1), spared_alone=0.1, money=None, row_ids=rows,
    )  # fmt: skip


def ranked(run: RunReport, cause: str) -> RankedCause:
    return next(one for one in (*run.ranking.causes, *run.ranking.residue) if one.cause.id == cause)


def audit() -> AuditFinding:
    return AuditFinding(
        labelled=120, needed=100, enough=True, agreement=estimate(0.9, 0.85, 0.95), alpha=0.8, corrected=(), confused=()
    )


def _portfolio(fixes: Sequence[Fix]) -> Portfolio:
    return Portfolio(
        goal="complaints", exact=True, size=5, budget=None, fixes=tuple(fixes), together=estimate(0.5, 0.4, 0.6), bound=0.5,
        considered=9, assumptions=(),
    )  # fmt: skip


def _complaint(number: int, cause: str, nth: int) -> Complaint:
    day = dt.date(2026, 6, 1) + dt.timedelta(days=3 * number)
    return Complaint(
        row=number,
        line=number + 1,
        id=f"c{number}",
        text=f"{_said(cause, nth)} I have been waiting for an answer for a very long time now.",
        topic="delivery",
        date=day,
        channel="chat" if nth % 2 else "phone",
        customer=f"K-{cause[-3:]}-{nth if nth % 3 else nth + 1}",
    )


def _said(cause: str, nth: int) -> str:
    return f"{CAUSES[cause][0].rstrip('.')}, and that for the time number {nth}!"


def _chain(cause: str, row: Complaint) -> Chain:
    name, _, usual, _, _ = CAUSES[cause]
    nth = int(row.text.split("number ")[1].split("!")[0])
    steps = (
        ("The customer did not get what was promised.", Basis.STATED, _said(cause, nth), None),
        ("Nobody compared the two screens.", Basis.INFERRED, None, "Compare the screens."),
        (name, Basis.PRECEDENT, "ex-1", PROPOSED.get(cause, usual)),
    )
    return Chain(
        steps=tuple(Step(cause=why, basis=basis, evidence=seen, countermeasure=change) for why, basis, seen, change in steps),
        cause=cause.partition("/")[2] if usual else "new",
    )


def _cause(cause: str, chains: tuple[ChainRef, ...]) -> Cause:
    name, team, usual, effort, controllable = CAUSES[cause]
    return Cause(
        id=cause,
        name=name,
        topic="delivery",
        new="/new-" in cause,
        residue=cause == LONE and len(chains) == 1,
        controllable=controllable,
        team=team,
        chains=chains,
        usual_countermeasure=usual,
        effort=effort,
    )
