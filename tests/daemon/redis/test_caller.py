"""What is kept of a client."""

from __future__ import annotations

import pytest

from gossipd.daemon.redis.caller import Caller
from gossipd.daemon.redis.errors import Failed


def test_the_age_of_a_client() -> None:
    """In whole seconds since it connected."""
    times = iter([10.0, 13.9])
    assert " age=3 " in Caller(1, "a:1", "b:1", lambda: next(times)).line()


@pytest.mark.parametrize("name", [b"a b", b"a\n", b"\xff", b"\x7f"])
def test_names_are_words(name: bytes) -> None:
    """So that a list of clients can be read; a bad one leaves the old one."""
    caller = Caller(1, "a:1", "b:1", lambda: 0.0)
    caller.rename(b"old")
    with pytest.raises(Failed):
        caller.rename(name)
    assert "old" == caller.name
