"""The cause map as text that other programs draw: Mermaid and Graphviz. The whole map is the JSON of `CauseMap`.

Both read from right to left: an arrow goes from a cause to its effect, and the root causes stand on the right. Names are
foreign text: every sign that either language could take for its own is written as that language escapes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from rootcause.findings.values import CauseMap
from rootcause.report.clean import one_line
from rootcause.report.mapcut import CAUSES, SYMPTOMS, Collected, MapCut, cut
from rootcause.report.words import Words

MOST_NODES = 60
_WRAP = 32  # letters in a line of a Graphviz label; Mermaid wraps by itself
_WIDEST = 5.0  # points, the line that carries most complaints
_REST = "steps"
_PLAIN = re.compile(r"[^\w .,!?'()/–—-]")  # what a Mermaid label shows as itself; the rest is written as a code


@dataclass(frozen=True)
class _Box:
    """What stands in the file for one end of a line. kind: step, cause, or group for several nodes in one."""

    name: str
    size: str
    kind: str


def mermaid(found: CauseMap, words: Words) -> str:
    """A Mermaid flowchart."""
    one = cut(found, MOST_NODES)
    boxes = _boxes(one, words)
    name = {end: f"n{number}" for number, end in enumerate(boxes)}
    shape = {"step": '["{}"]', "cause": '(["{}"])', "group": '[["{}"]]'}
    lines = ["flowchart RL", *(f"    %% {_coded(note)}" for note in _notes(found, words))]
    for end, box in boxes.items():
        lines.append(f"    {name[end]}{shape[box.kind].format(f'{_coded(box.name)}<br/>{_coded(box.size)}')}")
    for line in one.lines:
        arrow = "-->" if line.whole else "-.->"
        lines.append(f"    {name[line.cause]} {arrow}|{line.complaints}| {name[line.effect]}")
    return "\n".join(lines) + "\n"


def dot(found: CauseMap, words: Words) -> str:
    """A Graphviz digraph."""
    one = cut(found, MOST_NODES)
    boxes = _boxes(one, words)
    name = {end: f"n{number}" for number, end in enumerate(boxes)}
    most = max((line.complaints for line in one.lines), default=1)
    look = {"step": "", "cause": ", style=bold", "group": ", style=dashed"}
    lines = ["digraph causes {", *(f"    // {note}" for note in _notes(found, words)), "    rankdir=RL;", "    node [shape=box];"]
    for end, box in boxes.items():
        label = "\\n".join(_quoted(part) for part in (*wrap(one_line(box.name), _WRAP), box.size))
        lines.append(f'    {name[end]} [label="{label}"{look[box.kind]}];')
    for line in one.lines:
        width = max(1.0, round(_WIDEST * line.complaints / most, 1))
        style = "" if line.whole else ", style=dashed"
        lines.append(f'    {name[line.cause]} -> {name[line.effect]} [label="{line.complaints}", penwidth={width}{style}];')
    return "\n".join([*lines, "}"]) + "\n"


def _boxes(one: MapCut, words: Words) -> dict[str, _Box]:
    """By end of the lines; the steps not drawn are the last, and no line ends in them."""
    boxes = {
        node.id: _Box(
            node.name,
            words.estimate(node.share, node.low, node.high),
            "step" if node.cause is None else "cause",
        )
        for node in one.nodes
    }
    groups: list[tuple[str, Collected | None]] = [(SYMPTOMS, one.symptoms), (CAUSES, one.causes), (_REST, one.steps)]
    for end, group in groups:
        if group is not None:
            boxes[end] = _Box(words(f"map_{end}", group.nodes), words("complaints", group.complaints), "group")
    return boxes


def _notes(found: CauseMap, words: Words) -> Iterator[str]:
    """What the drawing leaves out, for who reads the file."""
    if found.broken:
        yield f"{words('map_circles', len(found.broken))} (--format json)"
    if found.uncompared:
        yield words("map_uncompared", found.uncompared)


def _coded(text: str) -> str:

    return _PLAIN.sub(lambda sign: f"#{ord(sign[0])};", one_line(text))


def _quoted(text: str) -> str:
    """Backslashes steer a label, quotation marks end it, and it reads entities of HTML."""
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
