"""How two nodes meet: pings and acks, and what their gates lead to.

    A --ping (gates)--> B            B compares the gates, and reconciles if they differ
    A <--ack (gates)--- B            if A did not know who is at that address, it compares as well

A sender is *met* once it has echoed a number of ours, which brings its row up to its own word. A
stranger's ping is acked with a challenge, and the two reconcile once it has been answered.
"""

from __future__ import annotations

from .membership import Challenges, Discovery, Echoes, Gossip, Member, MemberTable, Peer, View
from .part import Admits, Handler, Part
from .reconcile import Reconciler
from .wire import ALIVE, Ack, Claim, Claims, Message, Ping


class Handshake(Part):
    """Answers pings, takes acks, and finds out how far the sender of a datagram is believed."""

    def __init__(
        self,
        table: MemberTable,
        view: View,
        echoes: Echoes,
        gossip: Gossip,
        challenges: Challenges,
        discovery: Discovery,
        reconciler: Reconciler,
    ) -> None:
        self._table = table
        self._view = view
        self._echoes = echoes
        self._gossip = gossip
        self._challenges = challenges
        self._discovery = discovery
        self._reconciler = reconciler
        self.handlers = {Ping: Handler(self.on_ping, Admits.ANYBODY)}

    def identify(self, peer: Peer) -> None:
        """Finds the sender's row, after the datagram's acks were handled.

        A member that others vouched for may speak from its own address before it has echoed
        anything. That keeps a restarted node in the conversation, but what would be answered by
        more than it sent waits for the echo.
        """
        met = None
        if self._echoes.verified(peer.source, peer.sender):
            met = self._meet(peer)
        if met is not None:
            self._discovery.met(peer.source, met.id)
        peer.identify(met, self._vouched_for(peer))

    def refuse(self, message: Message, peer: Peer) -> None:
        """Answers a message that its sender may not send yet.

        A sender that has echoed a number of ours and has no row that fits is an older process than
        the one known here. We still believe what it says about *us*: each side may hold the other
        for outdated, and otherwise neither would ever listen. Any other sender is challenged.
        """
        verified = self._echoes.verified(peer.source, peer.sender)
        if verified and peer.row is None and isinstance(message, Claims):
            for claim in message.claims:
                if claim.id == self._table.own.id:
                    self._view.apply(claim)
        else:
            self._challenges.challenge(peer)

    def on_ping(self, ping: Ping, peer: Peer) -> None:
        """Acks a ping that names this node or nobody, and reconciles if the gates differ."""
        if ping.target not in ("", self._table.own.id):
            return
        if peer.met is None:
            if not self._view.leaving:
                self._challenges.challenge(peer, ping.number)
            return
        self._gossip.send(peer.source, peer.met, self._echoes.ack(ping))
        if ping.members or ping.counters:
            self._reconciler.compare(ping.members, ping.counters, peer.source)

    def on_ack(self, ack: Ack, peer: Peer) -> None:
        """Takes an ack of a ping of ours, or of a challenge; answers a challenge that it carries.

        Acks are handled before all other messages of their datagram, because they show who is
        there.
        """
        sent = self._echoes.get(ack.number)
        if sent is not None:
            if peer.source == sent.address:
                self._echoes.echo(peer.source, peer.sender)
                self._echoes.sample(peer.sender.id, sent)
            sent.on_ack(ack, sent, peer)
            if sent.contact is not None:
                self._contacted(ack, peer)
        elif ack.number and ack.number == self._echoes.challenge(peer.source, peer.sender):
            self._challenge_answered(peer)
        if ack.challenge:
            self._challenges.reply(peer, Ack(ack.challenge))

    def _contacted(self, ack: Ack, peer: Peer) -> None:
        row = self._meet(peer)
        if row is not None and row.live:
            self._view.tell_changed([row.id])
            if ack.members or ack.counters:
                self._reconciler.compare(ack.members, ack.counters, peer.source)

    def _challenge_answered(self, peer: Peer) -> None:
        fresh = not self._echoes.verified(peer.source, peer.sender)
        self._echoes.echo(peer.source, peer.sender)
        if fresh and self._meet(peer) is not None:
            self._reconciler.begin(peer.source)
        elif fresh:
            self._challenges.challenge(peer)

    def _meet(self, peer: Peer) -> Member | None:
        """Brings the sender's row up to its own word; None if that word is out of date here."""
        sender = peer.sender
        row = self._table.rows.get(sender.id)
        known = (row.generation, row.incarnation) if row else (-1, -1)
        if (sender.generation, sender.incarnation) > known:
            row = self._view.hear(Claim(sender.id, sender.generation, sender.incarnation, ALIVE))
        if row is None or sender.generation < row.generation:
            return None
        return row

    def _vouched_for(self, peer: Peer) -> Member | None:
        """The sender's row, if the sender speaks from its address and under its generation."""
        row = self._table.rows.get(peer.sender.id)
        if row is None or row.address != peer.source or row.generation != peer.sender.generation:
            return None
        return row
