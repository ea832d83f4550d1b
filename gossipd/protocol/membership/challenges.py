"""Challenges: numbers that a sender must send back to show that it is at its address.

A --anything--> B
A <--ack, challenge-- B    the challenge is computed from A's address: B keeps nothing
A --ack (challenge)-> B    now B believes that A is at that address

Until then B sends A no more bytes than A sent, because A's address may be forged.
"""

from __future__ import annotations

from ..outbox import Outbox
from ..runtime import Runtime
from ..wire import Ack, Claims, Message
from .clusters import Clusters
from .echoes import Echoes
from .peer import Peer
from .table import MemberTable

_PADDING = 32
"""Bytes of padding in an ack with a challenge at most, for an answer that may be as large."""


class Challenges:
    """Sends challenges to strangers, and answers theirs."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        echoes: Echoes,
        clusters: Clusters,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._echoes = echoes
        self._clusters = clusters

    def challenge(self, peer: Peer, number: int = 0) -> None:
        """Sends a challenge, which also acks the ping `number` if that is not 0.

        A sender that has echoed a number already is here only because its generation is below the
        one known here: it started with a clock that was set back. It is sent its row instead, so
        that it raises its generation.

        A sender of another cluster, or of none yet, is told our ids.
        """
        row = self._table.rows.get(peer.sender.id)
        ids = self._clusters.besides(peer)
        if self._echoes.verified(peer) and (ids or row is not None):
            claims = () if ids or row is None else (Claims([row.claim(self._runtime.now)]),)
            self._outbox.send(peer.source, Ack(number), *ids, *claims)
            return
        challenge = self._echoes.challenge(peer)
        bare = len(self._outbox.datagram(Ack(number, challenge=challenge), *ids))
        padding = bytes(min(max(peer.budget - bare, 0), _PADDING))
        self._reply(peer, Ack(number, challenge=challenge, padding=padding), *ids)

    def answer(self, peer: Peer, challenge: int) -> None:
        """Sends a challenge back.

        A sender whose mark is not ours is told our ids as well. They are news to it if they were
        just united with its own.
        """
        peer.owe(False)
        self._reply(peer, Ack(challenge), *self._clusters.besides(peer))

    def echoed(self, peer: Peer) -> None:
        """Tells a node that has just echoed a number of ours our clock, and asks for its own.

        Of two nodes that meet, the one that comes to believe the other last thereby learns the
        other's clock, and the other, which believes it already, has learned its.
        """
        self._outbox.send(peer.source, self._runtime.clock(asks=True))

    def _reply(self, peer: Peer, ack: Ack, *others: Message) -> None:
        """Sends an ack with other messages, or with as many of them as are not too large.

        Sends nothing if even the ack is larger than an unverified address may be sent.
        """
        verified = self._echoes.verified(peer)
        for count in range(len(others), -1, -1):
            data = self._outbox.datagram(ack, *others[:count])
            if verified or len(data) <= peer.budget:
                peer.spend(len(data))
                self._outbox.transmit(data, peer.source, "ack")
                return
        self._runtime.reject("short request")
