"""Finds nodes of the same cluster by broadcast, without a seed.

    A --beacon--> everybody near
    A <--ping (no target), beacon (answers)-- B      to the address that A's id names
    A --ack, challenge--> B                          and on as with any contact (`contacts`)

A beacon makes no member: only an address that echoes a number becomes one. What a stranger can
cause by beacons is bounded in number and in size: an answer is never larger than the beacon.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from math import inf

from ..address import split_node_id
from ..effects import Broadcast
from ..events import ClusterFound
from ..outbox import Outbox, count_traffic
from ..wire.messages import Beacon, Ping, Sender
from .echoes import CONTACT, Pings, Sent
from .table import Address, usable_id

_PADDING = b"\0" * 128
"""Makes a beacon at least as large as any answer, also of a node with the longest id."""

_PING_PADDING = b"\0" * 40
_JITTER = 0.25
_ASKED = 64


class Discovery:
    """Beacons of this node, and answers to those of others.

    Attributes:
        gates: hashes of the member table and of the version vector.
    """

    def __init__(self, outbox: Outbox, pings: Pings) -> None:
        self._out = outbox
        self._pings = pings
        self._active = outbox.config.discovery
        self._wait = 0.0
        self._answered = 0.0
        self._answered_at = -inf
        # Addresses that discovery led to, until one of them has proved to be a member.
        self._asked: dict[Address, None] | None = {}
        self.gates: Callable[[], tuple[int, int]] = _no_gates

    def start(self) -> None:
        """Sends a beacon now, and then more and more seldom; a second call begins anew."""
        if self._active:
            self._wait = self._out.config.beacon_interval_min
            self._call()

    def stop(self) -> None:
        """Sends no more beacons, and answers none."""
        self._active = False
        self._out.timers.cancel("beacon")

    def heard(self, beacon: Beacon, sender: Sender, source: Address, budget: int) -> int:
        """A beacon of another node came. How many bytes its answer has, `budget` at most."""
        if not self._active:
            self._out.reject("beacon")
        elif beacon.answers:
            self._note(source)
        elif not self._known(sender):
            return self._answer(sender, budget)
        return 0

    def met(self, address: Address, member: str) -> None:
        """Somebody at that address has proved to be a member."""
        if self._asked is not None and address in self._asked:
            self._asked = None
            self._out.notify(ClusterFound(self._out.config.cluster, member))

    def _call(self) -> None:
        out, config = self._out, self._out.config
        data = out.datagram(Beacon(padding=_PADDING))
        count_traffic(out.statistics.sent, "beacon", len(data))
        out.effects.append(Broadcast(data))
        wait = self._wait if out.table.live else min(self._wait, config.beacon_interval_alone)
        wait *= 1 + _JITTER * (2 * out.rng.random() - 1)
        out.timers.set("beacon", out.now + wait, self._call)
        self._wait = min(2 * self._wait, config.beacon_interval)

    def _known(self, sender: Sender) -> bool:
        row = self._out.table.live.get(sender.id)
        return row is not None and row.generation >= sender.generation

    def _answer(self, sender: Sender, budget: int) -> int:
        out = self._out
        if sender.nonce == out.identity.nonce or not self._reachable(sender.id):
            out.reject("beacon")
            return 0
        # Everybody near hears it. A few answers are enough: gossip tells the others.
        if out.rng.random() * len(out.table.live) >= out.config.beacon_answers:
            return 0
        if not self._within_limit():
            out.reject("beacon limit")
            return 0
        address = split_node_id(sender.id)
        number = self._pings.number(Sent(CONTACT, "", address, out.now, ""))
        ping = Ping(number, "", *self.gates(), _PING_PADDING)
        data = out.datagram(ping, Beacon(answers=True))
        if len(data) > budget:
            self._pings.forget(number)
            out.reject("short request")
            return 0
        self._note(address)
        out.transmit(data, address, "ping")
        return len(data)

    def _reachable(self, member: str) -> bool:
        """Whether that id is an address, and not one that means this machine to each machine."""
        if not usable_id(member):
            return False
        return _loopback(self._out.table.own.id) or not _loopback(member)

    def _within_limit(self) -> bool:
        """Whether fewer than the limit were answered of late, by a bucket that leaks steadily."""
        now, limit = self._out.now, self._out.config.beacon_limit
        leaked = (now - self._answered_at) * limit
        self._answered = max(0.0, self._answered - leaked)
        self._answered_at = now
        if self._answered > limit - 1:
            return False
        self._answered += 1
        return True

    def _note(self, address: Address) -> None:
        if self._asked is not None:
            if len(self._asked) >= _ASKED:
                del self._asked[next(iter(self._asked))]
            self._asked[address] = None


def _loopback(member: str) -> bool:
    return ip_address(split_node_id(member)[0]).is_loopback


def _no_gates() -> tuple[int, int]:
    return (0, 0)
