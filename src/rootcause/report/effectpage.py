"""The comparison of two runs on one screen: what fell, what is not shown, what else could explain it."""

from __future__ import annotations

import math

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rootcause.effect import NOTICED, CauseEffect, Claim, Doubt, Effect, Side
from rootcause.report.clean import encodable, one_line
from rootcause.report.terminal import PIPE_WIDTH
from rootcause.report.words import Words, words_for

MOST_ROWS = 12
MOST_NEEDS = 3


def show_effect(effect: Effect, console: Console, language: str) -> None:
    """Prints the verdicts first, then the figures, then the doubts."""
    words = words_for(language)
    width = console.width if console.is_terminal else PIPE_WIDTH

    def shown(text: str, style: str = "") -> Text:
        return Text(encodable(one_line(text), console.encoding), style)

    def line(text: str, style: str = "") -> None:
        console.print(shown(text, style), width=width)

    fallen = [one for one in effect.causes if one.claim is Claim.FALLEN]
    line(
        words("effect_some", names="; ".join(one.name.rstrip(".") for one in fallen)) if fallen else words("effect_none"), "bold"
    )
    for label, side in (("effect_before", effect.before), ("effect_after", effect.after)):
        line(_side(words(label), side, effect, words), "dim")
    listed = [one for place, one in enumerate(effect.causes) if place < MOST_ROWS or one.claim is not Claim.UNPROVED]
    table = Table(width=width, box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column(shown(words("cause")), overflow="fold", ratio=1)
    for key in ("effect_before", "effect_after", "effect_change", "effect_verdict"):
        table.add_column(shown(words(key)), justify="right", no_wrap=True)
    for one in listed:
        table.add_row(*(shown(cell) for cell in _cells(one, words)))
    console.print(table, width=width)
    line(words("effect_unit", unit=_unit(effect, words)), "dim")
    if left := len(effect.causes) - len(listed):
        line(words("effect_rest", count=left), "dim")
    for one in fallen:
        for sentence in _details(one, effect, words):
            line(sentence)
    fell = [one for one in effect.causes if one.change and one.change.value < -NOTICED]
    needing = [one for one in effect.causes if one.rows_needed is not None and (one in fell or one.forecast is not None)]
    for one in needing[:MOST_NEEDS]:
        line(words("effect_needs", name=one.name.rstrip("."), rows=words.number(one.rows_needed or 0)))
    if effect.doubts:
        line("")
        line(f"{words('effect_doubts')}:", "bold")
    for doubt in effect.doubts:
        line(f"- {_doubt(doubt, words)}")


def _side(label: str, side: Side, effect: Effect, words: Words) -> str:
    period = words("effect_no_period")
    if side.first and side.last:
        period = words("effect_period", first=side.first.isoformat(), last=side.last.isoformat())
    if effect.exposure_unit and side.exposure:
        period += ", " + words("effect_exposure", amount=words.number(side.exposure), unit=effect.exposure_unit)
    return words(
        "effect_side", label=label, run=side.run, source=side.source, rows=side.rows, analysed=side.analysed, period=period
    )


def _unit(effect: Effect, words: Words) -> str:
    return words(f"effect_unit:{effect.unit}", unit=effect.exposure_unit or "")


def _cells(one: CauseEffect, words: Words) -> tuple[str, ...]:
    q = words.number(one.q, 2) if one.q >= 0.01 else f"< {words.number(0.01, 2)}"
    change = "–" if one.change is None else _signed(one.change.value, words)
    return (
        one.name, _rate(one.before.value, words), _rate(one.after.value, words), change,
        words(f"effect_claim:{one.claim}", q=q),
    )  # fmt: skip


def _details(one: CauseEffect, effect: Effect, words: Words) -> list[str]:
    others = words("effect_others_unknown") if one.others is None else _signed(one.others.value - 1, words)
    sentences = [
        words(
            "effect_fallen_detail",
            name=one.name.rstrip("."),
            before=_rate(one.before.value, words),
            after=_rate(one.after.value, words),
            unit=_unit(effect, words),
            low=_rate(one.difference.low, words),
            high=_rate(one.difference.high, words),
            others=others,
        )
    ]
    if one.within_channels is not None and one.within_channels < 1:
        sentences.append(words("effect_within", ratio=words.number(one.within_channels, 2)))
    if one.forecast is not None and one.change is not None:
        actual, low, high = (_signed(value, words) for value in (one.change.value, one.change.low, one.change.high))
        sentences.append(words("effect_forecast", forecast=_signed(one.forecast, words), actual=actual, low=low, high=high))
    if one.saved is not None and effect.currency is not None:
        value, low, high = (words.price(amount, effect.currency) for amount in (one.saved.value, one.saved.low, one.saved.high))
        sentences.append(words("effect_saved", value=value, low=low, high=high))
    return sentences


def _doubt(doubt: Doubt, words: Words) -> str:
    return words(f"effect_doubt:{doubt.kind}", None, **_doubted(doubt, words))


def _doubted(doubt: Doubt, words: Words) -> dict[str, object]:
    """Shares as per cent, changes with their sign, p and numbers of rows as they are."""
    written: dict[str, object] = {}
    for key, value in doubt.values.items():
        if isinstance(value, str):
            written[key] = value
        elif key in ("before", "after"):
            written[key] = words.percent(value)
        else:
            written[key] = _signed(value, words) if key == "change" else words.number(value, 3 if key == "p" else 0)
    return written


def _signed(change: float, words: Words) -> str:
    if math.isinf(change):
        return "∞"
    return f"{'−' if change < 0 else '+'}{words.percent(abs(change))}"


def _rate(value: float, words: Words) -> str:
    return words.number(value, 1 if abs(value) >= 1 else 2)
