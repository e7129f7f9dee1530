"""Jira Cloud's issues over its REST API, version 3 (developer.atlassian.com, "The Jira Cloud platform REST API").

Its search follows behind by seconds or minutes ("Search After Write with Search And Reconcile"). So the search only names
issues, which are then read themselves; those made last are read by their numbers, whether the search knows them or not.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from rootcause.backlog.layouts import LABEL, labels
from rootcause.backlog.values import Item
from rootcause.errors import SettingsError, TrackerError
from rootcause.report.clean import one_line
from rootcause.trackers import adf
from rootcause.trackers.http import Account, Complaints, Http
from rootcause.trackers.values import Remote, Tell

TOKEN = "JIRA_API_TOKEN"  # noqa: S105 - the variable's name
EMAIL = "JIRA_EMAIL"

_PAGE = 100
_BACK = 50  # issues before the last one that the search knows: it need not learn of them in their order
_FIELDS = ("summary", "description", "labels", "status")
_TASK = "Task"


class _Myself(BaseModel):
    active: bool = True


class _Category(BaseModel):
    key: str


class _Status(BaseModel):
    category: _Category = Field(alias="statusCategory")


class _Fields(BaseModel):
    summary: str
    description: dict[str, Any] | None = None
    labels: tuple[str, ...] = ()
    status: _Status


class _Issue(BaseModel):
    id: str
    key: str
    fields: _Fields


class _Named(BaseModel):
    id: str
    key: str


class _Found(BaseModel):
    issues: list[_Named]
    token: str | None = Field(default=None, alias="nextPageToken")


class _Fetched(BaseModel):
    issues: list[_Issue]
    errors: list[Any] = Field(default=[], alias="issueErrors")


class _Kind(BaseModel):
    id: str
    name: str
    untranslated: str | None = Field(default=None, alias="untranslatedName")
    subtask: bool
    level: int = Field(default=0, alias="hierarchyLevel")


class _Kinds(BaseModel):
    kinds: list[_Kind] = Field(alias="issueTypes")


class Jira:
    """Issues of a project, by its key. url: the site's, such as https://NAME.atlassian.net."""

    def __init__(self, project: str, email: str, token: SecretStr, tell: Tell, url: str) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", project):
            raise SettingsError(f"--project {project} is no key of a Jira project; give the letters before an issue's number")
        secret = token.get_secret_value()
        credentials = base64.b64encode(f"{email}:{secret}".encode()).decode()
        self._site = url.rstrip("/")
        account = Account(
            base=f"{self._site}/rest/api/3",
            project=project,
            variable=f"{EMAIL} and {TOKEN}",
            headers={"Authorization": f"Basic {credentials}", "Accept": "application/json"},
            secrets=(secret, credentials),
        )
        self._http = Http(account, _complaints, tell)
        self._tell = tell
        self._project = project.upper()
        self.target = f"jira:{self._http.host}/{self._project}"
        self.where = f"{self._project} at {self._http.host}"

    def is_public(self) -> bool:
        self._http.read(_Myself, "myself")  # with a wrong token Jira may answer the rest as to a stranger
        return False  # nothing that a user may ask says so

    def issues(self) -> list[Remote]:
        ids = [found.id for found in self._search(f'project = "{self._project}" AND labels = "{LABEL}"')]
        found = {issue.id: issue for issue in (*self._fetched(ids), *self._last())}
        remotes = [self._remote(issue) for _, issue in sorted(found.items(), key=lambda one: int(one[0]))]
        return [remote for remote in remotes if remote.key is not None or LABEL in remote.labels]

    def newest(self) -> list[Remote]:
        return [remote for remote in map(self._remote, self._last()) if remote.key is not None]

    def get(self, id_: str) -> Remote | None:
        found = self._http.find(_Issue, f"issue/{id_}", params={"fields": ",".join(_FIELDS)})
        return None if found is None else self._remote(found)

    def create(self, item: Item) -> Remote:
        fields: dict[str, Any] = {
            "project": {"key": self._project},
            "issuetype": {"id": self._kind},
            "summary": one_line(item.title),
            "description": adf.marked(item),
            "labels": list(labels(item)),
        }
        made = self._http.make(_Named, "issue", {"fields": fields})
        return Remote(
            id=made.id, name=made.key, url=self._page(made.key), title=fields["summary"], open=True, key=item.key,
            labels=labels(item), text=fields["description"],
        )  # fmt: skip

    def has_place(self, remote: Remote) -> bool:
        return adf.part_in(remote.text) is not None

    def says(self, remote: Remote, item: Item) -> bool:
        return adf.same(adf.part_in(remote.text) or (), adf.part(item))

    def write(self, remote: Remote, item: Item, title: str | None) -> None:
        fields = {"description": adf.replaced(remote.text, adf.part(item))} | ({"summary": title} if title else {})
        self._http.change("PUT", f"issue/{remote.id}", {"fields": fields})

    def close(self) -> None:
        self._http.close()

    @cached_property
    def _kind(self) -> str:
        """The id of the type Task, whatever the site calls it; else of the first type that an item can have."""
        found, _ = self._http.read(_Kinds, f"issue/createmeta/{self._project}/issuetypes", params={"maxResults": 200})
        fit = [kind for kind in found.kinds if not kind.subtask and kind.level == 0]
        if not fit:
            raise TrackerError(f"the token may make no issues in {self.where}; give it the right to, or use another one")
        task = next((kind for kind in fit if _TASK in (kind.name, kind.untranslated)), None)
        if task is None:
            self._tell(f"{self.where} has no type Task, so issues get the type {fit[0].name}")
        return (task or fit[0]).id

    def _search(self, jql: str, most: int | None = None) -> list[_Named]:
        found: list[_Named] = []
        body: dict[str, Any] = {"jql": jql, "fields": ["id"], "maxResults": most or _PAGE}
        while True:
            page, _ = self._http.read(_Found, "search/jql", body=body)
            found += page.issues
            if page.token is None or most is not None:
                return found
            body["nextPageToken"] = page.token

    def _fetched(self, names: Sequence[str]) -> list[_Issue]:
        """These issues as they are at this moment, by id or key; those that do not exist are left out."""
        found: list[_Issue] = []
        for start in range(0, len(names), _PAGE):
            body = {"issueIdsOrKeys": list(names[start : start + _PAGE]), "fields": list(_FIELDS)}
            page, _ = self._http.read(_Fetched, "issue/bulkfetch", body=body)
            if page.errors:
                raise TrackerError(f"{self.where} could not show all its issues for now; run the same command again later")
            found += page.issues
        return found

    def _last(self) -> list[_Issue]:
        """The issues made last, by their numbers, on to where a hundred numbers in a row are free."""
        latest = self._search(f'project = "{self._project}" ORDER BY created DESC', most=1)
        number = int(latest[0].key.rpartition("-")[2]) if latest else 0
        start, found = max(1, number - _BACK), list[_Issue]()
        while page := self._fetched([f"{self._project}-{number}" for number in range(start, start + _PAGE)]):
            found += page
            start += _PAGE
        return found

    def _remote(self, issue: _Issue) -> Remote:
        fields = issue.fields
        return Remote(
            id=issue.id, name=issue.key, url=self._page(issue.key), title=fields.summary,
            open=fields.status.category.key != "done", key=adf.key_in(fields.description), labels=fields.labels,
            text=fields.description,
        )  # fmt: skip

    def _page(self, key: str) -> str:
        return f"{self._site}/browse/{key}"


def _complaints(answer: Any) -> Complaints:
    """{"errorMessages": ["…"], "errors": {"summary": "…"}}"""
    told: list[tuple[str | None, str]] = [(None, str(words)) for words in answer.get("errorMessages") or ()]
    told += [(field, str(words)) for field, words in (answer.get("errors") or {}).items()]
    return told or [(None, str(answer["message"]))]
