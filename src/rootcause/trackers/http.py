"""One HTTP client for every tracker; what can pass is repeated here and nowhere else.

Repeated are 429, GitHub's 403 for its limits, 408, 5xx and lost connections, honouring Retry-After and GitHub's
x-ratelimit-reset, at most six times, and no more once four minutes are over. A request that makes an issue is repeated here
only where it surely made none. Redirects are not followed: they would carry the token to another address.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import mktime_tz, parsedate_tz
from typing import Any, TypeVar

import httpx2
import stamina
from pydantic import Field, TypeAdapter, ValidationError

from rootcause.errors import ItemRefused, SettingsError, TrackerError
from rootcause.models import Frozen
from rootcause.report.clean import one_line
from rootcause.trackers.values import Tell, Unsure

T = TypeVar("T")
Complaints = Sequence[tuple[str | None, str]]
"""What a tracker says against a request: the field, where it names one, and the words."""

_ATTEMPTS = 6
_PATIENCE = 240.0  # seconds; after them no attempt follows
_LONGEST_WAIT = 120.0  # a longer wish to wait is told to the person instead
_WORTH_TELLING = 5.0
_FIRST_WAIT, _WAIT_MAX, _JITTER = 0.5, 30.0, 1.0  # of the usual back-off
_TIMEOUT, _CONNECT_TIMEOUT = 60.0, 15.0
_LONGEST_SAID = 300
_GONE = (301, 404, 410)
_SECRET = re.compile(r"(?<=//)[^/\s@]+(?=@)")  # a proxy's password

logging.getLogger("stamina").addHandler(logging.NullHandler())  # without any handler, Python prints its notes on retries


class Account(Frozen):
    """How to reach a project. base: the API's address; variable: the environment's that holds the token.

    secrets: what may stand in no message; pause: seconds between requests that write; unsaid: seconds to wait where a limit is
    reached and the tracker does not say for how long, None for the usual back-off.
    """

    base: str
    project: str
    variable: str
    headers: dict[str, str] = Field(repr=False)
    secrets: tuple[str, ...] = Field(repr=False)
    pause: float = 0.0
    unsaid: float | None = None


class _Passing(TrackerError):
    """May pass when repeated: after `wait` seconds where the tracker names them, else after the usual back-off."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Http:
    """Requests of one account, one after the other. complaints: reads the body of an answer that refuses."""

    def __init__(self, account: Account, complaints: Callable[[Any], Complaints], tell: Tell) -> None:
        address = _address(account.base)
        self.host = address.netloc.decode()
        self._account = account
        self._complaints = complaints
        self._tell = tell
        self._reached = False
        self._wrote = float("-inf")
        self._client = httpx2.Client(
            base_url=address,
            headers={"User-Agent": "rootcause", **account.headers},
            timeout=httpx2.Timeout(_TIMEOUT, connect=_CONNECT_TIMEOUT),
            # What is meant for this machine goes through no proxy, whatever the environment says.
            trust_env=not _here(address),
        )

    def close(self) -> None:
        self._client.close()

    def read(
        self, shape: type[T], path: str, *, params: Mapping[str, str | int] | None = None, body: Any = None
    ) -> tuple[T, httpx2.Response]:
        """What the tracker holds. body: of a search, which is a POST that changes nothing."""
        response = self._send("GET" if body is None else "POST", path, params=params, body=body)
        if not response.is_success:
            raise self._unreadable(response)
        return self._shaped(shape, response), response

    def find(self, shape: type[T], path: str, *, params: Mapping[str, str | int] | None = None) -> T | None:
        """One issue; None where there is none any more, or where it has moved elsewhere."""
        response = self._send("GET", path, params=params)
        if response.status_code in _GONE:
            return None
        if not response.is_success:
            raise self._unreadable(response)
        return self._shaped(shape, response)

    def make(self, shape: type[T], path: str, body: Any) -> T:
        """Raises ItemRefused, and Unsure where the tracker may have made it."""
        return self._shaped(shape, self._written("POST", path, body, sure=False))

    def change(self, method: str, path: str, body: Any) -> None:
        """Raises ItemRefused."""
        self._written(method, path, body, sure=True)

    def _written(self, method: str, path: str, body: Any, *, sure: bool) -> httpx2.Response:
        time.sleep(max(0.0, self._wrote + self._account.pause - time.monotonic()))
        response = self._send(method, path, body=body, sure=sure)
        self._wrote = time.monotonic()
        if not response.is_success:
            raise ItemRefused(self._refusal(response))
        return response

    def _send(
        self, method: str, path: str, *, params: Mapping[str, str | int] | None = None, body: Any = None, sure: bool = True
    ) -> httpx2.Response:
        """An answer of success, or a refusal that no repetition mends. sure: doing it twice is doing it once."""
        attempts = stamina.retry_context(
            on=self._again,
            attempts=_ATTEMPTS,
            timeout=_PATIENCE,
            wait_initial=_FIRST_WAIT,
            wait_max=_WAIT_MAX,
            wait_jitter=_JITTER,
        )
        for attempt in attempts:
            with attempt:
                return self._once(method, path, params, body, sure)
        raise AssertionError("the retry loop ends by returning or raising")

    def _again(self, error: Exception) -> bool | float:
        """stamina's hook: False not to retry, True for the usual back-off, seconds where the tracker names them."""
        if not isinstance(error, _Passing):
            return False
        if error.wait is None:
            return True
        if error.wait >= _WORTH_TELLING:
            self._tell(f"{self.host} asks to wait {error.wait:.0f} s")
        return error.wait

    def _once(self, method: str, path: str, params: Mapping[str, str | int] | None, body: Any, sure: bool) -> httpx2.Response:
        try:
            response = self._client.request(method, path, params=params, json=body)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            message = f"{self.host} cannot be reached ({self._clean(str(error))}); check --url and the network, then try again"
            # It was there a moment ago; an address that never answered is a wrong one.
            raise (_Passing(message) if self._reached else TrackerError(message)) from None
        except httpx2.RequestError as error:
            why = self._clean(str(error)) or type(error).__name__
            if not sure:
                raise Unsure(f"the connection to {self.host} was lost ({why}), so it may have taken it or not") from None
            raise _Passing(f"the connection to {self.host} was lost ({why}); run the same command again to go on") from None
        self._reached = True
        if _is_limit(response):
            raise self._limited(response)
        if response.status_code == 401:
            said = self._said(response)
            raise TrackerError(
                f"{self.host} does not accept the token: {said}; set {self._account.variable} to one that is valid there"
            )
        if response.status_code == 408 or response.status_code >= 500:
            answered = f"{self.host} answered {response.status_code}: {self._said(response)}"
            if not sure:
                raise Unsure(f"{answered}; it may have taken it or not")
            raise self._waiting(f"{answered}; run the same command again later", _wish(response))
        return response

    # ── what is said of an answer ─────────────────────────────────────────────────────────────────

    def _limited(self, response: httpx2.Response) -> TrackerError:
        wish = _wish(response)
        sentence = f"{self.host} takes no more requests for now: {self._said(response)}"
        return self._waiting(
            f"{sentence}; run the same command again later to go on", self._account.unsaid if wish is None else wish
        )

    def _waiting(self, sentence: str, wait: float | None) -> TrackerError:
        if wait is not None and wait > _LONGEST_WAIT:
            return TrackerError(f"{sentence}, in {wait / 60:.0f} minutes or more")
        return _Passing(sentence, wait)

    def _unreadable(self, response: httpx2.Response) -> TrackerError:
        project, said = self._account.project, self._said(response)
        if response.is_redirect:
            return TrackerError(f"'{project}' has moved away from {self.host}; name its place with --project and --url")
        if response.status_code == 404:
            return TrackerError(
                f"{self.host} shows no project '{project}' to this token: {said}; check --project, --url and the token's rights"
            )
        return TrackerError(f"'{project}' cannot be read at {self.host}: {said}; check --project and the token's rights")

    def _refusal(self, response: httpx2.Response) -> str:
        """Names the fields, where the tracker does."""
        told = self._told(response)
        if fields := [f"the field {field} ({self._clean(words)})" for field, words in told if field]:
            return f"{self.host} refused {', '.join(fields)}; mend that and run the same command again"
        return f"{self.host} refused it ({response.status_code}: {self._said(response)})"

    def _said(self, response: httpx2.Response) -> str:
        words = "; ".join(f"{field}: {words}" if field else words for field, words in self._told(response))
        return self._clean(words) or f"{response.status_code} without a reason"

    def _told(self, response: httpx2.Response) -> Complaints:
        """Never the whole page of a proxy."""
        try:
            return self._complaints(response.json())
        except (ValueError, LookupError, TypeError, AttributeError):
            title = re.search(r"<title>(.*?)</title>", response.text, re.IGNORECASE | re.DOTALL)
            return [(None, f"a web page, “{title[1].strip()}”" if title else "no JSON")]

    def _clean(self, text: str) -> str:
        """On one line and short, without a secret."""
        for secret in self._account.secrets:
            text = text.replace(secret, "…")
        line = one_line(_SECRET.sub("…", text))
        return line if len(line) <= _LONGEST_SAID else f"{line[: _LONGEST_SAID - 1]}…"

    def _shaped(self, shape: type[T], response: httpx2.Response) -> T:
        try:
            return TypeAdapter(shape).validate_json(response.content)
        except ValidationError:
            path = response.request.url.path
            raise TrackerError(f"{self.host} answers {path} as no such tracker does; check --to and --url") from None


def same_place(address: str, base: str) -> bool:
    """Whether a link leads to the API itself: to no other address is the token sent."""
    one, other = httpx2.URL(address), httpx2.URL(base)
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _address(base: str) -> httpx2.URL:
    try:
        address = httpx2.URL(base)
    except httpx2.InvalidURL:
        raise SettingsError(f"--url {base} is no address; give one such as https://git.example.com") from None
    if not address.host or address.userinfo:
        raise SettingsError("--url must be an address such as https://git.example.com, without name and password in it")
    if address.scheme != "https" and not (address.scheme == "http" and _here(address)):
        raise SettingsError(f"--url must begin with https://: {address.host} would get the token unencrypted")
    return address


def _here(address: httpx2.URL) -> bool:
    return address.host in ("localhost", "::1") or address.host.startswith("127.")


def _is_limit(response: httpx2.Response) -> bool:
    """429; at GitHub also 403 with a sign that a limit is meant (its page "Rate limits for the REST API")."""
    if response.status_code != 403:
        return response.status_code == 429
    headers = response.headers
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in response.text.casefold()


def _wish(response: httpx2.Response) -> float | None:
    """Seconds that the tracker asks to wait; None where it does not say."""
    headers = response.headers
    after = headers.get("retry-after", "")
    try:
        wait = float(after)
    except ValueError:
        date = parsedate_tz(after) if after else None
        if date:
            wait = mktime_tz(date) - time.time()
        elif headers.get("x-ratelimit-remaining") == "0" and (reset := _reset(headers.get("x-ratelimit-reset", ""))):
            wait = reset - time.time() + 1  # whole seconds are given
        else:
            return None
    return max(wait, 0.1)


def _reset(text: str) -> float | None:
    """Seconds since 1970, from a number (GitHub) or a date (Jira)."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return dt.datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
