"""Finds nodes of the same cluster by broadcast, without a seed.

    A --beacon--> every node on the segment
    A <--ping (no target), beacon (answers)-- B      to the address that A's id names
    A --ack, challenge--> B                          and so on, as with any contact (`contacts`)

A beacon makes no member: only an address that echoes a number becomes one. A stranger's beacons
can cause only so many answers in a second, and none that is larger than the beacon.
"""

from __future__ import annotations

from ipaddress import ip_address

from ..address import Address, split_node_id
from ..events import ClusterFound
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import Beacon, Sender
from .contacts import Contacts
from .echoes import Echoes
from .peer import Peer
from .precedence import usable_id
from .table import MemberTable

PADDING = b"\0" * 128
"""Makes a beacon at least as large as any answer, also of a node with the longest id."""

_PING_PADDING = b"\0" * 40
"""Makes the ping of an answer at least as large as the ack with a challenge that answers it."""

_JITTER = 0.25
"""Each wait between beacons is varied by up to this share of it, either way."""

_ASKED = 64
"""Addresses that discovery led to, remembered at most."""


class Discovery(Part):
    """Sends the beacons of this node, and answers those of others."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        echoes: Echoes,
        contacts: Contacts,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._echoes = echoes
        self._contacts = contacts
        self._active = runtime.config.discovery
        self.handlers = {Beacon: Handler(self.on_beacon, Admits.ANYBODY)}
        self._wait = 0.0
        # Addresses that discovery led to, and whether one of them has turned out to be a member.
        self._asked: dict[Address, None] = {}
        self._found = False

    def start(self) -> None:
        """Sends a beacon now, and further ones after longer and longer waits.

        A second call begins again with the shortest wait.
        """
        if self._active:
            self._wait = self._runtime.config.beacon_interval_min
            self._send_beacon()

    def moved(self) -> None:
        """Sends beacons under the new id, beginning again with the shortest wait."""
        self.start()

    def stop(self) -> None:
        """Ends discovery: no more beacons are sent or answered."""
        self._active = False
        self._runtime.timers.cancel("beacon")

    def on_beacon(self, beacon: Beacon, peer: Peer) -> None:
        """Answers a beacon of a node that is not known here, by no more bytes than it sent."""
        if not self._active:
            self._runtime.reject("beacon")
        elif beacon.answers:
            self._note(peer.source)
        elif not self._known(peer.sender):
            self._answer(peer)

    def met(self, address: Address, member: str) -> None:
        """Reports the first member that discovery led to; `member` has been met at `address`."""
        if not self._found and address in self._asked:
            self._found = True
            self._runtime.notify(ClusterFound(self._runtime.config.cluster, member))

    def led_to(self, address: Address) -> bool:
        """Returns whether discovery led to that address, of late."""
        return address in self._asked

    def _send_beacon(self) -> None:
        runtime, config = self._runtime, self._runtime.config
        self._outbox.broadcast(Beacon(padding=PADDING))
        wait = self._wait if self._table.live else min(self._wait, config.beacon_interval_alone)
        wait *= 1 + _JITTER * (2 * runtime.rng.random() - 1)
        runtime.after("beacon", wait, self._send_beacon)
        self._wait = min(2 * self._wait, config.beacon_interval)

    def _known(self, sender: Sender) -> bool:
        row = self._table.live.get(sender.id)
        return row is not None and row.generation >= sender.generation

    def _answer(self, peer: Peer) -> None:
        runtime, sender = self._runtime, peer.sender
        if sender.nonce == runtime.identity.nonce or not self._reachable(sender.id):
            runtime.reject("beacon")
            return
        # All nodes on the segment hear it. A few answers are enough: gossip tells the others.
        if runtime.rng.random() * len(self._table.live) >= runtime.config.beacon_answers:
            return
        if not runtime.allows("beacon", runtime.config.beacon_limit):
            runtime.reject("beacon limit")
            return
        address = split_node_id(sender.id)
        ping = self._echoes.ping(self._contacts.introduction(address), _PING_PADDING)
        data = self._outbox.datagram(ping, Beacon(answers=True))
        if len(data) > peer.budget:
            self._echoes.forget(ping.number)
            runtime.reject("short request")
            return
        self._note(address)
        self._outbox.transmit(data, address, "ping")
        peer.spend(len(data))

    def _reachable(self, member: str) -> bool:
        """Returns whether that id is an address at which this node can reach another machine.

        A loopback address means its own machine to each machine, so it serves only nodes that have
        one themselves.
        """
        if not usable_id(member):
            return False
        return _loopback(self._table.own.id) or not _loopback(member)

    def _note(self, address: Address) -> None:
        self._asked.pop(address, None)
        if len(self._asked) >= _ASKED:
            del self._asked[next(iter(self._asked))]
        self._asked[address] = None


def _loopback(member: str) -> bool:
    return ip_address(split_node_id(member)[0]).is_loopback
