"""How a connection ends so that its last answer arrives.

To close with unread input resets the connection, and a reset can overtake the answer.
"""

from __future__ import annotations

import socket

import trio

from .messages import Limits

_READ_BYTES = 256 * 1024


async def linger(sock: socket.socket, limits: Limits) -> None:
    """Ends what is sent, and reads what the client still sends, within the limits."""
    sock.shutdown(socket.SHUT_WR)
    try:
        unread = sock.recv(1)
    except BlockingIOError:
        return
    if unread:
        with trio.move_on_after(limits.linger_time):
            await discard(sock, limits.linger_bytes)


async def discard(sock: socket.socket, limit: int) -> None:
    """Reads until the client ends or has sent so many bytes."""
    while limit > 0:
        await trio.lowlevel.wait_readable(sock)
        try:
            data = sock.recv(_READ_BYTES)
        except BlockingIOError:
            continue
        if not data:
            return
        limit -= len(data)
