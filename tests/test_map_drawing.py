"""The cause map drawn and exported: what is left out is counted, foreign text stays text, all can be read on any screen."""

from __future__ import annotations

import os
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pydot
import pytest
from browser import CHROMIUM, Look, Visit, visit
from cli import rootcause
from test_causemap import chain, plain, quoted, run_of, step
from test_report import HOSTILE

from rootcause.cli.session import DATABASE
from rootcause.findings.causemap import cause_map
from rootcause.findings.observe import observe
from rootcause.findings.values import CauseMap, MapEdge, MapNode
from rootcause.models import Countermeasure, RunReport
from rootcause.report import html, words, words_map
from rootcause.report.mapcut import CAUSES, SYMPTOMS, cut
from rootcause.report.mapdrawing import MOST_COLUMNS, MOST_NODES, MapDrawing, map_drawing
from rootcause.report.mapfiles import dot, mermaid
from rootcause.report.words import words_for
from rootcause.store import Store

NAMES = (
    *HOSTILE,
    "end",
    '%%{init: {"theme": "dark"}}%% graph LR',
    'style a:b#c; classDef x:y "q" ;',
    'a --> b|c| ["x"] {y} (z) ; \\N \\" & &amp; #quot;',
    "`markdown **x**`",
    "subgraph\nclick n0 call x()",
    'ends in a backslash \\',
    "Показывать час отсечки рядом с обещанным днём, пока корзина открыта — «сегодня» или «завтра».",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _all_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "TABLE", {**words.TABLE, **words_map.TABLE})


def made(number: int, *, level: int, rows: range, cause: bool = False, name: str | None = None) -> MapNode:
    share = len(rows) / 400
    return MapNode(
        id=f"n{number:03}", name=name or f"Node {number} of the map, with a name about as long as names are.", topic="delivery",
        cause=f"n{number:03}" if cause else None, level=level, complaints=len(rows), share=share, low=share / 2, high=share * 2,
        countermeasures=(Countermeasure(level=level + 1, text=f"Change {number}", count=2),) if number % 3 else (),
        row_ids=tuple(f"R{row:03}" for row in rows),
    )  # fmt: skip


def joined(*pairs: tuple[int, int, int]) -> tuple[MapEdge, ...]:
    return tuple(MapEdge(effect=f"n{effect:03}", cause=f"n{cause:03}", complaints=size) for effect, cause, size in pairs)


def wide_map(names: tuple[str, ...] = ()) -> CauseMap:
    """Forty strands of symptom, two to six steps and root, the first with 40 complaints and the last with one; some meet."""
    nodes: list[MapNode] = []
    pairs: list[tuple[int, int, int]] = []
    for strand in range(40):
        rows = range(strand * 5, strand * 5 + 40 - strand)
        length = 4 + strand % 5
        for level in range(length):
            number = strand * 10 + level
            name = names[len(nodes) % len(names)] if names else None
            nodes.append(made(number, level=level, rows=rows, cause=level == length - 1, name=name))
            if level:
                pairs.append((number - 1, number, len(rows)))
        if strand % 3 == 0 and strand:
            pairs.append((strand * 10 + 1, strand * 10 - 8, 1))
    return CauseMap(nodes=tuple(nodes), edges=joined(*pairs), broken=joined((12, 11, 2)), uncompared=3)


# ── what is left out is counted ───────────────────────────────────────────────────────────────────


def test_all_nodes_are_drawn_or_counted() -> None:
    found = wide_map()
    one = cut(found, 20)
    groups = [group for group in (one.symptoms, one.causes, one.steps) if group]
    assert len(one.nodes) + sum(group.nodes for group in groups) == len(found.nodes)
    assert len(one.nodes) == 20
    assert one.causes is not None
    hidden = {row for node in found.nodes if node.cause and node not in one.nodes for row in node.row_ids}
    assert one.causes.complaints == len(hidden)


def test_what_is_drawn_is_the_largest_of_its_kind() -> None:
    found = wide_map()
    one = cut(found, 20)
    for is_cause in (True, False):
        sizes = [node.share for node in found.nodes if bool(node.cause) is is_cause]
        drawn = [node.share for node in one.nodes if bool(node.cause) is is_cause]
        assert sorted(drawn) == sorted(sizes)[-len(drawn) :]


def test_a_line_past_steps_not_drawn_is_dashed_and_keeps_its_complaints() -> None:
    whys = (
        "The van broke down.", "Nobody read the note.", "A login expired.", "The bridge was closed.", "Prices changed overnight.",
        "The printer had no paper.", "Two accounts were mixed up.", "The phone rang out.",
    )  # fmt: skip
    said = plain(*(chain("promise", "The bread was late.", why) for why in whys))
    found = cause_map(report := run_of(said), observe(report))
    big = [node for node in found.nodes if node.complaints == 8]
    assert len(big) == 2, "the symptom and the root; the eight steps between are small"
    one = cut(found, 5)
    [line] = one.lines
    assert (line.complaints, line.whole) == (8, False)
    assert one.steps is not None
    assert (one.steps.nodes, one.steps.complaints) == (8, 8)


def test_customers_own_words_are_one_box_with_their_number() -> None:
    said = plain(*(chain("promise", quoted(f"{word}, it came late"), "The page named another day.") for word in "abcdefghi"))
    found = cause_map(report := run_of(said), observe(report))
    one = cut(found, 20)
    assert one.symptoms is not None
    assert (one.symptoms.nodes, one.symptoms.complaints) == (9, 9)
    assert {(line.effect, line.complaints, line.whole) for line in one.lines} >= {(SYMPTOMS, 9, True)}


def test_no_way_is_longer_than_the_columns_there_are() -> None:
    one = cut(wide_map(), MOST_NODES, columns=MOST_COLUMNS)
    assert max(one.column().values()) < MOST_COLUMNS
    free = cut(wide_map(), MOST_NODES)
    assert max(free.column().values()) >= MOST_COLUMNS, "else the test proves nothing"
    assert {node.id for node in free.nodes if node.cause} <= {node.id for node in one.nodes}


# ── exports ───────────────────────────────────────────────────────────────────────────────────────

NODE = re.compile(r'    (n\d+)(?:\["(.*)"\]|\(\["(.*)"\]\)|\[\["(.*)"\]\])')
ARROW = re.compile(r"    (n\d+) (-->|-\.->)\|(\d+)\| (n\d+)")
LABEL = re.compile(r"(?:[\w .,!?'()/–—-]|#\d+;)*")


def read_mermaid(text: str) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str, int]]]:
    """(name and size by node, arrows) of a flowchart in the narrow form that is written here; anything else fails."""
    first, *lines = text.rstrip("\n").split("\n")
    assert first == "flowchart RL"
    nodes: dict[str, tuple[str, str]] = {}
    arrows = []
    for line in lines:
        if line.startswith("    %% "):
            assert LABEL.fullmatch(line[7:])
        elif found := NODE.fullmatch(line):
            assert found[1] not in nodes
            name, size = next(label for label in found.groups()[1:] if label is not None).split("<br/>")
            assert LABEL.fullmatch(name) and LABEL.fullmatch(size), line
            nodes[found[1]] = (decoded(name), decoded(size))
        else:
            arrow = ARROW.fullmatch(line)
            assert arrow, line
            assert {arrow[1], arrow[4]} <= nodes.keys()
            arrows.append((arrow[1], arrow[4], int(arrow[3])))
    return nodes, arrows


def decoded(label: str) -> str:
    return re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label)


def shown(name: str) -> str:
    """A name as it may be shown: on one line, without signs that steer."""
    return " ".join(re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", "", name).split())


@pytest.mark.parametrize("names", [(), NAMES], ids=["plain", "hostile"])
def test_mermaid_says_what_the_map_says(names: tuple[str, ...]) -> None:
    found = wide_map(names)
    nodes, arrows = read_mermaid(mermaid(found, words_for("ru")))
    one = cut(found, 60)
    assert [name for name, _ in nodes.values()][: len(one.nodes)] == [shown(node.name) for node in one.nodes]
    assert sorted(size for _, _, size in arrows) == sorted(line.complaints for line in one.lines)
    assert any(re.search("звен.* поменьше между", name) for name, _ in nodes.values())
    assert "1 связь" in mermaid(found, words_for("ru")) and "3 звена" in mermaid(found, words_for("ru"))


@pytest.mark.parametrize("names", [(), NAMES], ids=["plain", "hostile"])
def test_graphviz_reads_what_is_written(names: tuple[str, ...]) -> None:
    found = wide_map(names)
    graphs = pydot.graph_from_dot_data(dot(found, words_for("en")))
    assert graphs is not None and len(graphs) == 1
    one = cut(found, 60)
    labels = [node.get_label() for node in graphs[0].get_nodes() if node.get_name().startswith("n") and node.get_label()]
    read = [unquoted(str(label)).rpartition("\n")[0].replace("\n", " ") for label in labels]
    expected = [shown(node.name) for node in one.nodes]
    assert [name.replace(" ", "") for name in read[: len(expected)]] == [name.replace(" ", "") for name in expected]
    assert len(graphs[0].get_edges()) == len(one.lines)


def unquoted(label: str) -> str:
    """What Graphviz shows of a quoted label."""
    assert label[0] == label[-1] == '"'
    marks = {"\\\\": "\\", '\\"': '"', "\\n": "\n", "&amp;": "&"}
    assert not re.search(r"\\[^\\n\"]", label.replace("\\\\", "")), label
    return re.sub(r"\\[\\n\"]|&amp;", lambda mark: marks[mark[0]], label[1:-1])


@pytest.fixture
def stored(tmp_path: Path) -> RunReport:
    said = plain(
        *(chain("promise", "The bread was late.", step("The page named another day.", "Name the day.")) for _ in range(3)),
        chain("stock", "There was no bread.", "The shelf was empty."),
    )
    report = run_of(said)
    with Store(tmp_path / ".rootcause" / DATABASE) as store:
        store.begin(report.run_id, source="x.csv", model="local", settings="{}")
        store.end(report.run_id, "complete", report.model_dump_json())
    return report


def test_command_prints_the_whole_map_as_json(stored: RunReport, tmp_path: Path) -> None:
    done = rootcause(tmp_path, "map", "7f3", "--format", "json")
    assert done.code == 0, done.err
    assert CauseMap.model_validate(done.json) == cause_map(stored, observe(stored))


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_command_prints_what_other_programs_draw(form: str, stored: RunReport, tmp_path: Path) -> None:
    done = rootcause(tmp_path, "map", "7f3a", "--format", form)
    assert done.code == 0, done.err
    drawn = {"mermaid": mermaid, "dot": dot}[form]
    assert done.out == drawn(cause_map(stored, observe(stored)), words_for("en"))


def test_command_says_what_is_wrong(stored: RunReport, tmp_path: Path) -> None:
    assert "there is no run 'zz'" in rootcause(tmp_path, "map", "zz").error


# ── the drawing ───────────────────────────────────────────────────────────────────────────────────


def drawing(found: CauseMap, language: str = "en") -> MapDrawing:
    one = map_drawing(found, words_for(language))
    assert one is not None
    return one


def test_boxes_do_not_overlap_and_lie_inside() -> None:
    one = drawing(wide_map())
    assert 20 <= len(one.boxes) <= MOST_NODES + 2
    for left, right in combinations(one.boxes, 2):
        apart = left.x + left.width <= right.x or right.x + right.width <= left.x
        assert apart or left.y + left.height <= right.y or right.y + right.height <= left.y
    for box in one.boxes:
        assert box.x >= 0 and box.y >= 0
        assert box.x + box.width <= one.width and box.y + box.height <= one.height


def test_lines_run_from_effect_to_cause_and_pass_no_box() -> None:
    found = wide_map()
    one = drawing(found)
    lines = cut(found, MOST_NODES, columns=MOST_COLUMNS).lines
    assert len(one.curves) == len(lines)
    rights = {(round(box.x + box.width, 1), round(box.y + box.height / 2, 1)) for box in one.boxes}
    lefts = {(round(box.x, 1), round(box.y + box.height / 2, 1)) for box in one.boxes}
    for curve in one.curves:
        numbers = [float(number) for number in re.findall(r"[\d.]+", curve.path)]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        assert near(points[0], rights) and near(points[-1], lefts)
        for level in range(1, len(points) - 2, 4):
            start, end = points[level + 3 - 4], points[level]
            for box in one.boxes:
                crosses = start[0] < box.x + box.width / 2 < end[0] and box.y < start[1] < box.y + box.height
                assert not crosses, f"a line passes {box.title}"


def near(point: tuple[float, float], places: set[tuple[float, float]]) -> bool:
    return any(abs(point[0] - x) <= 0.2 and abs(point[1] - y) <= 0.2 for x, y in places)


def test_the_widest_line_carries_most() -> None:
    one = drawing(wide_map())
    sizes = [int(re.sub(r"\D", "", curve.title)) for curve in one.curves]
    by_size = sorted(zip(sizes, (curve.width for curve in one.curves), strict=True))
    assert by_size == sorted(by_size, key=lambda pair: pair[1])
    assert by_size[-1][1] > by_size[0][1]


def test_what_is_not_drawn_is_told() -> None:
    one = drawing(wide_map(), "en")
    assert one.not_drawn is not None
    assert re.search(r"\d+ smaller steps between them; \d+ complaints pass", one.not_drawn)
    assert (one.broken, one.circles[0][2], one.uncompared) == (1, 2, 3)
    assert one.more_steps is not None
    between = [node for node in wide_map().nodes if node.cause is None and node.level > 0]
    assert len(one.steps) + one.more_steps.nodes == len(between)


def test_the_list_names_every_box_and_every_line() -> None:
    found = wide_map()
    one = drawing(found)
    named = {box.title for box in one.boxes if box.kind != "group"}
    assert {entry.name for entry in one.entries if not entry.name.startswith("rare")} == named
    assert sum(entry.depth > 0 for entry in one.entries) >= len([c for c in one.curves if c]) - sum(
        line.cause == CAUSES for line in cut(found, MOST_NODES, columns=MOST_COLUMNS).lines
    )


def test_nothing_to_draw() -> None:
    assert map_drawing(CauseMap(nodes=(), edges=(), broken=()), words_for("en")) is None


def test_a_map_of_one_node_is_drawn() -> None:
    one = drawing(CauseMap(nodes=(made(0, level=0, rows=range(3), cause=True),), edges=(), broken=()))
    assert (len(one.boxes), one.curves) == (1, ())


# ── in a browser ──────────────────────────────────────────────────────────────────────────────────

LOOKS = [Look(width, dark) for width in (1280, 390) for dark in (False, True)]

# Texts that stick out of their box, the least contrast of a text with its box, what sticks out of the window, what is shown.
SEEN = """(() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const out = [], spans = [...document.querySelectorAll('.box')];
  let least = 21;
  for (const box of spans) {
    const room = box.querySelector('rect').getBoundingClientRect(), text = box.querySelector('text').getBoundingClientRect();
    if (text.right > room.right + 1 || text.bottom > room.bottom + 1 || text.top < room.top - 1) out.push(box.textContent);
    const ground = light(channels(getComputedStyle(box.querySelector('rect')).fill));
    for (const span of box.querySelectorAll('tspan'))
      least = Math.min(least, contrast(light(channels(getComputedStyle(span).fill)), ground));
  }
  const beyond = [...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1);
  const height = selector => document.querySelector(selector).getBoundingClientRect().height;
  return {out, least, boxes: spans.length, beyond: beyond.map(one => one.outerHTML.slice(0, 80)),
          drawing: height('.map-scroll'), list: height('.map-list')};
})()"""


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Visit]]:
    if not CHROMIUM.exists() and "CI" not in os.environ:
        pytest.skip(f"{CHROMIUM} is not installed")
    seen = {}
    for name, names in (("plain", ()), ("hostile", NAMES)):
        folder = tmp_path_factory.mktemp(name)
        page = folder / "map.html"
        page.write_text(_page(wide_map(names)), encoding="utf-8")
        looks = [Look(look.width, look.dark, SEEN) for look in LOOKS]
        seen[name] = visit(page, looks, folder / "profile")
    return seen


def _page(found: CauseMap) -> str:
    environment = html._environment()
    table = {**words.TABLE, **words_map.TABLE}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "TABLE", table)
        w = words_for("ru")
        body = environment.get_template("map.html.j2").render(map=map_drawing(found, w), w=w)
    style = "".join(environment.get_template(name).render() for name in ("style.css", "map.css"))
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        f'<!DOCTYPE html><html lang="ru"><head><meta charset="utf-8"><title>map</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{style}</style></head><body><main>{body}</main></body></html>"
    )


@pytest.fixture(params=["plain", "hostile"])
def pages(request: pytest.FixtureRequest, visits: dict[str, list[Visit]]) -> list[Visit]:
    return visits[request.param]


def revealed(page: Visit) -> dict[str, Any]:
    found: dict[str, Any] = page.revealed
    return found


def test_every_text_fits_its_box_and_can_be_read(pages: list[Visit]) -> None:
    for page in pages[:2]:
        assert revealed(page)["boxes"] >= 20
        assert revealed(page)["out"] == []
        assert revealed(page)["least"] >= 4.5


def test_wide_screens_show_the_drawing_and_phones_the_list(pages: list[Visit]) -> None:
    wide, _, phone, _ = map(revealed, pages)
    assert wide["drawing"] > 300 and wide["list"] == 0
    assert phone["drawing"] == 0 and phone["list"] > 300


def test_nothing_sticks_out_runs_or_is_fetched(pages: list[Visit]) -> None:
    for page, look in zip(pages, LOOKS, strict=True):
        assert page.page_width == look.width
        assert revealed(page)["beyond"] == []
        assert (page.errors, page.pwned, page.title) == ([], "undefined", "map")
        assert [Path(url).name for url in page.requests] == ["map.html"]
