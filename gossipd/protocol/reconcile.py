"""Anti-entropy: two nodes that exchange a ping end up with the same members and counters.

The gate is one hash per table on every ping and ack. Where they differ, the node that was pinged
begins, here for counters (members alike, with `Rows` in place of `Haves` and `Delta`):

    B --sums of sixteenths----------------> A
    A --sums of one sixteenth that differs--> B
    B --haves of the buckets that differ--> A
    A --delta; haves of what A lacks------> B
    B --delta-----------------------------> A

A small table skips the sums. Each step is one datagram. What is left is for the next exchange,
which one of the two begins at once, as long as the last one brought news.
"""

from __future__ import annotations

from functools import partial

from .address import Address
from .counters import Ledger, Writes, group_bytes
from .events import ContentDiffers
from .fingerprint import BUCKETS, Gates, mask_of, sixteenths
from .membership import Member, MemberTable, Peer, View, beats
from .outbox import Outbox
from .part import Admits, Handler, Part
from .runtime import Runtime
from .wire import (
    COUNTERS,
    MEMBERS,
    Claim,
    Content,
    Delta,
    Group,
    Have,
    Haves,
    Message,
    Rows,
    Sums,
)

_ALL = 2**BUCKETS - 1
_FEW_ROWS = 20
_FEW_OWNERS = 12
_HAVE_BYTES = 37
_FRAME_BYTES = 64


class Reconciler(Part):
    """Compares and completes the member table and the ledger with one peer at a time."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        view: View,
        ledger: Ledger,
        writes: Writes,
        gates: Gates,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._view = view
        self._ledger = ledger
        self._writes = writes
        self._gates = gates
        self.handlers = {
            Sums: Handler(self.on_sums, Admits.ECHOED),
            Rows: Handler(self.on_rows, Admits.ECHOED),
            Haves: Handler(self.on_haves, Admits.ECHOED),
            Delta: Handler(self.on_delta, Admits.ECHOED),
            Content: Handler(self.on_content, Admits.ECHOED),
        }

    def compare(self, members: int, counters: int, source: Address) -> None:
        """Begins an exchange for each table whose hash at `source` differs from ours."""
        ours = self._gates()
        if members != ours[0]:
            self._begin_members(source)
        if counters != ours[1]:
            self._begin_counters(source)

    def begin(self, source: Address) -> None:
        """Begins an exchange of both tables with a node that has just shown who it is."""
        self._begin_members(source)
        self._begin_counters(source)

    def on_sums(self, sums: Sums, peer: Peer) -> None:
        """Narrows a difference down, to sixteenths and then to buckets."""
        table = self._table if sums.table == MEMBERS else self._ledger
        differing = table.fingerprint.differing(sums.prefix, sums.sums)
        if not differing:
            return
        if sums.prefix >= 0:
            self._show(sums.table, mask_of(differing), peer.source)
            return
        mask = sixteenths(differing)
        few = _FEW_ROWS if sums.table == MEMBERS else _FEW_OWNERS
        if table.count_in(mask) <= few:
            self._show(sums.table, mask, peer.source)
            return
        prefix = self._runtime.rng.choice(differing)
        self._outbox.send(peer.source, Sums(sums.table, prefix, table.fingerprint.sums(prefix)))

    # Members

    def on_rows(self, rows: Rows, peer: Peer) -> None:
        """Merges the peer's rows, and answers with those in which it is behind."""
        news = self._view.merge(rows.claims, peer.sender.id)
        theirs = {claim.id: claim for claim in rows.claims}
        if not rows.final:
            mask = int.from_bytes(rows.buckets, "big")
            newer = [
                row
                for row in self._table.in_buckets(mask)
                if row.id not in theirs or beats(row, theirs[row.id])
            ]
            claims, fitted = self._fit(newer)
            more = rows.more or news or not fitted
            if claims or more:
                total = self._table.fingerprint.total
                self._outbox.send(
                    peer.source, Rows(b"", claims, final=True, more=more, total=total)
                )
        elif (rows.more or news) and rows.total != self._table.fingerprint.total:
            self._begin_members(peer.source)
        self._view.tell_changed(theirs)

    def _begin_members(self, source: Address) -> None:
        if len(self._table.rows) <= _FEW_ROWS:
            self._show(MEMBERS, _ALL, source)
        else:
            self._outbox.send(source, Sums(MEMBERS, -1, self._table.fingerprint.sums(-1)))

    def _fit(self, rows: list[Member]) -> tuple[list[Claim], bool]:
        """As many rows as fit into a datagram, and whether that is all."""
        budget = self._outbox.payload_bytes - _FRAME_BYTES - BUCKETS // 8
        claims: list[Claim] = []
        for row in rows:
            budget -= len(row.id) + len(row.accuser) + 28
            if budget < 0:
                return claims, False
            claims.append(row.claim())
        return claims, True

    def _show(self, table: int, mask: int, source: Address) -> None:
        """Lists what this node has in these buckets, as far as it fits."""
        if table == COUNTERS:
            self._show_counters(mask, source)
            return
        claims, fitted = self._fit(self._table.in_buckets(mask))
        self._outbox.send(source, Rows(_bytes(mask), claims, more=not fitted))

    # Counters

    def _begin_counters(self, source: Address) -> None:
        if len(self._ledger.owners) <= _FEW_OWNERS:
            self._show_counters(_ALL, source)
            return
        self._outbox.send(source, Sums(COUNTERS, -1, self._ledger.fingerprint.sums(-1)))

    def _show_counters(self, mask: int, source: Address) -> None:
        owners = self._ledger.in_buckets(mask)
        fitting = (self._outbox.payload_bytes - _FRAME_BYTES) // _HAVE_BYTES
        if len(owners) > fitting:
            # Without a bucket in the mask nothing is said of owners that are not listed.
            mask = 0
        self._outbox.send(source, Haves(_bytes(mask), self._ledger.haves(owners[:fitting])))

    def on_haves(self, haves: Haves, peer: Peer) -> None:
        """Sends what the peer lacks, and asks for what it has and we do not."""
        theirs = {have.owner: self._since(have) for have in haves.haves}
        within = self._ledger.in_buckets(int.from_bytes(haves.buckets, "big"))
        lacking = [owner for owner in within if owner not in theirs and self._ledger.newest(owner)]
        lacking += [have.owner for have in haves.haves if self._ahead(have)]
        wanted = [have.owner for have in haves.haves if self._behind(have)]
        budget = self._outbox.payload_bytes - _FRAME_BYTES
        messages: list[Message] = []
        asking = bool(wanted) and not haves.final
        if asking:
            budget -= _HAVE_BYTES * len(wanted) + _FRAME_BYTES
            messages.append(Haves(b"", self._ledger.haves(wanted), final=True))
        if lacking:
            delta = self._delta(lacking, theirs, budget)
            # Who asks for more is the one to go on, once it got that.
            total = 0 if asking else self._ledger.fingerprint.total
            messages.append(Delta(delta.groups, delta.more, total))
        if messages:
            self._outbox.send(peer.source, *messages)

    def on_delta(self, delta: Delta, peer: Peer) -> None:
        """Merges entries that this node lacked, and goes on once they have taken effect.

        Only if they were news: a delta that came twice must not begin a second chain of exchanges.
        """
        news = False
        for group in delta.groups:
            news |= self._writes.merge(group)
        if delta.total and news:
            self._writes.afterwards(partial(self._go_on, delta.total, peer.source))

    def _go_on(self, total: int, source: Address) -> None:
        if total != self._ledger.fingerprint.total:
            self._begin_counters(source)

    # The sweep: equal versions must mean equal content, and if a bug broke that, it shall not last.

    def start(self) -> None:
        """Begins to compare contents in the background."""
        phase = self._runtime.rng.random() * self._runtime.config.sweep_interval
        self._runtime.after("sweep", phase, self._sweep)

    def _sweep(self) -> None:
        wait = self._runtime.config.sweep_interval
        self._runtime.after("sweep", wait, self._sweep)
        owners = list(self._ledger.owners)
        peers = self._table.sample(1)
        if owners and peers:
            owner = owners[int(self._runtime.rng.random() * len(owners))]
            content = self._ledger.content(owner)
            if content is not None:
                self._outbox.send(peers[0].address, Content(owner, *content))

    def on_content(self, content: Content, peer: Peer) -> None:
        """Merges anew with a peer that has the same version of an owner, but other entries."""
        ours = self._ledger.content(content.owner)
        if ours is None or ours[0] != content.version or ours[1] == content.digest:
            return
        where = f"{peer.source[0]}:{peer.source[1]}"
        event = ContentDiffers(content.owner.hex(), where)
        self._runtime.notify_seldom(f"content {where}", event)
        theirs = Haves(b"", [Have(content.owner, 0)], final=True)
        self._outbox.send(
            peer.source, theirs, self._delta([content.owner], {}, self._outbox.payload_bytes // 2)
        )

    def _ahead(self, have: Have) -> bool:
        ledger = self._ledger
        newest = max(have.version, have.newest)
        return ledger.have(have.owner) > have.version or ledger.newest(have.owner) > newest

    def _behind(self, have: Have) -> bool:
        ledger = self._ledger
        newest = max(have.version, have.newest)
        return ledger.have(have.owner) < have.version or ledger.newest(have.owner) < newest

    def _since(self, have: Have) -> int:
        """From which version on the peer is sent entries: beyond its gap, if we cannot fill it."""
        if self._ledger.have(have.owner) > have.version:
            return have.version
        return max(have.version, have.newest)

    def _delta(self, owners: list[bytes], theirs: dict[bytes, int], budget: int) -> Delta:
        groups: list[Group] = []
        for owner in owners:
            group, whole = self._ledger.group(owner, theirs.get(owner, 0), budget)
            if group is not None:
                groups.append(group)
                budget -= group_bytes(group)
            if not whole:
                return Delta(groups, more=True)
        return Delta(groups)


def _bytes(mask: int) -> bytes:
    return mask.to_bytes(BUCKETS // 8, "big")
