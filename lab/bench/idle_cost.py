"""What an idle node costs: bytes, datagrams, processor time and memory."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from lab.experiments import Findings, table
from lab.processes import counted, processor_seconds, received, resident_megabytes

from .benchmark import Options
from .compared_clusters import ComparedCluster, all_clusters
from .figures import shown
from .rivals import installed

NODES = (16, 50)
SECONDS = 30.0
REPETITIONS = 3
_SETTLE_ROUNDS = 2


@attrs.frozen
class Cost:
    """What one node costs, on average over all nodes of a cluster.

    Attributes:
        bytes: bytes a second, IP headers included; None where no packet filter counts.
        packets: packets a second, a TCP segment counted as one; None likewise.
        processor: share of one core, in percent.
        resident: resident memory at the end, in megabytes.
    """

    bytes: float | None
    packets: float | None
    processor: float
    resident: float


def run(options: Options) -> Findings:
    """Measures all clusters over the same seconds."""
    measured: dict[tuple[int, str], list[Cost]] = {}
    seconds = 1.0 if options.short else SECONDS
    installed("iptables", options)
    for nodes in (3,) if options.short else NODES:
        with (
            all_clusters(nodes, options) as clusters,
            counted([one.port for one in clusters]) as counts,
        ):
            # A node probes each of its peers once a round, one a second: by then all have met.
            time.sleep(1.0 if options.short else _SETTLE_ROUNDS * nodes)
            for time_ in range(options.times(REPETITIONS)):
                options.tell(f"idle {time_ + 1}: {nodes} nodes")
                for cluster, cost in zip(clusters, _costs(clusters, counts, seconds), strict=True):
                    measured.setdefault((nodes, cluster.name), []).append(cost)
    return findings(measured)


@attrs.frozen
class _Total:
    at: float
    packets: int
    bytes: int
    processor: float


def _costs(clusters: Sequence[ComparedCluster], counts: bool, seconds: float) -> list[Cost]:
    before = [_total(cluster, counts) for cluster in clusters]
    time.sleep(seconds)
    after = [_total(cluster, counts) for cluster in clusters]
    return [
        _cost(cluster, first, last, counts)
        for cluster, first, last in zip(clusters, before, after, strict=True)
    ]


def _total(cluster: ComparedCluster, counts: bool) -> _Total:
    pids = [cluster.pid(index) for index in range(len(cluster.hosts))]
    packets, size = received(cluster.port) if counts else (0, 0)
    return _Total(time.monotonic(), packets, size, sum(processor_seconds(p) or 0.0 for p in pids))


def _cost(cluster: ComparedCluster, before: _Total, after: _Total, counts: bool) -> Cost:
    share = 1 / (after.at - before.at) / len(cluster.hosts)
    pids = [cluster.pid(index) for index in range(len(cluster.hosts))]
    return Cost(
        bytes=(after.bytes - before.bytes) * share if counts else None,
        packets=(after.packets - before.packets) * share if counts else None,
        processor=100 * (after.processor - before.processor) * share,
        resident=sum(resident_megabytes(pid) or 0.0 for pid in pids) / len(pids),
    )


def findings(measured: Mapping[tuple[int, str], Sequence[Cost]]) -> Findings:
    """Returns the costs of these repetitions as a table."""
    rows = [_row(nodes, name, costs) for (nodes, name), costs in measured.items()]
    head = ["system", "nodes", "bytes a second", "packets a second", "of a core", "resident"]
    title = "One node of an idle cluster, on average; headers of IP and UDP or TCP included."
    return Findings(((title, table(head, [_cells(row) for row in rows])),), {"rows": rows})


def _row(nodes: int, name: str, costs: Sequence[Cost]) -> dict[str, Any]:
    row: dict[str, Any] = {"system": name, "nodes": nodes}
    for field in ("bytes", "packets", "processor", "resident"):
        values = [getattr(cost, field) for cost in costs]
        row[field] = [value for value in values if value is not None]
    return row


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["system"],
        str(row["nodes"]),
        shown(row["bytes"]),
        shown(row["packets"], "{:.1f}"),
        shown(row["processor"], "{:.2f}", " %"),
        shown(row["resident"], "{:.1f}", " MB"),
    ]
