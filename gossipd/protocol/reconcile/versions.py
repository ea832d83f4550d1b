"""The exchange of counters: which versions of which owners each side has, and what it lacks.

An owner numbers its changes, so one number says what a node has of an owner. A node that sees a
list of such numbers can tell both what the peer lacks and what it lacks itself.

    B --haves (what B has of some owners)--> A
    A --delta; haves of what A lacks-------> B
    B --delta------------------------------> A
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

import attrs

from ..address import Address
from ..counters import Ledger, Told, Writes, is_admitted
from ..events import ContentDiffers
from ..fingerprint import WHOLE, part_range
from ..membership import MemberTable, Peer
from ..outbox import Outbox
from ..part import Admits, Handler
from ..runtime import Runtime
from ..wire import COUNTERS, Content, Delta, Group, Have, Haves, Message, Span, group_bytes
from .exchange import FRAME_BYTES, WINDOW, Exchange

_HAVE_BYTES = 42
_TOLD_BYTES = 10
_TOLD = 2
"""Of how many owners a list says how far the peer has come: it cuts one at a time."""


@attrs.define
class _Page:
    """One datagram of an answer; `cut` as in `Delta`."""

    groups: list[Group] = attrs.field(factory=list)
    cut: int | None = None


class VersionExchange(Exchange[bytes]):
    """Compares and completes the ledger with one peer at a time."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        ledger: Ledger,
        writes: Writes,
    ) -> None:
        super().__init__(runtime, outbox, COUNTERS, ledger.fingerprint)
        self._table = table
        self._ledger = ledger
        self._writes = writes
        self.handlers = {
            Haves: Handler(self.on_haves, Admits.ECHOED),
            Delta: Handler(self.on_delta, Admits.ECHOED),
            Content: Handler(self.on_content, Admits.ECHOED),
        }

    def fits(self, first: int, last: int) -> bool:
        """Returns whether the versions of the owners from `first` to `last` fit a datagram."""
        return self._listed(first, last) is not None

    def tell(self, span: Span, to: Address) -> bool:
        """Lists the versions of the owners in `span`. Returns False if they are too many."""
        owners = self._listed(span.first, span.last)
        if owners is None:
            return False
        self._outbox.send(to, self._haves(owners, to, span=span))
        return True

    def on_haves(self, haves: Haves, peer: Peer) -> None:
        """Sends what the peer lacks, and asks for what it has and we do not.

        A list without a span, or a final one, says nothing of the owners that are not in it. Who
        asks for something is the one to go on, once it got that: so only one of the two does.
        """
        span = haves.span or Span(0, -1)
        wanted = [have.owner for have in haves.haves if self._behind(have)]
        asking = bool(wanted) and not haves.final
        taken = _HAVE_BYTES * len(wanted) + FRAME_BYTES if asking else 0
        pages, next_position = self._pages(haves, span, taken)
        messages: list[Message] = []
        if asking:
            messages.append(self._haves(wanted, peer.source, final=True))
        for page in pages[:-1]:
            self._outbox.send(peer.source, *messages, Delta(page.groups, cut=page.cut))
            messages = []
        if pages:
            total = 0 if asking else self._fingerprint.total
            more = next_position is not None
            # What is left of a list without a span is found in the whole table alone.
            left = haves.span or Span(*part_range(WHOLE))
            rest = self.rest(left, next_position)
            messages.append(Delta(pages[-1].groups, more, total, rest, pages[-1].cut))
        if messages:
            self._outbox.send(peer.source, *messages)

    def on_delta(self, delta: Delta, peer: Peer) -> None:
        """Merges entries that this node lacked, and goes on once they have taken effect.

        Only if they were news: a delta that came twice must not begin a second chain of exchanges.
        """
        news = False
        for group in delta.groups:
            cut = delta.cut if group is delta.groups[-1] else None
            if is_admitted(self._runtime, self._ledger, group, peer.sender.id):
                news |= self._writes.merge(group, Told(peer.process, cut))
        if delta.total and news:
            call = partial(self.go_on, delta.span, delta.total, peer.source)
            self._writes.afterwards(call)

    def _haves(
        self, owners: list[bytes], to: Address, *, final: bool = False, span: Span | None = None
    ) -> Haves:
        """Returns the versions of these owners, and how far the node at `to` has told them."""
        places = enumerate(self._ledger.told(owner, to) for owner in owners)
        told = dict(islice(((place, version) for place, version in places if version), _TOLD))
        return Haves(b"", self._ledger.haves(owners), final, span, told)

    def _listed(self, first: int, last: int) -> list[bytes] | None:
        """Returns the owners from `first` to `last`, None if they do not fit into a datagram."""
        taken = FRAME_BYTES + _TOLD * _TOLD_BYTES
        fitting = (self._outbox.payload_bytes - taken) // _HAVE_BYTES
        found: list[bytes] = []
        for _, owner in self._fingerprint.walk(first, last):
            if len(found) == fitting:
                return None
            found.append(owner)
        return found

    def _pages(self, theirs: Haves, span: Span, taken: int) -> tuple[list[_Page], int | None]:
        """Returns datagrams of what the peer lacks, and the position at which the next one begins.

        An owner's entries may be cut anywhere in the order of versions; the next datagram begins
        with the same owner then. `taken` are bytes of the first datagram that are not free.
        """
        pages: list[_Page] = []
        budget = 0
        whole = self._outbox.payload_bytes - FRAME_BYTES
        window = min(max(span.window, 1), WINDOW)
        for position, owner, begin in self._lacking(theirs, span):
            since = begin
            while True:
                group, complete = self._ledger.group(owner, since, budget)
                if group is not None:
                    pages[-1].groups.append(group)
                    budget -= group_bytes(group)
                    rows = group.rows
                    since = max([row.version for row in rows], default=group.upto)
                if complete:
                    break
                if group is not None:
                    pages[-1].cut = self._ledger.have(owner)
                if len(pages) == window:
                    return pages, max(position, span.first)
                pages.append(_Page())
                budget = whole - (0 if len(pages) > 1 else taken)
        return pages, None

    def _lacking(self, theirs: Haves, span: Span) -> Iterator[tuple[int, bytes, int]]:
        """Yields position and id of owners of which the peer lacks something, and since when."""
        listed = {have.owner for have in theirs.haves}
        for place, have in enumerate(theirs.haves):
            if self._ahead(have):
                yield -1, have.owner, self._since(have, theirs.told.get(place, 0))
        for position, owner in self._fingerprint.walk(span.first, span.last):
            if owner not in listed and self._ledger.newest(owner):
                yield position, owner, 0

    def _ahead(self, have: Have) -> bool:
        [ours] = self._ledger.haves([have.owner])
        return ours.version > have.version or _newest(ours) > _newest(have) or _differ(ours, have)

    def _behind(self, have: Have) -> bool:
        [ours] = self._ledger.haves([have.owner])
        return ours.version < have.version or _newest(ours) < _newest(have) or _differ(ours, have)

    def _since(self, have: Have, told: int) -> int:
        """From which version on the peer is sent entries: beyond its gap, if we cannot fill it."""
        [ours] = self._ledger.haves([have.owner])
        if ours.version > have.version or _differ(ours, have):
            return max(have.version, told)
        return _newest(have)

    # The sweep: equal versions must mean equal content, and if a bug broke that, it shall not last.

    def start(self) -> None:
        """Begins to compare contents in the background."""
        phase = self._runtime.rng.random() * self._runtime.config.sweep_interval
        self._runtime.after("sweep", phase, self._sweep)

    def _sweep(self) -> None:
        self._runtime.after("sweep", self._runtime.config.sweep_interval, self._sweep)
        owners = list(self._ledger.owners)
        peers = self._table.sample(1)
        if owners and peers:
            owner = owners[int(self._runtime.rng.random() * len(owners))]
            since = self._ledger.part(owner, self._runtime.rng.random())
            content = self._ledger.content(owner, since)
            if content is not None:
                self._outbox.send(peers[0].address, Content(owner, *content, since))

    def on_content(self, content: Content, peer: Peer) -> None:
        """Merges anew with a peer that has the same version of an owner, but other entries."""
        known = self._ledger.content(content.owner, content.since)
        if known is None or known[0] != content.version or known[1] == content.digest:
            return
        where = f"{peer.source[0]}:{peer.source[1]}"
        self._runtime.notify_seldom(f"content {where}", ContentDiffers(content.owner.hex(), where))
        owner, since = content.owner, content.since
        theirs = Haves(b"", [Have(owner, since)], final=True)
        group, complete = self._ledger.group(owner, since, self._outbox.payload_bytes // 2)
        ours = Delta([] if group is None else [group], more=not complete)
        self._outbox.send(peer.source, theirs, ours)


def _newest(have: Have) -> int:
    return max(have.version, have.newest)


def _differ(one: Have, other: Have) -> bool:
    """Returns whether two nodes differ in entries beyond a gap alone, which none of them fills."""
    same = (one.version, one.newest) == (other.version, other.newest)
    return same and one.loose != other.loose
