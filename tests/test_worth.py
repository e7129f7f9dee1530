"""Money a month: every figure can be recomputed by hand, nothing is claimed without a sign, and the user's slips are named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from gold_run import Row, complaint, report_of

from rootcause.economics import Economics, Exposure
from rootcause.errors import InputError, SettingsError
from rootcause.findings.observe import observe
from rootcause.findings.values import Economy, Worth
from rootcause.findings.worth import economy, missing
from rootcause.ingest import read
from rootcause.ingest.frame import frame_of
from rootcause.models import RunReport, Sign, SignKind, Stratum
from rootcause.settings import resolve

LEAVES = Sign(kind=SignKind.LEAVING, quote="You have lost me")
GOES_TO_COURT = Sign(kind=SignKind.REGULATOR, quote="See you in court")
PRICES = Economics.model_validate(
    {
        "currency": "EUR",
        "contact": {"phone": 8.0, "default": 3.0},
        "repeat": {"Phone": 12.0},
        "customer_a_year": 1000.0,
        "leaving": {"medium": 0.2, "high": 0.5},
    }
)
MONTHS = 61 / (365.25 / 12)


def two_months() -> list[Row]:
    """1 March to 30 April: 61 days."""

    def row(number: int, day: str, causes: tuple[str, ...], *signs: Sign, **fields: object) -> Row:
        return Row(complaint=complaint(number, date=dt.date.fromisoformat(day), **fields), causes=causes, signs=signs)

    return [
        row(1, "2026-03-01", ("late",), channel="phone", customer="A"),
        row(2, "2026-03-09", ("late",), LEAVES, channel="Phone ", customer="A"),
        row(3, "2026-03-20", ("late", "rude"), channel="chat", customer="B"),
        row(4, "2026-04-02", ("rude",), GOES_TO_COURT, channel="phone", customer="B"),
        row(5, "2026-04-10", ("rude",), GOES_TO_COURT, customer="B"),
        row(6, "2026-04-30", (), channel="phone", customer="B"),
    ]


def worth_of(found: Economy | None, cause: str) -> Worth:
    assert found is not None
    return next(one for one in found.worth if one.cause == cause)


def computed(report: RunReport, prices: Economics = PRICES) -> Economy:
    found = economy(report, observe(report), prices)
    assert found is not None
    return found


def test_a_census_is_worth_what_one_adds_up_by_hand() -> None:
    found = computed(report_of(two_months()))
    assert found.months == pytest.approx(MONTHS)
    late, rude = worth_of(found, "late"), worth_of(found, "rude")
    # late: 8 + a repeat by phone 12 + chat 3, and A leaves with 0.2.
    assert late.contacts.value == pytest.approx(3 / MONTHS)
    assert late.repeats == pytest.approx(1 / MONTHS)
    assert late.of_contacts == pytest.approx(11 / MONTHS)
    assert late.of_repeats == pytest.approx(12 / MONTHS)
    assert late.of_leaving == pytest.approx(200 / MONTHS)
    assert late.cost.value == pytest.approx(223 / MONTHS)
    # rude: chat 3 + a repeat by phone 12 + a repeat without a channel, which costs what a first contact does, 3; B leaves once.
    assert rude.cost.value == pytest.approx((3 + 12 + 3 + 500) / MONTHS)
    assert rude.of_leaving == pytest.approx(500 / MONTHS), "a customer is lost once, however often they threaten"
    # The complaint with both causes counts once in the total, praise not at all.
    assert found.total.value == pytest.approx((8 + 12 + 3 + 12 + 3 + 700) / MONTHS)
    assert (late.cost.low, late.cost.high) == pytest.approx((late.cost.value, late.cost.value)), "a census has no sampling error"
    assert late.cost.value == pytest.approx(late.of_contacts + late.of_repeats + late.of_leaving)


def test_no_sign_no_claim() -> None:
    rows = [Row(complaint=row.complaint, causes=row.causes) for row in two_months()]
    found = computed(report_of(rows))
    assert all(one.of_leaving == 0 for one in found.worth)
    assert any("(6)" in said and "sign" in said for said in found.assumptions)


def test_a_channel_without_a_price_is_named() -> None:
    prices = Economics.model_validate({"currency": "EUR", "contact": {"phone": 8.0}})
    found = computed(report_of(two_months()), prices)
    assert any("(—, chat; 2 rows)" in said for said in found.assumptions)
    assert worth_of(found, "rude").of_contacts == 0


def test_earlier_rows_that_were_not_analysed_count_with_the_chance_seen_among_the_others() -> None:
    """Of three pairs of one customer's rows two are on the same matter, so C's earlier row is one with chance 2/3."""

    file = [complaint(n, date=dt.date(2026, 3, n), channel="phone", customer=c) for n, c in enumerate("AABBDDCC", start=1)]
    causes = {1: "x", 2: "x", 3: "y", 4: "y", 5: "x", 6: "y", 8: "z"}
    rows = [Row(complaint=file[n - 1], causes=(cause,)) for n, cause in causes.items()]
    report = report_of(rows, file=file, strata=(Stratum(topic=None, population=8, sampled=7),))
    found = computed(report)
    z = worth_of(found, "z")
    assert z.repeats == pytest.approx(z.contacts.value * 2 / 3)
    assert z.of_repeats == pytest.approx(z.contacts.value * 2 / 3 * 12)
    assert any("67%" in said for said in found.assumptions)
    y = worth_of(found, "y")
    assert y.repeats == pytest.approx(y.contacts.value / 3), "B's second row is a repeat; D wrote before on another matter"


def test_a_sampled_customer_stands_for_fewer_the_more_they_wrote() -> None:
    """One row in four drawn. C wrote twice and would have been drawn with 1 - (3/4)²: they stand for 2.29 customers, D for 4."""
    file = [complaint(n, date=dt.date(2026, 3, n), customer="C" if n in (1, 2) else f"D{n}") for n in range(1, 9)]
    rows = [
        Row(complaint=file[0], causes=("often",), signs=(LEAVES,)),
        Row(complaint=file[7], causes=("once",), signs=(LEAVES,)),
    ]
    report = report_of(rows, file=file, strata=(Stratum(topic=None, population=8, sampled=2),))
    found = computed(report)
    assert found.months == pytest.approx(8 / (365.25 / 12))
    assert worth_of(found, "once").of_leaving == pytest.approx(4 * 200 / found.months)
    assert worth_of(found, "often").of_leaving == pytest.approx(200 / (1 - 0.75**2) / found.months)


def test_without_dates_there_is_no_month_and_the_user_is_told() -> None:
    report = report_of([Row(complaint=complaint(n), causes=("a",)) for n in range(1, 5)])
    assert economy(report, observe(report), PRICES) is None
    assert "--date" in (missing(report, PRICES) or "")
    dated = report_of(two_months())
    assert missing(dated, PRICES) is None
    assert economy(dated, observe(dated), None) is None
    russian = report.model_copy(update={"language": "ru"})
    assert "столбец" in (missing(russian, PRICES) or "")


def test_a_corrected_share_corrects_the_money() -> None:
    report = report_of(two_months())
    causes = tuple(
        one.model_copy(update={"share": one.share / 2, "low": one.share / 4, "high": one.share}) for one in report.ranking.causes
    )
    audited = report.model_copy(update={"ranking": report.ranking.model_copy(update={"causes": causes})})
    plain, corrected = (worth_of(economy(one, observe(report), PRICES), "late") for one in (report, audited))
    assert corrected.cost.value == pytest.approx(plain.cost.value / 2)
    assert corrected.cost.low < corrected.cost.value < corrected.cost.high


def test_the_interval_of_the_cost_covers_it() -> None:
    """2,000 rows whose costs are as uneven as channels are; 200 samples of 150, of which 95 % must hold the true cost."""
    rng = np.random.default_rng(17)
    channels = ["chat", "form", "phone", "visit"]
    prices = Economics.model_validate({"currency": "EUR", "contact": {"chat": 2, "form": 3, "phone": 9, "visit": 60}})
    day = [dt.date(2026, 1, 1) + dt.timedelta(days=int(n)) for n in rng.integers(0, 90, 2000)]
    file = [complaint(n, date=day[n - 1], channel=str(rng.choice(channels, p=[0.4, 0.3, 0.25, 0.05]))) for n in range(1, 2001)]
    has = rng.random(2000) < 0.2
    months = ((max(day) - min(day)).days + 1) / (365.25 / 12)
    costs = np.array([prices.contact[one.channel or ""] for one in file])
    truth = costs[has].sum() / months
    base = report_of([Row(complaint=one, causes=()) for one in file[:1]], file=file)
    hits = 0
    for _ in range(200):
        drawn = np.sort(rng.choice(2000, 150, replace=False))
        rows = [Row(complaint=file[n], causes=("a",) if has[n] else ()) for n in drawn]
        report = report_of(rows, strata=(Stratum(topic=None, population=2000, sampled=150),))
        cost = worth_of(computed(report.model_copy(update={"frame": base.frame}), prices), "a").cost
        hits += cost.low <= truth <= cost.high
    assert 178 <= hits <= 198, "93 % were seen of many more samples; fewer than 178 of 200 come less than once in 50 times"


# ── exposure ──────────────────────────────────────────────────────────────────────────────────────


def test_complaints_are_set_against_what_could_have_gone_wrong() -> None:
    report = report_of(two_months())
    flat = computed(report, PRICES.model_copy(update={"exposure": Exposure(unit="orders", a_month=2000)}))
    assert flat.exposure_a_month == 2000
    late = worth_of(flat, "late")
    assert late.per_exposure is not None
    assert late.per_exposure.value == pytest.approx(late.contacts.value / 2)
    by_month = computed(report, PRICES.model_copy(update={"exposure": Exposure(unit="orders", months={"2026-03": 310})}))
    # April has no figure and counts as the mean of the others, here March's.
    assert by_month.exposure_a_month == pytest.approx(620 / MONTHS)
    assert computed(report).exposure_a_month is None
    assert worth_of(computed(report), "late").per_exposure is None


def test_a_month_the_file_covers_in_part_counts_in_part() -> None:
    rows = [row for row in two_months() if row.complaint.row in (3, 4)]  # 20 March to 2 April: 12 and 2 days
    prices = PRICES.model_copy(update={"exposure": Exposure(unit="orders", months={"2026-03": 310, "2026-04": 600})})
    found = computed(report_of(rows), prices)
    assert found.exposure_a_month == pytest.approx((310 * 12 / 31 + 600 * 2 / 30) / found.months)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


FILE = """date,text,{header}
2026-03-01,The parcel came two days late again,{a}
2026-03-15,Nobody answered the door bell at all,{b}
2026-04-02,The driver left it in the rain outside,{c}
"""


def test_a_column_gives_the_exposure_of_its_month(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", FILE.format(header="orders_in_month", a=900, b="", c=1200))
    intake = read(path)
    assert intake.columns.exposure == "orders_in_month", "the header says it"
    frame = frame_of(intake.complaints)
    assert frame.exposure == (("2026-03", 900.0), ("2026-04", 1200.0))
    report = report_of([Row(complaint=one, causes=("late",)) for one in intake.complaints])
    report = report.model_copy(update={"columns": intake.columns})
    found = computed(report)
    assert found.exposure_unit == "orders_in_month"
    assert found.exposure_a_month == pytest.approx((900 + 1200 * 2 / 30) / found.months)
    stated = computed(report, PRICES.model_copy(update={"exposure": Exposure(unit="orders", a_month=7)}))
    assert stated.exposure_a_month == 7, "what the user states goes before the column"


@pytest.mark.parametrize("header", ["заказов за месяц", "Активных клиентов в месяце", "Monthly active users", "exposure"])
def test_headers_that_say_exposure(tmp_path: Path, header: str) -> None:
    assert read(write(tmp_path / "c.csv", FILE.format(header=header, a=900, b=900, c=1200))).columns.exposure == header


@pytest.mark.parametrize("header", ["orders", "customers", "amount", "клиенты", "Заказ", "month"])
def test_headers_that_do_not(tmp_path: Path, header: str) -> None:
    assert read(write(tmp_path / "c.csv", FILE.format(header=header, a=900, b=900, c=1200))).columns.exposure is None


def test_a_month_with_two_exposures_is_refused_when_named_and_left_out_when_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", FILE.format(header="orders_in_month", a=900, b=901, c=1200))
    with pytest.raises(InputError, match="lines 2 and 3: 'orders_in_month' gives 2026-03 two exposures, 900 and 901"):
        read(path, columns={"exposure": "orders_in_month"})
    intake = read(path)
    assert intake.columns.exposure is None
    assert intake.complaints[0].exposure is None
    assert any("two exposures" in note for note in intake.notes)
    with pytest.raises(InputError, match="not above 0"):
        read(write(tmp_path / "d.csv", FILE.format(header="n", a=0, b=1, c=2)), columns={"exposure": "n"})
    with pytest.raises(InputError, match="no row has a date"):
        read(write(tmp_path / "e.csv", "text,n\nThe parcel came late,5\n"), columns={"exposure": "n"})


# ── what the user may write ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("contact = {phone = -8}", "'economics.contact': a contact by 'phone' costs -8; give 0 or more"),
        ("contact = {Phone = 8, 'phone ' = 9}", "'Phone' and 'phone ' are one channel"),
        ("repeat = {chat = nan}", "a contact by 'chat' costs nan"),
        ("customer_a_year = 10\nleaving = {severe = 0.1}", "'severe' is no severity; they are low, medium, high"),
        ("customer_a_year = 10\nleaving = {high = 30}", "give a number from 0 to 1"),
        ("leaving = {high = 0.3}", "leaving needs customer_a_year as well"),
        ("customer_a_year = 10", "customer_a_year needs leaving as well"),
        ("exposure = {unit = 'orders'}", "say how many orders there are"),
        ("exposure = {unit = 'orders', months = {'April' = 5}}", 'write it as "2026-04"'),
        ("exposure = {unit = 'orders', months = {'2026-04' = 0}}", "the exposure of 2026-04 is 0; give a number above 0"),
        ("countermeasures = [{cost = 5}]", "needs its cause"),
        ("countermeasures = [{cause = 'late'}]", "needs its cost, or the share that it removes"),
        ("budget = -1", "economics.budget"),
        ("contakt = {phone = 1}", "economics.contakt"),
    ],
)
def test_a_slip_in_the_table_is_one_clear_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "rootcause.toml", f"[economics]\ncurrency = 'EUR'\n{table}\n")
    with pytest.raises(SettingsError) as error:
        resolve()
    assert says in str(error.value)
    assert "\n" not in str(error.value)
