"""The words of the terminal alone; in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

from rootcause.report.wordforms import Form, en, ru

TABLE: Mapping[str, tuple[Form, Form]] = {
    "quoted": ("{basis}: “{quote}”", "{basis}: «{quote}»"),
    "more_causes": (
        en("{n} more cause is in the report.", "{n} more causes are in the report."),
        ru("Ещё {n} причина — в отчёте.", "Ещё {n} причины — в отчёте.", "Ещё {n} причин — в отчёте."),
    ),
    "rank_short": ("rank", "место"),
    "chances_short": ("1st / top 3", "1-я / в 3"),
    "ties_line": (
        "rank: the set of ranks each can have, 95%. Cannot be told apart: {groups}.",
        "место: набор возможных мест, 95 %. Неотличимы друг от друга: {groups}.",
    ),
    "fix_line": ("{number}. {text} Adds {adds}.", "{number}. {text} Добавляет {adds}."),
    "more_fixes": (
        en("{n} more countermeasure is in the report.", "{n} more countermeasures are in the report."),
        ru("Ещё {n} контрмера — в отчёте.", "Ещё {n} контрмеры — в отчёте.", "Ещё {n} контрмер — в отчёте."),
    ),
    "loud_line": (
        "The rare and the loud, listed in the report: {grave}, {again}.",
        "Редкое и громкое, списком в отчёте: {grave}, {again}.",
    ),
    "again_count": (
        en("{n} customer who complained again", "{n} customers who complained again"),
        ru("{n} клиент с повторными жалобами", "{n} клиента с повторными жалобами", "{n} клиентов с повторными жалобами"),
    ),
    "open_report": ("Open the report: {file}", "Откройте отчёт: {file}"),
    "typical": ("Typical chain of the largest cause", "Типичная цепочка самой крупной причины"),
    "residue_line": (
        "Merged with nothing: {causes}, {complaints}, {share}.",
        "Ни с чем не объединены: {causes}, {complaints}, {share}.",
    ),
    "cost_line": (
        "Cost: {price}; {calls} calls, {prompt} tokens in, {completion} out, {stored} answers from the store; {time}.",
        "Стоимость: {price}; запросов {calls}, токенов на входе {prompt}, на выходе {completion}, ответов из "
        "хранилища {stored}; {time}.",
    ),
    "next": ("Next", "Что дальше"),
    "complaint": ("Why the customer complains", "Почему жалуется клиент"),
    "nothing:praise": ("Nothing to explain: praise.", "Объяснять нечего: похвала."),
    "nothing:spam": ("Nothing to explain: spam.", "Объяснять нечего: спам."),
    "nothing:empty": ("Nothing to explain: empty of meaning.", "Объяснять нечего: в тексте нет смысла."),
}
