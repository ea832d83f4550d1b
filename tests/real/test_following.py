"""Changes are followed on real nodes by server-sent events, as `curl -N` does."""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.processes import ROOT, Cluster, Node, cluster, environment, eventually

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


def test_deaths_reach_those_who_follow_members(folder: Path) -> None:
    """`gossipd events` prints them within 100 ms of the node's log lines, with the same fields.

    One who asks again and again would have to ask ten times a second. A single line may be late
    where the machine is busy; so it is the median of several.
    """
    with cluster(6, folder, "--profile", "local") as nodes, events_of(nodes[0]) as printed:
        one, killed = nodes[0], nodes.nodes[3:]
        for node in killed:
            node.kill()
        told: dict[str, tuple[float, Any]] = {}
        while len(told) < len(killed):
            happened = json.loads(next(printed))
            if happened["event"] == "member_dead":
                told[happened["member"]] = time.time(), happened
        late = []
        for node in killed:
            at, happened = told[node.id]
            line = one.comes_to_log("member_dead", node.id, 1)
            assert line["accuser"] == happened["accuser"]
            late.append(at - line["at"])
        print("printed after the log lines:", *(f"{1000 * each:.0f} ms" for each in late))
        assert statistics.median(late) < 0.1
        rows = {row["id"]: row for row in one.get("/v1/members")["members"]}
        assert {"dead"} == {rows[node.id]["state"] for node in killed}
        assert any("round_trip" in row for row in rows.values())


@contextmanager
def events_of(node: Node) -> Iterator[Iterator[bytes]]:
    """Yields what `gossipd events` prints, from what happens now on."""
    command = [sys.executable, "-m", "gossipd", "events", "-o", "json", "--url"]
    with subprocess.Popen(
        [*command, f"http://{node.id}"], cwd=ROOT, env=environment(), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            eventually("it follows", lambda: node.metric("gossipd_http_streams") == 1, 10)
            yield process.stdout
        finally:
            process.kill()
