"""Equal causes become one: known ones by the catalogue, the rest with each other.

New roots are embedded, blocked by nearest neighbours and clustered by average linkage within each block. The
model is asked only about pairs of clusters whose similarity leaves it open, and for a name. The result does
not depend on the order of the rows.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.models import NEW_CAUSE, Cause, Chain, ChainRef, Frozen, Outcome, Topic
from rootcause.text import fold, words
from rootcause.validate import EXTERNAL_CAUSE

# python benchmarks/merging.py, 2026-11-22: 0.36 has the best mean B-cubed F1 of the four packs, 0.812 (0.40: 0.767, 0.50: 0.619)
SAME = 0.36  # average similarity from which two roots are one cause
# The same command, the same day: from 0.24 on lie 52 pairs of clusters a pack, 66 % of all same ones: 60 questions reach them
OPEN = 0.24  # from here up to SAME the model decides, where it can (95 % of the same pairs: 0.14, 197 questions a pack)
_NEIGHBOURS = 24
_CHUNK = 1024
_LARGEST = 4000  # points clustered at once: 130 MB
_STRICTER = 0.03  # a larger block is parted at a threshold higher by this, again and again
_MOST_PAIRS = 100_000
MOST_QUESTIONS = 60

Judge = Callable[[str, str, str | None], Awaitable[bool]]
"""Asked whether two root sentences of a topic (its id or None) are one cause."""
Namer = Callable[[tuple[str, ...]], Awaitable[str]]
"""Asked for a name of sentences that are one cause."""


class _Root(Frozen):
    """A distinct root sentence and the chains that end in it."""

    sentence: str
    external: bool
    chains: tuple[ChainRef, ...]


async def merge(
    outcomes: Sequence[Outcome], topics: Mapping[str, Topic], *, judge: Judge | None, namer: Namer | None
) -> tuple[Cause, ...]:
    """All causes of the outcomes' chains, the catalogue's first, sorted by id. judge, namer: None where no model can."""
    known: dict[tuple[str, str], list[ChainRef]] = {}
    fresh: dict[str | None, dict[str, list[tuple[Chain, ChainRef]]]] = {}
    rows = {outcome.key: len(outcome.rows) for outcome in outcomes}
    for outcome in sorted(outcomes, key=lambda o: o.key):
        for index, chain in enumerate(outcome.answer.chains if outcome.answer else ()):
            reference = ChainRef(outcome=outcome.key, index=index)
            if chain.cause in (NEW_CAUSE, EXTERNAL_CAUSE):
                fresh.setdefault(outcome.topic, {}).setdefault(fold(chain.root.cause), []).append((chain, reference))
            elif outcome.topic is not None:
                known.setdefault((outcome.topic, chain.cause), []).append(reference)
    causes = [_from_catalogue(topics[topic], cause, chains) for (topic, cause), chains in known.items()]
    for topic, by_root in fresh.items():
        roots = [_root(by_root[key]) for key in sorted(by_root)]
        for group in await _clusters(roots, topic, judge):
            causes.append(await _new_cause(group, topic, rows, namer))
    return tuple(sorted(causes, key=lambda cause: (cause.new, cause.id)))


def linked(vectors: NDArray[np.float32], threshold: float) -> list[list[int]]:
    """Average-linkage clusters of unit vectors, shape (n, d): lists of places, each sorted, in order of their first.

    Points are first blocked by links to their nearest neighbours of at least the threshold and clustered block
    by block; a block of over 4,000 points is parted at higher thresholds first, so memory stays bounded. What
    that kept apart comes together at the end: clusters join, most alike first, until no two have an average
    similarity of the threshold.
    """
    if not len(vectors):
        return []
    clusters = sorted(cluster for block in _blocks(vectors, threshold) for cluster in _linked_block(vectors, block, threshold))
    while True:
        groups = _Groups(clusters, vectors, threshold)
        if (pair := groups.closest()) is None:
            return clusters
        while pair is not None:
            groups.join(*pair)
            pair = groups.closest()
        clusters = groups.clusters()


class _Groups:
    """Clusters and the pairs of them with an average similarity of at least `least`, most alike first.

    The average similarity of two clusters of unit vectors is the product of their mean vectors.
    """

    def __init__(self, clusters: list[list[int]], vectors: NDArray[np.float32], least: float) -> None:
        self.members: dict[int, list[int]] = dict(enumerate(clusters))
        self._least = least
        self._means = np.stack([vectors[cluster].mean(axis=0) for cluster in clusters])
        self._version = [0] * len(clusters)
        self._pairs = [(-similarity, a, b, 0, 0) for similarity, a, b in _alike(self._means, least)]
        heapq.heapify(self._pairs)

    def closest(self) -> tuple[int, int] | None:
        """The most similar pair not given out yet, by the places of its clusters."""
        while self._pairs:
            _, a, b, *versions = heapq.heappop(self._pairs)
            if versions == [self._version[a], self._version[b]] and a in self.members and b in self.members:
                return a, b
        return None

    def join(self, a: int, b: int) -> None:
        """b becomes part of a."""
        sizes = len(self.members[a]), len(self.members[b])
        self._means[a] = (self._means[a] * sizes[0] + self._means[b] * sizes[1]) / sum(sizes)
        self.members[a] = sorted(self.members[a] + self.members.pop(b))
        self._version[a] += 1
        similarity = self._means @ self._means[a]
        for other in np.flatnonzero(similarity >= self._least):
            if other != a and int(other) in self.members:
                c, d = sorted((a, int(other)))
                heapq.heappush(self._pairs, (-float(similarity[other]), c, d, self._version[c], self._version[d]))

    def clusters(self) -> list[list[int]]:
        return sorted(self.members.values())


def _alike(means: NDArray[np.float32], least: float) -> list[tuple[float, int, int]]:
    """Pairs of rows a < b whose product is at least `least`; of very many, the highest."""
    found: list[tuple[float, int, int]] = []
    for start in range(0, len(means), _CHUNK):
        similarity = means[start : start + _CHUNK] @ means.T
        left, right = np.nonzero(similarity >= least)
        upper = left + start < right
        left, right = left[upper], right[upper]
        found.extend(zip(similarity[left, right].tolist(), (left + start).tolist(), right.tolist(), strict=True))
        if len(found) > _MOST_PAIRS:
            found = heapq.nlargest(_MOST_PAIRS, found)
    return found


def _linked_block(vectors: NDArray[np.float32], block: list[int], threshold: float) -> list[list[int]]:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(block) == 1:
        return [block]
    chosen = vectors[block]
    distance = np.clip(1 - chosen @ chosen.T, 0, 2)
    labels = fcluster(linkage(squareform(distance, checks=False), method="average"), 1 - threshold, criterion="distance")
    groups: dict[int, list[int]] = {}
    for place, label in zip(block, labels, strict=True):
        groups.setdefault(int(label), []).append(place)
    return list(groups.values())


def _blocks(vectors: NDArray[np.float32], threshold: float) -> list[list[int]]:
    """Places connected by links of at least the threshold, at most 4,000 together."""
    n = len(vectors)
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    strengths: list[NDArray[np.float32]] = []
    for start in range(0, n, _CHUNK):
        similarity = vectors[start : start + _CHUNK] @ vectors.T
        count = min(_NEIGHBOURS + 1, n)
        near = np.argpartition(similarity, n - count, axis=1)[:, n - count :]
        strength = np.take_along_axis(similarity, near, axis=1)
        close = strength >= threshold
        rows.append(np.repeat(np.arange(start, start + len(similarity)), close.sum(axis=1)))
        columns.append(near[close])
        strengths.append(strength[close])
    return _parts(np.arange(n), np.concatenate(rows), np.concatenate(columns), np.concatenate(strengths), threshold)


def _parts(
    places: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    strengths: NDArray[np.float32],
    threshold: float,
) -> list[list[int]]:
    """Connected parts of `places` by their links, which are given by places within `places`."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    strong = strengths >= threshold
    rows, columns, strengths = rows[strong], columns[strong], strengths[strong]
    n = len(places)
    count, labels = connected_components(coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, n)), directed=False)
    sizes = np.bincount(labels, minlength=count)
    order = np.argsort(labels, kind="stable")
    found: list[list[int]] = []
    for label, members in enumerate(np.split(order, np.cumsum(sizes)[:-1])):
        if sizes[label] <= _LARGEST:
            found.append(places[members].tolist())
        elif threshold > 1:
            found.extend(places[members[start : start + _LARGEST]].tolist() for start in range(0, len(members), _LARGEST))
        else:
            within = labels[rows] == label
            local = np.zeros(n, dtype=np.int64)
            local[members] = np.arange(len(members))
            found.extend(
                _parts(places[members], local[rows[within]], local[columns[within]], strengths[within], threshold + _STRICTER)
            )
    return found


async def _clusters(roots: list[_Root], topic: str | None, judge: Judge | None) -> list[list[_Root]]:
    """Groups of roots that are one cause; external roots never join internal ones."""
    groups: list[list[_Root]] = []
    for external in (False, True):
        part = [root for root in roots if root.external is external]
        if not part:
            continue
        vectors = embed.encode([root.sentence for root in part])
        clusters = linked(vectors, SAME)
        if judge is not None:
            clusters = await _judged(clusters, part, vectors, topic, judge)
        groups.extend([part[place] for place in cluster] for cluster in clusters)
    return groups


async def _judged(
    clusters: list[list[int]], roots: list[_Root], vectors: NDArray[np.float32], topic: str | None, judge: Judge
) -> list[list[int]]:
    """Clusters joined where the model says so, most alike first.

    A joined cluster is asked about as a whole again, but no two sentences are asked about twice.
    """
    groups = _Groups(clusters, vectors, OPEN)
    refused: set[tuple[int, int]] = set()
    while len(refused) + len(clusters) - len(groups.members) < MOST_QUESTIONS and (pair := groups.closest()) is not None:
        left, right = sorted(medoid(vectors, groups.members[place]) for place in pair)
        if (left, right) in refused:
            continue
        if await judge(roots[left].sentence, roots[right].sentence, topic):
            groups.join(*pair)
        else:
            refused.add((left, right))
    return groups.clusters()


def medoid(vectors: NDArray[np.float32], places: list[int]) -> int:
    """The place whose vector is most like all the others of the cluster."""
    similarity = vectors[places] @ vectors[places].T
    return places[int(np.argmax(np.round(similarity.sum(axis=1), 5)))]


def _root(members: list[tuple[Chain, ChainRef]]) -> _Root:
    return _Root(
        sentence=min(chain.root.cause for chain, _ in members),
        external=all(chain.cause == EXTERNAL_CAUSE for chain, _ in members),
        chains=tuple(reference for _, reference in members),
    )


def _from_catalogue(topic: Topic, cause_id: str, chains: list[ChainRef]) -> Cause:
    entry = topic.cause(cause_id)
    assert entry is not None, "validation lets only catalogue causes through"
    return Cause(
        id=f"{topic.id}/{entry.id}",
        name=entry.name,
        topic=topic.id,
        new=False,
        residue=False,
        controllable=entry.controllable,
        team=entry.team,
        chains=tuple(chains),
        usual_countermeasure=entry.countermeasure,
        effort=entry.effort,
    )


async def _new_cause(group: list[_Root], topic: str | None, rows: Mapping[str, int], namer: Namer | None) -> Cause:
    sentences = tuple(sorted(root.sentence for root in group))
    central = sentences[medoid(embed.encode(list(sentences)), list(range(len(sentences))))]
    name = await namer(sentences) if namer is not None and len(sentences) > 1 else central
    chains = tuple(sorted((reference for root in group for reference in root.chains), key=lambda c: (c.outcome, c.index)))
    return Cause(
        id=f"{topic or 'no-topic'}/new-{_slug(central)}",
        name=name,
        topic=topic,
        new=True,
        residue=sum(rows[text] for text in {reference.outcome for reference in chains}) == 1,
        controllable=not group[0].external,
        team=None,
        chains=chains,
    )


def _slug(sentence: str) -> str:
    """A short stable id: the sentence's first words where they are ASCII, and a hash that keeps two apart."""
    head = re.sub(r"[^a-z0-9]+", "-", " ".join(words(sentence)[:4])).strip("-")
    tail = hashlib.sha256(fold(sentence).encode()).hexdigest()[:6]
    return f"{head}-{tail}" if head else tail
