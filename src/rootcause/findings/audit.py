"""Shares corrected for the model's errors by a person's labels, with intervals that hold both errors.

Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan, Zrnic, Science 382, 2023): a cause's share is the model's
share over all analysed rows plus the mean error of the model over the audited ones. The model's part is scaled by lambda
(power tuning, PPI++: Angelopoulos, Duchi, Zrnic, arXiv:2311.01453), one for a group of strata, chosen for the least variance
summed over its causes (stratified: Fisch et al., arXiv:2406.04291). The audited rows are among the analysed ones, so the
variance is that of double sampling (Cochran, Sampling Techniques, 3rd ed., 12.6). Krippendorff's alpha (Content Analysis,
4th ed., ch. 12) is the nominal one, for two observers and no missing values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, diags_array, hstack, vstack

from rootcause.estimate import row_weights
from rootcause.estimate import shares as shares_of
from rootcause.findings.labels import NOTHING, OTHER, Labels, up_to_date
from rootcause.findings.observe import Observed
from rootcause.findings.standing import Chances
from rootcause.findings.values import AuditFinding, Estimate
from rootcause.models import Basis, Cause, Chain, RankedCause, Ranking, RunReport, Step
from rootcause.sample import Z95

NEEDED = 100
"""Labelled rows without which no claim of an audit is made."""

_BLOCK = 1000  # shares corrected at a time: some thousand audited rows by so many take tens of megabytes
_OWN = 10  # labelled rows from which a stratum is corrected by itself; strata with fewer are corrected together

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Corrected:
    """Of K causes in G groups of strata. share: (K,), not clipped; centre ± z·error: its 95 % interval. tuning: (G,), lambda."""

    share: Floats
    centre: Floats
    error: Floats
    tuning: Floats


@dataclass(frozen=True)
class Audited:
    """ranking, observed: the run's own when too few rows are labelled, else with corrected shares and with the causes that
    only the person found. chances: of the columns of `observed.causes`; None with too few labels. rows: (m,), places of the
    audited rows; named: the causes that the person gave each; tuning: (G,), lambda.
    """

    ranking: Ranking
    finding: AuditFinding
    observed: Observed
    chances: Chances | None
    rows: NDArray[np.intp]
    named: tuple[tuple[str, ...], ...]
    tuning: Floats

    def label_of(self, cause: str) -> str:
        """What a person who finds this cause writes on the sheet: its id, OTHER where the list lacks it."""
        return cause if any(one.cause.id == cause for one in self.ranking.causes) else OTHER

    def shares(self, of_rows: csr_matrix, labels: Sequence[str], of_labels: csr_matrix) -> tuple[Floats, Floats, Floats]:
        """Corrected shares of complaints with K things that depend on their causes: value and ends, each (K,), within 0 and 1.

        of_rows: (n, K), 0 to 1, how far each analysed row has them; of_labels: (labels, K), how far a row has them that a
        person labels so. Lambda is the ranking's, so that what all complaints of one cause have has that cause's share.
        """
        place = {label: number for number, label in enumerate(labels)}
        given = [
            (row, place[label], 1 / len(causes)) for row, causes in enumerate(self.named) for label in causes if label in place
        ]
        lines, columns, parts = zip(*given, strict=True) if given else ((), (), ())
        known = csc_matrix(csr_matrix((parts, (lines, columns)), shape=(len(self.named), len(labels))) @ of_labels)
        found = csc_matrix(of_rows)
        ends = [np.empty((3, 0))]
        for start in range(0, found.shape[1], _BLOCK):
            few = slice(start, start + _BLOCK)
            theirs, mine = known[:, few].toarray(), csr_matrix(found[:, few])
            result = correct(mine, theirs, self.rows, self.observed.stratum, self.observed.populations, self.tuning)
            ends.append(_ends(result))
        value, low, high = np.hstack(ends)
        return value, low, high


def audited(report: RunReport, observed: Observed, labels: Labels) -> Audited:
    """The run's ranking as a person's labels correct it. Raises ValueError when no analysed row is labelled."""
    labels, stale = up_to_date(labels, report, observed)
    if not labels.rows:
        raise ValueError("an audit has at least one labelled row")
    place = {row.id: number for number, row in enumerate(observed.rows)}
    rows = np.array([place[row] for row, _ in labels.rows], dtype=np.intp)
    listed = [one for one in observed.causes if not one.cause.residue]
    unseen = [_unseen(cause, labels) for cause in labels.unseen]
    ids = [*(one.cause.id for one in (*listed, *unseen)), OTHER]
    found = _found(observed, len(unseen))
    named = np.array([[cause in causes for cause in ids] for _, causes in labels.rows], dtype=np.float64)
    result = correct(found, named, rows, observed.stratum, observed.populations)
    ends = _ends(result).T.tolist()
    shares = {cause: Estimate(value=value, low=low, high=high) for cause, (value, low, high) in zip(ids, ends, strict=True)}
    finding = _finding(report, observed, labels, rows, shares).model_copy(update={"stale": stale})
    given = tuple(causes for _, causes in labels.rows)
    if not finding.enough:
        return Audited(report.ranking, finding, observed, None, rows, given, result.tuning)
    # What only the person found is in the table as well, so that a cause's column and its rows agree.
    theirs = np.zeros_like(named)
    theirs[:, len(listed) : -1] = named[:, len(listed) : -1]
    table = csr_matrix(found + _at(rows, len(observed.rows)) @ csr_matrix(theirs))
    chances = chances_of(found, named, rows, observed.stratum, observed.populations, result.tuning)
    ranking, observed, chances = _put_right(report.ranking, observed, [*listed, *unseen], finding, result, table, chances)
    return Audited(ranking, finding, observed, chances, rows, given, result.tuning)


def correct(
    found: csr_matrix,
    named: Floats,
    rows: NDArray[np.intp],
    stratum: NDArray[np.intp],
    populations: NDArray[np.int64],
    lambdas: Floats | None = None,
) -> Corrected:
    """Shares of K causes, corrected.

    found: (n, K), 1 where the model found the cause. rows: (m,), places of the audited rows; named: (m, K), 1 where the person
    named the cause; both may lie between 0 and 1, and the variance is then an upper bound. stratum: (n,), place of each
    analysed row's stratum in `populations`, the strata's rows in the file. lambdas: (G,), where they are not to be chosen.
    """
    weight = row_weights(stratum, populations)
    group = _groups(stratum, rows, len(populations))
    groups = int(group.max()) + 1
    total = weight.sum()
    share, centre, variance = np.zeros((3, found.shape[1]))
    tuning = np.ones(groups)
    for number in range(groups):
        members, labelled = np.flatnonzero(group == number), np.flatnonzero(group[rows] == number)
        part = weight[members].sum()
        seen, predicted, truth = found[members], found[rows[labelled]].toarray(), named[labelled]
        own, audit = weight[members] / part, weight[rows[labelled]]
        audit = audit / audit.sum()
        by_model = seen.T @ own
        best = _tuning(by_model, len(members), audit, predicted, truth) if lambdas is None else lambdas[number]
        tuning[number] = best
        errors = truth - tuning[number] * predicted
        corrected = tuning[number] * by_model + audit @ errors
        # A cause of another topic cannot occur here, and no error of it can hide among the rows nobody looked at.
        possible = (by_model > 0) | truth.any(axis=0)
        frame = populations[np.unique(stratum[members])].sum()
        of_rows = max(0.0, float(own @ own) - 1 / frame)
        of_audit = max(0.0, float(audit @ audit - own @ own))
        inside = np.clip(corrected, 0, 1)
        mean, spread = _cautious(audit, errors, tuning[number], 1 - len(labelled) / len(members))
        share += part / total * corrected
        centre += part / total * possible * (tuning[number] * by_model + mean)
        variance += (part / total) ** 2 * possible * (inside * (1 - inside) * of_rows + spread * of_audit)
    # Rounded, so that causes that are equal stay so in any order of the rows.
    return Corrected(share.round(12), centre.round(12), np.sqrt(variance).round(12), tuning)


def chances_of(
    found: csr_matrix,
    named: Floats,
    rows: NDArray[np.intp],
    stratum: NDArray[np.intp],
    populations: NDArray[np.int64],
    tuning: Floats,
) -> Chances:
    """What the shares vary with that `correct` gives for the same arguments; the half rows of `_cautious` are in it."""
    weight = row_weights(stratum, populations)
    group = _groups(stratum, rows, len(populations))
    of_row = group[rows]
    analysed, audited = np.bincount(group).astype(float), np.bincount(of_row, minlength=len(tuning))
    raise_to = np.bincount(group, weight) / np.bincount(of_row, weight[rows])
    rectified = csr_matrix(raise_to[of_row, None] * (named - tuning[of_row, None] * found[rows].toarray()))
    unaudited = 1 - audited / analysed
    halves, errors = [], []
    for number in range(len(tuning)):
        possible = (np.asarray(found[group == number].sum(axis=0)).ravel() > 0) | named[of_row == number].any(axis=0)
        each = csr_matrix(diags_array(raise_to[number] * possible))
        errors += [each, -tuning[number] * each]
        halves.append(np.full(2 * len(possible), np.bincount(group, weight)[number] / analysed[number] * unaudited[number] / 2))
    return Chances(
        values=csr_matrix(diags_array(tuning[group]) @ found + _at(rows, len(weight)) @ rectified),
        errors=csr_matrix(vstack([rectified, *errors])),
        group=np.concatenate([of_row, np.repeat(np.arange(len(tuning)), 2 * named.shape[1])]),
        chance=np.concatenate([weight[rows] * unaudited[of_row], *halves]),
    )


def alpha_of(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Krippendorff's alpha of two observers, nominal; None where all values are equal, which shows nothing."""
    counts = Counter(value for pair in pairs for value in pair)
    size = 2 * len(pairs)
    by_chance = size**2 - sum(count**2 for count in counts.values())
    disagreed = sum(one != other for one, other in pairs)
    return 1 - (size - 1) * 2 * disagreed / by_chance if by_chance else None


def _at(rows: NDArray[np.intp], size: int) -> csr_matrix:
    """(size, m): brings m rows to their places among `size`."""
    return csr_matrix((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(size, len(rows)))


def _groups(stratum: NDArray[np.intp], rows: NDArray[np.intp], strata: int) -> NDArray[np.intp]:
    """The group of each row: a stratum with enough labels is one, all the others together are one.

    Where those together have too few labels as well, they go with the stratum that has the fewest of the rest.
    """
    labels = np.bincount(stratum[rows], minlength=strata)
    own = [number for number in np.argsort(-labels, kind="stable") if labels[number] >= _OWN]
    present = np.unique(stratum)
    rest = [number for number in present if number not in own]
    group = np.zeros(strata, dtype=np.intp)
    group[own] = np.arange(len(own))
    group[rest] = len(own) if labels[rest].sum() >= _OWN or not own else len(own) - 1
    return group[stratum]


def _tuning(by_model: Floats, size: int, audit: Floats, predicted: Floats, truth: Floats) -> float:
    """Lambda of the least total variance: covariance of model and person over the variance of the model, within 0 and 1."""
    centred = predicted - audit @ predicted
    together = float((audit @ (centred * (truth - audit @ truth))).sum())
    alone = float((by_model * (1 - by_model)).sum()) * size / max(1, size - 1)
    return min(1.0, max(0.0, together / alone)) if alone > 0 else 1.0


def _cautious(audit: Floats, errors: Floats, tuning: float, unaudited: float) -> tuple[Floats, Floats]:
    """Mean and variance of the errors, each (K,), with half a row more of each kind: found or not, named or not.

    Agresti and Min (2005) do so for a difference of paired shares: no error among few rows does not prove that there is none.
    unaudited: the part of the analysed rows without a label, for which alone the audited ones have to stand; the shift of the
    mean shrinks with it, and is none where every row is labelled.
    """
    size = len(audit)
    kept = size / (size + 2)
    shifted = kept * (audit @ errors) + (1 - tuning) / (size + 2)
    square = kept * (audit @ errors**2) + ((1 - tuning) ** 2 + 1 + tuning**2) / (2 * size + 4)
    return audit @ errors + unaudited * (shifted - audit @ errors), square - shifted**2


def _found(observed: Observed, unseen: int) -> csr_matrix:
    """What the model found: (n, K) of the ranked causes, those that only the person named, and all that the list lacks."""
    residue = np.array([one.cause.residue for one in observed.causes], dtype=bool)
    lone = csr_matrix((observed.has[:, residue].sum(axis=1) > 0).astype(np.float64).reshape(-1, 1))
    return csr_matrix(hstack([observed.has[:, ~residue], csr_matrix((len(observed.rows), unseen)), lone]))


def _ends(result: Corrected) -> Floats:
    """(3, K): corrected share and the ends of its interval."""
    half = Z95 * result.error
    ends: Floats = np.clip([result.share, result.centre - half, result.centre + half], 0.0, 1.0)
    return ends


def _finding(
    report: RunReport, observed: Observed, labels: Labels, rows: NDArray[np.intp], shares: dict[str, Estimate]
) -> AuditFinding:
    main = _main_causes(report)
    pairs = [(main[row], causes[0] if causes else NOTHING) for row, causes in labels.rows]
    strata = len(observed.populations)
    agreed = np.bincount(observed.stratum[rows], [one == other for one, other in pairs], strata)
    ends = shares_of([agreed], np.bincount(observed.stratum[rows], minlength=strata), observed.populations)
    value, low, high = (float(end[0]) for end in ends)
    confused = Counter(pair for pair in pairs if pair[0] != pair[1])
    return AuditFinding(
        labelled=len(pairs),
        needed=NEEDED,
        enough=len(pairs) >= NEEDED,
        agreement=Estimate(value=value, low=low, high=high),
        alpha=alpha_of(pairs),
        corrected=tuple(sorted(shares.items(), key=lambda pair: (-pair[1].value, -pair[1].high, pair[0]))),
        confused=tuple((*pair, count) for pair, count in sorted(confused.items(), key=lambda item: (-item[1], item[0]))),
    )


def _main_causes(report: RunReport) -> dict[str, str]:
    """Of each analysed row the cause of its first chain, NOTHING where it has none, OTHER where the list lacks it."""
    ranking = report.ranking
    merged = {
        reference.outcome: OTHER if one.cause.residue else one.cause.id
        for one in (*ranking.causes, *ranking.residue)
        for reference in one.cause.chains
        if reference.index == 0
    }
    answered = [outcome for outcome in report.outcomes if outcome.answer is not None]
    return {row.id: merged.get(outcome.key, NOTHING) for outcome in answered for row in outcome.rows}


def _put_right(
    ranking: Ranking,
    observed: Observed,
    listed: list[RankedCause],
    finding: AuditFinding,
    result: Corrected,
    table: csr_matrix,
    chances: Chances,
) -> tuple[Ranking, Observed, Chances]:
    """All by corrected shares; causes that are not in the list stay as the model found them."""
    shares = dict(finding.corrected)
    total = float(observed.weight.sum())
    order = sorted(range(len(listed)), key=lambda k: (-result.share[k], -listed[k].complaints, listed[k].cause.id))
    causes = tuple(_corrected(listed[k], shares[listed[k].cause.id], total, place) for place, k in enumerate(order, start=1))
    rest = tuple(one.model_copy(update={"rank": place}) for place, one in enumerate(ranking.residue, start=len(causes) + 1))
    lone = observed.has[:, [one.cause.residue for one in observed.causes]]
    return (
        ranking.model_copy(update={"causes": causes, "residue": rest}),
        replace(observed, causes=(*causes, *rest), has=csr_matrix(hstack([table[:, order], lone]))),
        replace(chances, values=chances.values[:, order], errors=chances.errors[:, order]),
    )


def _corrected(one: RankedCause, share: Estimate, total: float, place: int) -> RankedCause:
    changed = {"rank": place, "share": share.value, "low": share.low, "high": share.high, "weighted": share.value * total}
    return one.model_copy(update=changed)


def _unseen(cause: Cause, labels: Labels) -> RankedCause:
    """A cause that only the person named, with the rows in which they did: the model told no chain that ends in it."""
    rows = tuple(row for row, causes in labels.rows if cause.id in causes)
    root = Step(cause=cause.name, basis=Basis.INFERRED, evidence=None, countermeasure=cause.usual_countermeasure)
    return RankedCause(
        rank=0, cause=cause, complaints=len(rows), weighted=0.0, share=0.0, low=0.0, high=0.0, quotes=(), countermeasures=(),
        typical=Chain(steps=(root,), cause=cause.id), typical_row=rows[0], row_ids=rows,
    )  # fmt: skip
