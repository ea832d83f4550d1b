"""The way in: decodes a datagram, decides what its sender may say, and calls the handlers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .address import Address
from .events import IdConflict
from .foreign import Foreign
from .handshake import Handshake
from .membership import Contacts, MemberTable, Peer, Seal
from .part import Admits, Handler, Part
from .runtime import Runtime
from .statistics import Traffic
from .wire import KINDS, Ack, ClusterIds, Codec, DecodeError, Message, Ping


class Inbox(Part):
    """Takes every datagram that arrives.

    Of all message types it knows only pings and acks; for the others it calls the part that
    declared the type in its `handlers`.
    """

    def __init__(
        self,
        runtime: Runtime,
        codec: Codec,
        table: MemberTable,
        contacts: Contacts,
        handshake: Handshake,
        foreign: Foreign,
        parts: Iterable[Part],
    ) -> None:
        self._runtime = runtime
        self._codec = codec
        self._table = table
        self._contacts = contacts
        self._handshake = handshake
        self._foreign = foreign
        self._received: dict[str, Traffic] = {}
        self._handlers: dict[type[Message], Handler] = {}
        for part in parts:
            self._handlers.update(part.handlers)

    def take(self, data: bytes, source: Address, seal: Seal | DecodeError | None) -> None:
        """Handles one datagram; bytes that are no datagram of this cluster are only counted.

        `seal` tells how it was sealed, if it was, or why it could not be opened. Of one that was
        sealed `data` has the frames alone, and it counts once, however often it comes.
        """
        if isinstance(seal, DecodeError):
            self._foreign.take(data, seal, source)
            return
        if seal is not None and not self._handshake.is_new(seal):
            self._runtime.reject("replayed")
            return
        size, codec = len(data), self._codec
        try:
            if seal is None:
                sender, messages, unknown = codec.decode(data)
            else:
                sender, messages, unknown = codec.sealed(data)
                size += codec.overhead
        except DecodeError as error:
            self._foreign.take(data, error, source)
            return
        for _ in range(unknown):
            self._runtime.reject("message")
        self._count(KINDS[type(messages[0])] if messages else "none", size)
        peer = Peer(source, sender, size, seal)
        if self._admitted(peer, messages):
            self._dispatch(peer, messages)

    def counted(self) -> Mapping[str, Any]:
        """Returns the datagrams and bytes that came in, by the kind of the first message."""
        return {"received": self._received}

    def _count(self, kind: str, size: int) -> None:
        counted = self._received.get(kind)
        if counted is None:
            counted = self._received[kind] = Traffic()
        counted.add(size + self._runtime.config.seal_bytes)

    def _admitted(self, peer: Peer, messages: list[Message]) -> bool:
        """Returns whether the sender is another node that was not removed here.

        A datagram with this node's own id comes from this very process, which has reached itself
        at an address, or from a second process under that id. The nonce tells which.
        """
        own, sender = self._table.own, peer.sender
        row = self._table.rows.get(sender.id)
        if sender.id == own.id:
            if sender.nonce == self._runtime.identity.nonce:
                for message in messages:
                    if isinstance(message, Ping):
                        self._contacts.reached_self(message.number)
            elif self._handshake.is_rival((m for m in messages if isinstance(m, Ack)), peer):
                where = f"{peer.source[0]}:{peer.source[1]}"
                self._runtime.notify_seldom("conflict", IdConflict(own.id, where))
            self._runtime.reject("own id")
        elif row is not None and row.removed:
            self._runtime.reject("removed")
        else:
            return True
        return False

    def _dispatch(self, peer: Peer, messages: list[Message]) -> None:
        """Calls the handler of each message, as far as the sender is admitted.

        Acks come first, wherever they stand in the datagram, because an ack can be the echo that
        shows who the sender is. With that known, `identify` sets how far the sender is believed,
        and all other messages of the datagram are judged by it: each handler says what it demands
        of a sender (`Admits`). The first message that is not admitted is answered by a challenge,
        and the rest of the datagram is dropped, because once the challenge is answered it is sent
        again: claims and pushes are repeated, and tables are compared with each ping.
        """
        for message in messages:
            if isinstance(message, ClusterIds):
                peer.tells(message)
        for message in messages:
            if isinstance(message, Ack):
                self._handshake.on_ack(message, peer)
        self._handshake.identify(peer)
        for message in messages:
            if isinstance(message, Ack):
                continue
            handler = self._handlers[type(message)]
            if handler.admits is Admits.ANYBODY:
                admitted: object = peer
            else:
                admitted = peer.row if handler.admits is Admits.MEMBERS else peer.met
            if admitted is None:
                self._runtime.reject("unverified")
                self._handshake.refuse(message, peer)
                return
            handler.call(message, peer)
