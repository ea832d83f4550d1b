"""Numbers that must come back: pings under way, addresses that echoed one, and round-trip times.

A node shows that it is really at an address by sending back a number that this node sent there: the
number of a ping, or a challenge that an ack of ours carried. Until then its data does not count,
and nothing larger than its request is sent to it. A challenge is computed from the address, so that
asking a stranger takes no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from ..address import Address
from ..fingerprint import Gates
from ..part import Part
from ..runtime import Runtime
from ..wire import Ack, Ping
from .awareness import Awareness
from .peer import Peer
from .sessions import Sessions

_OUTSTANDING = 4096
"""Pings under way at most."""

_PROVES = 512
"""Bytes of a datagram that show, to whoever repeats them, which datagram it was.

The number of a ping stands before that, however long the ids are. Linux repeats 520 at least.
"""

_ECHOED = 1 << 16
"""Addresses remembered at most; one that is forgotten has to echo a number again."""

_OPEN = b""
"""Stands for the session of a process that does not seal its datagrams."""


def repeats(datagram: bytes, quoted: bytes) -> bool:
    """Returns whether `quoted` is so much of the beginning of a datagram that it shows which."""
    return len(quoted) >= min(len(datagram), _PROVES) and datagram.startswith(quoted)


class RoundTrip:
    """The smoothed round-trip time of one peer, in seconds (RFC 6298's estimator)."""

    __slots__ = ("deviation", "mean")

    def __init__(self, sample: float) -> None:
        self.mean = sample
        self.deviation = sample / 2

    def add(self, sample: float) -> None:
        """Takes one measured round trip, in seconds, into account."""
        self.deviation += (abs(sample - self.mean) - self.deviation) / 4
        self.mean += (sample - self.mean) / 8

    @property
    def bound(self) -> float:
        """Returns the seconds that a round trip hardly ever exceeds."""
        return self.mean + 4 * self.deviation


class RoundTrips:
    """The measured round-trip times of peers, by id, and the local health that they told last."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._health: dict[str, int] = {}
        self._of: dict[str, RoundTrip] = {}
        self._any: RoundTrip | None = None

    def add(self, peer: str, seconds: float) -> None:
        """Takes one measured round trip into account; a peer beyond the limit is not measured."""
        if self._any is None:
            self._any = RoundTrip(seconds)
        else:
            self._any.add(seconds)
        known = self._of.get(peer)
        if known is not None:
            known.add(seconds)
        elif len(self._of) < self._limit:
            self._of[peer] = RoundTrip(seconds)

    def told(self, peer: str, health: int) -> None:
        """Takes note of the local health of a peer that is measured."""
        if peer in self._of:
            self._health[peer] = health

    def health(self, peer: str) -> int | None:
        """Returns the local health that this peer told last, None if it told none."""
        return self._health.get(peer)

    def mean(self, peer: str) -> float | None:
        """Returns the seconds of a round trip to this peer on average, None if unknown."""
        known = self._of.get(peer)
        return None if known is None else known.mean

    def bound(self, peer: str) -> float | None:
        """Returns seconds that a round trip to this peer hardly ever exceeds, None if unknown."""
        known = self._of.get(peer)
        return None if known is None else known.bound

    def expected(self, peer: str) -> float | None:
        """Returns `bound`; for a peer that was not measured, that of all peers taken together.

        None if nothing was measured. Where peers differ much, so does what is measured, and the
        bound of all is large.
        """
        known = self._of.get(peer, self._any)
        return None if known is None else known.bound


class Sent:
    """A ping under way.

    Attributes:
        target: the id that the ping names; empty if only the address is known.
        address: where the ping went.
        on_ack: called with the ack, this object, and the sender of the ack.
        contact: for a ping to a contact, the name under which it was registered, or an empty text
            if it was not. None for a ping to a live member.
        on_refused: called with the ping's number if the machine at the address refuses the ping.
        at: the time at which the ping was sent; None if its round trip must not be measured.
    """

    __slots__ = ("_datagrams", "address", "at", "contact", "on_ack", "on_refused", "target")

    def __init__(
        self,
        target: str,
        address: Address,
        on_ack: Callable[[Ack, Sent, Peer], None],
        contact: str | None = None,
        on_refused: Callable[[int], None] | None = None,
    ) -> None:
        self._datagrams: list[bytes] = []
        self.target = target
        self.address = address
        self.on_ack = on_ack
        self.contact = contact
        self.on_refused = on_refused
        self.at: float | None = None

    def sent_at(self, now: float) -> None:
        """Sets the time at which the ping was sent."""
        self.at = now

    def no_sample(self) -> None:
        """Takes the round trip out of measurement, because it shows more than the network."""
        self.at = None

    def went_as(self, datagram: bytes) -> None:
        """Notes the datagram that the ping went in, so that a refusal of it is recognized."""
        self._datagrams.append(datagram)

    def is_quoted(self, quoted: bytes) -> bool:
        """Returns whether these are the first bytes of a datagram that the ping went in."""
        return any(repeats(datagram, quoted) for datagram in self._datagrams)


class Echoes(Part):
    """Keeps the pings under way, and the addresses that have echoed a number of ours.

    Attributes:
        is_new: returns False for a sealed datagram that came before, or too late. Each counts once.
    """

    def __init__(
        self, runtime: Runtime, gates: Gates, round_trips: RoundTrips, awareness: Awareness
    ) -> None:
        self._runtime = runtime
        self._gates = gates
        self._round_trips = round_trips
        self._awareness = awareness
        self._secret = runtime.rng.randbytes(16)
        self._sent: dict[int, Sent] = {}
        self._refused = 0
        # By address: id, generation, and session of the process there; no session if it does not
        # seal its datagrams.
        self._echoed: dict[Address, tuple[str, int, bytes]] = {}
        self._sessions = sessions = Sessions()
        self._proven = sessions.windows
        self.is_new = sessions.take

    # Pings

    def ping(self, sent: Sent, padding: bytes = b"") -> Ping:
        """Returns a ping with the gates and a fresh number, under which `sent` is kept.

        The number is random, so that only a node that sees the datagram can send it back. If too
        many pings are under way, the oldest one is forgotten.
        """
        if len(self._sent) >= _OUTSTANDING:
            del self._sent[next(iter(self._sent))]
        number = 1 + self._runtime.rng.getrandbits(32)
        self._sent[number] = sent
        sent.sent_at(self._runtime.now)
        return self.again(number, sent, padding)

    def again(self, number: int, sent: Sent, padding: bytes = b"") -> Ping:
        """Returns the ping of that number once more, with the gates as they are now."""
        return Ping(number, sent.target, *self._gates(), padding)

    def ack(self, ping: Ping) -> Ack:
        """Returns the ack of a ping, with the gates and the local health."""
        return Ack(ping.number, *self._gates(), health=self._awareness.score)

    def get(self, number: int) -> Sent | None:
        """Returns the ping of that number, if its ack is still of interest."""
        return self._sent.get(number)

    def refusal(self, quoted: bytes, address: Address) -> bool:
        """Tells whoever sent the ping to `address` that begins with `quoted` that it was refused.

        Only what repeats a ping of ours, with the random number in it, counts: nobody off the path
        can make that up. Returns False if no such ping is under way.
        """
        for number, sent in self._sent.items():
            if sent.address == address and sent.on_refused and sent.is_quoted(quoted):
                self._refused += 1
                sent.on_refused(number)
                return True
        return False

    def counted(self) -> Mapping[str, Any]:
        """Returns how many pings were refused."""
        return {"refusals": self._refused}

    def forget(self, number: int) -> None:
        """Forgets a ping whose ack is no longer of interest."""
        self._sent.pop(number, None)

    def sample(self, peer: str, sent: Sent, ack: Ack) -> None:
        """Measures the round trip of `sent`, whose ack came directly from `peer`."""
        if sent.at is not None:
            self._round_trips.add(peer, self._runtime.now - sent.at)
        if ack.members or ack.counters:
            self._round_trips.told(peer, ack.health)

    def round_trip(self, peer: str) -> float | None:
        """Returns the seconds that a round trip to this peer is expected not to exceed.

        None if no round trip was measured, to whomever.
        """
        return self._round_trips.expected(peer)

    def is_measured(self, peer: str) -> bool:
        """Returns whether a round trip to this peer was measured."""
        return self._round_trips.mean(peer) is not None

    def paused(self, seconds: float) -> None:
        """Takes all pings under way out of measurement: their round trips span the pause."""
        if seconds:
            for sent in self._sent.values():
                sent.no_sample()

    def waiting(self) -> Mapping[str, int]:
        """Returns how many pings wait for their ack."""
        return {"pings": len(self._sent)}

    # Addresses that are really there

    def verified(self, peer: Peer) -> bool:
        """Returns whether the sender's process has echoed a number of ours from its address.

        If it seals its datagrams, it has done so in the session that this one is of; and this one
        is meant for this process, or is the echo itself.
        """
        session = peer.seal.session if peer.seal else _OPEN
        if self._echoed.get(peer.source) != (peer.sender.id, peer.sender.generation, session):
            return False
        return session == _OPEN or (peer.meant and session in self._proven)

    def is_doubtful(self, peer: Peer) -> bool:
        """Returns whether the datagram is sealed, but may be a recorded one."""
        return peer.seal is not None and not self.verified(peer)

    def echo(self, peer: Peer) -> None:
        """Notes that the sender's process has echoed a number of ours from its address."""
        if peer.seal is not None and self._sessions.prove(peer.seal):
            # The answers to earlier challenges would prove the session that was forgotten.
            self._secret = self._runtime.rng.randbytes(16)
        peer.echoed()
        session = peer.seal.session if peer.seal else _OPEN
        self._note(peer.source, peer.sender.id, peer.sender.generation, session)

    def assume(self, source: Address, member: str, generation: int) -> None:
        """Notes that a member's process is at that address, without an echo that shows it."""
        self._note(source, member, generation, _OPEN)

    def session(self, address: Address) -> bytes | None:
        """Returns the session of the process that has echoed from an address, None if none has.

        It is empty if that process does not seal its datagrams.
        """
        found = self._echoed.get(address)
        return None if found is None else found[2]

    def _note(self, source: Address, member: str, generation: int, session: bytes) -> None:
        if len(self._echoed) >= _ECHOED:
            del self._echoed[next(iter(self._echoed))]
        self._echoed[source] = (member, generation, session)

    def challenge(self, peer: Peer) -> int:
        """Returns the number that the sender's process at its address must send back.

        Challenges and the numbers of pings never coincide.
        """
        source, sender = peer.source, peer.sender
        text = f"{source[0]} {source[1]} {sender.id} {sender.generation}".encode()
        digest = blake2b(text, digest_size=6, key=self._secret).digest()
        return 1 + (1 << 33) + int.from_bytes(digest, "big")
