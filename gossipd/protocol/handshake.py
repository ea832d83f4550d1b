"""How two nodes meet: pings and acks, and what their gates lead to.

    A --ping (gates)--> B            B compares the gates, and reconciles if they differ
    A <--ack (gates)--- B            if A's ping went to a contact, A compares as well

UDP does not show that a sender is at the address that it writes into its datagrams. So a node's
word counts here only once it has sent back ("echoed") a number that this node sent to that address.
This keeps false data out, and it keeps anybody from making this node flood a third one.

A sender that has echoed a number is *met*, if the address of its id has answered (`Proof`). Its own
word about its generation and incarnation is then taken into its row. A stranger's ping is acked
with a challenge, which is such a number; once the stranger has sent it back, the two nodes
reconcile. Between the two stands a sender that is *vouched for*: it has echoed nothing yet, but
other members told of a node at this address with this generation. Nobody is vouched for who seals
its datagrams: those may be recorded ones, until it has echoed in its present session.
"""

from __future__ import annotations

from collections.abc import Iterable

from .membership import Challenges, Clusters, Echoes, Gossip, Peer, Proof, View
from .part import Admits, Handler, Part
from .reconcile import Reconciler
from .wire import LEFT, Ack, Claims, Message, Ping


class Handshake(Part):
    """Answers pings, handles acks, and finds out how far the sender of a datagram is believed.

    Attributes:
        is_new: returns False for a sealed datagram that came before, or too late. Each counts once.
    """

    def __init__(
        self,
        view: View,
        proof: Proof,
        echoes: Echoes,
        gossip: Gossip,
        challenges: Challenges,
        clusters: Clusters,
        reconciler: Reconciler,
    ) -> None:
        self._view = view
        self._proof = proof
        self._echoes = echoes
        self.is_new = echoes.is_new
        self._gossip = gossip
        self._challenges = challenges
        self._clusters = clusters
        self._reconciler = reconciler
        self.handlers = {Ping: Handler(self.on_ping, Admits.ANYBODY)}

    def identify(self, peer: Peer) -> None:
        """Sets the rows under which the sender's messages are handled; acks must be handled before.

        A sender that other members vouched for may speak before it has echoed anything. That keeps
        a restarted node in the conversation. Messages whose answer may be larger than they are
        still wait for the echo (`Admits.ECHOED`).
        """
        met = None
        if self._echoes.verified(peer) and self._clusters.admits(peer):
            met = self._proof.meet(peer)
        if met is not None:
            self._clusters.met(peer)
            self._view.heard()
        peer.identify(met, self._proof.vouched_for(peer) if met is None else None)

    def refuse(self, message: Message, peer: Peer) -> None:
        """Challenges the sender of a message that it may not send yet.

        A sender of another cluster is challenged only so that it learns which one this node is of.

        A sender whose address does not answer is not challenged, but told so with the ack of its
        pings.

        A sender that has echoed a number of ours but fits no row here is an older process than the
        one that the row is about. We still believe what it says about *us*: each side may hold the
        other for outdated, and otherwise neither would ever listen.
        """
        verified = self._echoes.verified(peer)
        if verified and not self._clusters.admits(peer):
            return
        if verified and peer.row is None and isinstance(message, Claims):
            for claim in message.claims:
                if claim.id == self._view.own.id:
                    self._view.apply(claim)
        elif not self._proof.is_missed(peer):
            self._challenges.challenge(peer)

    def on_ping(self, ping: Ping, peer: Peer) -> None:
        """Acks a ping that names this node or nobody, and reconciles if the gates differ.

        A sender that is not met gets a challenge with the ack, or nothing while this node leaves.
        While it does, its own claim goes with the ack, so that who asks whether it left hears it
        (`Departures`). A sender that has left gets no ack, which would count as a peer that stays
        and knows of it (`Leaving`), but the claim alone.
        """
        if ping.target not in ("", self._view.own.id):
            return
        if peer.met is None:
            if self._view.leaving:
                return
            if self._proof.is_missed(peer) and self._clusters.admits(peer):
                self._proof.answer(peer, ping.number)
            else:
                self._challenges.challenge(peer, ping.number)
            return
        own = self._view.own
        left = [Claims([own.claim(own.since)])] if self._view.leaving else []
        if left and peer.met.state == LEFT:
            self._gossip.send(peer.source, peer.met, *left)
            return
        ids = self._clusters.besides(peer)
        self._gossip.send(peer.source, peer.met, self._echoes.ack(ping), *left, *ids)
        if ping.members or ping.counters:
            self._reconciler.compare(ping.members, ping.counters, peer.source)

    def on_ack(self, ack: Ack, peer: Peer) -> None:
        """Handles an ack of a ping or a challenge of ours, and answers a challenge that it carries.

        An ack that comes from the address to which its ping was sent is an echo. One from another
        address, such as a relay's, only goes to the part that sent the ping. An ack of another
        cluster is an echo and nothing else: it is no sign that a member lives.
        """
        fresh = not self._echoes.verified(peer)
        sent = self._echoes.get(ack.number)
        if sent is not None:
            peer.acks(sent.address)
            if peer.source == sent.address:
                self._echoes.echo(peer)
            if self._clusters.admits(peer):
                if peer.source == sent.address:
                    self._echoes.sample(peer.sender.id, sent, ack)
                sent.on_ack(ack, sent, peer)
                if sent.contact is not None:
                    self._contacted(ack, peer)
            else:
                peer.owe(True)
        elif ack.number and ack.number == self._echoes.challenge(peer):
            self._challenge_answered(peer, fresh)
        if ack.challenge:
            self._challenges.answer(peer, ack.challenge)
        if fresh and self._echoes.verified(peer):
            self._challenges.echoed(peer)

    def is_rival(self, acks: Iterable[Ack], peer: Peer) -> bool:
        """Returns whether the sender, another process under this node's own id, is there now.

        If its datagrams are sealed, what arrives may be this node's own past, which somebody has
        recorded. So the sender is challenged first, and may challenge this node.
        """
        for ack in acks:
            if ack.number and ack.number == self._echoes.challenge(peer):
                self._echoes.echo(peer)
            if ack.challenge:
                self._challenges.answer(peer, ack.challenge)
        doubtful = self._echoes.is_doubtful(peer)
        if doubtful:
            self._challenges.challenge(peer)
        return not doubtful

    def _contacted(self, ack: Ack, peer: Peer) -> None:
        """Meets the node that answered at the address of a contact, and compares gates with it."""
        row = self._proof.meet(peer)
        if row is not None and row.live:
            self._view.tell_changed([row.id])
            if ack.members or ack.counters:
                self._reconciler.compare(ack.members, ack.counters, peer.source)

    def _challenge_answered(self, peer: Peer, fresh: bool) -> None:
        """Meets a node that sent its challenge back, and reconciles with it, once.

        The same answer can arrive again, and must not start a comparison each time. A node whose
        word is out of date here is sent its row, by `challenge`, so that it raises its generation.
        One that has said nothing of its cluster could not be told of ours before.
        """
        self._echoes.echo(peer)
        untold = peer.told is None
        if not self._clusters.admits(peer):
            if fresh and untold:
                self._clusters.tell(peer.source)
        elif fresh and self._proof.meet(peer) is not None:
            self._reconciler.begin(peer.source)
        elif fresh and not self._proof.is_missed(peer):
            self._challenges.challenge(peer)
