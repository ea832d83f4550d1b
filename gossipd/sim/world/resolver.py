"""Looks host names up for simulated nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from random import Random

from gossipd.protocol import Address, Resolve

from .clock import Clock
from .network import Delay, FixedDelay

RESOLVE_DELAY = FixedDelay(0.005)
"""How long a resolver near by takes."""


class Resolver:
    """A resolver that all machines use.

    Attributes:
        names: addresses by host name; may be changed at any time.
    """

    def __init__(
        self,
        clock: Clock,
        rng: Random,
        names: Mapping[str, Sequence[str]] | None = None,
        delay: Delay = RESOLVE_DELAY,
    ) -> None:
        self.names: dict[str, Sequence[str]] = dict(names or {})
        self._clock = clock
        self._rng = rng
        self._delay = delay

    def resolve(self, resolve: Resolve, answer: Callable[[int, list[Address]], None]) -> None:
        """Calls `answer` with the ticket and every address of the name, after a delay.

        An IP address is its own only address. An unknown name has no address. There is no search
        list, so a final dot makes no difference.
        """
        try:
            found: Sequence[str] = [str(ip_address(resolve.host.strip("[]")))]
        except ValueError:
            found = self.names.get(resolve.host.removesuffix("."), ())
        addresses = [(address, resolve.port) for address in found]
        time = self._clock.now + self._delay.draw(self._rng)
        self._clock.at(time, answer, resolve.ticket, addresses)
