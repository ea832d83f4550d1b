"""The writes of a process that wait for its disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random

from gossipd.protocol import Write

from .disk import Disk


class StagedWrites:
    """Writes that a process has staged and has not been told the outcome of, oldest first.

    A disk without a delay writes each of them in a transaction of its own, as soon as the effects
    of an input are carried out. A disk with a delay carries out one transaction at a time; what is
    staged meanwhile goes into the next one.

    Attributes:
        writes: all of them, to be read and added to.
    """

    __slots__ = ("_disk", "_in_transaction", "_reporting", "_rng", "writes")

    def __init__(self, disk: Disk, rng: Random) -> None:
        self.writes: deque[Write] = deque()
        self._disk = disk
        self._rng = rng
        self._in_transaction = 0
        self._reporting = False

    @property
    def idle(self) -> bool:
        """Whether neither a transaction nor the report of one is under way."""
        return not self._in_transaction and not self._reporting

    def begin(self) -> float | None:
        """Begins a transaction with all that is staged, and returns how long it takes.

        Returns None if there is nothing to begin, or if the disk has no delay.
        """
        if not self.writes or self._disk.delay is None or not self.idle:
            return None
        self._in_transaction = len(self.writes)
        return self._disk.delay.draw(self._rng)

    def end(self) -> Iterator[tuple[Write, bool]]:
        """Ends the transaction that was begun; yields as `end_oldest` does.

        What is staged while the caller goes through the writes waits for the next transaction.
        """
        count, self._in_transaction = self._in_transaction, 0
        self._reporting = True
        yield from self.end_oldest(count)
        self._reporting = False

    def end_oldest(self, count: int) -> Iterator[tuple[Write, bool]]:
        """Ends a transaction of the oldest writes, which succeeds or fails as a whole.

        After a failure all other staged writes fail as well, without being tried, as the effect
        `Persist` demands. Yields each write with whether it succeeded, for the caller to report.
        """
        failing = self._disk.failing
        kept = not failing or self._rng.random() >= failing
        on_disk = kept or self._rng.random() < 0.5
        for number in range(count if kept else len(self.writes)):
            write = self.writes.popleft()
            if on_disk and number < count:
                self._disk.write(write)
            yield write, kept
