"""From settings to an endpoint that answers: a server somewhere, or the embedded model started in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from urllib.parse import urlsplit, urlunsplit

from rootcause.errors import SettingsError
from rootcause.fewshot.select import ShotKind, Shots
from rootcause.llm import local, shelf
from rootcause.llm.endpoint import OPENAI_URL, Endpoint
from rootcause.settings import LOCAL, Settings

_SHORT_CONTEXT = 8192  # holds eight nearest examples and a complaint of four pages
_REMOTE_CONCURRENCY = 16
_ALIKE = 0.8  # of letters: "gemma3-4" for "gemma3-4b"
_REMOTE_SHOTS = "all"


def is_embedded(settings: Settings) -> bool:
    """True when the model runs in this process: no endpoint is named, and the model is a file or one of the shelf.

    Raises SettingsError for a name that is nearly one of the shelf: a slip must not send the texts to a server.
    """
    if settings.base_url is not None:
        return False
    shelved = [model.name for model in shelf.models()]
    if settings.model == LOCAL or settings.model.lower().endswith(".gguf") or settings.model in shelved:
        return True
    if meant := get_close_matches(settings.model.lower(), [LOCAL, *shelved], n=1, cutoff=_ALIKE):
        raise SettingsError(
            f"there is no model '{settings.model}' on this machine; write {meant[0]}, or add --base-url where a server has one "
            "of that name"
        )
    return False


def shots_for(settings: Settings) -> Shots:
    """The shots named, or the model's default, which is a measured one."""
    if settings.shots is not None:
        return Shots.parse(settings.shots)
    return Shots.parse(shelf.resolve(settings.model)[1].default_shots if is_embedded(settings) else _REMOTE_SHOTS)


@contextmanager
def connect(settings: Settings, shots: Shots) -> Iterator[Endpoint]:
    """The endpoint, for as long as the block runs. Raises LocalModelUnavailable or SettingsError, one sentence each."""
    if not is_embedded(settings):
        yield _remote(settings)
        return
    file, model = shelf.resolve(settings.model)
    wanted = model.context if shots.kind in (ShotKind.ALL, ShotKind.HYBRID) else min(_SHORT_CONTEXT, model.context)
    with local.serve(
        file,
        name=model.name,
        sha256=model.sha256,
        context=settings.context or wanted,
        parallel=settings.concurrency or 1,
        plain=model.plain,
        weak=model.weak,
    ) as endpoint:
        yield endpoint


def _remote(settings: Settings) -> Endpoint:
    try:
        url = urlsplit(settings.base_url or OPENAI_URL)
        whole = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # an open bracket, a port that is no number
        whole = False
    if not whole:
        raise SettingsError(f"--base-url '{settings.base_url}' is not an address; write it like http://localhost:11434/v1")
    if url.username or url.password or url.query:
        raise SettingsError("--base-url holds a password or a query; write the bare address and set OPENAI_API_KEY")
    endpoint = Endpoint(
        base_url=urlunsplit(url),
        api_key=settings.api_key,
        model=settings.model,
        context=settings.context,
        concurrency=settings.concurrency or _REMOTE_CONCURRENCY,
    )
    if not endpoint.on_this_machine and not settings.api_key.get_secret_value():
        raise SettingsError(f"{endpoint.base_url} needs a key: set OPENAI_API_KEY, or use the embedded model with --model local")
    return endpoint
