"""Which rows are analysed: a stratified simple random sample of rows, seeded.

A share of one half from n of N rows has the 95 % margin e = z·sqrt(¼·(N−n)/((N−1)·n)) (Cochran, Sampling
Techniques, 3rd ed., ch. 2–3: simple random sampling with the finite population correction); solved for n it
gives the rows that a margin needs.
"""

from __future__ import annotations

import heapq
import math
import random

from rootcause.models import Complaint, Sample, Stratum

Z95 = 1.959963984540054
_Z80 = 0.8416212335729143
_ROUNDING = 1e-12  # a whole number of rows is not raised by one for an error in its last digit


def margin_of(n: int, population: int, share: float = 0.5) -> float:
    """Half-width of the 95 % interval of a share, by default one half: 0 for a census, 1 for an empty sample."""
    if n >= population:
        return 0.0
    if n == 0:
        return 1.0
    return Z95 * math.sqrt(share * (1 - share) * (population - n) / ((population - 1) * n))


def difference_of(n: int, population: int, share: float) -> float:
    """How much larger than `share` another share of the same rows must be to be told apart with 80 % power, at 5 % two-sided.

    No row has both. The difference d of multinomial shares has the variance (2·share + d − d²)/n·(N−n)/(N−1); d is the
    smallest that is (1.96 + 0.84) times its standard error, at most all that is left.
    """
    if n >= population:
        return 0.0
    if n == 0:
        return 1 - 2 * share
    unit = (Z95 + _Z80) ** 2 * (population - n) / (population - 1)
    root = math.sqrt(unit**2 + 8 * share * unit * (n + unit))
    return min(1 - 2 * share, (unit + root) / (2 * (n + unit)))


def rows_for(margin: float, population: int) -> int:
    """The smallest number of rows that gives the margin; all of them for a margin of 0."""
    if margin <= 0 or population <= 1:
        return population
    unlimited = (Z95 / margin) ** 2 / 4
    exact = unlimited * population / (population - 1 + unlimited)
    return min(population, max(math.ceil(exact * (1 - _ROUNDING)), 1))


def allocate(populations: dict[str | None, int], n: int) -> dict[str | None, int]:
    """Rows per stratum, in proportion (Sainte-Laguë); every stratum gets at least one where n allows.

    Rows are given one after the other, so no stratum has fewer rows of a larger n.
    """
    keys = sorted((topic for topic in populations if populations[topic]), key=lambda topic: (-populations[topic], topic or ""))
    if n >= sum(populations.values()):
        return dict(populations)
    given: dict[str | None, int] = dict.fromkeys(populations, 0)
    for topic in keys[:n]:
        given[topic] = 1
    queue = [(-populations[topic] / 3, place) for place, topic in enumerate(keys)]
    heapq.heapify(queue)
    for _ in range(n - len(keys)):
        _, place = queue[0]
        topic = keys[place]
        given[topic] += 1
        full = given[topic] == populations[topic]
        heapq.heapreplace(queue, (0.0 if full else -populations[topic] / (2 * given[topic] + 1), place))
    return given


def draw(complaints: tuple[Complaint, ...], topics: dict[str, str | None], *, n: int, seed: int) -> Sample:
    """A sample of n rows (all of them when n reaches their number), stratified by topic.

    topics: topic of each complaint by its id. The draw depends on the rows' ids and the seed alone, not on
    their order in the file, and the sample of a larger n contains that of a smaller one.
    """
    strata: dict[str | None, list[Complaint]] = {}
    for complaint in sorted(complaints, key=lambda c: c.id):
        strata.setdefault(topics[complaint.id], []).append(complaint)
    sizes = allocate({topic: len(rows) for topic, rows in strata.items()}, n) if strata else {}
    chosen: list[Complaint] = []
    described: list[Stratum] = []
    for topic in sorted(strata, key=lambda t: (t is None, t or "")):
        rows = strata[topic]
        random.Random(f"{seed}/{topic}").shuffle(rows)
        chosen.extend(rows[: sizes[topic]])
        described.append(Stratum(topic=topic, population=len(rows), sampled=sizes[topic]))
    return Sample(
        seed=seed,
        strata=tuple(described),
        complaints=tuple(sorted(chosen, key=lambda c: c.row)),
        margin=margin_of(len(chosen), len(complaints)),
    )
