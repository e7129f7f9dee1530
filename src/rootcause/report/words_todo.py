"""The words of what to do: the causes in three orders, the countermeasures to begin with, cost and worth."""

from __future__ import annotations

from collections.abc import Mapping

from rootcause.report.wordforms import Form, en, ru

TABLE: Mapping[str, tuple[Form, Form]] = {
    # ── the portfolio ──
    "portfolio_title": ("What to do first", "С чего начать"),
    "portfolio_headline": (
        en(
            "{n} countermeasure would spare {together} ({interval}).",
            "{n} countermeasures together would spare {together} ({interval}).",
        ),
        ru(
            "{n} контрмера предотвратит {together} ({interval}).",
            "{n} контрмеры вместе предотвратят {together} ({interval}).",
            "{n} контрмер вместе предотвратят {together} ({interval}).",
        ),
    ),
    "portfolio_complaints": ("{share} of complaints", "{share} жалоб"),
    "portfolio_money": ("{sum} a month", "{sum} в месяц"),
    "portfolio_caption": (
        "Chosen so that together they spare the most: one fix often serves several causes, and two often serve the same "
        "complaint. “Adds” is what a fix spares beyond those above it; the bracketed figure is the 95% interval.",
        "Выбраны так, чтобы вместе предотвратить больше всего: одна контрмера часто устраняет несколько причин, а две — одну и "
        "ту же жалобу. «Добавляет» — то, что контрмера предотвращает сверх стоящих выше; в скобках 95-процентный интервал.",
    ),
    "portfolio_budget": ("Budget: {budget}; these cost {cost}.", "Бюджет: {budget}; эти контрмеры стоят {cost}."),
    "portfolio_exact": (
        en(
            "Proved to be the best choice: {n} countermeasure was considered.",
            "Proved to be the best choice among {n} countermeasures considered.",
        ),
        ru(
            "Доказано, что это лучший выбор: рассмотрена {n} контрмера.",
            "Доказано, что это лучший выбор из {n} рассмотренных контрмер.",
            "Доказано, что это лучший выбор из {n} рассмотренных контрмер.",
        ),
    ),
    "portfolio_greedy": (
        en(
            "Chosen step by step among {n} countermeasure; no choice can spare more than {bound}.",
            "Chosen step by step among {n} countermeasures; no choice can spare more than {bound}.",
        ),
        ru(
            "Выбраны шаг за шагом из {n} контрмеры; никакой выбор не предотвратит больше {bound}.",
            "Выбраны шаг за шагом из {n} контрмер; никакой выбор не предотвратит больше {bound}.",
            "Выбраны шаг за шагом из {n} контрмер; никакой выбор не предотвратит больше {bound}.",
        ),
    ),
    "portfolio_none": (
        "No chain proposes a countermeasure that could be weighed.",
        "Ни одна цепочка не предлагает контрмеры, которую можно было бы взвесить.",
    ),
    "fix": ("Countermeasure", "Контрмера"),
    "serves": ("Serves", "Устраняет"),
    "alone": ("Alone", "В одиночку"),
    "adds": ("Adds", "Добавляет"),
    "adds_money": ("Adds a month", "Добавляет в месяц"),
    "removes": ("Removes", "Убирает"),
    "effort": ("Effort", "Трудоёмкость"),
    "effort:S": ("days", "дни"),
    "effort:M": ("weeks", "недели"),
    "effort:L": ("months", "месяцы"),
    "cost_once": ("Cost, once", "Затраты, разово"),
    "not_given": ("not given", "не указано"),
    "assumptions": ("What this assumes", "При каких допущениях"),
    # ── Pareto three ways ──
    "pareto_title": ("The vital few, three ways", "Главные причины с трёх сторон"),
    "pareto_caption": (
        "The causes that weigh most are not always the most frequent. Each list is sorted by its own measure; the "
        "blue bars are the vital few, the fewest causes that reach four fifths of all that is explained.",
        "Чаще всего — не всегда дороже и тяжелее всего. Каждый список упорядочен по своей мере; синие столбики — главные "
        "причины: наименьшее число причин, за которыми четыре пятых всего объяснённого.",
    ),
    "pareto_by:number": ("By number of complaints", "По числу жалоб"),
    "pareto_by:cost": ("By cost a month", "По стоимости в месяц"),
    "pareto_by:severity": ("By severity", "По тяжести"),
    "pareto_vital": (
        en("{n} of {of} causes is vital: it reaches {reach}.", "{n} of {of} causes are the vital few: they reach {reach}."),
        ru(
            "Главная причина — {n} из {of}: за ней {reach}.",
            "Главные — {n} причины из {of}: за ними {reach}.",
            "Главные — {n} причин из {of}: за ними {reach}.",
        ),
    ),
    "pareto_flat": (
        en(
            "No vital few here: it takes {n} of {of} causes to reach {reach}.",
            "No vital few here: it takes {n} of {of} causes to reach {reach}.",
        ),
        ru(
            "Главных причин здесь нет: чтобы набрать {reach}, нужна {n} причина из {of}.",
            "Главных причин здесь нет: чтобы набрать {reach}, нужны {n} причины из {of}.",
            "Главных причин здесь нет: чтобы набрать {reach}, нужно {n} причин из {of}.",
        ),
    ),
    "pareto_more": (
        en("{n} more cause adds {share}", "{n} more causes add {share}"),
        ru("ещё {n} причина добавляет {share}", "ещё {n} причины добавляют {share}", "ещё {n} причин добавляют {share}"),
    ),
    "pareto_rest": ("in causes that merged with nothing: {share}", "в причинах, ни с чем не объединённых: {share}"),
    "pareto_points": (en("{n} point", "{n} points"), ru("{n} балл", "{n} балла", "{n} баллов")),
    "severity_meaning": (
        "Severity counts only what customers say themselves: 9 points where a regulator, the press or harm is named, 3 for a "
        "loss or a threat to leave, 1 for a repeated contact, none without a sign. The points are a convention.",
        "Тяжесть считается только по словам самих клиентов: 9 баллов, если названы надзорный орган, пресса или вред, 3 — за "
        "потерю денег или угрозу уйти, 1 — за повторное обращение, без признаков — 0. Баллы условны.",
    ),
    "pareto_no_severity": (
        "By severity: no complaint analysed holds a sign of it.",
        "По тяжести: ни в одной разобранной жалобе нет её признаков.",
    ),
    # ── cost and worth ──
    "worth_title": ("What the causes cost", "Во что обходятся причины"),
    "worth_total": (
        "The complaints with a cause cost {total} a month (95% interval {interval}), over {months} months of the file.",
        "Жалобы, у которых есть причина, обходятся в {total} в месяц (95-процентный интервал {interval}); файл охватывает "
        "{months} мес.",
    ),
    "worth_exposure": (
        "Set against {amount} {unit} a month.",
        "Отнесено к величине «{unit}»: {amount} в месяц.",
    ),
    "worth_none": (
        "The cost of the causes needs prices: give them in the table [economics] of rootcause.toml, then write the report again "
        "with rootcause report {run}.",
        "Чтобы посчитать стоимость причин, нужны цены: укажите их в таблице [economics] файла rootcause.toml и запишите отчёт "
        "заново командой rootcause report {run}.",
    ),
    "worth_undated": (
        "Nothing can be said of a month, as no row of the file has a date: name the column of dates with --date.",
        "О месяце сказать нечего: ни у одной строки нет даты. Назовите столбец с датами через --date.",
    ),
    "contacts_month": ("Contacts a month", "Обращений в месяц"),
    "repeats_month": ("Of these repeats", "Из них повторных"),
    "cost_month": ("Cost a month", "Стоимость в месяц"),
    "of_contacts": ("First contacts", "Первые обращения"),
    "of_repeats": ("Repeats", "Повторы"),
    "of_leaving": ("Customers leaving", "Уход клиентов"),
    "per_exposure": ("Per 1,000 {unit}", "На 1000: {unit}"),
    "worth_more": (
        en("{n} smaller cause", "The other {n} causes"),
        ru("Ещё {n} причина", "Ещё {n} причины", "Ещё {n} причин"),
    ),
}
