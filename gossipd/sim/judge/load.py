"""A load of increments by clients, and how long each increment takes to reach every node.

Each process counts under a name of its own. The value under that name therefore tells at every node
which increments have arrived there. There are as many entries as one common counter has, and they
are nearly as large.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import attrs

from ..world import Commands, Crashed, Host, Left, Observed, Request, World

# Increments that are younger than _FRESH seconds are looked for after each input of a node; older
# ones every _SWEEP seconds, since there may be many of them during a partition.
_FRESH = 0.5
_SWEEP = 0.1


@attrs.define(eq=False)
class _UnderWay:
    """An increment that is not everywhere yet.

    Attributes:
        name, count: a node has the increment once it counts so much under this name.
        at: when it was made, in seconds.
        lacking: ids of the nodes that do not have it.
    """

    name: str
    count: int
    at: float
    lacking: set[str]


class Load:
    """Makes increments at random nodes until a time, and follows them.

    Attributes:
        rate: increments a second, in the whole cluster.
        arrivals: seconds from each increment to its arrival at the last node that runs.
        requests: every increment that was asked for.
    """

    def __init__(self, world: World, rate: float, until: float) -> None:
        self.arrivals: list[float] = []
        self.requests: list[Request] = []
        self._world = world
        self._commands = Commands(world)
        self._rng = Random(f"{world.seed}/writes")
        self.rate = rate
        self._until = until
        self._names: dict[str, str] = {}
        self._fresh: list[_UnderWay] = []
        self._older: list[_UnderWay] = []
        if rate > 0:
            world.on_step.append(self._on_step)
            world.log.on_event.append(self._on_event)
            world.at(self._next(), self._make)
            world.at(world.now + _SWEEP, self._sweep)

    @property
    def under_way(self) -> int:
        """How many increments have not arrived everywhere yet."""
        return len(self._fresh) + len(self._older)

    def count(self, host: Host) -> int:
        """Returns the sum of all increments that a running node has."""
        node = host.running()
        return sum(map(node.count, self._names.values()))

    def acknowledged(self) -> int:
        """Returns how many increments were acknowledged to their client."""
        return sum(request.acknowledged for request in self.requests)

    def lost(self) -> int:
        """Returns how many increments were acknowledged, but are at no running node."""
        return self._beyond(lambda name, most: self._asked(name, acknowledged=True) - most)

    def invented(self) -> int:
        """Returns how many increments a running node has that no client asked for."""
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

    def _make(self) -> None:
        world = self._world
        live = [host for host in world.live() if not host.forked]
        if live:
            self._increment(live[int(self._rng.random() * len(live))])
        time = self._next()
        if time < self._until:
            world.at(time, self._make)

    def _increment(self, host: Host) -> None:
        process = f"{host.id} {host.boots}"
        name = self._names.setdefault(process, f"{len(self._names):x}")
        lacking = {other.id for other in self._world.hosts.values() if other.node is not None}
        request = self._commands.increment(host.id, name=name)
        self.requests.append(request)
        if request.refused is None and host.node is not None:
            made = _UnderWay(name, host.node.count(name), self._world.now, lacking)
            self._fresh.append(made)
            self._arrived(made, host)

    def _arrived(self, increment: _UnderWay, host: Host) -> bool:
        """Returns whether an increment is everywhere, now that `host` may have it."""
        if host.id in increment.lacking and (
            host.node is None or host.node.count(increment.name) >= increment.count
        ):
            increment.lacking.discard(host.id)
            if not increment.lacking:
                self.arrivals.append(self._world.now - increment.at)
        return not increment.lacking

    def _look(self, host: Host, increments: list[_UnderWay]) -> list[_UnderWay]:
        """Returns those increments that are not everywhere, now that `host` may have them."""
        return [each for each in increments if not self._arrived(each, host)]

    def _on_step(self, host: Host) -> None:
        if self._fresh:
            self._fresh = self._look(host, self._fresh)

    def _on_event(self, observed: Observed) -> None:
        # An increment need not arrive at a process that has ended.
        if isinstance(observed.event, Left | Crashed):
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
