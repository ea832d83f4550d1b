"""What a node costs while nothing happens: bytes, datagrams, processor and memory."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from lab.experiments.trials import Findings, table
from lab.processes.costs import processor_seconds, resident_megabytes
from lab.processes.packets import counted, received

from .measure import Options, shown
from .processes import pause
from .rivals import installed
from .systems import System, all_systems

NODES = (16, 50)
SECONDS = 30.0
REPETITIONS = 3
_SETTLE_ROUNDS = 2


@attrs.frozen
class Cost:
    """Of one node, on average over all nodes of a system.

    Attributes:
        bytes: a second, IP headers included; nothing where no packet filter counts.
        packets: a second; a TCP segment is one.
        processor: share of one core, in percent.
        resident: megabytes at the end.
    """

    bytes: float | None
    packets: float | None
    processor: float
    resident: float


def run(options: Options) -> Findings:
    """Measures all systems over the same seconds."""
    measured: dict[tuple[int, str], list[Cost]] = {}
    seconds = 1.0 if options.short else SECONDS
    installed("iptables", options)
    for nodes in (3,) if options.short else NODES:
        with all_systems(nodes, options) as systems, counted([s.port for s in systems]) as counts:
            # Every node probes one peer a second: after so many rounds all have met.
            pause(1.0 if options.short else _SETTLE_ROUNDS * nodes)
            for time_ in range(options.times(REPETITIONS)):
                options.tell(f"idle {time_ + 1}: {nodes} nodes")
                for system, cost in zip(systems, _costs(systems, counts, seconds), strict=True):
                    measured.setdefault((nodes, system.name), []).append(cost)
    return findings(measured)


@attrs.frozen
class _Total:
    at: float
    packets: int
    bytes: int
    processor: float


def _costs(systems: Sequence[System], counts: bool, seconds: float) -> list[Cost]:
    before = [_total(system, counts) for system in systems]
    pause(seconds)
    after = [_total(system, counts) for system in systems]
    return [
        _cost(system, first, last, counts)
        for system, first, last in zip(systems, before, after, strict=True)
    ]


def _total(system: System, counts: bool) -> _Total:
    pids = [system.pid(index) for index in range(len(system.hosts))]
    packets, size = received(system.port) if counts else (0, 0)
    return _Total(time.monotonic(), packets, size, sum(processor_seconds(p) or 0.0 for p in pids))


def _cost(system: System, before: _Total, after: _Total, counts: bool) -> Cost:
    share = 1 / (after.at - before.at) / len(system.hosts)
    pids = [system.pid(index) for index in range(len(system.hosts))]
    return Cost(
        bytes=(after.bytes - before.bytes) * share if counts else None,
        packets=(after.packets - before.packets) * share if counts else None,
        processor=100 * (after.processor - before.processor) * share,
        resident=sum(resident_megabytes(pid) or 0.0 for pid in pids) / len(pids),
    )


def findings(measured: Mapping[tuple[int, str], Sequence[Cost]]) -> Findings:
    """What these repetitions say."""
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
