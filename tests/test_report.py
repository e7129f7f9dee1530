"""What people rely on in the report: the numbers add up, nothing is hidden, foreign text stays text."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path

import pytest
from rich.console import Console

from rootcause.errors import UserError
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
    Step,
    Stratum,
    TopicUse,
    Usage,
)
from rootcause.report.clean import cell, clean
from rootcause.report.files import write
from rootcause.report.headline import headline
from rootcause.report.html import render
from rootcause.report.pareto import pareto, running_reach
from rootcause.report.terminal import show, show_chain
from rootcause.report.words import LANGUAGES, TABLE, words_for

REPORT_SOURCE = Path(__file__).parents[1] / "src" / "rootcause" / "report"

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


def board_report(language: str, *, hostile: bool = False, complete: float = 0.97) -> RunReport:
    """A run of 460 of 1,240 rows with 12 causes. With `hostile`, every text a stranger controls attacks."""
    words = TEXTS[language]
    complaints = [_complaint(number) for number in range(1, 461)]
    answered = complaints[: -(FAILED + NOTHING)]
    drawn = _dealt(answered)
    attacks = cycle(HOSTILE)
    causes = tuple(_ranked(language, rank, rows, answered) for rank, rows in enumerate(drawn, 1))
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
        columns=Columns(text="text", topic="topic", id="id"),
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
        outcomes=tuple(_outcome(language, one, refs) for one in complaints),
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


def _complaint(number: int) -> Complaint:
    topic = TOPICS[0] if number <= 300 else TOPICS[1]
    return Complaint(row=number, line=number + 1, id=f"C-{number:04}", text=f"text {number}", topic=topic)


def _dealt(rows: list[Complaint]) -> list[list[Complaint]]:
    """Rows for each cause, some in two of them, all over both topics."""
    order = cycle(sorted(rows, key=lambda row: row.row * 7919 % 460))
    return [[next(order) for _ in range(size)] for size in SIZES]


def _wilson(share: float, n: int = 446, z: float = 1.96) -> tuple[float, float]:
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def _share(rows: list[Complaint]) -> float:
    return sum(3 if row.topic == TOPICS[0] else 2 for row in rows) / 1220


def _chain(language: str, cause: str) -> Chain:
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
    return Chain(steps=tuple(steps), cause=cause)


def _ranked(language: str, rank: int, rows: list[Complaint], all_rows: list[Complaint]) -> RankedCause:
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
        typical=_chain(language, cause_id),
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
        typical=_chain(language, "new"),
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
                update={"name": f"{attack} {ranked.cause.name}", "id": next(attacks), "team": next(attacks)}
            ),
            "quotes": tuple(Quote(row_id=next(attacks), text=next(attacks) * 9) for _ in range(3)),
            "countermeasures": tuple(one.model_copy(update={"text": next(attacks)}) for one in ranked.countermeasures),
            "typical": Chain(steps=tuple(steps), cause=attack),
            "typical_row": next(attacks),
        }
    )


def _outcome(language: str, row: Complaint, refs: set[tuple[str, int]]) -> Outcome:
    answered = 460 - FAILED - NOTHING
    if row.row > 460 - FAILED:
        failure = Failure(kind="rule", message="a quote is not in the complaint")
        return Outcome(topic=row.topic, rows=(row,), answer=None, failure=failure, attempts=3)
    if row.row > answered:
        answer = Answer(nothing_to_explain=NothingReason.PRAISE, chains=())
    else:
        chains = [_chain(language, "new") for index in (0, 1) if index == 0 or (row.id, 1) in refs]
        answer = Answer(nothing_to_explain=None, chains=tuple(chains))
    return Outcome(topic=row.topic, rows=(row,), answer=answer, failure=None, attempts=1)


def _ledger(complaints: list[Complaint], reason: str, attack: str) -> Iterator[LedgerRow]:
    answered = len(complaints) - FAILED - NOTHING
    for row in complaints:
        fate = Fate.ANALYSED if row.row <= answered else Fate.NOTHING
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


# ── the page ──


class _Page(HTMLParser):
    """A page as its elements, to ask what a browser would build from it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_headline_names_the_largest_cause_with_share_interval_and_complaints() -> None:
    text = _Page(render(board_report("en"))).text
    assert "The largest cause is “Checkout keeps the delivery day from basket opening" in text
    assert "it stands behind 21% of complaints (95% interval 18–25%)" in text
    assert "found in 96 of the 446 complaints analysed." in text


def test_page_speaks_the_language_asked_for_and_english_otherwise() -> None:
    russian = render(board_report("ru"))
    assert '<html lang="ru">' in russian
    assert "за ней 21 % жалоб" in _Page(russian).text
    german = render(board_report("en").model_copy(update={"language": "de"}))
    assert '<html lang="en">' in german


def test_every_part_of_the_run_is_on_the_page(language: str) -> None:
    report = board_report(language)
    text = _Page(render(report)).text
    for ranked in report.ranking.causes:
        shown = [ranked.cause.name, ranked.cause.id, ranked.typical_row, *ranked.row_ids]
        shown += [step.cause for step in ranked.typical.steps]
        shown += [" ".join(quote.text.split()) for quote in ranked.quotes]
        shown += [change.text for change in ranked.countermeasures]
        assert [one for one in shown if one not in text] == []
    for alone in report.ranking.residue:
        assert alone.cause.name in text
    others = [*report.notes, report.model.name, report.model.endpoint, str(report.sample.seed), report.run_id]
    others += [use.title for use in report.topics]
    assert [one for one in others if one not in text] == []


def test_bases_are_told_apart() -> None:
    text = _Page(render(board_report("en"))).text
    assert "Stated by the customer It said Tuesday" in text
    assert "Known from a labelled example example delivery-017" in text
    assert "Inferred by the model" in text


def test_ledger_adds_up_to_the_rows_of_the_file() -> None:
    page = render(board_report("en"))
    table = page[page.index('id="ledger"') :].split("</table>")[0]
    *counts, total = [int(number.replace(",", "")) for number in re.findall(r'"count">([\d,]+)<', table)]
    assert sum(counts) == total == 1240


def test_failed_rows_are_listed_with_their_reasons() -> None:
    page = render(board_report("en"))
    assert page.count("broke a rule three times") == FAILED
    assert page.count("the text is empty") == SKIPPED


def test_long_list_of_failures_ends_with_where_the_rest_is() -> None:
    report = board_report("en")
    ledger = tuple(row.model_copy(update={"fate": Fate.SKIPPED}) for row in report.ledger)
    text = _Page(render(report.model_copy(update={"ledger": ledger}))).text
    assert "1,240 rows failed or were skipped" in text
    assert "1,040 more are in ledger.csv." in text


def test_partial_run_is_announced_before_anything_else() -> None:
    partial = _Page(render(board_report("en", complete=0.71))).text
    assert partial.index("This report is partial") < partial.index("The largest cause")
    assert "Only 71% of the sampled rows ended well; at least 90% were required." in partial
    whole = _Page(render(board_report("en"))).text
    assert "This report is partial" not in whole
    assert "Model-estimated, not audited" in whole


def test_residue_is_shown_with_its_size() -> None:
    assert "9 causes with 9 complaints behind them, 1.5% of all complaints" in _Page(render(board_report("en"))).text


def test_marks_of_new_and_uncontrollable_causes() -> None:
    page = render(board_report("en"))
    assert page.count('class="tag outside"') == 2, "in the chart and at the cause"
    assert page.count('class="tag new"') == 2 * 2 + RESIDUE


def test_census_claims_no_margin() -> None:
    report = board_report("en")
    strata = tuple(stratum.model_copy(update={"sampled": stratum.population}) for stratum in STRATA)
    sample = report.sample.model_copy(update={"strata": strata, "margin": 0.0})
    text = _Page(render(report.model_copy(update={"sample": sample}))).text
    assert "All 1,220 rows that could be analysed were taken" in text
    assert "±" not in text


@pytest.mark.parametrize("kept", ["residue", "nothing"])
def test_run_without_a_repeated_cause_still_gives_a_page(language: str, kept: str) -> None:
    report = board_report(language)
    fewer = {"causes": (), "residue": report.ranking.residue if kept == "residue" else ()}
    empty = report.model_copy(update={"ranking": report.ranking.model_copy(update=fewer)})
    page = _Page(render(empty))
    assert headline(empty, words_for(language)) in page.text
    assert {link["href"] for link in page.all("a")} <= {f"#{one.get('id')}" for _, one in page.elements}
    console, out = _console("utf-8")
    show(empty, console)
    assert headline(empty, words_for(language)) in " ".join(out().split())


def test_cost_that_is_unknown_is_not_zero() -> None:
    report = board_report("en")
    used = report.cost.used.model_copy(update={"cached": None})
    cost = report.cost.model_copy(update={"price": None, "used": used})
    text = _Page(render(report.model_copy(update={"cost": cost}))).text
    assert "Price unknown" in text
    assert "Of these cached not reported by the endpoint" in text


def test_page_says_where_the_texts_went() -> None:
    report = board_report("en")
    assert "were sent to https://api.example.com/v1" in render(report)
    local = report.model_copy(update={"model": report.model.model_copy(update={"local": True})})
    assert "the model ran on this computer" in render(local)


@pytest.mark.parametrize("hostile", [False, True])
def test_page_is_built_for_everyone(language: str, hostile: bool) -> None:
    page = _Page(render(board_report(language, hostile=hostile)))
    assert page.headings.count(1) == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps), "a heading level is skipped"
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"] for link in page.all("a")} <= {f"#{one}" for one in ids}
    assert {"main", "header", "footer", "nav"} <= {tag for tag, _ in page.elements}
    named = [one.get("aria-label") or one.get("aria-labelledby") for one in page.all("section") + page.all("table")]
    assert all(named)


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_text_stays_text(language: str) -> None:
    document = render(board_report(language, hostile=True))
    page = _Page(document)
    assert {"script", "img", "iframe"}.isdisjoint(tag for tag, _ in page.elements)
    attributes = [name for _, one in page.elements for name in one]
    assert [name for name in attributes if name.startswith("on") or name == "src"] == []
    assert all(str(link["href"]).startswith("#") for link in page.all("a"))
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", document) is None
    assert SCRIPT in page.text
    assert "{{ 7*7 }}" in page.text


def test_policy_forbids_everything_but_the_own_style() -> None:
    metas = _Page(render(board_report("en"))).all("meta")
    policy = next(str(one["content"]) for one in metas if one.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_page_can_be_mailed() -> None:
    assert len(render(board_report("ru", hostile=True)).encode()) < 1_500_000


def test_very_long_quote_is_cut_openly() -> None:
    report = board_report("en")
    first = report.ranking.causes[0]
    long = first.model_copy(update={"quotes": (Quote(row_id="C-1", text="word " * 100_000),)})
    document = render(report.model_copy(update={"ranking": report.ranking.model_copy(update={"causes": (long,)})}))
    assert "[cut here: the whole text is in the file]" in document
    assert len(document) < 200_000


# ── the chart's numbers ──


def test_together_counts_a_complaint_with_two_causes_once() -> None:
    first, second, third = board_report("en").ranking.causes[:3]
    first = first.model_copy(update={"row_ids": ("a", "b"), "share": 0.4})
    second = second.model_copy(update={"row_ids": ("b", "c"), "share": 0.3})
    third = third.model_copy(update={"row_ids": ("a", "b", "c"), "share": 0.6})
    weights = {"a": 1.0, "b": 1.0, "c": 2.0}
    assert running_reach([first, second, third], weights) == pytest.approx([0.4, 0.6, 0.6])


def test_bars_end_within_the_scale_and_the_rest_is_one_bar() -> None:
    report = board_report("en")
    many = tuple(report.ranking.causes[i % 12].model_copy(update={"rank": i + 1}) for i in range(30))
    chart = pareto(report.model_copy(update={"ranking": report.ranking.model_copy(update={"causes": many})}))
    assert len(chart.bars) == 20
    assert chart.rest is not None
    assert chart.rest.causes == 10
    assert max(chart.at(bar.ranked.high) for bar in chart.bars) <= 100


# ── words ──


def test_russian_plurals() -> None:
    words = words_for("ru")
    said = [words("complaints", count=count) for count in (1, 2, 5, 11, 21, 22, 112)]
    assert said == ["1 жалоба", "2 жалобы", "5 жалоб", "11 жалоб", "21 жалоба", "22 жалобы", "112 жалоб"]


@pytest.mark.parametrize(
    ("share", "english", "russian"),
    [
        (0.0, "0%", "0 %"), (0.00004, "0.1%", "0,1 %"), (0.0234, "2.3%", "2,3 %"), (0.0994, "9.9%", "9,9 %"),
        (0.0996, "10%", "10 %"), (0.314, "31%", "31 %"), (0.9999, "99.9%", "99,9 %"), (1.0, "100%", "100 %"),
    ],
)  # fmt: skip
def test_percent(share: float, english: str, russian: str) -> None:
    assert words_for("en").percent(share) == english
    assert words_for("ru").percent(share).replace("\u00a0", " ") == russian


def test_price_and_time() -> None:
    words = words_for("en")
    assert words.price(0.0004, "USD") == "less than $0.01"
    assert words.price(0.0, "USD") == "$0.00"
    assert words.duration(412) == "6 min 52 s"
    assert words.duration(3.21) == "3.2 s"


@pytest.mark.parametrize("key", sorted(TABLE))
def test_both_languages_say_the_same(key: str) -> None:
    forms = [[form] if isinstance(form, str) else list(form.values()) for form in TABLE[key]]
    fields = [{name for one in form for _, name, _, _ in string.Formatter().parse(one) if name} for form in forms]
    assert fields[0] == fields[1]


def test_every_wording_is_used() -> None:
    sources = [path for path in REPORT_SOURCE.rglob("*") if path.suffix in (".py", ".j2") and path.name != "words.py"]
    asked = "\n".join(path.read_text("utf-8") for path in sources)
    asked += (REPORT_SOURCE / "words.py").read_text("utf-8").split("TABLE: Mapping")[0]
    built = {f"fate:{fate.value}" for fate in Fate} | {f"nothing:{one.value}" for one in NothingReason}
    built |= {basis.value for basis in Basis} | {key for key in TABLE if key.endswith("_title")}
    assert {key for key in TABLE if f'"{key}"' not in asked and f"'{key}'" not in asked} - built == set()


# ── files ──


def _rows(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_files_hold_the_run(tmp_path: Path) -> None:
    report = board_report("ru")
    write(report, tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert sorted(path.name for path in folder.iterdir()) == [
        "causes.csv", "chains.jsonl", "ledger.csv", "report.html",
    ]  # fmt: skip
    assert (folder / "causes.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    causes = _rows(folder / "causes.csv")
    assert len(causes) == len(SIZES) + RESIDUE
    assert causes[0]["name"] == TEXTS["ru"].causes[0]
    assert causes[0]["row_ids"].split() == list(report.ranking.causes[0].row_ids)
    assert len(_rows(folder / "ledger.csv")) == 1240


def test_chains_carry_the_cause_each_was_merged_into(tmp_path: Path) -> None:
    report = board_report("en")
    write(report, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "chains.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == len(report.outcomes)
    by_row = {line["rows"][0]: line for line in lines}
    alone = report.ranking.residue[0]
    assert by_row[alone.row_ids[0]]["causes"][1] == alone.cause.id
    assert sum(line["failure"] is not None for line in lines) == FAILED
    assert all((line["answer"] is None) != (line["failure"] is None) for line in lines)


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))
def test_no_cell_is_a_formula_and_the_guard_can_be_undone(start: str) -> None:
    text = f"{start}cmd|' /C calc'!A0"
    assert cell(text) == "'" + clean(text)
    assert cell(f"'{text}")[1:] == clean(f"'{text}")


def test_ordinary_cells_stay_as_they_are() -> None:
    assert [cell(text) for text in ("a=b", "'tis", "", "5-6")] == ["a=b", "'tis", "", "5-6"]


def test_hostile_cells_in_the_files(tmp_path: Path) -> None:
    report = board_report("en")
    row = report.ledger[0].model_copy(update={"id": '=HYPERLINK("https://evil.example")', "reason": "\x1b[2J"})
    write(report.model_copy(update={"ledger": (row,)}), tmp_path)
    shown = _rows(tmp_path / "ledger.csv")[0]
    assert shown["id"] == '\'=HYPERLINK("https://evil.example")'
    assert b"\x1b" not in (tmp_path / "ledger.csv").read_bytes()


def test_failed_write_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = board_report("en")
    write(report, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        write(report.model_copy(update={"run_id": "other"}), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_folder_that_is_a_file_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(UserError, match="choose another folder"):
        write(board_report("en"), tmp_path / "taken")


# ── the terminal ──


def _console(encoding: str, *, width: int | None = None, terminal: bool = False) -> tuple[Console, Callable[[], str]]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)

    def out() -> str:
        file.flush()
        return raw.getvalue().decode(encoding)

    return Console(file=file, width=width, force_terminal=terminal, no_color=terminal), out


@pytest.mark.parametrize("encoding", ["utf-8", "cp866", "cp1251", "ascii"])
def test_old_consoles_and_pipes_show_everything_in_80_columns(language: str, encoding: str) -> None:
    console, out = _console(encoding, width=200)
    show(board_report(language), console)
    table = out().split("\n\n")[0]
    assert max(len(line) for line in table.splitlines()) <= 80
    assert "96" in table
    assert "21" in table
    assert "delivery" in table


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_control_character_of_a_text_reaches_the_terminal(encoding: str) -> None:
    report = board_report("en", hostile=True)
    console, out = _console(encoding)
    show(report, console)
    for ranked in report.ranking.causes:
        show_chain(Answer(nothing_to_explain=None, chains=(ranked.typical,)), console, "en")
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out()) is None


def test_rich_markup_in_a_text_is_text() -> None:
    report = board_report("en")
    chain = Chain(
        steps=(Step(cause="[red]x[/red] :smile:", basis=Basis.INFERRED, evidence=None, countermeasure=None),),
        cause="new",
    )
    console, out = _console("utf-8")
    show_chain(Answer(nothing_to_explain=None, chains=(chain,)), console, report.language)
    assert "[red]x[/red] :smile:" in out()


def test_no_color_is_honoured() -> None:
    console, out = _console("utf-8", width=80, terminal=True)
    show(board_report("en"), console)
    assert re.search(r"\x1b\[[\d;]*3[0-7]", out()) is None


def test_terminal_shows_warning_ranking_chain_residue_cost_and_next_steps() -> None:
    console, out = _console("utf-8")
    show(board_report("en", complete=0.71), console)
    text = out()
    parts = [
        "This report is partial.",
        "21% (18–25%)",
        "Typical chain",
        "Merged with nothing: 9 causes",
        "$3.41",
        "Next:",
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert text.split("Typical chain")[0].count(" new ") == 2


def test_command_in_a_next_step_is_not_broken() -> None:
    command = "rootcause backlog 7f3a " + "--team checkout " * 12
    console, out = _console("utf-8")
    show(board_report("en").model_copy(update={"next_steps": (command,)}), console)
    assert command.strip() in out()


def test_chains_of_one_complaint(language: str) -> None:
    chain = _chain(language, "x")
    console, out = _console("utf-8")
    show_chain(Answer(nothing_to_explain=None, chains=(chain, chain)), console, language)
    text = " ".join(out().split())
    words = words_for(language)
    assert text.count(words("complaint")) == 2
    for shown in ("1. ", "delivery-017", words("inferred"), words("countermeasure")):
        assert shown in text


@pytest.mark.parametrize("reason", list(NothingReason))
def test_nothing_to_explain_is_said(language: str, reason: NothingReason) -> None:
    console, out = _console("utf-8")
    show_chain(Answer(nothing_to_explain=reason, chains=()), console, language)
    assert out().strip() == words_for(language)(f"nothing:{reason.value}")
