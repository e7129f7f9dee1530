"""What is wrong with a topic pack: the rules a labelled set must keep so that it teaches one company's causes well.

Finding a problem is here; printing it, or failing because of it, is the caller's. The chains of labelled
examples pass the same rules as a model's answers (`rootcause.validate`); the rest are rules of a set. Every
threshold that measures likeness stands beside the figures it was chosen from: the four packs shipped with this
program, 172 texts each, and defects made from them on purpose.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rootcause.fewshot.check import catalogue, labels, whole
from rootcause.fewshot.check.catalogue import MIN_PER_CAUSE
from rootcause.fewshot.check.finding import Finding
from rootcause.fewshot.check.material import Material
from rootcause.fewshot.check.surface import surface
from rootcause.fewshot.check.whole import MAX_EXAMPLES, MIN_EXAMPLES, MIN_HELDOUT
from rootcause.models import Pack

__all__ = [
    "MAX_EXAMPLES", "MIN_EXAMPLES", "MIN_HELDOUT", "MIN_PER_CAUSE",
    "Finding", "check", "check_labels", "surface",
]  # fmt: skip


def check(pack: Pack) -> tuple[Finding, ...]:
    """Everything that is wrong with the pack, by file and line; empty for a finished pack."""
    material = Material(pack)
    return _sorted(finding for rule in (*labels.RULES, *catalogue.RULES, *whole.RULES) for finding in rule(material))


def check_labels(pack: Pack, ids: Collection[str]) -> tuple[Finding, ...]:
    """What is wrong with the labelled texts of these ids, judged among the pack's others; nothing of the whole set."""
    material = Material(pack)
    return _sorted(finding for rule in labels.RULES for finding in rule(material) if finding.id in ids)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.file, f.line or 0, f.rule, f.id or "", f.message)))
