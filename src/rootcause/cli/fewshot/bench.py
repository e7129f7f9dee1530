"""Making a pack's folder, keeping cases out of it, and its doubtful labels: `fewshot new`, `split`, `doubts`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rootcause.cli import options
from rootcause.cli.fewshot.asked import pack_of
from rootcause.cli.fewshot.packs import Topic
from rootcause.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Adds this module's commands to `rootcause fewshot`."""
    app.command("new")(new)
    app.command("split")(split)
    app.command("doubts")(doubts)


def new(
    topic: Annotated[str, typer.Argument(help="The new topic's id: small letters, digits, hyphens.")],
    language: Annotated[str, typer.Option(help="Two letters: language of its complaints.")] = "en",
) -> None:
    """Make the folder of a new pack."""
    from rootcause.fewshot.load import EXAMPLES_FILE, TOPIC_FILE
    from rootcause.fewshot.scaffold import create
    from rootcause.settings import resolve

    folder = create(resolve().fewshot or Path("fewshot"), topic, language=language)
    typer.echo(f"{folder / TOPIC_FILE}: say there what a model must know of the company; its comments tell how")
    typer.echo(f"{folder / EXAMPLES_FILE}: empty; 'rootcause fewshot draft FILE --topic {topic}' picks complaints to label")


def split(
    topic: Topic,
    count: Annotated[int | None, typer.Option(help="Cases to keep out. Default: 40, or as many as leave 100.", min=1)] = None,
    more: Annotated[bool, typer.Option("--more", help="Keep the held-out cases there are and add to them.")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Put the held-out cases back first and draw again.")] = False,
    seed: options.Seed = None,
) -> None:
    """Keep examples out to measure with: the same shares of causes, near-duplicates together."""
    from rootcause.fewshot.files import labelled, write
    from rootcause.fewshot.load import EXAMPLES_FILE, HELDOUT_FILE
    from rootcause.fewshot.split import count_for, divided
    from rootcause.settings import resolve

    settings = resolve(seed=seed)
    pack = pack_of(topic)
    if more and anew:
        raise SettingsError("--more and --anew exclude each other; give one of them")
    if pack.heldout and not (more or anew):
        raise SettingsError(
            f"{pack.topic.id} has {len(pack.heldout)} held-out cases already, and what was measured on them can be compared only "
            "while they stay: add to them with --more, or draw all again with --anew"
        )
    if anew:
        pack = pack.model_copy(update={"examples": (*pack.examples, *pack.heldout), "heldout": ()})
    wanted = count_for(pack) if count is None else count - len(pack.heldout)
    if wanted < 1:
        raise SettingsError(f"{pack.topic.id} has {len(pack.heldout)} held-out cases; give a larger --count")
    found = divided(pack, wanted, settings.seed, thin=count is not None)
    if not found.moved:
        raise SettingsError(f"no cause of {pack.topic.id} has an example to spare; label more before you split")
    folder = Path(pack.folder)
    paths = [folder / name for name in (EXAMPLES_FILE, HELDOUT_FILE)]
    before = "\n".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())
    # What is kept out is written first: a case in both files is a finding of the check, a lost one would be none.
    write(folder, {HELDOUT_FILE: labelled(found.heldout, before), EXAMPLES_FILE: labelled(found.examples, before)})
    typer.echo(f"{pack.topic.id}: {len(found.examples)} examples, {len(found.heldout)} held out")
    if found.mended:
        typer.echo(
            f"{found.mended} steps named a held-out case as their precedent; they name another example now or are inferred"
        )
    if len(found.moved) < wanted:
        typer.echo(f"{wanted - len(found.moved)} fewer than asked for: causes with few examples keep them")


def doubts(
    topic: Topic,
    top: Annotated[int | None, typer.Option(help="How many to show. Default: a tenth of the examples.", min=1)] = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
) -> None:
    """The examples whose label is most likely wrong, told by a classifier that has not seen them."""
    import json

    from rootcause.cli.session import consoles, print_json, shown
    from rootcause.fewshot.check.material import example_lines
    from rootcause.fewshot.doubts import FIRST
    from rootcause.fewshot.doubts import doubts as doubts_of
    from rootcause.fewshot.load import EXAMPLES_FILE
    from rootcause.settings import resolve

    settings = resolve(seed=seed)
    pack = pack_of(topic)
    found = doubts_of(pack, settings.seed)
    if not found:
        raise SettingsError(f"{pack.topic.id} has no two causes with two examples each to tell apart; label more complaints")
    path = Path(pack.folder) / EXAMPLES_FILE
    lines = example_lines(path)
    first = found[: top or max(1, round(FIRST * len(found)))]
    if as_json:
        rows = [
            {"id": d.example.id, "file": str(path), "line": lines.get(d.example.id), "label": d.label, "confidence": d.confidence,
             "suggested": d.suggested, "likelier": d.likelier, "text": d.example.text}
            for d in first
        ]  # fmt: skip
        print_json(json.dumps(rows, ensure_ascii=False))
        return
    out, err = consoles()
    for d in first:
        beginning = d.example.text if len(d.example.text) <= 100 else f"{d.example.text[:99].rstrip()}…"
        out.print(f"{path}:{lines.get(d.example.id)}: {d.example.id}", soft_wrap=True)
        out.print(f"  {d.label} ({d.confidence:.0%}); the others suggest {d.suggested} ({d.likelier:.0%})", soft_wrap=True)
        out.print(f"  {shown(beginning, out)}", soft_wrap=True)
    unjudged = len(pack.examples) - len(found)
    err.print(
        f"{len(first)} of {len(found)} examples, the most doubtful first; {unjudged} cannot be judged (new causes, or alone with "
        "their label). Most labels are right even here: read them, do not obey.",
        soft_wrap=True,
    )
