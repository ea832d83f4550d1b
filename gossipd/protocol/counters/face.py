"""The face of this room: makes the parts of counting, and what other rooms use of them."""

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
from .writes import Writes


class Counters:
    """The counters of one node.

    Attributes:
        ledger: their values, and who counted what.
        writes: the queue of what changes them.
        parts: all parts of this room.
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
        self.writes = Writes(runtime, outbox, ledger, pushes, relays, answers)
        self.parts: tuple[Part, ...] = (answers, relays, pushes, self.writes)
        self._answers = answers
        self._pushes = pushes

    def members_changed(self, rows: Iterable[Member]) -> None:
        """Tells members that appeared or came back what they lack, and answers what waited."""
        for row in rows:
            self._pushes.catch_up(row)
        self._answers.settle()
