"""What a prober knows of one probe: up to two looks at the member, by itself and by relays.

A look shows a process to be gone if its machine refuses the prober's own ping ("port unreachable")
and the pings of two relays. One refusal shows less: a firewall may reject what one machine sends to
another. Two looks show it to be gone for good, since a process that starts again at once listens
again soon.
"""

from __future__ import annotations

from ..address import Address
from ..wire import ALIVE, Nack
from .echoes import Sent, repeats
from .table import Member

_REFUSED_BY = 2
"""Relays whose pings must be refused as well."""


class Look:
    """One ping to a member, and the same question to some relays.

    Attributes:
        number: of the ping, and of the requests to relays.
        sent: the ping as `Echoes` keeps it.
        nacks: the addresses of the relays that sent a nack.
        tried: how many of these had pinged the member before.
        refused: whether the ping was refused.
        refused_by: how many relays said that theirs was.
    """

    __slots__ = ("_asked", "_gone", "nacks", "number", "refused", "refused_by", "sent", "tried")

    def __init__(self, number: int, sent: Sent) -> None:
        self.number = number
        self.sent = sent
        self.nacks: list[Address] = []
        self.tried = 0
        self.refused = False
        self.refused_by = 0
        self._asked: dict[Address, tuple[Member, bytes]] = {}
        self._gone: list[Address] = []

    @property
    def asked(self) -> list[Address]:
        """Returns the addresses of the relays that were asked."""
        return list(self._asked)

    def ask(self, relay: Member, datagram: bytes) -> None:
        """Notes that a relay is asked by this datagram."""
        self._asked[relay.address] = relay, datagram

    def refused_to_relay(self, quoted: bytes, relay: Address) -> bool:
        """Notes that a relay is gone, if the request to it begins so. Returns whether it does."""
        asked = self._asked.get(relay)
        if asked is None or relay in self._gone or not repeats(asked[1], quoted):
            return False
        self._gone.append(relay)
        return True

    def silent(self) -> int:
        """Returns how many relays have not even nacked, though they are alive as far as is known.

        The silence of a relay that is gone itself is no sign that this node is cut off.
        """
        alive = [address for address, (row, _) in self._asked.items() if row.state == ALIVE]
        return len([one for one in alive if one not in self.nacks and one not in self._gone])

    def refuse(self) -> None:
        """Notes that the ping was refused."""
        self.refused = True

    def hear(self, nack: Nack, relay: Address) -> bool:
        """Takes a relay's nack. Returns False if it was not asked, or has nacked before."""
        if relay not in self._asked or relay in self.nacks:
            return False
        self.nacks.append(relay)
        self.tried += nack.tried
        self.refused_by += nack.refused
        return True

    def shows_gone(self, others: int) -> bool:
        """Returns whether the process is gone, where there are so many other peers to ask.

        Where there is just one, its word is enough: nobody else is left who could reach the member.
        Where there is none, nothing tells a firewall from an end.
        """
        return self.refused and 0 < min(_REFUSED_BY, others) <= self.refused_by


class Probe:
    """A probe under way.

    Attributes:
        row: the member that is probed.
        looks: the first look, and the second one if there is cause for it.
        claimed: the generation and the incarnation that the member had at the first look.
        warned: whether the first look has shown it to be gone, so that everybody was told.
    """

    __slots__ = ("claimed", "looks", "row", "warned")

    def __init__(self, row: Member, first: Look) -> None:
        self.row = row
        self.looks = [first]
        self.claimed = (row.generation, row.incarnation)
        self.warned = False

    @property
    def key(self) -> int:
        """Returns the number that tells it apart from other probes."""
        return self.looks[0].number

    @property
    def look(self) -> Look:
        """Returns the present look."""
        return self.looks[-1]

    def warn(self) -> None:
        """Notes that the first look has shown the member to be gone."""
        self.warned = True

    def look_again(self, look: Look) -> None:
        """Begins the second look."""
        self.looks.append(look)

    def missing(self) -> int:
        """Returns how many relays of the first look were silent; 1 if none was asked."""
        first = self.looks[0]
        return first.silent() if first.asked else 1
