"""The entries of one owner, in order of version, whatever order they came in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.counters.owner_log import OwnerLog
from gossipd.protocol.wire import DEFAULT, Entry, empty_group_bytes, row_bytes

OWNER = b"o" * 16


def log_of(*entries: Entry) -> OwnerLog:
    """Returns a log with these entries."""
    log = OwnerLog()
    for entry in entries:
        log.put(entry.slot, entry)
    return log


@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from("abcdef")), unique_by=lambda each: each[0]
    ),
    st.integers(0, 40),
)
def test_the_newest_entry_of_each_slot_is_found_by_version(
    changes: list[tuple[int, str]], since: int
) -> None:
    """An entry that was replaced is not among those after a version."""
    kept = {}
    log = OwnerLog()
    for version, name in changes:
        kept[name] = Entry(version, name, 0, version)
        log.put(name, kept[name])
    expected = sorted(each.version for each in kept.values() if each.version > since)
    assert expected == [each.version for each in log.after(since)]
    assert max([0, *(version for version, _ in changes)]) == log.newest


def test_a_declared_floor_replaces_the_one_before() -> None:
    """A slot that was counted under stays beside it."""
    entries = [Entry(1, DEFAULT, 5, 0), Entry(2, DEFAULT, 5, 3), Entry(3, DEFAULT, 9, 0)]
    assert [2, 3] == [each.version for each in log_of(*entries).after(0)]


def test_a_group_that_is_cut_vouches_up_to_its_last_entry() -> None:
    """One that has room for nothing is none, and says that there is more."""
    entries = [Entry(version, f"n{version}", 0, 1) for version in range(1, 6)]
    log = log_of(*entries)
    log.vouch(5)
    budget = empty_group_bytes(0, 5) + 2 * row_bytes(entries[0])
    group, whole = log.group(OWNER, 0, budget)
    assert group is not None
    assert (2, entries[:2], False) == (group.upto, group.entries, whole)
    assert (None, False) == log.group(OWNER, 0, budget - 2 * row_bytes(entries[0]))
    assert (None, True) == log.group(OWNER, 5, budget)
