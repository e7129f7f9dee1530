"""The embedded model: llama.cpp's OpenAI-compatible server inside this process, on loopback, with a key of its own."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from rootcause.errors import LocalModelUnavailable
from rootcause.llm.endpoint import Endpoint

_PLAIN_TEMPLATE = "{% for message in messages %}{{ message.content }}\n\n{% endfor %}"
"""For a base model: running text that it can continue, instead of chat marks it has never seen."""

_ALTERNATIVE = "point --base-url at any OpenAI-compatible server (Ollama, LM Studio, vLLM) instead"


@contextmanager
def serve(
    model_file: Path, *, name: str, sha256: str, context: int, parallel: int, plain: bool, weak: bool
) -> Iterator[Endpoint]:
    """Serves a GGUF file while the block runs. context: tokens for each of the `parallel` slots.

    plain: the model is a base model without a chat template of its own. weak: see Endpoint.
    Raises LocalModelUnavailable where xllamacpp is not installed or the file cannot be loaded.
    """
    llama = _llama()
    params = llama.CommonParams()
    params.model.path = str(model_file)
    params.n_ctx = context * parallel
    params.n_parallel = parallel
    params.cpuparams.n_threads = threads()
    params.warmup = False
    params.verbosity = -1
    params.ui = False
    params.endpoint_slots = False
    # A model with a sliding window keeps all of it: else llama.cpp reads a prompt's stable prefix anew as soon as more than
    # the last few hundred tokens differ (`fewshot eval delivery --shots hybrid:4`, 2026-11-22: 18.2 s a call, now 4.2).
    params.swa_full = True
    params.cache_ram_mib = 0  # the slot itself keeps the stable prefix; copies of whole prompts would cost a gigabyte
    key = secrets.token_urlsafe(24)
    params.api_keys = [key]
    if plain:
        params.chat_template = _PLAIN_TEMPLATE
    try:
        server = llama.Server(params)
    except Exception as error:
        raise LocalModelUnavailable(f"{model_file} cannot be loaded ({error}); check the file, or {_ALTERNATIVE}") from error
    try:
        yield Endpoint(
            base_url=f"{server.listening_address}/v1",
            api_key=SecretStr(key),
            model=name,
            local=True,
            grammar=True,
            context=context,
            sha256=sha256,
            concurrency=parallel,
            weak=weak,
            plain=plain,
        )
    finally:
        del server


def threads() -> int:
    """As many as this process may run on: more make the model slower."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _llama() -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise LocalModelUnavailable(
            f"the embedded model needs the extra 'local' (pip install 'rootcause[local]'), not built for every platform: "
            f"install it, or {_ALTERNATIVE}"
        ) from error
    return xllamacpp
