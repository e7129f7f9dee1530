"""What can be said of a run beyond its ranking: `find` puts all of it together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rootcause.economics import Economics
    from rootcause.findings.labels import Labels
    from rootcause.findings.values import Findings
    from rootcause.models import RunReport


def find(report: RunReport, *, economics: Economics | None, labels: Labels | None) -> Findings:
    """All findings of a run, computed anew from what the model answered: no call is made.

    economics: of the user's settings; labels: of a person's audit. Raises UserError where the two do not fit the run.
    """
    # Imported here: whoever needs only a value of `rootcause.findings.values` does not wait for scipy.
    from rootcause.findings.audit import audited
    from rootcause.findings.causemap import cause_map
    from rootcause.findings.design import design
    from rootcause.findings.loud import loud
    from rootcause.findings.observe import observe
    from rootcause.findings.pareto import paretos
    from rootcause.findings.portfolio import portfolio
    from rootcause.findings.saturation import saturation
    from rootcause.findings.standing import standings
    from rootcause.findings.trend import trend
    from rootcause.findings.values import Findings
    from rootcause.findings.worth import economy, row_costs

    observed = observe(report)
    analysed = {row.id for row in observed.rows}
    audit = audited(report, observed, labels) if labels and any(row in analysed for row, _ in labels.rows) else None
    correcting = audit if audit and audit.finding.enough else None
    ranking = audit.ranking if audit else report.ranking
    table = audit.observed if audit else observed
    money = economy(report.model_copy(update={"ranking": ranking}), table, economics)
    costs = row_costs(report, observed, economics) if money and economics else None
    drawn = cause_map(report, observed, audit=correcting)
    worth = {one.cause: one.cost.value for one in money.worth} if money else None
    return Findings(
        ranking=ranking,
        audit=audit.finding if audit else None,
        design=design(report, observed),
        standings=standings(table, seed=report.sample.seed, corrected=correcting.chances if correcting else None),
        saturation=saturation(observed),
        map=drawn,
        economy=money,
        pareto=paretos(table, ranking, money, costs),
        portfolio=portfolio(report, observed, drawn, economics, worth, audit=correcting),
        trend=trend(table, ranking),
        loud=loud(report, observed),
    )
