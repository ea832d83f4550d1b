"""Changes are followed on real nodes by server-sent events, as `curl -N` does."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.processes import Cluster, Node, cluster

pytestmark = pytest.mark.real


@contextmanager
def following(node: Node, path: str, last_id: str = "") -> Iterator[Iterator[tuple[str, Any]]]:
    """Yields the events of a stream as they come, each with its id."""
    with socket.create_connection((node.host, node.port), 20) as client:
        head = f"GET {path} HTTP/1.1\r\nHost: {node.id}\r\nLast-Event-ID: {last_id}\r\n\r\n"
        client.sendall(head.encode())
        with client.makefile("rb") as lines:
            assert b" 200 " in lines.readline()
            while lines.readline().strip():
                pass
            # It has begun when it has said when to come again.
            assert lines.readline().startswith(b"retry")
            yield events(lines)


def events(lines: Any) -> Iterator[tuple[str, Any]]:
    """Reads events from lines."""
    ident = ""
    for line in lines:
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if field == "id":
            ident = value
        elif field == "data":
            yield ident, json.loads(value)


def test_a_value_reaches_those_who_follow_it(three: Cluster) -> None:
    """On every node, wherever it was counted; who comes again hears what is new."""
    one, two = three[0], three[1]
    with following(two, "/v1/counters/visits/watch") as told:
        ident, first = next(told)
        assert {"known": False, "name": "visits", "value": 0} == first
        one.ask("POST", "/v1/counters/visits/add", '{"amount":5}')
        assert 5 == next(told)[1]["value"]
    one.ask("POST", "/v1/counters/visits/add?ack=all", '{"amount":2}')
    with following(two, "/v1/watch?prefix=vis", ident) as told:
        assert 7 == next(told)[1]["value"]
        one.ask("DELETE", "/v1/counters/visits")
        assert {"known": False, "name": "visits", "value": 0} == next(told)[1]


def test_a_death_reaches_those_who_follow_members(folder: Path) -> None:
    """With the fields of the line in the log; members are listed with it."""
    with cluster(3, folder) as nodes:
        one, dead = nodes[0], nodes[2]
        with following(one, "/v1/events") as told:
            dead.kill()
            happened = next(each for _, each in told if each["event"] == "member_dead")
        assert dead.id == happened["member"]
        [line] = one.events("member_dead", dead.id)
        assert line["accuser"] == happened["accuser"]
        rows = {row["id"]: row for row in one.get("/v1/members")["members"]}
        assert "dead" == rows[dead.id]["state"]
        assert rows[nodes[1].id]["round_trip"] > 0
