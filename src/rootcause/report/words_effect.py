"""Every sentence of the comparison of two runs, in English and Russian."""

from __future__ import annotations

TABLE = {
    "effect_unit": ("Rates are {unit}.", "Показано: {unit}."),
    "effect_side": (
        "{label}: run {run}, {source}: {rows} rows, {analysed} analysed, {period}",
        "{label}: запуск {run}, {source}: строк {rows}, разобрано {analysed}, {period}",
    ),
    "effect_before": ("Before", "До"),
    "effect_after": ("After", "После"),
    "effect_period": ("{first} to {last}", "с {first} по {last}"),
    "effect_no_period": ("no dates", "без дат"),
    "effect_exposure": ("{amount} {unit}", "{amount}: {unit}"),
    "effect_unit:month": ("complaints a month", "жалоб в месяц"),
    "effect_unit:exposure": ("complaints per 1,000 {unit}", "жалоб на 1000: {unit}"),
    "effect_unit:complaints": ("per 100 complaints", "на 100 жалоб"),
    "effect_change": ("change", "изменение"),
    "effect_verdict": ("finding", "вывод"),
    "effect_claim:fallen": ("fell, q {q}", "снизилась, q {q}"),
    "effect_claim:risen": ("rose, q {q}", "выросла, q {q}"),
    "effect_claim:unproved": ("not shown, q {q}", "не доказано, q {q}"),
    "effect_none": (
        "No cause changed beyond chance: the data carries no claim of an effect.",
        "Ни одна причина не изменилась сильнее случайного: данные не позволяют говорить об эффекте.",
    ),
    "effect_some": ("Fell beyond chance: {names}.", "Снизились сильнее случайного: {names}."),
    "effect_rest": (
        "{count} further causes changed no more than chance allows; --json lists them.",
        "Ещё причин без изменений сверх случайного: {count}; все — в --json.",
    ),
    "effect_fallen_detail": (
        "{name}: {before} → {after} {unit} (95 %: {low} to {high} of a difference); all other complaints {others}",
        "{name}: {before} → {after} {unit} (95 %: разность от {low} до {high}); все прочие жалобы {others}",
    ),
    "effect_others_unknown": ("were none", "отсутствовали"),
    "effect_within": (
        "Within channels its share is {ratio} times what it was: the mix of channels does not make the difference.",
        "Внутри каналов её доля составляет {ratio} прежней: разница не сводится к составу каналов.",
    ),
    "effect_forecast": (
        "Forecast {forecast}, actual {actual} (95 %: {low} to {high}).",
        "Прогноз {forecast}, факт {actual} (95 %: от {low} до {high}).",
    ),
    "effect_saved": (
        "Saved a month: {value} (95 %: {low} to {high}).",
        "Экономия в месяц: {value} (95 %: от {low} до {high}).",
    ),
    "effect_needs": (
        "{name}: not shown; about {rows} rows of complaints in each period would tell a change of this size.",
        "{name}: не доказано; изменение такого размера показали бы примерно {rows} строк жалоб в каждом периоде.",
    ),
    "effect_doubts": ("What else could explain it", "Чем ещё это может объясняться"),
    "effect_doubt:undated": (
        "The rows have no dates: shares are compared, and where one cause falls the shares of all others rise.",
        "В строках нет дат: сравниваются доли, и если одна причина снижается, доли остальных растут.",
    ),
    "effect_doubt:order": (
        "The periods overlap or stand the wrong way round: the first ends on {last}, the second begins on {first}.",
        "Периоды пересекаются или перепутаны: первый кончается {last}, второй начинается {first}.",
    ),
    "effect_doubt:overlap": (
        "Row ids found in both files: {rows}. They count on both sides.",
        "Строк с одинаковыми номерами в обоих файлах: {rows}. Они учтены с обеих сторон.",
    ),
    "effect_doubt:channels": (
        "The mix of channels changed (p {p}): {channel} made {before} of the rows and now makes {after}.",
        "Состав каналов изменился (p {p}): {channel} — было {before} строк, стало {after}.",
    ),
    "effect_doubt:season": (
        "The periods cover different months of the year: only the same months of another year would rule the season out.",
        "Периоды приходятся на разные месяцы года: исключить сезон могут только те же месяцы другого года.",
    ),
    "effect_doubt:length": (
        "Run {run} has only {rows} rows: its period, taken from its first to its last date, may be longer in truth.",
        "В запуске {run} всего строк: {rows}. Его период взят от первой до последней даты и на деле может быть длиннее.",
    ),
    "effect_doubt:teaching": (
        "The runs used different models, versions or packs: the same complaint may have been given another cause.",
        "У запусков разные модели, версии или наборы примеров: одна и та же жалоба могла получить другую причину.",
    ),
    "effect_doubt:sample": (
        "Different shares of the rows were analysed ({before} and {after}).",
        "Разобраны разные доли строк ({before} и {after}).",
    ),
    "effect_doubt:unreached": (
        "One of the runs analysed no row of {topics}: the causes of these topics are not compared.",
        "Один из запусков не разобрал ни одной строки тем ({topics}): их причины не сравниваются.",
    ),
    "effect_doubt:volume": (
        "All other complaints changed as well, by {change}: whatever moved them may have moved this cause.",
        "Остальные жалобы тоже изменились, на {change}: что сдвинуло их, могло сдвинуть и эту причину.",
    ),
}
