"""`rootcause push` against trackers that ask what the real ones ask: once each, whatever breaks, and people's changes stay."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli import Done, rootcause, started
from test_backlog_command import made
from tracker_server import KEY, TOKEN, Issue, TrackerServer
from typer import Typer
from typer.testing import CliRunner

from rootcause.backlog.editable import to_yaml
from rootcause.backlog.layouts import Tracker as Layout
from rootcause.backlog.layouts import to_csv
from rootcause.backlog.values import Backlog
from rootcause.cli import push as command
from rootcause.errors import RootcauseError
from rootcause.models import Effort
from rootcause.store import Store
from rootcause.trackers import adf, github, http, marks

TITLES = {item.title for item in made().items}
APP = Typer()
APP.command()(command.push)  # alone: to build all commands for each call takes longer than the call
FIRST, SECOND = made().items[:2]


@pytest.fixture(params=["github", "gitlab", "jira"])
def server(request: pytest.FixtureRequest) -> Iterator[TrackerServer]:
    with TrackerServer(request.param) as serving:
        yield serving


@pytest.fixture
def jira() -> Iterator[TrackerServer]:
    with TrackerServer("jira") as serving:
        yield serving


@pytest.fixture
def hub() -> Iterator[TrackerServer]:
    with TrackerServer("github") as serving:
        yield serving


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "_PAUSE", 0.0)
    monkeypatch.setattr(http, "_FIRST_WAIT", 0.02)
    monkeypatch.setattr(http, "_JITTER", 0.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, made())
    return tmp_path


def write(folder: Path, backlog: Backlog) -> None:
    (folder / "b.yaml").write_text(to_yaml(backlog), encoding="utf-8")


def push(server: TrackerServer, *more: str, env: dict[str, str] | None = None) -> Done:
    """The command in this process, so that a hundred of them take seconds; nothing of the token may come out of it."""
    variables = server.environment if env is None else env
    with pytest.MonkeyPatch.context() as patch:
        for name in server.environment:
            patch.delenv(name, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        ended = CliRunner().invoke(APP, ["b.yaml", *server.arguments, *more])
    error = ended.exception
    if isinstance(error, RootcauseError):
        return _checked(Done(error.exit_code, ended.stdout, f"{ended.stderr}rootcause: {error}\n"))
    assert error is None or isinstance(error, SystemExit), error
    return _checked(Done(ended.exit_code, ended.stdout, ended.stderr))


def _checked(ended: Done) -> Done:
    assert TOKEN not in ended.out + ended.err
    for path in Path.cwd().rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes(), path
    return ended


def ours(server: TrackerServer) -> list[Issue]:
    """Issues that the command made."""
    return [issue for issue in server.issues if issue.title in TITLES and not issue.deleted]


def text(issue: Issue) -> str:
    """What people read."""
    if isinstance(issue.text, str):
        return issue.text
    return "\n".join(str(adf._shown(node)) for node in issue.text["content"])


def edited(backlog: Backlog, key: str, **fields: object) -> Backlog:
    items = [item.model_copy(update=fields) if item.key == key else item for item in backlog.items]
    return backlog.model_copy(update={"items": tuple(items)})


# ── once each ─────────────────────────────────────────────────────────────────────────────────────


def test_items_are_made_once_and_found_again(folder: Path, server: TrackerServer) -> None:
    dry = push(server, "--dry-run")
    assert f"new      {FIRST.key}: {FIRST.title}" in dry.out and "4 new, 0 changed" in dry.out
    assert "nothing written" in dry.out and not server.issues and not (folder / ".rootcause").exists()
    first = push(server, "--yes")
    assert first.code == 0 and first.out.count("created") == 4 and {issue.title for issue in ours(server)} == TITLES
    assert all(issue.labels[0] == "rootcause" for issue in ours(server)), ours(server)
    assert any(FIRST.team in issue.labels for issue in ours(server) if issue.title == FIRST.title)
    second = push(server, "--yes")
    assert second.code == 0 and "0 new, 0 changed, 0 gone, 4 unchanged" in second.err and len(server.issues) == 4
    assert server.changes == []


def test_without_the_store_the_marks_are_enough(folder: Path, server: TrackerServer) -> None:
    push(server, "--yes")
    again = push(server, "--yes", "--store", "elsewhere")
    assert "4 unchanged" in again.err and len(server.issues) == 4


def test_every_page_of_the_tracker_is_read(folder: Path, server: TrackerServer) -> None:
    push(server, "--yes")
    mine, server.issues = server.issues, []
    for number in range(230):
        if number == 120:
            for issue in mine:
                issue.number = len(server.issues) + 1
                server.issues.append(issue)
        server.add(f"Other {number}", None if server.kind == "jira" else "words", labels=["rootcause"])
    if server.kind == "github":
        server.add("A pull request that speaks of it", mine[0].text, pull_request=True)
    again = push(server, "--yes", "--store", "elsewhere")
    assert "4 unchanged" in again.err and "double" not in again.err and len(ours(server)) == 4


def test_another_run_with_the_same_words_changes_nothing(folder: Path, server: TrackerServer) -> None:
    push(server, "--yes")
    for run in ("fedcba", "0a1b2c"):
        later = made().model_copy(update={"items": tuple(item.model_copy(update={"run": run}) for item in made().items)})
        write(folder, later)
        assert "0 changed, 0 gone, 4 unchanged" in push(server, "--yes").err and server.changes == []


def test_what_people_wrote_into_an_issue_stays_until_its_item_changes(folder: Path, server: TrackerServer) -> None:
    push(server, "--yes")
    issue = next(one for one in server.issues if one.title == FIRST.title)
    if server.kind == "jira":
        theirs = {"type": "paragraph", "content": [{"type": "text", "text": "Anna: half done"}]}
        issue.text = {**issue.text, "content": [*issue.text["content"][:2], theirs, *issue.text["content"][2:]]}
    else:
        issue.text = issue.text.replace(FIRST.change, f"Anna: half done\n\n{FIRST.change}")
    assert "Anna: half done" in text(issue)
    write(folder, made())
    assert "0 changed, 0 gone, 4 unchanged" in push(server, "--yes").err and "Anna: half done" in text(issue)
    write(folder, edited(made(), FIRST.key, change="Other words."))
    assert "1 changed" in push(server, "--yes").err and "Other words" in text(issue) and "Anna" not in text(issue)


def test_items_of_a_csv_import_are_not_doubled(folder: Path, jira: TrackerServer) -> None:
    """The CSV that `backlog --format jira-csv` writes gives every issue its key as a label."""
    assert FIRST.key in to_csv(made(), Layout.JIRA)
    jira.add("Imported", None, labels=["rootcause", FIRST.key])
    ended = push(jira, "--yes")
    assert len(jira.issues) == 4 and f"unmarked {FIRST.key} ({KEY}-1)" in ended.err


# ── what people changed stays ─────────────────────────────────────────────────────────────────────


def test_people_s_changes_stay_and_ours_arrive(folder: Path, server: TrackerServer) -> None:
    push(server, "--yes")
    issue, other = (next(i for i in server.issues if i.title == item.title) for item in (FIRST, SECOND))
    issue.title, issue.assignee, issue.labels, issue.open = "Their title", "bob", ["urgent"], False
    if server.kind == "jira":
        theirs = {"type": "rule"}
        issue.text = {"type": "doc", "version": 1, "content": [theirs, *issue.text["content"], theirs]}
    else:
        issue.text = f"Bob's note\r\n{issue.text}\r\nand below".replace("\n", "\r\n").replace("\r\r", "\r")
    changed = edited(made(), FIRST.key, title="Ours anew", change="A change in new words.", effort=Effort.L)
    write(folder, edited(changed, SECOND.key, title="A better title"))
    ended = push(server, "--dry-run")
    assert f"changed  {FIRST.key}" in ended.out and "title -> A better title" in ended.out and "Ours anew" not in ended.out
    assert push(server, "--yes").code == 0
    assert (issue.title, issue.assignee, issue.labels, issue.open) == ("Their title", "bob", ["urgent"], False)
    assert "A change in new words" in text(issue) and FIRST.change not in text(issue)
    if server.kind == "jira":
        assert issue.text["content"][0] == issue.text["content"][-1] == {"type": "rule"}
    else:
        assert issue.text.startswith("Bob's note\r\n<!--") and issue.text.endswith("\r\nand below")
    assert other.title == "A better title", "nobody had changed that one in the tracker"
    assert "4 unchanged" in push(server, "--yes").err


def test_gone_and_removed_and_unmarked_are_told_and_left(folder: Path, server: TrackerServer) -> None:
    push(server, "--yes")
    gone, removed, bare, closed = (next(i for i in server.issues if i.title == item.title) for item in made().items)
    removed.deleted, bare.text, closed.open = True, None, False
    write(folder, made().model_copy(update={"items": made().items[1:3]}))
    ended = push(server, "--yes")
    assert ended.code == 0 and len(server.issues) == 4 and server.changes == []
    assert (gone.open, bare.text, closed.open) == (True, None, False)
    assert f"gone     {FIRST.key}" in ended.err and gone.title in ended.err and "1 gone" in ended.err, "a closed one is done"
    assert f"removed  {SECOND.key}" in ended.err and f"unmarked {made().items[2].key}" in ended.err


def test_a_copy_that_people_made_is_named_and_left(folder: Path, server: TrackerServer) -> None:
    push(server, "--yes")
    first = next(issue for issue in server.issues if issue.title == FIRST.title)
    copy = server.add("A copy", first.text, labels=list(first.labels))
    before = copy.text
    write(folder, edited(made(), FIRST.key, change="Other words."))
    ended = push(server, "--yes")
    assert "double" in ended.err and f"{copy.number}:" in ended.err and copy.text == before and "Other words" in text(first)


def test_an_issue_is_read_anew_before_it_is_written(folder: Path, hub: TrackerServer) -> None:
    """While the person thinks about the question, another one writes in the issue."""
    push(hub, "--yes")
    write(folder, edited(made(), FIRST.key, change="Other words."))
    issue = next(issue for issue in hub.issues if issue.title == FIRST.title)
    single = f"GET /repos/shop/web-front/issues/{issue.number}"

    class Meanwhile(list[str]):
        def append(self, asked: str) -> None:
            if asked == single:
                issue.text = f"Written meanwhile.\n{issue.text}"
            super().append(asked)

    hub.asked = Meanwhile()
    push(hub, "--yes")
    assert issue.text.startswith("Written meanwhile.\n") and "Other words." in issue.text


# ── what breaks ───────────────────────────────────────────────────────────────────────────────────


def test_limits_and_faults_that_pass_are_waited_for(folder: Path, server: TrackerServer) -> None:
    server.queue("429:0.1", "502", "drop", on="read")
    server.queue("429:0.1", on="create")
    ended = push(server, "--yes")
    assert ended.code == 0 and len(server.issues) == 4, ended.err
    server.queue("503:0.1", "429:0.1", on="write")
    write(folder, edited(made(), FIRST.key, change="Other words."))
    assert push(server, "--yes").code == 0 and len(server.changes) == 1


def test_the_limits_of_github_are_recognised(folder: Path, hub: TrackerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "_UNSAID", 0.1)
    monkeypatch.setattr(http, "_WORTH_TELLING", 0.05)
    hub.queue("limit:0", on="read")
    hub.queue("403:0.1", "403", on="create")
    ended = push(hub, "--yes")
    assert ended.code == 0 and len(hub.issues) == 4 and ended.err.count("asks to wait") == 3
    hub.queue("limit:1800", on="read")
    ended = push(hub, "--yes")
    assert ended.code == 4 and "takes no more requests for now" in ended.error and "in 30 minutes or more" in ended.error


@pytest.mark.parametrize("step", ["made+drop", "made+502", "drop", "502", "html:502"])
def test_no_answer_to_a_new_issue_makes_no_twin(folder: Path, server: TrackerServer, step: str) -> None:
    server.searchable = False
    server.queue(step, on="create")
    ended = push(server, "--yes")
    assert ended.code == 0 and len(server.issues) == 4 and {issue.title for issue in server.issues} == TITLES, ended.err


def test_a_refused_field_is_named_and_the_others_go_on(folder: Path, server: TrackerServer) -> None:
    server.refuses = {FIRST.title: "customfield_10020"}
    ended = push(server, "--yes")
    (line,) = [line for line in ended.err.splitlines() if line.startswith("refused")]
    assert ended.code == 3 and FIRST.key in line and "the field customfield_10020" in line
    assert len(server.issues) == 3 and ended.out.count("created") == 3
    server.refuses = {}
    ended = push(server, "--yes")
    assert ended.code == 0 and "1 new" in ended.err and len(server.issues) == 4


def test_an_export_goes_on_where_the_tracker_died(folder: Path, server: TrackerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_PATIENCE", 0.2)
    server.searchable = False
    server.dies_after = 2
    ended = push(server, "--yes")
    assert ended.code == 4 and len(server.issues) == 2 and ended.out.count("created") == 2
    assert "run the same command again" in ended.error
    server.dies_after = None
    ended = push(server, "--yes")
    assert ended.code == 0 and "2 new" in ended.err and {issue.title for issue in server.issues} == TITLES
    assert len(server.issues) == 4


def test_a_kill_before_the_record_makes_no_twin(folder: Path, server: TrackerServer) -> None:
    """SIGKILL after the tracker made the second issue and before the client hears of it; Jira's search lags as well."""
    server.searchable = False
    process = started(folder, "push", "b.yaml", *server.arguments, "--yes", env=server.environment)

    def kill(issue: Issue) -> None:
        if issue.number == 2:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)

    server.after_making = kill
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL and len(server.issues) == 2
    with Store(folder / ".rootcause" / "rootcause.db") as store:
        assert len(store.written()) == 1, "the second issue was not recorded"
    server.after_making = lambda _: None
    again = push(server, "--yes")
    assert again.code == 0 and {issue.title for issue in server.issues} == TITLES and len(server.issues) == 4, again.err
    with Store(folder / ".rootcause" / "rootcause.db") as store:
        assert len({row.remote for row in store.written()}) == 4


# ── tokens and mistakes ───────────────────────────────────────────────────────────────────────────


def test_a_wrong_token_is_one_sentence(folder: Path, server: TrackerServer) -> None:
    wrong = dict.fromkeys(server.environment, f"wrong-{TOKEN[-4:]}")
    ended = push(server, "--yes", env=wrong)
    assert ended.code == 4 and "does not accept the token" in ended.error and "_TOKEN" in ended.error
    assert wrong["GITHUB_TOKEN"] not in ended.err and not server.issues
    ended = push(server, "--yes", env={})
    assert ended.code == 2 and "in the environment" in ended.error and len(server.asked) == 1
    ended = push(server, "--yes", env=dict.fromkeys(wrong, "two words"))
    assert ended.code == 2 and "holds characters" in ended.error


def test_what_a_tracker_repeats_of_the_token_is_not_shown(folder: Path, hub: TrackerServer, jira: TrackerServer) -> None:
    """`_checked` looks at every output and file of every test; here the trackers themselves send the token back."""
    jira.refuses = {FIRST.title: "summary"}
    assert "the field summary (Field 'summary' is required. …)" in push(jira, "--yes").err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--project", "nobody"), "--project nobody is no repository; give it as owner/name"),
        (("--project", "no/body"), "shows no project 'no/body' to this token"),
        (("--url", "http://tracker.example"), "--url must begin with https://"),
        (("--url", "https://me:secret@tracker.example"), "without name and password in it"),
        (("--to", "jira", "--project", "two words"), "is no key of a Jira project"),
        ((), "look with --dry-run, then add --yes"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_to_do(
    folder: Path, hub: TrackerServer, arguments: tuple[str, ...], sentence: str
) -> None:
    ended = push(hub, *arguments)
    assert ended.code in (2, 4) and sentence in ended.error and "secret" not in ended.err
    assert not hub.issues


def test_an_address_that_is_no_tracker_is_named(folder: Path, hub: TrackerServer) -> None:
    hub.queue("html:200", on="read")
    assert "as no such tracker does; check --to and --url" in push(hub, "--dry-run").error
    hub.queue("html:404", on="read")
    assert "“Bad Gateway”" in push(hub, "--dry-run").error


def test_an_address_where_nobody_answers_is_named(folder: Path, hub: TrackerServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        ended = push(hub, "--url", url, "--dry-run")
    assert ended.code == 4 and "cannot be reached" in ended.error and "check --url" in ended.error


def test_the_token_goes_to_no_other_address(folder: Path, hub: TrackerServer) -> None:
    for number in range(101):
        hub.add(f"Other {number}")
    with TrackerServer("github") as other, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrackerServer, "url", property(lambda server: f"http://localhost:{other.port}"))
        arguments = ["--url", f"http://127.0.0.1:{hub.port}"]
        ended = push(hub, *arguments, "--dry-run")
        assert ended.code == 4 and "at another address" in ended.error and other.asked == []


def test_a_person_is_asked_and_told_who_can_read_it(folder: Path, hub: TrackerServer) -> None:
    hub.public = True
    main, side = os.openpty()
    os.write(main, b"n\n")
    try:
        ended = rootcause(folder, "push", "b.yaml", *hub.arguments, env=hub.environment, given=side)
    finally:
        os.close(main)
        os.close(side)
    assert ended.code == 0 and not hub.issues and "Write it? [y/N]" in ended.err
    assert "quotes of customers go to shop/web-front" in ended.said and "everybody can read that project" in ended.said


# ── the marks ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", ["delivery/x", "a--b---c", "end", "ключ", "a > b", "100%", "x-->y", "a\nb", "rootcause: a"])
def test_a_key_comes_back_from_the_mark(key: str) -> None:
    body = marks.marked(key, "Text\n\n<!-- not ours -->")
    assert marks.key_in(body) == key and marks.same(marks.part_in(body) or "", "Text\n\n<!-- not ours -->")
    assert body.splitlines()[0].count("--") == 2, "a comment may hold no hyphens in a row"
    assert marks.replaced(f"before\n{body}after", "New \\1") == "before\n" + marks.marked(key, "New \\1") + "after"
    document = adf.marked(FIRST.model_copy(update={"key": key}))
    assert adf.key_in(document) == key and adf.same(adf.part_in(document) or (), adf.part(FIRST.model_copy(update={"key": key})))


def test_a_quote_cannot_pass_for_a_mark() -> None:
    forged = FIRST.quotes[0].model_copy(update={"text": "<!-- rootcause: other -->\n/close\n<!-- /rootcause -->"})
    item = FIRST.model_copy(update={"quotes": (forged,)})
    body = marks.marked(item.key, github.body(item))
    assert body.count("<!-- /rootcause -->") == 1 and marks.key_in(body) == item.key
    assert "/close" not in [line.lstrip("> ") for line in body.splitlines()]


def test_jira_gets_another_type_where_there_is_no_task(folder: Path, jira: TrackerServer) -> None:
    jira.kinds = [
        {"id": "3", "name": "Epic", "subtask": False, "hierarchyLevel": 1},
        {"id": "4", "name": "Story", "subtask": False},
    ]
    assert "has no type Task, so issues get the type Story" in push(jira, "--yes").said and len(jira.issues) == 4


def test_the_page_for_product_owners_shows_commands_that_work(folder: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "backlog.md").read_text(encoding="utf-8")
    commands = [line.split() for line in page.splitlines() if line.startswith("rootcause push ")]
    assert len(commands) > 2
    for words in commands:
        kind = words[words.index("--to") + 1]
        with TrackerServer(kind) as server:
            said = [word for word in words[2:] if word != "backlog.yaml"]
            ended = push(server, *said, *server.arguments, *(() if "--dry-run" in said else ("--yes",)))
            assert ended.code == 0 and len(server.issues) == (0 if "--dry-run" in said else 4)
