"""The phi-accrual failure detector, as a baseline on the simulated network of `detection`.

Hayashibara, Defago, Yared and Katayama, *The phi accrual failure detector*, SRDS 2004. Every node
sends a heartbeat to every other one each second. A receiver keeps the last 1,000 intervals between
heartbeats of a node, takes them as normally distributed (section IV.B), and computes how likely a
heartbeat comes later than now: phi is minus the decimal logarithm of that. Beyond a threshold the
node is dead here. Nobody tells anybody else.

The paper leaves the threshold open. Here it is 8, and a deviation is 0.1 s at least, as by default
in Akka. Akka also adds an acceptable pause, 3 s by default, to the mean: a variant of its own.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from random import Random
from statistics import NormalDist
from typing import Any, cast

from gossipd.protocol import (
    Address,
    Effect,
    Identity,
    MemberDead,
    MemberRecovered,
    Notify,
    Transmit,
)
from gossipd.sim.scenario import Scenario, build_world
from gossipd.sim.world import World, address_of, id_of

VARIANTS: Mapping[str, float] = {"phi-accrual": 0.0, "phi-accrual, 3 s pause": 3.0}
"""The acceptable pause of each variant, in seconds."""

_PERIOD = 1.0
_THRESHOLD = 8.0
_LEAST_DEVIATION = 0.1
_WINDOW = 1000

# A normal variable exceeds its mean by so many deviations with a probability of 10 ** -threshold.
_DEVIATIONS = -NormalDist().inv_cdf(10**-_THRESHOLD)

_BEAT = b"heartbeat".ljust(40, b".")
"""Forty bytes: an id, a number of the process, and one of the heartbeat."""

_LOOKS = 10
"""How often a node looks at its peers between two heartbeats."""


class Arrivals:
    """The intervals between the heartbeats of one node, and when it is dead without a further one.

    Attributes:
        dead: whether it is taken for dead.
        due: the time at which phi exceeds the threshold.
    """

    __slots__ = ("_gaps", "_last", "_squares", "_sum", "dead", "due")

    def __init__(self, now: float, pause: float) -> None:
        # Akka begins with the expected interval, and a quarter of it as the deviation.
        self._gaps = deque((0.75 * _PERIOD, 1.25 * _PERIOD), maxlen=_WINDOW)
        self._sum = sum(self._gaps)
        self._squares = sum(gap * gap for gap in self._gaps)
        self._last = now
        self.dead = False
        self.due = self._bound(now, pause)

    def beat(self, now: float, pause: float) -> None:
        """Takes a heartbeat. The interval that a verdict was reached in is none of the process."""
        if not self.dead:
            if len(self._gaps) == _WINDOW:
                self._add(-self._gaps[0], -(self._gaps[0] ** 2))
            gap = now - self._last
            self._gaps.append(gap)
            self._add(gap, gap * gap)
        self._last = now
        self.due = self._bound(now, pause)

    def _add(self, gap: float, square: float) -> None:
        self._sum += gap
        self._squares += square

    def _bound(self, now: float, pause: float) -> float:
        mean = self._sum / len(self._gaps)
        deviation = math.sqrt(max(self._squares / len(self._gaps) - mean * mean, 0.0))
        return now + mean + pause + _DEVIATIONS * max(deviation, _LEAST_DEVIATION)


class PhiNode:
    """A node that knows all others from the start; see the module."""

    def __init__(self, node_id: str, others: list[str], pause: float, rng: Random, now: float):
        self._own = node_id
        self._pause = pause
        self._arrivals = {other: Arrivals(now, pause) for other in others}
        self._ids = {address_of(other): other for other in others}
        self._next = now + _PERIOD * rng.random()
        self._looked = 0

    def start(self, now: float) -> list[Effect]:
        """Does nothing: the first heartbeats leave later."""
        return []

    def join(self, seeds: list[str], now: float) -> list[Effect]:
        """Does nothing: the node knows all others."""
        return []

    def handle_datagram(self, data: bytes, source: Address, now: float) -> list[Effect]:
        """Takes a heartbeat."""
        peer = self._ids[source]
        arrivals = self._arrivals[peer]
        arrivals.beat(now, self._pause)
        back, arrivals.dead = arrivals.dead, False
        return [Notify(MemberRecovered(peer, "dead"))] if back else []

    def handle_refused(self, quoted: bytes, address: Address, now: float) -> list[Effect]:
        """Ignores it, as the paper does."""
        return []

    def handle_timeout(self, now: float) -> list[Effect]:
        """Looks at all peers, and sends heartbeats each `_PERIOD`."""
        effects: list[Effect] = []
        for peer, arrivals in self._arrivals.items():
            if now >= arrivals.due and not arrivals.dead:
                arrivals.dead = True
                effects.append(Notify(MemberDead(peer, self._own)))
        if self._looked == 0:
            effects += [Transmit(_BEAT, address) for address in self._ids]
        self._looked = (self._looked + 1) % _LOOKS
        self._next = max(self._next + _PERIOD / _LOOKS, now)
        return effects

    def next_timeout(self) -> float:
        """Returns the time of the next look."""
        return self._next

    def state(self) -> None:
        """Keeps nothing on a disk."""


class PhiNodes:
    """A factory of such nodes, for a `World`."""

    def __init__(self, nodes: int, pause: float) -> None:
        self._ids = [id_of(number) for number in range(nodes)]
        self._pause = pause

    def __call__(
        self, config: Any, identity: Identity, *, state: Any, rng: Random, now: float
    ) -> PhiNode:
        own = identity.node_id
        return PhiNode(own, [each for each in self._ids if each != own], self._pause, rng, now)


def phi_world(scenario: Scenario, variant: str) -> World:
    """Returns a world of such nodes, on the network of the scenario and without its faults."""
    factory = PhiNodes(scenario.nodes, VARIANTS[variant])
    network = build_world(scenario).network
    world = World(scenario.seed, network=network, factory=cast(Any, factory))
    for _ in range(scenario.nodes):
        world.add()
    return world
