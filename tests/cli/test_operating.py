"""What an operator asks of a running node, over what it answers."""

from __future__ import annotations

import json

import pytest

from tests.cli.invoking import invoke
from tests.fake_daemons import answering

_DONE = b'HTTP/1.1 200 OK\r\n\r\n{"node_id":"a:1","status":"leaving"}\n'


@pytest.mark.parametrize(
    ("args", "line", "body"),
    [
        (["join", "b:1"], "POST /v1/join ", b'{"id":"b:1"}'),
        (["leave"], "POST /v1/leave ", b"{}"),
        (
            ["remove", "--everywhere", "[::1]:1"],
            "POST /v1/members/%5B%3A%3A1%5D%3A1/forget ",
            b"{}",
        ),
    ],
)
def test_what_is_asked(args: list[str], line: str, body: bytes) -> None:
    """One request, and one line that says what follows."""
    requests: list[bytes] = []
    with answering(_DONE, requests) as url:
        result = invoke(*args, "--url", url)
    assert (0, 1) == (result.exit_code, len(result.stdout.splitlines()))
    [request] = requests
    assert request.startswith(line.encode())
    assert request.endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["join", "b:1"], {"id": "b:1", "node_id": "a:1", "status": "leaving"}),
        (["remove", "--everywhere", "b:1"], {"id": "b:1", "node_id": "a:1", "status": "leaving"}),
        (["register", "b:1"], {"id": "b:1", "status": "registered"}),
        (["remove", "b:1"], {"id": "b:1", "status": "removed"}),
    ],
)
def test_what_was_done_as_json(args: list[str], told: dict[str, str]) -> None:
    """Whom it is about, with what the node answered if it did."""
    with answering(_DONE) as url:
        result = invoke(*args, "-o", "json", "--url", url)
    assert (0, told) == (result.exit_code, json.loads(result.stdout))


def test_leave_as_json() -> None:
    """As the node answered it."""
    with answering(_DONE) as url:
        result = invoke("leave", "-o", "json", "--url", url)
    assert "leaving" == json.loads(result.stdout)["status"]


@pytest.mark.parametrize(("reason", "code"), [(None, 0), ("line 2: there is no option", 1)])
def test_reload_says_what_changed_and_what_cannot(reason: str | None, code: int) -> None:
    """Settings that are wrong are an error, and say why."""
    told = {"files": ["/keys"], "changed": ["log-level"], "needs_restart": ["bind"]}
    body = json.dumps({**told, "node_id": "a:1", "reason": reason}).encode()
    with answering(b"HTTP/1.1 200 OK\r\n\r\n" + body) as url:
        result = invoke("reload", "--url", url)
    lines = ["read again: /keys", "changed: log-level", "needs a restart: bind"]
    assert (code, lines) == (result.exit_code, result.stdout.splitlines())
    assert (reason is not None) == ("line 2" in result.stderr)
