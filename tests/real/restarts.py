"""What real nodes hold after 200 restarts, beside what they hold after a hundred.

Three nodes on one machine give way to their next processes in turns, by kill -9 and in good order.
Each process counts. The last ones, which live longer, take over what those before them counted.

`python -m tests.real.restarts` measures it, in some ten minutes and a network of its own.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median

import attrs

from gossipd.daemon import read_directory
from lab.experiments import Findings, table
from lab.processes import Cluster, Node, cluster, eventually, resident_megabytes
from tests.real.namespace import network_of_its_own

NODES = 3
COUNTERS = 1_000
MEASURED_AFTER = (100, 200)

_BATCH = 500
_IDLE_SECONDS = 20.0
_WITHIN = 30.0


@attrs.frozen
class Held:
    """What nodes hold after restarts, once the last processes have taken over what can be.

    Attributes:
        restarts: so many there were.
        before: owners in the file of the node with the most, when the last restart was over.
        owners: the same after the last processes took over what those before them counted.
        store: bytes of the largest file, as large as it is once what its log has is moved there.
        memory: resident megabytes of the largest process.
        start: seconds from the start of a process to its first answer, the median of the last ten.
        idle: bytes that a node sends a second, on average, while nothing happens.
        wrong: counters that do not have their value everywhere.
    """

    restarts: int
    before: int
    owners: int
    store: int
    memory: float
    start: float
    idle: float
    wrong: int


class Restarts:
    """A cluster whose nodes restart in turns.

    Attributes:
        expected: the value that each counter must have.
    """

    def __init__(self, nodes: Cluster, counters: int) -> None:
        self.expected = {f"c{number}": NODES for number in range(counters)}
        self._nodes = nodes
        self._random = Random(5)
        self._taken: list[float] = []
        for node in nodes.nodes:
            names = list(self.expected)
            for first in range(0, counters, _BATCH):
                body = json.dumps([{"name": name} for name in names[first : first + _BATCH]])
                assert node.ask("POST", "/v1/add", body)[0] == 200

    def go_on(self) -> None:
        """Lets one process give way to the next, which has counted when this returns."""
        node = self._nodes[len(self._taken) % NODES]
        node.send(self._random.choice((signal.SIGTERM, signal.SIGKILL)))
        node.process.wait(_WITHIN)
        began = time.monotonic()
        node.start()
        eventually("it answers", node.answers, _WITHIN)
        self._taken.append(time.monotonic() - began)
        self._nodes.know_each_other(self._nodes.nodes, _WITHIN)
        name, amount = self._random.choice(list(self.expected)), self._random.randint(1, 5)
        body = json.dumps({"amount": amount})
        assert node.ask("POST", f"/v1/counters/{name}/add", body)[0] == 200
        self.expected[name] += amount

    def held(self) -> Held:
        """Measures once all nodes have taken over what can be, and all is on disk."""
        nodes = self._nodes.nodes
        before_taken = max(map(_owners, nodes))
        for node in nodes:
            eventually("no more is taken over", lambda node=node: _owners(node) <= NODES, 120)
        wrong = {name for name in self.expected for node in nodes if self._is_wrong(node, name)}
        before = sum(map(_sent, nodes))
        threading.Event().wait(_IDLE_SECONDS)
        idle = (sum(map(_sent, nodes)) - before) / _IDLE_SECONDS / NODES
        return Held(
            len(self._taken),
            before_taken,
            max(map(_owners, nodes)),
            max(map(_store, nodes)),
            max(map(_memory, nodes)),
            median(self._taken[-10:]),
            idle,
            len(wrong),
        )

    def _is_wrong(self, node: Node, name: str) -> bool:
        return bool(node.get(f"/v1/counters/{name}")["value"] != self.expected[name])


def _owners(node: Node) -> int:
    return len(read_directory(node.directory)["owners"])


def _memory(node: Node) -> float:
    found = resident_megabytes(node.process.pid)
    assert found is not None, "there is /proc"
    return found


def _store(node: Node) -> int:
    place = f"{(node.directory / 'gossipd.db').as_uri()}?mode=ro"
    with closing(sqlite3.connect(place, uri=True)) as connection:
        [pages], [size] = (
            connection.execute(f"PRAGMA {what}").fetchone() for what in ("page_count", "page_size")
        )
    return int(pages * size)


def _sent(node: Node) -> float:
    return node.metric("gossipd_sent_bytes_total")


def findings(outcomes: Sequence[Held]) -> Findings:
    """Returns what is held, and by how much more than after the first number of restarts."""
    first = outcomes[0]
    head = ["restarts", "owners before", "owners", "store", "memory", "start", "idle", "wrong"]
    cells = [
        [
            f"{each.restarts:,}",
            f"{each.before}",
            f"{each.owners}",
            f"{each.store:,} B, {each.store / first.store:.2f}",
            f"{each.memory:.1f} MB, {each.memory / first.memory:.2f}",
            f"{1000 * each.start:.0f} ms, {each.start / first.start:.2f}",
            f"{each.idle:.0f} B/s, {each.idle / first.idle:.2f}",
            f"{each.wrong}",
        ]
        for each in outcomes
    ]
    title = f"{NODES} real nodes, {COUNTERS:,} counters; half of the processes were killed."
    rows = [attrs.asdict(each) for each in outcomes]
    return Findings(((title, table(head, cells)),), {"rows": rows})


def measure(counters: int, after: Sequence[int]) -> list[Held]:
    """Restarts nodes of such a cluster, and measures after these numbers of restarts."""
    with (
        tempfile.TemporaryDirectory() as folder,
        network_of_its_own(),
        cluster(NODES, Path(folder), "--fold-after", "1s", kept=True) as nodes,
    ):
        run = Restarts(nodes, counters)
        outcomes = []
        for number in range(1, max(after) + 1):
            run.go_on()
            if number in after:
                outcomes.append(run.held())
        return outcomes


if __name__ == "__main__":
    print("\n".join(findings(measure(COUNTERS, MEASURED_AFTER)).lines()))
