"""What people rely on in the report: the numbers add up, nothing is hidden, foreign text stays text."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest
from board import FAILED, HOSTILE, RESIDUE, SCRIPT, SIZES, SKIPPED, STRATA, TEXTS, board_findings, board_report, chain_of
from cli import rows
from report_page import Page, console_of, page_of, rendered

from rootcause.errors import UserError
from rootcause.findings import find
from rootcause.findings.values import CauseMap, Findings
from rootcause.models import Answer, Basis, Chain, Fate, NothingReason, Quote, RunReport, Step, Team
from rootcause.report import words
from rootcause.report.clean import cell, clean
from rootcause.report.files import document, write
from rootcause.report.headline import headline
from rootcause.report.html import render
from rootcause.report.pareto import pareto, running_reach
from rootcause.report.terminal import point_to, show, show_chain
from rootcause.report.words import LANGUAGES, TABLE, words_for

REPORT_SOURCE = Path(__file__).parents[1] / "src" / "rootcause" / "report"


# ── the page ──


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_headline_names_the_largest_cause_with_share_interval_and_complaints() -> None:
    text = page_of().text
    assert "The largest cause is “Checkout keeps the delivery day from basket opening" in text
    assert "it stands behind 21% of complaints (95% interval 18–25%)" in text
    assert "found in 96 of the 446 complaints analysed." in text


def test_page_speaks_the_language_asked_for_and_english_otherwise() -> None:
    russian = rendered("ru")
    assert '<html lang="ru">' in russian
    assert "за ней 21 % жалоб" in Page(russian).text
    german = render(board_report("en").model_copy(update={"language": "de"}), board_findings("en"))
    assert '<html lang="en">' in german


def test_every_part_of_the_run_is_on_the_page(language: str) -> None:
    report = board_report(language)
    text = page_of(language).text
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
    text = page_of().text
    assert "Stated by the customer It said Tuesday" in text
    assert "Known from a labelled example example delivery-017" in text
    assert "Inferred by the model" in text


def test_ledger_adds_up_to_the_rows_of_the_file() -> None:
    page = rendered()
    table = page[page.index('id="ledger"') :].split("</table>")[0]
    *counts, total = [int(number.replace(",", "")) for number in re.findall(r'"count">([\d,]+)<', table)]
    assert sum(counts) == total == 1240


def test_failed_rows_are_listed_with_their_reasons() -> None:
    page = rendered()
    assert page.count("broke a rule three times") == FAILED
    assert page.count("the text is empty") == SKIPPED


def test_long_list_of_failures_ends_with_where_the_rest_is() -> None:
    report = board_report("en")
    ledger = tuple(row.model_copy(update={"fate": Fate.SKIPPED}) for row in report.ledger)
    text = Page(render(report.model_copy(update={"ledger": ledger}), board_findings("en"))).text
    assert "1,240 rows failed or were skipped" in text
    assert "1,040 more are in ledger.csv." in text


def test_partial_run_is_announced_before_anything_else() -> None:
    partial = Page(render(board_report("en", complete=0.71), board_findings("en"))).text
    assert partial.index("This report is partial") < partial.index("The largest cause")
    assert "Only 71% of the sampled rows ended well; at least 90% were required." in partial
    whole = page_of().text
    assert "This report is partial" not in whole
    assert "Model-estimated, not audited" in whole


def test_residue_is_shown_with_its_size() -> None:
    assert "9 causes with 9 complaints behind them, 1.5% of all complaints" in page_of().text


def test_marks_of_new_and_uncontrollable_causes() -> None:
    page = rendered()
    assert page.count('class="tag outside"') == 2, "in the chart and at the cause"
    assert page.count('class="tag new"') == 2 * 2 + RESIDUE


def test_census_claims_no_margin() -> None:
    report = board_report("en")
    strata = tuple(stratum.model_copy(update={"sampled": stratum.population}) for stratum in STRATA)
    census = report.model_copy(update={"sample": report.sample.model_copy(update={"strata": strata, "margin": 0.0})})
    text = Page(render(census, find(census, economics=None, labels=None))).text
    assert "All 1,220 rows that could be analysed were taken" in text
    assert "±" not in text


@pytest.mark.parametrize("kept", ["residue", "nothing"])
def test_run_without_a_repeated_cause_still_gives_a_page(language: str, kept: str) -> None:
    report = board_report(language)
    fewer = {"causes": (), "residue": report.ranking.residue if kept == "residue" else ()}
    empty = report.model_copy(update={"ranking": report.ranking.model_copy(update=fewer)})
    findings = find(empty, economics=None, labels=None)
    page = Page(render(empty, findings))
    said = headline(findings, words_for(language))
    assert said in page.text
    assert {link["href"] for link in page.all("a")} <= {f"#{one.get('id')}" for _, one in page.elements}
    console, out = console_of("utf-8")
    show(empty, findings, console)
    assert said in " ".join(out().split())


def test_cost_that_is_unknown_is_not_zero() -> None:
    report = board_report("en")
    used = report.cost.used.model_copy(update={"cached": None})
    cost = report.cost.model_copy(update={"price": None, "used": used})
    text = Page(render(report.model_copy(update={"cost": cost}), board_findings("en"))).text
    assert "Price unknown" in text
    assert "Of these cached not reported by the endpoint" in text


def test_page_says_where_the_texts_went() -> None:
    report = board_report("en")
    assert "were sent to https://api.example.com/v1" in rendered()
    local = report.model_copy(update={"model": report.model.model_copy(update={"local": True})})
    assert "the model ran on this computer" in render(local, board_findings("en"))


@pytest.mark.parametrize("hostile", [False, True])
def test_page_is_built_for_everyone(language: str, hostile: bool) -> None:
    page = page_of(language, hostile=hostile)
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
    document = rendered(language, hostile=True)
    page = Page(document)
    assert {"script", "img", "iframe"}.isdisjoint(tag for tag, _ in page.elements)
    attributes = [name for _, one in page.elements for name in one]
    assert [name for name in attributes if name.startswith("on") or name == "src"] == []
    assert all(str(link["href"]).startswith("#") for link in page.all("a"))
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", document) is None
    assert SCRIPT in page.text
    findings = board_findings(language, hostile=True)
    assert findings.portfolio and findings.loud.loud and findings.loud.again
    foreign = [fix.text for fix in findings.portfolio.fixes] + [node.name for node in findings.map.nodes]
    foreign += [
        text for one in findings.loud.loud for text in (one.row_id, one.customer, *(sign.quote for sign in one.signs)) if text
    ]
    foreign += [text for one in findings.loud.again for text in (one.customer, *one.rows)]
    assert {attack for attack in HOSTILE if any(attack in text for text in foreign)} == set(HOSTILE), "every place is attacked"
    assert "{{ 7*7 }}" in page.text


def test_policy_forbids_everything_but_the_own_style() -> None:
    metas = page_of().all("meta")
    policy = next(str(one["content"]) for one in metas if one.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_page_can_be_mailed() -> None:
    assert len(rendered("ru", hostile=True).encode()) < 1_500_000


def test_very_long_quote_is_cut_openly() -> None:
    report = board_report("en")
    first = report.ranking.causes[0]
    long = first.model_copy(update={"quotes": (Quote(row_id="C-1", text="word " * 100_000),)})
    ranking = report.ranking.model_copy(update={"causes": (long,)})
    document = render(report, board_findings("en").model_copy(update={"ranking": ranking}))
    assert "[cut here: the whole text is in the file]" in document
    assert len(document) < 300_000


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


@pytest.mark.parametrize(
    ("amount", "english", "russian"),
    [(0.0, "€0", "0 €"), (9.5, "€9.50", "9,50 €"), (1234.56, "€1,235", "1 235 €"), (0.001, "less than €0.01", "меньше 0,01 €")],
)
def test_money(amount: float, english: str, russian: str) -> None:
    assert words_for("en").money(amount, "EUR") == english
    assert words_for("ru").money(amount, "EUR").replace("\u00a0", " ") == russian


@pytest.mark.parametrize(
    ("chance", "said"),
    [(0.0, "<1%"), (0.009, "<1%"), (0.01, "1%"), (0.614, "61%"), (0.99, "99%"), (0.9996, ">99%"), (1.0, ">99%")],
)
def test_what_draws_cannot_exclude_is_never_called_impossible_or_certain(chance: float, said: str) -> None:
    assert words_for("en").chance(chance) == said


def test_p_values_say_no_more_than_they_know() -> None:
    assert [words_for("en").p_value(p) for p in (0.00004, 0.0011, 0.034, 1.0)] == ["< 0.001", "= 0.001", "= 0.03", "= 1"]


def test_what_was_free_is_called_free(language: str) -> None:
    report = board_report(language)
    free = report.model_copy(update={"cost": report.cost.model_copy(update={"price": 0.0, "currency": ""})})
    said = words_for(language)("free")
    assert f"{words_for(language)('price')} {said}" in Page(render(free, board_findings(language))).text
    console, out = console_of("utf-8")
    show(free, board_findings(language), console)
    assert f": {said};" in out()


@pytest.mark.parametrize("key", sorted(TABLE))
def test_both_languages_say_the_same(key: str) -> None:
    forms = [[form] if isinstance(form, str) else list(form.values()) for form in TABLE[key]]
    fields = [{name for one in form for _, name, _, _ in string.Formatter().parse(one) if name} for form in forms]
    assert fields[0] == fields[1]


def test_no_wording_hides_another() -> None:
    tables = [module.TABLE for name, module in vars(words).items() if name.startswith("words_") and hasattr(module, "TABLE")]
    assert sum(len(table) for table in tables) == len(TABLE)


def test_every_wording_is_used() -> None:
    sources = [path for path in REPORT_SOURCE.rglob("*") if path.suffix in (".py", ".j2") and not path.name.startswith("words_")]
    asked = "\n".join(path.read_text("utf-8") for path in sources)
    built = {key for key in TABLE if key.endswith("_title")} | {basis.value for basis in Basis}
    built |= {"contents_found", "contents_method", "map_symptoms", "map_causes", "map_other_symptoms"}
    built |= {key for key in TABLE if ":" in key and any(f"{quote}{key.split(':')[0]}:" in asked for quote in "\"'")}
    assert {key for key in TABLE if f'"{key}"' not in asked and f"'{key}'" not in asked} - built == set()


# ── files ──


def test_files_hold_the_run(tmp_path: Path) -> None:
    report = board_report("ru")
    write(report, board_findings("ru"), tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert sorted(path.name for path in folder.iterdir()) == [
        "causes.csv", "chains.jsonl", "findings.json", "ledger.csv", "map.dot", "map.json", "map.mmd", "report.html",
    ]  # fmt: skip
    assert (folder / "causes.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    causes = rows(folder / "causes.csv")
    assert len(causes) == len(SIZES) + RESIDUE
    assert causes[0]["name"] == TEXTS["ru"].causes[0]
    assert causes[0]["row_ids"].split() == list(report.ranking.causes[0].row_ids)
    assert len(rows(folder / "ledger.csv")) == 1240


def test_causes_csv_holds_what_the_findings_say(tmp_path: Path) -> None:
    findings = board_findings("en")
    write(board_report("en"), findings, tmp_path)
    causes = {row["id"]: row for row in rows(tmp_path / "causes.csv")}
    assert findings.economy and findings.trend
    costs = {one.cause: one.cost for one in findings.economy.worth}
    moves = {one.cause: one.direction.value for one in findings.trend.causes}
    for one in findings.standings:
        row = causes[one.cause]
        assert (int(row["rank_low"]), int(row["rank_high"])) == (one.best, one.worst)
        assert (float(row["first"]), float(row["top3"])) == (one.first, one.top3)
        assert float(row["cost"]) == pytest.approx(costs[one.cause].value, abs=0.01) and row["currency"] == "EUR"
        assert row["trend"] == moves[one.cause]
    alone = causes[findings.ranking.residue[0].cause.id]
    assert alone["first"] == alone["rank_low"] == alone["trend"] == "" and float(alone["cost"]) > 0


def test_findings_and_map_can_be_read_back(tmp_path: Path) -> None:
    report, findings = board_report("en"), board_findings("en")
    write(report, findings, tmp_path)
    assert Findings.model_validate_json((tmp_path / "findings.json").read_text("utf-8")) == findings
    assert CauseMap.model_validate_json((tmp_path / "map.json").read_text("utf-8")) == findings.map
    assert (tmp_path / "map.mmd").read_text("utf-8").startswith("flowchart")
    assert (tmp_path / "map.dot").read_text("utf-8").startswith("digraph")
    whole = json.loads(document(report, findings))
    assert Findings.model_validate(whole.pop("findings")) == findings
    assert RunReport.model_validate(whole) == report, "today's fields stay where they were"


def test_chains_carry_the_cause_each_was_merged_into(tmp_path: Path) -> None:
    report = board_report("en")
    write(report, board_findings("en"), tmp_path)
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
    write(report.model_copy(update={"ledger": (row,)}), board_findings("en"), tmp_path)
    shown = rows(tmp_path / "ledger.csv")[0]
    assert shown["id"] == '\'=HYPERLINK("https://evil.example")'
    assert b"\x1b" not in (tmp_path / "ledger.csv").read_bytes()


def test_failed_write_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = board_report("en")
    write(report, board_findings("en"), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        write(report.model_copy(update={"run_id": "other"}), board_findings("en"), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_folder_that_is_a_file_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(UserError, match="choose another folder"):
        write(board_report("en"), board_findings("en"), tmp_path / "taken")


# ── the terminal ──


@pytest.mark.parametrize("encoding", ["utf-8", "cp866", "cp1251", "ascii"])
def test_old_consoles_and_pipes_show_everything_in_80_columns(language: str, encoding: str) -> None:
    console, out = console_of(encoding, width=200)
    show(board_report(language), board_findings(language), console)
    page = out()
    lines = page[: page.index("rootcause backlog")].splitlines()
    assert max(len(line) for line in lines) <= 80, "but for commands, which are to be copied"
    table = page.split("\n\n")[0]
    assert all(shown in table for shown in ("96", "21", "delivery", "1", "99"))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_control_character_of_a_text_reaches_the_terminal(encoding: str) -> None:
    report = board_report("en", hostile=True)
    console, out = console_of(encoding)
    show(report, board_findings("en", hostile=True), console)
    for ranked in report.ranking.causes:
        show_chain(Answer(nothing_to_explain=None, chains=(ranked.typical,)), console, "en")
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out()) is None


def test_rich_markup_in_a_text_is_text() -> None:
    report = board_report("en")
    chain = Chain(
        steps=(Step(cause="[red]x[/red] :smile:", basis=Basis.INFERRED, evidence=None, countermeasure=None),),
        cause="new",
    )
    console, out = console_of("utf-8")
    show_chain(Answer(nothing_to_explain=None, chains=(chain,)), console, report.language)
    assert "[red]x[/red] :smile:" in out()


def test_no_color_is_honoured() -> None:
    console, out = console_of("utf-8", width=80, terminal=True)
    show(board_report("en"), board_findings("en"), console)
    assert re.search(r"\x1b\[[\d;]*3[0-7]", out()) is None


def test_terminal_shows_warning_ranking_chain_fixes_loud_residue_cost_and_next_steps() -> None:
    console, out = console_of("utf-8")
    show(board_report("en", complete=0.71), board_findings("en"), console)
    text = " ".join(out().split())
    findings = board_findings("en")
    parts = [
        "This report is partial.",
        "Model-estimated, not audited.",
        "21% (18–25%)",
        "↑ appeared",
        "↓ vanished",
        "Cannot be told apart: 1–2, 2–3, 3–5,",
        "Typical chain",
        "What to do first: 5 countermeasures together would spare",
        f"Adds {words_for('en').percent(findings.portfolio.fixes[0].spared.value)} (",
        "2 more countermeasures are in the report.",
        "11 grave complaints, 1 customer who complained again.",
        "Merged with nothing: 9 causes",
        "$3.41",
        "Next:",
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert text.split("Typical chain")[0].count(" new") == 2


def test_terminal_shows_rank_sets_and_chances_beside_each_rank() -> None:
    console, out = console_of("utf-8")
    show(board_report("en"), board_findings("en"), console)
    shown = re.findall(r"^ *(\d+) +([\d–]+) +.*?(\S+ / \S+) *$", out(), re.MULTILINE)
    words = words_for("en")
    assert shown == [
        (str(rank), words.ranks(one.best, one.worst), f"{words.chance(one.first)} / {words.chance(one.top3)}")
        for rank, one in enumerate(board_findings("en").standings, 1)
    ]


def test_where_the_report_is_is_said_in_its_language() -> None:
    console, out = console_of("utf-8", width=40)
    for language in LANGUAGES:
        point_to(Path("a-rather-long-folder/of-runs/0123456789/report.html"), console, language)
    assert out().splitlines() == [
        "Open the report: a-rather-long-folder/of-runs/0123456789/report.html",
        "Откройте отчёт: a-rather-long-folder/of-runs/0123456789/report.html",
    ]


def test_command_in_a_next_step_is_not_broken() -> None:
    command = "rootcause backlog 7f3a " + "--team checkout " * 12
    console, out = console_of("utf-8")
    show(board_report("en").model_copy(update={"next_steps": (command,)}), board_findings("en"), console)
    assert command.strip() in out()


def test_chains_of_one_complaint(language: str) -> None:
    chain = chain_of(language, "x")
    console, out = console_of("utf-8")
    show_chain(Answer(nothing_to_explain=None, chains=(chain, chain)), console, language)
    text = " ".join(out().split())
    words = words_for(language)
    assert text.count(words("complaint")) == 2
    for shown in ("1. ", "delivery-017", words("inferred"), words("countermeasure")):
        assert shown in text


@pytest.mark.parametrize("reason", list(NothingReason))
def test_nothing_to_explain_is_said(language: str, reason: NothingReason) -> None:
    console, out = console_of("utf-8")
    show_chain(Answer(nothing_to_explain=reason, chains=()), console, language)
    assert out().strip() == words_for(language)(f"nothing:{reason.value}")


def test_teams_are_shown_by_name() -> None:
    report = board_report("en")
    owner = report.ranking.causes[0].cause.team
    use = report.topics[0].model_copy(update={"teams": (Team(id=owner, name="People of the till"),)})
    page = render(report.model_copy(update={"topics": (use, *report.topics[1:])}), board_findings("en"))
    assert "People of the till" in page and "People of the till" not in render(report, board_findings("en"))
