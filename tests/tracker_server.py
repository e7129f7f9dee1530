"""GitHub, GitLab and Jira Cloud behind one real HTTP server on loopback, which asks what their documentation asks.

Sources: docs.github.com, REST API: issues, pagination, rate limits; docs.gitlab.com, REST API and Issues API;
developer.atlassian.com, Jira Cloud platform REST API version 3, Search And Reconcile, Atlassian Document Format.

    with TrackerServer("jira") as server:
        server.queue("429:0.1", "502", on="create")   # the next two requests that make an issue
        server.dies_after = 3                         # after three issues made, every connection is dropped
        server.searchable = False                     # Jira's search does not know new issues yet
        ...
        assert [issue.title for issue in server.issues] == […]

Steps: STATUS, STATUS:RETRY_AFTER, limit:SECONDS (GitHub's x-ratelimit-reset), drop (no answer), made+drop and made+STATUS
(the issue is made first), html:STATUS (a proxy's page). on: read, create or write (an update).
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

TOKEN = "token-4f1d8c2b7a90"
EMAIL = "ann@example.com"
OWNER, NAME, KEY = "shop", "web-front", "SHOP"

_BLOCKS = {"paragraph", "heading", "orderedList", "bulletList", "blockquote"}
_CHILDREN: dict[str, set[str]] = {
    "doc": _BLOCKS | {"rule"},
    "paragraph": {"text", "hardBreak"},
    "heading": {"text", "hardBreak"},
    "orderedList": {"listItem"},
    "bulletList": {"listItem"},
    "listItem": {"paragraph", "orderedList", "bulletList"},
    "blockquote": {"paragraph", "orderedList", "bulletList"},
}


@dataclass
class Issue:
    """text: Markdown, or a document."""

    number: int
    title: str
    text: Any
    labels: list[str] = field(default_factory=list)
    open: bool = True
    assignee: str | None = None
    pull_request: bool = False
    deleted: bool = False


class TrackerServer:
    """kind: github, gitlab or jira. Its fields may be changed at any time, as people change a tracker.

    after_making: called with the issue after it was made and before that is answered. refuses: words of a title → the field
    that is refused.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.issues: list[Issue] = []
        self.asked: list[str] = []
        self.changes: list[dict[str, Any]] = []
        self.public = False
        self.searchable = True
        self.kinds: list[dict[str, Any]] = [{"id": "10001", "name": "Задача", "untranslatedName": "Task", "subtask": False}]
        self.refuses: dict[str, str] = {}
        self.dies_after: int | None = None
        self.after_making: Callable[[Issue], None] = lambda _: None
        self.port = 0
        self._queue: list[tuple[str, str]] = []
        self._made = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def project(self) -> str:
        return KEY if self.kind == "jira" else f"{OWNER}/{NAME}"

    @property
    def arguments(self) -> list[str]:
        """What the command needs to reach it."""
        return ["--to", self.kind, "--project", self.project, "--url", self.url]

    @property
    def environment(self) -> dict[str, str]:
        return {"GITHUB_TOKEN": TOKEN, "GITLAB_TOKEN": TOKEN, "JIRA_API_TOKEN": TOKEN, "JIRA_EMAIL": EMAIL}

    def queue(self, *steps: str, on: str) -> None:
        self._queue += [(step, on) for step in steps]

    def add(self, title: str, text: Any = None, **more: Any) -> Issue:
        """An issue that people made."""
        issue = Issue(len(self.issues) + 1, title, text, **more)
        self.issues.append(issue)
        return issue

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    # ── serving ───────────────────────────────────────────────────────────────────────────────────

    def _serve(self) -> None:
        async def run() -> None:
            self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", self._answer)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.port = runner.addresses[0][1]
            self._ready.set()
            await self._end.wait()
            await runner.cleanup()

        asyncio.run(run())

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        self.asked.append(f"{request.method} {request.raw_path}")
        what = _purpose(request.method, path)
        step = next((step for step in self._queue if step[1] == what), None)
        if step is not None:
            self._queue.remove(step)
        name = step[0] if step else ""
        if self.dies_after is not None and self._made >= self.dies_after:
            name = "drop"
        if name and not name.startswith("made+"):
            return await self._fault(request, name)
        body = await request.json() if request.can_read_body else {}
        made = self._made
        answer = _KINDS[self.kind](self, request, path, dict(parse_qsl(query)), body)
        if self._made > made:
            await asyncio.to_thread(self.after_making, self.issues[-1])
        return await self._fault(request, name.removeprefix("made+")) if name else answer

    async def _fault(self, request: web.Request, step: str) -> web.StreamResponse:
        kind, _, argument = step.partition(":")
        if kind == "drop":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if kind == "html":
            return web.Response(text="<html><title>Bad Gateway</title></html>", status=int(argument), content_type="text/html")
        if kind == "limit":
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time() + float(argument)))}
            return _json({"message": "You have used up your hour."}, 403, headers)
        headers = {"Retry-After": argument} if argument else {}
        return _json(
            {"message": "You have exceeded a secondary rate limit" if step == "403" else "try later"}, int(kind), headers
        )

    def made(self, title: str, text: Any, labels: list[str]) -> Issue:
        self._made += 1
        return self.add(title, text, labels=labels)

    def found(self, number: str) -> Issue | None:
        return next((issue for issue in self.issues if str(issue.number) == number and not issue.deleted), None)

    def refused(self, title: str) -> str | None:
        return next((name for word, name in self.refuses.items() if word in title), None)


def _purpose(method: str, path: str) -> str:
    if method == "POST" and not path.endswith(("/jql", "/bulkfetch")):
        return "create"
    return "write" if method in ("PUT", "PATCH") else "read"


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=json.dumps(content), status=status, headers=headers, content_type="application/json")


# ── GitHub ────────────────────────────────────────────────────────────────────────────────────────


def _github(server: TrackerServer, request: web.Request, path: str, query: dict[str, str], body: Any) -> web.Response:
    headers = request.headers
    if "User-Agent" not in headers:
        return _json({"message": "Request forbidden by administrative rules."}, 403)
    if headers.get("Authorization") != f"Bearer {TOKEN}":
        return _json({"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}, 401)
    if headers.get("X-GitHub-Api-Version") != "2022-11-28" or headers.get("Accept") != "application/vnd.github+json":
        return _json({"message": "unsupported API version or media type"}, 400)
    found = re.fullmatch(rf"/repos/{OWNER}/{NAME}(/issues(/(?P<number>\d+))?)?", path)
    if found is None:
        return _json({"message": "Not Found"}, 404)
    if path.endswith(NAME):
        return _json({"private": not server.public})
    if found["number"]:
        issue = server.found(found["number"])
        if issue is None:
            return _json({"message": "This issue was deleted"}, 410)
        return _github_issue(server, issue) if request.method == "GET" else _github_write(server, issue, body)
    if request.method == "GET":
        return _github_list(server, query)
    if problem := _github_problem(server, body, {"title", "body", "labels"}):
        return problem
    return _github_issue(server, server.made(body["title"], body["body"], body["labels"]), 201)


def _github_list(server: TrackerServer, query: dict[str, str]) -> web.Response:
    size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
    assert size <= 100 and query.get("state") == "all"
    listed = [issue for issue in server.issues if not issue.deleted]
    if query.get("direction", "desc") == "desc":
        listed.reverse()
    slice_ = listed[(page - 1) * size : page * size]
    headers = {}
    if page * size < len(listed):
        # The documentation says to follow these links and not to build them: here the page goes by another name too.
        rest = "&".join(f"{name}={value}" for name, value in (query | {"page": str(page + 1)}).items())
        headers["Link"] = f'<{server.url}/repos/{OWNER}/{NAME}/issues?{rest}>; rel="next", <{server.url}/>; rel="last"'
    return _json([_github_content(server, issue) for issue in slice_], 200, headers)


def _github_write(server: TrackerServer, issue: Issue, body: Any) -> web.Response:
    if problem := _github_problem(server, {"title": issue.title} | body, {"title", "body"}):
        return problem
    server.changes.append(body)
    issue.title, issue.text = body.get("title", issue.title), body.get("body", issue.text)
    return _github_issue(server, issue)


def _github_problem(server: TrackerServer, body: dict[str, Any], allowed: set[str]) -> web.Response | None:
    assert set(body) <= allowed, body
    wrong = server.refused(body["title"]) or ("title" if not 0 < len(body["title"]) <= 256 else None)
    wrong = wrong or ("body" if len(body.get("body", "")) > 65536 else None)
    wrong = wrong or ("labels" if any(len(label) > 50 for label in body.get("labels", ())) else None)
    if wrong is None:
        return None
    errors = [{"resource": "Issue", "field": wrong, "code": "invalid", "value": TOKEN}]
    return _json({"message": "Validation Failed", "errors": errors}, 422)


def _github_issue(server: TrackerServer, issue: Issue, status: int = 200) -> web.Response:
    return _json(_github_content(server, issue), status)


def _github_content(server: TrackerServer, issue: Issue) -> dict[str, Any]:
    content = {
        "id": 7000000 + issue.number, "number": issue.number, "title": issue.title, "body": issue.text,
        "state": "open" if issue.open else "closed", "html_url": f"{server.url}/{OWNER}/{NAME}/issues/{issue.number}",
        "labels": [{"name": label} for label in issue.labels],
        "assignee": {"login": issue.assignee} if issue.assignee else None,
    }  # fmt: skip
    return content | ({"pull_request": {"url": "…"}} if issue.pull_request else {})


# ── GitLab ────────────────────────────────────────────────────────────────────────────────────────


def _gitlab(server: TrackerServer, request: web.Request, path: str, query: dict[str, str], body: Any) -> web.Response:
    if request.headers.get("PRIVATE-TOKEN") != TOKEN:
        return _json({"message": "401 Unauthorized"}, 401)
    found = re.fullmatch(rf"/api/v4/projects/{OWNER}%2F{NAME}(/issues(/(?P<number>\d+))?)?", path)
    if found is None:
        return _json({"message": "404 Project Not Found"}, 404)
    if path.endswith(NAME):
        return _json({"id": 4, "visibility": "public" if server.public else "private"})
    if found["number"]:
        issue = server.found(found["number"])
        if issue is None:
            return _json({"message": "404 Not found"}, 404)
        return _gitlab_issue(server, issue) if request.method == "GET" else _gitlab_write(server, issue, body)
    if request.method == "GET":
        return _gitlab_list(server, query)
    assert set(body) == {"title", "description", "labels"}, body
    if problem := _gitlab_problem(server, body["title"]):
        return problem
    return _gitlab_issue(server, server.made(body["title"], body["description"], body["labels"].split(",")), 201)


def _gitlab_list(server: TrackerServer, query: dict[str, str]) -> web.Response:
    size, page = min(int(query.get("per_page", 20)), 100), int(query.get("page", 1))
    assert query.get("scope") == "all" and query.get("state") == "all"
    listed = [issue for issue in server.issues if not issue.deleted]
    if query.get("sort", "desc") == "desc":
        listed.reverse()
    more = page * size < len(listed)
    content = [_gitlab_content(server, issue) for issue in listed[(page - 1) * size : page * size]]
    return _json(content, 200, {"x-page": str(page), "x-next-page": str(page + 1) if more else ""})


def _gitlab_write(server: TrackerServer, issue: Issue, body: Any) -> web.Response:
    assert set(body) <= {"title", "description"}, body
    if problem := _gitlab_problem(server, body.get("title", issue.title)):
        return problem
    server.changes.append(body)
    issue.title, issue.text = body.get("title", issue.title), body.get("description", issue.text)
    return _gitlab_issue(server, issue)


def _gitlab_problem(server: TrackerServer, title: str) -> web.Response | None:
    if not title:
        return _json({"error": "title is missing"}, 400)
    wrong = server.refused(title) or ("title" if len(title) > 255 else None)
    return _json({"message": {wrong: ["is too long (maximum is 255 characters)"]}}, 400) if wrong else None


def _gitlab_issue(server: TrackerServer, issue: Issue, status: int = 200) -> web.Response:
    return _json(_gitlab_content(server, issue), status)


def _gitlab_content(server: TrackerServer, issue: Issue) -> dict[str, Any]:
    return {
        "id": 9000 + issue.number, "iid": issue.number, "title": issue.title, "description": issue.text,
        "state": "opened" if issue.open else "closed", "labels": issue.labels,
        "web_url": f"{server.url}/{OWNER}/{NAME}/-/issues/{issue.number}",
    }  # fmt: skip


# ── Jira ──────────────────────────────────────────────────────────────────────────────────────────


def _jira(server: TrackerServer, request: web.Request, path: str, query: dict[str, str], body: Any) -> web.Response:
    expected = "Basic " + base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
    if request.headers.get("Authorization") != expected:
        return _json({"message": "Client must be authenticated to access this resource.", "status-code": 401}, 401)
    name = path.removeprefix("/rest/api/3/")
    if request.method == "GET":
        return _jira_read(server, name, query)
    if name == "search/jql":
        return _jira_search(server, body)
    if name == "issue/bulkfetch":
        asked = body["issueIdsOrKeys"]
        if not 0 < len(asked) <= 100:
            return _jira_error(["The number of issues must be between 1 and 100."], {})
        known = [issue for issue in server.issues if {str(10000 + issue.number), _key(issue)} & set(asked) and not issue.deleted]
        return _json({"issues": [_jira_content(issue) for issue in known], "issueErrors": []})
    if name == "issue":
        return _jira_make(server, body["fields"])
    issue = server.found(str(int(name.removeprefix("issue/")) - 10000))
    if issue is None:
        return _jira_error(["Issue does not exist or you do not have permission to see it."], {}, 404)
    assert set(body["fields"]) <= {"summary", "description"}, body
    if errors := _jira_problems(server, {"summary": issue.title} | body["fields"]):
        return _jira_error([], errors)
    server.changes.append(body["fields"])
    issue.title = body["fields"].get("summary", issue.title)
    issue.text = _kept(body["fields"].get("description", issue.text))
    return web.Response(status=204)


def _jira_read(server: TrackerServer, name: str, query: dict[str, str]) -> web.Response:
    if name == "myself":
        return _json({"accountId": "5b10", "active": True})
    if name == f"issue/createmeta/{KEY}/issuetypes":
        return _json({"issueTypes": [{"id": "9", "name": "Sub-task", "subtask": True}, *server.kinds], "total": 2})
    if re.fullmatch(r"issue/\d+", name) and (issue := server.found(str(int(name[6:]) - 10000))):
        assert query["fields"]
        return _json(_jira_content(issue))
    return _jira_error(["Issue does not exist or you do not have permission to see it."], {}, 404)


def _jira_search(server: TrackerServer, body: Any) -> web.Response:
    """Pages by a token of which only the server knows what it means."""
    assert set(body) <= {"jql", "fields", "maxResults", "nextPageToken"} and body["maxResults"] <= 5000, body
    label = re.fullmatch(rf'project = "{KEY}" AND labels = "(\w+)"', body["jql"])
    if label is None and body["jql"] != f'project = "{KEY}" ORDER BY created DESC':
        return _jira_error([f"Error in the JQL Query: {body['jql']}"], {})
    known = [issue for issue in server.issues if not issue.deleted and (server.searchable or issue.assignee == "indexed")]
    known = [issue for issue in known if label[1] in issue.labels] if label else known[::-1]
    start = int(base64.b64decode(body.get("nextPageToken", "")).decode() or 0)
    end = start + min(body["maxResults"], 50)  # Jira may give fewer than asked for
    page = {"issues": [{"id": str(10000 + issue.number), "key": _key(issue)} for issue in known[start:end]]}
    token = base64.b64encode(str(end).encode()).decode()
    return _json(page | ({"nextPageToken": token, "isLast": False} if end < len(known) else {"isLast": True}))


def _jira_make(server: TrackerServer, fields: dict[str, Any]) -> web.Response:
    if fields["project"] != {"key": KEY}:
        return _jira_error([], {"project": "valid project is required"})
    if fields["issuetype"]["id"] not in [kind["id"] for kind in server.kinds]:
        return _jira_error([], {"issuetype": "Specify a valid issue type"})
    if errors := _jira_problems(server, fields):
        return _jira_error([], errors)
    issue = server.made(fields["summary"], _kept(fields["description"]), fields["labels"])
    return _json({"id": str(10000 + issue.number), "key": _key(issue), "self": "…"}, 201)


def _jira_problems(server: TrackerServer, fields: dict[str, Any]) -> dict[str, str]:
    summary = fields["summary"]
    if (name := server.refused(summary)) is not None:
        return {name: f"Field '{name}' is required. {TOKEN}"}
    if not summary or len(summary) > 255 or "\n" in summary:
        return {"summary": "The summary is invalid because it contains newline characters or is too long."}
    if any(" " in label or len(label) > 255 for label in fields.get("labels", ())):
        return {"labels": "The label can't contain spaces."}
    if "description" in fields and (problem := _adf_problem(fields["description"])):
        return {"description": f"INVALID_INPUT {problem}"}
    return {}


def _adf_problem(node: Any, inside: str | None = None) -> str | None:
    """What the format does not allow, of the nodes that a description may have here."""
    if not isinstance(node, dict):
        return "Operation value must be an Atlassian Document"
    kind = node.get("type")
    if inside is None and (kind != "doc" or node.get("version") != 1):
        return "the root is no doc of version 1"
    if inside is not None and kind not in _CHILDREN[inside]:
        return f"{kind} in {inside}"
    if kind == "text":
        return None if node.get("text") else "empty text"
    if kind == "heading" and node.get("attrs", {}).get("level") not in range(1, 7):
        return "heading without level"
    if kind == "listItem" and node["content"][0]["type"] != "paragraph":
        return "listItem begins with no paragraph"
    if kind in ("orderedList", "bulletList", "blockquote") and not node.get("content"):
        return f"empty {kind}"
    return next((wrong for child in node.get("content", ()) if (wrong := _adf_problem(child, kind))), None)


def _kept(node: Any) -> Any:
    """As Jira gives a document back: with ids of its own, and text cut at other places."""
    if not isinstance(node, dict):
        return node
    content = [_kept(child) for child in node.get("content", ())]
    if node.get("type") in ("paragraph", "heading") and content and len(content[0].get("text", "")) > 3:
        first = content[0]
        content[:1] = [first | {"text": first["text"][:3]}, first | {"text": first["text"][3:]}]
    more = {"attrs": node.get("attrs", {}) | {"localId": "c0ffee"}} if node.get("type") in _BLOCKS else {}
    return node | more | ({"content": content} if "content" in node else {})


def _jira_content(issue: Issue) -> dict[str, Any]:
    status = {"name": "To Do" if issue.open else "Done", "statusCategory": {"key": "new" if issue.open else "done"}}
    fields = {"summary": issue.title, "description": issue.text, "labels": issue.labels, "status": status}
    return {"id": str(10000 + issue.number), "key": _key(issue), "fields": fields}


def _jira_error(messages: list[str], errors: dict[str, str], status: int = 400) -> web.Response:
    return _json({"errorMessages": messages, "errors": errors}, status)


def _key(issue: Issue) -> str:
    return f"{KEY}-{issue.number}"


_KINDS: dict[str, Callable[[TrackerServer, web.Request, str, dict[str, str], Any], web.Response]] = {
    "github": _github,
    "gitlab": _gitlab,
    "jira": _jira,
}
