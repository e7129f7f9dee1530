"""The words of how the result came about: topics, sample, ledger, model and cost; in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

from rootcause.report.wordforms import Form, en, ru

TABLE: Mapping[str, tuple[Form, Form]] = {
    # ── topics ──
    "topics_title": ("Topics and how the model was taught", "Темы и как обучена модель"),
    "examples_column": ("Labelled examples", "Размеченных примеров"),
    "shots": ("Shown in each prompt", "Показано в каждом запросе"),
    "note": ("Note", "Примечание"),
    # ── sample ──
    "sample_title": ("How the sample was drawn", "Как получена выборка"),
    "sample_drawn": (
        "Of the {population} rows that could be analysed, {sampled} were drawn by lot, topic by topic: "
        "within a topic every row had the same chance.",
        "Из строк, пригодных для разбора ({population}), отобраны по жребию {sampled}, отдельно в каждой "
        "теме: внутри темы у каждой строки был одинаковый шанс.",
    ),
    "sample_census": (
        en(
            "The {n} row that could be analysed was taken, so no lot was drawn.",
            "All {n} rows that could be analysed were taken, so no lot was drawn and the shares have no sampling error.",
        ),
        ru(
            "Взяты все строки, пригодные для разбора ({n}): жребия не было, погрешности выборки у долей нет.",
            "Взяты все строки, пригодные для разбора ({n}): жребия не было, погрешности выборки у долей нет.",
            "Взяты все строки, пригодные для разбора ({n}): жребия не было, погрешности выборки у долей нет.",
        ),
    ),
    "sample_weight": (
        "A row drawn speaks for all rows of its topic: the weight says for how many. Shares count every row "
        "with its weight, so a topic that was sampled more densely does not look larger than it is.",
        "Отобранная строка говорит за все строки своей темы: вес показывает, за сколько. В долях каждая "
        "строка учтена со своим весом, поэтому тема, взятая в выборку плотнее, не кажется крупнее, чем она "
        "есть.",
    ),
    "sample_margin": (
        "With this sample a share near one half is known to within ±{margin} percentage points, 95 times in "
        "100. Each cause's own interval stands beside its share.",
        "При такой выборке доля около половины известна с точностью ±{margin} процентного пункта в 95 "
        "случаях из 100. Свой интервал каждой причины указан рядом с её долей.",
    ),
    "sample_luck": (
        "The intervals speak of the luck of the draw alone, not of mistakes the model may have made.",
        "Интервалы говорят только о случайности отбора, но не об ошибках, которые могла допустить модель.",
    ),
    "sample_overlap": (
        "One complaint can have several causes, so the shares may add up to more than 100%.",
        "У одной жалобы может быть несколько причин, поэтому доли в сумме могут превысить 100\u00a0%.",
    ),
    "population": ("Rows in the file", "Строк в файле"),
    "sampled": ("Drawn", "Отобрано"),
    "weight": ("Weight", "Вес"),
    "strata": ("Sample by topic", "Выборка по темам"),
    # ── ledger ──
    "ledger_title": ("Where every row ended", "Чем закончилась каждая строка"),
    "fate": ("Outcome", "Итог"),
    "rows": ("Rows", "Строк"),
    "ledger_total": ("All rows of the file", "Все строки файла"),
    "fate:analysed": ("Analysed: at least one cause found", "Разобрана: найдена хотя бы одна причина"),
    "fate:nothing to explain": (
        "Nothing to explain: praise, spam or empty of meaning",
        "Объяснять нечего: похвала, спам или нет смысла",
    ),
    "fate:duplicate of": (
        "Same text as another row, shares its answer",
        "Текст как у другой строки, ответ общий",
    ),
    "fate:failed": (
        "Failed: the model gave no usable answer",
        "Не удалось: модель не дала пригодного ответа",
    ),
    "fate:skipped": ("Skipped: cannot be analysed", "Пропущена: разобрать нельзя"),
    "fate:not sampled": ("Not drawn into the sample", "Не попала в выборку"),
    "fate:not reached": (
        "Not reached: the run ended before it",
        "Не дошла очередь: запуск закончился раньше",
    ),
    "failures": (
        en("{n} row failed or was skipped", "{n} rows failed or were skipped"),
        ru(
            "{n} строка без ответа или пропущена",
            "{n} строки без ответа или пропущены",
            "{n} строк без ответа или пропущены",
        ),
    ),
    "failures_more": (
        en("{n} more is in ledger.csv.", "{n} more are in ledger.csv."),
        ru("Ещё {n} — в ledger.csv.", "Ещё {n} — в ledger.csv.", "Ещё {n} — в ledger.csv."),
    ),
    "row_id": ("Row id", "Код строки"),
    "line": ("Line", "Строка файла"),
    "reason": ("Reason", "Причина отказа"),
    # ── model and cost ──
    "model_title": ("Model and cost", "Модель и стоимость"),
    "model": ("Model", "Модель"),
    "endpoint": ("Address", "Адрес"),
    "texts_went": ("Where the texts went", "Куда ушли тексты"),
    "texts_local": (
        "Nowhere: the model ran on this computer.",
        "Никуда: модель работала на этом компьютере.",
    ),
    "texts_sent": (
        "The sampled complaints' texts were sent to {endpoint}.",
        "Тексты жалоб из выборки отправлены на {endpoint}.",
    ),
    "context": ("Context window", "Окно контекста"),
    "tokens": (en("{n} token", "{n} tokens"), ru("{n} токен", "{n} токена", "{n} токенов")),
    "calls": ("Calls", "Запросов к модели"),
    "calls_detail": (
        "{calls}, of which {retried} repeated and {failed} failed; {stored} answers came from the store for free",
        "{calls}, из них повторных {retried}, неудачных {failed}; ответов из хранилища, бесплатно: {stored}",
    ),
    "tokens_in": ("Tokens in", "Токенов на входе"),
    "tokens_cached": ("Of these cached", "Из них из кэша"),
    "tokens_out": ("Tokens out", "Токенов на выходе"),
    "not_said": ("not reported by the endpoint", "сервер не сообщил"),
    "price": ("Price", "Цена"),
    "price_unknown": ("unknown", "неизвестна"),
    "free": ("free", "бесплатно"),
    "less_than": ("less than {amount}", "меньше {amount}"),
    "duration": ("Time", "Время"),
    "minutes": ("{minutes} min {seconds} s", "{minutes} мин {seconds} с"),
    "seconds": ("{seconds} s", "{seconds} с"),
    "started": ("Started", "Начало"),
    "notes_title": ("Notes", "Примечания"),
}
