"""The run that the report's tests show: 460 of 1,240 rows with 12 causes, dates, customers and signs, in two languages."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, cycle

from rootcause.economics import Economics
from rootcause.findings import find
from rootcause.findings.labels import Labels
from rootcause.findings.values import Findings
from rootcause.ingest.frame import frame_of
from rootcause.models import (
    Answer,
    Basis,
    Cause,
    Chain,
    ChainRef,
    Columns,
    Complaint,
    CostReport,
    Countermeasure,
    Effort,
    Failure,
    Fate,
    LedgerRow,
    ModelInfo,
    NothingReason,
    Outcome,
    Quote,
    RankedCause,
    Ranking,
    RunReport,
    Sample,
    Sign,
    SignKind,
    Step,
    Stratum,
    TopicUse,
    Usage,
)

SCRIPT = "<script>document.title='pwned';window.pwned=1</script>"
HOSTILE = (
    SCRIPT,
    "<img src=x onerror=\"document.title='pwned';window.pwned=1\">",
    '<a href="javascript:window.pwned=1">javascript:window.pwned=1</a>',
    "</style></title><svg onload=window.pwned=1><iframe src=https://evil.example/></iframe>",
    "\x1b[2J\x1b]0;pwned\x07\x9b31mred\x1b[0m and \x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "{{ 7*7 }} {% raw %} {0} %s",
    "W" * 400,
    "\u202eevil txet\u202c طلبت الطلب قبل أسبوع ولم يصل حتى الآن",
)


@dataclass(frozen=True)
class Told:
    """What customers and the model say in one language. steps: a cause with its countermeasure."""

    titles: tuple[str, str]
    teams: tuple[str, ...]
    causes: tuple[str, ...]
    steps: tuple[tuple[str, str | None], ...]
    stated: str
    quotes: tuple[str, ...]
    changes: tuple[str, str]
    reason: str
    shots: str
    note: str
    residue: str
    notes: tuple[str, ...]
    next: tuple[str, ...]
    signs: tuple[str, ...]


TEXTS = {
    "en": Told(
        titles=("Delivery of groceries and parcels", "Paid login and saved recipes in a subscription app"),
        teams=("Checkout and order form", "Picking and stock systems", "Customer communications"),
        causes=(
            "Checkout keeps the delivery day from basket opening although payment came after the cut-off.",
            "Communication policy restricts notices that login becomes paid when the subscription ends.",
            "Picking app v7 substitutes by shelf and price, blind to refusals, notes and diets.",
            "Refunds above £30 wait for one weekly approval session of finance.",
            "Repeat orders and quick checkout use the first address card, untouched by profile changes.",
            "The courier's phone stops ringing customers when the masked number dies with the slot.",
            "The app's Cancel button and account deletion do not stop a subscription bought in a store.",
            "Slots are sold by order count, ignoring weight, floors and driving time.",
            "A carrier's strike at the port held all parcels from abroad.",
            "Frozen goods for all slots after 14:00 are loaded at 13:00 although cool packs last four hours.",
            "Apple, Google and e-mail sign-in make separate accounts that are never merged.",
            "Sellers' packaging is accepted unchecked.",
        ),
        steps=(
            (
                "The order came a day after the day the customer was promised.",
                "Tell the customer the new day.",
            ),
            ("The order form promised a day that could no longer be met when the customer paid.", None),
            ("The promised day is fixed when the basket is opened and is not worked out again.", None),
            (
                "Checkout keeps the delivery day from basket opening although payment came after the cut-off.",
                "Work out the promised day again at payment and show the change before the customer pays.",
            ),
        ),
        stated="It said Tuesday when I started and Tuesday when I paid, and it came on Wednesday.",
        quotes=(
            "I paid at ten past four and the page still said tomorrow. Nobody came. I had taken the day off for this!",
            "Second time this month. The app says delivered Tuesday, the parcel left the hub on Wednesday.",
            "why do you promise a day you can not keep\nI would have ordered elsewhere",
        ),
        changes=("Show the cut-off hour beside the promised day.", "Send a message when the day moves."),
        reason="the model's answer broke a rule three times: a quote is not in the complaint",
        shots="all 120",
        note="12 examples are older than a year",
        residue="The promotional code in the spring leaflet was printed with a letter O instead of a zero",
        notes=(
            "The file's encoding was taken to be windows-1252.",
            "3 rows hold more than 4,000 characters.",
        ),
        next=("rootcause backlog 7f3a --team checkout", "Label the 9 causes that merged with nothing."),
        signs=("I have written to the ombudsman.", "This is the third time I write.", "You owe me 40 for the taxi."),
    ),
    "ru": Told(
        titles=("Доставка продуктов и посылок", "Платный вход и сохранённые рецепты в приложении"),
        teams=("Оформление заказа", "Сборка и учёт остатков", "Сообщения клиентам"),
        causes=(
            "Форма заказа хранит день доставки с момента открытия корзины, хотя оплата пришла после часа отсечки.",
            "Политика сообщений не разрешает предупреждать, что после подписки вход станет платным.",
            "Приложение сборщика подбирает замену по полке и цене и не видит отказов, пометок и диет.",
            "Возвраты свыше 3000 ₽ ждут еженедельного заседания финансистов.",
            "Повторный и быстрый заказ берут первую карточку адреса, которую правка профиля не меняет.",
            "Телефон курьера перестаёт дозваниваться: подменный номер гаснет вместе с интервалом.",
            "Кнопка «Отменить» и удаление учётной записи не останавливают подписку, купленную в магазине.",
            "Интервалы продают по числу заказов, не считая веса, этажей и времени в пути.",
            "Забастовка перевозчика в порту задержала все посылки из-за границы.",
            "Заморозку для всех интервалов после 14:00 грузят в 13:00, хотя холод держится четыре часа.",
            "Вход через Apple, Google и почту создаёт разные учётные записи, которые никогда не объединяют.",
            "Упаковку продавцов принимают без проверки.",
        ),
        steps=(
            ("Заказ привезли на день позже обещанного.", "Сообщить клиенту новый день."),
            ("В форме заказа стоял день, который к моменту оплаты уже был невозможен.", None),
            ("Обещанный день закрепляется при открытии корзины и больше не пересчитывается.", None),
            (
                "Форма заказа хранит день доставки с момента открытия корзины, хотя оплата пришла после часа отсечки.",
                "Пересчитывать обещанный день при оплате и показывать изменение до того, как клиент заплатит.",
            ),
        ),
        stated="Когда начинал — вторник, когда платил — вторник, а привезли в среду.",
        quotes=(
            "Оплатил в 16:10, на странице всё ещё было «завтра». Никто не приехал, а я отпросился с работы!",
            "Второй раз за месяц. В приложении «доставим во вторник», а посылка выехала только в среду.",
            "зачем обещать день, который не можете выдержать\nзаказал бы в другом месте",
        ),
        changes=(
            "Показывать час отсечки рядом с обещанным днём.",
            "Присылать сообщение, если день сдвинулся.",
        ),
        reason="ответ модели трижды нарушил правило: цитаты нет в тексте жалобы",
        shots="все 120",
        note="12 примеров старше года",
        residue="В промокоде весенней листовки вместо нуля напечатана буква О",
        notes=("Кодировка файла определена как windows-1251.", "В 3 строках больше 4000 знаков."),
        next=("rootcause backlog 7f3a --team checkout", "Разметьте 9 причин, ни с чем не объединённых."),
        signs=("Я написал в Роспотребнадзор.", "Пишу вам третий раз.", "Вы должны мне 400 рублей за такси."),
    ),
}

SIZES = (96, 71, 55, 41, 33, 27, 21, 17, 12, 9, 6, 4)
RESIDUE = 9
TOPICS = ("delivery", "subscription-access")
STRATA = (
    Stratum(topic=TOPICS[0], population=900, sampled=300),
    Stratum(topic=TOPICS[1], population=320, sampled=160),
)
FAILED, NOTHING, SKIPPED = 14, 31, 20
ANSWERED = 460 - FAILED - NOTHING
RISING, VANISHED = 3, 4  # ranks of the causes that move
PRICES = Economics.model_validate(
    {
        "currency": "EUR",
        "contact": {"default": 4.0, "phone": 7.5},
        "repeat": {"default": 9.0},
        "customer_a_year": 350.0,
        "leaving": {"low": 0.05, "medium": 0.15, "high": 0.4},
        "exposure": {"unit": "orders", "a_month": 42_000.0},
        "countermeasures": [{"cause": "cause-number-1", "cost": 9000.0, "removes": 0.7}],
    }
)

# The answered rows in the order in which the causes take them, and the rank of the cause that each row has.
ORDER = sorted(range(1, ANSWERED + 1), key=lambda number: number * 7919 % 460)
RANK = {number: rank for rank, last in reversed(list(enumerate(accumulate(SIZES), 1))) for number in ORDER[:last]}


def board_report(language: str, *, hostile: bool = False, complete: float = 0.97) -> RunReport:
    """A run of 460 of 1,240 rows with 12 causes. With `hostile`, every text a stranger controls attacks."""
    words = TEXTS[language]
    attacks = cycle(HOSTILE)
    complaints = [_complaint(number, attacks if hostile else None) for number in range(1, 461)]
    answered = complaints[:ANSWERED]
    drawn = _dealt(answered)
    causes = tuple(_ranked(language, rank, rows) for rank, rows in enumerate(drawn, 1))
    residue = tuple(_alone(language, number, answered[-number]) for number in range(1, RESIDUE + 1))
    if hostile:
        causes = tuple(_attacked(cause, attacks) for cause in causes)
    refs = {(ref.outcome, ref.index) for ranked in (*causes, *residue) for ref in ranked.cause.chains}
    return RunReport(
        run_id="7f3a",
        started=dt.datetime(2026, 11, 22, 14, 3, tzinfo=dt.UTC),
        version="0.1.0",
        source=f"{SCRIPT}.csv" if hostile else "complaints.csv",
        language=language,
        model=ModelInfo(name="gpt-5-mini", endpoint="https://api.example.com/v1", local=False, context=400_000),
        columns=Columns(text="text", topic="topic", id="id", date="date", channel="channel", customer="customer"),
        topics=tuple(
            TopicUse(
                topic=topic,
                title=title,
                rows=rows,
                examples=120,
                shots=words.shots,
                pack_sha256="ab" * 32,
                note=note,
            )
            for topic, title, rows, note in zip(TOPICS, words.titles, (900, 320), (None, words.note), strict=True)
        ),
        frame=frame_of(complaints),
        sample=Sample(seed=20261122, strata=STRATA, complaints=tuple(complaints), margin=0.0421),
        ranking=Ranking(
            population=1220,
            base=446,
            explained=415,
            nothing=NOTHING,
            effective_n=437.6,
            causes=causes,
            residue=residue,
        ),
        outcomes=tuple(_outcome(language, one, refs, attacks if hostile else None) for one in complaints),
        ledger=tuple(_ledger(complaints, words.reason, next(attacks) if hostile else "")),
        cost=CostReport(
            used=Usage(calls=489, prompt=9_412_331, completion=301_220, cached=8_730_112),
            retried=29,
            failed=14,
            from_store=12,
            price=3.4127,
            currency="USD",
            seconds=412.4,
        ),
        complete=complete,
        min_complete=0.9,
        notes=(*words.notes, *(HOSTILE if hostile else ())),
        next_steps=(*words.next, *(HOSTILE[:1] if hostile else ())),
    )


@cache
def board_findings(language: str, *, hostile: bool = False, labelled: int = 0, prices: bool = True) -> Findings:
    """What the program finds in that run. labelled: rows that a person has labelled, every tenth of them with another cause."""
    report = board_report(language, hostile=hostile)
    return find(report, economics=PRICES if prices else None, labels=_labels(report, labelled))


def _labels(report: RunReport, rows: int) -> Labels:
    cause_of = {row: ranked.cause.id for ranked in report.ranking.causes for row in ranked.row_ids}
    last = report.ranking.causes[-1].cause.id
    drawn = [row.id for row in report.sample.complaints if row.id in cause_of][:rows]
    return Labels(rows=tuple((row, (cause_of[row] if place % 10 else last,)) for place, row in enumerate(drawn)))


def _complaint(number: int, attacks: Iterator[str] | None) -> Complaint:
    """Half a year of complaints: one cause came up in its last two months, one was gone after its first three."""
    day = {RISING: 122 + number % 61, VANISHED: number % 91}.get(RANK.get(number, 0), number * 37 % 183)
    again, attack = number % 57 == 0, attacks is not None and number % 40 == 7
    row_id = f"C-{number:04}"
    return Complaint(
        row=number,
        line=number + 1,
        id=f"{row_id} {next(attacks)}" if attacks and attack else row_id,
        text=f"text {number}",
        topic=TOPICS[0] if number <= 300 else TOPICS[1],
        date=dt.date(2026, 4, 1) + dt.timedelta(days=day),
        channel="phone" if number % 3 else "app",
        customer=f"{next(attacks)} K"
        if attacks and (attack or again)
        else f"K-{number % 57 or 'again'}"
        if again
        else f"K-{number}",
        amount=49.9 if number % 40 == 7 else None,
    )


def _dealt(rows: list[Complaint]) -> list[list[Complaint]]:
    """Rows for each cause, all over both topics."""
    by_number = {row.row: row for row in rows}
    return [[by_number[number] for number in ORDER if RANK.get(number) == rank] for rank in range(1, len(SIZES) + 1)]


def _wilson(share: float, n: int = 446, z: float = 1.96) -> tuple[float, float]:
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def _share(rows: list[Complaint]) -> float:
    return sum(3 if row.topic == TOPICS[0] else 2 for row in rows) / 1220


def chain_of(language: str, cause: str, root: str | None = None) -> Chain:
    """root: the last step, where it is another one than that of the texts."""
    words = TEXTS[language]
    bases = (
        (Basis.STATED, words.stated),
        (Basis.PRECEDENT, "delivery-017"),
        (Basis.INFERRED, None),
        (Basis.INFERRED, None),
    )
    steps = [
        Step(cause=text, basis=basis, evidence=evidence, countermeasure=change)
        for (text, change), (basis, evidence) in zip(words.steps, bases, strict=True)
    ]
    last = steps[-1].model_copy(update={"cause": root}) if root else steps[-1]
    return Chain(steps=(*steps[:-1], last), cause=cause)


def _ranked(language: str, rank: int, rows: list[Complaint]) -> RankedCause:
    words, share = TEXTS[language], _share(rows)
    low, high = _wilson(share)
    cause_id = "new-3f9c" if rank == 5 else f"cause-number-{rank}"
    root = words.steps[-1][1]
    return RankedCause(
        rank=rank,
        cause=Cause(
            id=cause_id,
            name=words.causes[rank - 1],
            topic=TOPICS[rank % 2],
            new=rank in (5, 8),
            residue=False,
            controllable=rank != 9,
            team=None if rank == 5 else words.teams[rank % 3],
            chains=tuple(ChainRef(outcome=row.id, index=0) for row in rows),
            usual_countermeasure=f"{words.changes[rank % 2]} ({rank})",
            effort=Effort.M if rank % 2 else Effort.S,
        ),
        complaints=len(rows),
        weighted=share * 1220,
        share=share,
        low=low,
        high=high,
        quotes=tuple(Quote(row_id=row.id, text=text) for row, text in zip(rows, words.quotes, strict=False)),
        countermeasures=(
            Countermeasure(level=1, text=words.changes[0], count=len(rows) // 2),
            Countermeasure(level=2, text=words.changes[1], count=len(rows) // 3),
            Countermeasure(level=4, text=str(root), count=len(rows)),
        ),
        typical=chain_of(language, cause_id),
        typical_row=rows[0].id,
        row_ids=tuple(row.id for row in rows),
    )


def _alone(language: str, number: int, row: Complaint) -> RankedCause:
    low, high = _wilson(_share([row]))
    return RankedCause(
        rank=12 + number,
        cause=Cause(
            id=f"new-{number:04x}",
            name=f"{TEXTS[language].residue} ({number})",
            topic=row.topic,
            new=True,
            residue=True,
            controllable=True,
            team=None,
            chains=(ChainRef(outcome=row.id, index=1),),
        ),
        complaints=1,
        weighted=3.0,
        share=_share([row]),
        low=low,
        high=high,
        quotes=(),
        countermeasures=(),
        typical=chain_of(language, "new"),
        typical_row=row.id,
        row_ids=(row.id,),
    )


def _attacked(ranked: RankedCause, attacks: Iterator[str]) -> RankedCause:
    """The same cause with an attack in every text."""
    attack = next(attacks)
    steps = [
        Step(
            cause=f"{step.cause} {next(attacks)}",
            basis=step.basis,
            evidence=step.evidence and next(attacks),
            countermeasure=next(attacks),
        )
        for step in ranked.typical.steps
    ]
    return ranked.model_copy(
        update={
            "cause": ranked.cause.model_copy(
                update={
                    "name": f"{attack} {ranked.cause.name}",
                    "id": f"{next(attacks)} {ranked.rank}",
                    "team": next(attacks),
                    "usual_countermeasure": f"{next(attacks)} {ranked.rank}",
                }
            ),
            "quotes": tuple(Quote(row_id=attack, text=next(attacks) * 9) for _ in range(3)),
            "countermeasures": tuple(one.model_copy(update={"text": next(attacks)}) for one in ranked.countermeasures),
            "typical": Chain(steps=tuple(steps), cause=attack),
            "typical_row": next(attacks),
        }
    )


def _outcome(language: str, row: Complaint, refs: set[tuple[str, int]], attacks: Iterator[str] | None) -> Outcome:
    if row.row > 460 - FAILED:
        failure = Failure(kind="rule", message="a quote is not in the complaint")
        return Outcome(topic=row.topic, rows=(row,), answer=None, failure=failure, attempts=3)
    if row.row > ANSWERED:
        answer = Answer(nothing_to_explain=NothingReason.PRAISE, chains=())
    else:
        rank = RANK.get(row.row)
        main = chain_of(language, "new", TEXTS[language].causes[rank - 1] if rank else None)
        if attacks and row.row % 9 == 0:
            attack = next(attacks)
            steps = (step.model_copy(update={"cause": f"{attack} {step.cause}", "countermeasure": attack}) for step in main.steps)
            main = Chain(steps=tuple(steps), cause="new")
        chains = (main, chain_of(language, "new")) if (row.id, 1) in refs else (main,)
        answer = Answer(nothing_to_explain=None, chains=chains, signs=_signs(language, row.row, attacks))
    return Outcome(topic=row.topic, rows=(row,), answer=answer, failure=None, attempts=1)


def _signs(language: str, number: int, attacks: Iterator[str] | None) -> tuple[Sign, ...]:
    """Of every fortieth row a grave one, of others a lighter one."""
    said = {
        SignKind.REGULATOR: number % 40 == 7,
        SignKind.REPEAT: number % 31 == 3 or number % 57 == 0,
        SignKind.LOSS: number % 29 == 5,
    }
    quotes = zip(said, TEXTS[language].signs, strict=True)
    return tuple(Sign(kind=kind, quote=next(attacks) if attacks else quote) for kind, quote in quotes if said[kind])


def _ledger(complaints: list[Complaint], reason: str, attack: str) -> Iterator[LedgerRow]:
    for row in complaints:
        fate = Fate.ANALYSED if row.row <= ANSWERED else Fate.NOTHING
        fate = Fate.FAILED if row.row > len(complaints) - FAILED else fate
        weight = 3.0 if row.topic == TOPICS[0] else 2.0
        why = f"{reason} {attack}" if fate is Fate.FAILED else ""
        yield LedgerRow(row=row.row, line=row.line, id=row.id, topic=row.topic, fate=fate, reason=why, weight=weight)
    for number in range(461, 1241):
        fate = Fate.SKIPPED if number > 1240 - SKIPPED else Fate.NOT_SAMPLED
        why = "the text is empty" if fate is Fate.SKIPPED else ""
        yield LedgerRow(
            row=number,
            line=number + 1,
            id=f"C-{number:04}",
            topic=TOPICS[0],
            fate=fate,
            reason=why,
            weight=0.0,
        )
