"""Every sentence of the report and of the terminal, in English and Russian, and how numbers are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

LANGUAGES = ("en", "ru")

_LEAST, _FEW, _NEARLY_ALL = 0.001, 0.0995, 0.995

Form = str | Mapping[str, str]
"""A sentence, or one for each plural form of its language. `{n}` is the counted number."""


@dataclass(frozen=True)
class Words:
    """The wording of one language: called with a key it gives the sentence."""

    language: str

    def __call__(self, key: str, /, count: int | None = None, **values: object) -> str:
        form = TABLE[key][LANGUAGES.index(self.language)]
        if isinstance(form, str):
            return form.format(**self._written(values))
        number = count or 0
        pattern = form[self._locale.plural_form(number)]
        return pattern.format(n=self.number(number), **self._written(values))

    def number(self, value: float, digits: int = 0) -> str:
        return format_decimal(round(value, digits), locale=self._locale)

    def percent(self, share: float) -> str:
        """Two meaningful digits; never 100 % for less than all, nor 0 % for more than nothing."""
        shown, pattern = _rounded(share)
        return format_percent(shown, _percent_sign(self.language, pattern), locale=self._locale)

    def interval(self, low: float, high: float) -> str:
        return f"{self.percent(low).rstrip('%').rstrip()}–{self.percent(high)}"

    def day(self, moment: dt.datetime) -> str:
        """In UTC, which is also what a moment without a time zone is taken for."""
        return format_datetime(moment, "d MMMM y, HH:mm 'UTC'", tzinfo=dt.UTC, locale=self._locale)

    def price(self, amount: float | None, currency: str) -> str:
        if amount is None:
            return self("price_unknown")
        smallest = 10.0 ** -get_currency_precision(currency)
        if 0 < amount < smallest:
            return self("less_than", amount=format_currency(smallest, currency, locale=self._locale))
        return format_currency(amount, currency, locale=self._locale)

    def duration(self, seconds: float) -> str:
        minutes, rest = divmod(round(seconds), 60)
        if minutes:
            return self("minutes", minutes=minutes, seconds=rest)
        return self("seconds", seconds=self.number(seconds, 1))

    def _written(self, values: Mapping[str, object]) -> dict[str, object]:
        return {name: self._one(value) for name, value in values.items()}

    def _one(self, value: object) -> object:
        return self.number(value) if isinstance(value, int | float) else value

    @property
    def _locale(self) -> Locale:
        return _locale(self.language)


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


def words_for(language: str) -> Words:
    """Russian for "ru" and its variants, English for everything else."""
    code = language.lower().replace("_", "-").split("-")[0]
    return Words(code if code in LANGUAGES else LANGUAGES[0])


def _rounded(share: float) -> tuple[float, str]:
    """The share as it can be shown, and the digits to show: a tenth of a per cent near nothing and near "
    "all."""
    if 0 < share < _FEW:
        return max(share, _LEAST), "0.#"
    if _NEARLY_ALL <= share < 1:
        return min(share, 1 - _LEAST), "0.#"
    return share, "0"


def _percent_sign(language: str, pattern: str) -> str:
    return f"{pattern}\u00a0%" if language == "ru" else f"{pattern}%"


def _en(one: str, other: str) -> Form:
    return {"one": one, "other": other}


def _ru(one: str, few: str, many: str) -> Form:
    return {"one": one, "few": few, "many": many, "other": few}


TABLE: Mapping[str, tuple[Form, Form]] = {
    # ── frame ──
    "title": ("Why customers complain", "Почему жалуются клиенты"),
    "skip": ("Skip to the causes", "Сразу к причинам"),
    "contents": ("Contents", "Содержание"),
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
        "A language model named the causes; no person has checked them. Counts, shares and intervals are computed.",
        "Причины назвала языковая модель, человек их не проверял. Количества, доли и интервалы посчитаны программой.",
    ),
    # ── headline ──
    "headline_title": ("In one sentence", "Одной фразой"),
    "headline": (
        _en(
            "The largest cause is “{name}”: it stands behind {share} of complaints (95% interval {interval}) "
            "and was found in {found} of the {n} complaint analysed.",
            "The largest cause is “{name}”: it stands behind {share} of complaints (95% interval {interval}) "
            "and was found in {found} of the {n} complaints analysed.",
        ),
        _ru(
            "Самая крупная причина — «{name}»: за ней {share} жалоб (95\u2011процентный интервал "
            "{interval}), она найдена в {found} из {n} разобранной жалобы.",
            "Самая крупная причина — «{name}»: за ней {share} жалоб (95\u2011процентный интервал "
            "{interval}), она найдена в {found} из {n} разобранных жалоб.",
            "Самая крупная причина — «{name}»: за ней {share} жалоб (95\u2011процентный интервал "
            "{interval}), она найдена в {found} из {n} разобранных жалоб.",
        ),
    ),
    "headline_residue": (
        _en(
            "No cause repeats: {n} cause was found, each in a complaint of its own.",
            "No cause repeats: {n} causes were found, each in a complaint of its own.",
        ),
        _ru(
            "Ни одна причина не повторяется: найдена {n} причина, каждая в своей жалобе.",
            "Ни одна причина не повторяется: найдены {n} причины, каждая в своей жалобе.",
            "Ни одна причина не повторяется: найдено {n} причин, каждая в своей жалобе.",
        ),
    ),
    "headline_none": (
        _en(
            "No cause was found in the {n} complaint analysed.",
            "No cause was found in the {n} complaints analysed.",
        ),
        _ru(
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
        _en("{n} has a cause", "{n} have a cause"),
        _ru("у {n} есть причина", "у {n} есть причина", "у {n} есть причина"),
    ),
    "margin": ("±{points} points", "±{points} п. п."),
    "margin_none": ("none: all rows taken", "нет: взяты все строки"),
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
    "chart_rivals": (
        _en(
            "The interval of {n} other cause overlaps with the first one's: it may be the largest instead.",
            "The intervals of {n} other causes overlap with the first one's: any of them may be the largest.",
        ),
        _ru(
            "Интервал ещё {n} причины пересекается с интервалом первой: крупнейшей может быть и она.",
            "Интервалы ещё {n} причин пересекаются с интервалом первой: крупнейшей может быть любая из них.",
            "Интервалы ещё {n} причин пересекаются с интервалом первой: крупнейшей может быть любая из них.",
        ),
    ),
    "rank": ("Rank", "Место"),
    "cause": ("Cause", "Причина"),
    "share": ("Share", "Доля"),
    "interval": ("95% interval", "95-проц. интервал"),
    "together": ("Together", "Вместе"),
    "bar": ("Bar", "Столбик"),
    "rest": (
        _en("{n} smaller cause", "{n} smaller causes"),
        _ru("{n} причина поменьше", "{n} причины поменьше", "{n} причин поменьше"),
    ),
    "residue_bar": (
        _en("{n} cause that merged with nothing", "{n} causes that merged with nothing"),
        _ru(
            "{n} причина, ни с чем не объединённая",
            "{n} причины, ни с чем не объединённые",
            "{n} причин, ни с чем не объединённых",
        ),
    ),
    # ── a cause ──
    "causes_title": ("Each cause", "Каждая причина"),
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
    "about": (_en("about {n}", "about {n}"), _ru("около {n}", "около {n}", "около {n}")),
    "complaints": (
        _en("{n} complaint", "{n} complaints"),
        _ru("{n} жалоба", "{n} жалобы", "{n} жалоб"),
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
        _en("Row id of the {n} complaint", "Row ids of all {n} complaints"),
        _ru("Коды строк: {n}", "Коды строк: {n}", "Коды строк: {n}"),
    ),
    # ── residue ──
    "residue_title": ("Causes that merged with nothing", "Причины, ни с чем не объединённые"),
    "residue_total": (
        "{causes} with {complaints} behind them, {share} of all complaints. None resembles another cause "
        "closely enough to be counted with it; they are listed so that a repeat is noticed.",
        "{causes}, за ними {complaints} — {share} всех жалоб. Ни одна не похожа на другую настолько, чтобы "
        "считать их вместе; они перечислены, чтобы заметить повторение.",
    ),
    "causes": (_en("{n} cause", "{n} causes"), _ru("{n} причина", "{n} причины", "{n} причин")),
    "residue_none": (
        "Every cause found was merged into one of those above.",
        "Все найденные причины вошли в перечисленные выше.",
    ),
    "show_list": ("The list", "Список"),
    "rows_column": ("Rows", "Строки"),
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
        _en(
            "The {n} row that could be analysed was taken, so no lot was drawn.",
            "All {n} rows that could be analysed were taken, so no lot was drawn and the shares have no sampling error.",
        ),
        _ru(
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
    "sample_effective": (
        "As weights differ, the answers are worth as much as {n} equally weighted ones.",
        "Поскольку веса разные, ответы по точности равны {n} ответам с одинаковым весом.",
    ),
    "sample_seed": (
        "The same file with seed {seed} gives the same sample again.",
        "Тот же файл с начальным числом {seed} снова даст ту же выборку.",
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
        _en("{n} row failed or was skipped", "{n} rows failed or were skipped"),
        _ru(
            "{n} строка без ответа или пропущена",
            "{n} строки без ответа или пропущены",
            "{n} строк без ответа или пропущены",
        ),
    ),
    "failures_more": (
        _en("{n} more is in ledger.csv.", "{n} more are in ledger.csv."),
        _ru("Ещё {n} — в ledger.csv.", "Ещё {n} — в ledger.csv.", "Ещё {n} — в ledger.csv."),
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
    "tokens": (_en("{n} token", "{n} tokens"), _ru("{n} токен", "{n} токена", "{n} токенов")),
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
    "less_than": ("less than {amount}", "меньше {amount}"),
    "duration": ("Time", "Время"),
    "minutes": ("{minutes} min {seconds} s", "{minutes} мин {seconds} с"),
    "seconds": ("{seconds} s", "{seconds} с"),
    "started": ("Started", "Начало"),
    "notes_title": ("Notes", "Примечания"),
    # ── terminal only ──
    "quoted": ("{basis}: “{quote}”", "{basis}: «{quote}»"),
    "more_causes": (
        _en("{n} more cause is in the report.", "{n} more causes are in the report."),
        _ru("Ещё {n} причина — в отчёте.", "Ещё {n} причины — в отчёте.", "Ещё {n} причин — в отчёте."),
    ),
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
