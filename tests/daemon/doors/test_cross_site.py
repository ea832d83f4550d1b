"""Pages of other sites are told from everybody else."""

from __future__ import annotations

import pytest

from gossipd.daemon.doors.cross_site import is_cross_site


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"host": b"x:1"},
        {b"host": b"x:1", b"origin": b"http://x:1"},
        {b"host": b"X:1", b"origin": b"http://x:1"},
        {b"host": b"x", b"origin": b"http://x"},
        {b"host": b"x:80", b"origin": b"http://x"},
        {b"host": b"x:443", b"origin": b"https://x"},
        {b"host": b"[::1]:80", b"origin": b"http://[::1]"},
        {b"host": b"x", b"sec-fetch-site": b"same-origin", b"origin": b"http://x"},
        {b"host": b"x", b"sec-fetch-site": b"none"},
    ],
)
def test_same_site(headers: dict[bytes, bytes]) -> None:
    """A client that is no browser, or a page of this host and port, may write."""
    assert not is_cross_site(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {b"host": b"x:1", b"origin": b"http://evil.example"},
        {b"host": b"x:1", b"origin": b"http://x:2"},
        {b"host": b"x:1", b"origin": b"http://x"},
        {b"host": b"x", b"origin": b"http://x.evil.example"},
        {b"host": b"x", b"origin": b"null"},
        {b"host": b"", b"origin": b"null"},
        {b"host": b"x", b"origin": b""},
        {b"host": b"x", b"origin": b"http://x, http://y"},
        {b"host": b"x", b"origin": b"file://x"},
        {b"host": b"", b"origin": b"http://"},
        {b"origin": b"http://x"},
        {b"host": b"x", b"sec-fetch-site": b"cross-site"},
        {b"host": b"x", b"sec-fetch-site": b"same-site"},
        {b"host": b"x", b"sec-fetch-site": b"anything"},
        {b"host": b"x", b"sec-fetch-site": b"cross-site", b"origin": b"http://x"},
    ],
)
def test_cross_site(headers: dict[bytes, bytes]) -> None:
    """A page of any other host or port may not, nor one whose place is hidden."""
    assert is_cross_site(headers)
