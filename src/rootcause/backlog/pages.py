"""Items and backlogs as pages to read: a tracker's description of one item, one Markdown page, a page for each team."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rootcause.backlog.markup import Markup, escaped
from rootcause.backlog.phrases import day, environment, money, phrases
from rootcause.backlog.values import Backlog, Item, LeftOut, Why
from rootcause.backlog.zones import Zone, owns
from rootcause.models import Basis
from rootcause.report.words import Words, words_for

LONGEST_QUOTE = 1_000
MOST_ROWS = 50
INDEX = "index.md"


def body(item: Item, markup: Markup = Markup.MARKDOWN, level: int = 3) -> str:
    """What a tracker shows below the title. level: of the headings."""
    words = words_for(item.language)
    say = phrases(words.language)
    template = environment().get_template("item.j2")
    page = template.render(
        item=item,
        level=level,
        say=say,
        m=environment().get_template(f"{markup}.j2").module,
        t=lambda text: escaped(str(text), markup),
        basis=lambda basis: {Basis.STATED: say.stated, Basis.PRECEDENT: say.precedent, Basis.INFERRED: say.inferred}[basis](),
        effect=say.effect(words.percent(item.effect.value), words.interval(item.effect.low, item.effect.high)),
        measure=measure_lines(item),
        number=lambda value: words.number(value, 2),
        rows=_rows(item, words),
        quoted=lambda text: text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}… {words('cut')}",
    )
    return re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"


def measure_lines(item: Item) -> tuple[str, ...]:
    """How we will know, in four sentences."""
    words, measure = words_for(item.language), item.measure
    say = phrases(words.language)

    def written(value: float) -> str:
        return words.number(value, 2) if measure.per else words.percent(value)

    ends = (measure.baseline.value, measure.baseline.low, measure.baseline.high)
    return (
        str(say.metric(measure.metric)),
        str(say.baseline(*map(written, ends))),
        str(say.target(f"{written(measure.target)} ({measure.how})")),
        str(say.again(day(measure.again, words.language))),
    )


def markdown(backlog: Backlog, language: str) -> str:
    """The whole backlog as one page."""
    bodies = [body(item) for item in backlog.items]
    return _page("backlog.j2", backlog, language, bodies=bodies, left_out=_left_out(backlog.left_out, language))


def team_pages(backlog: Backlog, found: Sequence[Zone], language: str, *, currency: str | None) -> dict[str, str]:
    """Markdown by file name: a page for each team, and an index that links them."""
    names = _file_names(found)
    words = words_for(language)

    def cost(zone: Zone) -> str | None:
        return money(zone.cost, currency, words) if zone.cost is not None and currency else None

    pages = {
        INDEX: _page(
            "index.j2", backlog, language,
            zones=list(zip(found, names, strict=True)), cost=cost, left_out=_left_out(backlog.left_out, language),
        )
    }  # fmt: skip
    for zone, name in zip(found, names, strict=True):
        own = [item for item in backlog.items if owns(zone, item)]
        bodies = [body(item, level=4) for item in own]
        pages[name] = _page("team.j2", backlog, language, zone=zone, items=own, bodies=bodies, cost=cost(zone))
    return pages


def _page(template: str, backlog: Backlog, language: str, **values: Any) -> str:
    words = words_for(language)
    page = (
        environment()
        .get_template(template)
        .render(
            backlog=backlog,
            made=day(backlog.made, words.language),
            say=phrases(words.language),
            w=words,
            t=lambda text: escaped(str(text), Markup.MARKDOWN),
            **values,
        )
    )
    return re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"


def _left_out(causes: Sequence[LeftOut], language: str) -> str:
    words = words_for(language)
    by_why = [(why.name.lower(), own) for why in Why if (own := [cause for cause in causes if cause.why is why])]
    return environment().get_template("left_out.j2").render(
        left_out=by_why, say=phrases(words.language), w=words, t=lambda text: escaped(str(text), Markup.MARKDOWN)
    )  # fmt: skip


def _rows(item: Item, words: Words) -> str:
    """The ids of the rows, of very many the first with the number of the rest."""
    shown = list(item.row_ids[:MOST_ROWS])
    if left := len(item.row_ids) - len(shown):
        shown.append(f"+ {words.number(left)}")
    return str(phrases(words.language).rows_line(words("complaints", item.complaints), shown))


def _file_names(found: Sequence[Zone]) -> list[str]:
    """A file for each team by its id; where two teams of different topics have one id, the topic comes before it."""
    ids = [zone.team for zone in found]
    names = []
    for zone in found:
        parts = [*([topic for topic in zone.topics if topic] if ids.count(zone.team) > 1 else []), zone.team or "no-team"]
        names.append(re.sub(r"[\W_]+", "-", "-".join(parts).casefold()).strip("-") or "team")
    return [f"{name}.md" if names.count(name) == 1 else f"{name}-{place}.md" for place, name in enumerate(names, start=1)]
