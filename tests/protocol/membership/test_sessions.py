"""Sessions of sealed datagrams, and the windows of their numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.membership.sessions import WIDTH, Seal, Sessions, Window


@given(st.lists(st.integers(0, 3 * WIDTH), max_size=60))
def test_a_number_counts_once_if_it_is_later_than_the_proof(numbers: list[int]) -> None:
    """And unless it is further behind the newest one than the window is wide."""
    window, seen, newest = Window(WIDTH), set[int](), WIDTH
    for number in numbers:
        expected = number > WIDTH and number not in seen and number > newest - WIDTH
        assert expected == window.take(number)
        seen.add(number)
        newest = max(newest, number)


def test_only_sessions_that_were_proven_are_kept() -> None:
    """Datagrams of others may have been recorded. Nothing is kept of them."""
    sessions = Sessions()
    assert sessions.take(Seal(b"a", 1))
    assert sessions.take(Seal(b"a", 1))
    assert b"a" not in sessions.windows
    assert not sessions.prove(Seal(b"a", 2))
    assert b"a" in sessions.windows
    assert not sessions.take(Seal(b"a", 2))
    assert sessions.take(Seal(b"a", 3))


def test_a_second_proof_opens_no_window_anew() -> None:
    """A process echoes numbers all the time."""
    sessions = Sessions()
    sessions.prove(Seal(b"a", 2))
    sessions.take(Seal(b"a", 9))
    sessions.prove(Seal(b"a", 9))
    assert sessions.take(Seal(b"a", 8))
    assert not sessions.take(Seal(b"a", 9))
