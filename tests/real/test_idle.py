"""What a real node of sixteen costs while nothing happens."""

from __future__ import annotations

import threading
import time

import pytest

from lab.processes import Cluster, Node, eventually, processor_seconds, resident_megabytes

pytestmark = pytest.mark.real

SECONDS = 20
HEADERS = 28
BYTES_A_SECOND = 330


def sent(node: Node) -> float:
    """Returns the bytes sent, IP and UDP headers included."""
    datagrams = node.metric("gossipd_sent_datagrams_total")
    return node.metric("gossipd_sent_bytes_total") + HEADERS * datagrams


def quiet(nodes: Cluster) -> bool:
    """Returns whether nodes only probe each other, because all news has spread."""

    def other_datagrams() -> float:
        return sum(
            node.metric("gossipd_sent_datagrams_total")
            - node.metric("gossipd_sent_datagrams_total", kind="ping")
            - node.metric("gossipd_sent_datagrams_total", kind="ack")
            for node in nodes.nodes
        )

    before = other_datagrams()
    threading.Event().wait(2)
    return before == other_datagrams()


def test_idle_traffic_is_bounded(sixteen: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """At most 330 bytes a second are sent by a node, headers included, on average over all."""
    untouched = resident_megabytes(sixteen[1].process.pid)
    nodes = sixteen.nodes
    eventually("only probes are left", lambda: quiet(sixteen), 60)
    start, before = time.monotonic(), [sent(node) for node in nodes]
    worked = [processor_seconds(node.process.pid) for node in nodes]
    threading.Event().wait(SECONDS)
    # The processes' own times first: asking for the metrics is work, too.
    after_work = [processor_seconds(node.process.pid) for node in nodes]
    elapsed = time.monotonic() - start
    rates = [(sent(node) - b) / elapsed for node, b in zip(nodes, before, strict=True)]
    average = sum(rates) / len(rates)
    with capsys.disabled():
        print(f"\nidle, one of 16: {average:.0f} bytes/s sent on average, {max(rates):.0f} at most")
        if worked[0] is not None:
            shares = [(b - a) / elapsed for a, b in zip(worked, after_work, strict=True) if a and b]
            print(f"idle, one of 16: {100 * sum(shares) / len(shares):.2f} % of a core")
        resident = resident_megabytes(nodes[1].process.pid)
        if resident is not None and untouched is not None:
            print(f"idle, one of 16: {untouched:.1f} MB, {resident:.1f} MB once /metrics was read")
    assert average <= BYTES_A_SECOND
