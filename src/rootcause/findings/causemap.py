"""All chains joined into one graph of effect ← cause, with the share of complaints that pass through each step.

Steps of a topic are one node where they are worded alike, or alike in meaning: average linkage over embeddings, as equal
causes are merged, at a threshold of its own. The last step of a chain is the node of its ranked cause. A step that only
repeats the customer's own words is compared by its words alone: what customers say differs even where the cause is one.
Shares and their intervals are those of the ranking (`estimate.shares`), after an audit the corrected ones.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix, diags_array

from rootcause import embed
from rootcause.estimate import shares
from rootcause.findings.audit import Audited
from rootcause.findings.circles import Edge, depths, opened
from rootcause.findings.observe import Observed
from rootcause.findings.values import CauseMap, MapEdge, MapNode
from rootcause.merge import linked
from rootcause.models import Basis, Chain, ChainRef, Countermeasure, RunReport, Step
from rootcause.text import fold

# python benchmarks/mapping.py, 2026-11-22, over 144 pairs of steps of the four packs, joined at 0.40 or more, that one reader
# judged: of the pairs joined at 0.56, 79 % say the same; of those that 0.53 joins besides, 46 %, and 0.40, 33 %
SAME_STEP = 0.56  # average similarity from which two steps are one node
# The same benchmark with --speed: 20,000 chains of labelled steps take 5 s, with every step worded in its own way 20 s
_MOST_COMPARED = 10_000  # distinct steps compared by meaning, the most frequent first, others by lot: 10 s to embed
_OWN_WORDS = 0.5  # part of a stated first step that is its quote, from which it is only the customer's own words, marks or not

Key = tuple[str | None, str]
"""A topic and a folded text: what is equal is the same step."""


@dataclass(frozen=True)
class Told:
    """One chain: where it stands, the places of its rows in the table of the run, its topic, its steps, its merged cause."""

    ref: ChainRef
    rows: tuple[int, ...]
    topic: str | None
    chain: Chain
    cause: str


@dataclass
class _Through:
    """What passes through a node. changes: wordings and levels of each change proposed at it, by folded text."""

    rows: set[int] = field(default_factory=set)
    chains: set[tuple[str, int]] = field(default_factory=set)
    changes: dict[str, Counter[tuple[str, int]]] = field(default_factory=lambda: defaultdict(Counter))


def cause_map(report: RunReport, observed: Observed, *, audit: Audited | None = None) -> CauseMap:
    """The map of a run. It does not depend on the order of the rows. audit: one of enough rows, which corrects the shares."""
    told = chains_of(report, observed)
    steps = _Steps(told, {ranked.cause.id: ranked.cause.name for ranked in observed.causes})
    through: dict[str, _Through] = defaultdict(_Through)
    passed: dict[Edge, set[int]] = defaultdict(set)
    for one in told:
        path = steps.path(one)
        for level, (node, step) in enumerate(zip(path, one.chain.steps, strict=True), start=1):
            through[node].rows.update(one.rows)
            through[node].chains.add((one.ref.outcome, one.ref.index))
            if step.countermeasure:
                through[node].changes[change_key(step.countermeasure)][step.countermeasure, level] += 1
        for edge in pairwise(path):
            passed[edge].update(one.rows)
    counts = {edge: len(rows) for edge, rows in passed.items()}
    kept, broken = opened(counts)
    depth = depths(through, kept)
    ids = [row.id for row in observed.rows]
    topics = [stratum.topic for stratum in report.sample.strata]
    estimated = _corrected(through, told, observed, audit) if audit and told else _shares(through, steps, observed, topics)
    nodes = [_node(node, steps, found, depth[node], estimated[node], ids) for node, found in through.items()]
    return CauseMap(
        nodes=tuple(sorted(nodes, key=lambda node: (node.level, -node.share, node.id))),
        edges=_edges(kept, counts),
        broken=_edges(broken, counts),
        uncompared=steps.uncompared,
    )


def chains_of(report: RunReport, observed: Observed) -> list[Told]:
    """All chains of the answers, each with the rows that it stands for."""
    outcomes = {outcome.key: outcome for outcome in report.outcomes}
    place = {row.id: number for number, row in enumerate(observed.rows)}
    told = []
    for ranked in observed.causes:
        for ref in ranked.cause.chains:
            outcome = outcomes[ref.outcome]
            assert outcome.answer is not None, "only answered outcomes have chains"
            rows = tuple(place[row.id] for row in outcome.rows)
            told.append(Told(ref, rows, outcome.topic, outcome.answer.chains[ref.index], ranked.cause.id))
    return told


def change_key(text: str) -> str:
    """What two wordings of one countermeasure have in common."""
    return fold(text).rstrip(".")


class _Steps:
    """Which node each step belongs to, and what the node is called."""

    def __init__(self, told: Sequence[Told], causes: Mapping[str, str]) -> None:
        self._folded: dict[str, str] = {}
        self._causes = causes
        self._topics = {one.cause: one.topic for one in told}
        self._node = self._roots(told)
        self._wording: dict[Key, Counter[str]] = defaultdict(Counter)
        rows: dict[Key, set[int]] = defaultdict(set)
        other: set[Key] = set()  # said otherwise than in the customer's own words alone
        for one in told:
            for number, step in enumerate(one.chain.steps[:-1]):
                key = self._key(one.topic, step.cause)
                if key in self._node:
                    continue
                self._wording[key][step.cause] += len(one.rows)
                rows[key].update(one.rows)
                if number or not self._own_words(step):
                    other.add(key)
        self._rows = {key: len(places) for key, places in rows.items()}
        self._name: dict[str, str] = {}
        chosen = sorted(other, key=lambda key: (-self._rows[key], _lot(key)))
        self.uncompared = len(chosen[_MOST_COMPARED:])
        for group in self._alike(chosen[:_MOST_COMPARED]):
            self._join(group)
        for key in (*chosen[_MOST_COMPARED:], *(key for key in rows if key not in other)):
            self._join([key])

    def path(self, one: Told) -> list[str]:
        """The nodes of a chain's steps, from the symptom to the root."""
        return [*(self._node[self._key(one.topic, step.cause)] for step in one.chain.steps[:-1]), one.cause]

    def name(self, node: str) -> str:
        return self._causes.get(node) or self._name[node]

    def topic(self, node: str) -> str | None:
        return self._topics[node]

    def is_cause(self, node: str) -> bool:
        return node in self._causes

    def _roots(self, told: Sequence[Told]) -> dict[Key, str]:
        """The causes by the words of their roots and names. Words of several causes go to the one with most rows."""
        counts: dict[Key, Counter[str]] = defaultdict(Counter)
        for one in told:
            counts[self._key(one.topic, one.chain.root.cause)][one.cause] += len(one.rows)
            counts[self._key(one.topic, self._causes[one.cause])][one.cause] += len(one.rows)
        return {key: min(count, key=lambda cause: (-count[cause], cause)) for key, count in counts.items()}

    def _alike(self, keys: Iterable[Key]) -> Iterator[list[Key]]:
        """Groups of keys that say the same within a topic, the best name first."""
        by_topic: dict[str | None, list[Key]] = defaultdict(list)
        for key in keys:
            by_topic[key[0]].append(key)
        for topic in by_topic.values():
            vectors = embed.encode([self._said(key) for key in topic])
            for places in linked(vectors, SAME_STEP):
                likeness = (vectors[places] @ vectors[places].mean(axis=0)).round(5)
                order = sorted(
                    range(len(places)), key=lambda i: (-self._rows[topic[places[i]]], -likeness[i], topic[places[i]][1])
                )
                yield [topic[places[i]] for i in order]

    def _join(self, group: Sequence[Key]) -> None:
        """Makes one node of the keys, named after the first."""
        topic, text = group[0]
        node = f"{topic or 'no-topic'}/step-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
        self._name[node] = self._said(group[0])
        self._topics[node] = topic
        for key in group:
            self._node[key] = node

    def _said(self, key: Key) -> str:
        wording = self._wording[key]
        return min(wording, key=lambda text: (-wording[text], text))

    def _key(self, topic: str | None, text: str) -> Key:
        if text not in self._folded:
            self._folded[text] = fold(text)
        return topic, self._folded[text]

    def _own_words(self, step: Step) -> bool:
        if step.basis is not Basis.STATED or not step.evidence:
            return False
        quote, said = fold(step.evidence), self._key(None, step.cause)[1]
        return quote in said and (f'"{quote}"' in said or len(quote) >= _OWN_WORDS * len(said))


def _shares(
    through: Mapping[str, _Through], steps: _Steps, observed: Observed, topics: Sequence[str | None]
) -> dict[str, tuple[float, float, float]]:
    """The estimated share of complaints that pass through each node, with its interval. topics: of the strata."""
    order = sorted(through)
    strata = len(topics)
    hits = [np.bincount(observed.stratum[list(through[node].rows)], minlength=strata) for node in order]
    possible = [[topic == steps.topic(node) for topic in topics] for node in order]
    analysed = np.bincount(observed.stratum, minlength=strata)
    found = shares(np.reshape(hits, (-1, strata)), analysed, observed.populations, np.reshape(possible, (-1, strata)))
    return dict(zip(order, zip(*(one.tolist() for one in found), strict=True), strict=True))


def _corrected(
    through: Mapping[str, _Through], told: Sequence[Told], observed: Observed, audit: Audited
) -> dict[str, tuple[float, float, float]]:
    """The same, corrected by an audit. Of the complaints in which a person finds a cause, as many are taken to pass through a
    node as of the cause's chains do."""
    order = sorted(through)
    at_rows = [(row, column) for column, node in enumerate(order) for row in through[node].rows]
    rows, nodes = zip(*at_rows, strict=True)
    of_rows = csr_matrix((np.ones(len(rows)), (rows, nodes)), shape=(len(observed.rows), len(order)))
    label = {(one.ref.outcome, one.ref.index): audit.label_of(one.cause) for one in told}
    chains = Counter(label.values())
    labels = sorted(chains)
    place = {name: number for number, name in enumerate(labels)}
    at_labels = [(place[label[ref]], column) for column, node in enumerate(order) for ref in through[node].chains]
    lines, columns = zip(*at_labels, strict=True)
    counted = csr_matrix((np.ones(len(lines)), (lines, columns)), shape=(len(labels), len(order)))
    of_labels = csr_matrix(diags_array([1 / chains[name] for name in labels]) @ counted)
    found = audit.shares(of_rows, labels, of_labels)
    return dict(zip(order, zip(*(one.tolist() for one in found), strict=True), strict=True))


def _node(
    node: str, steps: _Steps, found: _Through, depth: int, estimated: tuple[float, float, float], ids: Sequence[str]
) -> MapNode:
    share, low, high = estimated
    return MapNode(
        id=node,
        name=steps.name(node),
        topic=steps.topic(node),
        cause=node if steps.is_cause(node) else None,
        level=depth,
        complaints=len(found.rows),
        share=share,
        low=low,
        high=high,
        countermeasures=_changes(found.changes),
        row_ids=tuple(sorted(ids[row] for row in found.rows)),
        chains=tuple(ChainRef(outcome=outcome, index=index) for outcome, index in sorted(found.chains)),
    )


def _changes(changes: Mapping[str, Counter[tuple[str, int]]]) -> tuple[Countermeasure, ...]:
    """Each change under its most common wording, at the level where it is proposed most often; the most proposed first."""
    found = []
    for said in changes.values():
        texts, levels = Counter[str](), Counter[int]()
        for (text, level), count in said.items():
            texts[text] += count
            levels[level] += count
        text = min(texts, key=lambda text: (-texts[text], text))
        level = min(levels, key=lambda level: (-levels[level], level))
        found.append(Countermeasure(level=level, text=text, count=said.total()))
    return tuple(sorted(found, key=lambda one: (-one.count, one.text)))


def _edges(edges: Iterable[Edge], counts: Mapping[Edge, int]) -> tuple[MapEdge, ...]:
    found = [MapEdge(effect=effect, cause=cause, complaints=counts[effect, cause]) for effect, cause in edges]
    return tuple(sorted(found, key=lambda edge: (-edge.complaints, edge.effect, edge.cause)))


def _lot(key: Key) -> str:
    """An order that tells nothing of the texts' meaning."""
    return hashlib.sha256(repr(key).encode()).hexdigest()
