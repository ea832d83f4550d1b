"""What a plot shows of a run: a few numbers about all nodes, at regular times."""

from __future__ import annotations

import attrs

from ..world import World
from .agreement import Agreement
from .load import Load

SAMPLES = 240
"""How many samples are taken of a run."""

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
        """Returns the band of some numbers, of which there is at least one."""
        ordered = sorted(numbers)
        return cls(ordered[0], ordered[len(ordered) // 2], ordered[-1])


class Timeline:
    """Samples a world at regular times, from its making on.

    Attributes:
        times: when `members` and `counts` were sampled, in seconds.
        members: how many members each running node sees.
        counts: what a few running nodes, evenly chosen, count; empty without a load.
        ideal_counts: how many increments had been asked for at each time.
        rate_times: when `rates` were sampled, in seconds. These times are at least a second apart,
            since an idle node sends no more than a datagram or two in a second.
        rates: bytes a second that each node sent since the last of these times, headers included.
    """

    def __init__(self, world: World, agreement: Agreement, load: Load, duration: float) -> None:
        self.times: list[float] = []
        self.members: list[Band] = []
        self.counts: list[Band] = []
        self.ideal_counts: list[int] = []
        self.rate_times: list[float] = []
        self.rates: list[Band] = []
        self._world = world
        self._agreement = agreement
        self._load = load
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
        self.members.append(Band.of(self._agreement.members_seen()))
        if self._load.rate > 0:
            step = 1 + len(hosts) // _COUNTED_NODES
            self.counts.append(Band.of([self._load.count(host) for host in hosts[::step]]))
            self.ideal_counts.append(len(self._load.requests))

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
