"""What a store lacks of a table."""

from __future__ import annotations

from gossipd.protocol.unkept import Unkept


def test_nothing_is_noted_for_a_node_without_a_store() -> None:
    """It would only be kept in memory. The first that asks gets all keys there are."""
    unkept = Unkept()
    unkept.note("a")
    assert 0 == len(unkept)
    assert ["a", "b"] == sorted(unkept.take(9, ["a", "b"]))
    assert [] == unkept.take(9, ["a", "b"])


def test_a_key_is_handed_over_once_for_all_its_changes() -> None:
    """And again when it changes after that."""
    unkept = Unkept()
    unkept.clear()
    unkept.note("a")
    unkept.note("a")
    assert ["a"] == unkept.take(9, ())
    unkept.note("a")
    assert ["a"] == unkept.take(9, ())


def test_pieces_are_all_that_was_noted() -> None:
    """Each key is in one of them."""
    unkept = Unkept()
    unkept.fill(map(str, range(10)))
    pieces = [unkept.take(4, ()) for _ in range(4)]
    assert [4, 4, 2, 0] == [len(piece) for piece in pieces]
    assert list(map(str, range(10))) == sorted(key for piece in pieces for key in piece)
