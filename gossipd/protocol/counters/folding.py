"""Asks all members whether this process may take over what the ids before its own counted.

    A --fold_ask (ids, versions)--> every member
    A <--fold_answer (yes)--------- every member
    A writes what it inherits

A member that does not hold the same of an id says no, so that nothing is folded before all agree.
A process folds once. It does not as long as there is a member that is not live, or that was one in
an earlier run and has not been met: such a one may hold more of an id, or be a copy. What is asked
for in vain is asked again later, ever more seldom.
"""

from __future__ import annotations

from ..membership import Contacts, MemberTable, Peer
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import Bequest, FoldAnswer, FoldAsk
from .heirs import Ancestor
from .inheritance import digest, plain
from .ledger import Ledger
from .writes import Writes

_IDS_PER_ASK = 20
"""As many as fit into a datagram beside its other parts."""

_ROUND_SECONDS = 1.0
_ROUNDS = 5
"""How often, and how many times in a row, those are asked that have not answered."""

_LONGEST_WAIT = 3600.0


class Folding(Part):
    """Folds the ids of earlier processes on this directory."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        ledger: Ledger,
        writes: Writes,
        contacts: Contacts,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._ledger = ledger
        self._writes = writes
        self._contacts = contacts
        self.handlers = {
            FoldAsk: Handler(self.on_ask, Admits.ECHOED),
            FoldAnswer: Handler(self.on_answer, Admits.ECHOED),
        }
        self._number = 0
        self._wait = runtime.config.fold_after
        # What is asked, by the number of the question, and who has said yes to which.
        self._asked: list[Ancestor] = []
        self._pages: dict[int, FoldAsk] = {}
        self._agreed: set[tuple[str, int, int]] = set()
        self._rounds = 0

    def start(self) -> None:
        """Begins after a while, when those that live have been met."""
        if self._wait:
            self._runtime.after("fold", self._wait, self._begin)

    def on_ask(self, ask: FoldAsk, peer: Peer) -> None:
        """Answers whether anything that is known here is against it."""
        heirs = [each.owner for each in ask.ids[1:]] + [ask.heir]
        agreed = not any(
            self._objects(Ancestor(each.owner, each.version, each.digest, heir))
            for each, heir in zip(ask.ids, heirs, strict=True)
        )
        self._outbox.send(peer.source, FoldAnswer(ask.number, agreed))

    def on_answer(self, answer: FoldAnswer, peer: Peer) -> None:
        """Takes note of an answer, and folds if it was the last one."""
        if peer.row is None or answer.number not in self._pages:
            return
        if not answer.agreed:
            self._give_up()
            return
        self._agreed.add((peer.row.id, peer.row.generation, answer.number))
        self._fold_if_ready()

    def _objects(self, ancestor: Ancestor) -> bool:
        ledger, owner = self._ledger, ancestor.owner
        return (
            owner in ledger.heirs.closed
            or self._writes.runs_as(owner)
            or (ledger.have(owner), ledger.newest(owner)) != (ancestor.version, ancestor.version)
            or digest(ledger, owner) != ancestor.digest
            or any(child != ancestor.heir for child in ledger.heirs.children(owner))
            or not plain(ledger, owner)
        )

    def _begin(self) -> None:
        """Asks, if there is anything to fold and everybody is there."""
        self._asked = self._writes.ancestors()
        if not self._all_there() or not self._asked:
            self._give_up()
            return
        self._agreed.clear()
        self._pages = {}
        for at in range(0, len(self._asked), _IDS_PER_ASK):
            some = self._asked[at : at + _IDS_PER_ASK]
            self._number += 1
            ids = [Bequest(each.owner, each.version, each.digest) for each in some]
            self._pages[self._number] = FoldAsk(self._number, some[-1].heir, ids)
        self._rounds = 0
        self._ask()
        self._fold_if_ready()

    def _ask(self) -> None:
        if not self._pages:
            return
        if self._rounds == _ROUNDS:
            self._give_up()
            return
        self._rounds += 1
        for row in self._table.live.values():
            for number, page in self._pages.items():
                if (row.id, row.generation, number) not in self._agreed:
                    self._outbox.send(row.address, page)
        self._runtime.after("fold", _ROUND_SECONDS, self._ask)

    def _all_there(self) -> bool:
        """Returns whether every member that is not forgotten is live."""
        rows = self._table.rows.values()
        others = sum(not row.forgotten for row in rows) - 1
        return self._contacts.all_met() and others == len(self._table.live)

    def _fold_if_ready(self) -> None:
        for row in self._table.live.values():
            for number in self._pages:
                if (row.id, row.generation, number) not in self._agreed:
                    return
        if not self._all_there() or self._writes.ancestors() != self._asked:
            self._give_up()
            return
        self._pages = {}
        self._runtime.timers.cancel("fold")
        self._writes.inherit(self._asked)

    def _give_up(self) -> None:
        """Tries again later."""
        self._pages = {}
        self._runtime.after("fold", self._wait, self._begin)
        self._wait = min(2 * self._wait, _LONGEST_WAIT)
