"""What bytes were parsed to is found again, and takes no more memory than it may."""

from __future__ import annotations

from gossipd.daemon.repeated import LONGEST, MOST, Repeated


def test_found_again() -> None:
    """By the bytes, not by the object."""
    repeated = Repeated[int]()
    assert repeated.get(b"one") is None
    repeated.keep(b"one", 1)
    assert 1 == repeated.get(bytes(bytearray(b"one")))


def test_bounds() -> None:
    """Long inputs are not kept, and of short ones a bounded number is."""
    repeated = Repeated[int]()
    repeated.keep(b"x" * LONGEST, 0)
    repeated.keep(b"x" * (LONGEST + 1), 1)
    assert repeated.get(b"x" * LONGEST) == 0
    assert repeated.get(b"x" * (LONGEST + 1)) is None
    for number in range(10 * MOST):
        repeated.keep(b"%d" % number, number)
        assert number == repeated.get(b"%d" % number)
    kept = [number for number in range(10 * MOST) if repeated.get(b"%d" % number) is not None]
    assert 0 < len(kept) <= MOST
