"""Which column plays which role: by the user's word, else by header and content together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from rootcause.errors import InputError
from rootcause.ingest.tables import Cell, Table
from rootcause.ingest.values import label, plain, read_dates, read_numbers, why_not_text
from rootcause.models import Columns

SAMPLE_ROWS = 2000
ROLES = tuple(Columns.model_fields)

_RECORD = r"(complaint|review|ticket|case|request|record|row|message|feedback|comment|claim)"
_RECORD_RU = r"(обращени\w*|жалоб\w*|отзыв\w*|заявк\w*|запис\w*|строки|п п|претензи\w*)"
_PERSON = r"(customer|client|user|reviewer)"
_UNITS = r"(orders|customers|clients|users|subscribers|accounts|deliveries|shipments|transactions)"
_UNITS_RU = r"(заказ|доставк|клиент|абонент|подписчик|пользовател|операци|сч[её]т)\w*"
# In the order of trust. A header is compared in lower case, with single spaces between its words.
_HEADERS: dict[str, tuple[str, ...]] = {
    "date": (
        r"\b(created|received|submitted|posted|opened)\b",
        r"\bдата (создан|получен|поступ|обращен|жалоб|отзыв|подач)",
        r"\b(date|datetime|timestamp|day)\b|^(time|when)$|\bдата\b|^время\b|^когда$",
    ),
    "score": (r"\b(score|rating|rate|stars?|nps|csat|оценка|рейтинг|балл\w*|звезд\w*)\b",),
    "amount": (r"\b(amount|sum|price|cost|total|refund|claimed|сумма|стоимость|цена|ущерб)\b",),
    "channel": (
        r"\b(channel|submitted via|received via)\b|^(via|source)$|\bканал\b|^источник\b",
        r"\bsource$",
    ),
    "customer": (
        rf"^{_PERSON}( (id|name|no|number|code|key))?$|^user ?name$",
        r"^(id |имя |номер |код |фио )?(клиент|пользовател)\w*( id)?$|^фио$",
    ),
    "id": (
        rf"^({_RECORD} )?(id|number|no|num|key|ref|reference|uuid|guid)$",
        rf"^(id|ид|номер|код)( {_RECORD_RU})?$|^(ticket|case|тикет)$",
        r"\b(id|number|uuid|guid|номер)\b",
    ),
    "topic": (rf"^({_RECORD} )?(topic|theme)$|^(тема|тематика)( {_RECORD_RU})?$",),
    "exposure": (
        rf"^exposure$|^monthly {_UNITS}$|^{_UNITS} (a|per|in|this|in the|of the) month$|^monthly active {_UNITS}$",
        rf"^экспозици\w*$|^(активн\w+ )?{_UNITS_RU} (в|за) месяц\w*$",
    ),
}
_TEXT = re.compile(
    r"\b(text|complaint|complaints|narrative|comment|comments|review|message|body|description|feedback|verbatim"
    r"|opinion|remarks?|notes?|details|content|claim|описани\w*|текст\w*|жалоб\w*|отзыв\w*|обращени\w*"
    r"|комментари\w*|сообщени\w*|претензи\w*|содержани\w*|суть|замечани\w*|мнение)\b"
)
_ABOUT_TEXT = re.compile(
    r"\b(id|date|time|at|type|category|status|title|subject|author|name|count|length|number|no|lang|language|url|link"
    r"|score|rating|code|channel|source|via|response|reply|answer|topic|theme|issue|product|ид|дата|время|тип|вид|статус"
    r"|категория|автор|номер|код|ссылка|канал|источник|сумма|тема|тематика|заголовок|оценка|ответ\w*)\b"
)


def choose(table: Table, overrides: Mapping[str, str]) -> Columns:
    """`overrides` maps a role to a header, or to "" for "no such column"."""
    chosen: dict[str, str | None] = {role: _named(table, role, header) for role, header in overrides.items()}
    sample = {header: table.column(header)[:SAMPLE_ROWS] for header in table.header}
    for role, patterns in _HEADERS.items():
        if role not in chosen:
            free = [header for header in table.header if header not in chosen.values()]
            chosen[role] = _guess(role, patterns, free, table, sample)
    if "date" not in overrides and chosen["date"] is None:
        chosen["date"] = _only_date([header for header in table.header if header not in chosen.values()], sample)
    if "text" not in chosen:
        free = [header for header in table.header if header not in chosen.values()]
        chosen["text"] = _text_column(free, table, sample)
    return Columns.model_validate(chosen)


def _named(table: Table, role: str, header: str) -> str | None:
    if role not in ROLES:
        raise ValueError(f"no such role: {role}")
    if header == "":
        if role == "text":
            raise InputError(f"{table.name}: --text needs a column; name the one that holds the complaints.")
        return None
    wanted = header.strip().casefold()
    for title in table.header:
        if title.casefold() == wanted:
            return title
    raise InputError(f"{table.name} has no column '{header}' for --{role}; its columns are {_listed(table.header)}.")


def _listed(headers: Sequence[str]) -> str:
    shown = ", ".join(f"'{header}'" for header in headers[:30])
    return f"{shown} and {len(headers) - 30} more" if len(headers) > 30 else shown


def _words(header: str) -> str:
    """createdAt, Created_At and "created at" are the same header."""
    parted = re.sub(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])", " ", header.replace("№", " номер "))
    return " ".join(re.sub(r"[\W_]+", " ", parted).casefold().replace("ё", "е").split())


def _guess(
    role: str,
    patterns: Sequence[str],
    free: Sequence[str],
    table: Table,
    sample: Mapping[str, Sequence[Cell]],
) -> str | None:
    for trust, pattern in enumerate(patterns):
        for header in free:
            fits = re.search(pattern, _words(header)) and _FITS[role](sample[header])
            # A header such as product_id may name the id of something else: that one has to be unique.
            if fits and (role != "id" or trust < 2 or _is_unique(table.column(header))):
                return header
    return None


def _only_date(free: Sequence[str], sample: Mapping[str, Sequence[Cell]]) -> str | None:
    """The one column that holds dates, whatever its header; bare numbers do not count."""
    dates = [header for header in free if all(isinstance(cell, str | None) for cell in sample[header])]
    dates = [header for header in dates if _are_dates(sample[header])]
    return dates[0] if len(dates) == 1 else None


# ── what the content must be ──────────────────────────────────────────────────────────────────────


def _given(cells: Sequence[Cell]) -> list[str]:
    return [found for cell in cells if (found := label(cell)) is not None]


def _are_dates(cells: Sequence[Cell]) -> bool:
    given = len(_given(cells))
    return given > 0 and len(read_dates(cells).failed) <= 0.2 * given


def _are_numbers(cells: Sequence[Cell]) -> bool:
    given = len(_given(cells))
    return given > 0 and len(read_numbers(cells).failed) <= 0.2 * given


def _are_scores(cells: Sequence[Cell]) -> bool:
    return _are_numbers(cells) and all(abs(value) <= 100 for value in read_numbers(cells).values if value is not None)


def _are_labels(cells: Sequence[Cell]) -> bool:
    given = _given(cells)
    return bool(given) and sum(len(cell) for cell in given) <= 40 * len(given)


def _are_repeated(cells: Sequence[Cell]) -> bool:
    """Short and, where there are rows enough to tell, repeated: the subject line of a mail is no topic."""
    given = _given(cells)
    return _are_labels(cells) and (len(given) < 20 or len(set(given)) <= len(given) / 2)


def _is_unique(cells: Sequence[Cell]) -> bool:
    given = _given(cells)
    return len(given) == len(cells) == len(set(given))


_FITS: dict[str, Callable[[Sequence[Cell]], bool]] = {
    "date": _are_dates,
    "score": _are_scores,
    "amount": _are_numbers,
    "channel": _are_repeated,
    "customer": _are_labels,
    "id": _are_labels,
    "topic": _are_repeated,
    "exposure": _are_numbers,
}


# ── the text ──────────────────────────────────────────────────────────────────────────────────────


def _volume(cells: Sequence[Cell]) -> int:
    """How many words of natural language the cells hold together."""
    texts = (plain(cell) for cell in cells)
    return sum(len(re.findall(r"[^\W\d_]+(?=\s|[.,;:!?…)\"»]|$)", text)) for text in texts if not why_not_text(text))


def _is_prose(cells: Sequence[Cell], volume: int) -> bool:
    """Three words a cell and mostly different cells: names of products are neither."""
    given = _given(cells)
    return bool(given) and volume >= 3 * len(given) and len(set(given)) >= 0.3 * len(given)


def _text_column(free: Sequence[str], table: Table, sample: Mapping[str, Sequence[Cell]]) -> str:
    volumes = {header: _volume(sample[header]) for header in free}
    named = [
        header for header in free if volumes[header] and _TEXT.search(_words(header)) and not _ABOUT_TEXT.search(_words(header))
    ]
    prose = [header for header in free if _is_prose(sample[header], volumes[header])]
    if not named and not prose:
        prose = [header for header in free if volumes[header]] if len(free) == 1 else []
    if not named and not prose:
        raise InputError(
            f"{table.name}: no column looks like the text of complaints; name one of {_listed(table.header)} with --text."
        )
    pool = named or prose
    best = max(pool, key=volumes.__getitem__)
    # Half as many words make a rival; a column that is not headed as text needs five times as many.
    rivals = [header for header in pool if header != best and volumes[header] * 2 >= volumes[best]]
    rivals += [header for header in prose if header not in pool and volumes[header] >= 5 * volumes[best]]
    if rivals:
        equal = _listed([header for header in table.header if header == best or header in rivals])
        raise InputError(f"{table.name}: {equal} could each be the complaints' text; name one with --text.")
    return best
