"""The way out: makes datagrams of messages, counts them, and sends none to a removed peer."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from .address import Address
from .effects import Broadcast, Transmit
from .part import Part
from .runtime import Runtime
from .statistics import Traffic
from .wire import KINDS, NO_CLUSTER, Claim, Codec, Message, Sender, frame


class Outbox(Part):
    """Makes and sends this node's datagrams.

    Attributes:
        sender: the frame that begins each datagram; it says which process sends.
        payload_bytes: how many bytes a datagram has for other frames.
    """

    def __init__(
        self, runtime: Runtime, codec: Codec, own: Claim, removed: Container[Address]
    ) -> None:
        """Makes the way out of one node.

        Args:
            own: what this node says of itself.
            removed: addresses to which nothing is sent, kept up to date by the caller.
        """
        self._runtime = runtime
        self._codec = codec
        self._removed = removed
        self._sent: dict[str, Traffic] = {}
        self._own = own
        self._mark = NO_CLUSTER
        self.introduce(own)

    def introduce(self, own: Claim) -> None:
        """Lets every datagram from now on begin with what `own` says of this node."""
        self._own = own
        nonce = self._runtime.identity.nonce
        self.sender = frame(Sender(own.id, own.generation, own.incarnation, nonce, self._mark))
        config = self._runtime.config
        whole = config.max_datagram_bytes - config.seal_bytes
        self.payload_bytes = whole - self._codec.overhead - len(self.sender)

    def belong(self, mark: int) -> None:
        """Lets every datagram from now on have that mark of this node's cluster."""
        self._mark = mark
        self.introduce(self._own)

    def datagram(self, *messages: Message) -> bytes:
        """Returns a datagram with these messages, to be sent by `transmit`."""
        return self._codec.datagram([self.sender, *map(frame, messages)])

    def send(self, to: Address, *messages: Message) -> None:
        """Sends these messages, and nothing else, in one datagram."""
        self.transmit(self.datagram(*messages), to, KINDS[type(messages[0])])

    def send_frames(self, to: Address, frames: Iterable[bytes], kind: str) -> bytes:
        """Sends messages that are encoded already in one datagram, counted under `kind`.

        Returns the datagram.
        """
        data = self._codec.datagram([self.sender, *frames])
        self.transmit(data, to, kind)
        return data

    def transmit(self, data: bytes, to: Address, kind: str) -> None:
        """Sends a datagram made by `datagram`, counted under `kind`; none to a removed peer.

        Every datagram to a single address leaves here, so the guard holds for all parts.
        """
        if to in self._removed:
            return
        self._count(kind, len(data))
        self._runtime.emit(Transmit(data, to))

    def broadcast(self, *messages: Message) -> None:
        """Broadcasts these messages in one datagram on every local network."""
        data = self.datagram(*messages)
        self._count(KINDS[type(messages[0])], len(data))
        self._runtime.emit(Broadcast(data))

    def counted(self) -> Mapping[str, Any]:
        """Returns the datagrams and bytes that were sent, by the kind of the first message."""
        return {"sent": self._sent}

    def _count(self, kind: str, size: int) -> None:
        counted = self._sent.get(kind)
        if counted is None:
            counted = self._sent[kind] = Traffic()
        counted.add(size + self._runtime.config.seal_bytes)
