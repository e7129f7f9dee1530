"""A new pack: a folder that loads, and that `fewshot check` has something to say about."""

from __future__ import annotations

import re
from pathlib import Path

from rootcause.errors import PackError, SettingsError
from rootcause.fewshot.check.catalogue import CONTEXT_WORDS
from rootcause.fewshot.files import write
from rootcause.fewshot.load import EXAMPLES_FILE, TOPIC_FILE

_ID = re.compile(r"[^\W_A-Z]+(?:-[^\W_A-Z]+)*")
_TOPIC = """\
# A topic: what a model must know of the company before it explains one of its complaints.
id: {topic}
title: {title}
language: {language}    # of the complaints and the chains, two letters

# The company's name, as customers write it.
company: ""

# What the company does, and above all the processes, limits and rules that complaints come from: who decides what, when
# and how fast, what a screen shows and what it leaves out, which system does not know what another one knows. It is sent
# with every prompt, so at most {words} words. A fact that explains no complaint does not belong here. For example:
#   Checkout fixes the promised day when the basket is opened and does not work it out again at payment.
#   Refunds up to £30 are instant; larger ones wait for finance's Thursday session.
context: |

# Who can change what. Every cause below belongs to one of them.
#   - {{id: checkout, name: Checkout and order form}}
teams: []

# The catalogue: the root causes that you know, twelve to sixteen in the end. Begin with the two or three that you are sure of;
# the first labelled complaints show the others. A name states a fault of a process in one sentence: what happens, and
# why it can. No person is a cause. effort: S is days, M weeks, L months.
#   - id: promise-fixed-at-basket
#     name: Checkout keeps the delivery day from basket opening although payment came after the cut-off.
#     team: checkout
#     countermeasure: Work out the promised day again at payment and show the change before the customer pays.
#     effort: M
#     controllable: true
causes: []
"""


def create(root: Path, topic: str, *, language: str) -> Path:
    """The folder of a new pack in the root. Raises SettingsError for a name that cannot be one, PackError where one is there."""
    if not _ID.fullmatch(topic):
        raise SettingsError(f"'{topic}' cannot be a topic's id; write small letters, digits and hyphens, such as late-delivery")
    folder = root / topic
    if folder.exists():
        raise PackError(f"{folder} is there already; choose another name, or go on with 'rootcause fewshot check {topic}'")
    title = topic.replace("-", " ").capitalize()
    content = _TOPIC.format(topic=topic, title=title, language=language, words=CONTEXT_WORDS)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise PackError(f"{folder} cannot be made ({error.strerror}); choose a folder you may write to") from None
    write(folder, {TOPIC_FILE: content, EXAMPLES_FILE: ""})
    (folder / EXAMPLES_FILE).touch()
    return folder
