"""How well the forecast of a learning curve held: `python benchmarks/forecast.py`. Takes minutes.

For each pack, in three orders of its examples, the curves of the two baselines are known up to 82 examples; the forecast
of the next 50 is held against what 132 brought on the same cases.
"""

from __future__ import annotations

from pathlib import Path

from rootcause.evaluate import of_classifier, of_vote
from rootcause.evaluate.baselines import vectors_of
from rootcause.evaluate.curve import Point, curve, part
from rootcause.fewshot.load import available, load

FEWSHOT = Path(__file__).parents[1] / "fewshot"
KNOWN, NEXT = (10, 25, 50, 82), 132
ORDERS = (5, 6, 7)


def main() -> None:
    held = total = 0
    for topic, folder in available((FEWSHOT,)).items():
        pack = load(folder)
        vectors = vectors_of(pack)
        for order in ORDERS:
            for score in (of_classifier, of_vote):
                points = [Point(examples=size, score=score(part(pack, size, order), vectors)) for size in KNOWN]
                forecast = curve(points, seed=order).forecast
                assert forecast is not None
                assert forecast.stop == NEXT
                came = score(part(pack, NEXT, order), vectors).accuracy - points[-1].score.accuracy
                held += forecast.low <= came <= forecast.high
                total += 1
                print(
                    f"{topic}, order {order}, {points[0].score.name}: forecast {forecast.gain:+.3f} "
                    f"({forecast.low:+.3f} to {forecast.high:+.3f}), came {came:+.3f}"
                )
    print(f"held in {held} of {total}")


if __name__ == "__main__":
    main()
