"""The door for Redis clients, opened only where it was asked for: hiredis is not always there."""

from __future__ import annotations

import socket
from collections.abc import Callable

import trio

from .access import Access
from .doors import RedisNumbers
from .errors import StartError
from .service import Service


class RedisClients:
    """The server of Redis clients, and what is behind it.

    Attributes:
        numbers: what is counted of them.
    """

    def __init__(
        self,
        service: Service,
        listeners: list[trio.SocketListener],
        connections: int,
        on_error: Callable[[Exception], None],
        on_full: Callable[[str], None],
        access: Access | None,
        wrap: Callable[[socket.socket], socket.socket],
        *,
        durable: bool,
    ) -> None:
        """Does nothing until `serve`.

        Args:
            service: the node.
            listeners: where clients connect.
            connections: how many there may be.
            on_error: as of `RespServer`.
            on_full: as of `RespServer`.
            access: lets clients in by their tokens; None if they need none.
            wrap: as of `RespServer`.
            durable: whether the node keeps its counts on disk.

        Raises StartError if what it needs is not installed.
        """
        try:
            from .redis import RedisDoor
            from .resp import Limits, RespServer
        except ModuleNotFoundError as error:
            raise StartError(
                f"--redis needs {error.name}, which is not installed: pip install 'gossipd[redis]'"
            ) from None
        limits = Limits(connections=connections)
        self._server = RespServer(limits, on_error=on_error, on_full=on_full, wrap=wrap)
        self._listeners = listeners
        self._door = RedisDoor(service, self._server.statistics, access, durable=durable)
        tally = self._door.tally
        self.numbers = RedisNumbers(self._server.statistics, tally.commands, tally.errors)

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serves until `drain` was called and the last request is answered."""
        await self._server.serve(self._door.connect, self._listeners, task_status=task_status)

    def drain(self) -> None:
        """Closes idle connections, and the others when what they asked for is answered."""
        self._server.drain()

    def open(self) -> int:
        """Returns how many connections are open."""
        return self._server.statistics().open
