"""Mutants of named counters that tests find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gossipd.protocol.counters import inheritance, ledger, rows, upkeep
from gossipd.protocol.counters.ahead import Ahead
from gossipd.protocol.counters.draft import Draft
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.named import Names
from gossipd.protocol.counters.owner_log import OwnerLog
from gossipd.protocol.counters.sums import GONE, Sums
from gossipd.protocol.counters.upkeep import Upkeep
from gossipd.protocol.counters.writes import Writes
from gossipd.protocol.wire import DEFAULT, Entry, Row
from tests.lab.search.mutants import tested_mutant as mutant

_COUNTERS = "protocol/counters/test_"
_UPKEEP = _COUNTERS + "upkeep.py::"


@mutant(Ahead, "slot", _COUNTERS + "ahead.py::test_a_staged_entry_takes_the_place_of_its_slot")
def sums_are_built_on_what_is_in_effect(
    original: Any, self: Ahead, owner: bytes, name: str
) -> tuple[int, int]:
    """A change of a named counter builds upon the ledger, and not upon the writes before it."""
    if name == DEFAULT:
        return original(self, owner, name)
    return 0, self._ledger.total(owner, name)


@mutant(Ahead, "number_with", _COUNTERS + "plan.py::test_a_new_name_beyond_the_limit_is_refused")
def any_number_of_counters_may_be_made(original: Any, self: Ahead, more: Any) -> int:
    """The limit of counters is not kept."""
    return 0


@mutant(Sums, "merge", _COUNTERS + "ledger.py::test_a_sum_gives_way_to_a_newer_one_in_any_order")
def larger_sums_win(original: Any, self: Sums, owner: int, sums: Iterable[Entry]) -> Any:
    """Of named counters the larger sum stays, as of the default one, though they may fall."""
    held = {entry.name: self.find(owner, entry.name) for entry in sums}
    least = {name: each.count for name, each in held.items() if each is not None}
    larger = [entry for entry in sums if entry.count >= least.get(entry.name, entry.count)]
    return original(self, owner, larger)


@mutant(OwnerLog, "merge", _COUNTERS + "ledger.py::test_what_an_owner_has_is_cut_from_where_it_is")
def replaced_entries_are_found_again(original: Any, self: OwnerLog, sums: Iterable[Entry]) -> Any:
    """An entry that was replaced stays among those that are sent."""
    changes = original(self, sums)
    again = [held for held, before, _ in changes if before != GONE]
    if again:
        self._by_version.add(again)
    return changes


@mutant(Names, "page", _COUNTERS + "commands.py::test_a_peer_has_the_changes_and_names_of_another")
def pages_begin_with_the_last_name(
    original: Any, self: Names, prefix: str, after: str
) -> Iterator[str]:
    """A page repeats the last name of the page before."""
    yield from [after] if after else []
    yield from original(self, prefix, after)


@mutant(Upkeep, "_find_useless", _UPKEEP + "test_an_owner_takes_a_reset_over")
def redundant_rows_are_kept(original: Any, self: Upkeep, name: str, looked: Any) -> Any:
    """A row that says nothing more stays for ever."""
    return {key: seconds for key, seconds in original(self, name, looked).items() if not key[1]}


@mutant(Writes, "restate", _UPKEEP + "test_an_owner_takes_a_reset_over")
def nothing_is_taken_over(original: Any, self: Writes, names: Any) -> None:
    """An owner leaves its row as it is when others reset it."""


@mutant(Upkeep, "_kept_for", _UPKEEP + "test_what_was_deleted_is_kept_for_as_long_as_members_are")
def deletes_are_dropped_soon(original: Any, self: Upkeep) -> float:
    """What was deleted is dropped while a member that has not heard of it may still come."""
    return 600.0


@mutant(Draft, "restate", _UPKEEP + "test_an_owner_prolongs_what_others_prolonged")
def nobody_prolongs_for_others(original: Any, self: Draft, source: Any, row: Any) -> None:
    """An owner's row expires in the middle of a life that others prolonged."""
    if not getattr(row, "until", 0):
        original(self, source, row)


@mutant(upkeep, "over", _UPKEEP + "test_what_has_expired_is_dropped_after_a_while")
def what_has_expired_stays(original: Any, *arguments: Any) -> Any:
    """The rows of a life that is over are kept for ever."""
    return []


@mutant(
    upkeep, "void", _UPKEEP + "test_what_an_owner_that_is_gone_counted_is_not_dropped_by_a_delete"
)
def the_rows_about_it_are_dropped_alone(
    original: Any, ledger: Ledger, name: str, looked: Any
) -> Any:
    """What a delete left nothing of is dropped, though the row of its owner does not say so."""
    return [(source, b"") for source, seen in ledger.names.sources[name].items() if seen.void]


@mutant(Ledger, "content", _COUNTERS + "ledger.py::test_the_sweep_compares_what_stays")
def only_sums_are_compared(original: Any, self: Ledger, owner: bytes, since: int) -> Any:
    """The sweep passes over rows that say more than a sum."""
    log = self.owners.get(owner)
    rows = [] if log is None else [each for each in log.after(since) if isinstance(each, Entry)]
    return None if log is None else (log.have, hash(str(rows)))


@mutant(ledger, "joined", _COUNTERS + "rows.py::test_two_histories_of_a_log_are_joined")
def one_of_two_histories_wins(original: Any, known: Row, row: Row) -> Row:
    """Of two rows of a slot the larger is kept, though the node has merged what both say."""
    return max(known, row, key=rows.order)


@mutant(
    inheritance,
    "_sizes",
    _COUNTERS + "inheritance.py::test_closed_ids_do_not_keep_an_heir_from_folding",
)
def rows_of_closed_ids_are_rows_like_others(original: Any, *arguments: Any) -> tuple[int, int]:
    """With many counters a directory comes to an end of folding."""
    return len(arguments[-1].entries), 0
