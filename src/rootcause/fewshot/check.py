"""What is wrong with a topic pack: the rules a labelled set must keep so that it teaches one company's causes well.

Finding a problem is here; printing it, or failing because of it, is the caller's. The chains of labelled
examples pass the same rules as a model's answers (`rootcause.validate`); the rest are rules of a set. Every
threshold that measures likeness stands beside the figures it was chosen from: the four packs shipped with this
program, 172 texts each, and defects made from them on purpose.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
import yaml
from numpy.typing import NDArray

from rootcause.embed import encode
from rootcause.fewshot.load import EXAMPLES_FILE, HELDOUT_FILE, TOPIC_FILE
from rootcause.models import Basis, CatalogueCause, Example, Frozen, Pack
from rootcause.text import fold, language, normalise, runs, words
from rootcause.validate import violations

Severity = Literal["error", "warning"]
Floats = NDArray[np.float32]

MIN_EXAMPLES, MAX_EXAMPLES = 100, 150
"""What practice asks for, per topic: fewer do not show the causes, more do not fit a prompt and no longer help."""
MIN_HELDOUT = 30  # below this the 95 % interval of an accuracy is wider than ± 18 points
MIN_PER_CAUSE = 4
MIN_COUNTERMEASURES = 2  # one complaint, several fixes: a chain that proposes one teaches that there is one
MIN_QUOTE, MAX_QUOTE = 8, 160  # characters
TOP_SHARE = (0.35, 0.65)  # of the three largest causes; complaints crowd on a few causes, yet not on these alone
MEDIAN_LENGTH = 250  # characters
LONG_TEXT, LONG_SHARE = 700, 1 / 6
OPENING = 5  # words
CONTEXT_WORDS = 350

# Near-duplicates: either measure is enough. Among all pairs of different texts in the four packs the cosine is at
# most 0.69 and the Jaccard overlap of 5-word runs at most 0.03. Found by them: exact copies (1 and 1), copies with
# every number changed (Jaccard 1, as numbers are folded), copies of the first 60 % (median Jaccard 0.57), a copy without
# one word in seven (median cosine 0.96, Jaccard 0.32; all 528 found), and eight light paraphrases written by hand
# (cosine 0.86 to 0.98, Jaccard 0 to 0.13: here it is the cosine that finds them).
SAME_COSINE = 0.78
SAME_RUNS = 0.15
_RUN = 5

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

# Held-out shares: total variation distance, not chi-square, whose approximation fails where most causes expect one or two
# texts. It is compared with random splits of the same texts: with 132 and 40 of them, chance alone gives a
# median of 0.28 and passes 0.42 once in a hundred; the four packs lie at 0.06 to 0.10.
SHIFT_CHANCE = 0.01
_SPLITS = 999

_NEIGHBOURS = 5

_REMEDIES = {
    "nothing-or-chains": "Give either chains or a reason in nothing_to_explain.",
    "too-many-chains": "Keep the chains of the complaint's main problems.",
    "unknown-cause": "Use an id of the catalogue in topic.yaml, 'new' or 'external', or add the cause to the catalogue.",
    "same-cause-twice": "Join the two chains into one.",
    "step-count": "Add the missing whys or join steps that belong together.",
    "not-a-sentence": "Write the step as one sentence that states a cause.",
    "repeats": "Reword or remove one of the two steps.",
    "restates": "Let the first step say what went wrong for the customer, in other words than the complaint.",
    "blames": "Name what in the process lets it happen.",
    "not-actionable": "Go on to what the company can change, or reword a root that only sounds external.",
    "quote": "Copy the quote from the text letter for letter.",
    "precedent": "Name the id of an example in examples.jsonl, or make the step inferred.",
    "inferred": "Set the evidence to null, or the basis to what the evidence is.",
    "leak": "Say it in words of this complaint's own.",
    "language": "Write the steps in the topic's language.",
}


class Finding(Frozen):
    """A rule that a pack breaks. line: physical line; id: of an example, or of a cause where the catalogue is meant."""

    rule: str
    severity: Severity
    file: str
    line: int | None
    id: str | None
    message: str
    remedy: str


def check(pack: Pack) -> tuple[Finding, ...]:
    """Everything that is wrong with the pack, by file and line; empty for a finished pack."""
    material = _Material(pack)
    found = [finding for rule in _RULES for finding in rule(material)]
    return tuple(sorted(found, key=lambda f: (f.file, f.line or 0, f.rule, f.id or "", f.message)))


def surface(pack: Pack) -> float:
    """How far the texts' surface gives the causes away: the share of examples whose label their neighbours vote for.

    Each example in turn is left out and the five others most like it vote, weighted by cosine. A high figure
    means that likeness of texts alone would do; it is no measure of the labels' quality.
    """
    examples = pack.examples
    if len(examples) < 2:
        return 0.0
    vectors = encode([example.text for example in examples])
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    right = sum(_vote(similarity[i], examples) == example.label for i, example in enumerate(examples))
    return right / len(examples)


def _vote(similarity: Floats, examples: tuple[Example, ...]) -> str:
    nearest = np.argsort(-similarity, kind="stable")[: min(_NEIGHBOURS, len(examples) - 1)]
    votes: dict[str, float] = {}
    for place in nearest:
        label = examples[place].label
        votes[label] = votes.get(label, 0.0) + max(float(similarity[place]), 0.0)
    return max(votes, key=votes.__getitem__)  # of equal votes the nearest one's


# ── what the rules look at ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Case:
    """One labelled text and where it stands."""

    example: Example
    file: str
    line: int | None
    held: bool

    @property
    def causes(self) -> frozenset[str]:
        return _causes(self.example)

    def finding(self, rule: str, severity: Severity, message: str, remedy: str) -> Finding:
        about = self.example.id
        return Finding(rule=rule, severity=severity, file=self.file, line=self.line, id=about, message=message, remedy=remedy)


@dataclass(frozen=True)
class _Material:
    """The pack with what several rules need and should not be computed twice."""

    pack: Pack

    @cached_property
    def cases(self) -> tuple[_Case, ...]:
        """Examples, then held-out cases."""
        return (*self._read(EXAMPLES_FILE, self.pack.examples), *self._read(HELDOUT_FILE, self.pack.heldout))

    def path(self, name: str) -> str:
        return str(Path(self.pack.folder) / name)

    def _read(self, name: str, examples: tuple[Example, ...]) -> Iterator[_Case]:
        lines = _example_lines(Path(self.path(name)))
        return (_Case(example, self.path(name), lines.get(example.id), name == HELDOUT_FILE) for example in examples)

    @cached_property
    def topic_lines(self) -> dict[tuple[str, int | None], int]:
        return _topic_lines(Path(self.path(TOPIC_FILE)))

    @cached_property
    def grams(self) -> tuple[frozenset[tuple[str, ...]], ...]:
        """Five-word runs of the cases' texts, numbers folded: other sums and dates do not make another text."""
        return tuple(runs(fold(case.example.text), _RUN) for case in self.cases)

    @cached_property
    def _vectors(self) -> dict[str, Floats]:
        """Of all that is compared by meaning, computed in one go: many short calls take far longer."""
        texts = [case.example.text for case in self.cases] + [cause.name for cause in self.pack.topic.causes]
        texts += [chain.root.cause for example in self.pack.examples for chain in example.chains if chain.steps]
        return dict(zip(texts, encode(texts), strict=True))

    def similarity(self, texts: list[str]) -> Floats:
        """Cosine of each text with each."""
        vectors = self.vectors(texts)
        return vectors @ vectors.T

    def vectors(self, texts: list[str]) -> Floats:
        return np.array([self._vectors[text] for text in texts], dtype=np.float32).reshape(len(texts), -1 if texts else 0)

    @cached_property
    def twins(self) -> tuple[tuple[_Case, _Case], ...]:
        """Pairs of cases whose texts are nearly the same, the earlier first."""
        similarity = self.similarity([case.example.text for case in self.cases])
        return tuple(
            (self.cases[i], self.cases[j])
            for i, j in combinations(range(len(self.cases)), 2)
            if similarity[i, j] >= SAME_COSINE or _jaccard(self.grams[i], self.grams[j]) >= SAME_RUNS
        )

    @cached_property
    def language_sample(self) -> str:
        """A text certainly in the topic's language, so far as the topic is written in it."""
        return f"{self.pack.topic.context} {' '.join(cause.name for cause in self.pack.topic.causes)}"

    @cached_property
    def _shots(self) -> dict[str, Example]:
        """Without chains: steps worded alike are no leak within a pack, whose examples share a root's wording on purpose."""
        return {example.id: example.model_copy(update={"chains": ()}) for example in self.pack.examples}

    def shots_for(self, case: _Case) -> dict[str, Example]:
        """All other examples. The case itself is known but empty: being its own precedent is a rule of its own."""
        if case.held:
            return self._shots
        return self._shots | {case.example.id: case.example.model_copy(update={"chains": (), "text": ""})}

    def in_topic(
        self, rule: str, severity: Severity, place: tuple[str, int | None], about: str | None, message: str, remedy: str
    ) -> Finding:
        file, line = self.path(TOPIC_FILE), self.topic_lines.get(place)
        return Finding(rule=rule, severity=severity, file=file, line=line, id=about, message=message, remedy=remedy)

    def in_set(self, rule: str, severity: Severity, name: str, message: str, remedy: str) -> Finding:
        return Finding(rule=rule, severity=severity, file=self.path(name), line=None, id=None, message=message, remedy=remedy)


def _example_lines(path: Path) -> dict[str, int]:
    """Physical line of each id, read from the file itself: blank lines count, and a text's \\u2028 ends no line."""
    if not path.is_file():
        return {}
    lines: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            lines.setdefault(json.loads(line)["id"], number)
    return lines


def _topic_lines(path: Path) -> dict[tuple[str, int | None], int]:
    """Physical line of each field of topic.yaml, and of each item of its lists: ("causes", 0) is the first cause."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader) if path.is_file() else None
    lines: dict[tuple[str, int | None], int] = {}
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        lines[key.value, None] = key.start_mark.line + 1
        for place, item in enumerate(value.value if isinstance(value, yaml.SequenceNode) else ()):
            lines[key.value, place] = item.start_mark.line + 1
    return lines


def _causes(example: Example) -> frozenset[str]:
    return frozenset(chain.cause for chain in example.chains)


def _jaccard(left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]) -> float:
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared) if shared else 0.0


# ── rules of one labelled text ────────────────────────────────────────────────────────────────────


def _answer_rules(material: _Material) -> Iterator[Finding]:
    topic, sample = material.pack.topic, material.language_sample
    for case in material.cases:
        answer, text = case.example.answer, case.example.text
        for violation in violations(answer, text, topic=topic, shots=material.shots_for(case), language=sample):
            where = "the answer" if violation.chain is None else f"chain {violation.chain + 1}"
            remedy = _REMEDIES.get(violation.rule, "Change the chain so that it keeps this rule.")
            yield case.finding(violation.rule, "error", _sentence(f"{where}: {violation.message}"), remedy)


def _precedents(material: _Material) -> Iterator[Finding]:
    known = {example.id: _causes(example) for example in material.pack.examples}
    remedy = "Name an example of the same cause, or make the step inferred."
    for case in material.cases:
        for chain in case.example.chains:
            for source in sorted({str(step.evidence) for step in chain.steps if step.basis is Basis.PRECEDENT}):
                if source == case.example.id:
                    message = "A step names the example itself as its precedent."
                    yield case.finding("precedent-self", "error", message, remedy)
                elif chain.cause not in known.get(source, {chain.cause}):
                    message = f"The precedent {source} has no chain that ends in '{chain.cause}'."
                    yield case.finding("precedent-cause", "warning", message, remedy)


def _countermeasures(material: _Material) -> Iterator[Finding]:
    for case in material.cases:
        for place, chain in enumerate(case.example.chains, start=1):
            count = sum(bool(step.countermeasure) for step in chain.steps)
            if count < MIN_COUNTERMEASURES:
                message = f"Chain {place} proposes {count} countermeasures, fewer than {MIN_COUNTERMEASURES}."
                yield case.finding("few-countermeasures", "error", message, "Say at another level what the company could change.")


def _quote_lengths(material: _Material) -> Iterator[Finding]:
    for case in material.cases:
        for step in (step for chain in case.example.chains for step in chain.steps):
            if step.basis is not Basis.STATED or step.evidence is None:
                continue
            length = len(normalise(step.evidence))
            if not MIN_QUOTE <= length <= MAX_QUOTE:
                message = f"The quote '{_short(step.evidence)}' has {length} characters, outside {MIN_QUOTE} to {MAX_QUOTE}."
                yield case.finding("quote-length", "error", message, "Quote the clause that proves the step, and no more.")


def _text_language(material: _Material) -> Iterator[Finding]:
    # By the language's code alone: people do write Russian in Latin letters. Spam and praise may be in any language.
    goal = material.pack.topic.language
    for case in material.cases:
        found = language(case.example.text)
        if case.example.chains and found not in (None, goal):
            message = f"The text is in '{found}', the topic in '{goal}'."
            remedy = "Move the text to a pack of its language or correct the topic's language."
            yield case.finding("text-language", "error", message, remedy)


# ── rules of pairs of texts ───────────────────────────────────────────────────────────────────────


def _near_duplicates(material: _Material) -> Iterator[Finding]:
    for first, second in material.twins:
        if first.held == second.held:
            message = f"The text is nearly that of {first.example.id}."
            yield second.finding("near-duplicate", "error", message, "Remove one of the two or replace it by another complaint.")


def _heldout_leaks(material: _Material) -> Iterator[Finding]:
    for first, second in material.twins:
        if first.held != second.held:
            message = f"The held-out text is nearly that of the example {first.example.id}, so that it measures memory."
            yield second.finding("heldout-leak", "error", message, "Replace it by a complaint that no example shows.")


def _contradictions(material: _Material) -> Iterator[Finding]:
    for first, second in material.twins:
        if first.causes != second.causes:
            labels = f"{_list(second)} against {_list(first)}"
            message = f"The text is nearly that of {first.example.id}, but its causes differ: {labels}."
            yield second.finding("contradiction", "error", message, "Decide which label is right and keep one of the two.")


def _list(case: _Case) -> str:
    return ", ".join(sorted(case.causes)) or case.example.label


def _repeated_openings(material: _Material) -> Iterator[Finding]:
    first: dict[tuple[str, ...], str] = {}
    for case in material.cases:
        opening = tuple(words(fold(case.example.text))[:OPENING])
        if len(opening) == OPENING and first.setdefault(opening, case.example.id) != case.example.id:
            message = f"The text opens with the same {OPENING} words as {first[opening]}: '{' '.join(opening)}'."
            yield case.finding("repeated-opening", "warning", message, "Use a complaint that begins in its own way.")


def _duplicate_ids(material: _Material) -> Iterator[Finding]:
    seen: set[str] = set()
    for case in material.cases:
        if case.example.id in seen:
            message = f"The id '{case.example.id}' is already used."
            yield case.finding("duplicate-id", "error", message, "Give each example and held-out case an id of its own.")
        seen.add(case.example.id)
    for kind, ids in (
        ("teams", [team.id for team in material.pack.topic.teams]),
        ("causes", [cause.id for cause in material.pack.topic.causes]),
    ):
        for place, name in enumerate(ids):
            if name in ids[:place]:
                message = f"The id '{name}' is already used in '{kind}'."
                yield material.in_topic("duplicate-id", "error", (kind, place), name, message, "Give each an id of its own.")


# ── rules of the catalogue and the topic ──────────────────────────────────────────────────────────


def _thin_causes(material: _Material) -> Iterator[Finding]:
    shown = _coverage(material.pack.examples)
    for place, cause in enumerate(material.pack.topic.causes):
        count = shown[cause.id]
        if count == 0:
            message = "No example has this cause."
            yield _about(material, "unused-cause", "error", place, cause, message, "Label examples with it or remove it.")
        elif count < MIN_PER_CAUSE:
            message = f"Examples with this cause: {count}, fewer than {MIN_PER_CAUSE}."
            yield _about(material, "thin-cause", "error", place, cause, message, "Label more complaints of this cause.")


def _unmeasured_causes(material: _Material) -> Iterator[Finding]:
    if not material.pack.heldout:
        return  # said once, by the size of the set
    held = _coverage(material.pack.heldout)
    for place, cause in enumerate(material.pack.topic.causes):
        if not held[cause.id]:
            message = "No held-out case has this cause, so whether it is found is never measured."
            yield _about(material, "unmeasured-cause", "warning", place, cause, message, "Label a held-out case of it.")


def _coverage(examples: tuple[Example, ...]) -> Counter[str]:
    return Counter(cause for example in examples for cause in _causes(example))


def _about(
    material: _Material, rule: str, severity: Severity, place: int, cause: CatalogueCause, message: str, remedy: str
) -> Finding:
    return material.in_topic(rule, severity, ("causes", place), cause.id, message, remedy)


def _unknown_teams(material: _Material) -> Iterator[Finding]:
    teams = {team.id for team in material.pack.topic.teams}
    for place, cause in enumerate(material.pack.topic.causes):
        if cause.team not in teams:
            message = f"The team '{cause.team}' is not among the teams."
            yield _about(material, "unknown-team", "error", place, cause, message, "Name one of the teams or add this one.")


def _same_names(material: _Material) -> Iterator[Finding]:
    causes = material.pack.topic.causes
    similarity = material.similarity([cause.name for cause in causes])
    for i, j in combinations(range(len(causes)), 2):
        if similarity[i, j] >= SAME_NAME:
            message = f"The name says nearly the same as that of '{causes[i].id}'."
            yield _about(material, "same-cause-name", "warning", j, causes[j], message, "Join the two or say how they differ.")


def _split_causes(material: _Material) -> Iterator[Finding]:
    roots: dict[str, list[str]] = {}
    for chain in (chain for example in material.pack.examples for chain in example.chains if chain.steps):
        roots.setdefault(chain.cause, []).append(chain.root.cause)
    for place, cause in enumerate(material.pack.topic.causes):
        groups = _groups(material, roots.get(cause.id, []))
        if groups:
            one, other = groups
            sizes, samples = f"{len(one)} and {len(other)}", f"'{_short(one[0])}' and '{_short(other[0])}'"
            message = f"The root steps fall into two groups of {sizes}, as in {samples}."
            remedy = "Make it two causes, or word the roots alike."
            yield _about(material, "split-cause", "warning", place, cause, message, remedy)


def _groups(material: _Material, roots: list[str]) -> tuple[list[str], list[str]] | None:
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


def _context(material: _Material) -> Iterator[Finding]:
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


# ── rules of the whole set ────────────────────────────────────────────────────────────────────────


def _sizes(material: _Material) -> Iterator[Finding]:
    count, held = len(material.pack.examples), len(material.pack.heldout)
    if not MIN_EXAMPLES <= count <= MAX_EXAMPLES:
        message = f"The pack has {count} examples; a finished one has {MIN_EXAMPLES} to {MAX_EXAMPLES}."
        remedy = "Label more complaints." if count < MIN_EXAMPLES else "Move the examples that teach least to the held-out cases."
        yield material.in_set("set-size", "error", EXAMPLES_FILE, message, remedy)
    if held < MIN_HELDOUT:
        message = f"The pack has {held} held-out cases, too few to measure with; {MIN_HELDOUT} are the least."
        yield material.in_set("heldout-size", "warning", HELDOUT_FILE, message, "Label more and keep them out of the examples.")


def _top_share(material: _Material) -> Iterator[Finding]:
    known = {cause.id for cause in material.pack.topic.causes}
    labels = Counter(example.label for example in material.pack.examples if example.label in known)
    if not labels:
        return
    share = sum(count for _, count in labels.most_common(3)) / len(material.pack.examples)
    low, high = TOP_SHARE
    if not low <= share <= high:
        message = f"The three largest causes have {share:.0%} of the examples, outside {low:.0%} to {high:.0%}."
        remedy = "Let the examples' shares follow those of a representative sample."
        yield material.in_set("top-share", "warning", EXAMPLES_FILE, message, remedy)


def _shift(material: _Material) -> Iterator[Finding]:
    count, held = len(material.pack.examples), len(material.pack.heldout)
    if not count or not held:
        return
    _, labels = np.unique([case.example.label for case in material.cases], return_inverse=True)
    distance = _variation(labels, count)
    rng = np.random.default_rng(0)
    as_far = sum(_variation(rng.permutation(labels), count) >= distance - 1e-12 for _ in range(_SPLITS))
    if (as_far + 1) / (_SPLITS + 1) < SHIFT_CHANCE:
        message = (
            f"The held-out causes are shared out unlike the examples' (total variation {distance:.2f}); "
            "a random split differs as much in fewer than one of a hundred cases."
        )
        yield material.in_set("heldout-shift", "warning", HELDOUT_FILE, message, "Draw both sets from the same sample.")


def _variation(labels: NDArray[np.intp], count: int) -> float:
    """Total variation distance between the shares of the first `count` labels and those of the rest."""
    size = int(labels.max()) + 1
    head, tail = np.bincount(labels[:count], minlength=size), np.bincount(labels[count:], minlength=size)
    return float(np.abs(head / count - tail / (len(labels) - count)).sum() / 2)


def _lengths(material: _Material) -> Iterator[Finding]:
    lengths = [len(example.text) for example in material.pack.examples]
    if not lengths:
        return
    middle = median(lengths)
    if middle < MEDIAN_LENGTH:
        message = f"The median text has {middle:.0f} characters, fewer than {MEDIAN_LENGTH}: too short to hold the whys."
        yield material.in_set("short-texts", "warning", EXAMPLES_FILE, message, "Add complaints that tell what happened.")
    long = sum(length > LONG_TEXT for length in lengths)
    if long < LONG_SHARE * len(lengths):
        message = f"Only {long} of {len(lengths)} texts have more than {LONG_TEXT} characters, fewer than one in six."
        yield material.in_set("few-long-texts", "warning", EXAMPLES_FILE, message, "Add long ones: they hold several problems.")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79].rstrip()}…"


_RULES: tuple[Callable[[_Material], Iterator[Finding]], ...] = (
    _answer_rules,
    _precedents,
    _countermeasures,
    _quote_lengths,
    _text_language,
    _near_duplicates,
    _heldout_leaks,
    _contradictions,
    _repeated_openings,
    _duplicate_ids,
    _thin_causes,
    _unmeasured_causes,
    _unknown_teams,
    _same_names,
    _split_causes,
    _context,
    _sizes,
    _top_share,
    _shift,
    _lengths,
)
