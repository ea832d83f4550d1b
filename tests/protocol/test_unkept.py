"""What a store lacks of a table: noted change by change, and handed over once."""

from __future__ import annotations

from gossipd.protocol.unkept import Unkept


def test_nothing_is_noted_for_a_node_without_a_store() -> None:
    """It would only be kept in memory. The first that asks gets all keys there are."""
    unkept: Unkept[str, int] = Unkept()
    assert unkept.note("a", 1) is None
    assert 0 == len(unkept)
    assert [("a", None), ("b", None)] == unkept.take(9, ["a", "b"])
    assert [] == unkept.take(9, ["a", "b"])


def test_a_key_is_handed_over_once_for_all_its_changes() -> None:
    """With the note of the first of them, which the caller adds to."""
    unkept: Unkept[str, list[int]] = Unkept()
    unkept.clear()
    assert [1] == unkept.note("a", [1])
    lacking = unkept.note("a", [2])
    assert lacking is not None
    lacking.append(3)
    assert (lacking, None) == (unkept.noted("a"), unkept.noted("b"))
    assert [("a", [1, 3])] == unkept.take(9, ())
    assert [2] == unkept.note("a", [2])


def test_a_row_that_is_lacking_as_a_whole_stays_so() -> None:
    """Whatever changes of it meanwhile."""
    unkept: Unkept[str, int] = Unkept()
    unkept.fill(["a", "b"])
    assert unkept.noted("a") is None
    assert unkept.note("a", 1) is None
    assert 7 == unkept.note("c", 7)
    assert [("a", None), ("b", None), ("c", 7)] == unkept.take(3, ())


def test_pieces_are_all_that_was_noted() -> None:
    """Each key is in one of them."""
    unkept: Unkept[int, int] = Unkept()
    unkept.fill(range(10))
    pieces = [unkept.take(4, ()) for _ in range(4)]
    assert [4, 4, 2, 0] == [len(piece) for piece in pieces]
    assert list(range(10)) == sorted(key for piece in pieces for key, _ in piece)
