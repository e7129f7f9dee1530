"""GitLab's issues over its REST API (docs.gitlab.com, "REST API" and "Issues API").

All issues are listed rather than searched for: labels may be taken off, and a search takes a comment apart into words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, SecretStr

from rootcause.backlog.layouts import LABEL, labels
from rootcause.backlog.pages import body
from rootcause.backlog.values import Item
from rootcause.report.clean import one_line
from rootcause.trackers import marks
from rootcause.trackers.http import Account, Complaints, Http
from rootcause.trackers.values import Remote, Tell

URL = "https://gitlab.com"
TOKEN = "GITLAB_TOKEN"  # noqa: S105 - the variable's name

_PAGE = 100


class _Project(BaseModel):
    visibility: str


class _Issue(BaseModel):
    iid: int
    title: str
    description: str | None = None
    state: str
    web_url: str


class GitLab:
    """Issues of a project: its number, or group/name. url: the server's."""

    def __init__(self, project: str, token: SecretStr, tell: Tell, url: str = URL) -> None:
        secret = token.get_secret_value()
        account = Account(
            base=f"{url.rstrip('/')}/api/v4",
            project=project,
            variable=TOKEN,
            headers={"PRIVATE-TOKEN": secret, "Accept": "application/json"},
            secrets=(secret,),
        )
        self._http = Http(account, _complaints, tell)
        self._project = f"projects/{quote(project, safe='')}"
        self._issues = f"{self._project}/issues"
        self.target = f"gitlab:{self._http.host}/{project.lower()}"
        self.where = f"{project} at {self._http.host}"

    def is_public(self) -> bool:
        return self._http.read(_Project, self._project)[0].visibility == "public"

    def issues(self) -> list[Remote]:
        # The oldest first: an issue that somebody makes meanwhile moves none to a page that was read before.
        found = [_remote(issue) for issue in self._listed()]
        return [remote for remote in found if remote.key is not None]

    def newest(self) -> list[Remote]:
        found, _ = self._http.read(list[_Issue], self._issues, params=self._order("desc"))
        return [remote for remote in map(_remote, found) if remote.key is not None]

    def get(self, id_: str) -> Remote | None:
        found = self._http.find(_Issue, f"{self._issues}/{id_}")
        return None if found is None else _remote(found)

    def create(self, item: Item) -> Remote:
        content = {
            "title": one_line(item.title),
            "description": marks.marked(item.key, body(item)),
            "labels": ",".join((LABEL, *labels(item)[2:])),
        }
        return _remote(self._http.make(_Issue, self._issues, content))

    def has_place(self, remote: Remote) -> bool:
        return marks.part_in(remote.text) is not None

    def says(self, remote: Remote, item: Item) -> bool:
        return marks.same(marks.part_in(remote.text) or "", body(item))

    def write(self, remote: Remote, item: Item, title: str | None) -> None:
        content = {"description": marks.replaced(remote.text, body(item))} | ({"title": title} if title else {})
        self._http.change("PUT", f"{self._issues}/{remote.id}", content)

    def close(self) -> None:
        self._http.close()

    def _listed(self) -> Iterator[_Issue]:
        page = "1"
        while page:
            found, response = self._http.read(list[_Issue], self._issues, params={**self._order("asc"), "page": page})
            yield from found
            page = response.headers.get("x-next-page", "")

    def _order(self, direction: str) -> dict[str, str | int]:
        return {"scope": "all", "state": "all", "order_by": "created_at", "sort": direction, "per_page": _PAGE}


def _remote(issue: _Issue) -> Remote:
    text = issue.description or ""
    return Remote(
        id=str(issue.iid),
        name=f"#{issue.iid}",
        url=issue.web_url,
        title=issue.title,
        open=issue.state == "opened",
        key=marks.key_in(text),
        text=text,
    )


def _complaints(answer: Any) -> Complaints:
    """{"message": {"title": ["is too long"]}}, {"message": "404 Project Not Found"} or {"error": "title is missing"}."""
    message = answer.get("message") or answer.get("error_description") or answer["error"]
    if not isinstance(message, dict):
        return [(None, str(message))]
    return [
        (str(field), ", ".join(map(str, words)) if isinstance(words, list) else str(words)) for field, words in message.items()
    ]
