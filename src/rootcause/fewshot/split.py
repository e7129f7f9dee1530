"""Which examples are kept out to measure with: the same shares of causes, by a seed, near-duplicates never parted."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from rootcause import embed
from rootcause.errors import SettingsError
from rootcause.fewshot.check import MIN_EXAMPLES, MIN_PER_CAUSE
from rootcause.fewshot.twins import twins
from rootcause.models import Basis, Example, Frozen, Pack
from rootcause.sample import allocate
from rootcause.text import fold

USUAL = 40


def count_for(pack: Pack) -> int:
    """How many to keep out where nobody says: 40, or as many as leave 100. Raises SettingsError where that is none."""
    spare = len(pack.examples) - MIN_EXAMPLES
    if spare < 1:
        raise SettingsError(
            f"{pack.topic.id} has {len(pack.examples)} examples, and {MIN_EXAMPLES} are to stay; label more, or say how many to "
            "keep out with --count"
        )
    return min(USUAL, spare)


class Split(Frozen):
    """A pack's two sets as they are to be. moved: ids of the newly kept out; mended: steps that lost their precedent by it."""

    examples: tuple[Example, ...]
    heldout: tuple[Example, ...]
    moved: tuple[str, ...]
    mended: int


def divided(pack: Pack, count: int, seed: int, *, thin: bool = False) -> Split:
    """The pack with `count` or fewer of its examples kept out, drawn within each label in proportion to its examples.

    A cause of the catalogue keeps MIN_PER_CAUSE examples, any other label one; with `thin`, where these cannot spare
    so many, every label keeps one. A held-out case can be no precedent: a step that
    named one names another example with a step in the same words, or becomes inferred. The draw depends on ids and seed,
    not on the order of lines.
    """
    shares = _shares(pack, count, MIN_PER_CAUSE)
    if thin and shares.total() < count:
        shares = _shares(pack, count, 1)
    moved = _drawn(pack, shares, seed)
    gone = {example.id for example in moved}
    left = [example for example in pack.examples if example.id not in gone]
    sources = _sources(left)
    mended = 0
    sets: list[tuple[Example, ...]] = []
    for examples in (left, (*pack.heldout, *moved)):
        whole = [_mended(example, gone, sources) for example in examples]
        mended += sum(count for _, count in whole)
        sets.append(tuple(example for example, _ in whole))
    return Split(examples=sets[0], heldout=sets[1], moved=tuple(sorted(gone)), mended=mended)


def _drawn(pack: Pack, shares: Counter[str], seed: int) -> tuple[Example, ...]:
    units = _units(pack)
    random.Random(seed).shuffle(units)
    left = Counter(shares)
    chosen: list[Example] = []
    for unit in units:
        needs = Counter(example.label for example in unit)
        if all(left[label] >= n for label, n in needs.items()):
            left.subtract(needs)
            chosen.extend(unit)
    return tuple(sorted(chosen, key=lambda example: example.id))


def _sources(examples: Sequence[Example]) -> dict[str, list[str]]:
    """Ids of the examples that have a step, by its folded words."""
    found: dict[str, list[str]] = {}
    for example in sorted(examples, key=lambda e: e.id):
        for sentence in {fold(step.cause) for chain in example.chains for step in chain.steps}:
            found.setdefault(sentence, []).append(example.id)
    return found


def _mended(example: Example, gone: set[str], sources: dict[str, list[str]]) -> tuple[Example, int]:
    """The example without precedents that are gone, and how many it named."""
    count = 0
    chains = []
    for chain in example.chains:
        steps = []
        for step in chain.steps:
            if step.basis is Basis.PRECEDENT and step.evidence in gone:
                count += 1
                other = next((key for key in sources.get(fold(step.cause), ()) if key != example.id), None)
                basis = Basis.PRECEDENT if other else Basis.INFERRED
                step = step.model_copy(update={"basis": basis, "evidence": other})
            steps.append(step)
        chains.append(chain.model_copy(update={"steps": tuple(steps)}))
    return (example.model_copy(update={"chains": tuple(chains)}) if count else example), count


def _shares(pack: Pack, count: int, least: int) -> Counter[str]:
    """How many of each label are to be kept out; what a label with too few cannot give is asked of the others.

    least: examples that a cause of the catalogue keeps.
    """
    sizes = Counter(example.label for example in pack.examples)
    known = {cause.id for cause in pack.topic.causes}
    spare = {label: max(0, size - (least if label in known else 1)) for label, size in sizes.items()}
    populations: dict[str | None, int] = {label: size for label, size in sizes.items() if spare[label]}
    most = sum(populations.values())
    shares: Counter[str] = Counter()
    for asked in range(min(count, most), most + 1):
        given = allocate(populations, asked)
        shares = Counter({label: min(spare[label], given.get(label, 0)) for label in sizes})
        if shares.total() >= count:
            break
    return shares


def _units(pack: Pack) -> list[list[Example]]:
    """The examples, those that are nearly the same together, in the order of their ids."""
    examples = sorted(pack.examples, key=lambda example: example.id)
    group = list(range(len(examples)))
    texts = [example.text for example in examples]
    for i, j in twins(texts, embed.encode(texts)):
        low, high = sorted((group[i], group[j]))
        group = [low if place == high else place for place in group]
    return [[examples[i] for i, place in enumerate(group) if place == unit] for unit in sorted(set(group))]
