"""What must hold of datagrams: their size, silence when there is nothing to say, no amplification."""

from __future__ import annotations

from gossipd.protocol.codec import Codec, frame
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
        self._hosts: dict[Address, None] = {}
        self._codec = Codec("gossipd")
        self._credit: dict[tuple[Address, Address], int] = {}
        self._quiet = False
        self._whole = True
        self._nodes: dict[Address, int] = {}
        world.network.observers.append(self._send)
        world.on_reading.append(self._read)

    def begin_quiet(self, *, whole: bool) -> None:
        """From now on there is nothing to say; `whole` if all run and speak to each other."""
        self._quiet = True
        self._whole = whole
        self._nodes.clear()

    def end_quiet(self, seconds: float) -> None:
        """Judges how much was said all the same, in so many seconds."""
        self._quiet = False
        limit = IDLE_DATAGRAMS if self._whole else APART_DATAGRAMS
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
            if self._whole:
                self._idle(source, data)

    def _idle(self, source: Address, data: bytes) -> None:
        sender, messages, _ = self._codec.decode(data)
        if not messages or not isinstance(messages[0], Ping | Ack):
            return
        bare = len(self._codec.datagram([frame(sender), frame(type(messages[0])(messages[0].number))]))
        # A ping that names its target is bare with it, and half of the budget is the ping's.
        named = len(messages[0].target) if isinstance(messages[0], Ping) else 0
        if len(data) - bare - named > IDLE_BYTES // 2:
            self._problem(f"{source[0]} sent {len(data) - bare} bytes beside a ping or ack")

    def _known(self) -> dict[Address, None]:
        if len(self._hosts) != len(self._world.hosts):
            self._hosts = {host.address: None for host in self._world.hosts.values()}
        return self._hosts

    def _problem(self, text: str) -> None:
        if len(self.problems) < 20:
            self.problems.append(f"{self._world.now:.3f}: {text}")
