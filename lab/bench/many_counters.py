"""One counter among 100,000: writes of random names, memory, the start of a node, a newcomer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from lab.experiments import Findings, table
from lab.processes import Cluster, Node, cluster, eventually, resident_megabytes

from .benchmark import Options
from .figures import ratios, shown
from .load_generators import LoadResult, wrk
from .rivals import installed

COUNTERS = 100_000
CONNECTIONS = 32
SECONDS = 3.0
REPETITIONS = 5

_BATCH = 500
_WITHIN = 60.0


def run(options: Options) -> Findings:
    """Fills one node and three, and asks them for one name and for random ones in turn."""
    if not installed("wrk", options):
        return Findings((), {"rows": []})
    counters = 2_000 if options.short else COUNTERS
    seconds = 1.0 if options.short else SECONDS
    rates: dict[tuple[int, str], list[LoadResult]] = {}
    empties: dict[int, float] = {}
    each: dict[int, float] = {}
    with ExitStack() as stack:
        clusters: dict[int, list[Node]] = {}
        for number in (1, 3):
            folder = options.folder / f"of-{number}"
            folder.mkdir()
            # One more, which starts later.
            nodes = stack.enter_context(cluster(number + 1, folder, kept=True, start=False))
            clusters[number] = nodes.nodes[:-1]
            options.tell(f"counters: fills {number}")
            _start(nodes, clusters[number])
            empties[number] = _resident(clusters[number][0])
            _fill(clusters[number], counters)
            each[number] = (_resident(clusters[number][0]) - empties[number]) / counters
            newcomer = nodes[-1]
        for repetition in range(options.times(REPETITIONS)):
            for number, some in clusters.items():
                for names in ("one name", "random names"):
                    options.tell(f"counters {repetition + 1}: {names}, {number} nodes")
                    load = _load(some[0], counters if names == "random names" else 1, seconds)
                    rates.setdefault((number, names), []).append(load)
        joined = _join(clusters[3][0], newcomer, counters, options)
        started = _restart(clusters[1][0], options)
    anew = (started.pop("resident_anew") - empties[1]) / counters
    memory = {"bytes_of_one": each[1], "bytes_of_three": each[3], "bytes_anew": anew}
    return findings(rates, {**joined, **started, **memory, "counters": counters})


def _start(nodes: Cluster, running: Sequence[Node]) -> None:
    for node in running:
        node.start()
    for node in running:
        eventually(f"{node.id} answers", node.answers, _WITHIN)
    nodes.know_each_other(running, _WITHIN)


def _fill(running: Sequence[Node], counters: int) -> None:
    with running[0].client() as client:
        for first in range(0, counters, _BATCH):
            names = [f"page:{n:06d}" for n in range(first, min(first + _BATCH, counters))]
            body = json.dumps([{"name": name} for name in names])
            status = client.ask("POST", "/v1/add?ack=local", body)[0]
            assert 200 == status
    eventually("all have all", lambda: _complete(running, counters), _WITHIN)


def _resident(node: Node) -> float:
    assert node.process is not None, "it was started"
    return 1e6 * (resident_megabytes(node.process.pid) or 0.0)


def _complete(nodes: Sequence[Node], counters: int) -> bool:
    return all(node.metric("gossipd_counters") >= counters for node in nodes)


def _load(node: Node, names: int, seconds: float) -> LoadResult:
    return wrk(
        f"http://{node.id}/v1/counters/page:%06d/add", "POST", CONNECTIONS, seconds, names=names
    )


def _join(node: Node, newcomer: Node, counters: int, options: Options) -> dict[str, float]:
    """Lets a node join others under load. Returns how long it takes, and the latencies."""
    quiet = _load(node, counters, 2.0)
    options.tell("counters: a fourth node joins")
    loads: list[LoadResult] = []
    thread = threading.Thread(target=lambda: loads.append(_load(node, counters, 10.0)))
    thread.start()
    try:
        newcomer.start()
        eventually("it answers", newcomer.answers, _WITHIN)
        began = time.monotonic()
        eventually("it has all", lambda: _complete([newcomer], counters), _WITHIN)
        taken = time.monotonic() - began
    finally:
        thread.join()
    return {"joined": taken, "p99_before": quiet.p99, "p99_meanwhile": loads[0].p99}


def _restart(node: Node, options: Options) -> dict[str, float]:
    options.tell("counters: starts again")
    node.end()
    began = time.monotonic()
    node.start()
    eventually("it answers", node.answers, _WITHIN)
    started = time.monotonic() - began
    return {"started": started, "resident_anew": _resident(node)}


def findings(
    loads: Mapping[tuple[int, str], Sequence[LoadResult]], others: Mapping[str, float]
) -> Findings:
    """Returns rates, latencies and times as tables."""
    rows, cells = [], []
    for (number, names), some in loads.items():
        rate = [one.rate for one in some]
        one_name = [one.rate for one in loads[number, "one name"]]
        what = f"{names}, {number} nodes" if number > 1 else f"{names}, one node"
        rows.append({"what": what, "rate": rate, "p99": [one.p99 for one in some]})
        cells.append(
            [
                f"{number}",
                names,
                shown(rate, "{:,.0f}"),
                shown(ratios(rate, one_name), "{:.2f}"),
                shown([one.p99 for one in some], "{:.1f}", " ms"),
                f"{sum(one.errors for one in some)}",
            ]
        )
    head = ["durable nodes", "asked", "increments a second", "to one name", "p99", "errors"]
    title = (
        f"{others['counters']:,.0f} counters, {CONNECTIONS} connections to the first node,"
        " answered when all nodes hold it."
    )
    times = [
        ["a node that has them starts", f"{others['started']:.2f} s"],
        ["a fourth node has all of them", f"{others['joined']:.2f} s after its first answer"],
        [
            "p99 before and meanwhile",
            f"{others['p99_before']:.1f}, {others['p99_meanwhile']:.1f} ms",
        ],
    ]
    memory = [
        ["one node", f"{others['bytes_of_one']:,.0f} bytes"],
        ["the same, killed under load and started again", f"{others['bytes_anew']:,.0f} bytes"],
        ["the first of three nodes", f"{others['bytes_of_three']:,.0f} bytes"],
    ]
    tables = (
        (title, table(head, cells)),
        ("Once each.", table(["what", "took"], times)),
        (
            "Resident memory of a filled node less that of an empty one, by its counters.",
            table(["of", "a counter"], memory),
        ),
    )
    return Findings(tables, {"rows": rows, **others})
