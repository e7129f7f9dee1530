"""The words of the evidence: how firm the ranks are, the audit, the curve of causes seen, movement in time, the rare and loud."""

from __future__ import annotations

from collections.abc import Mapping

from rootcause.report.wordforms import Form, en, ru

TABLE: Mapping[str, tuple[Form, Form]] = {
    # ── ranks ──
    "first": ("Largest", "Крупнейшая"),
    "top3": ("Top three", "В тройке"),
    "chance_first": ("Chance to be the largest", "Вероятность быть крупнейшей"),
    "chance_top3": ("To be among the three largest", "Быть среди трёх крупнейших"),
    "rank_set": ("Rank set", "Возможные места"),
    "ties_caption": (
        "A rank is a set of ranks: with 95% confidence, for all causes together, the true rank lies in it. “Largest” and “Top "
        "three” are the chances to be so in the whole file.",
        "Место — это набор мест: с уверенностью 95\u00a0%, для всех причин сразу, истинное место в нём. «Крупнейшая» и «В "
        "тройке» — вероятность быть такой во всём файле.",
    ),
    "ties_brackets": (
        "Causes on one bracket cannot be told apart: their order may be the luck of the draw.",
        "Причины на одной скобке неотличимы друг от друга: их порядок мог сложиться случайно.",
    ),
    "ties_none": ("All ranks are told apart.", "Все места различимы."),
    "tied_with": (
        en("Cannot be told apart from {n} other cause", "Cannot be told apart from {n} other causes"),
        ru("Неотличима от {n} другой причины", "Неотличима от {n} других причин", "Неотличима от {n} других причин"),
    ),
    "tied_more": (
        en("and {n} smaller one", "and {n} smaller ones"),
        ru("и ещё {n} поменьше", "и ещё {n} поменьше", "и ещё {n} поменьше"),
    ),
    "tied_none": ("Told apart from every other cause.", "Отличима от всех остальных причин."),
    "separate": (
        en(
            "About {n} sampled row would tell it from the next one; this run analysed {now}.",
            "About {n} sampled rows would tell it from the next one; this run analysed {now}.",
        ),
        ru(
            "Отличить её от следующей позволила бы выборка примерно в {n} строку; в этом запуске разобрано {now}.",
            "Отличить её от следующей позволила бы выборка примерно в {n} строки; в этом запуске разобрано {now}.",
            "Отличить её от следующей позволила бы выборка примерно в {n} строк; в этом запуске разобрано {now}.",
        ),
    ),
    "separate_all": (
        "Only the whole file, {population} rows, would tell it from the next one.",
        "Отличить её от следующей позволил бы только весь файл: {population} строк.",
    ),
    "separate_never": (
        "It and the next one are equally large here, so no number of rows can be named that would tell them apart.",
        "Здесь она и следующая одинаково велики, поэтому нельзя назвать число строк, которое бы их различило.",
    ),
    # ── audit ──
    "audited_title": (
        en("Audited on {n} row", "Audited on {n} rows"),
        ru("Проверено человеком: {n} строка", "Проверено человеком: {n} строки", "Проверено человеком: {n} строк"),
    ),
    "audited": (
        "Person and model name the same main cause in {agreement} of them ({interval}){alpha}. Shares and ranks below are "
        "corrected for the model's errors.",
        "Человек и модель называют одну и ту же главную причину в {agreement} из них ({interval}){alpha}. Доли и места ниже "
        "исправлены на ошибки модели.",
    ),
    "audited_alpha": (", Krippendorff's alpha {alpha}", ", альфа Криппендорфа {alpha}"),
    "audit_title": ("How right the model was", "Насколько модель права"),
    "audit_none": (
        "Nobody has checked this run yet. rootcause audit {run} makes a sheet of rows for a person to label; from {needed} "
        "labelled rows on, shares and intervals hold the model's errors as well.",
        "Этот запуск ещё никто не проверил. rootcause audit {run} готовит лист строк для разметки человеком; начиная с {needed} "
        "размеченных строк доли и интервалы учитывают и ошибки модели.",
    ),
    "audit_few": (
        en(
            "{n} row is labelled so far, {needed} are needed: the figures in this report are still the model's own.",
            "{n} rows are labelled so far, {needed} are needed: the figures in this report are still the model's own.",
        ),
        ru(
            "Пока размечена {n} строка, а нужно {needed}: числа в этом отчёте — ещё оценка самой модели.",
            "Пока размечены {n} строки, а нужно {needed}: числа в этом отчёте — ещё оценка самой модели.",
            "Пока размечено {n} строк, а нужно {needed}: числа в этом отчёте — ещё оценка самой модели.",
        ),
    ),
    "audit_stale": (
        en(
            "{n} label names a row or a cause that the run no longer has, because it was finished after the labelling. Make the "
            "sheet again with rootcause audit and look at it.",
            "{n} labels name rows or causes that the run no longer has, because it was finished after the labelling. Make the "
            "sheet again with rootcause audit and look at them.",
        ),
        ru(
            "{n} метка называет строку или причину, которой в запуске больше нет: его закончили после разметки. Создайте лист "
            "заново командой rootcause audit и проверьте её.",
            "{n} метки называют строки или причины, которых в запуске больше нет: его закончили после разметки. Создайте лист "
            "заново командой rootcause audit и проверьте их.",
            "{n} меток называют строки или причины, которых в запуске больше нет: его закончили после разметки. Создайте лист "
            "заново командой rootcause audit и проверьте их.",
        ),
    ),
    "audit_alpha": (
        "Alpha is 1 where they always agree and 0 where they agree as by chance; 0.8 is customary for a firm conclusion, 0.667 "
        "for a tentative one.",
        "Альфа равна 1 при полном согласии и 0 при случайном; для твёрдого вывода принято не меньше 0,8, для предварительного — "
        "0,667.",
    ),
    "audit_labelled": ("Rows labelled", "Размечено строк"),
    "audit_agreement": ("Same main cause", "Та же главная причина"),
    "audit_alpha_name": ("Krippendorff's alpha", "Альфа Криппендорфа"),
    "audit_shares": ("Shares before and after", "Доли до и после"),
    "audit_model_share": ("By the model", "По модели"),
    "audit_corrected": ("Corrected", "Исправлено"),
    "audit_confused": ("Where they differ most", "Где они расходятся чаще всего"),
    "audit_said": ("The model said", "Модель назвала"),
    "audit_meant": ("The person said", "Человек назвал"),
    "audit_times": ("Rows", "Строк"),
    "audit_other": ("none of the list", "нет в списке"),
    "audit_nothing": ("nothing to explain", "объяснять нечего"),
    # ── sampling design ──
    "design_frame": ("Frame: what was drawn from", "Основа: откуда отбирали"),
    "design_frame_value": (
        "{rows} rows of {file} with a text that this model can take",
        "{rows} строк файла {file} с текстом, доступным модели",
    ),
    "design_dates_name": ("Dates in the file", "Даты в файле"),
    "design_dates": ("{first} to {last}", "с {first} по {last}"),
    "design_strata": ("Strata", "Страты"),
    "design_strata_value": (
        en("{n} topic, drawn by itself", "{n} topics, each drawn by itself"),
        ru("{n} тема, отбор внутри неё", "{n} темы, отбор внутри каждой", "{n} тем, отбор внутри каждой"),
    ),
    "design_allocation": ("Allocation", "Распределение"),
    "design_allocation_value": (
        "in proportion to the topics, at least one row of each",
        "пропорционально темам, не меньше строки из каждой",
    ),
    "design_weights": ("Weights", "Веса"),
    "design_weights_value": (
        "each row drawn stands for {low} to {high} rows of its topic; where one failed, the others of its topic stand for it",
        "отобранная строка представляет от {low} до {high} строк своей темы; за необработанную говорят другие строки темы",
    ),
    "design_one_weight": (
        "each row drawn stands for {weight} rows of its topic; where one failed, the others of its topic stand for it",
        "отобранная строка представляет {weight} строки своей темы; за необработанную говорят другие строки темы",
    ),
    "design_seed": ("Seed", "Начальное число"),
    "design_effect": ("Design effect", "Эффект дизайна"),
    "design_effect_value": (
        "{effect}: as precise as {rows} rows of equal weight",
        "{effect}: точность как у {rows} строк с одинаковым весом",
    ),
    # ── causes seen ──
    "saturation_title": ("Have all causes been seen?", "Все ли причины найдены?"),
    "saturation_coverage": (
        "The causes found cover {coverage} of all mentions of a cause in the file (95% interval {interval}).",
        "Найденные причины охватывают {coverage} всех упоминаний причин в файле (95-процентный интервал {interval}).",
    ),
    "saturation_unseen": (
        en(
            "At least {n} more cause has probably not been seen yet (interval {low} to {high}).",
            "At least {n} more causes have probably not been seen yet (interval {low} to {high}).",
        ),
        ru(
            "Вероятно, ещё не найдена как минимум {n} причина (интервал от {low} до {high}).",
            "Вероятно, ещё не найдены как минимум {n} причины (интервал от {low} до {high}).",
            "Вероятно, ещё не найдено как минимум {n} причин (интервал от {low} до {high}).",
        ),
    ),
    "saturation_all": (
        "No more causes are expected (at most {high}).",
        "Других причин не ожидается (самое большее {high}).",
    ),
    "saturation_drawing": (
        "Curve: {first} causes in {few} analysed rows, {last} in {all}.",
        "Кривая: причин в {few} разобранных строках — {first}, в {all} — {last}.",
    ),
    "saturation_caption": (
        "Different causes to be expected in so many analysed rows. Where the curve is flat, more rows bring little that is new.",
        "Сколько разных причин ожидается в таком числе разобранных строк. Где кривая пологая, новые строки дают мало нового.",
    ),
    "saturation_seen": (
        en("{n} cause seen", "{n} causes seen"),
        ru("найдена {n} причина", "найдены {n} причины", "найдено {n} причин"),
    ),
    "saturation_expected": (
        en("at least {n} in all", "at least {n} in all"),
        ru("всего не меньше {n}", "всего не меньше {n}", "всего не меньше {n}"),
    ),
    "saturation_rows": (
        en("{n} row analysed", "{n} rows analysed"),
        ru("разобрана {n} строка", "разобраны {n} строки", "разобрано {n} строк"),
    ),
    # ── in time ──
    "trend_title": ("What rises and what falls", "Что растёт и что убывает"),
    "trend_caption": (
        "Share of each {unit}'s complaints; the band is its 95% interval. Tested against no change, and corrected for "
        "testing {tests} causes at once: p is the corrected one.",
        "Доля жалоб каждого периода ({unit}); полоса — 95-процентный интервал. Проверено против отсутствия перемен, с поправкой "
        "на одновременную проверку причин ({tests}): p — исправленное.",
    ),
    "unit:week": ("week", "неделя"),
    "unit:month": ("month", "месяц"),
    "trend_none_moves": (
        "No cause moves more than chance would allow.",
        "Ни одна причина не меняется сильнее, чем допускает случай.",
    ),
    "trend_proved": ("Moving beyond chance", "Меняются сильнее случайного"),
    "trend_watch": ("Worth watching, not proved", "Стоит присмотреться, не доказано"),
    "trend_watch_caption": (
        "Each looks like moving with odds of five to one, judged alone. A third of causes that stand still look so.",
        "Каждая, взятая отдельно, похожа на меняющуюся с шансами пять к одному. Так выглядит и треть причин, которые стоят на "
        "месте.",
    ),
    "trend_others": (
        en("{n} other cause", "The other {n} causes"),
        ru("Ещё {n} причина", "Ещё {n} причины", "Ещё {n} причин"),
    ),
    "trend_undated": (
        en("{n} analysed row has no date and is left out.", "{n} analysed rows have no date and are left out."),
        ru(
            "У {n} разобранной строки нет даты, здесь она не учтена.",
            "У {n} разобранных строк нет даты, здесь они не учтены.",
            "У {n} разобранных строк нет даты, здесь они не учтены.",
        ),
    ),
    "trend_no_dates": (
        "The file has no dates, so nothing can be said of time: name their column with --date.",
        "В файле нет дат, поэтому о времени сказать нечего: назовите их столбец через --date.",
    ),
    "trend_too_few": (
        "Too few analysed rows have dates for a trend: it takes {rows} of them in {periods} weeks or months.",
        "Для тренда слишком мало разобранных строк с датами: нужно {rows} строк в {periods} неделях или месяцах.",
    ),
    "trend:rising": ("rising", "растёт"),
    "trend:falling": ("falling", "убывает"),
    "trend:appeared": ("appeared", "появилась"),
    "trend:vanished": ("vanished", "исчезла"),
    "trend:steady": ("no change proved", "перемен не доказано"),
    "trend:too few rows": ("too few rows to test", "для проверки мало строк"),
    "trend_since": ("since {date}", "с {date}"),
    "trend_p": ("p {p}", "p {p}"),
    "trend_up": ("up: {chance} likely", "вверх с вероятностью {chance}"),
    "trend_down": ("down: {chance} likely", "вниз с вероятностью {chance}"),
    "trend_drawing": ("From {first} to {last}", "От {first} до {last}"),
    "trend": ("Movement", "Динамика"),
    # ── the rare and the loud ──
    "loud_title": ("The rare and the loud", "Редкое и громкое"),
    "loud_caption": (
        "Single complaints that no share shows: a regulator or the press is named, or somebody came to harm, in the customer's "
        "own words. Each deserves an answer of its own, whatever its cause's rank.",
        "Отдельные жалобы, которых не видно в долях: клиент своими словами называет надзорный орган, прессу или вред. Каждая "
        "заслуживает отдельного ответа, какое бы место ни занимала её причина.",
    ),
    "loud_none": (
        "No analysed complaint names a regulator, the press or harm.",
        "Ни в одной разобранной жалобе не названы надзорный орган, пресса или вред.",
    ),
    "loud_grave": (
        en("{n} grave complaint", "{n} grave complaints"),
        ru("{n} тяжёлая жалоба", "{n} тяжёлые жалобы", "{n} тяжёлых жалоб"),
    ),
    "loud_more": (
        en("{n} more", "{n} more"),
        ru("Ещё {n}", "Ещё {n}", "Ещё {n}"),
    ),
    "again_more": (
        en("{n} more customer", "{n} more customers"),
        ru("Ещё {n} клиент", "Ещё {n} клиента", "Ещё {n} клиентов"),
    ),
    "loud_signs_title": ("Signs in the customers' own words", "Признаки в словах клиентов"),
    "loud_unsigned": (
        en("{n} analysed row has none.", "{n} analysed rows have none."),
        ru("У {n} разобранной строки их нет.", "У {n} разобранных строк их нет.", "У {n} разобранных строк их нет."),
    ),
    "sign:repeat": ("contacted again", "обращался повторно"),
    "sign:leaving": ("threatens to leave", "грозит уйти"),
    "sign:regulator": ("names a regulator or court", "называет надзор или суд"),
    "sign:press": ("names the press", "называет прессу"),
    "sign:loss": ("lost money", "потерял деньги"),
    "sign:harm": ("came to harm", "получил вред"),
    "again_title": ("Customers who complained again", "Клиенты, жаловавшиеся снова"),
    "again_caption": (
        en("{n} customer has several rows in the file.", "{n} customers have several rows in the file."),
        ru(
            "У {n} клиента в файле несколько строк.",
            "У {n} клиентов в файле несколько строк.",
            "У {n} клиентов в файле несколько строк.",
        ),
    ),
    "again_no_customers": (
        "Who complained again is not known: no column names the customer (--customer).",
        "Кто жаловался снова, неизвестно: столбец с клиентом не назван (--customer).",
    ),
    "again_none": ("No customer has more than one row in the file.", "Ни у одного клиента в файле нет второй строки."),
    "customer": ("Customer", "Клиент"),
    "date": ("Date", "Дата"),
    "amount": ("Claimed", "Требует"),
    "said": ("In their own words", "Своими словами"),
    "its_causes": ("Causes", "Причины"),
    "not_analysed": ("not analysed", "не разобраны"),
    "show_all": (en("All {n}", "All {n}"), ru("Все {n}", "Все {n}", "Все {n}")),
}
