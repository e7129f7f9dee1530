"""GitHub's issues over its REST API (docs.github.com, "REST API endpoints for issues", "Best practices for using the REST API").

All issues are listed rather than searched for: the search follows behind, and labels may be dropped or taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr

from rootcause.backlog.layouts import LABEL, labels
from rootcause.backlog.pages import body
from rootcause.backlog.values import Item
from rootcause.errors import SettingsError, TrackerError
from rootcause.report.clean import one_line
from rootcause.trackers import marks
from rootcause.trackers.http import Account, Complaints, Http, same_place
from rootcause.trackers.values import Remote, Tell

URL = "https://api.github.com"
TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the variable's name

_VERSION = "2022-11-28"  # the one that Enterprise servers in use know too
_PAUSE = 1.0  # between requests that write, as GitHub asks
_UNSAID = 60.0  # "wait for at least one minute"
_PAGE = 100


class _Repository(BaseModel):
    private: bool


class _Issue(BaseModel):
    number: int
    title: str
    body: str | None = None
    state: str
    html_url: str
    pull_request: object = None


class GitHub:
    """Issues of a repository, owner/name. url: the API's; an Enterprise server has it under /api/v3."""

    def __init__(self, project: str, token: SecretStr, tell: Tell, url: str = URL) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", project):
            raise SettingsError(f"--project {project} is no repository; give it as owner/name")
        secret = token.get_secret_value()
        self._base = url.rstrip("/")
        account = Account(
            base=self._base,
            project=project,
            variable=TOKEN,
            headers={
                "Authorization": f"Bearer {secret}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": _VERSION,
            },
            secrets=(secret,),
            pause=_PAUSE,
            unsaid=_UNSAID,
        )
        self._http = Http(account, _complaints, tell)
        self._repository = f"repos/{project}"
        self._issues = f"repos/{project}/issues"
        self.target = f"github:{self._http.host}/{project.lower()}"
        self.where = f"{project} at {self._http.host}"

    def is_public(self) -> bool:
        return not self._http.read(_Repository, self._repository)[0].private

    def issues(self) -> list[Remote]:
        # The oldest first: an issue that somebody makes meanwhile moves none to a page that was read before.
        found = [_remote(issue) for issue in self._listed("asc")]
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
            "body": marks.marked(item.key, body(item)),
            "labels": [LABEL, *labels(item)[2:]],  # a label holds 50 characters, a key may have more
        }
        return _remote(self._http.make(_Issue, self._issues, content))

    def has_place(self, remote: Remote) -> bool:
        return marks.part_in(remote.text) is not None

    def says(self, remote: Remote, item: Item) -> bool:
        return marks.same(marks.part_in(remote.text) or "", body(item))

    def write(self, remote: Remote, item: Item, title: str | None) -> None:
        content = {"body": marks.replaced(remote.text, body(item))} | ({"title": title} if title else {})
        self._http.change("PATCH", f"{self._issues}/{remote.id}", content)

    def close(self) -> None:
        self._http.close()

    def _listed(self, direction: str) -> Iterator[_Issue]:
        """Every issue; the list has pull requests too."""
        path: str = self._issues
        params: dict[str, str | int] | None = self._order(direction)
        while True:
            page, response = self._http.read(list[_Issue], path, params=params)
            yield from (issue for issue in page if issue.pull_request is None)
            link = response.links.get("next", {}).get("url")
            if link is None:
                return
            if not same_place(link, self._base):
                raise TrackerError(f"{self._http.host} continues its list at another address; name that address with --url")
            path, params = link, None  # the link has them

    def _order(self, direction: str) -> dict[str, str | int]:
        return {"state": "all", "sort": "created", "direction": direction, "per_page": _PAGE}


def _remote(issue: _Issue) -> Remote:
    text = issue.body or ""
    return Remote(
        id=str(issue.number),
        name=f"#{issue.number}",
        url=issue.html_url,
        title=issue.title,
        open=issue.state == "open",
        key=marks.key_in(text),
        text=text,
    )


def _complaints(answer: Any) -> Complaints:
    """{"message": "Validation Failed", "errors": [{"field": "title", "code": "missing_field", "message": …}]}"""
    told: list[tuple[str | None, str]] = []
    for error in answer.get("errors") or ():
        field = error.get("field") if isinstance(error, dict) else None
        told.append((field, str(error.get("message") or error.get("code")) if isinstance(error, dict) else str(error)))
    return told if any(field for field, _ in told) else [(None, str(answer["message"])), *told]
