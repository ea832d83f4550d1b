"""The servers without a protocol."""

from __future__ import annotations

import socket

import pytest
import trio

from lab.bench import bare
from lab.processes.cluster import free_addresses

REQUEST = b"POST /increment HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("serve", [bare.through_streams, bare.on_the_socket])
async def test_every_request_is_answered(serve: bare.Serve) -> None:
    """Also two that come together and one that comes in parts; the end of the stream ends it."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    client = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery, client:
            nursery.start_soon(serve, trio.SocketStream(trio.socket.from_stdlib_socket(theirs)))
            await client.send_all(REQUEST + REQUEST + REQUEST[:10])
            assert 2 * bare.ANSWER == await _receive(client, 2 * len(bare.ANSWER))
            await client.send_all(REQUEST[10:])
            assert bare.ANSWER == await _receive(client, len(bare.ANSWER))
            await client.send_eof()
    theirs.close()


async def _receive(client: trio.SocketStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await client.receive_some(size - len(data))
    return data


async def test_datagrams_come_back(nursery: trio.Nursery) -> None:
    """To where they came from, as they were."""
    ((host, port),) = free_addresses(1)
    nursery.start_soon(bare.udp, host, port)
    with trio.socket.socket(type=socket.SOCK_DGRAM) as sock, trio.fail_after(5):
        await sock.bind((host, 0))
        await trio.testing.wait_all_tasks_blocked()
        for data in b"one", b"two":
            await sock.sendto(data, (host, port))
            assert (data, (host, port)) == await sock.recvfrom(100)
