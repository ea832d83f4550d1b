"""A flood of datagrams that look sealed and that nobody with a key has made.

`python -m lab.bench.forged_datagrams HOST PORT RATE SEALED` sends so many a second, from many
addresses, until it is ended or the process that started it has ended. SEALED is a sealed datagram
in hexadecimal. Each that is sent has another key id, another session or another tag in its place,
in turns.
"""

from __future__ import annotations

import itertools
import os
import socket
import sys
import time
from collections.abc import Iterator

_ADDRESSES = 256
_KEY_ID, _SESSION, _TAG = slice(4, 8), slice(8, 24), slice(-16, None)
_PAUSE = 0.005


def forged(sealed: bytes) -> Iterator[bytes]:
    """Yields changed copies of a sealed datagram without end, of which none can be opened."""
    for part in itertools.cycle((_KEY_ID, _SESSION, _TAG)):
        changed = bytearray(sealed)
        changed[part] = os.urandom(len(changed[part]))
        yield bytes(changed)


def main(host: str, port: int, rate: float, sealed: bytes) -> None:
    """Sends so many a second, or as many as it can, as long as the process that started it runs."""
    parent = os.getppid()
    sockets = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(_ADDRESSES)]
    for number, each in enumerate(sockets):
        each.bind((f"127.9.{number}.1", 0))
    start = time.monotonic()
    for number, (sender, data) in enumerate(zip(itertools.cycle(sockets), forged(sealed))):
        while number >= rate * (time.monotonic() - start):
            time.sleep(_PAUSE)
        if not number % 1000 and os.getppid() != parent:
            return
        sender.sendto(data, (host, port))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), bytes.fromhex(sys.argv[4]))
