"""The face of the room of counters: makes its parts and hands out what other rooms use."""

from __future__ import annotations

from collections.abc import Iterable

from ..membership import Member, MemberTable, RoundTrips
from ..outbox import Outbox
from ..part import Part
from ..runtime import Runtime
from .answers import Answers
from .holdings import Holdings
from .ledger import Ledger
from .pushes import Pushes
from .relays import Relays
from .upkeep import Upkeep
from .values import Values
from .writes import Writes


class Counters:
    """The counters of one node.

    Attributes:
        ledger: the counters' values, and who counted what.
        values: the same as clients may read it.
        writes: the queue through which every change of a counter passes.
        parts: all parts of this room, in the order in which they start.
    """

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        ledger: Ledger,
        round_trips: RoundTrips,
    ) -> None:
        holdings = Holdings()
        answers = Answers(runtime, table, holdings)
        relays = Relays(runtime, outbox, table, holdings, answers)
        pushes = Pushes(runtime, outbox, table, ledger, holdings, relays, round_trips)
        self.ledger = ledger
        self.values = Values(ledger, runtime.wall_ms)
        self.writes = Writes(runtime, outbox, ledger, pushes, relays, answers)
        self.parts: tuple[Part, ...] = (
            *(answers, relays, pushes, self.writes),
            Upkeep(runtime, ledger, self.writes),
        )
        self._answers = answers
        self._pushes = pushes

    def default_count(self) -> int | None:
        """Returns the value of the default counter, None if nothing at all has been counted."""
        if not self.ledger.owners and not self.writes.waiting()["writes"]:
            return None
        return self.ledger.default.value

    def members_changed(self, rows: Iterable[Member]) -> None:
        """Pushes what they lack to members that appeared or came back, and settles answers.

        Called with every member that changed: one that died or left may have been the last that
        an answer waited for.
        """
        for row in rows:
            self._pushes.catch_up(row)
        self._answers.settle()
