"""The rows of lines."""

from __future__ import annotations

from random import Random

from gossipd.protocol.counters.heirs import DRAWN_BYTES, Heirs, floors_of, is_valid
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


def test_ids_of_one_directory_end_alike_and_none_comes_twice() -> None:
    """What is known already is drawn anew, be it an owner or closed."""
    heirs, draw = Heirs(), Random(7).randbytes
    first = heirs.new_id(draw, ())
    heirs.draw(first)
    drawn = [Random(8).randbytes(16 * number)[-16:] for number in (1, 2, 3)]
    line = [each[:DRAWN_BYTES] + first[DRAWN_BYTES:] for each in drawn]
    heirs.close(first, (line[1],))
    assert line[0] == heirs.new_id(Random(8).randbytes, ())
    assert line[2] == heirs.new_id(Random(8).randbytes, (line[0],))
