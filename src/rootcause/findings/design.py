"""The sampling design in figures."""

from __future__ import annotations

from rootcause.findings.observe import Observed
from rootcause.findings.values import Design
from rootcause.models import RunReport


def design(report: RunReport, observed: Observed) -> Design:
    """effect: Kish's (1965), n·Σw² / (Σw)², what unequal weights cost; 1 where no row was analysed."""
    weight = observed.weight
    n = len(weight)
    effect = float(n * (weight**2).sum() / weight.sum() ** 2) if n else 1.0
    return Design(
        frame=int(observed.populations.sum()),
        sampled=int(observed.sampled.sum()),
        seed=report.sample.seed,
        margin=report.sample.margin,
        effect=effect,
        effective_n=n / effect,
    )
