"""Clients without commands, on a connection over a socket pair."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from time import perf_counter

import trio

from gossipd.daemon.future import Future
from gossipd.daemon.readiness import Readiness
from gossipd.daemon.resp import Limits, OnAnswers
from gossipd.daemon.resp.connection import Connection
from gossipd.daemon.resp.shared import Shared


class Words:
    """News, of which each part is one word.

    Attributes:
        words: what was not taken.
        closed: whether the connection wants no more.
    """

    def __init__(self) -> None:
        self.words: list[bytes | Exception] = []
        self.closed = False
        self._call: Callable[[], None] = lambda: None

    @property
    def is_there(self) -> bool:
        return bool(self.words)

    def on_news(self, call: Callable[[], None]) -> None:
        self._call = call

    def say(self, *words: bytes | Exception) -> None:
        self.words += words
        self._call()

    def take(self) -> bytes:
        word = self.words.pop(0)
        if isinstance(word, Exception):
            raise word
        return word

    def close(self) -> None:
        self.words.clear()
        self.closed = True


class Echo:
    """Answers with the words of a request; some words are special.

    Attributes:
        news: what it tells without having been asked.
        waiting: futures of what was gathered, each with its answer.
        gathered: the words of requests that were gathered.
    """

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[bytes], bytes]] = []
        self.gathered: list[bytes] = []
        self.has_quit = False
        self.news = Words()

    def gather(self, request: list[bytes]) -> bool:
        if request[0] != b"add":
            return False
        self.gathered.append(request[1])
        return True

    def flush(self, then: OnAnswers) -> None:
        answer, self.gathered = b"+" + b",".join(self.gathered) + b"\n", []
        self._later(answer).then(then)

    def answer(self, request: list[bytes]) -> bytes | Iterator[bytes] | Future[bytes]:
        match request:
            case [b"raise"]:
                raise RuntimeError("on purpose")
            case [b"later", word]:
                return self._later(word + b"\n")
            case [b"parts", number]:
                return iter([b"x" * 1000] * int(number))
            case [b"quit"]:
                self.has_quit = True
        return b" ".join(request) + b"\n"

    def _later(self, answer: bytes) -> Future[bytes]:
        future: Future[bytes] = Future()
        self.waiting.append((future, answer))
        return future

    def settle(self, error: Exception | None = None) -> None:
        """Gives all answers that are awaited, or an error in their place."""
        waiting, self.waiting = self.waiting, []
        for future, answer in waiting:
            future.settle(error or answer)


class Peer:
    """The other end of a connection that is being served."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self.errors: list[Exception] = []
        self.shared = Shared(limits, self.errors.append, clock=clock)
        self.client = Echo()
        self.readiness = Readiness()
        self.connection = Connection(theirs, self.client, self.shared, self.readiness)
        self.stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))

    async def received(self) -> bytes:
        """All that comes until the connection ends."""
        return b"".join([part async for part in self.stream])


@asynccontextmanager
async def serving(
    limits: Limits | None = None, clock: Callable[[], float] = perf_counter
) -> AsyncIterator[Peer]:
    """Serves the other end; leaves when that has ended."""
    peer = Peer(limits or Limits(), clock)
    async with peer.stream, trio.open_nursery() as around:
        around.start_soon(peer.readiness.run)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peer.connection.run)
            yield peer
        around.cancel_scope.cancel()
