"""How a connection ends so that its last answer arrives.

To close with unread input resets the connection, and a reset can overtake the answer.
"""

from __future__ import annotations

import socket

import trio

from .limits import Limits

_READ_BYTES = 64 * 1024


async def linger(sock: socket.socket, limits: Limits, *, more: bool) -> None:
    """Ends what is sent, and reads what the client has sent, within the limits. Raises OSError.

    With `more` it waits for more of that, until the client ends.
    """
    sock.shutdown(socket.SHUT_WR)
    left = limits.linger_bytes
    with trio.move_on_after(limits.linger_time):
        while left > 0:
            if more:
                await trio.lowlevel.wait_readable(sock)
            data = sock.recv(_READ_BYTES)
            if not data:
                return
            left -= len(data)
