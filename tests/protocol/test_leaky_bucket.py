"""The limit on how often something is done."""

from __future__ import annotations

from gossipd.protocol.leaky_bucket import LeakyBucket


def test_so_many_at_once_and_so_many_in_a_second() -> None:
    """What was not used is not saved up beyond a second's share."""
    bucket = LeakyBucket(4.0, 100.0)
    assert [True] * 4 + [False] == [bucket.take(100.0) for _ in range(5)]
    assert [True, False] == [bucket.take(100.25) for _ in range(2)]
    assert [True] * 4 + [False] == [bucket.take(200.0) for _ in range(5)]
