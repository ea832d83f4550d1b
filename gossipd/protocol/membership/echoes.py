"""Pings under way, and the addresses that have answered: who is there is known only by echo.

Data of an address counts, and anything larger than its request goes to it, only once it has sent
back a number of ours: either that of a ping, or a challenge that an ack of ours carried. A
challenge is computed from the address, so that asking costs no memory.
"""

from __future__ import annotations

from hashlib import blake2b

from ..outbox import Outbox
from ..wire.messages import Sender
from .table import Address

_OUTSTANDING = 4096
_ECHOED = 1 << 16

PROBE = 0
RELAY = 1
CONTACT = 2
LEAVE = 3


class Sent:
    """One ping under way.

    Attributes:
        purpose: PROBE, RELAY, CONTACT or LEAVE: who is told of the ack.
        target: id that the ping names; empty for a contact.
        name: what a contact was registered as, or the requester's number of a relay's ping.
        at: when it was sent, None if its round trip is no sample.
    """

    __slots__ = ("address", "at", "name", "purpose", "target")

    def __init__(
        self, purpose: int, target: str, address: Address, at: float, name: object = None
    ) -> None:
        self.purpose = purpose
        self.target = target
        self.address = address
        self.at: float | None = at
        self.name = name


class Pings:
    """Numbers given out, and addresses that echoed one."""

    def __init__(self, outbox: Outbox) -> None:
        self._out = outbox
        self._secret = outbox.rng.randbytes(16)
        self._sent: dict[int, Sent] = {}
        self._echoed: dict[Address, tuple[str, int]] = {}

    def __len__(self) -> int:
        return len(self._sent)

    def number(self, sent: Sent) -> int:
        """A fresh number under which `sent` is kept; nobody off the path can guess it."""
        if len(self._sent) >= _OUTSTANDING:
            del self._sent[next(iter(self._sent))]
        number = 1 + self._out.rng.getrandbits(32)
        self._sent[number] = sent
        return number

    def get(self, number: int) -> Sent | None:
        """The ping of that number, if it is still waited for."""
        return self._sent.get(number)

    def forget(self, number: int) -> None:
        """Its ack is no longer of interest."""
        self._sent.pop(number, None)

    def no_samples(self) -> None:
        """Round trips that span a pause of this process measure the pause."""
        for sent in self._sent.values():
            sent.at = None

    def verified(self, source: Address, sender: Sender) -> bool:
        """Whether this process of this node has echoed a number of ours from that address."""
        return self._echoed.get(source) == (sender.id, sender.generation)

    def echo(self, source: Address, sender: Sender) -> None:
        """It did."""
        if len(self._echoed) >= _ECHOED:
            del self._echoed[next(iter(self._echoed))]
        self._echoed[source] = (sender.id, sender.generation)

    def assume(self, source: Address, member: str, generation: int) -> None:
        """That address counts as having echoed a number, for a node that is told whom it met."""
        self._echoed[source] = (member, generation)

    def challenge(self, source: Address, sender: Sender) -> int:
        """The number that this process at that address must send back."""
        text = f"{source[0]} {source[1]} {sender.id} {sender.generation}".encode()
        digest = blake2b(text, digest_size=6, key=self._secret).digest()
        return 1 + (1 << 33) + int.from_bytes(digest, "big")
