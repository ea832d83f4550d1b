"""Carries datagrams from machine to machine, as the network decides."""

from __future__ import annotations

from collections.abc import Callable

from gossipd.protocol import Address

from .clock import Clock
from .network import Arrival, Network
from .translation import Translation

DISCOVERY_PORT = 7000
"""The port that broadcasts come from."""

Arrive = Callable[[bytes, Address], Arrival]
"""Takes a datagram and its source at the machine that it was sent to."""

Refused = Callable[[bytes, Address], None]
"""Takes the first bytes of a datagram, and the address that refused it, at its sender's machine."""

_QUOTED = 520
"""Bytes of a datagram that a refusal repeats."""


class Carrier:
    """The way between machines.

    Attributes:
        broadcasts: whether all machines are on one segment, which a broadcast reaches; otherwise a
            broadcast reaches nobody.
        translation: machines that seem to be elsewhere.
    """

    def __init__(self, clock: Clock, network: Network, *, broadcasts: bool = False) -> None:
        self.broadcasts = broadcasts
        self.translation = Translation()
        self._clock = clock
        self._network = network
        self._machines: dict[Address, Arrive] = {}
        self._refused: dict[Address, Refused] = {}

    def attach(self, address: Address, arrive: Arrive, refused: Refused) -> None:
        """Connects a machine, which `arrive` hands datagrams to, and `refused` what came of one."""
        self._machines[address] = arrive
        self._refused[address] = refused

    def detach(self, address: Address) -> None:
        """Disconnects the machine with this address."""
        del self._machines[address], self._refused[address]

    def transmit(self, data: bytes, source: Address, to: Address) -> None:
        """Sends one datagram."""
        clock, translation = self._clock, self.translation
        shown = translation.source(source)
        for delay in self._network.send(data, source, translation.target(to), clock.now):
            clock.at(clock.now + delay, self.deliver, data, shown, to)

    def broadcast(self, data: bytes, source: Address) -> None:
        """Sends a datagram to every machine, including the sender's own, if broadcasts reach any.

        Each copy is lost or late by itself. As with a daemon, it comes from the discovery port.
        """
        if self.broadcasts:
            clock, shown = self._clock, (source[0], DISCOVERY_PORT)
            for target in list(self._machines):
                for delay in self._network.send(data, source, target, clock.now):
                    clock.at(clock.now + delay, self.deliver, data, shown, target)

    def deliver(self, data: bytes, source: Address, to: Address) -> None:
        """Lets a datagram arrive now, whether a node sent it or somebody else."""
        target, hidden = self.translation.target(to), self.translation.hides(to)
        arrive = None if hidden else self._machines.get(target)
        arrival: Arrival = "vanished" if arrive is None else "refused"
        if arrive is not None and not self._network.rejects(
            self.translation.target(source), target
        ):
            arrival = arrive(data, source)
        self._network.arrived(data, target, arrival)
        if arrival == "refused":
            self._refuse(data, self.translation.target(source), to, target)

    def _refuse(self, data: bytes, sender: Address, to: Address, target: Address) -> None:
        """Tells the sender of a datagram that `to`, which is the machine `target`, refused it."""
        clock, refused = self._clock, self._refused.get(sender)
        if refused is not None:
            delay = self._network.refuse(sender, target, clock.now)
            if delay is not None:
                clock.at(clock.now + delay, refused, data[:_QUOTED], to)
