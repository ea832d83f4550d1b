"""How long a write takes from its answer on one node until every other node shows it.

One reader keeps a connection to every node. As soon as the write is answered, it asks all other
nodes for their count, and asks a node that does not show the write again at once. So the measured
time is an upper bound: it ends when the reader has received the value. How long the same reading
takes when all nodes already have the value is measured after each write, too. For serf, the time
is that between the lines in which the first and the last agent report a user event.
"""

from __future__ import annotations

import re
import secrets
import select
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs

from lab.experiments import Findings, table
from lab.processes import environment, eventually

from .benchmark import Options
from .compared_clusters import AgentCluster, GossipdCluster, gossipd, rpc_address, serf
from .figures import percentile
from .rivals import installed

NODES = (3, 10, 50)
WRITES = {3: 300, 10: 300, 50: 150}
EVENTS = 10
REPETITIONS = 2
_GAPS = (0.02, 0.033, 0.047, 0.025, 0.039)
"""Seconds between writes. They differ, so that no timer of a node keeps step with the writes."""

_READ = b"GET /count HTTP/1.1\r\nHost: localhost\r\n\r\n"
_WRITE = b"POST /increment?ack=local HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
_COUNT = re.compile(rb'\r\n\r\n\{"count":(\d+).*\}')
_WITHIN = 20.0


@attrs.frozen
class Spread:
    """How long one write or event took to reach every node.

    Attributes:
        seconds: until the last node had it.
        reading: how long reading alone takes once all have it; 0 for serf, which is not read.
    """

    seconds: float
    reading: float = 0.0


def run(options: Options) -> Findings:
    """Measures both programs at every size."""
    measured: dict[tuple[str, int], list[Spread]] = {}
    sizes = (3,) if options.short else NODES
    times = options.times(REPETITIONS)
    for nodes in sizes:
        with ExitStack() as stack:
            own = stack.enter_context(gossipd(nodes, options.folder))
            beside = installed("serf", options)
            other = stack.enter_context(serf(nodes)) if beside else None
            time.sleep(1.0)
            for repetition in range(times):
                options.tell(f"spread {repetition + 1}: {nodes} nodes")
                writes = 20 if options.short else WRITES[nodes]
                measured.setdefault(("gossipd", nodes), []).extend(increments(own, writes))
                if other is not None:
                    events = 2 if options.short else EVENTS
                    measured.setdefault(("serf", nodes), []).extend(_events(other, events))
    return findings(measured)


def increments(cluster: GossipdCluster, writes: int) -> list[Spread]:
    """Writes to the first node and watches all others, one write after the other."""
    with _connections(cluster) as (writer, readers):
        found = []
        for number in range(writes):
            time.sleep(_GAPS[number % len(_GAPS)])
            count = _ask(writer, _WRITE)
            seconds = _watch(readers, count)
            found.append(Spread(seconds, _watch(readers, count)))
        return found


@contextmanager
def _connections(cluster: GossipdCluster) -> Iterator[tuple[socket.socket, list[socket.socket]]]:
    with ExitStack() as stack:
        sockets = []
        for node in cluster.nodes.nodes:
            sock = socket.create_connection((node.host, node.port), _WITHIN)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sockets.append(stack.enter_context(sock))
            _ask(sock, _READ)
        yield sockets[0], sockets[1:]


def _ask(sock: socket.socket, request: bytes) -> int:
    sock.sendall(request)
    return _count(sock)


def _count(sock: socket.socket) -> int:
    """Receives the next answer, and returns its count."""
    data = b""
    while (found := _COUNT.search(data)) is None:
        part = sock.recv(4096)
        if not part:
            raise ConnectionError("a node closed its connection")
        data += part
    return int(found[1])


def _watch(readers: Sequence[socket.socket], count: int) -> float:
    """Returns the seconds until all nodes showed the count, asking those again that did not."""
    start = now = time.perf_counter()
    lacking = {reader.fileno(): reader for reader in readers}
    with select.epoll() as poll:
        for number in lacking:
            poll.register(number, select.EPOLLIN)
        for reader in readers:
            reader.sendall(_READ)
        while lacking:
            ready = poll.poll(_WITHIN)
            assert ready, "a node does not answer"
            for number, _ in ready:
                shown = _count(lacking[number])
                now = time.perf_counter()
                if shown >= count:
                    del lacking[number]
                    poll.unregister(number)
                else:
                    assert now - start < _WITHIN, "a node never shows a write"
                    lacking[number].sendall(_READ)
    return now - start


def _events(cluster: AgentCluster, number: int) -> list[Spread]:
    """Sends user events from the first agent, one after the other."""
    found = []
    for _ in range(number):
        name = secrets.token_hex(6)
        first = cluster.agents[0]
        rpc = rpc_address(first.host, cluster.port)
        command = ["serf", "event", f"-rpc-addr={rpc}", "-coalesce=false", name]
        subprocess.run(command, env=environment(), capture_output=True, check=True, timeout=10)
        wanted = len(cluster.agents)
        eventually("all have it", lambda: len(_seen(cluster, name)) == wanted, _WITHIN)  # noqa: B023
        seen = _seen(cluster, name)
        found.append(Spread(max(seen.values()) - seen[first.host]))
    return found


def _seen(cluster: AgentCluster, name: str) -> dict[str, float]:
    return {
        agent.host: report.at
        for agent in cluster.agents
        for report in agent.reports
        if report.kind == "event" and report.member == name
    }


def findings(measured: Mapping[tuple[str, int], Sequence[Spread]]) -> Findings:
    """Returns the times of these repetitions as a table."""
    rows = [_row(name, nodes, some) for (name, nodes), some in measured.items()]
    serfs = {row["nodes"]: row["p50"] for row in rows if row["system"] == "serf"}
    for row in rows:
        if row["system"] == "gossipd" and row["nodes"] in serfs:
            row["serf_to_this"] = serfs[row["nodes"]] / row["p50"]
    head = ["system", "nodes", "writes or events", "p50", "p99", "max", "reading alone, p50"]
    head += ["serf's p50 to this"]
    title = "From the answer of the first node until every other one has it."
    return Findings(((title, table(head, [_cells(row) for row in rows])),), {"rows": rows})


def _row(name: str, nodes: int, some: Sequence[Spread]) -> dict[str, Any]:
    seconds = [spread.seconds for spread in some]
    return {
        "system": name,
        "nodes": nodes,
        "number": len(seconds),
        "p50": percentile(seconds, 50),
        "p99": percentile(seconds, 99),
        "max": max(seconds),
        "reading": percentile([spread.reading for spread in some], 50),
        "seconds": seconds,
    }


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["system"],
        str(row["nodes"]),
        str(row["number"]),
        *[f"{1000 * row[name]:,.2f} ms" for name in ("p50", "p99", "max")],
        f"{1000 * row['reading']:.2f} ms" if row["reading"] else "",
        f"{row['serf_to_this']:,.0f}" if "serf_to_this" in row else "",
    ]
