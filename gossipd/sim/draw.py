"""Draws a history from a seed: cluster, workload, and faults of every kind.

Amounts are told apart: increments are distinct powers of two where no sync is made, so that the
counter's value names the operations in it.
"""

from __future__ import annotations

from random import Random

from .history import History, Step

MAX_NODES = 9
ACKS = ("", "", "all", "majority", "one", "local")
FORGED = ("ping", "contact", "claims", "ack", "push", "rows", "haves", "junk")
_FAULTS = (
    "restart",
    "restart",
    "lose",
    "pause",
    "flap",
    "slow",
    "leave",
    "cut",
    "cut",
    "network",
    "disk",
    "clock",
    "remove",
    "remove",
    "register",
    "forge",
    "backup",
    "clone",
)
# Clocks of two machines never differ by a day: such generations are refused.
_CLOCK_SECONDS = 11 * 3600.0


def draw(seed: str) -> History:
    """The history of this seed."""
    return _Drawing(seed).history()


class _Drawing:
    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.rng = Random(f"history/{seed}")
        self.nodes = self.rng.choice((2, 3, 3, 4, 4, 5, 5, 6, 7, 8, MAX_NODES))
        self.safety = round(self.rng.uniform(4.0, 16.0), 3)
        self.steps: list[Step] = []
        # Without seeds at a restart, others must bring back who lost everything: at most one does.
        self.seeds = self.rng.choice((0, 1, 2, self.nodes))
        self.loser = self.rng.randrange(self.nodes)

    def history(self) -> History:
        rng = self.rng
        starts = tuple(
            0.0 if rng.random() < 0.7 else round(rng.uniform(0.0, 2.0), 3)
            for _ in range(self.nodes)
        )
        self._network(0.0)
        for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4, 6))):
            self._fault(rng.choice(_FAULTS))
        self._workload()
        gone: tuple[int, ...] = ()
        if self.nodes > 2 and rng.random() < 0.15:
            gone = (rng.randrange(self.nodes),)
            self._add(self._time(), "crash" if rng.random() < 0.5 else "leave", gone[0])
        return History(
            self.seed,
            self.nodes,
            starts,
            self.seeds,
            tuple(sorted(self.steps, key=lambda step: step.at)),
            self.safety,
            rng.random() < 0.5,
            gone,
        )

    def _time(self, until: float | None = None) -> float:
        return round(self.rng.uniform(0.2, until or self.safety), 3)

    def _node(self) -> int:
        return self.rng.randrange(self.nodes)

    def _pair(self) -> tuple[int, int]:
        one, other = self.rng.sample(range(self.nodes), 2)
        return one, other

    def _some(self) -> tuple[int, ...]:
        return tuple(self.rng.sample(range(self.nodes), self.rng.randint(1, self.nodes - 1)))

    def _add(self, at: float, kind: str, node: int = -1, **fields: object) -> None:
        self.steps.append(Step(at, kind, node, **fields))  # type: ignore[arg-type]

    def _ratio(self, most: float) -> float:
        return round(self.rng.uniform(0.0, most), 3)

    # Workload

    def _workload(self) -> None:
        rng = self.rng
        synced = rng.random() < 0.5
        few = rng.random() < 0.75
        count = rng.randint(1, 7) if few else rng.randint(8, 24)
        burst = self._time() if rng.random() < 0.3 else None
        favourite = self._node() if rng.random() < 0.3 else None
        syncs = [synced and rng.random() < 0.45 for _ in range(count)]
        for number in range(count):
            at = self._time() if burst is None else round(burst + rng.uniform(0.0, 0.3), 3)
            node = self._node() if favourite is None or rng.random() < 0.3 else favourite
            ack = rng.choice(ACKS)
            if syncs[number]:
                value = rng.choice((1, 2, 5, 10, 10, 30, 100, rng.randint(1, 200)))
                self._add(at, "sync", node, amount=value, text=ack)
            else:
                amount = rng.choice((1, 2, 3, 10, 50)) if any(syncs) else 1 << number
                self._add(at, "increment", node, amount=amount, text=ack)

    # Faults

    def _fault(self, kind: str) -> None:
        getattr(self, f"_{kind}")(self._time())

    def _network(self, at: float) -> None:
        rng = self.rng
        if rng.random() < 0.4:
            self._add(at, "loss", ratio=self._ratio(0.3))
        if rng.random() < 0.3:
            self._add(at, "duplicate", ratio=self._ratio(0.5))
        if rng.random() < 0.3:
            self._add(at, "reorder", ratio=self._ratio(0.5))
        if rng.random() < 0.2:
            self._add(at, "delay", seconds=round(rng.choice((0.01, 0.05, 0.2)), 3))

    def _down(self) -> float:
        """How long a node is down: now and then shorter or longer than it takes to be noticed."""
        return self.rng.choice((0.0, 0.01, self.rng.uniform(0.0, 1.0), self.rng.uniform(1.0, 8.0)))

    def _restart(self, at: float) -> None:
        node = self._node()
        self._add(at, "crash", node, text=self.rng.choice(("keep", "keep", "staged")))
        self._add(round(at + self._down(), 3), "start", node)

    def _lose(self, at: float) -> None:
        node = self._node() if self.seeds else self.loser
        self._add(at, "crash", node, text="lose")
        self._add(round(at + self._down(), 3), "start", node)

    def _pause(self, at: float) -> None:
        seconds = self.rng.choice((0.15, 0.4, self.rng.uniform(0.5, 3.0), self.rng.uniform(3, 12)))
        self._add(at, "pause", self._node(), seconds=round(seconds, 3))

    def _flap(self, at: float) -> None:
        node, paused = self._node(), round(self.rng.uniform(0.2, 3.0), 3)
        running = self.rng.choice((0.01, 0.1, 1.0))
        while at < self.safety:
            self._add(round(at, 3), "pause", node, seconds=paused)
            at += paused + running

    def _slow(self, at: float) -> None:
        node = self._node()
        self._add(at, "slow", node)
        self._add(round(at + self.rng.uniform(1.0, 10.0), 3), "prompt", node)

    def _leave(self, at: float) -> None:
        node = self._node()
        self._add(at, "leave", node)
        if self.rng.random() < 0.7:
            self._add(round(at + self.rng.choice((0.5, 2.0, 6.0)), 3), "start", node)

    def _cut(self, at: float) -> None:
        self._add(at, "cut", others=self._some(), text=self.rng.choice(("both", "out", "in")))
        if self.rng.random() < 0.7:
            self._add(round(at + self.rng.uniform(0.2, 10.0), 3), "heal")

    def _disk(self, at: float) -> None:
        node = self._node()
        seconds = self.rng.choice((0.002, 0.05, 0.5, 3.0))
        text = self.rng.choice(("", "", "fails"))
        self._add(at, "disk", node, seconds=seconds, text=text)
        self._add(round(at + self.rng.uniform(0.5, 8.0), 3), "disk", node)

    def _clock(self, at: float) -> None:
        node = self._node()
        seconds = round(self.rng.uniform(-_CLOCK_SECONDS, _CLOCK_SECONDS))
        self._add(at, "clock", node, seconds=seconds)
        if self.rng.random() < 0.7:
            self._restart(at)

    def _remove(self, at: float) -> None:
        one, other = self._pair()
        self._add(at, "remove", one, others=(other,))
        if self.rng.random() < 0.3:
            self._add(at, "remove", other, others=(one,))
        if self.rng.random() < 0.3:
            self._add(round(at + self.rng.uniform(0.1, 5.0), 3), "register", one, others=(other,))

    def _register(self, at: float) -> None:
        one, other = self._pair()
        self._add(at, "register", one, others=(other,))

    def _forge(self, at: float) -> None:
        for _ in range(self.rng.randint(1, 3)):
            self._add(
                at, "forge", self._node(), others=(self._node(),), text=self.rng.choice(FORGED)
            )
            at = round(at + self.rng.uniform(0.0, 2.0), 3)

    def _backup(self, at: float) -> None:
        node = self._node() if self.seeds else self.loser
        self._add(round(at * self.rng.random(), 3), "backup", node)
        self._add(at, "crash", node)
        self._add(round(at + self._down(), 3), "start", node, text="backup")

    def _clone(self, at: float) -> None:
        node, other = self._pair()
        if not self.seeds:
            node = self.loser
            other = (node + 1) % self.nodes
        self._add(at, "crash", node, text="lose")
        self._add(round(at + self._down(), 3), "start", node, others=(other,), text="clone")
