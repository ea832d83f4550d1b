"""The sockets of discovery: real ones on loopback, and networks that only pretend."""

from __future__ import annotations

import errno
import io
import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
import structlog
import trio

from gossipd.daemon.log import configure
from gossipd.daemon.net import segments as discovery
from gossipd.daemon.net.segments import Segments
from gossipd.protocol import Address

BROADCAST = "127.255.255.255"
LOOPBACK = {"127.0.0.1/8": BROADCAST}

Lines = Callable[[], list[dict[str, Any]]]
Networks = dict[str, str | None]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Returns what was logged so far."""
    stream = io.StringIO()
    configure("json", "info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Networks:
    """The networks that this machine seems to have."""
    found: Networks = dict(LOOPBACK)
    monkeypatch.setattr(discovery, "broadcast_addresses", lambda host: dict(found))
    return found


@pytest.fixture
def port() -> int:
    """A discovery port that nobody uses."""
    return 30_000 + secrets.randbelow(2_000)


class Ear:
    """Somebody who listens on the discovery port, with all that was heard."""

    def __init__(self, port: int) -> None:
        self.segments = Segments("127.0.0.1", port)
        self.segments.look()
        self.heard: list[bytes] = []
        self._more = trio.Event()

    def hear(self, datagrams: Sequence[tuple[bytes, Address]]) -> None:
        """Notes what came."""
        self.heard += [data for data, _ in datagrams]
        self._more.set()
        self._more = trio.Event()

    async def until(self, count: int) -> None:
        """Waits for so many datagrams."""
        with trio.fail_after(5):
            while len(self.heard) < count:
                await self._more.wait()


async def test_all_on_one_port_hear_everything(port: int) -> None:
    """Three share it on loopback, and each hears every datagram of each, its own too."""
    ears = [Ear(port) for _ in range(3)]
    async with trio.open_nursery() as nursery:
        for ear in ears:
            nursery.start_soon(ear.segments.run, ear.hear)
        for number, ear in enumerate(ears):
            ear.segments.broadcast(b"%d" % number)
        for ear in ears:
            await ear.until(3)
        nursery.cancel_scope.cancel()
    assert [[b"0", b"1", b"2"]] * 3 == [ear.heard for ear in ears]
    for ear in ears:
        ear.segments.close()
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind((BROADCAST, port))


async def test_one_listens_after_another(port: int) -> None:
    """The sockets stay open in between, and what comes meanwhile waits."""
    ear = Ear(port)
    for number in range(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ear.segments.run, ear.hear)
            await ear.until(number)
            nursery.cancel_scope.cancel()
        ear.segments.broadcast(b"%d" % number)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.segments.run, ear.hear)
        await ear.until(2)
        nursery.cancel_scope.cancel()
    assert [b"0", b"1"] == ear.heard
    ear.segments.close()
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind((BROADCAST, port))


async def test_each_network_can_be_sent_another_datagram(port: int) -> None:
    """Those that are made for this machine's address there."""
    ear = Ear(port)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.segments.run, ear.hear)
        ear.segments.broadcast_each(lambda host: [f"{n} from {host}".encode() for n in "12"])
        await ear.until(2)
        nursery.cancel_scope.cancel()
    assert [b"1 from 127.0.0.1", b"2 from 127.0.0.1"] == ear.heard
    ear.segments.close()


async def test_only_broadcasts_are_heard(port: int) -> None:
    """What is sent to one host on that port reaches nobody here."""
    ear = Ear(port)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.segments.run, ear.hear)
        with socket.socket(type=socket.SOCK_DGRAM) as other:
            other.sendto(b"to one", ("127.0.0.1", port))
        ear.segments.broadcast(b"to all")
        await ear.until(1)
        nursery.cancel_scope.cancel()
    assert [b"to all"] == ear.heard
    ear.segments.close()


async def test_a_taken_port_is_told_once_and_tried_again(
    port: int, lines: Lines, autojump_clock: object
) -> None:
    """A program that does not share it keeps discovery off only as long as it is there."""
    with socket.socket(type=socket.SOCK_DGRAM) as foreign:
        foreign.bind((BROADCAST, port))
        ear = Ear(port)
        for _ in range(3):
            ear.segments.look()
        ear.segments.broadcast(b"lost")
    (line,) = lines()
    assert ("discovery_off", "127.0.0.1/8") == (line["event"], line["network"])
    taken = "this port is taken by another program, or is this node's own"
    assert f"cannot listen on {BROADCAST}:{port}: {taken}" == line["reason"]
    ear.segments.look()
    ear.segments.broadcast(b"heard")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.segments.run, ear.hear)
        while not ear.heard:
            await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert ([b"heard"], 1) == (ear.heard, len(lines()))
    ear.segments.close()


def test_networks_without_broadcast_are_told_once(
    port: int, lines: Lines, networks: Networks
) -> None:
    """One line for each: one that has no such address, and one whose interface is down."""
    networks |= {"10.0.0.1/32": None, "198.51.100.7/24": "198.51.100.255"}
    segments = Segments("0.0.0.0", port)
    for _ in range(3):
        segments.look()
    assert [
        ("10.0.0.1/32", "this network has no broadcast address"),
        (
            "198.51.100.7/24",
            f"cannot listen on 198.51.100.255:{port}: the interface is down or has no broadcast",
        ),
    ] == [(line["network"], line["reason"]) for line in lines()]
    segments.close()


async def test_a_network_that_appears_is_listened_to(
    port: int, networks: Networks, autojump_clock: object
) -> None:
    """Within seconds, and no longer once it is gone; and again when it is back."""
    networks.clear()
    ear = Ear(port)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.segments.run, ear.hear)
        for number in range(2):
            ear.segments.broadcast(b"nobody is there")
            networks |= LOOPBACK
            await trio.sleep(discovery.LOOK_SECONDS + 0.1)
            ear.segments.broadcast(b"%d" % number)
            while len(ear.heard) == number:
                await trio.sleep(0.01)
            networks.clear()
            await trio.sleep(discovery.LOOK_SECONDS + 0.1)
            with socket.socket(type=socket.SOCK_DGRAM) as other:
                other.bind((BROADCAST, port))
        nursery.cancel_scope.cancel()
    assert [b"0", b"1"] == ear.heard
    ear.segments.close()


def test_a_failing_send_is_told_once(
    port: int, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until one succeeds, and then again; the node is not troubled."""
    segments = Segments("127.0.0.1", port)
    segments.look()
    failing: OSError | None = OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    def send(_: object, data: bytes) -> None:
        if failing:
            raise failing

    monkeypatch.setattr(discovery.BroadcastSocket, "broadcast", send)
    for _ in range(5):
        segments.broadcast(b"x")
    assert [(BROADCAST, "cannot broadcast: Network is unreachable")] == [
        (line["network"], line["reason"]) for line in lines()
    ]
    failing = None
    segments.broadcast(b"x")
    failing = OSError(errno.EPERM, "")
    segments.broadcast(b"x")
    assert 2 == len(lines())
    segments.close()


def test_closing_needs_nobody_who_listens(port: int) -> None:
    """The port is free afterwards."""
    with ExitStack() as stack:
        for _ in range(3):
            segments = Segments("127.0.0.1", port)
            segments.look()
            stack.callback(segments.close)
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind((BROADCAST, port))
