"""What other nodes have counted since the last sync, so that a killed process does not forget it.

Groups are appended to one of two files, without a sync: the page cache outlives a process. Once all
that is in the one file is in the store as well, it is emptied and takes the place of the other. A
group that is in both is merged twice, which changes nothing.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import zlib
from pathlib import Path

import msgspec

from gossipd.protocol import Group

_HEAD = struct.Struct("<II")
_LIMIT = 2**24
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Group).decode


class Recent:
    """Two files beside `path`, which are not there before something is noted.

    What another cluster noted reads as damage. Whoever takes datagrams calls `add` and `turn`;
    `forget` and `clear` may be called in another thread.
    """

    def __init__(self, path: Path, cluster: str) -> None:
        self._seed = zlib.crc32(cluster.encode())
        self._lock = threading.Lock()
        self._paths = [path.with_name(f"{path.name}-recent-{number}") for number in (0, 1)]
        self._current = 0
        self._file: int | None = None
        self._size = 0
        self._turned = False

    def read(self) -> list[Group]:
        """All that earlier processes noted and did not forget, up to the first damage in each file.

        It stays noted until it is stored.
        """
        self._size, found = _groups(_content(self._paths[0]), self._seed)
        end, later = _groups(_content(self._paths[1]), self._seed)
        self._current, self._turned = 0, end > 0
        return found + later

    def clear(self) -> None:
        """Removes both files. Raises OSError."""
        with self._lock:
            self._close()
            for path in self._paths:
                path.unlink(missing_ok=True)

    def add(self, group: Group) -> None:
        """Notes a group, unless the file system does not take it or too much waits for the store.

        On a disk that is full a killed process may thus come back with less than it has shown.
        """
        content = _encode(group)
        record = _HEAD.pack(len(content), zlib.crc32(content, self._seed)) + content
        # Closed in between, its number could be another file's by the time of the write.
        with self._lock, contextlib.suppress(OSError):
            if self._size + len(record) > _LIMIT:
                return
            if self._file is None:
                self._file = os.open(self._paths[self._current], os.O_RDWR | os.O_CREAT, 0o600)
            # A record that was cut short is written over by the next one.
            if os.pwrite(self._file, record, self._size) == len(record):
                self._size += len(record)

    def turn(self) -> None:
        """All that was noted so far is about to be stored: what comes now is noted elsewhere.

        Does nothing if what was noted before the last turn is not stored yet.
        """
        if not self._size or self._turned:
            return
        self._close()
        self._current = 1 - self._current
        self._turned = True

    def forget(self) -> None:
        """All that was noted before the last turn is stored."""
        if self._turned:
            with contextlib.suppress(OSError):
                os.truncate(self._paths[1 - self._current], 0)
            self._turned = False

    def _close(self) -> None:
        if self._file is not None:
            # A file system may tell only now that it could not take all of it.
            with contextlib.suppress(OSError):
                os.close(self._file)
        self._file, self._size = None, 0


def _content(path: Path) -> bytes:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(_LIMIT)
    return b""


def _groups(content: bytes, seed: int) -> tuple[int, list[Group]]:
    """What is whole of a file, and where that ends."""
    at, found = 0, []
    while at + _HEAD.size <= len(content):
        length, checksum = _HEAD.unpack_from(content, at)
        end = at + _HEAD.size + length
        record = content[at + _HEAD.size : end]
        # What was never written reads as zeros: a record of nothing.
        if not length or end > len(content) or zlib.crc32(record, seed) != checksum:
            break
        try:
            found.append(_decode(record))
        except (msgspec.DecodeError, RecursionError):
            break
        at = end
    return at, found
