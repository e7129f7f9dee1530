"""A page opened in real Chromium over its DevTools protocol: what it did, how it looks, what it measures."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--remote-debugging-port=0",
)  # fmt: skip
_LISTENING = re.compile(r"DevTools listening on (ws://\S+)")
_START_SECONDS, _CALL_SECONDS = 30, 30
_PHONE_WIDTH = 500


@dataclass(frozen=True)
class Look:
    """How a page is looked at. reveal: JavaScript run before the look, for its value."""

    width: int
    dark: bool = False
    reveal: str = "null"


@dataclass
class Visit:
    """What a page did while it was looked at."""

    title: str = ""
    pwned: str = ""
    revealed: Any = None
    page_width: int = 0
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    screenshot: bytes = b""


class _Session:
    """One connection to the browser. Events of pages go to the visit in progress."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._events: list[dict[str, Any]] = []

    async def call(self, method: str, session: str | None = None, **params: object) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        await self._socket.send_json(message | ({"sessionId": session} if session else {}))
        async with asyncio.timeout(_CALL_SECONDS):
            while (reply := await self._socket.receive_json()).get("id") != self._number:
                self._events.append(reply)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        result: dict[str, Any] = reply["result"]
        return result

    async def value(self, session: str, expression: str) -> Any:
        reply = await self.call("Runtime.evaluate", session, expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in reply:
            raise RuntimeError(json.dumps(reply["exceptionDetails"])[:2000])
        return reply["result"].get("value")

    async def until(self, method: str) -> None:
        async with asyncio.timeout(_CALL_SECONDS):
            while not any(event.get("method") == method for event in self._events):
                self._events.append(await self._socket.receive_json())

    def taken(self) -> list[dict[str, Any]]:
        events, self._events = self._events, []
        return events


def visit(page: Path, looks: list[Look], profile: Path) -> list[Visit]:
    """Opens the page anew for each look, in one browser with an empty profile."""
    return asyncio.run(_visit(page, looks, profile))


async def _visit(page: Path, looks: list[Look], profile: Path) -> list[Visit]:
    async with _browser(profile) as session:
        return [await _look(session, page, look) for look in looks]


@asynccontextmanager
async def _browser(profile: Path) -> AsyncIterator[_Session]:
    process = await asyncio.create_subprocess_exec(
        str(CHROMIUM), *_FLAGS, f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    log = cast(asyncio.StreamReader, process.stderr)
    try:
        address = await _address(log)
        unread = asyncio.create_task(log.read())
        async with aiohttp.ClientSession() as client, client.ws_connect(address, max_msg_size=0) as socket:
            session = _Session(socket)
            yield session
            await session.call("Browser.close")
        await unread
    finally:
        if process.returncode is None:
            await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), timeout=10)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _address(log: asyncio.StreamReader) -> str:
    async with asyncio.timeout(_START_SECONDS):
        async for line in log:
            if found := _LISTENING.search(line.decode(errors="replace")):
                return found[1]
    raise RuntimeError("Chromium ended before it listened")


async def _look(browser: _Session, page: Path, look: Look) -> Visit:
    target = (await browser.call("Target.createTarget", url="about:blank"))["targetId"]
    session = (await browser.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
    for domain in ("Page", "Runtime", "Network", "Log"):
        await browser.call(f"{domain}.enable", session)
    await browser.call(
        "Emulation.setDeviceMetricsOverride", session,
        width=look.width, height=900, deviceScaleFactor=1, mobile=look.width < _PHONE_WIDTH,
    )  # fmt: skip
    scheme = {"name": "prefers-color-scheme", "value": "dark" if look.dark else "light"}
    await browser.call("Emulation.setEmulatedMedia", session, features=[scheme])
    browser.taken()
    await browser.call("Page.navigate", session, url=page.as_uri())
    await browser.until("Page.loadEventFired")
    seen = await _measured(browser, session, look)
    _recorded(seen, browser.taken())
    await browser.call("Target.closeTarget", targetId=target)
    return seen


async def _measured(browser: _Session, session: str, look: Look) -> Visit:
    await asyncio.sleep(0.3)
    seen = Visit(
        revealed=await browser.value(session, look.reveal),
        title=await browser.value(session, "document.title"),
        pwned=await browser.value(session, "typeof window.pwned"),
        page_width=await browser.value(session, "document.documentElement.scrollWidth"),
    )
    picture = await browser.call("Page.captureScreenshot", session, format="png")
    seen.screenshot = base64.b64decode(picture["data"])
    return seen


def _recorded(seen: Visit, events: list[dict[str, Any]]) -> None:
    for event in events:
        params = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                seen.requests.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                seen.errors.append(params["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled":
                seen.errors.append(f"console.{params['type']}")
            case "Log.entryAdded":
                seen.errors.append(params["entry"]["text"])
            case "Page.javascriptDialogOpening":
                seen.errors.append(f"dialog: {params['message']}")
