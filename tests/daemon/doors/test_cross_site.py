"""Pages of other sites are told from everybody else."""

from __future__ import annotations

import pytest

from gossipd.daemon.doors.cross_site import OwnHosts, is_cross_site


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


OWN = OwnHosts(["Node1", "gossipd.example"])


@pytest.mark.parametrize(
    "host",
    [
        *(
            b"127.0.0.1:8088",
            b"10.9.0.1",
            b"[::1]:8088",
            b"[fd00::7]",
            b"localhost",
            b"LOCALHOST:1",
        ),
        *(b"node1", b"node1:8088", b"NODE1", b"gossipd.example", b"gossipd.example.:8088"),
        *(b"localhost.", b"node1."),
    ],
)
def test_own_host(host: bytes) -> None:
    """An address, `localhost` and each name of the node, with any port, is this node."""
    assert OWN.are_meant({b"host": host})


@pytest.mark.parametrize(
    "host",
    [
        *(b"evil.example", b"evil.example:8088", b"node1.evil.example", b"xnode1", b"example"),
        *(b"", b":8088", b"127.0.0.1.evil.example", b"localhost.evil.example", b"node1:x"),
        *(b"node1, evil.example", b"\xff", b"[::1", b"::1", b"0x7f.1", b"127.1"),
    ],
)
def test_foreign_host(host: bytes) -> None:
    """Any other name is not, nor is a text that is no host."""
    assert not OWN.are_meant({b"host": host})


def test_without_a_host() -> None:
    """Every browser sends `Host`; clients of HTTP/1.0 may not."""
    assert OWN.are_meant({})
