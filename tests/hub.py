"""A Hugging Face hub on loopback, as far as the download of one file needs it."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

COMMIT = "c" * 40
_ADDRESS = re.compile(r"^/(?:cdn/)?(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)$")


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Hub:
    """files: by "repo/file". The rest is how it misbehaves.

    etag: announced instead of the file's sha256. cut: bytes of a body after which the connection is closed, once.
    get_status: answered to every GET once `cut` is used up. error: status and X-Error-Code of every answer.
    ranges: whether it can begin in the middle. cdn: whether it sends on to another host for the file itself.
    portal: whether it answers like a network's log-in page, with 200 and nothing of a hub.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    etag: str | None = None
    cut: int | None = None
    get_status: int | None = None
    error: tuple[int, str] | None = None
    ranges: bool = True
    cdn: bool = False
    portal: bool = False
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def sent(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Sets `hub.url` and answers there while the block runs."""

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_HEAD(self) -> None:
        body = self._asked_for()
        if body is None:
            return
        if self.hub.cdn:
            self._redirect(body)
        else:
            self._head(200, body, {"Content-Length": str(len(body))})

    def do_GET(self) -> None:
        body = self._asked_for()
        if body is None:
            return
        if self.hub.cdn and not self.path.startswith("/cdn/"):
            self._redirect(body)
        elif self.hub.cut is None and self.hub.get_status is not None:
            self._refuse(self.hub.get_status, "")
        else:
            self._send(body)

    def _asked_for(self) -> bytes | None:
        self.hub.requests.append(Request(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
        asked = _ADDRESS.match(self.path)
        body = self.hub.files.get(f"{asked['repo']}/{asked['file']}") if asked else None
        if self.hub.error is not None:
            self._refuse(*self.hub.error)
            return None
        if body is None:
            self._refuse(404, "EntryNotFound")
        return body

    def _send(self, body: bytes) -> None:
        begin = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(begin[1]) if begin and self.hub.ranges else 0
        extra = {"Content-Length": str(len(body) - start)}
        if start:
            extra["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self._head(206 if start else 200, body, extra)
        if self.hub.cut is None:
            self.wfile.write(body[start:])
        else:
            self.wfile.write(body[start : start + self.hub.cut])
            self.hub.cut = None
            self.close_connection = True

    def _redirect(self, body: bytes) -> None:
        port = self.hub.url.rpartition(":")[2]
        self._head(302, body, {"Location": f"http://localhost:{port}/cdn{self.path}", "Content-Length": "0"})

    def _head(self, status: int, body: bytes, extra: dict[str, str]) -> None:
        etag = self.hub.etag or hashlib.sha256(body).hexdigest()
        told = (
            {}
            if self.hub.portal
            else {"ETag": f'"{etag}"', "X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(body)), "X-Repo-Commit": COMMIT}
        )
        self.send_response(status)
        for name, value in {**told, **extra}.items():
            self.send_header(name, value)
        self.end_headers()

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return
