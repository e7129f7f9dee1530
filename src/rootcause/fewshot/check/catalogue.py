"""Rules of the catalogue and of what else topic.yaml says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rootcause.fewshot.check.finding import Finding, Severity, short
from rootcause.fewshot.check.material import Floats, Material, causes_of
from rootcause.models import NEW_CAUSE, CatalogueCause, Example
from rootcause.text import language, words
from rootcause.validate import EXTERNAL_CAUSE

MIN_PER_CAUSE = 4
CONTEXT_WORDS = 350

# Names of two catalogue causes: at most 0.52 in the four packs; eight paraphrases of their names by hand lie
# between 0.33 and 0.87, five of them above the threshold. Short sentences say little to this model, so a warning.
SAME_NAME = 0.65

# A cause split in two: mean silhouette (cosine) of the best two halves of its root steps, each of four or more. Causes of
# that size in the four packs reach at most 0.26, though wordings vary; of the pairs of different causes of one
# pack put together, two in three exceed 0.32. With halves of three, honest causes reach 0.45: too few to tell.
# The halves must also be far apart in themselves: a few wordings used again and again make tight halves of one meaning.
# Their mean cosine is at most 0.38 in 99 of 100 such pairs put together, while halves of one cause lie at 0.20 to 0.63.
SPLIT_SILHOUETTE = 0.32
SPLIT_LIKENESS = 0.4
SPLIT_SIDE = 4


def _catalogue(material: Material) -> Iterator[Finding]:
    causes = material.pack.topic.causes
    if not causes:
        message = "The catalogue is empty, so that no complaint can be given a known cause."
        remedy = "Name the causes that your first labelled complaints end in, each with its team and countermeasure."
        yield material.in_topic("no-causes", "error", ("causes", None), None, message, remedy)
    for place, cause in enumerate(causes):
        if cause.id in (NEW_CAUSE, EXTERNAL_CAUSE):
            message = f"The id '{cause.id}' stands for causes outside the catalogue."
            yield _about(material, "reserved-id", "error", place, cause, message, "Give the cause an id of its own.")


def _duplicate_ids(material: Material) -> Iterator[Finding]:
    for kind, ids in (
        ("teams", [team.id for team in material.pack.topic.teams]),
        ("causes", [cause.id for cause in material.pack.topic.causes]),
    ):
        for place, name in enumerate(ids):
            if name in ids[:place]:
                message = f"The id '{name}' is already used in '{kind}'."
                yield material.in_topic("duplicate-id", "error", (kind, place), name, message, "Give each an id of its own.")


def _thin_causes(material: Material) -> Iterator[Finding]:
    shown = coverage(material.pack.examples)
    for place, cause in enumerate(material.pack.topic.causes):
        count = shown[cause.id]
        if count == 0:
            message = "No example has this cause."
            yield _about(material, "unused-cause", "error", place, cause, message, "Label examples with it or remove it.")
        elif count < MIN_PER_CAUSE:
            message = f"Examples with this cause: {count}, fewer than {MIN_PER_CAUSE}."
            yield _about(material, "thin-cause", "error", place, cause, message, "Label more complaints of this cause.")


def _unmeasured_causes(material: Material) -> Iterator[Finding]:
    if not material.pack.heldout:
        return  # said once, by the size of the set
    held = coverage(material.pack.heldout)
    for place, cause in enumerate(material.pack.topic.causes):
        if not held[cause.id]:
            message = "No held-out case has this cause, so whether it is found is never measured."
            yield _about(material, "unmeasured-cause", "warning", place, cause, message, "Label a held-out case of it.")


def coverage(examples: tuple[Example, ...]) -> Counter[str]:
    return Counter(cause for example in examples for cause in causes_of(example))


def _about(
    material: Material, rule: str, severity: Severity, place: int, cause: CatalogueCause, message: str, remedy: str
) -> Finding:
    return material.in_topic(rule, severity, ("causes", place), cause.id, message, remedy)


def _unknown_teams(material: Material) -> Iterator[Finding]:
    teams = {team.id for team in material.pack.topic.teams}
    for place, cause in enumerate(material.pack.topic.causes):
        if cause.team not in teams:
            message = f"The team '{cause.team}' is not among the teams."
            yield _about(material, "unknown-team", "error", place, cause, message, "Name one of the teams or add this one.")


def _same_names(material: Material) -> Iterator[Finding]:
    causes = material.pack.topic.causes
    similarity = material.similarity([cause.name for cause in causes])
    for i, j in combinations(range(len(causes)), 2):
        if similarity[i, j] >= SAME_NAME:
            message = f"The name says nearly the same as that of '{causes[i].id}'."
            yield _about(material, "same-cause-name", "warning", j, causes[j], message, "Join the two or say how they differ.")


def _split_causes(material: Material) -> Iterator[Finding]:
    roots: dict[str, list[str]] = {}
    for chain in (chain for example in material.pack.examples for chain in example.chains if chain.steps):
        roots.setdefault(chain.cause, []).append(chain.root.cause)
    for place, cause in enumerate(material.pack.topic.causes):
        groups = _groups(material, roots.get(cause.id, []))
        if groups:
            one, other = groups
            sizes, samples = f"{len(one)} and {len(other)}", f"'{short(one[0])}' and '{short(other[0])}'"
            message = f"The root steps fall into two groups of {sizes}, as in {samples}."
            remedy = "Make it two causes, or word the roots alike."
            yield _about(material, "split-cause", "warning", place, cause, message, remedy)


def _groups(material: Material, roots: list[str]) -> tuple[list[str], list[str]] | None:
    """The two groups that the root steps clearly fall into, None where there is no clear gap."""
    if len(roots) < 2 * SPLIT_SIDE:
        return None
    vectors = material.vectors(roots)
    side = _halves(vectors)
    one = [root for root, is_other in zip(roots, side, strict=True) if not is_other]
    other = [root for root, is_other in zip(roots, side, strict=True) if is_other]
    if min(len(one), len(other)) < SPLIT_SIDE or float((vectors[side] @ vectors[~side].T).mean()) > SPLIT_LIKENESS:
        return None
    return (one, other) if _silhouette(vectors, side) >= SPLIT_SILHOUETTE else None


def _halves(vectors: Floats) -> NDArray[np.bool_]:
    """Two means on the unit sphere, from the two rows least alike: no chance in it."""
    start = np.unravel_index(int(np.argmin(vectors @ vectors.T)), (len(vectors), len(vectors)))
    centres = vectors[list(start)]
    side = np.zeros(len(vectors), dtype=np.bool_)
    for _ in range(20):  # settles after three or four
        side = vectors @ centres[1] > vectors @ centres[0]
        if side.all() or not side.any():
            break
        centres = np.stack([vectors[~side].mean(axis=0), vectors[side].mean(axis=0)])
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return side


def _silhouette(vectors: Floats, side: NDArray[np.bool_]) -> float:
    """How much nearer each row is to its own half than to the other one: mean over rows, -1 to 1."""
    distance = 1 - vectors @ vectors.T
    own = side[:, None] == side[None, :]
    inside = (distance * own).sum(axis=1) / (own.sum(axis=1) - 1)
    across = (distance * ~own).sum(axis=1) / (~own).sum(axis=1)
    return float(((across - inside) / np.maximum(np.maximum(across, inside), 1e-9)).mean())


def _company(material: Material) -> Iterator[Finding]:
    if not material.pack.topic.company.strip():
        message = "The topic does not say whose complaints these are."
        yield material.in_topic("no-company", "error", ("company", None), None, message, "Write the company's name.")


def _context(material: Material) -> Iterator[Finding]:
    topic = material.pack.topic
    count = len(words(topic.context))
    place = ("context", None)
    if not count:
        message = "The topic has no context, so that the model knows nothing of the company."
        remedy = "Describe the processes, limits and rules behind the complaints."
        yield material.in_topic("no-context", "error", place, None, message, remedy)
    elif count > CONTEXT_WORDS:
        message = f"The context has {count} words, more than {CONTEXT_WORDS}; it is sent with every prompt."
        remedy = "Keep the rules that causes follow from and cut the rest."
        yield material.in_topic("long-context", "error", place, None, message, remedy)
    found = language(material.language_sample)
    if found not in (None, topic.language):
        message = f"Context and causes are in '{found}', but the topic's language is '{topic.language}'."
        yield material.in_topic("topic-language", "error", ("language", None), None, message, "Correct the one or the other.")


RULES: tuple[Callable[[Material], Iterator[Finding]], ...] = (
    _catalogue,
    _duplicate_ids,
    _thin_causes,
    _unmeasured_causes,
    _unknown_teams,
    _same_names,
    _split_causes,
    _company,
    _context,
)
