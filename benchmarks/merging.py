"""How well roots that are one cause come together, over thresholds; and what twenty thousand of them cost.

    python benchmarks/merging.py            quality on the four packs
    python benchmarks/merging.py --speed    time and peak memory of 20,000 points

Gold: the catalogue cause that a person gave each chain. Points: the chains' root sentences, all of a pack together.
Three measures, as they rank methods differently: B-cubed F1 (Bagga and Baldwin 1998), V-measure (Rosenberg and
Hirschberg 2007), F1 over pairs.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rootcause import embed
from rootcause.fewshot.load import available, load
from rootcause.merge import linked
from rootcause.models import NEW_CAUSE
from rootcause.validate import EXTERNAL_CAUSE

PACKS = Path(__file__).parents[1] / "fewshot"
THRESHOLDS = [round(0.30 + 0.02 * step, 2) for step in range(31)]
POINTS = 20_000
NOISE = 0.35  # length of the random vector added to a unit vector: copies of one root are about 0.89 alike
SEED = 20261122


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", action="store_true")
    packs = {topic: _points(folder) for topic, folder in available((PACKS,)).items()}
    if parser.parse_args().speed:
        speed(packs)
    else:
        quality(packs)


def quality(packs: dict[str, tuple[NDArray[np.float32], list[str]]]) -> None:
    """Prints B-cubed F1 / V-measure / pairwise F1 and the number of clusters by topic and threshold, and the means."""
    for topic, (vectors, gold) in packs.items():
        print(f"{topic}: {len(vectors)} roots of {len(set(gold))} causes")
    print(
        "\nB-cubed F1 / V-measure / pairwise F1 (clusters)\n" + "".join(f"{name:<25}" for name in ("threshold", *packs, "mean"))
    )
    best = (0.0, 0.0)
    for threshold in THRESHOLDS:
        cells = [f"{threshold:<25.2f}"]
        scores = []
        for vectors, gold in packs.values():
            clusters = linked(vectors, threshold)
            scores.append(measures(clusters, gold))
            cells.append(f"{_cell(scores[-1]) + f' ({len(clusters)})':<25}")
        mean = tuple(float(np.mean(column)) for column in zip(*scores, strict=True))
        best = max(best, (mean[0], threshold))
        print("".join(cells) + _cell(mean))
    print(f"\nbest: {best[1]:.2f} with a mean B-cubed F1 of {best[0]:.3f}")
    print("\nof the pairs of clusters at that threshold: those above a bound, same ones among them, recall")
    pairs = [pair for vectors, gold in packs.values() for pair in _pairs_of_clusters(vectors, gold, linked(vectors, best[1]))]
    same = sum(is_same for _, is_same in pairs)
    for bound in [round(best[1] - 0.02 * step, 2) for step in range(1, 16)]:
        held = [is_same for similarity, is_same in pairs if similarity >= bound]
        precision, recall = sum(held) / max(len(held), 1), sum(held) / same
        print(f"{bound:.2f}  {len(held):6} pairs  {sum(held):5} same  precision {precision:.3f}  recall {recall:.3f}")


def speed(packs: dict[str, tuple[NDArray[np.float32], list[str]]]) -> None:
    """Prints the seconds and the peak memory of one `linked` over perturbed copies of all packs' roots."""
    from rootcause.merge import SAME

    rng = np.random.default_rng(SEED)
    roots = np.vstack([vectors for vectors, _ in packs.values()])
    chosen = roots[rng.integers(len(roots), size=POINTS)]
    noise = rng.standard_normal(chosen.shape).astype(np.float32)
    points = chosen + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    clusters = linked(points, SAME)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{POINTS} points at {SAME}: {seconds:.1f} s, {len(clusters)} clusters")
    print(f"peak {peak / 1e6:.2f} GB, {before / 1e6:.2f} GB before")


def measures(clusters: list[list[int]], gold: Sequence[str]) -> tuple[float, float, float]:
    """B-cubed F1, V-measure, pairwise F1 of a clustering against the gold labels."""
    found = np.zeros(len(gold), dtype=np.int64)
    for label, cluster in enumerate(clusters):
        found[cluster] = label
    by_cluster, by_gold = Counter(found.tolist()), Counter(gold)
    both = Counter(zip(found.tolist(), gold, strict=True))
    n = len(gold)
    precision = sum(count * count / by_cluster[cluster] for (cluster, _), count in both.items()) / n
    recall = sum(count * count / by_gold[label] for (_, label), count in both.items()) / n
    homogeneity = _explained(by_gold, both, by_cluster, 0, n)
    completeness = _explained(by_cluster, both, by_gold, 1, n)
    pairs = sum(_choose(count) for count in both.values())
    pair_precision = pairs / max(sum(map(_choose, by_cluster.values())), 1)
    pair_recall = pairs / max(sum(map(_choose, by_gold.values())), 1)
    return _harmonic(precision, recall), _harmonic(homogeneity, completeness), _harmonic(pair_precision, pair_recall)


def _explained(
    target: Counter[str] | Counter[int], both: Counter[tuple[int, str]], given: Counter[int] | Counter[str], side: int, n: int
) -> float:
    """1 - H(target | given) / H(target); side: where `given` stands in the keys of `both`."""
    whole = -sum(count / n * np.log(count / n) for count in target.values())
    rest = -sum(count / n * np.log(count / given[key[side]]) for key, count in both.items())  # type: ignore[index]
    return float(1 - rest / whole) if whole else 1.0


def _pairs_of_clusters(vectors: NDArray[np.float32], gold: list[str], clusters: list[list[int]]) -> list[tuple[float, bool]]:
    """Average similarity of each two clusters, and whether most of each is one and the same cause."""
    means = np.stack([vectors[cluster].mean(axis=0) for cluster in clusters])
    causes = [Counter(gold[place] for place in cluster).most_common(1)[0][0] for cluster in clusters]
    similarity = means @ means.T
    return [(float(similarity[a, b]), causes[a] == causes[b]) for a in range(len(clusters)) for b in range(a + 1, len(clusters))]


def _points(folder: Path) -> tuple[NDArray[np.float32], list[str]]:
    pack = load(folder)
    chains = [chain for example in (*pack.examples, *pack.heldout) for chain in example.chains]
    chains = [chain for chain in chains if chain.cause not in (NEW_CAUSE, EXTERNAL_CAUSE)]
    return embed.encode([chain.root.cause for chain in chains]), [chain.cause for chain in chains]


def _choose(count: int) -> int:
    return count * (count - 1) // 2


def _harmonic(left: float, right: float) -> float:
    return 2 * left * right / (left + right) if left + right else 0.0


def _cell(scores: Sequence[float]) -> str:
    return " / ".join(f"{score:.3f}" for score in scores)


if __name__ == "__main__":
    main()
