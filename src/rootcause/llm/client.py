"""One call to a chat model: the only importer of `openai`.

Retried is only what can pass (429, 408, 409, 5xx, lost connections, silence), in this one layer, honouring
Retry-After, at most six times, and no more once four minutes are over. What no repetition can mend stops the run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from email.utils import mktime_tz, parsedate_tz
from textwrap import shorten
from types import TracebackType
from typing import Any, Literal, Self

from pydantic import BaseModel, ValidationError, model_validator
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from rootcause.errors import (
    AuthenticationFailed,
    CallFailed,
    EndpointUnreachable,
    ModelError,
    QuotaExhausted,
    UnknownModel,
)
from rootcause.llm.endpoint import Endpoint
from rootcause.models import Frozen, Usage

_ATTEMPTS = 6
_PATIENCE = 240.0  # seconds; after them no attempt follows
_LONGEST_WAIT = 120.0  # a longer Retry-After is not waited for
_TIMEOUT = 120.0  # of a whole request: a body that trickles on for ever ends here too
_LOCAL_TIMEOUT = 900.0  # a long prompt on two cores takes minutes before its first token
_CONNECT_TIMEOUT = 15.0

_OPTION = re.compile(r"\b(?:temperature|seed|max_completion_tokens|max_tokens)\b")
_TOO_LONG = re.compile(r"context.{0,20}(?:length|size|window)|prompt is too long", re.IGNORECASE)
_FILTERED = re.compile(r"content.(?:filter|policy|management)|usage polic|flagged", re.IGNORECASE)
_NO_MODEL = re.compile(r"\bmodel\b.*\b(?:not found|not exist|not a valid|unknown)|\bnot a valid model", re.IGNORECASE)
_SECRET = re.compile(r"\bsk-\S+|(?<=//)[^/\s@]+(?=@)")  # a key, a proxy's password
_FILTER_CODES = {"content_filter", "content_policy_violation", "invalid_prompt"}
_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached"}
_LENGTH_CODES = {"context_length_exceeded", "exceed_context_size_error"}

logging.getLogger("stamina").addHandler(logging.NullHandler())  # without any handler, Python prints its notes on retries


class Message(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str


class Reply(Frozen):
    text: str
    usage: Usage
    seconds: float


Record = Callable[[str, Usage, float], None]
"""Told of every request that failed: outcome, usage, seconds. A reply's outcome is for its reader to record."""


class _Passing(CallFailed):
    """May pass when repeated: after `wait` seconds where the server names them, else after the usual back-off."""

    def __init__(self, kind: str, message: str, wait: float | None = None) -> None:
        super().__init__(kind, message)
        self.wait = wait


class _OptionRefused(CallFailed):
    def __init__(self, option: str, message: str) -> None:
        super().__init__("rejected", message)
        self.option = option


class Client:
    """Use it as `async with Client(endpoint) as client`. At most `endpoint.concurrency` calls are in flight."""

    def __init__(self, endpoint: Endpoint) -> None:
        import openai

        key = endpoint.api_key.get_secret_value().strip()
        if not (key.isascii() and key.isprintable()):
            raise AuthenticationFailed("the key holds characters that no key can have; set OPENAI_API_KEY to the key alone")
        self.endpoint = endpoint
        self._openai = openai
        self._where = endpoint.base_url
        self._key = key
        self._timeout = _LOCAL_TIMEOUT if endpoint.on_this_machine else _TIMEOUT
        timeout = openai.Timeout(self._timeout, connect=_CONNECT_TIMEOUT)
        self._sdk = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=key or "none",
            max_retries=0,
            timeout=timeout,
            # What is meant for this machine goes through no proxy, whatever the environment says.
            http_client=openai.DefaultAioHttpClient(timeout=timeout, trust_env=not endpoint.on_this_machine),
        )
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        self._refused_options: set[str] = set()
        self._reached: float | None = None  # when the server last gave a sign of life

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._sdk.close()

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any],
        name: str,
        limit: int,
        seed: int,
        record: Record,
        warmth: float = 0.0,
        admit: Callable[[], None] = lambda: None,
    ) -> Reply:
        """The model's reply to the messages, as JSON text that follows the schema.

        limit: tokens of the answer; warmth: the sampling temperature. admit is called when the call's turn has come;
        what it raises withdraws the call. Raises CallFailed for this call alone (kind: refusal, truncated, content,
        empty, rejected, timeout, connection, server, rate limit), ModelError when no call can succeed.
        """
        options: dict[str, Any] = {
            "response_format": {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}},
            "temperature": warmth,
            "seed": seed,
            "max_completion_tokens": limit,
        }
        async with self._slots:  # kept while waiting to repeat: a busy server is asked for less, not for more
            admit()
            return await self._retried(messages, options, record)

    async def _retried(self, messages: Sequence[Message], options: dict[str, Any], record: Record) -> Reply:
        import stamina

        attempts = stamina.retry_context(on=self._again, attempts=_ATTEMPTS, timeout=_PATIENCE, wait_initial=0.5, wait_max=30)
        began = time.monotonic()
        try:
            async for attempt in attempts:
                with attempt:
                    return await self._call(messages, options, record)
        except EndpointUnreachable as error:
            if self._reached is not None and self._reached > began:  # other calls got through meanwhile
                raise CallFailed("connection", str(error)) from None
            raise
        raise AssertionError("the retry loop ends by returning or raising")

    def _again(self, error: Exception) -> bool | float:
        """stamina's hook: False not to retry, True for the usual back-off, seconds where the server names them."""
        if isinstance(error, EndpointUnreachable):
            return self._reached is not None  # it was there a moment ago; an address that never answered is a wrong one
        if isinstance(error, _Passing):
            return True if error.wait is None else error.wait
        return False

    async def _call(self, messages: Sequence[Message], options: dict[str, Any], record: Record) -> Reply:
        """One request, and one more for each option that the server turns out not to take."""
        while True:
            try:
                return await self._request(messages, self._accepted(options), record)
            except _OptionRefused as error:
                self._refused_options.add(error.option)

    def _accepted(self, options: dict[str, Any]) -> dict[str, Any]:
        sent = dict(options)
        if "max_completion_tokens" in self._refused_options:
            sent["max_tokens"] = options["max_completion_tokens"]  # the option's older name
        return {name: value for name, value in sent.items() if name not in self._refused_options}

    async def _request(self, messages: Sequence[Message], options: dict[str, Any], record: Record) -> Reply:
        started, usage = time.monotonic(), Usage(calls=1)
        try:
            completion = await self._completion(messages, options)
            usage = completion.used
            reply = Reply(text=completion.answer, usage=usage, seconds=time.monotonic() - started)
        except (CallFailed, ModelError) as error:
            record(_kind(error), usage, time.monotonic() - started)
            if not isinstance(error, EndpointUnreachable):
                self._reached = time.monotonic()
            raise
        self._reached = time.monotonic()
        return reply

    async def _completion(self, messages: Sequence[Message], options: dict[str, Any]) -> _Completion:
        import aiohttp

        dialogue: Any = list(messages)
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._sdk.chat.completions.with_raw_response.create(
                    model=self.endpoint.model, messages=dialogue, **options
                )
        except (self._openai.APIError, aiohttp.ClientError, TimeoutError) as error:
            raise self._told(error, options) from None
        try:
            completion = _Completion.model_validate_json(response.content)
        except ValidationError:
            said = f"{self._where} sent no chat completion: {self._said(response.content.decode(errors='replace'))}"
            raise EndpointUnreachable(f"{said}; check --base-url, most end in /v1") from None
        if (fault := completion.fault) is not None:  # a gateway that has already said 200
            raise self._answered(fault.status, {str(fault.code)}, self._said(fault.message), None)
        return completion

    def _told(self, error: Exception, options: dict[str, Any]) -> CallFailed | ModelError:
        """The error as one sentence: of this call alone, or of the whole run."""
        import aiohttp

        openai, where = self._openai, self._where
        if isinstance(error, openai.APIStatusError):
            said = self._said(error.body)
            if (option := _refused_option(error, options, said)) is not None:
                return _OptionRefused(option, f"{where} does not take the option {option}: {said}")
            codes = {str(error.code), str(error.type)}
            return self._answered(error.status_code, codes, said, _retry_after(error.response.headers))
        causes = list(_causes(error))
        said = self._said(str(causes[-1]))
        if any(isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) for cause in causes):
            return EndpointUnreachable(f"{where} cannot be reached ({said}); check --base-url and the network, then try again")
        # The SDK's adapter to aiohttp calls a dropped connection a time-out too: the cause knows better.
        dropped = any(isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError) for cause in causes)
        if not dropped and isinstance(error, openai.APITimeoutError | TimeoutError):
            return _Passing("timeout", f"no answer from {where} within {self._timeout:.0f} s; try again, or lower --concurrency")
        return _Passing("connection", f"the connection to {where} was lost ({said}); try again")

    def _answered(self, status: int, codes: set[str], said: str, wait: float | None) -> CallFailed | ModelError:
        """What an error status means. wait: seconds after which the server says to come again."""
        where, model = self._where, self.endpoint.model
        too_late = wait is not None and wait > _LONGEST_WAIT
        if codes & _FILTER_CODES or (status in (400, 403) and _FILTERED.search(said)):
            return CallFailed("content", f"the provider's content filter stopped the request: {said}")
        if status in (401, 403):
            return AuthenticationFailed(f"{where} does not accept the key: {said}; set OPENAI_API_KEY to one that is valid there")
        if status == 402 or (status == 429 and codes & _QUOTA_CODES):
            return QuotaExhausted(f"the quota at {where} is used up: {said}; top it up, or choose another --base-url")
        if status == 429 and too_late:
            return QuotaExhausted(f"{where} takes no request for {wait:.0f} s: {said}; run the same command again after that")
        if status in (400, 404) and (codes & {"model_not_found"} or _NO_MODEL.search(said)):
            return UnknownModel(f"{where} does not know the model '{model}': {said}; name one it serves with --model")
        if status == 404:
            return EndpointUnreachable(f"{where} has no chat completions: {said}; check --base-url, most end in /v1")
        if status == 429:
            return _Passing("rate limit", f"{where} went on answering 429: {said}; lower --concurrency and try again", wait)
        if status in (408, 409) or status >= 500:
            kind, sentence = "server", f"{where} answered {status} to the end: {said}; try again later"
            return CallFailed(kind, sentence) if too_late else _Passing(kind, sentence, wait)
        if status == 413 or codes & _LENGTH_CODES or _TOO_LONG.search(said):
            return CallFailed("rejected", f"the prompt is too long for '{model}': {said}; set --context to the tokens it holds")
        return CallFailed("rejected", f"{where} rejected the request: {said}; see what it supports, or choose another --model")

    def _said(self, body: object) -> str:
        """What the server said, on one line and short: never the whole page of a proxy, never the key."""
        if isinstance(body, dict):
            body = body.get("message") or body.get("detail") or body
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False) if body else ""
        if text.lstrip().startswith("<"):
            title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
            text = f"a web page, “{title[1].strip()}”" if title else "a web page"
        text = text.replace(self._key, "…") if len(self._key) >= 8 else text
        line = " ".join("".join(char if char.isprintable() else " " for char in _SECRET.sub("…", text)).split())
        return (line if len(line) <= 200 else line[:199] + "…") or "no reason given"


# ── what is read of a reply: other fields may be missing or odd, as many servers have them ──────────


class _Fault(BaseModel):
    code: int | str | None = None
    message: object = None

    @property
    def status(self) -> int:
        code = str(self.code)
        return int(code) if re.fullmatch("[45][0-9]{2}", code) else 500


class _Details(BaseModel):
    cached_tokens: int | None = None


class _Tokens(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class _Said(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Said = _Said()
    finish_reason: str | None = None
    error: _Fault | None = None


class _Completion(BaseModel):
    choices: list[_Choice] | None = None
    usage: _Tokens | None = None
    error: _Fault | str | None = None

    @model_validator(mode="after")
    def _has_either(self) -> Self:
        if self.choices is None and self.error is None:
            raise ValueError("neither choices nor an error")
        return self

    @property
    def fault(self) -> _Fault | None:
        error = self.error or (self.choices[0].error if self.choices else None)
        return _Fault(message=error) if isinstance(error, str) else error

    @property
    def used(self) -> Usage:
        tokens = self.usage or _Tokens()
        details = tokens.prompt_tokens_details or _Details()
        prompt, completion = tokens.prompt_tokens or 0, tokens.completion_tokens or 0
        return Usage(calls=1, prompt=prompt, completion=completion, cached=details.cached_tokens)

    @property
    def answer(self) -> str:
        """The model's text. Raises CallFailed when it gave none that can be used."""
        if not self.choices:
            raise CallFailed("empty", "the model sent no answer")
        choice, text = self.choices[0], self.choices[0].message.content or ""
        if choice.message.refusal:
            raise CallFailed("refusal", f"the model refused: {shorten(choice.message.refusal, 200, placeholder='…')}")
        if choice.finish_reason == "length":
            raise CallFailed("truncated", "the answer was cut off at its length limit")
        if choice.finish_reason == "content_filter":
            raise CallFailed("content", "the provider's content filter stopped the answer")
        if not text.strip():
            raise CallFailed("empty", "the model sent an empty answer")
        return text


def _kind(error: CallFailed | ModelError) -> str:
    if isinstance(error, CallFailed):
        return error.kind
    return "connection" if isinstance(error, EndpointUnreachable) else "rejected"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came of, outermost first."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__


def _refused_option(error: Any, options: dict[str, Any], said: str) -> str | None:
    """The option that this server does not take, if that is what it complains of."""
    if error.status_code not in (400, 422) or _TOO_LONG.search(said):
        return None
    return next((name for name in _OPTION.findall(error.param or said) if name in options), None)


def _retry_after(headers: Any) -> float | None:
    """Seconds the server asks to wait, in any of the three ways to say so; None without a usable wish."""
    milliseconds, after = headers.get("retry-after-ms"), headers.get("retry-after", "")
    try:
        seconds = float(milliseconds) / 1000 if milliseconds else float(after)
    except ValueError:
        date = parsedate_tz(after)
        seconds = mktime_tz(date) - time.time() if date else 0.0
    return seconds if seconds > 0 else None
