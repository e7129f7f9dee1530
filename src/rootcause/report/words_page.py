"""The words of what the report opens with: frame, banners, headline, key figures; in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

from rootcause.report.wordforms import Form, en, ru

TABLE: Mapping[str, tuple[Form, Form]] = {
    # ── frame ──
    "title": ("Why customers complain", "Почему жалуются клиенты"),
    "skip": ("Skip to the causes", "Сразу к причинам"),
    "contents": ("Contents", "Содержание"),
    "contents_found": ("Findings", "Результаты"),
    "contents_method": ("How they came about", "Как получены"),
    "file": ("File", "Файл"),
    "made_by": (
        "Made by rootcause {version}, run {run}.",
        "Отчёт составлен программой rootcause {version}, запуск {run}.",
    ),
    # ── banners ──
    "partial_title": ("This report is partial", "Отчёт неполный"),
    "partial": (
        "Only {complete} of the sampled rows ended well; at least {required} were required. The shares below may be off.",
        "Успешно обработано только {complete} строк выборки, а требовалось не меньше {required}. Доли ниже могут быть неточны.",
    ),
    "estimated_title": ("Model-estimated, not audited", "Оценка модели, человеком не проверена"),
    "estimated": (
        "A language model named the causes, except where the labelled examples left only one; no person has checked them. "
        "Counts, shares and intervals are computed; how often a cause is named wrongly is not in them.",
        "Причины назвала языковая модель, кроме случаев, где размеченные примеры оставили лишь одну; человек их не проверял. "
        "Количества, доли и интервалы посчитаны программой; как часто причина названа неверно, в них не учтено.",
    ),
    # ── headline ──
    "headline_title": ("In one sentence", "Одной фразой"),
    "headline": (
        en(
            "The largest cause is “{name}”: it stands behind {share} and was found in {found} of the {n} complaint analysed.",
            "The largest cause is “{name}”: it stands behind {share} and was found in {found} of the {n} complaints analysed.",
        ),
        ru(
            "Самая крупная причина — «{name}»: за ней {share}, она найдена в {found} из {n} разобранной жалобы.",
            "Самая крупная причина — «{name}»: за ней {share}, она найдена в {found} из {n} разобранных жалоб.",
            "Самая крупная причина — «{name}»: за ней {share}, она найдена в {found} из {n} разобранных жалоб.",
        ),
    ),
    "headline_share": ("{share} of complaints", "{share} жалоб"),
    "headline_estimate": (
        "{share} of complaints (95% interval {interval})",
        "{share} жалоб (95\u2011процентный интервал {interval})",
    ),
    "headline_tied": (
        en(
            "It is the largest with a chance of {chance}; {n} other cause cannot be told apart from it.",
            "It is the largest with a chance of {chance}; {n} other causes cannot be told apart from it.",
        ),
        ru(
            "Вероятность, что она и вправду крупнейшая, — {chance}; от неё неотличима ещё {n} причина.",
            "Вероятность, что она и вправду крупнейшая, — {chance}; от неё неотличимы ещё {n} причины.",
            "Вероятность, что она и вправду крупнейшая, — {chance}; от неё неотличимы ещё {n} причин.",
        ),
    ),
    "headline_residue": (
        en(
            "No cause repeats: {n} cause was found, in a single complaint.",
            "No cause repeats: {n} causes were found, each in a complaint of its own.",
        ),
        ru(
            "Ни одна причина не повторяется: найдена {n} причина, каждая в отдельной жалобе.",
            "Ни одна причина не повторяется: найдены {n} причины, каждая в своей жалобе.",
            "Ни одна причина не повторяется: найдено {n} причин, каждая в своей жалобе.",
        ),
    ),
    "headline_none": (
        en(
            "No cause was found in the {n} complaint analysed.",
            "No cause was found in the {n} complaints analysed.",
        ),
        ru(
            "Ни одной причины не найдено: разобрана {n} жалоба.",
            "Ни одной причины не найдено: разобраны {n} жалобы.",
            "Ни одной причины не найдено: разобрано {n} жалоб.",
        ),
    ),
    # ── key figures ──
    "figures_title": ("Key figures", "Главные числа"),
    "figure_rows": ("Rows in the file", "Строк в файле"),
    "figure_sampled": ("Sampled", "В выборке"),
    "figure_analysed": ("Analysed", "Разобрано"),
    "figure_nothing": ("Nothing to explain", "Объяснять нечего"),
    "figure_failed": ("Failed", "Не удалось"),
    "figure_margin": ("Margin", "Погрешность"),
    "figure_nothing_hint": ("praise, spam, empty", "похвала, спам, пусто"),
    "figure_failed_hint": ("no usable answer", "нет пригодного ответа"),
    "figure_margin_hint": ("for a share of one half", "для доли в половину"),
    "figure_explained_hint": (
        en("{n} has a cause", "{n} have a cause"),
        ru("у {n} есть причина", "у {n} есть причина", "у {n} есть причина"),
    ),
    "margin": ("±{points} points", "±{points} п. п."),
    "margin_none": ("none: all rows taken", "нет: взяты все строки"),
}
