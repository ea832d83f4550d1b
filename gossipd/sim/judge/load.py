"""A load of increments, and how long each takes to reach every node.

Each process counts under a name of its own, so that it can be told at every node which increments
have arrived there; the entries are as many and nearly as large as those of one common counter.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import attrs

from ..world.host import Host
from ..world.record import Befell, Observed, Request
from ..world.world import World

# Younger increments are looked for at every input of a node, older ones now and then.
_FRESH = 0.5
_SWEEP = 0.1


@attrs.define(eq=False)
class _Spreading:
    """An increment that is not everywhere yet: at each of `lacking`, `name` is below `count`."""

    name: str
    count: int
    at: float
    lacking: set[str]


class Writes:
    """Increments at random nodes, `rate` a second, until a time.

    Attributes:
        rate: a second, in the whole cluster.
        spread: seconds from each increment to its arrival at the last node that runs.
        requests: every increment that was asked for.
    """

    def __init__(self, world: World, rate: float, until: float) -> None:
        self.spread: list[float] = []
        self.requests: list[Request] = []
        self._world = world
        self._rng = Random(f"{world.seed}/writes")
        self.rate = rate
        self._until = until
        self._names: dict[str, str] = {}
        self._fresh: list[_Spreading] = []
        self._older: list[_Spreading] = []
        if rate > 0:
            world.on_step.append(self._on_step)
            world.on_event.append(self._on_event)
            world.at(self._next(), self._write)
            world.at(world.now + _SWEEP, self._sweep)

    @property
    def spreading(self) -> int:
        """Increments that have not arrived everywhere yet."""
        return len(self._fresh) + len(self._older)

    def count(self, host: Host) -> int:
        """The sum of all increments, as a running node has it."""
        node = host.running()
        return sum(map(node.count, self._names.values()))

    def acknowledged(self) -> int:
        """Increments whose client was told that they are held."""
        return sum(request.acknowledged for request in self.requests)

    def lost(self) -> int:
        """Increments that were acknowledged, but that no running node has."""
        return self._beyond(lambda name, most: self._asked(name, acknowledged=True) - most)

    def invented(self) -> int:
        """Increments that a running node has, but that nobody asked for."""
        return self._beyond(lambda name, most: most - self._asked(name, acknowledged=False))

    def _beyond(self, excess: Callable[[str, int], int]) -> int:
        nodes = [host.node for host in self._world.hosts.values() if host.node is not None]
        if not nodes:
            return 0
        names = self._names.values()
        return sum(max(0, excess(name, max(node.count(name) for node in nodes))) for name in names)

    def _asked(self, name: str, *, acknowledged: bool) -> int:
        return sum(
            request.acknowledged if acknowledged else request.refused is None
            for request in self.requests
            if request.name == name
        )

    def _next(self) -> float:
        return self._world.now + self._rng.expovariate(self.rate)

    def _write(self) -> None:
        world = self._world
        live = [host for host in world.live() if not world.forked(host.id)]
        if live:
            self._increment(live[int(self._rng.random() * len(live))])
        time = self._next()
        if time < self._until:
            world.at(time, self._write)

    def _increment(self, host: Host) -> None:
        process = f"{host.id} {host.boots}"
        name = self._names.setdefault(process, f"{len(self._names):x}")
        lacking = {other.id for other in self._world.hosts.values() if other.node is not None}
        request = self._world.increment(host.id, name=name)
        self.requests.append(request)
        if request.refused is None and host.node is not None:
            spreading = _Spreading(name, host.node.count(name), self._world.now, lacking)
            self._fresh.append(spreading)
            self._arrived(spreading, host)

    def _arrived(self, spreading: _Spreading, host: Host) -> bool:
        """Whether it is everywhere, now that `host` may have it."""
        if host.id in spreading.lacking and (
            host.node is None or host.node.count(spreading.name) >= spreading.count
        ):
            spreading.lacking.discard(host.id)
            if not spreading.lacking:
                self.spread.append(self._world.now - spreading.at)
        return not spreading.lacking

    def _look(self, host: Host, spreading: list[_Spreading]) -> list[_Spreading]:
        return [each for each in spreading if not self._arrived(each, host)]

    def _on_step(self, host: Host) -> None:
        if self._fresh:
            self._fresh = self._look(host, self._fresh)

    def _on_event(self, observed: Observed) -> None:
        """A process that has ended lacks nothing."""
        event = observed.event
        if isinstance(event, Befell) and (event.what == "left" or event.what.startswith("crash")):
            host = self._world.hosts[observed.node]
            self._fresh = self._look(host, self._fresh)
            self._older = self._look(host, self._older)

    def _sweep(self) -> None:
        now = self._world.now
        while self._fresh and now - self._fresh[0].at > _FRESH:
            self._older.append(self._fresh.pop(0))
        if self._older:
            for host in self._world.hosts.values():
                self._older = self._look(host, self._older)
        self._world.at(now + _SWEEP, self._sweep)
