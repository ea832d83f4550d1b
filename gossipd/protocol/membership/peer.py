"""Who sent the datagram that is being handled, and how far its word is believed."""

from __future__ import annotations

from ..address import Address
from ..wire import Sender
from .table import Member


class Peer:
    """The sender of the present datagram.

    Attributes:
        source: the address that the datagram came from.
        sender: what the sender says of itself.
        budget: bytes that may be sent back to an address that has not echoed a number of ours: as
            many as it sent, less those that went back already.
        met: its row, once it has echoed a number of ours and its generation is not out of date.
        row: the same; or, if it has not echoed yet, the row that others vouched for, provided that
            it speaks from that row's address and under its generation. None for a stranger.
    """

    __slots__ = ("budget", "met", "row", "sender", "source")

    def __init__(self, source: Address, sender: Sender, budget: int) -> None:
        self.source = source
        self.sender = sender
        self.budget = budget
        self.met: Member | None = None
        self.row: Member | None = None

    def identify(self, met: Member | None, vouched_for: Member | None) -> None:
        """Sets the rows under which this datagram's messages are handled."""
        self.met = met
        self.row = met or vouched_for

    def spend(self, size: int) -> None:
        """Takes what is sent back off the budget."""
        self.budget -= size
