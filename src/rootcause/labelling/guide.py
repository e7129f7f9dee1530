"""How to fill in the sheet, in the language of its topic: English where no other is written."""

from __future__ import annotations

GUIDE: dict[str, tuple[str, ...]] = {
    "en": (
        "Each complaint is a block of rows with the same id. Decide in its first row: accept, edit (accept what you have "
        "changed), or reject. A block without a decision is left for later.",
        "Each row of a chain answers 'why?' to the row above it: 3 to 7 rows, from what the customer lost to what the company "
        "can change. Rows without a why are ignored; insert a row where one is missing.",
        "cause, in the first row of a chain: the catalogue's id that the last why states; 'new' if none fits and the company can "
        "change it; 'external' if it cannot; 'nothing:praise', 'nothing:spam' or 'nothing:empty' where nothing is to explain.",
        "basis: 'stated' with a passage copied from the text as evidence; 'precedent' with the id of an example as evidence; "
        "'inferred' without evidence.",
        "countermeasure: what would spare the customer the complaint at this why; give one in two rows at least.",
        "sign: in a row of its own, with the customer's own words as evidence: repeat, leaving, regulator, press, loss or harm.",
        "For a second chain write 2 into 'chain', and its cause. note: your reason; it is kept with what you reject.",
        "The text may be shortened or made anonymous; quotes must still occur in it.",
    ),
    "ru": (
        "Каждая жалоба — блок строк с одним id. Решение — в первой строке: accept (принять), edit (принять с вашими правками), "
        "reject (отклонить). Блок без решения останется на потом.",
        "Каждая строка цепочки отвечает на «почему?» к строке над ней: 3–7 строк, от потери клиента до того, что компания может "
        "изменить. Строки без why не учитываются; где строки не хватает, вставьте её.",
        "cause — в первой строке цепочки: id из каталога, который называет последняя строка; 'new', если ни один не подходит и "
        "компания может это изменить; 'external', если не может; 'nothing:praise' (похвала), 'nothing:spam', 'nothing:empty' — "
        "объяснять нечего.",
        "basis: 'stated' — в evidence дословная выдержка из текста; 'precedent' — в evidence id примера; 'inferred' — "
        "без evidence.",
        "countermeasure: что на этом шаге избавило бы клиента от жалобы; заполните хотя бы в двух строках.",
        "sign — отдельной строкой, в evidence слова клиента: repeat (повторно), leaving (уходит), regulator, press, loss "
        "(потеря), harm (вред).",
        "Для второй цепочки напишите 2 в 'chain' и её cause. note: ваша причина; она сохраняется с отклонёнными.",
        "Текст можно сократить или обезличить; цитаты должны в нём остаться.",
    ),
}
