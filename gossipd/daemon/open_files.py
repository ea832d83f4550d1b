"""How many connections the process's limit of open files allows, and what the log says of that.

Every connection takes a file descriptor. Without descriptors nobody could be accepted, and neither
the store nor a search for a name could open what it needs.
"""

from __future__ import annotations

import resource

import trio

from .http import Limits
from .log import RateLimit, get_logger

RESERVE = 32
"""Descriptors that no client gets.

A node with a store holds 15 and one for each local network: those it was started with, sockets,
database, log and lock. Names that are looked up and the metrics page open a few more for a
moment.
"""

ENOUGH = 1100
"""A limit of open files from which on all connections of one door have room."""

_REFUSED_SHARE = 16
_INTERVAL = 60.0


def connection_limits(open_files: int, doors: int = 1) -> Limits:
    """Returns the limits of the HTTP server in a process that may have so many open files.

    Connections that are being refused need descriptors as well, a small share of what is there.
    Each of several doors gets an equal part.
    """
    most = Limits()
    spare = max((open_files - RESERVE) // doors, 2)
    refusals = min(most.refusals, max(spare // _REFUSED_SHARE, 1))
    connections = min(most.connections, spare - refusals)
    streams = min(most.streams, connections * most.streams // most.connections)
    return Limits(connections=connections, streams=streams, refusals=refusals)


def limits_of_this_process(doors: int = 1) -> Limits:
    """Returns `connection_limits` of this process, and logs if they are low."""
    open_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if open_files == resource.RLIM_INFINITY:
        return Limits()
    limits = connection_limits(open_files, doors)
    if open_files < ENOUGH * doors:
        log = get_logger()
        log.warning("few_open_files", open_files=open_files, connections=limits.connections)
    return limits


class FullLog:
    """Logs that there is no room for a connection, once a minute at most."""

    def __init__(self, limits: Limits) -> None:
        self._connections = limits.connections
        self._limit = RateLimit(_INTERVAL, trio.current_time)

    def __call__(self, outcome: str) -> None:
        held_back = self._limit.admit("full")
        if held_back is not None:
            get_logger().warning(
                "connections_full",
                connections=self._connections,
                outcome=outcome,
                held_back=held_back,
            )
