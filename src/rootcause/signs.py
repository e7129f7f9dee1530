"""Signs told in so many words, for the packaged base model, which cannot find them itself.

Four kinds only: phrases for a loss or a harm were right in half of the labelled examples they were found in, and a claim
that is as often wrong as right is none. Right / found / labelled (`python benchmarks/signs.py`, 2026-11-22):

| rows | repeat | leaving | regulator | press |
|---|---|---|---|---|
| examples, 528, where the phrases come from | 107 / 111 / 215 | 3 / 3 / 7 | 3 / 3 / 4 | 1 / 1 / 3 |
| held-out cases, 160 | 29 / 29 / 72 | 0 / 0 / 2 | 2 / 4 / 3 | 0 / 0 / 0 |
| examples/complaints.csv, 240 | not labelled | 2 / 2 / 12 | 19 / 19 / 23 | 2 / 2 / 8 |

What is found is nearly always there; most of what is there is not found, so that its figures are least figures.
"""

from __future__ import annotations

import re

from rootcause.models import Sign, SignKind

_PLAIN = str.maketrans("ёЁ’‘`´", "еЕ''''")  # letter for letter, so that places stay the same
_END = re.compile(r"[.!?…;:\n]+(?=\s|$)|\s[—–-]\s|,(?=\s)")
_SHORTEST = 20

_HELP = (
    r"(?:support|chat|chat ?bot|bot|agents?|advis[eo]rs?|operators?|assistant|hotline|helpline|help ?desk"
    r"|customer (?:service|care)|call cent(?:re|er))"
)
_SAID = (
    r"(?:says?|said|tells?|told|repl(?:y|ies|ied)|answer(?:s|ed)|wrote|writes|insists?|claims?|explain(?:s|ed)"
    r"|inform(?:s|ed)|suggest(?:s|ed)|promised|keeps?)"
)
_HELP_RU = r"(?:поддержк\w+|чате?|бот|робот|оператор\w*|специалист\w*|консультант\w*|горяч\w+ лини\w+|техподдержк\w+|сотрудни\w+)"
_SAID_RU = (
    r"(?:говор\w+|сказал\w*|ответил\w*|отвеча\w+|пишет|пишут|написал\w*|объяснил\w*|сообщил\w*|обещал\w*|пообещал\w*"
    r"|посоветовал\w*|подтвердил\w*|заверил\w*|разводит|твердит)"
)
_RANG_RU = r"(?:позвонил|позвонила|звонил|звонила|дозвонилась|дозвонился)"
_NTH = r"(?:second|third|fourth|fifth|sixth|seventh|eighth|\d+(?:nd|rd|th))"
_NTH_RU = r"(?:(?:во )?втор\w+|трет\w+|четверт\w+|пят\w+|снова|повторно|еще)"
_WRITING = r"(?:writ|call|ring|phon|ask|send|complain|report)"
_LAWYER = r"(?:solicitor|lawyer|attorney|barrister)"
_OTHER = r"(?:another|a different|your competitor|a competitor|the competition|somebody else|someone else)"
_SITES = r"(?:facebook|twitter|instagram|tiktok|reddit|linkedin|social media|trustpilot|youtube)"

# Phrases that name the thing itself, nothing else; spaces stand for spaces. Found on the labelled examples alone.
_PHRASES: dict[SignKind, tuple[str, ...]] = {
    SignKind.REPEAT: (
        rf"your (?:\w+ )?{_HELP}(?: \w+)? {_SAID}",
        rf"(?<!shop )(?<!sales ){_HELP} (?:person|team|lady|man)?\s?{_SAID}",
        r"i(?:'ve| have| had)?(?: (?:since|also|already|then|even))? (?:rang|rung|phoned|telephoned)"
        r"(?= you| your|[,.:]| and was| again| the (?:hotline|helpline|line))",
        r"i (?:call|ring|phone)(?= you| your|[,.:])",
        r"i(?:'ve| have)?(?: already)? (?:called|contacted|e-?mailed|messaged|written to|wrote to|asked|told)"
        r" (?:you|your|support|customer)\b",
        r"i(?:'ve| have)(?: already)? (?:asked|written|called|complained|explained)\b.{0,30}\b(?:times|twice|again)\b",
        rf"{_NTH} (?:time|letter|e-?mail|message|call|complaint)(?: that)? i(?:'m| am|'ve| have)?(?: \w+)? {_WRITING}",
        r"told by your|by chat they (?:say|said)|asked your (?:person|agent|man|lady|team|chat)",
        rf"your (?:chat|hotline|line) (?:person|gave|says)|(?<![a-z] ){_HELP}: ",
        rf"(?:звон|пи[сш]|обраща|подал|отправил)\w* (?:вам )?(?:уже )?{_NTH_RU} раз",
        r"(?:пишу|звоню|обращаюсь) (?:снова|повторно|опять)",
        rf"(?:в |на )?{_HELP_RU}(?: \w+)?,? (?:мне )?{_SAID_RU}",
        rf"{_RANG_RU}(?: я)?(?: (?:вам|в банк|в поддержку|на горяч\w+ лини\w+|оператору)|[,.:]| —| [сc] \w+ раза)",
        r"(?:я вам |вам |снова |сегодня )?звоню(?: вам|[,.:]| —)",
        rf"{_HELP_RU}: ?[«\"„]?\w|ответ (?:банка|поддержки|оператора|чата)|обращение зарегистрировано",
        r"по (?:вашему|моему) обращению|обраща(?:лся|лась|лись|емся) (?:к вам|в )",
        r"(?:ваши|ваша поддержка|ваш оператор) (?:мне )?(?:сказали|говорят|говорит|сказал)",
        r"в отделении (?:приняли|сказали|говорят|ответили)",
        r"(?:на)?писал[аи]? (?:вам|в чат|в поддержку|в банк|заявление|претензию|обращение)",
        r"пишу (?:вам |я )?(?:в чат|в поддержку|в банк|претензию)",
        r"(?:мне|нам) (?:трижды |дважды )?(?:ответили|отвечают|написали)",
    ),
    SignKind.LEAVING: (
        r"you(?:'ve| have)?(?: just)? lost (?:me|us|my custom|a customer|a client)|(?:lost|losing) a (?:loyal |good )?customer",
        r"never again with (?:you|them|this)",
        r"(?:never|not) (?:order|shop|buy|us|com|subscrib)(?:e|ing|ping)? (?:from|with|to) (?:you|them|here) again",
        r"(?:won't|will not|shan't) be (?:back|ordering|shopping|using you|renewing|a customer)",
        rf"(?:switch|switching|switched|moving|move|moved|going|go) to {_OTHER}",
        r"(?:my|our) (?:business|custom|money|shopping) elsewhere|(?:shop|order|buy|go) elsewhere from now",
        r"(?:i'm|i am|we're|we are) (?:leaving you|done with you|finished with you)|close (?:my|our) account with you",
        r"расторга(?:ю|ем) договор|расторгну договор|(?:сменю|меняю|поменяю) (?:банк|оператора)",
        r"(?:ухожу|уйду|уходим|уйдем) (?:от вас|к другому|к другим|к конкурентам|в другой|в другую)",
        r"(?:перейду|перехожу|переходим|перейдем) (?:к другому|к другим|к конкурент\w+|в другой|в другую|на другого)",
        r"(?:закрою|закрываю|закроем|закрываем) (?:все |у вас |свой |свои |ваш\w* )*(?:счет\w*|карт\w+|договор\w*|вклад\w*)",
        r"(?:вы |меня |нас )потеряли (?:меня|клиента|нас|постоянного)|потеряли (?:меня как )?клиента",
        r"больше (?:я )?(?:вам )?(?:не (?:ваш )?клиент|к вам не (?:приду|вернусь|обращусь)|ни ногой)",
        r"больше (?:я )?никогда (?:к вам|у вас|не (?:закаж\w+|куплю|буду))",
    ),
    SignKind.REGULATOR: (
        r"ombudsman|trading standards|small claims|legal action|legal advice|citizens advice|police report",
        rf"(?:my|our|see a|consult a|to a|contact a|instruct a|with a|who's a|who is a) {_LAWYER}",
        r"(?:see you in|take you to|taking you to|go to|going to|in|to) court",
        r"i(?:'ll| will|'m going to| am going to)? sue\b|suing you",
        r"(?:the|a|your|our) regulator|regulatory authorit\w+|(?:report|go|going|went|complain)\w*\b.{0,25} to the police",
        r"consumer (?:advice|protection|council|association|ombudsman|rights (?:office|agency))|(?:my|our|the local) mp\b",
        r"(?:ofcom|financial conduct authority|competition and markets authority|data protection (?:authority|commissioner))\b",
        r"роспотребнадзор\w*|роскомнадзор\w*|прокуратур\w*|центробанк\w*|центральн\w+ банк\w*|омбудсмен\w*",
        r"финансов\w+ уполномоченн\w+|цб рф\b|в цб\b|в фас\b|обществ\w+ защиты прав потребителей",
        r"(?:в|через|до) суд[ае]?\b(?! не)|по суду|судебн\w+ (?:иск|порядк)\w*|исков\w+ заявлени\w+|подам иск|судиться",
        r"(?:мой |моя |наш |своему |к |моему )(?:адвокат|юрист)\w*",
        r"(?:заявление|жалоб\w+|обращ\w+|пойду|иду|пошел|пошла|напишу) в полици\w+",
    ),
    SignKind.PRESS: (
        r"journalists?|(?:go|going|went|gone) public\b",
        r"(?:to|tell|call|contact|write to|written to) (?:the|a|our|my) (?:\w+ )?(?:press|papers?|newspapers?|media|reporter)\b",
        rf"(?:post|posting|posted|put|share|sharing)\b.{{0,40}} (?:on|to|all over) {_SITES}",
        r"журналист\w*|в газет[уы]|в сми\b|на телевидени\w+|телеканал\w*|корреспондент\w*|предам огласке|теперь публично",
        r"(?:выложу|опубликую|напишу|расскажу) .{0,40}(?:в соцсет\w+|в интернет\w*|на весь интернет|на отзовик\w*|в блог\w*)",
    ),
}
_WORDS = {
    kind: re.compile("|".join(rf"(?<!\w)(?:{phrase})" for phrase in phrases), re.IGNORECASE) for kind, phrases in _PHRASES.items()
}


def told(text: str) -> tuple[Sign, ...]:
    """The first sign of each kind that an explicit phrase tells, quoted by the clause that holds it, verbatim."""
    plain = text.translate(_PLAIN)
    found = ((kind, pattern.search(plain)) for kind, pattern in _WORDS.items())
    return tuple(Sign(kind=kind, quote=_clause(text, *match.span())) for kind, match in found if match)


def _clause(text: str, start: int, end: int) -> str:
    """The shortest stretch between stops that holds the place and reads as more than a phrase."""
    stops = [(0, 0), *((stop.start(), stop.end()) for stop in _END.finditer(text)), (len(text), len(text))]
    left = max(place for place, (_, after) in enumerate(stops) if after <= start)
    right = min(place for place, (before, _) in enumerate(stops) if before >= end)
    while len(text[stops[left][1] : stops[right][0]].strip()) < _SHORTEST and right < len(stops) - 1:
        right += 1
    return text[stops[left][1] : stops[right][0]].strip()
