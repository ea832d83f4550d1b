"""The cursors of scans."""

from __future__ import annotations

import pytest

from gossipd.daemon.redis.errors import Failed
from gossipd.daemon.redis.scans import REMEMBERED, Scans


def test_a_cursor_goes_on_where_it_was_given() -> None:
    """As often as it is used; 0 is both the beginning and the end."""
    scans = Scans()
    cursor = b"%d" % scans.cursor("a")
    assert ["a", "a", ""] == [scans.after(cursor), scans.after(cursor), scans.after(b"0")]
    assert 0 == scans.cursor(None)


def test_only_the_newest_are_remembered() -> None:
    """Clients that leave a scan cost no more than that."""
    scans = Scans()
    first, *_, last = [b"%d" % scans.cursor(str(number)) for number in range(REMEMBERED + 1)]
    assert str(REMEMBERED) == scans.after(last)
    with pytest.raises(Failed):
        scans.after(first)


@pytest.mark.parametrize("cursor", [b"", b"x", b"-1", b"00", b"1" * 21])
def test_other_cursors_are_refused(cursor: bytes) -> None:
    """Whatever they are."""
    with pytest.raises(Failed, match="ERR invalid cursor"):
        Scans().after(cursor)
