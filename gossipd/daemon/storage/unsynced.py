"""A log without syncs: what other nodes have counted since the store's last transaction.

A node that is killed must not come back with a smaller count than it has shown. Groups of other
owners are therefore appended to a file before they are shown. There is no sync, because what a
process wrote outlives the process in the page cache; only a power cut can take it away, and then
the owner has it.

There are two files. While the store writes what is in the one, new groups go to the other. Once the
transaction is on disk the first file is emptied, and it is the next to be appended to. A group that
is in a file and in the store is merged twice when they are read, which changes nothing. What was
added is also kept in memory, in MessagePack, until the store takes it.
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

from .log import incomplete

_HEAD = struct.Struct("<II")
_LIMIT = 2**24
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Group).decode


class UnsyncedLog:
    """Two files beside the store's file `path`. They appear with the first group.

    The checksums depend on the cluster's name, so that files of another cluster read as damaged.
    The thread that handles datagrams calls `add` and `take`; `forget` and `clear` may be called in
    another thread.
    """

    def __init__(self, path: Path, cluster: str) -> None:
        self._seed = zlib.crc32(cluster.encode())
        self._lock = threading.Lock()
        self._paths = [path.with_name(f"{path.name}-recent-{number}") for number in (0, 1)]
        self._current = 0
        self._file: int | None = None
        self._size = 0
        self._switched = False
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._overflowed = False

    def read(self) -> list[Group]:
        """Returns all groups in both files, of each file up to the first damage.

        They stay in the files until the store has them. They complete nothing: a group that others
        went on from may be missing. A full disk refuses one and not the next, and a power cut may
        take the end of one file and leave the other.
        """
        self._size, found = _groups(_content(self._paths[0]), self._seed)
        end, others = _groups(_content(self._paths[1]), self._seed)
        self._current, self._switched = 0, end > 0
        return list(map(incomplete, found + others))

    def clear(self) -> None:
        """Removes both files. Raises OSError."""
        with self._lock:
            self._close()
            for path in self._paths:
                path.unlink(missing_ok=True)

    def add(self, group: Group) -> None:
        """Keeps a group for `take`, and appends it to the file unless that is full or refuses it.

        So if the disk is full, a node that is killed may come back with less than it has shown.
        Beyond 16 MiB a group is not kept, and `take` says so.
        """
        content = _encode(group)
        if self._waiting_bytes + len(content) > _LIMIT:
            self._overflowed = True
        else:
            self._waiting.append(content)
            self._waiting_bytes += len(content)
        record = _HEAD.pack(len(content), zlib.crc32(content, self._seed)) + content
        # Without the lock another thread could close the file here, and its descriptor could be
        # that of another file by the time of the write.
        with self._lock, contextlib.suppress(OSError):
            if self._size + len(record) > _LIMIT:
                return
            if self._file is None:
                self._file = os.open(self._paths[self._current], os.O_RDWR | os.O_CREAT, 0o600)
            # The next record overwrites one that was cut short.
            if os.pwrite(self._file, record, self._size) == len(record):
                self._size += len(record)

    def take(self) -> tuple[list[bytes], bool]:
        """Returns what was added since the last call, in MessagePack, and whether it is all of it.

        What is added from now on goes to the other file, unless `forget` was not called since the
        last switch.
        """
        taken, is_all = self._waiting, not self._overflowed
        self._waiting, self._waiting_bytes, self._overflowed = [], 0, False
        if self._size and not self._switched:
            self._close()
            self._current = 1 - self._current
            self._switched = True
        return taken, is_all

    def forget(self) -> None:
        """Empties the file that was left at the last switch: the store has all of it."""
        if self._switched:
            with contextlib.suppress(OSError):
                os.truncate(self._paths[1 - self._current], 0)
            self._switched = False

    def _close(self) -> None:
        if self._file is not None:
            # Some file systems report only at the close that they could not write all.
            with contextlib.suppress(OSError):
                os.close(self._file)
        self._file, self._size = None, 0


def _content(path: Path) -> bytes:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(_LIMIT)
    return b""


def _groups(content: bytes, seed: int) -> tuple[int, list[Group]]:
    """Returns where the undamaged part of a file ends, and the groups in it."""
    at, found = 0, []
    while at + _HEAD.size <= len(content):
        length, checksum = _HEAD.unpack_from(content, at)
        end = at + _HEAD.size + length
        record = content[at + _HEAD.size : end]
        # A hole in the file reads as zeros, which look like an empty record.
        if not length or end > len(content) or zlib.crc32(record, seed) != checksum:
            break
        try:
            found.append(_decode(record))
        except (msgspec.DecodeError, RecursionError):
            break
        at = end
    return at, found
