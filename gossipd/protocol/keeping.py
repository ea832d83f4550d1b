"""What a store keeps of a node: its state, the members that changed, and checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import structs

from .config import Identity
from .counters import Ledger, checkpoint
from .membership import Clusters, Contacts, Member, MemberTable, first_claim, usable_id
from .runtime import Runtime
from .state import Changes, State
from .wire import ALIVE, DEAD, FORGOTTEN, LARGEST, LEFT, SUSPECT, Claim, Group


class Keeping:
    """Hands a store what it is to keep, and takes what one kept.

    A changed member is handed over once. So after a failure of the store all members must be
    declared changed, and a checkpoint brings the counters.
    """

    def __init__(
        self,
        runtime: Runtime,
        table: MemberTable,
        ledger: Ledger,
        contacts: Contacts,
        clusters: Clusters,
    ) -> None:
        self._runtime = runtime
        self._table = table
        self._ledger = ledger
        self._contacts = contacts
        self._clusters = clusters
        # The members that were live when a store was last written, and so became contacts, if their
        # cluster had an id by then.
        self._were_live: dict[str, Claim] = {}
        # What of this node's identity and the cluster's was handed over last.
        self._handed: tuple[tuple[int, ...], bool, str] = ((), False, "")

    def restore(self, kept: State | None) -> None:
        """Takes over what a store kept of an earlier run, and takes note that the store has it.

        Does nothing if that is None.
        """
        if kept is None:
            return
        table = self._table
        for group in kept.groups:
            self._ledger.apply(group)
        self._ledger.heirs.draw(kept.line)
        self._clusters.restore(kept.cluster_ids, kept.members, strayed=kept.strayed)
        self._handed = (*self._identity(), kept.node_id)
        removed = dict.fromkeys(kept.removed)
        for claim in kept.members:
            if claim.id == table.own.id:
                continue
            if claim.id in removed or claim.state in (DEAD, LEFT):
                self._restore_row(claim, kept.gone_since.get(claim.id), claim.id in removed)
            else:
                # A member that was alive may be gone by now, so it becomes a contact and no row.
                self._contacts.remember(claim)
                if kept.cluster_ids:
                    self._were_live[claim.id] = claim
        for member in kept.apart:
            if member not in table.rows:
                table.keep_apart(member)
        table.unkept.clear()
        for claim in kept.members:
            if claim.id in table.apart:
                table.unkept.note(claim.id)
        known = {*kept.apart, *(claim.id for claim in kept.members)}
        if table.own.id in known:
            # The state is a copy from another node, which knew this one, or of a former address.
            table.unkept.note(table.own.id)
            if usable_id(kept.node_id) and kept.node_id not in known:
                self._remember_original(kept)

    def _remember_original(self, kept: State) -> None:
        """Takes the node that kept a state of which this is a copy for a member of an earlier run.

        It may be down, and hold more of its own counts than the copy has.
        """
        claim = first_claim(kept.node_id, kept.generation, "")
        self._contacts.remember(claim)
        self._table.unkept.note(claim.id)
        if kept.cluster_ids:
            self._were_live[claim.id] = claim

    def assume(self, members: Iterable[Claim]) -> None:
        """Takes these members as met, and this node as one of their cluster."""
        self._contacts.assume(members)
        self._clusters.assume(self._table.rows)

    def counted(self) -> None:
        """Takes note that this node may have counted, so that its cluster needs an id."""
        self._clusters.counts()

    def asked(self) -> None:
        """Takes note that this node is asked to contact another one, maybe of another cluster."""
        self._clusters.settle()

    def state(self) -> State:
        """Returns all that a store would keep for the next run."""
        table = self._table
        rows = [row for row in table.rows.values() if not (row.forgotten or row is table.own)]
        known = (row.claim(row.since) for row in rows)
        return State(
            table.own.generation,
            (*known, *self._contacts.remembered(), *self._seeds_that_were_live()),
            tuple(row.id for row in rows if row.removed),
            tuple(self._ledger.all_groups()),
            {row.id: self._gone_since(row) for row in rows if row.state >= DEAD},
            table.apart.ids(),
            *self._identity(),
            self._ledger.heirs.line,
            table.own.id,
        )

    def changes(self, most: int) -> Changes | None:
        """Hands over up to `most` changed members; None if nothing has changed.

        The counters are not among them: a store has them from `Persist`, `Record` and `checkpoint`.
        """
        table = self._table
        taken = table.unkept.take(most, self._all_members())
        identity = (*self._identity(), table.own.id)
        if not taken and identity == self._handed:
            return None
        self._handed = identity
        members, removed, forgotten, gone = [], [], [], {}
        for member in taken:
            row = table.rows.get(member)
            if row is not None and row.forgotten:
                row = None
            claim = self._recall(member) if row is None else row.claim(row.since)
            if claim is None or row is table.own:
                forgotten.append(member)
            else:
                members.append(claim)
                if row is not None and row.state >= DEAD:
                    gone[member] = self._gone_since(row)
            if row is not None and row.removed:
                removed.append(member)
        return Changes(
            *(table.own.generation, tuple(members), tuple(removed), tuple(forgotten)),
            bool(table.unkept),
            gone,
            tuple(member for member in forgotten if member in table.apart),
            *self._identity(),
            table.own.id,
        )

    def checkpoint(self, most: int) -> Iterator[list[Group]]:
        """Yields all counters' rows in pieces, as `counters.checkpoint`."""
        return checkpoint(self._ledger, most)

    def all_changed(self, held: Iterable[str]) -> None:
        """Lets `changes` hand over all members anew, and ids of `held` that are unknown here."""
        self._table.unkept.fill([*held, *self._all_members()])

    def _identity(self) -> tuple[tuple[int, ...], bool]:
        return self._clusters.kept_ids, self._clusters.strayed

    def _recall(self, member: str) -> Claim | None:
        claims = (each for each in self._seeds_that_were_live() if each.id == member)
        return self._contacts.recall(member) or next(claims, None)

    def _seeds_that_were_live(self) -> Iterable[Claim]:
        """Yields what is known of seeds that were members, and have not been met again.

        They are kept, so that a seed whose address is given to another cluster is told from one
        that this node has never joined.
        """
        for seed in self._contacts.configured():
            if seed.name in self._were_live and seed.name not in self._table.rows:
                yield self._were_live[seed.name]

    def _all_members(self) -> Iterable[str]:
        yield from self._table.rows
        yield from (claim.id for claim in self._contacts.remembered())
        yield from (claim.id for claim in self._seeds_that_were_live())
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
        # The limit may have been larger in an earlier run. What is alive was removed here, which
        # must not be lost.
        full = len(self._table.rows) >= self._runtime.config.member_limit
        if full and not self._table.make_room(known) and state >= DEAD:
            return
        row = self._table.add(known, self._runtime.now)
        self._table.set_removed(row, removed)


def own_claim(kept: State, identity: Identity, tags: str) -> Claim:
    """Returns what a process says of itself at its start."""
    generation = max(_own_generation(kept, identity.node_id) + 1, identity.wall_ms)
    return first_claim(identity.node_id, min(generation, LARGEST), tags)


def _own_generation(kept: State, node_id: str) -> int:
    """Returns the largest generation that the kept state knows of this node's id."""
    known = [claim.generation for claim in kept.members if claim.id == node_id]
    return max([kept.generation, *known])
