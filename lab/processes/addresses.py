"""Free addresses on loopback."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from contextlib import ExitStack


def free_addresses(count: int) -> list[tuple[str, int]]:
    """Returns so many addresses of loopback that are free for TCP and UDP.

    They are one port on several hosts (127.0.1.1, 127.0.1.2, …) where the system answers for all of
    127.0.0.0/8, as Linux does, and else several ports of 127.0.0.1.
    """
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.1.1", 0))
        hosts = [f"127.0.{1 + index // 250}.{1 + index % 250}" for index in range(count)]
    except OSError:
        ports: set[int] = set()
        while len(ports) < count:
            ports.add(_free_port(["127.0.0.1"]))
        return [("127.0.0.1", port) for port in sorted(ports)]
    port = _free_port(hosts)
    return [(host, port) for host in hosts]


def _free_port(hosts: Sequence[str]) -> int:
    """Returns a port that is free on all these hosts."""
    for _ in range(200):
        # Below the range from which the system gives outgoing connections their ports.
        port = 10_000 + secrets.randbelow(20_000)
        with ExitStack() as stack:
            try:
                for host in hosts:
                    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                        stack.enter_context(socket.socket(type=kind)).bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free on all hosts")
