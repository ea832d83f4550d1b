"""Servers that speak TLS, for the tests of their sockets and files."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from gossipd.daemon.http import HttpServer, Limits, Request, Response
from gossipd.daemon.tls import Tls, TlsFiles
from tests.certificates import Authority

Stream = trio.SSLStream[trio.SocketStream]
Handler = Callable[[Request], Response]


def echo(request: Request) -> Response:
    """Answers with the body, or with as many bytes as the query says."""
    size = int(request.query or 0)
    return Response(200, request.body + b"x" * size, "application/octet-stream")


class Site:
    """A server over loopback, with a certificate for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.cert, self.key = self.authority.issue("node", "127.0.0.1")
        self.tls = Tls(TlsFiles(self.cert, self.key), trio.current_time)
        self.port = 0
        self._streams: list[trio.SocketStream] = []

    def _wrap(self, sock: socket.socket) -> socket.socket:
        return self.tls.wrap(sock)

    @asynccontextmanager
    async def serving(self, limits: Limits | None = None) -> AsyncIterator[HttpServer]:
        server = HttpServer(limits, wrap=self._wrap)
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                await nursery.start(server.serve, echo, listeners)
                yield server
                nursery.cancel_scope.cancel()
        for stream in self._streams:
            await stream.aclose()

    async def connect(self, context: ssl.SSLContext | None = None) -> Stream:
        context = context or ssl.create_default_context(cafile=self.authority.file)
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        self._streams.append(stream)
        return trio.SSLStream(stream, context, server_hostname="127.0.0.1")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A server that is not started yet."""
    return Site(tmp_path)
