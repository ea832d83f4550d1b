"""The servers that do the least a trio process can do."""

from __future__ import annotations

import socket

import pytest
import trio

from lab.bench import bare_servers
from lab.processes import free_addresses

REQUEST = b"POST /increment HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("serve", [bare_servers.through_streams, bare_servers.on_the_socket])
async def test_every_request_is_answered(serve: bare_servers.Serve) -> None:
    """Two requests that come together and one that comes in parts are; the stream's end ends it."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    client = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery, client:
            nursery.start_soon(serve, trio.SocketStream(trio.socket.from_stdlib_socket(theirs)))
            await client.send_all(REQUEST + REQUEST + REQUEST[:10])
            assert 2 * bare_servers.ANSWER == await _receive(client, 2 * len(bare_servers.ANSWER))
            await client.send_all(REQUEST[10:])
            assert bare_servers.ANSWER == await _receive(client, len(bare_servers.ANSWER))
            await client.send_eof()
    theirs.close()


async def _receive(client: trio.SocketStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await client.receive_some(size - len(data))
    return data


async def test_datagrams_come_back(nursery: trio.Nursery) -> None:
    """Each goes unchanged to its source."""
    ((host, port),) = free_addresses(1)
    nursery.start_soon(bare_servers.udp, host, port)
    with trio.socket.socket(type=socket.SOCK_DGRAM) as sock, trio.fail_after(5):
        await sock.bind((host, 0))
        await trio.testing.wait_all_tasks_blocked()
        for data in b"one", b"two":
            await sock.sendto(data, (host, port))
            assert (data, (host, port)) == await sock.recvfrom(100)
