"""What a store keeps of a node: all of it, or what changed since it was last handed over."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from .counters import Ledger
from .membership import Contacts, Member, MemberTable
from .runtime import Runtime
from .state import Changes, State
from .wire import ALIVE, DEAD, FORGOTTEN, LEFT, SUSPECT, Claim


class Keeping:
    """Hands a store what it is to keep, and takes what one kept.

    Whatever is handed over once is not handed over again until it changes. So after a failure of
    the store everything must be declared changed.
    """

    def __init__(
        self, runtime: Runtime, table: MemberTable, ledger: Ledger, contacts: Contacts
    ) -> None:
        self._runtime = runtime
        self._table = table
        self._ledger = ledger
        self._contacts = contacts

    def restore(self, kept: State | None) -> None:
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
                self._restore_row(claim, kept.gone_since.get(claim.id), claim.id in removed)
            else:
                # A member that was alive may be gone by now, so it becomes a contact and no row.
                self._contacts.remember(claim)
        for member in kept.apart:
            if member not in table.rows:
                table.keep_apart(member)
        self._ledger.unkept.clear()
        table.unkept.clear()
        for claim in kept.members:
            if claim.id in table.apart:
                table.unkept.note(claim.id, None)
        if any(claim.id == table.own.id for claim in kept.members):
            # The state is a copy from another node, which had a row of this one.
            table.unkept.note(table.own.id, None)

    def state(self) -> State:
        """Returns all that a store would keep for the next run."""
        table = self._table
        rows = [row for row in table.rows.values() if not (row.forgotten or row is table.own)]
        known = (row.claim(row.since) for row in rows)
        return State(
            table.own.generation,
            (*known, *self._contacts.remembered()),
            tuple(row.id for row in rows if row.removed),
            tuple(self._ledger.all_groups()),
            {row.id: self._gone_since(row) for row in rows if row.state >= DEAD},
            table.apart.ids(),
        )

    def changes(self, most: int) -> Changes | None:
        """Hands over up to `most` changed owners and members; None if nothing has changed."""
        table = self._table
        groups = self._ledger.changes(most)
        taken = table.unkept.take(most - len(groups), self._all_members())
        if not groups and not taken:
            return None
        members, removed, forgotten, gone = [], [], [], {}
        for member, _ in taken:
            row = table.rows.get(member)
            if row is not None and row.forgotten:
                row = None
            claim = self._contacts.recall(member) if row is None else row.claim(row.since)
            if claim is None or row is table.own:
                forgotten.append(member)
            else:
                members.append(claim)
                if row is not None and row.state >= DEAD:
                    gone[member] = self._gone_since(row)
            if row is not None and row.removed:
                removed.append(member)
        more = bool(table.unkept) or bool(self._ledger.unkept)
        generation = table.own.generation
        return Changes(
            *(generation, tuple(members), tuple(removed), tuple(groups), tuple(forgotten), more),
            gone,
            tuple(member for member in forgotten if member in table.apart),
        )

    def all_changed(self, held: Iterable[str]) -> None:
        """Lets `changes` hand over everything anew, and the ids of `held` that are unknown here."""
        self._ledger.unkept.fill(self._ledger.owners)
        self._table.unkept.fill([*held, *self._all_members()])

    def _all_members(self) -> Iterable[str]:
        yield from self._table.rows
        yield from (claim.id for claim in self._contacts.remembered())
        yield from self._table.apart.ids()

    # Ages, which a store keeps as times

    def _gone_since(self, row: Member) -> int:
        """Returns when a member went, in seconds since 1970 by this machine's clock."""
        age = self._runtime.now - row.since
        return max(1, int(self._runtime.wall_ms() / 1000 - age))

    def _restore_row(self, claim: Claim, since: int | None, removed: bool) -> None:
        """Adds the row of a member that was gone or removed, unless it is to be forgotten by now.

        A suspicion ended with the process that had it. Without one there is no deadline, and the
        row would stay suspect for ever. So a suspect is read back as alive.
        """
        state = ALIVE if claim.state == SUSPECT else claim.state
        wall = self._runtime.wall_ms() // 1000
        age = 0 if since is None or state < DEAD else min(max(wall - since, 0), FORGOTTEN - 1)
        if 0 < self._runtime.config.forget_after <= age:
            self._table.keep_apart(claim.id)
            return
        known = structs.replace(claim, state=state, age=age)
        # The limit may have been larger in an earlier run.
        full = len(self._table.rows) >= self._runtime.config.member_limit
        if full and not removed and not self._table.make_room(known):
            return
        row = self._table.add(known, self._runtime.now)
        self._table.set_removed(row, removed)
