"""The gossip socket, over loopback."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from collections.abc import Iterator

import pytest
import trio

from gossipd.daemon.net.udp import UdpSocket, _is_refusal

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of refusals")


def free_port(host: str = "127.0.0.1") -> int:
    """A UDP port that nobody uses at this moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def ours() -> Iterator[UdpSocket]:
    """The socket under test."""
    endpoint = UdpSocket("127.0.0.1", free_port())
    yield endpoint
    endpoint.close()


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """A plain socket of another program."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.settimeout(5)
        yield other


def address(endpoint: UdpSocket) -> tuple[str, int]:
    """Where it listens."""
    name: tuple[str, int] = endpoint._socket.getsockname()[:2]
    return name


async def received(endpoint: UdpSocket, count: int) -> list[bytes]:
    """The next `count` datagrams."""
    found: list[bytes] = []
    with trio.fail_after(5):
        while len(found) < count:
            await endpoint.wait_readable()
            found += [data for data, _ in endpoint.receive(64)]
    return found


async def test_receives_in_batches(ours: UdpSocket, peer: socket.socket) -> None:
    """At most as many as asked for, in order, and fewer once nothing waits."""
    for number in range(10):
        peer.sendto(b"%d" % number, address(ours))
    await ours.wait_readable()
    first, second, third = ours.receive(4), ours.receive(4), ours.receive(4)
    assert [4, 4, 2] == [len(first), len(second), len(third)]
    assert [b"%d" % number for number in range(10)] == [data for data, _ in first + second + third]
    assert {peer.getsockname()} == {source for _, source in first}


def test_receives_nothing_when_nothing_waits(ours: UdpSocket) -> None:
    """An empty socket does not block."""
    assert [] == ours.receive(64)


async def test_an_empty_datagram_is_one(ours: UdpSocket, peer: socket.socket) -> None:
    """No bytes are not the end of anything."""
    peer.sendto(b"", address(ours))
    peer.sendto(b"x", address(ours))
    assert [b"", b"x"] == await received(ours, 2)


async def test_sends(ours: UdpSocket, peer: socket.socket) -> None:
    """A datagram reaches its address from ours."""
    ours.send(b"hello", peer.getsockname())
    with trio.fail_after(5):
        data, source = await trio.to_thread.run_sync(peer.recvfrom, 100)
    assert (b"hello", address(ours)) == (data, source)
    assert 0 == ours.unsent


async def test_survives_refused_datagrams(ours: UdpSocket, peer: socket.socket) -> None:
    """What was sent to a closed port does not keep later datagrams out."""
    for _ in range(5):
        ours.send(b"x", ("127.0.0.1", free_port()))
    peer.sendto(b"y", address(ours))
    assert [b"y"] == await received(ours, 1)


async def refused(endpoint: UdpSocket) -> list[tuple[bytes, tuple[str, int]]]:
    """The next refusals."""
    found: list[tuple[bytes, tuple[str, int]]] = []
    with trio.fail_after(5):
        while not found:
            await endpoint.wait_readable()
            assert [] == endpoint.receive(64)
            found = endpoint.refusals()
    return found


@LINUX
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_tells_which_datagram_was_refused(host: str) -> None:
    """Its address, and enough of it to know it again; and then the socket is at rest."""
    try:
        endpoint = UdpSocket(host, free_port(host))
    except OSError:
        pytest.skip("no IPv6 loopback here")
    try:
        closed, data = free_port(host), bytes(range(256)) * 4
        endpoint.send(data, (host, closed))
        [(quoted, where)] = await refused(endpoint)
        assert (host, closed) == where
        assert len(quoted) >= 520
        assert data.startswith(quoted)
        assert [] == endpoint.refusals()
        with trio.move_on_after(0.01) as waited:
            await endpoint.wait_readable()
        assert waited.cancelled_caught
    finally:
        endpoint.close()


@LINUX
async def test_a_refusal_costs_the_next_datagram_nothing(
    ours: UdpSocket, peer: socket.socket
) -> None:
    """The kernel reports it in place of sending, and so it is sent again."""
    for number in range(3):
        ours.send(b"x", ("127.0.0.1", free_port()))
        ours.send(b"%d" % number, peer.getsockname())
    assert [b"0", b"1", b"2"] == [peer.recv(10) for _ in range(3)]
    assert 0 == ours.unsent
    assert len(await refused(ours)) >= 1


def test_a_broadcast_socket_hears_of_no_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not asked for, and on other systems, nothing is reported."""
    monkeypatch.setattr("sys.platform", "darwin")
    endpoint = UdpSocket("127.0.0.1", free_port())
    try:
        endpoint.send(b"x", ("127.0.0.1", free_port()))
        assert ([], []) == (endpoint.receive(64), endpoint.refusals())
    finally:
        endpoint.close()


@pytest.mark.parametrize(
    ("number", "origin", "kind", "counts"),
    [
        (errno.ECONNREFUSED, 2, 11, True),
        (errno.ECONNREFUSED, 1, 11, False),
        (errno.EHOSTUNREACH, 2, 11, False),
        (errno.ECONNREFUSED, 2, 8, False),
    ],
)
def test_only_the_word_of_another_machine_is_a_refusal(
    number: int, origin: int, kind: int, counts: bool
) -> None:
    """Not an error of this machine, nor another one of a router."""
    error = struct.pack("=IBBBB", number, origin, 3, 3, 0) + bytes(24)
    assert counts == _is_refusal(socket.IPPROTO_IP, kind, error)


class Refusing:
    """Stands for a socket whose datagrams were refused."""

    def __init__(self, *outcomes: OSError | bytes) -> None:
        self._outcomes = list(outcomes)

    def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int]]:
        """As a socket's."""
        if not self._outcomes:
            raise BlockingIOError
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome, ("127.0.0.1", 1)


def test_goes_on_after_an_error_of_the_socket(
    ours: UdpSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ECONNREFUSED is an earlier datagram's, and the next call receives."""
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    with monkeypatch.context() as patch:
        taken, fake = ours._socket, Refusing(refused, b"a", refused, b"b")
        patch.setattr(ours, "_socket", fake)
        assert [b"a", b"b"] == [data for data, _ in ours.receive(64)]
    assert ours._socket is taken


async def test_an_oversized_datagram_is_cut(ours: UdpSocket, peer: socket.socket) -> None:
    """It is longer than any of ours, so its rest is garbage, and the next one is whole."""
    peer.sendto(b"x" * 5000, address(ours))
    peer.sendto(b"y", address(ours))
    first, second = await received(ours, 2)
    assert 1400 < len(first) < 5000
    assert b"y" == second


def test_counts_what_the_kernel_does_not_take(ours: UdpSocket) -> None:
    """Too large a datagram, and an address of another family, are lost and counted."""
    ours.send(b"x" * 70_000, ("127.0.0.1", 9))
    ours.send(b"x", ("::1", 9))
    assert 2 == ours.unsent


def test_an_address_in_use_is_an_error(ours: UdpSocket) -> None:
    """The second socket of one address is refused."""
    with pytest.raises(OSError) as caught:
        UdpSocket(*address(ours))
    assert errno.EADDRINUSE == caught.value.errno


async def test_ipv6() -> None:
    """Both ways over the IPv6 loopback; sources have two parts."""
    try:
        port = free_port("::1")
    except OSError:
        pytest.skip("no IPv6 loopback here")
    one = UdpSocket("::1", port)
    two = UdpSocket("::1", free_port("::1"))
    try:
        one.send(b"x", address(two))
        with trio.fail_after(5):
            await two.wait_readable()
        assert [(b"x", ("::1", port))] == two.receive(64)
    finally:
        one.close()
        two.close()


def test_a_lasting_error_does_not_hold_the_loop() -> None:
    """A socket that only fails gives nothing, and returns."""
    endpoint = UdpSocket("127.0.0.1", 0)
    endpoint.close()
    assert [] == endpoint.receive(64)
