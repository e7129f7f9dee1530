"""What the reader of a run must know beside its figures, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from rootcause.llm.spend import Spend
from rootcause.models import Outcome, RejectedRow, RunReport, Sample
from rootcause.plan import Plan
from rootcause.settings import Settings


def skipping(skipped: Sequence[RejectedRow]) -> tuple[str, ...]:
    """Rows that this model cannot explain."""
    return (f"{len(skipped)} rows left out of the sample: {skipped[0].reason}",) if skipped else ()


def settling(plan: Plan, reached: Set[str]) -> Iterator[str]:
    """How many texts the labelled examples told without a model. reached: the ids of the items that were explained."""
    lessons = [item.lesson for item in plan.items if item.id in reached and item.lesson is not None]
    if settled := sum(lesson.settled is not None for lesson in lessons):
        yield (
            f"{settled} of {len(lessons)} texts were told by the labelled examples alone: a classifier trained on them left one "
            "cause in question, so the model was not asked"
        )


def doubts(
    sample: Sample, outcomes: Sequence[Outcome], spend: Spend, settings: Settings, *, complete: float, estimated: int
) -> Iterator[str]:
    """What went otherwise than asked. complete: share of the sample that ended well; estimated: calls of untold tokens."""
    required = settings.min_complete
    failed = sum(len(outcome.rows) for outcome in outcomes if outcome.failure is not None)
    broken = sum(len(outcome.rows) for outcome in outcomes if outcome.failure is not None and outcome.failure.kind == "rule")
    if complete < required:
        said = f"partial: {complete:.1%} of the sampled rows ended well, {required:.1%} were required; {failed} failed"
        again = ": run the same command again to retry them" if failed > broken else ""
        yield f"{said}, as the ledger says{again}"
    if complete < required and broken:
        yield (
            f"{broken} of these because the model kept breaking a rule, named in the ledger; asking it again gives the same: "
            "a stronger model helps, or labelled examples of the topic ('rootcause fewshot new')"
        )
    if spend.exhausted:
        missing = len(sample.complaints) - sum(len(outcome.rows) for outcome in outcomes)
        what = f"{missing} sampled rows were not reached" if missing else "new causes were not compared to the end"
        yield f"stopped at --max-cost {settings.max_cost}: {what}; run the same command with a higher one to go on"
    answered = {outcome.topic for outcome in outcomes if outcome.answer is not None}
    for stratum in sample.strata:
        if answered and stratum.topic not in answered:
            what = f"of topic {stratum.topic}" if stratum.topic else "without a topic"
            yield f"no row {what} was analysed: the shares do not speak of its {stratum.population} rows"
    if estimated:
        yield f"the endpoint did not tell the tokens of {estimated} calls: they are estimates, and so is the cost"


def growing(why: str | None, report: RunReport, plan: Plan) -> str:
    """How a growing sample ended, and what that does to its figures. why: what let it end; None when all rows were taken."""
    rows, most = len(report.sample.complaints), len(plan.sample.complaints)
    if why is None:
        return f"all {most} rows were taken: on fewer the largest causes did not hold their ranks"
    return (
        f"stopped after {rows} of {most} rows: {why}. Intervals and probabilities do not know that the sample grew until this "
        "held: they are a little too sure"
    )
