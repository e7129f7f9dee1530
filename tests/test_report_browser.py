"""The report in a real browser, wide and on a phone: nothing runs, nothing is fetched, all can be read."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest
from board import board_findings, board_report
from browser import CHROMIUM, Look, Visit, visit

from rootcause.report.files import write
from rootcause.report.words import words_for

pytestmark = pytest.mark.skipif(not CHROMIUM.exists() and "CI" not in os.environ, reason=f"{CHROMIUM} is not installed")

WIDTHS = (1280, 390)
LEAST_CONTRAST = 4.5

# The lowest contrast of a text with what lies behind it, over all texts on the page.
CONTRAST = """(() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = channels(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let lowest = 21;
  for (let node; node = walker.nextNode();) {
    if (!node.data.trim()) continue;
    const text = light(channels(getComputedStyle(node.parentElement).color));
    const ground = light(behind(node.parentElement));
    lowest = Math.min(lowest, (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05));
  }
  return lowest;
})()"""

# All folded parts opened, so that what they hold is measured too.
UNFOLD = "document.querySelectorAll('details').forEach(one => one.open = true)"

# Elements that stick out of the window to the right, but for table heads hidden on a phone.
OUTSIDE = """[...document.querySelectorAll('main *')]
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .filter(one => !one.closest('thead, .hidden, .map-scroll') || one.matches('.map-scroll'))
  .map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Visit]]:
    """Each report seen wide and narrow, light and dark, by one browser a report."""
    seen = {}
    looks = [Look(width, dark, f"({UNFOLD}, [{CONTRAST}, {OUTSIDE}])") for width in WIDTHS for dark in (False, True)]
    for name, language, hostile in (("en", "en", False), ("ru", "ru", False), ("hostile", "ru", True)):
        folder = tmp_path_factory.mktemp(name)
        report = board_report(language, hostile=hostile, complete=0.71 if hostile else 0.97)
        write(report, board_findings(language, hostile=hostile, labelled=120 if language == "en" else 0), folder)
        seen[name] = visit(folder / "report.html", looks, folder / "profile")
    return seen


@pytest.fixture(scope="module", params=["en", "ru", "hostile"])
def pages(request: pytest.FixtureRequest, visits: dict[str, list[Visit]]) -> list[Visit]:
    return visits[request.param]


def test_this_browser_notices_what_the_others_deny(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<script>window.pwned = 1; oops()</script><img src=other.png>", "utf-8")
    [seen] = visit(page, [Look(390)], tmp_path / "profile")
    assert seen.pwned == "number"
    assert any("oops" in error or "Uncaught" in error for error in seen.errors)
    assert [Path(url).name for url in seen.requests] == ["bad.html", "other.png"]
    assert _drawn(seen.screenshot) < 0.02


def test_nothing_is_fetched_but_the_file_itself(pages: list[Visit]) -> None:
    for page in pages:
        assert [Path(url).name for url in page.requests] == ["report.html"]


def test_browser_has_nothing_to_complain_of(pages: list[Visit]) -> None:
    assert [page.errors for page in pages] == [[]] * len(pages)


def test_no_injected_script_ran(visits: dict[str, list[Visit]]) -> None:
    for page in visits["hostile"]:
        assert page.title.startswith(words_for("ru")("title"))
        assert page.pwned == "undefined"


def test_nothing_scrolls_sideways(pages: list[Visit]) -> None:
    assert [page.page_width for page in pages] == [width for width in WIDTHS for _ in (False, True)]
    assert [page.revealed[1] for page in pages] == [[]] * len(pages)


def test_every_text_can_be_read_light_and_dark(pages: list[Visit]) -> None:
    assert min(page.revealed[0] for page in pages) >= LEAST_CONTRAST


def test_something_is_drawn(pages: list[Visit]) -> None:
    for page in pages:
        assert _drawn(page.screenshot) > 0.02


def test_dark_is_dark(visits: dict[str, list[Visit]]) -> None:
    light, dark = visits["en"][:2]
    assert light.screenshot != dark.screenshot


def _drawn(png: bytes) -> float:
    """The part of a picture's bytes that differ from their neighbours, near 0 for a blank one."""
    at, packed = 8, b""
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        packed += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    pixels = zlib.decompress(packed)
    return 1 - pixels.count(0) / len(pixels)
