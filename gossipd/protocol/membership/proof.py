"""Takes a node for alive only once it has answered at the address of its id.

    A --ping, id Y----------> B      from X, which is another address than Y
    A <--ack, challenge------ B
    A --ack (challenge)-----> B      B knows that A is at X. But what B begins itself goes to Y,
    Y <--ping (no target)---- B      so B asks there
    A --ack (of that ping)--> B      wherever it comes from, its number shows that A is reached at Y

So what a node says of its own life is believed in two kinds of datagrams only: those that come from
the address of its id, once that has echoed a number, and those that ack a ping which was sent to
it. Where any other datagram would bring news, this node asks at the address.

A member of which others have told needs no answer here: they have had one. If its address answers
nobody, the failure detector finds it dead like any other, and what it says from elsewhere does not
change that.

While the address stays silent, both sides say so. Pings to one address are rare, and have no more
bytes than the datagrams that caused them, so nobody can make this node flood a third one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from ..address import Address, split_node_id
from ..events import AddressSilent, OwnAddressSilent
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import ALIVE, DEAD, Ack, Claim, Claims, Message, Ping, Sender, Unanswered
from .contacts import Contacts
from .echoes import Echoes
from .peer import Peer
from .precedence import usable_id
from .seeds import SeedWatch
from .table import Member, MemberTable
from .view import View

_SILENT = 5.0
"""Seconds without an answer after which an address is called silent."""

_ASK = 1.0
_ASK_SILENT = 10.0
"""Seconds between two pings to an address: at first, and once it is called silent."""

_ASKS = 64.0
"""Pings in a second to all such addresses together, at most."""

_ASKED = 1024
"""Such addresses remembered at most.

It takes longer than `_ASK_SILENT` to ask so many, so that one which was forgotten meanwhile is not
asked again too early.
"""

_GONE = 30.0
"""Seconds without a word after which the wait for an answer begins anew."""

_CREDIT = 1400
"""Bytes that a sender saves up for pings to its address, at most."""

_PADDING = 48
"""Bytes of padding in such a ping at most, for an ack with a challenge that may be as large."""

_ROUNDING = 1e-6

_CHECK = "check --advertise, NAT and firewalls"


class _Asked:
    """The address of an id that has not answered yet.

    Attributes:
        generation: of the process that advertises it.
        since: the time since which an answer is waited for.
        heard: the time at which that process spoke last.
        credit: how many bytes it has sent that no ping has used up.
        asked: the time of the last ping.
    """

    __slots__ = ("asked", "credit", "generation", "heard", "since")

    def __init__(self, now: float) -> None:
        self.generation = 0
        self.since = now
        self.heard = now
        self.credit = 0
        self.asked = -inf

    def hear(self, generation: int, size: int, now: float) -> None:
        """Notes that the process of that generation has sent so many bytes."""
        self.generation = generation
        self.heard = now
        self.credit = min(self.credit + size, _CREDIT)

    def due(self, now: float) -> bool:
        """Returns whether it is time for a ping."""
        return now - self.asked >= (_ASK_SILENT if self.silent(now) else _ASK) - _ROUNDING

    def ask(self, size: int, now: float) -> None:
        """Notes that a ping of so many bytes is sent."""
        self.credit -= size
        self.asked = now

    def silent(self, now: float) -> bool:
        """Returns whether it has not answered for so long that this is said."""
        return now - self.since >= _SILENT - _ROUNDING


class Proof(Part):
    """Decides how far a sender's word about itself is believed, and asks at the id's address."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        view: View,
        echoes: Echoes,
        contacts: Contacts,
        seeds: SeedWatch,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._view = view
        self._echoes = echoes
        self._contacts = contacts
        self._seeds = seeds
        self._asked: dict[str, _Asked] = {}
        self.handlers = {Unanswered: Handler(self.on_unanswered, Admits.ANYBODY)}

    # How far a sender is believed

    def meet(self, peer: Peer) -> Member | None:
        """Brings the sender's row up to its own word, and returns the row.

        Returns None if that word is out of date here, or if the sender is no live member here and
        the address of its id has not answered. It is not out of date while all that is known of a
        process after it is what others say: one of them may have made that up.
        """
        sender = peer.sender
        row = self._table.rows.get(sender.id)
        if row is not None and sender.generation < row.generation:
            hearsay = row.live and row.spoke <= sender.generation
            return row if hearsay and self._is_reached(peer) else None
        known = (row.generation, row.incarnation) if row else (-1, -1)
        news = (sender.generation, sender.incarnation) > known
        if row is not None and not news and row.state != DEAD:
            # Others may have vouched for it meanwhile.
            self._answered(sender)
            if row.spoke < sender.generation and self._is_reached(peer):
                row.hear(sender.generation)
            return row
        if not self._is_reached(peer):
            self._miss(peer)
            same = row is not None and row.generation == sender.generation
            return row if same and row is not None and row.state != DEAD else None
        self._answered(sender)
        if news:
            own_word = Claim(sender.id, sender.generation, sender.incarnation, ALIVE)
            row = self._view.hear(own_word)
        if row is not None:
            row.hear(sender.generation)
        return row

    def vouched_for(self, peer: Peer) -> Member | None:
        """Returns the sender's row if the row has this address and this generation, else None.

        A datagram that may have been recorded long ago is not vouched for by a row of today.
        """
        if self._echoes.is_doubtful(peer):
            return None
        row = self._table.rows.get(peer.sender.id)
        if row is None or row.address != peer.source or row.generation != peer.sender.generation:
            return None
        return row

    def is_missed(self, peer: Peer) -> bool:
        """Returns whether the sender is refused because its address has not answered."""
        asked, sender = self._asked.get(peer.sender.id), peer.sender
        return (
            asked is not None
            and asked.generation == sender.generation
            and self._echoes.verified(peer)
        )

    def answer(self, peer: Peer, number: int) -> None:
        """Acks the ping `number` of a sender that is refused, and says why once that is clear.

        It is also told of its row, as in any datagram to a dead member, so that it can refute.
        """
        sender, row = peer.sender, self._table.rows.get(peer.sender.id)
        messages: list[Message] = [Ack(number)]
        if self._asked[sender.id].silent(self._runtime.now):
            messages.append(Unanswered(sender.id, _text(peer.source)))
        if row is not None and row.generation == sender.generation:
            messages.append(Claims([row.claim(self._runtime.now)]))
        self._outbox.send(peer.source, *messages)

    def _is_reached(self, peer: Peer) -> bool:
        """Returns whether this datagram shows that the sender is at the address of its id."""
        if not usable_id(peer.sender.id):
            # No node can have it: the view refuses it, and counts that.
            return True
        address = split_node_id(peer.sender.id)
        if peer.source == address and self._echoes.verified(peer):
            return True
        return peer.acked == address

    # Addresses that do not answer

    def _answered(self, sender: Sender) -> None:
        """Ends the wait for this process. Another one of the same id may be waited for."""
        asked = self._asked.get(sender.id)
        if asked is not None and asked.generation == sender.generation:
            del self._asked[sender.id]

    def _miss(self, peer: Peer) -> None:
        """Asks at the address of the sender's id, and says so if that has been silent for long."""
        now, member = self._runtime.now, peer.sender.id
        asked = self._asked.pop(member, None)
        if asked is None or now - asked.heard > _GONE:
            asked = _Asked(now)
        if len(self._asked) >= _ASKED:
            del self._asked[next(iter(self._asked))]
        self._asked[member] = asked
        asked.hear(peer.sender.generation, peer.budget, now)
        peer.spend(peer.budget)
        self._report(peer, silent=asked.silent(now))
        if asked.due(now):
            self._ask(asked, split_node_id(member))

    def _ask(self, asked: _Asked, address: Address) -> None:
        """Pings the address, without gates, as far as limits and the sender's bytes allow."""
        number = self._echoes.ping(self._contacts.introduction(address)).number
        spare = asked.credit - len(self._outbox.datagram(Ping(number)))
        if spare < 0:
            self._echoes.forget(number)
            return
        data = self._outbox.datagram(Ping(number, padding=bytes(min(spare, _PADDING))))
        asked.ask(len(data), self._runtime.now)
        if self._runtime.allows("address", _ASKS):
            self._outbox.transmit(data, address, "ping")
        else:
            self._echoes.forget(number)
            self._runtime.reject("address limit")

    # What is said

    def _report(self, peer: Peer, *, silent: bool) -> None:
        """Reports a sender whose address is silent; a seed is noted at once, and reported so."""
        member, source = peer.sender.id, _text(peer.source)
        reason = f"it reaches this node from {source}, but does not answer at {member}, which it"
        reason = f"{reason} advertises: {_CHECK}"
        seed = self._seeds.unreachable(peer.source, reason, report=silent)
        if silent and not seed:
            # One line a minute for all together, since anybody can be one.
            self._runtime.notify_seldom("address", AddressSilent(member, source, reason))

    def on_unanswered(self, message: Unanswered, peer: Peer) -> None:
        """Reports that a node gets no answer from this node's address.

        Only a member, or an address that this node contacts, is believed.
        """
        own = self._table.own.id
        known = peer.met or self._contacts.knows(peer.source)
        if message.id != own or not known or self._echoes.is_doubtful(peer):
            self._runtime.reject("unanswered")
            return
        reason = f"{peer.sender.id} hears this node from {message.source}, but gets no answer from"
        reason = f"{reason} {own}, which this node advertises: {_CHECK}"
        if not self._seeds.refused(peer.source, reason):
            event = OwnAddressSilent(peer.sender.id, message.source, reason)
            self._runtime.notify_seldom("own address", event)

    def waiting(self) -> Mapping[str, int]:
        """Returns how many addresses have not answered."""
        return {"addresses": len(self._asked)}


def _text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"
