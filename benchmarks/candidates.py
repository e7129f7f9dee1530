"""How often the right cause is among the advisor's candidates, on the packs' held-out cases: `python benchmarks/candidates.py`.

For each pack: share of cases whose cause is the first, among the first two and three; then, for thresholds of doubt, how
many cases have a single candidate, how often it is right, and how often the right one is among the two where there is doubt.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rootcause import embed
from rootcause.evaluate import of_vote
from rootcause.fewshot.advise import Advisor, label_of
from rootcause.fewshot.load import available, load

FEWSHOT = Path(__file__).parents[1] / "fewshot"


def main() -> None:
    for topic, folder in available((FEWSHOT,)).items():
        pack = load(folder)
        advisor = Advisor(pack.examples, embed.encode([example.text for example in pack.examples]))
        vectors = embed.encode([example.text for example in pack.heldout])
        truth = [label_of(example) for example in pack.heldout]
        ranked = [advisor.candidates(e.text, v, 3, 0.0) for e, v in zip(pack.heldout, vectors, strict=True)]
        among = [np.mean([t in r[:most] for t, r in zip(truth, ranked, strict=True)]) for most in (1, 2, 3)]
        print(
            f"{topic}: vote {of_vote(pack).accuracy:.3f}; advisor first {among[0]:.3f}, two {among[1]:.3f}, three {among[2]:.3f}"
        )
        for doubt in (0.5, 0.6, 0.7, 0.8, 0.9):
            found = [advisor.candidates(e.text, v, 2, doubt) for e, v in zip(pack.heldout, vectors, strict=True)]
            sure = [t == f[0] for t, f in zip(truth, found, strict=True) if len(f) == 1]
            open_ = [t in f for t, f in zip(truth, found, strict=True) if len(f) == 2]
            print(f"  doubt {doubt}: {len(sure)} sure, {sum(sure)} right; {len(open_)} in doubt, {sum(open_)} hold the right one")


if __name__ == "__main__":
    main()
