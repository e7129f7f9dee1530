"""The words of the causes themselves: the chart, each cause, what merged with nothing; in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

from rootcause.report.wordforms import Form, en, ru

TABLE: Mapping[str, tuple[Form, Form]] = {
    # ── chart ──
    "chart_title": ("The causes by size", "Причины по величине"),
    "chart_caption": (
        "Share of complaints each cause stands behind. The thin line is the 95% interval: where the true "
        "share lies, 95 times in 100. “Together” counts every complaint once, whichever of the causes so far "
        "it has.",
        "Доля жалоб, за которыми стоит причина. Тонкая линия — 95-процентный интервал: в 95 случаях из 100 "
        "истинная доля лежит в нём. «Вместе» — доля жалоб, у которых есть хотя бы одна из причин до этой "
        "строки включительно; каждая жалоба учтена один раз.",
    ),
    "rank": ("Rank", "Место"),
    "cause": ("Cause", "Причина"),
    "share": ("Share", "Доля"),
    "interval": ("95% interval", "95-проц. интервал"),
    "together": ("Together", "Вместе"),
    "bar": ("Bar", "Столбик"),
    "rest": (
        en("{n} smaller cause", "{n} smaller causes"),
        ru("{n} причина поменьше", "{n} причины поменьше", "{n} причин поменьше"),
    ),
    "residue_bar": (
        en("{n} cause that merged with nothing", "{n} causes that merged with nothing"),
        ru(
            "{n} причина, ни с чем не объединённая",
            "{n} причины, ни с чем не объединённые",
            "{n} причин, ни с чем не объединённых",
        ),
    ),
    # ── a cause ──
    "causes_title": ("Each cause", "Каждая причина"),
    "causes_more": (
        en("{n} smaller cause", "The {n} smaller causes"),
        ru("Ещё {n} причина поменьше", "Ещё {n} причины поменьше", "Ещё {n} причин поменьше"),
    ),
    "new": ("new", "новая"),
    "new_meaning": ("not in the catalogue of known causes", "нет в каталоге известных причин"),
    "outside": ("outside the company's control", "вне власти компании"),
    "id": ("id", "код"),
    "team": ("Team", "Команда"),
    "no_team": ("not assigned", "не назначена"),
    "topic": ("Topic", "Тема"),
    "no_topic": ("without a topic", "без темы"),
    "in_sample": ("In the sample", "В выборке"),
    "in_file": ("In the whole file", "Во всём файле"),
    "about": (en("about {n}", "about {n}"), ru("около {n}", "около {n}", "около {n}")),
    "complaints": (
        en("{n} complaint", "{n} complaints"),
        ru("{n} жалоба", "{n} жалобы", "{n} жалоб"),
    ),
    "chain_title": ("How it comes about", "Как это происходит"),
    "chain_of": ("A typical chain, from complaint {row}", "Типичная цепочка, из жалобы {row}"),
    "symptom": ("Symptom", "Симптом"),
    "why": ("Why?", "Почему?"),
    "root": ("Root cause", "Коренная причина"),
    "symptom_and_root": ("Symptom and root cause", "Симптом и коренная причина"),
    "stated": ("Stated by the customer", "Сказано клиентом"),
    "precedent": ("Known from a labelled example", "Известно из размеченного примера"),
    "example": ("example {id}", "пример {id}"),
    "inferred": ("Inferred by the model", "Вывод модели"),
    "countermeasure": ("What to change", "Что изменить"),
    "countermeasures_title": ("What could be changed, by level", "Что можно изменить, по уровням"),
    "countermeasures_hint": (
        "Level 1 is next to the symptom: often cheap and quick. The deeper the level, the longer it lasts.",
        "Уровень 1 ближе всего к симптому: часто дёшево и быстро. Чем глубже уровень, тем надёжнее.",
    ),
    "changes_more": (
        en("{n} change proposed less often", "{n} changes proposed less often"),
        ru(
            "Ещё {n} изменение, которое предлагают реже",
            "Ещё {n} изменения, которые предлагают реже",
            "Ещё {n} изменений, которые предлагают реже",
        ),
    ),
    "level": ("Level", "Уровень"),
    "change": ("Change", "Изменение"),
    "chains": ("Chains", "Цепочек"),
    "quotes_title": ("In the customers' words", "Словами клиентов"),
    "row": ("row {id}", "строка {id}"),
    "cut": (
        "[cut here: the whole text is in the file]",
        "[здесь обрезано: весь текст есть в файле]",
    ),
    "all_rows": (
        en("Row id of the {n} complaint", "Row ids of all {n} complaints"),
        ru("Коды строк: {n}", "Коды строк: {n}", "Коды строк: {n}"),
    ),
    # ── residue ──
    "residue_title": ("Causes that merged with nothing", "Причины, ни с чем не объединённые"),
    "residue_total": (
        "{causes} with {complaints} behind them, {share} of all complaints. None resembles another cause "
        "closely enough to be counted with it; they are listed so that a repeat is noticed.",
        "{causes}, за ними {complaints} — {share} всех жалоб. Ни одна не похожа на другую настолько, чтобы "
        "считать их вместе; они перечислены, чтобы заметить повторение.",
    ),
    "causes": (en("{n} cause", "{n} causes"), ru("{n} причина", "{n} причины", "{n} причин")),
    "residue_none": (
        "Every cause found was merged into one of those above.",
        "Все найденные причины вошли в перечисленные выше.",
    ),
    "show_list": ("The list", "Список"),
    "rows_column": ("Rows", "Строки"),
}
