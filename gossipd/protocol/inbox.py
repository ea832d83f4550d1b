"""The way in: decodes datagrams, knows who may speak, and hands each message to its part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .address import Address
from .events import ForeignDatagram, IdConflict
from .handshake import Handshake
from .membership import Contacts, MemberTable, Peer
from .part import Admits, Handler, Part
from .runtime import Runtime
from .statistics import Traffic
from .wire import KINDS, Ack, Codec, DecodeError, Message, Ping, Sender


class Inbox(Part):
    """The way in. It knows no message but pings and acks; `Part.handlers` says who handles what."""

    def __init__(
        self,
        runtime: Runtime,
        codec: Codec,
        table: MemberTable,
        contacts: Contacts,
        handshake: Handshake,
        parts: Iterable[Part],
    ) -> None:
        self._runtime = runtime
        self._codec = codec
        self._table = table
        self._contacts = contacts
        self._handshake = handshake
        self._received: dict[str, Traffic] = {}
        self._handlers: dict[type[Message], Handler] = {}
        for part in parts:
            self._handlers.update(part.handlers)

    def take(self, data: bytes, source: Address) -> None:
        """Takes one datagram. Bytes that are not one of ours are counted and change nothing."""
        try:
            sender, messages, unknown = self._codec.decode(data)
        except DecodeError as error:
            self._foreign(error, source)
            return
        for _ in range(unknown):
            self._runtime.reject("message")
        self._count(KINDS[type(messages[0])] if messages else "none", len(data))
        if self._admitted(sender, messages, source):
            self._dispatch(Peer(source, sender, len(data)), messages)

    def counted(self) -> Mapping[str, Any]:
        """Returns the traffic that came in."""
        return {"received": self._received}

    def _foreign(self, error: DecodeError, source: Address) -> None:
        self._runtime.reject(error.reason)
        if error.theirs and self._contacts.knows(source):
            where = f"{source[0]}:{source[1]}"
            self._runtime.notify_seldom(where, ForeignDatagram(where, error.ours, error.theirs))

    def _count(self, kind: str, size: int) -> None:
        counted = self._received.get(kind)
        if counted is None:
            counted = self._received[kind] = Traffic()
        counted.add(size)

    def _admitted(self, sender: Sender, messages: list[Message], source: Address) -> bool:
        """Returns whether this sender is another node, and one that was not removed here."""
        own = self._table.own
        row = self._table.rows.get(sender.id)
        if sender.id == own.id:
            if sender.nonce == self._runtime.identity.nonce:
                for message in messages:
                    if isinstance(message, Ping):
                        self._contacts.reached_self(message.number)
            else:
                where = f"{source[0]}:{source[1]}"
                self._runtime.notify_seldom("conflict", IdConflict(own.id, where))
            self._runtime.reject("own id")
        elif row is not None and row.removed:
            self._runtime.reject("removed")
        else:
            return True
        return False

    def _dispatch(self, peer: Peer, messages: list[Message]) -> None:
        """Hands messages over: acks first, because they show who is there, then the others.

        What a message may do depends on what its sender has shown, and each handler says how much
        it asks for (`Admits`). The first message of which the sender is not admitted is answered by
        a challenge, and the rest of the datagram is dropped: it will come again.
        """
        for message in messages:
            if isinstance(message, Ack):
                self._handshake.on_ack(message, peer)
        self._handshake.identify(peer)
        for message in messages:
            if isinstance(message, Ack):
                continue
            handler = self._handlers[type(message)]
            if handler.admits is Admits.ANYBODY:
                shown: object = peer
            else:
                shown = peer.row if handler.admits is Admits.MEMBERS else peer.met
            if shown is None:
                self._runtime.reject("unverified")
                self._handshake.refuse(message, peer)
                return
            handler.call(message, peer)
