"""The commands about the cluster, over what a node answers."""

from __future__ import annotations

import json
from importlib import import_module

import pytest

from tests.cli.invoking import invoke
from tests.fake_daemons import answering, refusing

_ROW = {"since": "2026-01-01T00:00:00Z", "generation": 1, "incarnation": 0, "removed": False}
_OWN = {**_ROW, "id": "a:1", "state": "alive", "version": "1.2.3"}
_SUSPECT = {**_ROW, "id": "b:1", "state": "suspect", "accuser": "c:1", "round_trip": 0.0015}
_MEMBERS = {"members": [_OWN, {**_SUSPECT, "removed": True}], "node_id": "a:1"}
_STATUS = {
    "cluster": "",
    "counters": 2,
    "local_health": 1,
    "members": {"alive": 1, "suspect": 1, "dead": 0},
    "node_id": "a:1",
    "ready": False,
    "reason": "draining",
    "seeds": [{"name": "c:1", "state": "silent", "reason": "no answer"}],
    "tags": {"role": "web"},
    "version": "1.2.3",
    "warnings": ["c:1 has profile=wan, and this node profile=lan"],
}


def _ok(body: object) -> bytes:
    return b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(body).encode() + b"\n"


def test_members_tell_states_and_who_got_no_answer() -> None:
    """A line for each member, with what is known of it."""
    with answering(_ok(_MEMBERS)) as url:
        result = invoke("members", "--url", url)
    own, suspect = result.stdout.splitlines()[1:]
    assert ["a:1", "alive", _ROW["since"], "-", "1.2.3", "this node"] == own.split(None, 5)
    assert suspect.endswith("1.5 ms      -        removed here, c:1 got no answer")


def test_members_with_tags_have_a_column_for_them() -> None:
    """In which others have nothing."""
    rows = [{**_OWN, "tags": {"role": "web", "zone": "a"}}, _SUSPECT]
    with answering(_ok({**_MEMBERS, "members": rows})) as url:
        head, own, suspect = invoke("members", "--url", url).stdout.splitlines()
    at = head.index("TAGS")
    assert own[at:].startswith("role=web,zone=a  this node")
    assert suspect[at:].split() == ["c:1", "got", "no", "answer"]


def test_members_tell_their_keys_and_how_late_they_are() -> None:
    """As far as the node knows it."""
    late = {**_SUSPECT, "key": "open", "version": "1.2.4", "local_health": 3}
    rows = [{**_OWN, "local_health": 2, "key": "0af51bc3"}, late]
    with answering(_ok({**_MEMBERS, "members": rows})) as url:
        _, own, suspect = invoke("members", "--url", url).stdout.splitlines()
    assert own.endswith("1.2.3    this node, late 2, key 0af51bc3")
    assert "1.2.4    late 3, gossips in the open, c:1 got no answer" in suspect
    result = invoke("members", "--tag", "role")
    assert (2, True) == (result.exit_code, "'role' is no tag such as role=web" in result.stderr)


def test_members_are_asked_for_by_tags() -> None:
    """All that are named; what the node refuses is told."""
    asked = list[bytes]()
    with answering(_ok(_MEMBERS), asked) as url:
        invoke("members", "--url", url, "--tag", "role=web", "--tag", "zone=a")
    assert asked[0].startswith(b"GET /v1/members?tag=role%3Dweb%2Czone%3Da ")


def test_members_tell_what_the_accuser_has() -> None:
    """Silence, or word that no process is there."""
    row = {**_SUSPECT, "evidence": "refused"}
    with answering(_ok({**_MEMBERS, "members": [row]})) as url:
        assert "c:1 was told that no process is there" in invoke("members", "--url", url).stdout


def test_members_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are listed until the node is gone."""
    monkeypatch.setattr(import_module("gossipd.cli.members"), "_WATCH_SECONDS", 0)
    with answering(_ok(_MEMBERS)) as url:
        result = invoke("members", "--watch", "-o", "json", "--url", url)
    assert (3, _MEMBERS) == (result.exit_code, json.loads(result.stdout))


def test_members_of_a_state_as_json() -> None:
    """The other members are left out, and the rest is as the node told it."""
    with answering(_ok(_MEMBERS)) as url:
        result = invoke("members", "--url", url, "--state", "alive", "-o", "json")
    assert {"members": [_OWN], "node_id": "a:1"} == json.loads(result.stdout)


def test_status_in_words() -> None:
    """What keeps a node from work is told: writes, its own lateness, and its seeds."""
    with answering(_ok(_STATUS)) as url:
        lines = invoke("status", "--url", url).stdout.splitlines()
    assert "writes    not taken: draining" in lines
    assert "members   1 alive, 1 suspect" in lines
    assert "seed      c:1 silent: no answer" in lines
    assert any(line.startswith("health    late 1") for line in lines)
    assert "tags      role=web" in lines
    assert "warning   c:1 has profile=wan, and this node profile=lan" in lines


def test_status_tells_how_the_node_is_guarded_and_kept() -> None:
    """Gossip, doors, store and warnings."""
    door = {"place": "a:1", "protocol": "http", "exposed": True, "tls": True, "tokens": False}
    store = {"path": "/d/gossipd.db", "bytes": 4097, "last_write": None, "failure": None}
    more = {"gossip": "open", "listening": "a:1", "store": store, "warnings": ["it is so"]}
    doors = [{**door, "client_certificates": True}, {**door, "tls": False, "place": "a:2"}]
    doors[1] |= {"client_certificates": False, "tokens": True}
    with answering(_ok({**_STATUS, **more, "doors": doors})) as url:
        lines = invoke("status", "--url", url).stdout.splitlines()
    for line in (
        "gossip    a:1, open",
        "door      http a:1, TLS with client certificates, no tokens",
        "door      http a:2, no TLS, tokens",
        "store     /d/gossipd.db, 5 kB, last write before this start",
        "warning   it is so",
    ):
        assert line in lines
    failing = {**store, "failure": "the disk is full"}
    for kept, told in ((failing, "the disk is full"), (None, "none: what only this node holds")):
        with answering(_ok({**_STATUS, "store": kept})) as url:
            assert told in invoke("status", "--url", url).stdout


def test_events_are_lines_until_the_node_ends() -> None:
    """Comments, ids and times to ask again are left out; the end of the stream is exit code 3."""
    stream = (
        b'retry: 1000\n\n:\n\nid: 1\ndata: {"time":"T","event":"member_dead","member":"b:1"}\n\n'
    )
    with answering(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n" + stream) as url:
        result = invoke("events", "--url", url)
    assert "T  member_dead  member=b:1\n" == result.stdout
    assert (3, f"Error: {url} ended the stream\n") == (result.exit_code, result.stderr)
    with answering(b"HTTP/1.1 200 OK\r\n\r\n" + stream) as url:
        result = invoke("events", "--url", url, "-o", "json")
    assert {"time": "T", "event": "member_dead", "member": "b:1"} == json.loads(result.stdout)


@pytest.mark.parametrize(
    ("command", "path"), [("register", "/register"), ("remove", "/remove-peer")]
)
def test_register_and_remove_name_the_member(command: str, path: str) -> None:
    """They send what the documented routes take."""
    requests: list[bytes] = []
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", requests) as url:
        assert 0 == invoke(command, "b:1", "--url", url).exit_code
    [request] = requests
    assert request.startswith(f"POST {path} ".encode())
    assert request.endswith(b'\r\n\r\n{"id":"b:1"}')


@pytest.mark.parametrize("command", ["members", "status", "events", "counters", "watch"])
def test_refused_and_unreachable(command: str) -> None:
    """The detail of a problem is one line on stderr, with exit code 1; without an answer 3."""
    problem = b'HTTP/1.1 403 No\r\n\r\n{"detail":"the token may not","status":403}\n'
    with answering(problem) as url:
        result = invoke(command, "--url", url)
    refused = f"Error: {url} answered 403: the token may not\n"
    assert (1, "", refused) == (result.exit_code, result.stdout, result.stderr)
    assert 3 == invoke(command, "--url", refusing()).exit_code
