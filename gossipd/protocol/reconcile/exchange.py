"""How two nodes find what differs between their tables, whatever the tables' size.

    B --sums of all-------------------------> A
    A --sums of a sixteenth that differs----> B      and so on, until a part fits into a datagram
    B --list of what it has in that part----> A
    A --what B lacks, as far as it may------> B      (and, for counters, what A lacks itself)
    B --list of what it has in the rest-----> A      as long as there is a rest, and B got news

A table that fits into one datagram is listed whole, without sums. Three rules bound the cost and
ensure progress. Nothing is listed in parts: a part that does not fit is narrowed further, so the
difference that the sums showed is among what is listed. An answer is cut at a position, and the
rest of the range is asked for next: so a node that lacks everything gets it in order. And an
exchange goes on only if what came last was news: so it ends, even where news is refused.

What may answer one list starts at one datagram, and doubles each time that the exchange goes on. So
a node that has nothing gets a large table in little more datagrams than the table fills, and a
stray list causes no burst.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar

from ..address import Address
from ..fingerprint import WHOLE, Fingerprint, part_range
from ..outbox import Outbox
from ..part import Part
from ..runtime import Runtime
from ..wire import Span, Sums

WINDOW = 16
"""Datagrams that answer one list at most: less than what a socket's buffer holds of them."""

FRAME_BYTES = 96
"""Upper bound of what frames and fields around lists take in a datagram."""

Key = TypeVar("Key", str, bytes)


class Exchange(Part, Generic[Key]):
    """The exchange of one table; what a list and an answer look like is said by its subclasses."""

    def __init__(
        self, runtime: Runtime, outbox: Outbox, table: int, fingerprint: Fingerprint[Key]
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._number = table
        self._fingerprint: Fingerprint[Key] = fingerprint

    @abstractmethod
    def tell(self, span: Span, to: Address) -> bool:
        """Lists what this node has in `span`. Returns False, and does nothing, if it is too much.

        The list asks for what differs in the span, in as many datagrams as `span.window` says.
        """

    @abstractmethod
    def fits(self, first: int, last: int) -> bool:
        """Returns whether what this node has from `first` to `last` fits into one datagram."""

    def begin(self, to: Address) -> None:
        """Begins to compare the whole table."""
        if not self.tell(Span(*part_range(WHOLE)), to):
            self._outbox.send(to, Sums(self._number, WHOLE, self._fingerprint.sums(WHOLE)))

    def narrow(self, sums: Sums, to: Address) -> None:
        """Goes on with one of the parts that differ: lists it if it fits, else sends its sums.

        Parts beside it that differ as well are listed with it, as far as all of them fit. The first
        one is drawn by chance, because what differs in one of them may be something that cannot be
        mended.
        """
        differing = self._fingerprint.differing(sums.prefix, sums.sums)
        if not differing:
            return
        drawn = int(self._runtime.rng.random() * len(differing))
        first, last = part_range(differing[drawn])
        if not self.fits(first, last):
            part = differing[drawn]
            self._outbox.send(to, Sums(self._number, part, self._fingerprint.sums(part)))
            return
        for begins, ends in map(part_range, differing[drawn + 1 :]):
            if begins != last + 1 or not self.fits(first, ends):
                break
            last = ends
        for begins, ends in map(part_range, reversed(differing[:drawn])):
            if ends != first - 1 or not self.fits(begins, last):
                break
            first = begins
        self.tell(Span(first, last), to)

    def go_on(self, rest: Span | None, total: int, to: Address) -> None:
        """Asks for the rest of a range, or compares anew if the tables still differ.

        Args:
            rest: what the last answer left out, with the window for the next one.
            total: the hash of the peer's table.
        """
        if total != self._fingerprint.total and not (rest and self.tell(rest, to)):
            self.begin(to)

    def rest(self, span: Span, next_position: int | None) -> Span | None:
        """Returns what an answer that stops before `next_position` leaves out of `span`."""
        if next_position is None:
            return None
        return Span(next_position, span.last, min(2 * span.window, WINDOW))
