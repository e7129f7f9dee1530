"""What a topic pack is worth, measured on its held-out cases through the same teaching and validation as any run."""

from rootcause.evaluate.baselines import of_classifier, of_vote
from rootcause.evaluate.score import Score, Scored

__all__ = ["Score", "Scored", "of_classifier", "of_vote"]
