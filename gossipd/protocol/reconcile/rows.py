"""The exchange of member rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from ..address import Address
from ..membership import MemberTable, Peer, View, admitted, beats, has_newer_tags
from ..outbox import Outbox
from ..part import Admits, Handler
from ..runtime import Runtime
from ..wire import FORGOTTEN, MEMBERS, Claim, Rows, Span, claim_bytes
from .exchange import FRAME_BYTES, WINDOW, Exchange


class RowExchange(Exchange[str]):
    """Compares and completes the member table with one peer at a time."""

    def __init__(self, runtime: Runtime, outbox: Outbox, table: MemberTable, view: View) -> None:
        super().__init__(runtime, outbox, MEMBERS, table.fingerprint)
        self._table = table
        self._view = view
        self.handlers = {Rows: Handler(self.on_rows, Admits.ECHOED)}

    def fits(self, first: int, last: int) -> bool:
        """Returns whether the rows from `first` to `last` fit into one datagram."""
        return self._listed(first, last) is not None

    def tell(self, span: Span, to: Address) -> bool:
        """Lists the rows in `span`. Returns False, and does nothing, if they are too many."""
        listed = self._listed(span.first, span.last)
        if listed is None:
            return False
        self._outbox.send(to, Rows(b"", listed, span=span))
        return True

    def on_rows(self, rows: Rows, peer: Peer) -> None:
        """Merges the peer's rows; answers a list with those in which the peer is behind.

        A final message is the answer to a list of ours. `more` says that the list was news to the
        peer, so that comparing anew is worth while, though nothing here may be news to us.
        """
        claims = admitted(self._runtime, self._table, peer, rows.claims)
        news = self._view.merge(claims, peer.sender.id)
        if not rows.final:
            self._answer(rows, news, peer.source)
        elif rows.total and (rows.more or news):
            self.go_on(rows.span if news else None, rows.total, peer.source)
        self._view.tell_changed([claim.id for claim in rows.claims])

    def _answer(self, rows: Rows, news: bool, to: Address) -> None:
        span = rows.span or Span(1, 0)
        pages, next_position = self._pages(rows.claims, span)
        if not pages and not news:
            return
        total = self._fingerprint.total
        for page in pages[:-1]:
            self._outbox.send(to, Rows(b"", page, final=True))
        rest = self.rest(span, next_position)
        last = pages[-1] if pages else []
        self._outbox.send(to, Rows(b"", last, final=True, more=news, total=total, span=rest))

    def _pages(self, theirs: Sequence[Claim], span: Span) -> tuple[list[list[Claim]], int | None]:
        """Returns datagrams of rows in which a peer is behind, and where the next one begins."""
        pages: list[list[Claim]] = []
        budget = 0
        for position, claim in self._newer(theirs, span):
            size = claim_bytes(claim)
            if size > budget:
                if len(pages) >= min(span.window, WINDOW):
                    return pages, max(position, span.first)
                pages.append([])
                budget = self._outbox.payload_bytes - FRAME_BYTES
            budget -= size
            pages[-1].append(claim)
        return pages, None

    def _newer(self, theirs: Sequence[Claim], span: Span) -> Iterator[tuple[int, Claim]]:
        """Yields rows in which the peer is behind, with their positions: listed ones first.

        A listed row that this node does not take, because it is too old, is answered by the claim
        that its member is forgotten. Otherwise the two tables would differ for ever.
        """
        rows, now = self._table.rows, self._runtime.now
        listed = {claim.id for claim in theirs}
        for claim in theirs:
            row = rows.get(claim.id)
            if row is not None and (beats(row, claim) or has_newer_tags(row, claim)):
                yield -1, row.tagged_claim(now)
            elif row is None and self._view.overdue(claim):
                yield -1, structs.replace(claim, age=FORGOTTEN)
        for position, member in self._fingerprint.walk(span.first, span.last):
            if member not in listed:
                yield position, rows[member].tagged_claim(now)

    def _listed(self, first: int, last: int) -> list[Claim] | None:
        """Returns the rows from `first` to `last`, None if they do not fit into a datagram."""
        budget = self._outbox.payload_bytes - FRAME_BYTES
        found: list[Claim] = []
        for _, member in self._fingerprint.walk(first, last):
            claim = self._table.rows[member].tagged_claim(self._runtime.now)
            budget -= claim_bytes(claim)
            if budget < 0:
                return None
            found.append(claim)
        return found
