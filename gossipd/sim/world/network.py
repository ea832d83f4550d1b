"""The network between simulated nodes: which datagrams it loses, delays, repeats and reorders.

The network decides what becomes of a datagram when it is sent, and counts it; a `Carrier` takes the
copies to their destination. Datagrams that are under way when a partition begins still arrive.
Every draw comes from one generator, so that equal calls in equal order have equal outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import log
from random import Random
from typing import Literal, Protocol

import attrs

from gossipd.protocol import Address

HEADER_BYTES = 28
"""IPv4 (20) and UDP (8) headers of one datagram."""


class Delay(Protocol):
    """How long something takes, a datagram on its way for one, in seconds."""

    def draw(self, rng: Random) -> float:
        """Returns one delay, 0 or more."""


@attrs.frozen
class FixedDelay:
    """The same delay each time."""

    seconds: float

    def draw(self, rng: Random) -> float:
        return self.seconds


@attrs.frozen
class UniformDelay:
    """Any delay between two bounds, each as likely."""

    low: float
    high: float

    def draw(self, rng: Random) -> float:
        return self.low + (self.high - self.low) * rng.random()


@attrs.frozen
class LogNormalDelay:
    """A delay near the median, with a long tail: `sigma` 0.5 puts 1 % above 3.2 medians."""

    median: float
    sigma: float

    def draw(self, rng: Random) -> float:
        return rng.lognormvariate(log(self.median), self.sigma)


LAN_DELAY = UniformDelay(0.0005, 0.0015)
"""The way between two machines on one switch, with the time that their kernels take."""

REORDER_DELAY = UniformDelay(0.01, 0.1)
"""How long a datagram is held back for others to overtake it."""


Arrival = Literal["received", "overflowed", "refused", "vanished"]
"""What became of a copy of a datagram at its destination.

It reached the socket of a process, or found the socket buffer full; or no process listens there,
and its machine says so, or is not there either.
"""

_REFUSALS_SAVED = 6.0
_REFUSALS_RATE = 1.0
"""How many datagrams of one sender a machine refuses at once, and in a second (as Linux does).

It says nothing about further ones.
"""


class Counts:
    """How many datagrams one address sent and received, and the bytes of their UDP payload."""

    __slots__ = ("received", "received_bytes", "sent", "sent_bytes")

    def __init__(self) -> None:
        self.sent = 0
        self.sent_bytes = 0
        self.received = 0
        self.received_bytes = 0

    def sent_wire_bytes(self) -> int:
        """Returns the bytes sent, including the headers of IP and UDP."""
        return self.sent_bytes + HEADER_BYTES * self.sent


@attrs.frozen(eq=False)
class Rule:
    """Datagrams from `sources` to `targets` (None: any address) are lost at `loss_ratio`."""

    sources: frozenset[Address] | None
    targets: frozenset[Address] | None
    loss_ratio: float

    def covers(self, source: Address, target: Address) -> bool:
        """Returns whether this rule applies to a datagram from `source` to `target`."""
        return (self.sources is None or source in self.sources) and (
            self.targets is None or target in self.targets
        )


class _Refusals:
    """How many refusals a machine may send to another one at a time, saved up since `at`."""

    __slots__ = ("_at", "_saved")

    def __init__(self, now: float) -> None:
        self._at = now
        self._saved = _REFUSALS_SAVED

    def take(self, now: float) -> bool:
        """Returns whether one may be sent now, and counts it if so."""
        grown = self._saved + _REFUSALS_RATE * (now - self._at)
        self._saved, self._at = min(grown, _REFUSALS_SAVED), now
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True


Observer = Callable[[float, Address, Address, bytes, int], None]
"""Called with (time, source, target, data, copies): copies is 0 for a datagram that is lost."""


class Network:
    """A datagram network with faults.

    Attributes:
        delay: drawn for each copy of a datagram.
        loss_ratio: share of all datagrams that is lost, 0 to 1.
        duplicate_ratio: share that arrives twice, the second copy with a delay of its own.
        reorder_ratio: share that is held back by another `reorder_delay`.
        largest_bytes: payload of the largest datagram sent so far.
        sent, lost, duplicated: datagrams so far.
        vanished: copies that arrived where no process listens, or were rejected on their way.
        refused: those of them of which the sender was told so.
        overflowed: copies that found a full socket buffer.
        observers: called for each datagram that is sent.
    """

    def __init__(
        self,
        rng: Random,
        *,
        delay: Delay = LAN_DELAY,
        loss_ratio: float = 0.0,
        duplicate_ratio: float = 0.0,
        reorder_ratio: float = 0.0,
        reorder_delay: Delay = REORDER_DELAY,
    ) -> None:
        self.delay = delay
        self.loss_ratio = loss_ratio
        self.duplicate_ratio = duplicate_ratio
        self.reorder_ratio = reorder_ratio
        self.reorder_delay = reorder_delay
        self.largest_bytes = 0
        self.sent = 0
        self.lost = 0
        self.duplicated = 0
        self.vanished = 0
        self.refused = 0
        self.overflowed = 0
        self.observers: list[Observer] = []
        self._rng = rng
        self._rules: list[Rule] = []
        self._rejected: list[Rule] = []
        self._refusals: dict[tuple[Address, Address], _Refusals] = {}
        self._counts: dict[Address, Counts] = {}

    def counts(self, address: Address) -> Counts:
        """Returns what `address` has sent and received; the numbers grow as the run goes on."""
        found = self._counts.get(address)
        if found is None:
            found = self._counts[address] = Counts()
        return found

    def lose(
        self,
        loss_ratio: float,
        sources: Iterable[Address] | None = None,
        targets: Iterable[Address] | None = None,
    ) -> Rule:
        """Loses this share of the datagrams from `sources` to `targets`, until `heal`.

        None stands for every address. Rules add to `loss_ratio` and to each other as independent
        losses do. Returns the rule, for `heal`.
        """
        rule = Rule(
            None if sources is None else frozenset(sources),
            None if targets is None else frozenset(targets),
            loss_ratio,
        )
        self._rules.append(rule)
        return rule

    def partition(
        self, one: Iterable[Address], other: Iterable[Address], *, one_way: bool = False
    ) -> list[Rule]:
        """Cuts the links from `one` to `other` and, unless `one_way`, those back."""
        one, other = frozenset(one), frozenset(other)
        rules = [self.lose(1.0, one, other)]
        if not one_way:
            rules.append(self.lose(1.0, other, one))
        return rules

    def reject(self, sources: Iterable[Address], targets: Iterable[Address]) -> Rule:
        """Rejects datagrams from `sources` to `targets`, as a firewall may, until `heal`.

        It tells the senders of that as if the machines of the targets did.
        """
        rule = Rule(frozenset(sources), frozenset(targets), 1.0)
        self._rejected.append(rule)
        return rule

    def rejects(self, source: Address, target: Address) -> bool:
        """Returns whether datagrams from `source` to `target` are rejected."""
        return any(rule.covers(source, target) for rule in self._rejected)

    def heal(self, *rules: Rule) -> None:
        """Undoes these rules, or all if none is named. General loss stays."""
        self._rules = [rule for rule in self._rules if rules and rule not in rules]
        self._rejected = [rule for rule in self._rejected if rules and rule not in rules]

    def repair(self) -> None:
        """Ends every loss, repetition and reordering; the delays are those of a LAN."""
        self.heal()
        self.loss_ratio = self.duplicate_ratio = self.reorder_ratio = 0.0
        self.delay = LAN_DELAY

    def send(self, data: bytes, source: Address, target: Address, now: float) -> list[float]:
        """Counts a datagram and returns the delay of each copy that is to arrive."""
        size = len(data)
        counts = self._counts.get(source) or self.counts(source)
        counts.sent += 1
        counts.sent_bytes += size
        self.sent += 1
        self.largest_bytes = max(self.largest_bytes, size)
        if self._is_lost(source, target):
            self.lost += 1
            delays = []
        else:
            delays = [self._draw_delay()]
            if self.duplicate_ratio and self._rng.random() < self.duplicate_ratio:
                self.duplicated += 1
                delays.append(self._draw_delay())
        for observer in self.observers:
            observer(now, source, target, data, len(delays))
        return delays

    def arrived(self, data: bytes, target: Address, arrival: Arrival) -> None:
        """Counts a copy that came to its destination."""
        if arrival == "received":
            counts = self._counts.get(target) or self.counts(target)
            counts.received += 1
            counts.received_bytes += len(data)
        elif arrival == "overflowed":
            self.overflowed += 1
        else:
            self.vanished += 1

    def refuse(self, source: Address, target: Address, now: float) -> float | None:
        """Returns how long the word is under way that `target` refused a datagram of `source`.

        None: it says nothing, because it did so too often, or the word is lost.
        """
        allowance = self._refusals.get((target, source))
        if allowance is None:
            allowance = self._refusals[target, source] = _Refusals(now)
        if not allowance.take(now) or self._is_lost(target, source):
            return None
        self.refused += 1
        return self._draw_delay()

    def _is_lost(self, source: Address, target: Address) -> bool:
        lost = bool(self.loss_ratio) and self._rng.random() < self.loss_ratio
        for rule in self._rules:
            if rule.covers(source, target):
                lost = lost or rule.loss_ratio >= 1.0 or self._rng.random() < rule.loss_ratio
        return lost

    def _draw_delay(self) -> float:
        delay = self.delay.draw(self._rng)
        if self.reorder_ratio and self._rng.random() < self.reorder_ratio:
            delay += self.reorder_delay.draw(self._rng)
        return delay
