"""No test can spend money or read the developer's own settings."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from openai_server import ScriptedServer

_PROXY = ("127.0.0.1", 1)  # nothing listens there, and who tries it was on the way to another machine
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_HOMES = (
    "HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
    "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
)  # fmt: skip

_blocked: list[str] = []


def pytest_configure() -> None:
    """Each of several workers keeps to a core of its own: the threads of a model that shares its cores wait for each other."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A scripted model of this test's own."""
    with ScriptedServer() as serving:
        yield serving


@pytest.fixture(scope="session", autouse=True)
def _this_machine_only() -> Iterator[None]:
    """Connections beyond this machine fail as they would without a network, here and, through proxies, in subprocesses."""
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    lookup = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check(self, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check(self, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: bytes, *rest: Any) -> int:
        _check(self, rest[-1])
        return sendto(self, data, *rest)

    def guarded_lookup(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if not _is_here(host):
            _blocked.append(f"look-up of {host}")
            raise socket.gaierror(socket.EAI_NONAME, f"tests may not look up {host}")
        return lookup(host, port, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket.socket, "sendto", guarded_sendto)
        patch.setattr(socket, "getaddrinfo", guarded_lookup)
        for name in [name for name in os.environ if name.upper().startswith(("OPENAI_", "ROOTCAUSE_"))]:
            patch.delenv(name)
        for name in _PROXIES:
            patch.setenv(name, f"http://{_PROXY[0]}:{_PROXY[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "localhost,127.0.0.1,::1")
        yield


@pytest.fixture(autouse=True)
def blocked() -> Iterator[list[str]]:
    """What the test tried to reach outside this machine; it fails for that, unless it expects it and clears the list."""
    _blocked.clear()
    yield _blocked
    if _blocked:
        pytest.fail(f"the test tried to reach the network: {', '.join(_blocked)}")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in _HOMES:
        monkeypatch.setenv(name, str(home))


def _check(connection: socket.socket, address: Any) -> None:
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host, port = address[:2]
    if (host, port) == _PROXY or not _is_here(host):
        _blocked.append(f"connection to {host}:{port}" if (host, port) != _PROXY else "connection through a proxy")
        raise OSError(errno.ENETUNREACH, f"tests may not connect to {host}:{port}")


def _is_here(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
