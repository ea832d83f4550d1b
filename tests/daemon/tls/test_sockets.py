"""Requests and answers within TLS, of every size, and connections that end in any way."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest
import trio

from gossipd.daemon.http import Limits
from gossipd.daemon.resp import RespServer
from gossipd.daemon.tls.sockets import server_context
from tests.daemon.conftest import Lines
from tests.daemon.resp.echoing import Echo
from tests.daemon.tls.conftest import Site

GET = b"GET /?%d HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /?%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def everything(stream: trio.SSLStream[trio.SocketStream]) -> bytes:
    """What comes until TLS says that nothing follows; it is an error if it does not say so."""
    return b"".join([part async for part in stream])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_requests_in_order(site: Site, version: ssl.TLSVersion) -> None:
    """Many on one connection, and the end is said within TLS."""
    context = ssl.create_default_context(cafile=site.authority.file)
    context.minimum_version = context.maximum_version = version
    async with site.serving():
        stream = await site.connect(context)
        for _ in range(3):
            await stream.send_all(GET % 3)
            assert (await stream.receive_some()).endswith(b"\r\n\r\nxxx")
        await stream.send_all(GET % 1 * 50 + LAST % 2)
        answer = await everything(stream)
        assert (51, True) == (answer.count(b"HTTP/1.1 200"), answer.endswith(b"xx"))


@pytest.mark.parametrize("size", [16383, 16384, 16385, 3_000_000])
async def test_large_answers_to_a_slow_reader(site: Site, size: int) -> None:
    """Whole, though the socket takes only some of it at a time."""
    async with site.serving():
        stream = await site.connect()
        await stream.send_all(LAST % size)
        await trio.sleep(0.05)
        answer = await everything(stream)
        assert size == len(answer.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("size", [1, 16383, 16384, 16385, 700_000])
async def test_large_requests(site: Site, size: int) -> None:
    """What TLS has decrypted does not wait for more to come from the network."""
    async with site.serving():
        stream = await site.connect()
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        await stream.send_all(head % size + b"y" * size)
        assert b"y" * size == (await everything(stream)).partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("data", [LAST % 0, b"\x16\x03\x01", b"\0" * 999])
async def test_bytes_that_are_no_tls(site: Site, data: bytes, lines: Lines) -> None:
    """Nothing is answered in the clear; why is said at most once a minute for each reason."""
    async with site.serving() as server:
        for _ in range(3):
            async with await trio.open_tcp_stream("127.0.0.1", site.port) as stream:
                with contextlib.suppress(trio.BrokenResourceError):
                    await stream.send_all(data)
                    await stream.send_eof()
                    async for part in stream:
                        assert b"HTTP" not in part
        while server.statistics().open:
            await trio.sleep(0.01)
    found = [line for line in lines() if line["event"] == "tls_failed"]
    assert len({line["reason"] for line in found}) == len(found)


async def test_old_versions_are_refused(site: Site) -> None:
    """TLS 1.1 is not spoken."""
    context = ssl.create_default_context(cafile=site.authority.file)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with site.serving():
        with pytest.raises(trio.BrokenResourceError):
            await (await site.connect(context)).do_handshake()


async def test_a_newcomer_without_room_costs_no_time(site: Site) -> None:
    """No answer can be sent before a handshake, and nobody waits for one in a busy loop."""
    async with site.serving(Limits(connections=1)) as server:
        busy = await site.connect()
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
        await busy.send_all(head + b"a")
        await trio.sleep(0.05)
        began = time.process_time()
        async with await trio.open_tcp_stream("127.0.0.1", site.port) as silent:
            assert b"" == await silent.receive_some()
        assert time.process_time() - began < 0.5
        assert 1 == server.statistics().refused
        await busy.send_all(b"b")
        assert (await busy.receive_some()).endswith(b"ab")


@contextlib.contextmanager
def pair(site: Site) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection after its handshake; only the server's does not block."""
    context = server_context(lambda reason: None)
    context.load_cert_chain(site.cert, site.key)
    client_context = ssl.create_default_context(cafile=site.authority.file)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with (
        context.wrap_socket(ours, server_side=True, do_handshake_on_connect=False) as server,
        client_context.wrap_socket(
            theirs, do_handshake_on_connect=False, server_hostname="127.0.0.1"
        ) as client,
    ):
        client.settimeout(10)
        shaking = threading.Thread(target=client.do_handshake)
        shaking.start()
        while shaking.is_alive() or server.version() is None:
            with contextlib.suppress(BlockingIOError):
                server.recv(1)
        shaking.join()
        yield server, client


def test_a_read_hands_out_all_that_is_decrypted(site: Site) -> None:
    """Nothing would tell of the rest."""
    with pair(site) as (server, client):
        client.sendall(b"x" * 100)
        assert b"x" * 100 == server.recv(10)
        with pytest.raises(BlockingIOError):
            server.recv(10)


@pytest.mark.parametrize("part", [5_000, 16_384, 20_000, 1_000_000])
def test_a_send_may_be_repeated_with_any_length(site: Site, part: int) -> None:
    """After one that the socket could not take in full, as long as the bytes follow each other."""
    data = bytes(range(256)) * 8_000
    with pair(site) as (server, client):
        received = bytearray()
        sent = server.send(data)
        assert 0 < sent < len(data)
        while len(received) < len(data):
            with contextlib.suppress(BlockingIOError):
                while sent < len(data):
                    sent += server.send(data[sent : sent + max(part, 16_384)])
            received += client.recv(part)
        assert data == bytes(received)


async def test_redis_clients(site: Site) -> None:
    """The other server reads and sends in the same way; a reader may be far behind."""
    server = RespServer(wrap=site.tls.wrap)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    site.port = listeners[0].socket.getsockname()[1]
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, lambda *_: Echo(), listeners)
            stream = await site.connect()
            await stream.send_all(b"*1\r\n$4\r\nPING\r\n")
            assert await stream.receive_some()
            request = b"*1\r\n$500\r\n%s\r\n" % (b"w" * 500)
            await stream.send_all(request * 2000)
            await trio.sleep(0.05)
            received = 0
            while received < 2000 * 500:
                received += (await stream.receive_some()).count(b"w")
            assert 2000 * 500 == received
            await stream.transport_stream.aclose()
            nursery.cancel_scope.cancel()
