"""The way out: messages become datagrams of the right size, and no removed peer is sent one."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from .address import Address
from .effects import Broadcast, Transmit
from .part import Part
from .runtime import Runtime
from .statistics import Traffic
from .wire import KINDS, Claim, Codec, Message, Sender, frame


class Outbox(Part):
    """Makes and sends this node's datagrams.

    Attributes:
        sender: the frame that begins each of them; it says who sends.
        payload_bytes: bytes that are left in a datagram for other frames.
    """

    def __init__(
        self, runtime: Runtime, codec: Codec, own: Claim, removed: Container[Address]
    ) -> None:
        """Makes the way out of the node that `own` introduces; `removed` addresses get nothing."""
        self._runtime = runtime
        self._codec = codec
        self._removed = removed
        self._sent: dict[str, Traffic] = {}
        self.introduce(own)

    def introduce(self, own: Claim) -> None:
        """Begins each datagram with what `own` says of this node, from now on."""
        nonce = self._runtime.identity.nonce
        self.sender = frame(Sender(own.id, own.generation, own.incarnation, nonce))
        whole = self._runtime.config.max_datagram_bytes
        self.payload_bytes = whole - self._codec.overhead - len(self.sender)

    def datagram(self, *messages: Message) -> bytes:
        """Returns one datagram with these messages, to be sent by `transmit`."""
        return self._codec.datagram([self.sender, *map(frame, messages)])

    def send(self, to: Address, *messages: Message) -> None:
        """Sends messages in one datagram, and nothing else in it."""
        self.transmit(self.datagram(*messages), to, KINDS[type(messages[0])])

    def send_frames(self, to: Address, frames: Iterable[bytes], kind: str) -> None:
        """Sends messages that are encoded already, as `send` does."""
        self.transmit(self._codec.datagram([self.sender, *frames]), to, kind)

    def transmit(self, data: bytes, to: Address, kind: str) -> None:
        """Sends bytes made by `datagram`, counted under `kind`.

        This is the one place where datagrams leave, and so the one guard: to a peer that was
        removed here nothing goes, whatever part it comes from.
        """
        if to in self._removed:
            return
        self._count(kind, len(data))
        self._runtime.emit(Transmit(data, to))

    def broadcast(self, *messages: Message) -> None:
        """Sends messages in one datagram to every local network."""
        data = self.datagram(*messages)
        self._count(KINDS[type(messages[0])], len(data))
        self._runtime.emit(Broadcast(data))

    def counted(self) -> Mapping[str, Any]:
        """Returns the traffic that was sent."""
        return {"sent": self._sent}

    def _count(self, kind: str, size: int) -> None:
        counted = self._sent.get(kind)
        if counted is None:
            counted = self._sent[kind] = Traffic()
        counted.add(size)
