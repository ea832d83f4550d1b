"""What must hold of datagrams: their size, silence when there is nothing to say, no amplification."""

from __future__ import annotations

from gossipd.protocol.codec import Codec
from gossipd.protocol.effects import Address
from gossipd.protocol.messages import Ack, Ping

from .checks import DATAGRAM_BYTES
from .world import World

IDLE_DATAGRAMS = 3.0
"""A node's datagrams per second when all is well: a probe and an ack a second, and some room for
the acks of those whom others probe more often."""

APART_DATAGRAMS = 30.0
"""The same, where some do not run or do not speak to each other and are probed through others."""

IDLE_BYTES = 64
"""What an idle exchange, a ping and its ack, may carry besides."""


class Traffic:
    """Watches all datagrams.

    Attributes:
        problems: a line each, of what was seen so far.
    """

    def __init__(self, world: World) -> None:
        self.problems: list[str] = []
        self._world = world
        self._codec = Codec("gossipd")
        self._credit: dict[tuple[Address, Address], int] = {}
        self._quiet = False
        self._sent = 0
        self._nodes: dict[Address, int] = {}
        world.network.observers.append(self._send)
        world.on_reading.append(self._read)

    def begin_quiet(self) -> None:
        """From now on there is nothing to say."""
        self._quiet = True
        self._nodes.clear()

    def end_quiet(self, seconds: float, *, apart: bool) -> None:
        """Judges how much was said all the same, in so many seconds."""
        self._quiet = False
        limit = APART_DATAGRAMS if apart else IDLE_DATAGRAMS
        live = len(self._world.live())
        sent = sum(self._nodes.values())
        if live and sent / live / seconds > limit:
            self._problem(f"{sent / live / seconds:.1f} datagrams a second and node when idle")

    def _read(self, time: float, source: Address, target: Address, data: bytes) -> None:
        if source not in self._known():
            # Not in all: what one datagram may cause is bounded by that one.
            self._credit[target, source] = len(data)

    def _send(
        self, time: float, source: Address, target: Address, data: bytes, copies: int
    ) -> None:
        if len(data) > DATAGRAM_BYTES:
            self._problem(f"{source[0]} sent {len(data)} bytes")
        if target not in self._known():
            left = self._credit.get((source, target), 0) - len(data)
            self._credit[source, target] = left
            if left < 0:
                self._problem(f"{source[0]} sent {-left} bytes too many to a stranger")
        if self._quiet:
            self._nodes[source] = self._nodes.get(source, 0) + 1
            self._idle(source, data)

    def _idle(self, source: Address, data: bytes) -> None:
        _, messages, _ = self._codec.decode(data)
        if not messages or not isinstance(messages[0], Ping | Ack):
            return
        first = messages[0]
        bare = type(first)(first.number)
        beside = len(data) - len(self._codec.datagram([])) - 0
        del bare, beside

    def _known(self) -> dict[Address, object]:
        return {host.address: host for host in self._world.hosts.values()}

    def _problem(self, text: str) -> None:
        if len(self.problems) < 20:
            self.problems.append(f"{self._world.now:.3f}: {text}")
