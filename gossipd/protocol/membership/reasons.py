"""Why this node contacts an address: on that depends whether their clusters may become one.

`Clusters` tells what each reason allows. Two of them need a memory. A seed that was joined before
must not be joined anew because its address was given away. And a node that was taken in elsewhere
before its seeds have answered has *strayed*: it must not bring the two together as it joins them.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..address import Address, format_node_id
from ..wire import ALIVE, DEAD, Claim
from .contacts import Contact, Contacts
from .discovery import Discovery
from .table import Member, MemberTable

CHANCE, DISCOVERED, RETURNED, ASKED = range(4)
"""Why a node is contacted, the weakest reason first.

By chance: as a member that is gone or was on disk, or in the course of pings and gossip. Because
discovery led to it. As a seed that was joined before. Because somebody asked for it: as a
registered name, or as a seed that was never joined.
"""

_Life = tuple[int, int]
"""The generation and the incarnation of a row: a member that was dead and is back has others."""


class Reasons:
    """Tells why addresses are contacted.

    Attributes:
        strayed: whether ids were taken from others than the seeds of this node.
    """

    def __init__(self, table: MemberTable, contacts: Contacts, discovery: Discovery) -> None:
        self._table = table
        self._contacts = contacts
        self._discovery = discovery
        # The members of an earlier run.
        self._before: frozenset[str] = frozenset()
        # The members of a time at which the cluster had no id, each as it was known then.
        self._nameless: dict[str, _Life] = {}
        self.strayed = False

    def restore(self, members: Iterable[Claim], *, named: bool, strayed: bool) -> None:
        """Takes over what a store kept.

        Args:
            members: whom this node knew as members.
            named: whether their cluster had an id.
            strayed: whether this node had strayed.
        """
        known = {claim.id: _life(claim) for claim in members}
        self._before = frozenset(known)
        self._nameless = {} if named else known
        self.strayed = strayed

    def why(self, source: Address) -> int:
        """Returns why this node contacts the one at `source`."""
        registered = self._contacts.registered.values()
        if any(source in contact.addresses for contact in registered):
            return ASKED
        if self._is_seed(source):
            if self.strayed:
                return CHANCE
            return RETURNED if self._was_joined(format_node_id(*source)) else ASKED
        return DISCOVERED if self._discovery.led_to(source) else CHANCE

    def is_alone(self) -> bool:
        """Returns whether this node knows no other member, and never did."""
        return len(self._table.rows) == 1 and not self._before

    def is_seeking(self) -> bool:
        """Returns whether this node is to join another one than itself, and has not done so."""
        seeds, live = self._contacts.configured(), self._table.live
        addresses = [address for seed in seeds for address in seed.addresses]
        if any(self._contacts.found(address) in live for address in addresses):
            return False
        return any(map(self._is_other, seeds))

    def taken_from(self, source: Address) -> None:
        """Takes note that this node takes ids of another cluster from the node at `source`."""
        if self.why(source) < RETURNED and self.is_seeking():
            self.strayed = True

    def named(self) -> None:
        """Takes note that the cluster has its first id: no member is known to have it yet."""
        self._nameless |= {row.id: _life(row) for row in self._table.rows.values()}

    def heard(self) -> None:
        """Takes note that time enough has passed for each live member to hear of the first id."""
        rows = self._table.rows
        silent = [each for each in self._nameless if each not in rows or rows[each].state > ALIVE]
        self._nameless = {each: self._nameless[each] for each in silent}

    def shares(self, member: str) -> None:
        """Takes note that a member has the same ids."""
        self._nameless.pop(member, None)

    def met(self, source: Address, member: str) -> None:
        """Takes note that a member of this cluster has been met at `source`."""
        self._discovery.met(source, member)
        if self.strayed and self._is_seed(source):
            self.strayed = False

    def _is_seed(self, source: Address) -> bool:
        return any(source in seed.addresses for seed in self._contacts.configured())

    def _was_joined(self, member: str) -> bool:
        """Returns whether a seed was a member, at a time when the cluster had an id.

        Before that there was nothing by which the two could know each other again. A row of that
        time which has not changed says nothing of the time since.
        """
        row, before = self._table.rows.get(member), self._nameless.get(member)
        if before is None:
            return row is not None or member in self._table.apart or member in self._before
        if row is None:
            return False
        return row.state < DEAD or _life(row) != before

    def _is_other(self, seed: Contact) -> bool:
        if not seed.addresses:
            return seed.name != self._table.own.id
        return not all(map(self._contacts.is_own, seed.addresses))


def _life(row: Claim | Member) -> _Life:
    return row.generation, row.incarnation
