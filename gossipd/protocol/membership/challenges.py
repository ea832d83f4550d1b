"""Asks a sender that has not proved yet that it is there, by no more bytes than it sent.

A --anything--> B
A <--ack, challenge-- B          the challenge is computed from A's address: B keeps nothing
A --ack (challenge)--> B         now B believes that A is at that address
"""

from __future__ import annotations

from ..outbox import Outbox
from ..runtime import Runtime
from ..wire import Ack, Claims
from .echoes import Echoes
from .peer import Peer
from .table import MemberTable

_PADDING = 32


class Challenges:
    """Challenges to strangers, and answers to theirs."""

    def __init__(
        self, runtime: Runtime, outbox: Outbox, table: MemberTable, echoes: Echoes
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._echoes = echoes

    def challenge(self, peer: Peer, number: int = 0) -> None:
        """Acks the ping `number`, if it is not 0, and asks the sender to show that it is there.

        A sender that has shown it already, but whose generation is below the one known here,
        started with a clock that was set back. It is sent its row, so that it raises its
        generation.
        """
        row = self._table.rows.get(peer.sender.id)
        if row is not None and self._echoes.verified(peer.source, peer.sender):
            self._outbox.send(peer.source, Ack(number), Claims([row.claim()]))
            return
        challenge = self._echoes.challenge(peer.source, peer.sender)
        bare = len(self._outbox.datagram(Ack(number, challenge=challenge)))
        padding = bytes(min(max(peer.budget - bare, 0), _PADDING))
        self.reply(peer, Ack(number, challenge=challenge, padding=padding))

    def reply(self, peer: Peer, ack: Ack) -> None:
        """Sends an ack, unless it is larger than what an unverified address may be sent."""
        data = self._outbox.datagram(ack)
        if len(data) > peer.budget and not self._echoes.verified(peer.source, peer.sender):
            self._runtime.reject("short request")
            return
        peer.spend(len(data))
        self._outbox.transmit(data, peer.source, "ack")
