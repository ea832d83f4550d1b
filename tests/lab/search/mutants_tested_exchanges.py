"""Mutants that a test of the protocol finds: how far an exchange goes, and what ends it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from unittest.mock import patch

from msgspec import structs

from gossipd.protocol import State
from gossipd.protocol.foreign import Foreign
from gossipd.protocol.membership import detector, gone, leaving, table
from gossipd.protocol.membership.table import Member
from gossipd.protocol.reconcile import rows, versions
from gossipd.protocol.reconcile.exchange import WINDOW, Exchange
from gossipd.protocol.wire import DEAD, Claim, Nack, Span
from tests.lab.search.mutants import tested_mutant as mutant

_DEAD = tuple(
    Claim(f"10.1.{number // 250}.{number % 250 + 1}:8088", 1 + number, 0, DEAD)
    for number in range(3000)
)

_MEMBERSHIP = "protocol/membership/test_"
_EXCHANGE = "protocol/reconcile/test_exchange.py::"

# Failure detection


@mutant(
    detector.Detector,
    "on_nack",
    _MEMBERSHIP + "detector.py::test_relays_that_all_tried_in_vain_end_the_probe",
)
def probes_always_last_an_interval(original: Any, self: Any, nack: Nack, peer: Any) -> None:
    """A probe whose relays have all tried in vain fails no earlier than others."""
    original(self, Nack(nack.number), peer)


@mutant(
    detector.Detector,
    "on_nack",
    _MEMBERSHIP + "detector.py::test_relays_that_did_not_try_end_no_probe",
)
def any_nack_is_a_try(original: Any, self: Any, nack: Nack, peer: Any) -> None:
    """A probe fails early though relays have not pinged its target."""
    original(self, Nack(nack.number, tried=True), peer)


# Anti-entropy


@mutant(
    Exchange,
    "rest",
    _EXCHANGE + "test_a_joiner_gets_everything_in_little_more_than_it_takes",
    State(members=_DEAD),
)
def windows_do_not_grow(original: Any, self: Any, span: Span, position: int | None) -> Any:
    """Each datagram of a large table has to be asked for."""
    rest = original(self, span, position)
    return rest and Span(rest.first, rest.last, span.window)


@mutant(rows.RowExchange, "_answer", _EXCHANGE + "test_an_answer_is_as_large_as_its_window", "rows")
def a_list_of_rows_asks_for_all(original: Any, self: Any, listed: Any, *others: Any) -> None:
    """A single list is answered by a burst of rows."""
    span = structs.replace(listed.span, window=WINDOW)
    original(self, structs.replace(listed, span=span), *others)


@mutant(
    versions.VersionExchange,
    "_pages",
    _EXCHANGE + "test_an_answer_is_as_large_as_its_window",
    "owners",
)
def a_list_of_owners_asks_for_all(
    original: Any, self: Any, theirs: Any, span: Span, taken: int
) -> Any:
    """A single list is answered by a burst of entries."""
    return original(self, theirs, structs.replace(span, window=WINDOW), taken)


@mutant(
    gone,
    "_considered",
    _MEMBERSHIP + "gone.py::test_the_newest_are_tried_most_and_those_that_left_least",
)
def the_gone_are_tried_in_turn(original: Any, *arguments: Any) -> Iterable[Member]:
    """A member that was declared dead a moment ago is tried no more often than others."""
    return [min(original(*arguments), key=lambda row: row.tried)]


@mutant(
    table.MemberTable,
    "set_removed",
    _EXCHANGE + "test_full_tables_agree_though_one_node_removed_an_old_row",
)
def removed_rows_never_make_room(original: Any, self: Any, row: Member, removed: bool) -> None:
    """A full table keeps an old row because this node alone was told to ignore the member."""
    original(self, row, removed)
    if removed:
        self._ages = sorted(age for age in self._ages if age[1] != row.id)


@mutant(
    Foreign, "take", "protocol/test_foreign.py::test_an_answer_is_shorter_than_what_asks_for_it", 0
)
def any_stranger_is_answered(original: Any, self: Any, data: bytes, *others: Any) -> None:
    """The answer to another cluster may be larger than what asked for it."""
    original(self, data + bytes(len(self._header)), *others)


# Leaving


@mutant(leaving.Leaving, "_is_enough", _MEMBERSHIP + "leaving.py::test_peers_see_left")
def one_ack_ends_a_leave(original: Any, self: Any) -> bool:
    """A node that leaves is gone once a single peer knows of it."""
    with patch.object(leaving, "_ENOUGH", 1):
        return original(self)


@mutant(leaving.Leaving, "_is_enough", _MEMBERSHIP + "leaving.py::test_three_acks_end_a_leave")
def all_acks_end_a_leave(original: Any, self: Any) -> bool:
    """A node that leaves waits for every peer that it told."""
    with patch.object(leaving, "_ENOUGH", leaving._TOLD):
        return original(self)
