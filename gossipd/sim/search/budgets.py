"""Judges what a history costs: sizes of datagrams, storms, and what is sent when all is quiet."""

from __future__ import annotations

import attrs

from gossipd.protocol import ProtocolConfig
from gossipd.protocol.codec import Codec, frame
from gossipd.protocol.effects import Address
from gossipd.protocol.messages import Ack, Content, Message, Ping

from ..world import World
from .findings import Checker

IDLE_BYTES = 64
"""An exchange of two nodes that agree takes so much beside its ping and ack."""

STORM = 400
"""Datagrams that one node may send in a second, and the more for each command under way."""


@attrs.define
class _Second:
    number: int = -1
    sent: int = 0


class Budgets(Checker):
    """Watches every datagram of a world, from its making on."""

    def __init__(self, world: World, config: ProtocolConfig) -> None:
        super().__init__(world)
        self.busiest = 0
        self._config = config
        self._codec = Codec(config.cluster)
        self._seconds: dict[Address, _Second] = {}
        self._largest = config.max_datagram_bytes
        self._quiet = False
        self._idle_bytes = {Ping: 0, Ack: 0}
        world.network.observers.append(self._on_sent)

    def watch_idle(self) -> None:
        """From now on all must be quiet."""
        self._quiet = True

    def _on_sent(self, time: float, source: Address, to: Address, data: bytes, _: int) -> None:
        if len(data) > self._largest:
            self._largest = len(data)
            self._find("too large", f"{source[0]} sent a datagram of {len(data)} bytes")
        second = self._seconds.get(source)
        if second is None:
            second = self._seconds[source] = _Second()
        if second.number != int(time):
            second.number, second.sent = int(time), 0
        second.sent += 1
        self.busiest = max(self.busiest, second.sent)
        if second.sent == STORM:
            self._find("storm", f"{source[0]} sent {STORM} datagrams in a second")
        if self._quiet:
            self._judge_idle(source, to, data)

    def _judge_idle(self, source: Address, to: Address, data: bytes) -> None:
        _, messages, _ = self._codec.decode(data)
        kinds = [type(message).__name__ for message in messages]
        if kinds not in (["Ping"], ["Ack"], ["Content"]):
            self._find("not quiet", f"{source[0]} sent {', '.join(kinds)} to {to[0]}")
            return
        extra = len(data) - self._bare(data, messages[0])
        if isinstance(messages[0], Content):
            return
        kind = type(messages[0])
        self._idle_bytes[kind] = max(self._idle_bytes[kind], extra)
        if sum(self._idle_bytes.values()) > IDLE_BYTES:
            self._find("idle bytes", f"{sum(self._idle_bytes.values())} in one exchange")
            self._idle_bytes = {Ping: 0, Ack: 0}

    def _bare(self, data: bytes, message: Message) -> int:
        """The size of this datagram with nothing but the ping or ack that it carries."""
        bare: Message = message
        if isinstance(message, Ping):
            bare = Ping(message.number, message.target)
        elif isinstance(message, Ack):
            bare = Ack(message.number)
        return len(data) - len(frame(message)) + len(frame(bare))
