"""The rows of lines."""

from __future__ import annotations

from gossipd.protocol.counters.heirs import floors_of, is_valid
from gossipd.protocol.wire import DEFAULT, Entry, Said
from tests.protocol.counters.lines import (
    FIRST,
    line,
    log,
)


def test_rows_of_no_line_are_refused() -> None:
    """What a peer sends is not believed to be well formed."""
    bad = [b"i", b"ix", b"i" + b"9" * 30, b"c" + b"1" * 17, b"p", b"ee", b"z", b""]
    rows = [Said(number, DEFAULT, source, 1, 1) for number, source in enumerate(bad, 1)]
    assert not any(is_valid(row) for row in rows)
    ledger = line(log(FIRST, *rows))
    assert len(ledger.owners[FIRST].entries) == 0


def test_floors_are_told_by_entries_and_by_what_is_inherited() -> None:
    """Not by rows of other counters, nor by what is not well formed."""
    rows = [Entry(1, DEFAULT, 3, 1), Entry(2, "a", 0, 1), Said(3, DEFAULT, b"i7", 1, 2)]
    rows.append(Said(4, DEFAULT, b"i" + b"9" * 30, 1, 2))
    assert list(floors_of(log(FIRST, *rows))) == [3, 7]
