"""The limits on what clients of the Redis protocol take."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Limits:
    """The limits of a server.

    Attributes:
        unread_bytes: most bytes of requests that are read while the client does not take the
            answers, and most bytes of answers that are kept for it. Then the server waits for the
            client.
        request_time: most seconds from the first byte of a request to its last.
        write_time: most seconds in which a client takes nothing of what is sent.
        connections: most open connections. A newcomer beyond it takes the place of the connection
            that has been idle longest; if none is idle, the newcomer is answered an error. Idle
            connections are not closed otherwise.
        linger_time: most seconds for which the rest of the input is read and thrown away after the
            last answer. Closing the connection before that could lose the answer in a reset.
        linger_bytes: most bytes of that rest.
        tick: seconds between two checks of the deadlines. A connection ends up to two ticks after
            its deadline, and never before.
    """

    unread_bytes: int = 16 * 1024 * 1024
    request_time: float = 10.0
    write_time: float = 30.0
    connections: int = 1000
    linger_time: float = 1.0
    linger_bytes: int = 4 * 1024 * 1024
    tick: float = 0.5
