"""What a plot shows of a run: a few numbers of all nodes, at regular times."""

from __future__ import annotations

import attrs

from ..world.world import World
from .agreement import Views
from .load import Writes

SAMPLES = 240
"""How often a run is looked at."""

_COUNTED_NODES = 50
_RATE_EVERY = 1.0


@attrs.frozen
class Band:
    """The least, the median and the greatest of some numbers."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, numbers: list[float] | list[int]) -> Band:
        """Of at least one number."""
        ordered = sorted(numbers)
        return cls(ordered[0], ordered[len(ordered) // 2], ordered[-1])


class Timeline:
    """Looks at a world now and then, from its making on.

    Attributes:
        times: in seconds.
        members: seen by each node that runs.
        counts: of a few nodes that run, evenly chosen; empty without writes.
        rate_times, rates: bytes that each node sent a second since the last of these times, headers
            included; a second apart or more, since an idle node sends a datagram or two in one.
        ideal_counts: what had been asked for at each time.
    """

    def __init__(self, world: World, views: Views, writes: Writes, duration: float) -> None:
        self.times: list[float] = []
        self.members: list[Band] = []
        self.counts: list[Band] = []
        self.ideal_counts: list[int] = []
        self.rate_times: list[float] = []
        self.rates: list[Band] = []
        self._world = world
        self._views = views
        self._writes = writes
        self._every = duration / SAMPLES
        self._sent = [0] * len(world.hosts)
        world.at(world.now + self._every, self._look)
        world.at(world.now + max(_RATE_EVERY, self._every), self._look_at_traffic, world.now)

    def _look(self) -> None:
        world = self._world
        world.at(world.now + self._every, self._look)
        hosts = [host for host in world.hosts.values() if host.node is not None]
        if not hosts:
            return
        self.times.append(world.now)
        self.members.append(Band.of(self._views.members_seen()))
        if self._writes.rate > 0:
            step = 1 + len(hosts) // _COUNTED_NODES
            self.counts.append(Band.of([self._writes.count(host) for host in hosts[::step]]))
            self.ideal_counts.append(len(self._writes.requests))

    def _look_at_traffic(self, since: float) -> None:
        world, hosts = self._world, self._world.hosts.values()
        every = world.now - since
        world.at(world.now + every, self._look_at_traffic, world.now)
        sent = [world.network.counts(host.address).sent_wire_bytes() for host in hosts]
        rates = [
            (now - before) / every
            for now, before, host in zip(sent, self._sent, hosts, strict=True)
            if host.node is not None
        ]
        if rates:
            self.rate_times.append(world.now)
            self.rates.append(Band.of(rates))
        self._sent = sent
