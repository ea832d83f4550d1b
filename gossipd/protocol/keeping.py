"""What a store keeps of a node: all of it, or what changed since it was last handed over."""

from __future__ import annotations

from collections.abc import Iterable

from .counters import Ledger
from .membership import Contacts, MemberTable
from .state import Changes, State
from .wire import ALIVE, DEAD, LEFT, SUSPECT, Claim


class Keeping:
    """Hands a store what it is to keep, and takes what one kept.

    Whatever is handed over once is not handed over again until it changes. So after a failure of
    the store everything must be declared changed.
    """

    def __init__(
        self, table: MemberTable, ledger: Ledger, contacts: Contacts, member_limit: int
    ) -> None:
        self._member_limit = member_limit
        self._table = table
        self._ledger = ledger
        self._contacts = contacts

    def restore(self, kept: State | None, now: float) -> None:
        """Takes over what a store kept of an earlier run, and takes note that the store has it.

        Does nothing if that is None.
        """
        if kept is None:
            return
        table = self._table
        for group in kept.groups:
            self._ledger.apply(group)
        removed = dict.fromkeys(kept.removed)
        # Removed members have rows in any case, so they come before those that fill the table.
        for claim in sorted(kept.members, key=lambda claim: claim.id not in removed):
            if claim.id == table.own.id:
                continue
            if claim.id in removed or claim.state in (DEAD, LEFT):
                # A suspicion ended with the process that had it. Without one there is no deadline,
                # and the row would stay suspect for ever.
                state = ALIVE if claim.state == SUSPECT else claim.state
                known = Claim(claim.id, claim.generation, claim.incarnation, state, claim.accuser)
                # The limit may have been larger in an earlier run.
                full = len(table.rows) >= self._member_limit
                if full and claim.id not in removed and not table.make_room(known):
                    continue
                row = table.add(known, now)
                table.set_removed(row, claim.id in removed)
            else:
                # A member that was alive may be gone by now, so it becomes a contact and no row.
                self._contacts.remember(claim)
        self._ledger.unkept.clear()
        table.unkept.clear()
        if any(claim.id == table.own.id for claim in kept.members):
            # The state is a copy from another node, which had a row of this one.
            table.unkept.note(table.own.id, None)

    def state(self) -> State:
        """Returns all that a store would keep for the next run."""
        table = self._table
        rows = table.rows.values()
        known = (row.claim() for row in rows if row is not table.own)
        return State(
            table.own.generation,
            (*known, *self._contacts.remembered()),
            tuple(row.id for row in rows if row.removed),
            tuple(self._ledger.all_groups()),
        )

    def changes(self, most: int) -> Changes | None:
        """Hands over up to `most` changed owners and members; None if nothing has changed."""
        table = self._table
        groups = self._ledger.changes(most)
        taken = table.unkept.take(most - len(groups), self._all_members())
        if not groups and not taken:
            return None
        members, removed, forgotten = [], [], []
        for member, _ in taken:
            row = table.rows.get(member)
            claim = self._contacts.recall(member) if row is None else row.claim()
            if claim is None or row is table.own:
                forgotten.append(member)
            else:
                members.append(claim)
            if row is not None and row.removed:
                removed.append(member)
        more = bool(table.unkept) or bool(self._ledger.unkept)
        generation = table.own.generation
        return Changes(
            generation, tuple(members), tuple(removed), tuple(groups), tuple(forgotten), more
        )

    def all_changed(self, held: Iterable[str]) -> None:
        """Lets `changes` hand over everything anew, and the ids of `held` that are unknown here."""
        self._ledger.unkept.fill(self._ledger.owners)
        self._table.unkept.fill([*held, *self._all_members()])

    def _all_members(self) -> Iterable[str]:
        yield from self._table.rows
        yield from (claim.id for claim in self._contacts.remembered())
