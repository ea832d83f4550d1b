"""What a cluster holds after very many restarts, beside what it holds after a hundred.

Every process counts, takes over what those before it on its directory counted, and gives way to
the next one. The first processes of a long run are not simulated. The state that they leave is
made, and the last hundred go on from there. All that more processes leave is more closed ids.

`python -m tests.sim.restarts` measures it, in a few minutes.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from random import Random

import attrs

from gossipd.daemon.storage import PIECE, Store
from gossipd.daemon.storage.log import in_pieces
from gossipd.protocol import Change, Entry, Group, Identity, Node, ProtocolConfig, State, Write
from gossipd.protocol.counters.heirs import DRAWN_BYTES, Bundle
from gossipd.protocol.counters.owner_log import group_of
from gossipd.protocol.wire import DEFAULT
from gossipd.sim.world import Commands, Faults, FixedDelay, Network, World
from lab.experiments import Findings, table

NODES = 3
COUNTERS = 1_000
SIMULATED = 100
TOTALS = (100, 1_000, 10_000)
"""So many processes ran on all directories together."""

_CLUSTER = "restarts"
_IDLE_SECONDS = 60.0


class Restarts:
    """Nodes each of whose processes counts, folds, and gives way to the next one.

    Attributes:
        expected: the value that each counter must have.
    """

    def __init__(self, counters: int, earlier: int = 0) -> None:
        """Takes the number of counters beside `DEFAULT`, and how many processes ran before."""
        network = Network(Random(3), delay=FixedDelay(0.001))
        config = ProtocolConfig(fold_after=1.0, cluster=_CLUSTER)
        self.world = World(3, config=config, network=network)
        names = [f"c{number}" for number in range(counters)]
        self.expected = dict.fromkeys([*names, DEFAULT], NODES)
        self._names = names
        self._number = 0
        self._random = Random(5)
        made = [_heir(node, names, earlier // NODES) for node in range(NODES)] if earlier else []
        for node in range(NODES):
            kept = State(groups=tuple(made), line=made[node].owner) if made else None
            others = [each for each in range(NODES) if each != node]
            self.world.add(node, seeds=others, kept=kept)
        self.world.run(2.0)
        if not made:
            for node in range(NODES):
                changes = [Change(name, 1) for name in self.expected]
                Commands(self.world).change(node, changes)

    def go_on(self, restarts: int) -> None:
        """Lets so many processes follow each other."""
        commands, faults = Commands(self.world), Faults(self.world)
        for _ in range(restarts):
            node, self._number = self._number % NODES, self._number + 1
            amount, name = self._random.randint(1, 5), self._random.choice(self._names)
            commands.change(node, [Change(name, amount), Change(DEFAULT, amount)])
            for each in (name, DEFAULT):
                self.expected[each] += amount
            self.world.run(2.5)
            faults.restart(node)
            self.world.run(0.7)

    def held(self, node: int) -> tuple[int, int]:
        """Returns how many owners a node holds, and how many rows that are about counters."""
        groups = list(self.world.node(node).state().groups)
        rows = [row for group in groups for row in group.rows]
        return len(groups), sum(not getattr(row, "source", b"").startswith(b"c") for row in rows)

    def wrong(self) -> list[str]:
        """Returns the counters that do not have their value everywhere."""
        nodes = [self.world.node(number) for number in range(NODES)]
        return [
            name
            for name, value in self.expected.items()
            if any(node.count(name) != value for node in nodes)
        ]

    def idle(self) -> float:
        """Returns the bytes that a node sends a second while nothing happens."""
        before = self._sent()
        self.world.run(_IDLE_SECONDS)
        return (self._sent() - before) / _IDLE_SECONDS / NODES

    def _sent(self) -> int:
        nodes = [self.world.node(number) for number in range(NODES)]
        return sum(each.bytes for node in nodes for each in node.statistics().sent.values())


def _heir(node: int, names: Sequence[str], closed: int) -> Group:
    """Returns the log of a process that took over one count of each name, and so many ids."""
    rng = Random(f"line {node}")
    rest = rng.randbytes(16 - DRAWN_BYTES)
    owner = rng.randbytes(DRAWN_BYTES) + rest
    bundle = Bundle(owner, 0)
    for name in (*names, DEFAULT):
        bundle.count(name, 0, 1)
    bundle.ids = [rng.randbytes(DRAWN_BYTES) + rest for _ in range(closed)]
    rows = bundle.rows(0)
    return group_of(owner, 0, rows[-1].version, rows)


@attrs.frozen
class Held:
    """What a node holds: bytes of its file at its largest and of its memory, seconds of its start,
    owners in a digest, and bytes that it sends a second."""

    processes: int
    closed: int
    store: int
    memory: int
    start: float
    owners: int
    idle: float
    wrong: int


def measure(processes: int) -> Held:
    """Lets the last of so many processes run, and measures."""
    run = Restarts(COUNTERS, processes - SIMULATED)
    run.go_on(SIMULATED)
    state = run.world.node(0).state()
    ids = sum(len(row.source) // 16 for group in state.groups for row in group.said if _lists(row))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        store = Store(path, _CLUSTER)
        store.open()
        store.renew(state)
        _grow(store, state)
        store.close(None, ())
        size = (path / "gossipd.db").stat().st_size
        start = min(_started(path)[0] for _ in range(5))
        tracemalloc.start()
        memory = _started(path)[1]
        tracemalloc.stop()
    return Held(processes, ids, size, memory, start, run.held(0)[0], run.idle(), len(run.wrong()))


def _grow(store: Store, state: State) -> None:
    """Lets the file become as large as it gets: up to the next checkpoint, and by that."""
    sequence = 0
    while not store.wants_checkpoint():
        sequence += 1
        row = Entry(sequence, "c0", 0, sequence)
        store.commit([Write(sequence, (Group(b"o" * 16, sequence - 1, sequence, [row]),))])
    store.begin_checkpoint()
    for piece in (*in_pieces(state.groups, PIECE), []):
        store.commit([], piece=piece)


def _lists(row: object) -> bool:
    return getattr(row, "name", "") == DEFAULT and getattr(row, "source", b"").startswith(b"c")


def _started(path: Path) -> tuple[float, int]:
    """Returns the processor seconds of a node's start, and what is held of memory then."""
    began = time.process_time()
    store = Store(path, _CLUSTER)
    config, identity = ProtocolConfig(cluster=_CLUSTER), Identity("10.0.0.1:1", 1, 1)
    node = Node(config, identity, state=store.open(), rng=Random(1), now=0.0)
    taken = time.process_time() - began
    memory = tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0
    store.close(None, ())
    assert node.peers() == []
    return taken, memory


def findings(outcomes: Sequence[Held]) -> Findings:
    """Returns what is held, and by how much more than after the first number of processes."""
    first = outcomes[0]
    head = ["processes", "closed ids", "store", "memory", "start", "owners", "idle", "wrong"]
    cells = [
        [
            f"{each.processes:,}",
            f"{each.closed:,}",
            f"{each.store:,} B, {each.store / first.store:.2f}",
            f"{each.memory:,} B, {each.memory / first.memory:.2f}",
            f"{1000 * each.start:.0f} ms, {each.start / first.start:.2f}",
            f"{each.owners}",
            f"{each.idle:.0f} B/s, {each.idle / first.idle:.2f}",
            f"{each.wrong}",
        ]
        for each in outcomes
    ]
    title = f"{NODES} nodes, {COUNTERS:,} counters; the last {SIMULATED} processes are simulated."
    rows = [attrs.asdict(each) for each in outcomes]
    return Findings(((title, table(head, cells)),), {"rows": rows})


if __name__ == "__main__":
    print("\n".join(findings([measure(total) for total in TOTALS]).lines()))
