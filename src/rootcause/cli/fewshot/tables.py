"""How the bench's figures are printed, drawn and written as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Column, Table

from rootcause.cli.session import money_of, shown
from rootcause.errors import SettingsError
from rootcause.evaluate.paired import least_telling
from rootcause.evaluate.score import as_row

if TYPE_CHECKING:
    from rich.console import Console

    from rootcause.evaluate.cost import SetCost
    from rootcause.evaluate.curve import Curve
    from rootcause.evaluate.noise import Noise
    from rootcause.evaluate.paired import Paired
    from rootcause.evaluate.score import Score
    from rootcause.fewshot.stats import Stats
    from rootcause.models import Pack

Named = tuple[str, "Curve"]
"""A curve with the name of what answers."""

_CANVAS = 38  # columns in which a learning curve is drawn
_PAIRS = 12  # of confused causes that are printed
_NO_ANSWER = "(no valid answer)"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f}–{100 * high:.0f} %"


def _points(share: float) -> str:
    return f"{round(100 * share, 1) + 0.0:+.1f}"  # no minus before a zero


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _say(out: Console, text: str) -> None:
    out.print(shown(text, out))


def _labelled(out: Console, lines: Iterable[tuple[str, str]], indent: int = 0) -> None:
    """Lines with a label each, wrapped under themselves."""
    grid = Table.grid(Column(width=11, no_wrap=True), Column(overflow="fold"), padding=(0, 0, 0, 0))
    for label, text in lines:
        grid.add_row(label, shown(text, out))
    out.print(Padding(grid, (0, 0, 0, indent)))


def _table(*columns: Column | str, title: str | None = None) -> Table:
    return Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)


def _number(name: str) -> Column:
    return Column(name, justify="right", no_wrap=True)


# ── stats ─────────────────────────────────────────────────────────────────────────────────────────


def stats_rows(found: Stats, cost: SetCost | None) -> dict[str, Any]:
    """Everything about a set, for JSON."""
    return {
        **found.model_dump(mode="json"),
        "thin": [cause.cause for cause in found.thin],
        "cost": cost.model_dump(mode="json") if cost else None,
    }


def show_stats(found: Stats, cost: SetCost | None, missing: str | None, out: Console) -> None:
    _say(out, f"{found.topic}: {found.title}; {found.examples} examples, {found.heldout} held out")
    table = _table(
        Column("cause", overflow="fold"), _number("examples"), _number("main"), _number("share"), _number("held out"), ""
    )
    for cause in found.causes:
        mark = "thin" if cause.thin else "not measured" if found.heldout and cause.name and not cause.heldout else ""
        counts = (str(cause.examples), str(cause.main), _percent(cause.share), str(cause.heldout))
        table.add_row(shown(cause.cause, out), *counts, mark)
    out.print(table)
    price = _cost(cost) if cost else [("Prompt", f"not known: {missing}")] if missing else []
    _labelled(out, (*_shape(found), *_reaches(found), *price))


def _shape(found: Stats) -> Iterator[tuple[str, str]]:
    if found.lengths and found.ages:
        lengths, ages = found.lengths, found.ages
        yield (
            "Length",
            f"{lengths.shortest} to {lengths.longest} characters, median {lengths.median}, "
            f"middle half {lengths.low_quarter}–{lengths.high_quarter}",
        )
        yield "Language", ", ".join(f"{code or 'too short to tell'} {count}" for code, count in found.languages)
        quarters = ", ".join(f"{quarter} {count}" for quarter, count in ages.quarters)
        yield "Age", f"{ages.oldest} to {ages.newest}, half older than {ages.median_days} days; {quarters}"


def _reaches(found: Stats) -> Iterator[tuple[str, str]]:
    for label, reach in (("Held out", found.heldout_reach), ("Unlabelled", found.unlabelled_reach)):
        if reach is not None:
            farthest = ", ".join(f"{key} ({likeness:.2f})" for key, likeness in reach.farthest)
            yield (
                label,
                f"{reach.far} of {reach.texts} ({_percent(reach.share)}, 95 % interval {_range(reach.low, reach.high)}) lie far "
                f"from every example: likeness under {reach.threshold:.2f}, as 5 % of the examples from the others; "
                f"farthest {farthest}",
            )


def _cost(cost: SetCost) -> Iterator[tuple[str, str]]:
    about = "" if cost.exact else "about "
    taught, bare = cost.taught, cost.bare
    yield (
        "Prompt",
        f"{about}{taught.tokens:,.0f} tokens a complaint on {cost.model} with shots {taught.shots}, {taught.stable:,} of them "
        f"the same for every complaint; without examples {bare.tokens:,.0f}",
    )
    if cost.free:
        yield "Price", "nothing: the model runs on this computer"
    elif taught.price is None or taught.cached_price is None or bare.price is None:
        yield "Price", f"unknown for {cost.model}, tokens only; add it to a prices file"
    else:
        yield (
            "Price",
            f"{money_of(taught.price, cost.currency)} a complaint for the prompt, "
            f"{money_of(taught.cached_price, cost.currency)} once it is cached; "
            f"without examples {money_of(bare.price, cost.currency)}",
        )
    if cost.too_long:
        yield "Note", f"{cost.too_long} complaints do not fit the model's context"
    if cost.note:
        yield "Note", cost.note


# ── eval ──────────────────────────────────────────────────────────────────────────────────────────


def show_scores(pack: Pack, scores: Sequence[Score], out: Console) -> None:
    table = _table(
        Column("how", overflow="fold"), _number("right"), _number("of"), _number("accuracy"), _number("95 % interval"),
        _number("valid"), _number("steps"), _number("s a case"),
        title=f"{pack.topic.id}: {len(pack.examples)} examples, {len(pack.heldout)} held-out cases",
    )  # fmt: skip
    for score in scores:
        steps = f"{score.chains.f1:.2f}" if score.chains else ""
        seconds = "" if score.seconds is None else f"{score.seconds:.1f}"
        table.add_row(
            shown(score.name, out), str(score.right), str(len(score.cases)), _percent(score.accuracy), _range(*score.interval),
            _percent(score.valid), steps, seconds,
        )  # fmt: skip
    out.print(table)
    for score in scores:
        if score.bill is not None:
            out.print()
            _say(out, score.name)
            _labelled(out, _details(score), indent=2)
            _confused(score, out)


def _details(score: Score) -> Iterator[tuple[str, str]]:
    if chains := score.chains:
        means = [
            f"{words} {value:.2f}"
            for words, value in (("same cause", chains.same_cause), ("other causes", chains.other_cause))
            if value is not None
        ]
        beside = f" (labelled chains among themselves: {', '.join(means)})" if means else ""
        yield "chains", f"steps agree {chains.f1:.2f}{beside}, roots {_percent(chains.roots)}"
    if score.quotes is not None:
        yield "quotes", f"{_percent(score.quotes)} of the steps stand on a verified quote"
    news = score.news
    yield "new causes", f"{news.found} of {news.cases} named as new, {news.false} known ones called new"
    yield "leaked", f"{score.leaked} cases with a reply that copied an example's words, before it was mended or given up"
    if bill := score.bill:
        cached = "" if bill.cached is None else f", {bill.cached:,} of them cached"
        price = "price unknown" if bill.price is None else money_of(bill.price, bill.currency) if bill.price else "free"
        seconds = "" if score.seconds is None else f"; {score.seconds:.1f} s a case"
        yield "cost", f"{bill.asked} cases asked, {bill.prompt:,} tokens in{cached}, {bill.completion:,} out; {price}{seconds}"
    if score.noise:
        yield "noise", _noise(score.noise)
    for note in score.notes:
        yield "note", note


def _noise(noise: Noise) -> str:
    told = [f"mean accuracy {100 * noise.mean:.1f} %"]
    if noise.repeats_sd is not None:
        told.append(
            f"between {noise.repeats} repeats a standard deviation of {100 * noise.repeats_sd:.1f} points, "
            f"{noise.repeats_changed} cases changed"
        )
    if noise.orders_sd is not None:
        told.append(f"between {noise.orders} orders {100 * noise.orders_sd:.1f} points, {noise.orders_changed} cases changed")
    if noise.order_adds is not None:
        told.append(f"of which the order adds {100 * noise.order_adds:.1f}")
    return "; ".join(told)


def _confused(score: Score, out: Console) -> None:
    pairs = [pair for pair in score.confusion if pair.truth != pair.given]
    if not pairs:
        return
    table = _table("", _number("cases"), Column("labelled", overflow="fold"), Column("answered", overflow="fold"))
    for pair in pairs[:_PAIRS]:
        table.add_row("", str(pair.count), shown(pair.truth, out), shown(pair.given or _NO_ANSWER, out))
    out.print(table)
    if len(pairs) > _PAIRS:
        rest = sum(pair.count for pair in pairs[_PAIRS:])
        out.print(f"  and {rest} cases in {len(pairs) - _PAIRS} other pairs; --json has all")


# ── curve ─────────────────────────────────────────────────────────────────────────────────────────


def curve_rows(pack: Pack, lines: Sequence[Named], notes: Sequence[str]) -> dict[str, Any]:
    """The curves for JSON, the model's first."""
    return {
        "topic": pack.topic.id,
        "examples": len(pack.examples),
        "cases": len(pack.heldout),
        "lines": [
            {
                "name": name,
                "points": [{"examples": point.examples, **as_row(point.score)} for point in curve.points],
                "flat_from": curve.flat_from,
                "forecast": curve.forecast.model_dump() if curve.forecast else None,
            }
            for name, curve in lines
        ],
        "notes": list(notes),
    }


def show_curve(pack: Pack, lines: Sequence[Named], notes: Sequence[str], out: Console) -> None:
    """The model's curve with its intervals; the other lines as letters in the same drawing."""
    (name, own), *others = lines
    free = [(other, {point.examples: point.score for point in curve.points}) for other, curve in others]
    letters = [other[0] for other, _ in free]
    _say(out, f"{pack.topic.id}: right main cause of {len(pack.heldout)} held-out cases; {name}")
    scale = "0 %".ljust(_CANVAS // 2 - 2) + "50 %" + "100 %".rjust(_CANVAS - _CANVAS // 2 - 2)
    table = _table(
        _number("examples"), _number("right"), _number("95 %"), *(_number(x) for x in letters), Column(scale, no_wrap=True)
    )
    for point in own.points:
        beside = [scores.get(point.examples) for _, scores in free]
        drawn = _interval(point.score, {letter: score for letter, score in zip(letters, beside, strict=True) if score}, out)
        cells = [_percent(score.accuracy) if score else "" for score in beside]
        table.add_row(str(point.examples), _percent(point.score.accuracy), _range(*point.score.interval), *cells, drawn)
    out.print(table)
    _say(out, "; ".join(f"{letter}: {other}" for letter, (other, _) in zip(letters, free, strict=True)))
    for line in _told(own, len(pack.heldout)):
        _say(out, line)
    for note in notes:
        _say(out, f"Note: {note}")


def _interval(score: Score, others: dict[str, Score], out: Console) -> str:
    """One line of the drawing: the interval from end to end, the model's share, the other lines' letters."""
    end, bar, mark = ("├┤", "─", "●") if _has("├┤─●", out) else ("||", "-", "o")
    low, high = (round(share * (_CANVAS - 1)) for share in score.interval)
    canvas = [" "] * _CANVAS
    canvas[low : high + 1] = [end[0], *bar * (high - low - 1), end[1]] if high > low else [mark]
    for letter, other in others.items():
        canvas[round(other.accuracy * (_CANVAS - 1))] = letter
    canvas[round(score.accuracy * (_CANVAS - 1))] = mark
    return "".join(canvas)


def _has(signs: str, out: Console) -> bool:
    try:
        signs.encode(out.encoding)
    except UnicodeEncodeError:
        return False
    return True


def _told(curve: Curve, cases: int) -> Iterator[str]:
    fewest = least_telling()
    sight = f"differences of fewer than {fewest} of {cases} cases ({_percent(fewest / cases)}) cannot show here"
    if cases < fewest:
        sight = f"{cases} cases are too few to show any difference"
    last = curve.points[-1].examples
    if curve.flat_from is None:
        yield f"Not flat yet: every smaller set is told apart from a larger one (exact McNemar test, 5 %); {sight}."
    else:
        yield (
            f"Flat from {curve.flat_from} examples on, up to {last}, as far as {cases} cases can tell: no larger set is told "
            f"apart from it (exact McNemar test, 5 %); {sight}."
        )
    if forecast := curve.forecast:
        yield (
            f"The next {forecast.stop - forecast.start} examples ({forecast.start} to {forecast.stop}): {_points(forecast.gain)} "
            f"points expected, 95 % between {_points(forecast.low)} and {_points(forecast.high)} on these cases "
            "(inverse power law, bootstrap)."
        )
    else:
        yield "What the next 50 examples would bring needs three points with examples or more."


def draw(pack: Pack, lines: Sequence[Named], picture: Path) -> None:
    """Writes the curves as an SVG file. Raises SettingsError where it cannot be written."""
    from rootcause.report.curve import Line, Mark, svg

    drawn = [
        Line(
            name=name,
            marks=tuple(
                Mark(examples=p.examples, share=p.score.accuracy, low=p.score.interval[0], high=p.score.interval[1])
                for p in curve.points
            ),
        )
        for name, curve in lines
    ]
    caption = f"Share of {len(pack.heldout)} held-out cases with the right main cause, by labelled examples; 95 % intervals."
    try:
        picture.write_text(svg(drawn, title=f"{pack.topic.id}: {lines[0][0]}", caption=caption), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{picture} cannot be written ({error.strerror}); name another file with --picture") from None


# ── compare ───────────────────────────────────────────────────────────────────────────────────────


def paired_rows(names: Sequence[str], scores: Sequence[Score], told: Paired, notes: Sequence[str]) -> dict[str, Any]:
    """The comparison for JSON."""
    return {
        **{side: {"side": name, **as_row(score)} for side, name, score in zip("ab", names, scores, strict=True)},
        "paired": told.model_dump(),
        "changed": [
            {"id": a.id, "truth": a.truth, "a": a.given, "b": b.given, "better": "a" if a.right else "b"}
            for a, b in zip(scores[0].cases, scores[1].cases, strict=True)
            if a.right != b.right
        ],
        "notes": list(notes),
    }


def show_paired(names: Sequence[str], scores: Sequence[Score], told: Paired, notes: Sequence[str], out: Console) -> None:
    table = _table("", Column("side", overflow="fold"), _number("right"), _number("of"), _number("accuracy"), _number("95 %"))
    for side, name, score in zip("AB", names, scores, strict=True):
        cells = (str(score.right), str(len(score.cases)), _percent(score.accuracy), _range(*score.interval))
        table.add_row(side, shown(name, out), *cells)
    out.print(table)
    _say(
        out,
        f"B - A: {_points(told.difference)} points, 95 % between {_points(told.low)} and {_points(told.high)} "
        f"(Newcombe's method 10); exact McNemar test, p {_p(told.p)}.",
    )
    _say(
        out, f"{told.both} right with both, {told.only_a} with A alone, {told.only_b} with B alone, {told.neither} with neither."
    )
    if told.needed is None:
        _say(out, "No difference was seen, so no number of cases can be named that would tell it.")
    else:
        _say(out, f"To tell a difference of this size with 80 % power takes about {told.needed} cases; here are {told.cases}.")
    changed = [(a, b) for a, b in zip(scores[0].cases, scores[1].cases, strict=True) if a.right != b.right]
    if changed:
        cases = _table(
            "better", Column("case", no_wrap=True), *(Column(x, overflow="fold") for x in ("labelled", "the other answered")),
            title="Cases that changed",
        )  # fmt: skip
        for a, b in changed:
            better, other = ("A", b) if a.right else ("B", a)
            cases.add_row(better, *(shown(cell, out) for cell in (a.id, a.truth, other.given or _NO_ANSWER)))
        out.print(cases)
    for note in (*notes, *(f"{side}: {note}" for side, score in zip("AB", scores, strict=True) for note in score.notes)):
        _say(out, f"Note: {note}")
