"""A scripted model behind a real HTTP server on loopback that speaks OpenAI's chat completions.

Left alone it answers every request of rootcause validly and always in the same way. Faults are queued by name:

    with ScriptedServer(words={"courier": "address-not-checked"}) as server:
        server.queue("503", "429:0.2")           # the next two requests, then valid answers again
        server.queue("refusal", when="parcel")   # the next request whose complaint holds the word
        server.always("500", when="poison")      # every such request
        ...
        assert [asked.step for asked in server.asked] == ["503", "429:0.2", "ok"]

For commands in subprocesses: `python tests/openai_server.py --port 0 --queue 503 --always refusal=parcel` prints
its base URL and serves until it is ended or its standard input closes (with --until-eof).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Self

from aiohttp import web

from rootcause.text import language, script, words

KEY = "sk-test-0123456789abcdef"
MODEL = "scripted"

_COMPLAINT = re.compile(r"(?:\A|.*\n)## Complaint\n(.*)\n## Answer", re.DOTALL)

When = str | Callable[[str], bool] | None
"""A word that the complaint must hold (case does not matter), a predicate on the complaint, or None for any request."""


@dataclass
class Asked:
    """One chat request as it came in. complaint: None for one that is not about a complaint."""

    body: dict[str, Any]
    complaint: str | None
    at: float
    step: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def mending(self) -> bool:
        """True when an earlier answer was rejected and the model is asked to mend it."""
        return any(message["role"] == "assistant" for message in self.body["messages"])


@dataclass
class _Rule:
    step: str
    when: When
    left: int | None  # None: for ever

    def fits(self, complaint: str | None) -> bool:
        if self.left == 0:
            return False
        if self.when is None:
            return True
        if callable(self.when):
            return complaint is not None and self.when(complaint)
        return complaint is not None and self.when.casefold() in complaint.casefold()


class ScriptedServer:
    """Use it as `with ScriptedServer() as server`; it serves from a thread of its own.

    words: a word of the complaint → the cause's id, or "praise", "spam", "empty"; first match wins. Without a match
    the cause follows from a hash of the text. refuses: options it answers 400 to, as long as they are sent.
    delay: seconds every answer takes. usage: False for a server that says nothing of tokens.
    """

    def __init__(
        self,
        *,
        words: Mapping[str, str] | None = None,
        key: str | None = KEY,
        models: tuple[str, ...] = (MODEL,),
        refuses: tuple[str, ...] = (),
        delay: float = 0.0,
        usage: bool = True,
        port: int = 0,
    ) -> None:
        self.words = dict(words or {})
        self.key = key
        self.models = models
        self.refuses = refuses
        self.delay = delay
        self.usage = usage
        self.asked: list[Asked] = []
        self.peak = 0
        self.port = port
        self._rules: list[_Rule] = []
        self._seen: set[str] = set()
        self._in_flight = 0
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point a rootcause in a subprocess at this server; its model is MODEL."""
        return {"ROOTCAUSE_BASE_URL": self.base_url, "OPENAI_API_KEY": self.key or "none", "ROOTCAUSE_MODEL": self.models[0]}

    def queue(self, *steps: str, when: When = None) -> None:
        """Each step answers one request (that fits `when`), in this order."""
        for step in steps:
            _step(step)
            self._rules.append(_Rule(step, when, 1))

    def always(self, step: str, when: When = None) -> None:
        """The step answers every request that fits `when` and that nothing queued earlier answers."""
        _step(step)
        self._rules.append(_Rule(step, when, None))

    def forget(self) -> None:
        """Drops all rules and records; the prompts it has cached stay cached."""
        self._rules.clear()
        self.asked.clear()
        self.peak = 0

    @property
    def steps(self) -> list[str]:
        """What was answered, request by request."""
        return [asked.step for asked in self.asked]

    @property
    def complaints(self) -> list[str]:
        return [asked.complaint for asked in self.asked if asked.complaint is not None]

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    # ── serving ───────────────────────────────────────────────────────────────────────────────────

    def _serve(self) -> None:
        async def run() -> None:
            self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
            app = web.Application(client_max_size=64 * 2**20)
            app.router.add_post("/v1/chat/completions", self._chat)
            app.router.add_get("/v1/models", self._models)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
            await runner.setup()
            try:
                site = web.TCPSite(runner, "127.0.0.1", self.port, backlog=1024)
                await site.start()
                self.port = runner.addresses[0][1]
                self._ready.set()
                await self._end.wait()
            finally:
                await runner.cleanup()

        try:
            asyncio.run(run())
        except BaseException as error:  # told in the thread that waits
            self._failed = error
            self._ready.set()

    async def _models(self, request: web.Request) -> web.StreamResponse:
        if not self._authorised(request):
            return _error(401, f"Incorrect API key provided: {_key_of(request)}.", "invalid_api_key")
        return web.json_response({"object": "list", "data": [{"id": model, "object": "model"} for model in self.models]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self._in_flight += 1
        self.peak = max(self.peak, self._in_flight)
        try:
            body = await request.json()
            asked = Asked(body, complaint_in(body["messages"]), time.monotonic(), headers=dict(request.headers))
            self.asked.append(asked)
            rule = next((rule for rule in self._rules if rule.fits(asked.complaint)), None)
            if rule is not None:
                asked.step = rule.step
                rule.left = None if rule.left is None else rule.left - 1
            elif fault := self._usual_fault(request, asked):
                return fault
            if self.delay:
                await asyncio.sleep(self.delay)
            act, argument = _step(asked.step)
            return await act(_Turn(self, request, asked, argument))
        finally:
            self._in_flight -= 1

    def _usual_fault(self, request: web.Request, asked: Asked) -> web.StreamResponse | None:
        """What any server of this kind checks: the key, the model, the options."""
        model = asked.body.get("model")
        if not self._authorised(request):
            asked.step = "401"
            return _error(401, f"Incorrect API key provided: {_key_of(request)}.", "invalid_api_key")
        if model not in self.models:
            asked.step = "404"
            return _error(404, f"The model `{model}` does not exist or you do not have access to it.", "model_not_found")
        if option := next((option for option in self.refuses if option in asked.body), None):
            asked.step = f"unsupported:{option}"
            return _unsupported(option)
        return None

    def _authorised(self, request: web.Request) -> bool:
        return self.key is None or _key_of(request) == self.key

    # ── answering ─────────────────────────────────────────────────────────────────────────────────

    def answer(self, asked: Asked) -> dict[str, Any]:
        """The valid answer to a request, whatever its schema."""
        schema = asked.body["response_format"]["json_schema"]["schema"]
        last = str(asked.body["messages"][-1]["content"])
        properties = schema["properties"]
        if "chains" in properties:
            return self._explanation(asked, schema)
        if "same" in properties:
            left, right = (set(words(line)) for line in re.findall(r"^Cause [AB]: (.*)$", last, re.MULTILINE)[:2])
            return {"same": len(left & right) * 2 >= len(left | right)}
        if "name" in properties:
            bullets = re.findall(r"^- (.*)$", last, re.MULTILINE)
            return {"name": " ".join((min(bullets) if bullets else "Nobody checks the result").split()[:15])}
        return _filled(schema)

    def _explanation(self, asked: Asked, schema: dict[str, Any]) -> dict[str, Any]:
        text = asked.complaint or ""
        chain = schema["properties"]["chains"]["items"]
        step = chain["properties"]["steps"]["items"]
        ids = chain["properties"]["cause"]["enum"]
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        named = next((cause for word, cause in self.words.items() if word.casefold() in text.casefold()), None)
        if named in ("praise", "spam", "empty"):
            return {"nothing_to_explain": named, "chains": []}
        quote = _quote(text, step)
        if quote is None:
            return {"nothing_to_explain": "empty", "chains": []}
        known = [cause for cause in ids if cause not in ("new", "external")] or ["new"]
        cause = named if named in ids else known[number % len(known)]
        causes = _sentences(text, str(asked.body["messages"][0]["content"]), known.index(cause) if cause in known else number)
        steps = [
            {"cause": sentence, "basis": "inferred", "evidence": None, "countermeasure": measure} for sentence, measure in causes
        ]
        steps[0] |= {"basis": "stated", "evidence": quote}
        return {"nothing_to_explain": None, "chains": [{"steps": steps, "cause": cause}]}

    def tokens(self, asked: Asked, reply: str) -> dict[str, Any]:
        """Usage as OpenAI says it; a first message seen before counts as cached."""
        first = str(asked.body["messages"][0]["content"])
        cached = _tokens(first) // 128 * 128 if first in self._seen else 0
        self._seen.add(first)
        prompt = sum(_tokens(str(message["content"])) for message in asked.body["messages"])
        completion = _tokens(reply)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached},
        }


def complaint_in(messages: list[dict[str, Any]]) -> str | None:
    """The complaint of the last user message that holds one, as prompts/complaint.j2 writes it."""
    for message in reversed(messages):
        if message["role"] == "user" and (found := _COMPLAINT.search(message["content"])):
            return found[1].strip()
    return None


# ── the steps a script can name ───────────────────────────────────────────────────────────────────


@dataclass
class _Turn:
    """One request to answer, and what stands behind the colon of the step's name."""

    server: ScriptedServer
    request: web.Request
    asked: Asked
    argument: str

    def completion(self, content: str | None, finish: str = "stop", **message: Any) -> dict[str, Any]:
        said = {"role": "assistant", "content": content, "refusal": None} | message
        body = {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": self.asked.body.get("model", MODEL),
            "choices": [{"index": 0, "finish_reason": finish, "message": said}],
        }  # fmt: skip
        return body | ({"usage": self.server.tokens(self.asked, content or "")} if self.server.usage else {})

    @property
    def text(self) -> str:
        return json.dumps(self.server.answer(self.asked), ensure_ascii=False)

    def valid(self) -> dict[str, Any]:
        return self.completion(self.text)


_Act = Callable[[_Turn], Awaitable[web.StreamResponse]]


def _says(make: Callable[[_Turn], Any]) -> _Act:
    """A step that answers 200 with this JSON."""

    async def act(turn: _Turn) -> web.StreamResponse:
        return web.json_response(make(turn))

    return act


def _fails(status: int, message: str, code: str | None = None, *, param: str | None = None) -> _Act:
    async def act(turn: _Turn) -> web.StreamResponse:
        return _error(status, message, code, param=param)

    return act


def _error(
    status: int, message: str, code: str | None = None, *, param: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    kind = "server_error" if status >= 500 else code if code == "insufficient_quota" else "invalid_request_error"
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return web.json_response(body, status=status, headers=dict(headers or {}))


def _unsupported(option: str) -> web.Response:
    message = f"Unsupported parameter: '{option}' is not supported with this model."
    return _error(400, message, "unsupported_parameter", param=option)


async def _busy(turn: _Turn) -> web.StreamResponse:
    """429, 429:SECONDS, 429ms:MILLISECONDS, 429date:SECONDS from now, and 503 likewise."""
    status, form = int(turn.asked.step[:3]), turn.asked.step[3:].partition(":")[0]
    headers = {}
    if turn.argument:
        headers = {
            "": {"Retry-After": turn.argument},
            "ms": {"Retry-After": "30", "Retry-After-Ms": turn.argument},
            "date": {"Retry-After": formatdate(time.time() + float(turn.argument or 0), usegmt=True)},
        }[form]
    message = "Rate limit reached for requests." if status == 429 else "The server is overloaded."
    return _error(status, message, "rate_limit_exceeded" if status == 429 else None, headers=headers)


async def _refuse_option(turn: _Turn) -> web.StreamResponse:
    """unsupported:OPTION, once; `refuses` of the server is for ever."""
    return _unsupported(turn.argument)


async def _hang(turn: _Turn) -> web.StreamResponse:
    await asyncio.sleep(float(turn.argument or 3600))
    return web.json_response(turn.valid())


async def _drop(turn: _Turn) -> web.StreamResponse:
    """The connection closes before an answer; drop:reset breaks it off."""
    transport = turn.request.transport
    assert transport is not None
    if turn.argument == "reset":
        transport.abort()
    else:
        transport.close()
    return web.Response()


async def _drop_in_body(turn: _Turn) -> web.StreamResponse:
    body = json.dumps(turn.valid()).encode()
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(turn.request)
    await response.write(body[: len(body) // 2])
    assert turn.request.transport is not None
    turn.request.transport.close()
    return response


async def _slow(turn: _Turn) -> web.StreamResponse:
    """slow:SECONDS: the body in twenty slices over that time."""
    body = json.dumps(turn.valid()).encode()
    size = len(body) // 20 + 1
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(turn.request)
    for start in range(0, len(body), size):
        await response.write(body[start : start + size])
        await asyncio.sleep(float(turn.argument or 1) / 20)
    await response.write_eof()
    return response


async def _endless(turn: _Turn) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(turn.request)
    await response.write(b'{"choices": [{"finish_reason": "stop", "message": {"content": "')
    while True:
        await response.write(b"on and on ")
        await asyncio.sleep(0.02)


async def _page(turn: _Turn) -> web.StreamResponse:
    """html:STATUS, a proxy's page."""
    status = int(turn.argument or 502)
    page = f"<!DOCTYPE html><html><head><title>{status} Bad Gateway</title></head><body>{'nginx ' * 400}</body></html>"
    return web.Response(text=page, status=status, content_type="text/html")


async def _plain(turn: _Turn) -> web.StreamResponse:
    """raw:TEXT, said to be JSON."""
    return web.Response(text=turn.argument, content_type="application/json")


def _broken_rule(turn: _Turn) -> Any:
    """A chain of the right shape that validation rejects: the second step says the same as the third."""
    answer = turn.server.answer(turn.asked)
    for chain in answer.get("chains", []):
        chain["steps"][2]["cause"] = chain["steps"][1]["cause"]
    return turn.completion(json.dumps(answer, ensure_ascii=False))


STEPS: dict[str, _Act] = {
    "ok": _says(_Turn.valid),
    "reply": _says(lambda turn: turn.completion(turn.argument)),
    "refusal": _says(lambda turn: turn.completion(None, refusal="I cannot help with that.")),
    "length": _says(lambda turn: turn.completion(turn.text[:40], "length")),
    "content_filter": _says(lambda turn: turn.completion("", "content_filter")),
    "empty": _says(lambda turn: turn.completion(turn.argument)),
    "invalid": _says(lambda turn: turn.completion('Sure! Here is the answer: {"chains": [')),
    "rule": _says(_broken_rule),
    "no_choices": _says(lambda turn: turn.completion("x") | {"choices": []}),
    "no_usage": _says(lambda turn: turn.completion(turn.text) | {"usage": None}),
    "no_details": _says(lambda turn: turn.valid() | {"usage": {"prompt_tokens": 7, "completion_tokens": 3}}),
    "error200": _says(lambda turn: {"error": {"message": "Provider returned error", "code": int(turn.argument or 502)}}),
    "choice_error": _says(
        lambda _: {"choices": [{"finish_reason": "error", "message": {}, "error": {"message": "Upstream died", "code": 502}}]}
    ),
    "raw": _plain,
    "401": _fails(401, "Incorrect API key provided.", "invalid_api_key"),
    "402": _fails(402, "Insufficient credits. Add more at the provider's page."),
    "403": _fails(403, "Country, region, or territory not supported", "unsupported_country_region_territory"),
    "flagged": _fails(403, "Your input was flagged by moderation."),
    "404": _fails(404, "The model `gpt-none` does not exist or you do not have access to it.", "model_not_found"),
    "404path": _fails(404, "Not Found"),
    "quota": _fails(429, "You exceeded your current quota, please check your plan and billing details.", "insufficient_quota"),
    "context": _fails(
        400,
        "'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096 tokens.",
        "context_length_exceeded", param="max_completion_tokens",
    ),
    "400": _fails(400, "Invalid schema for response_format 'answer'.", param="response_format"),
    "400filter": _fails(400, "The prompt triggered Azure's content management policy.", "content_filter"),
    "409": _fails(409, "Conflict."),
    "413": _fails(413, "Request too large."),
    "422": _fails(422, "Unprocessable."),
    "500": _fails(500, "The server had an error while processing your request."),
    "429": _busy, "429ms": _busy, "429date": _busy, "503": _busy, "503ms": _busy, "503date": _busy,
    "unsupported": _refuse_option,
    "hang": _hang, "drop": _drop, "drop_in_body": _drop_in_body, "slow": _slow, "endless": _endless, "html": _page,
}  # fmt: skip
"""Every step by name; what stands behind a colon is its argument ("429:0.5", "html:200", "slow:2", "reply:{}")."""


def _step(name: str) -> tuple[_Act, str]:
    act, _, argument = name.partition(":")
    if act not in STEPS:
        raise ValueError(f"no step is called '{act}'; there are {', '.join(STEPS)}")
    return STEPS[act], argument


# ── words of the answers ──────────────────────────────────────────────────────────────────────────

_SENTENCES = {
    "en": (
        "The service did not arrive in the way it had been promised",
        "A fault in the handling went unnoticed until it was too late",
        "No control between two departments looks for such faults",
        "Set a target and publish it", "Add an automatic check before hand-over", "Name one owner in the instruction",
    ),
    "ru": (
        "Услуга была оказана не так, как её обещали",
        "Сбой при обработке заметили лишь тогда, когда исправлять было поздно",
        "Между двумя отделами нет контроля, который ищет такие сбои",
        "Установить срок и публиковать его", "Добавить автоматическую проверку перед передачей", "Назначить ответственного",
    ),
    "de": (
        "Die Leistung kam nicht so an, wie sie versprochen worden war",
        "Ein Fehler in der Bearbeitung blieb unbemerkt, bis es zu spät war",
        "Zwischen zwei Abteilungen sucht keine Kontrolle nach solchen Fehlern",
        "Ein Ziel setzen und veröffentlichen", "Vor der Übergabe automatisch prüfen", "Einen Verantwortlichen nennen",
    ),
    "fr": (
        "Le service n'a pas été rendu comme il avait été promis",
        "Une erreur de traitement est restée inaperçue jusqu'à ce qu'il soit trop tard",
        "Aucun contrôle entre les deux services ne recherche ce genre d'erreurs",
        "Fixer un objectif et le publier", "Vérifier automatiquement avant la remise", "Nommer un responsable",
    ),
    "es": (
        "El servicio no llegó de la manera en que se había prometido",
        "Un fallo en la tramitación pasó inadvertido hasta que fue demasiado tarde",
        "Ningún control entre los dos departamentos busca esa clase de fallos",
        "Fijar un objetivo y publicarlo", "Comprobar de forma automática antes de la entrega", "Nombrar a un responsable",
    ),
}  # fmt: skip
_ROOTS = {
    "en": (
        "The work instruction for point {} leaves open who owns that control",
        "Orders are routed by a system that nobody has tested since it changed",
        "The staffing plan takes no account of days with many requests",
    ),
    "ru": (
        "Рабочая инструкция по пункту {} не называет ответственного за этот контроль",
        "Заявки распределяет система, которую не проверяли после обновления",
        "План смен не учитывает дни с большим числом обращений",
    ),
    "de": (
        "Die Arbeitsanweisung zu Punkt {} lässt offen, wem diese Kontrolle gehört",
        "Der Schichtplan berücksichtigt Tage mit vielen Anfragen nicht",
    ),
    "fr": (
        "La consigne de travail du point {} ne dit pas à qui appartient ce contrôle",
        "Le planning ne tient pas compte des jours de forte demande",
    ),
    "es": (
        "La instrucción de trabajo del punto {} no aclara quién responde de ese control",
        "El plan de turnos no tiene en cuenta los días de mucha demanda",
    ),
}
_ASKED_LANGUAGE = re.compile(r"Write the steps in (\w+)\.")


def _sentences(text: str, system: str, number: int) -> list[tuple[str, str | None]]:
    """Four steps with their countermeasures, in the language asked for or the complaint's own.

    Equal numbers end in the same root.
    """
    asked = _ASKED_LANGUAGE.search(system)
    code = asked[1][:2].lower() if asked else None
    if code not in _SENTENCES:
        code = language(text) or {"LATIN": "en", "CYRILLIC": "ru"}.get(script(text) or "LATIN")
    if code not in _SENTENCES:  # no such words here: the complaint's own, backwards
        own = list(reversed(words(text)))
        size = max(2, len(own) // 4)
        return [(" ".join((own[i * size : (i + 1) * size] or own[-2:])[:12]), None) for i in range(4)]
    *causes, first, second, third = _SENTENCES[code]
    causes.append(_ROOTS[code][number % len(_ROOTS[code])].format(number % 97 + 1))
    return list(zip(causes, (None, first, second, third), strict=True))


def _quote(text: str, step: dict[str, Any]) -> str | None:
    """A passage copied from the complaint: one of those that the schema allows, where it lists them."""
    for kind in step.get("anyOf", []):
        if allowed := kind["properties"]["evidence"].get("enum"):
            return str(allowed[0]) if kind["properties"]["basis"]["enum"] == ["stated"] else None
    passage = " ".join(text.split()[:6])
    return passage if any(len(word) >= 3 for word in words(passage)) or len(words(passage)) >= 3 else None


def _filled(schema: dict[str, Any]) -> Any:
    """Something that follows any schema."""
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        return {name: _filled(part) for name, part in schema.get("properties", {}).items()}
    return {"array": [], "boolean": False, "integer": 0, "number": 0, "null": None}.get(kind, "text")


def _key_of(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()


def _tokens(text: str) -> int:
    return len(text) // 4 + 1


# ── for commands in subprocesses ──────────────────────────────────────────────────────────────────


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default=KEY, help="the only key that is accepted; an empty one accepts any")
    parser.add_argument("--model", action="append", help=f"a model that is served (default {MODEL})")
    parser.add_argument("--queue", action="append", default=[], metavar="STEP[=WORD]", help="answers one request")
    parser.add_argument("--always", action="append", default=[], metavar="STEP[=WORD]", help="answers every request")
    parser.add_argument("--words", action="append", default=[], metavar="WORD=CAUSE", help="cause of complaints with it")
    parser.add_argument("--refuses", action="append", default=[], metavar="OPTION", help="an option answered with 400")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds every answer takes")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input closes")
    given = parser.parse_args()
    server = ScriptedServer(
        words=dict(pair.split("=", 1) for pair in given.words), key=given.key or None, models=tuple(given.model or (MODEL,)),
        refuses=tuple(given.refuses), delay=given.delay, port=given.port,
    )  # fmt: skip
    for step, _, word in (text.partition("=") for text in given.queue):
        server.queue(step, when=word or None)
    for step, _, word in (text.partition("=") for text in given.always):
        server.always(step, when=word or None)
    with server:
        print(server.base_url, flush=True)
        try:
            if given.until_eof:
                sys.stdin.read()
            else:
                threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
