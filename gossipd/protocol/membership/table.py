"""The member table: its rows and their hash, and the order of probes.

What a change of a row means beyond the table is decided in `view`.
"""

from __future__ import annotations

import heapq
from math import inf
from random import Random

import attrs
from msgspec import structs

from ..address import Address, split_node_id
from ..fingerprint import POSITIONS, Fingerprint, position_of, row_hash
from ..unkept import Unkept
from ..wire import ALIVE, DEAD, FORGOTTEN, LEFT, STATES, SUSPECT, Claim, Tags
from .apart import Apart
from .timetable import Ring

_STALE_AGES = 1000


class Member:
    """A row of the member table.

    Attributes:
        id: the id of the member.
        address: the address that the id names.
        generation, incarnation, state: what the claim that won last says.
        accuser: the id of the member that made this one suspect or dead; empty if none did.
        evidence: what the accuser had for it, as in a claim.
        removed: whether this node was told to ignore the member.
        forgotten: whether it is gone and forgotten. The row is shown to nobody and in no hash. It
            is kept for a while so that older claims about the member are recognized.
        since: the time at which its present state or generation began, as far as is known here;
            or at which it was forgotten.
        tried: the time at which it was last tried while it was gone, or `since`.
        doubted: the time since which it was suspect, the last time that it was.
        spoke: the largest generation whose process has spoken to this node from the address.
        in_vain: the time at which it did not answer a ping for another node.
        tags: its tags in this generation, None if none are known.
        program: the version of its program, empty if it has not told this node.
    """

    __slots__ = (
        "accuser",
        "address",
        "doubted",
        "evidence",
        "forgotten",
        "generation",
        "id",
        "in_vain",
        "incarnation",
        "program",
        "removed",
        "since",
        "spoke",
        "state",
        "tags",
        "tried",
    )

    def __init__(self, claim: Claim, now: float) -> None:
        self.id = claim.id
        self.address: Address = split_node_id(claim.id)
        self.generation = claim.generation
        self.incarnation = claim.incarnation
        self.state = claim.state
        self.accuser, self.evidence = claim.accuser, claim.evidence
        self.removed = False
        self.forgotten = claim.forgotten
        self.since = now if claim.forgotten else now - claim.age
        self.tried = now
        self.doubted = now
        self.in_vain = -inf
        self.spoke = -1
        self.tags = claim.tags
        self.program = ""

    @property
    def live(self) -> bool:
        """Returns whether messages are sent to it: it is alive or suspect, and not removed here."""
        return self.state <= SUSPECT and not self.removed

    def runs(self, program: str) -> None:
        """Takes note of the version of its program."""
        self.program = program

    def try_again(self, now: float) -> None:
        """Notes that this member, which is dead or left, is tried at `now`."""
        self.tried = now

    def doubt(self, now: float) -> None:
        """Notes that the member is suspect from now on."""
        self.doubted = now

    def hear(self, generation: int) -> None:
        """Notes that the process of a generation has spoken from the member's address."""
        self.spoke = max(self.spoke, generation)

    def missed(self, now: float) -> None:
        """Notes that the member did not answer a ping for another node."""
        self.in_vain = now

    def age(self, now: float) -> int:
        """Returns for how many seconds the member has been dead or left; 0 for the living."""
        if self.state < DEAD:
            return 0
        if self.forgotten:
            return FORGOTTEN
        return min(max(int(now - self.since), 0), FORGOTTEN - 1)

    def at_least(self, age: int, now: float) -> None:
        """Takes note that the member has been dead or left for `age` seconds at least."""
        if not self.forgotten:
            self.since = min(self.since, now - age)

    def claim(self, now: float) -> Claim:
        """Returns the row as a claim, as it is at `now`, without the tags."""
        return Claim(
            *(self.id, self.generation, self.incarnation, self.state, self.accuser, self.age(now))
        )

    def tagged_claim(self, now: float) -> Claim:
        """Returns the row as a claim that tells the tags as well."""
        claim = self.claim(now)
        return claim if self.tags is None else structs.replace(claim, tags=self.tags)


@attrs.frozen
class MemberView:
    """A row as a value for the outside.

    `state` is alive, suspect, dead or left; `tags` is the text of the member's tags.
    """

    id: str
    state: str
    generation: int
    incarnation: int
    removed: bool
    tags: str = ""


class MemberTable:
    """All rows, this node's own included.

    Attributes:
        rows: all rows by id.
        live: the peers that are alive or suspect and not removed here, by id.
        gone: the members that are dead or left, and neither removed here nor forgotten, by id.
        forgotten: the rows of the forgotten, by id, the oldest first.
        apart: the ids of the forgotten that are still tried.
        removed: the addresses of the members that are removed here.
        own: this node's row.
        ring: the live members and this node, in the order in which they probe each other.
        fingerprint: the hash of all rows but those of the forgotten.
        counts: how many rows there are of each kind: removed here, or else by state. The forgotten
            are left out.
        unkept: the ids of the members of which a store lacks the row, or has one too many.
    """

    def __init__(self, own: Claim, key: bytes, rng: Random, now: float) -> None:
        self.rows: dict[str, Member] = {}
        self.live: dict[str, Member] = {}
        self.gone: dict[str, Member] = {}
        self.forgotten: dict[str, Member] = {}
        self.apart = Apart(own.id, rng)
        self.removed: dict[Address, None] = {}
        self.fingerprint: Fingerprint[str] = Fingerprint()
        self.counts = dict.fromkeys((*STATES, "removed"), 0)
        self.unkept = Unkept()
        self._key = key
        self._rng = rng
        self._order: list[Member] = []
        self._next = 0
        # Generation and id of everybody who is dead or left, and of some who were.
        self._ages: list[tuple[int, str]] = []
        self.own = Member(own, now)
        self.rows[own.id] = self.own
        self.ring = Ring()
        self.ring.add(own.id)
        self._count(self.own, 1)
        self._rehash(self.own)

    def size(self) -> int:
        """Returns n of the formulas: how many peers are live, and one for this node."""
        return len(self.live) + 1

    def add(self, claim: Claim, now: float) -> Member:
        """Adds and returns a row for an id that has none."""
        row = self.rows[claim.id] = Member(claim, now)
        self._count(row, 1)
        self._rehash(row)
        self._sort_in(row)
        return row

    def change(self, row: Member, claim: Claim, now: float) -> None:
        """Takes over what `claim` says; the caller has found that it wins."""
        forgotten = claim.forgotten
        if (row.state, row.generation) != (claim.state, claim.generation) or row.forgotten:
            row.since, row.tried = now - (0 if forgotten else claim.age), now
        if row.generation != claim.generation:
            row.tags = claim.tags
        self._count(row, -1)
        row.generation, row.incarnation = claim.generation, claim.incarnation
        row.state, row.accuser, row.evidence = claim.state, claim.accuser, claim.evidence
        if forgotten:
            # A removal ends with what was removed: the address may be another node's by now.
            row.removed, row.since = False, now
            self.removed.pop(row.address, None)
        row.forgotten = forgotten
        self._count(row, 1)
        self._rehash(row)
        self._sort_in(row)

    def tag(self, row: Member, tags: Tags | None) -> None:
        """Gives a member these tags; the caller has found that they are its newest."""
        row.tags = tags
        self._rehash(row)

    def set_removed(self, row: Member, removed: bool) -> None:
        """Marks a member as removed here, or as no longer removed; its row stays."""
        self._count(row, -1)
        row.removed = removed
        self._count(row, 1)
        self.unkept.note(row.id)
        if removed:
            self.removed[row.address] = None
        else:
            self.removed.pop(row.address, None)
        self._sort_in(row)

    def make_room(self, claim: Claim) -> bool:
        """Forgets the oldest of the gone, so that a full table has room for a row of `claim`.

        Rows of the forgotten go first. Of the others, the oldest is the dead or left row of the
        smallest generation, and then of the smallest id.
        Rows that were removed here count like others, since nobody else knows of the removal; it
        ends with its row.
        Returns False if `claim` itself is older, or if nobody is gone. So all full tables keep the
        same rows, in whatever order they learned of them, and their hashes agree.
        """
        if self.forgotten:
            self.drop_forgotten(next(iter(self.forgotten.values())))
            return True
        while self._ages:
            generation, member = self._ages[0]
            row = self.rows.get(member)
            if row is not None and row.generation == generation and row.state >= DEAD:
                break
            heapq.heappop(self._ages)
        else:
            return False
        if claim.state >= DEAD and (claim.generation, claim.id) < self._ages[0]:
            return False
        self._drop(row)
        return True

    def keep_apart(self, member: str) -> None:
        """Keeps the id of a forgotten member apart, which may cost another id its place."""
        for each in (member, *self.apart.add(member)):
            self.unkept.note(each)

    def drop_forgotten(self, row: Member) -> None:
        """Drops the row of a forgotten member; its id may still be kept apart."""
        self._drop(row)

    def become(self, claim: Claim, now: float) -> None:
        """Replaces this node's row by one of `claim`, which has another id."""
        self._drop(self.own)
        if claim.id in self.rows:
            self._drop(self.rows[claim.id])
        self.apart.drop(claim.id)
        self.own = row = self.rows[claim.id] = Member(claim, now)
        self.ring.add(claim.id)
        self._count(row, 1)
        self._rehash(row)

    def next_probe(self) -> Member | None:
        """Returns the next peer in shuffled round-robin order (SWIM section 4.3), None if alone."""
        for _ in range(2):
            while self._next < len(self._order):
                row = self._order[self._next]
                self._next += 1
                if row.live and row.id in self.rows:
                    return row
            self._order = list(self.live.values())
            self._rng.shuffle(self._order)
            self._next = 0
        return None

    def sample(self, count: int, besides: str = "") -> list[Member]:
        """Returns up to `count` different live peers, drawn at random, without the id `besides`."""
        pool = len(self.live) - (besides in self.live)
        if pool <= count:
            return [row for row in self.live.values() if row.id != besides]
        chosen: dict[str, Member] = {}
        # The probe order holds every live peer, so drawing from it needs no copy of the table.
        while len(chosen) < count:
            row = self._order[int(self._rng.random() * len(self._order))]
            if row.live and row.id != besides:
                chosen[row.id] = row
        return list(chosen.values())

    def views(self) -> list[MemberView]:
        """Returns every row as a value, sorted by id."""
        return [
            MemberView(
                *(row.id, STATES[row.state], row.generation, row.incarnation, row.removed),
                row.tags.text if row.tags else "",
            )
            for _, row in sorted(self.rows.items())
            if not row.forgotten
        ]

    def _drop(self, row: Member) -> None:
        self.fingerprint.drop(row.id)
        self._count(row, -1)
        self.unkept.note(row.id)
        del self.rows[row.id]
        self.live.pop(row.id, None)
        self.ring.drop(row.id)
        self.gone.pop(row.id, None)
        self.forgotten.pop(row.id, None)
        self.removed.pop(row.address, None)
        # The probe order may still have the row, and must not take it for live.
        row.state = LEFT

    def _count(self, row: Member, by: int) -> None:
        if not row.forgotten:
            self.counts["removed" if row.removed else STATES[row.state]] += by

    def _sort_in(self, row: Member) -> None:
        if row is self.own:
            return
        was_live = row.id in self.live
        if row.live and not was_live:
            self.live[row.id] = row
            self.ring.add(row.id)
            self._order.insert(self._rng.randint(0, len(self._order)), row)
        elif was_live and not row.live:
            del self.live[row.id]
            self.ring.drop(row.id)
        if row.forgotten:
            self.forgotten[row.id] = row
            self.keep_apart(row.id)
        else:
            self.forgotten.pop(row.id, None)
            if row.state < DEAD:
                self.apart.drop(row.id)
        if row.state < DEAD or row.forgotten:
            self.gone.pop(row.id, None)
            return
        if row.removed:
            self.gone.pop(row.id, None)
        else:
            self.gone[row.id] = row
        heapq.heappush(self._ages, (row.generation, row.id))
        if len(self._ages) > 2 * (len(self.gone) + len(self.removed)) + _STALE_AGES:
            rows = (each for each in self.rows.values() if each.state >= DEAD)
            self._ages = [(each.generation, each.id) for each in rows if each is not self.own]
            heapq.heapify(self._ages)

    def _rehash(self, row: Member) -> None:
        """Brings the row's hash up to date in the fingerprint, and notes the change for a store.

        A suspect is hashed as alive: suspicion is a passing view, and no difference to reconcile.
        The forgotten are in no hash, so each node may drop their rows when it likes.
        """
        self.unkept.note(row.id)
        if row.forgotten:
            self.fingerprint.drop(row.id)
            return
        state = row.state if row.state in (DEAD, LEFT) else ALIVE
        tags = f" {row.tags.incarnation} {row.tags.text}" if row.tags else ""
        content = f"{row.id} {row.generation} {row.incarnation} {state}{tags}".encode()
        # The gone have the upper half of the positions, so that a node which asks for everything
        # gets the alive first.
        position = position_of(row.id.encode()) >> 1 | (POSITIONS >> 1 if state != ALIVE else 0)
        self.fingerprint.put(row.id, position, row_hash(content, self._key))
