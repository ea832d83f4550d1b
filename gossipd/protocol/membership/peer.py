"""The sender of the datagram that is being handled, and how far it is believed."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from ..address import Address
from ..wire import ALIVE, Claim, ClusterIds, Sender
from .sessions import Seal
from .table import Member


class Peer:
    """The sender of the present datagram.

    Attributes:
        source: the address that the datagram came from.
        sender: what the sender says of itself.
        seal: how the datagram was sealed, None if it was not.
        budget: how many bytes may be sent back if the address has not echoed a number of ours: as
            many as it sent, less those that were sent back already.
        meant: whether the datagram was made for this process, as far as its seal tells.
        met: the sender's row, if it has echoed a number of ours and its generation is not out of
            date here; else None.
        row: `met`; or, if that is None, the row that other members vouched for, which has this
            address and generation. None for a stranger.
        acked: the address to which a ping of ours was sent that this datagram acks, else None.
        told: what the sender says of its cluster, until it is considered; None if it says nothing.
        accepted: whether its cluster was united with this node's because of that.
        owes: whether it is to be told our ids in answer.
    """

    __slots__ = (
        "accepted",
        "acked",
        "budget",
        "meant",
        "met",
        "owes",
        "row",
        "seal",
        "sender",
        "source",
        "told",
    )

    def __init__(
        self, source: Address, sender: Sender, budget: int, seal: Seal | None = None
    ) -> None:
        self.source = source
        self.sender = sender
        self.budget = budget
        self.seal = seal
        self.meant = seal is None or seal.meant
        self.met: Member | None = None
        self.row: Member | None = None
        self.acked: Address | None = None
        self.told: ClusterIds | None = None
        self.accepted = False
        self.owes = False

    @property
    def process(self) -> tuple[Address, int]:
        """The sending process: its address, and the number that tells it from others there."""
        return self.source, self.sender.nonce

    def identify(self, met: Member | None, vouched_for: Member | None) -> None:
        """Sets the rows under which this datagram's messages are handled."""
        self.met = met
        self.row = met or vouched_for

    def echoed(self) -> None:
        """Notes that this datagram sends a number of this node back, and so is made for it."""
        self.meant = True

    def acks(self, address: Address) -> None:
        """Notes that this datagram acks a ping that was sent to `address`."""
        self.acked = address

    def believed(self, claims: Iterable[Claim]) -> list[Claim]:
        """Returns these claims of the sender without its word that it lives, from elsewhere.

        Whether it lives at the address of its id is shown by an answer from there (`Proof`). Of
        such a word only the tags are left, under an incarnation that says nothing new.
        """
        row = self.row
        if row is None or row.address == self.source:
            return list(claims)
        return [
            structs.replace(each, incarnation=0) if each.id == row.id and not each.state else each
            for each in claims
            if each.id != self.sender.id or each.state != ALIVE or each.generation == row.generation
        ]

    def says_of_itself(self, claim: Claim) -> bool:
        """Returns whether a claim is about the sender, and comes from the address of its id."""
        row = self.row
        return row is not None and row.id == claim.id and row.address == self.source

    def tells(self, told: ClusterIds) -> None:
        """Notes what the datagram says of the sender's cluster."""
        self.told = told

    def take_told(self) -> ClusterIds | None:
        """Returns what the datagram says of the sender's cluster, the first time only."""
        told, self.told = self.told, None
        return told

    def accept(self) -> None:
        """Notes that the clusters of both are one."""
        self.accepted = True

    def owe(self, owes: bool) -> None:
        """Notes whether the sender is to be told our ids."""
        self.owes = owes

    def spend(self, size: int) -> None:
        """Takes `size` bytes, which are sent back, off the budget."""
        self.budget -= size
