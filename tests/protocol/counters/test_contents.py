"""Which rows the sweep compares, and in which order."""

from __future__ import annotations

from gossipd.protocol.counters.contents import begin, compared
from gossipd.protocol.counters.courses import Told
from gossipd.protocol.counters.owner_log import OwnerLog
from gossipd.protocol.wire import Entry, Group


def log_of(*rows: Entry) -> OwnerLog:
    """Returns a log that has these rows, and vouches for them."""
    log = OwnerLog()
    for row in rows:
        log.put(row.slot, row)
    log.hear(Group(b"o" * 16, 0, max(row.version for row in rows), list(rows)), Told())
    return log


def test_each_row_of_a_small_log_is_the_first_at_times() -> None:
    """However far apart their versions are."""
    log = log_of(*(Entry(version, f"n{version}", 0, 1) for version in (1, 2, 3, 1000)))
    firsts = [compared(log, begin(log, drawn / 100))[0][0] for drawn in range(100)]
    assert ["n1", "n2", "n3", "n1000"] == list(dict.fromkeys(firsts))
    assert [25] * 4 == [firsts.count(name) for name in dict.fromkeys(firsts)]


def test_rows_of_one_version_have_one_order() -> None:
    """In whichever they came."""
    one, other = Entry(7, "one", 0, 1), Entry(7, "other", 0, 1)
    assert compared(log_of(one, other), 0) == compared(log_of(other, one), 0)
