"""What a disk holds: a folder rebuilt from the records of shim.c, as a power cut would leave it.

What was synced survives; what was not may survive or not, each 512-byte sector and each name by
itself. A sync that fails leaves what was to be synced in the page cache and never on the disk, as
Linux does, unless it is written again.
"""

from __future__ import annotations

import itertools
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

_HEAD = struct.Struct("=iiqq")
_SECTOR = 512

KILLED = 1
"""Which of `Disk.images` has everything, as the process alone may have ended."""

Image = dict[str, bytes]
"""Contents of files by name."""


class Record(NamedTuple):
    """One call that the shim saw; `number` is an offset, a size or flags."""

    kind: str
    fd: int
    number: int
    data: bytes


def records(log: bytes) -> Iterator[Record]:
    """The records of a log, in order."""
    at = 0
    while at < len(log):
        kind, fd, number, length = _HEAD.unpack_from(log, at)
        at += _HEAD.size
        yield Record(chr(kind), fd, number, log[at : at + length])
        at += length


class _Change(NamedTuple):
    """A write at an offset, or without data, a new size."""

    at: int
    data: bytes | None

    def sectors(self) -> list[_Change]:
        """The same in parts of which each may reach the disk alone."""
        if self.data is None:
            return [self]
        first = -self.at % _SECTOR
        edges = [0, *range(first, len(self.data), _SECTOR), len(self.data)]
        return [
            _Change(self.at + low, self.data[low:high])
            for low, high in itertools.pairwise(edges)
            if low < high
        ]


def _apply(content: bytearray, change: _Change) -> None:
    if change.data is None:
        del content[change.at :]
        content.extend(bytes(change.at - len(content)))
    else:
        content.extend(bytes(max(0, change.at - len(content))))
        content[change.at : change.at + len(change.data)] = change.data


class _File:
    def __init__(self) -> None:
        self.seen = bytearray()
        self.kept = bytearray()
        self.unsynced: list[_Change] = []

    def change(self, change: _Change) -> None:
        _apply(self.seen, change)
        self.unsynced.append(change)

    def sync(self) -> None:
        for change in self.unsynced:
            _apply(self.kept, change)
        self.unsynced.clear()

    def sync_fails(self, rng: Random) -> None:
        self.kept = self.some(rng)
        self.unsynced.clear()

    def some(self, rng: Random) -> bytearray:
        """What is kept, and some of the rest."""
        content = bytearray(self.kept)
        likely = rng.random()
        for change in self.unsynced:
            for sector in change.sectors():
                if rng.random() < likely:
                    _apply(content, sector)
        return content

    def all_but_one(self, rng: Random) -> bytearray:
        """What is kept, and the rest without one sector of one write."""
        content = bytearray(self.kept)
        sectors = [sector for change in self.unsynced for sector in change.sectors()]
        lost = rng.randrange(len(sectors)) if sectors else 0
        for sector in sectors[:lost] + sectors[lost + 1 :]:
            _apply(content, sector)
        return content


class Disk:
    """One folder, and what of it would survive at this moment."""

    def __init__(self, folder: Path, rng: Random) -> None:
        self._folder = os.fspath(folder)
        self._rng = rng
        self._fds: dict[int, _File | None] = {}
        self._seen: dict[str, _File] = {}
        self._kept: dict[str, _File] = {}
        # (old name, new name, file): a name appears, changes or goes.
        self._unsynced: list[tuple[str, str, _File]] = []
        self._moved = ""

    def take(self, record: Record) -> None:
        """One call was made."""
        name = os.path.relpath(os.fsdecode(record.data), self._folder) if record.data else ""
        match record.kind:
            case "o":
                self._fds[record.fd] = self._open(name, record.number)
            case "w" | "t":
                file = self._fds[record.fd]
                assert file is not None
                data = record.data if record.kind == "w" else None
                file.change(_Change(record.number, data))
            case "p":
                self._seen[name].change(_Change(record.number, None))
            case "s" | "x":
                self._sync(self._fds[record.fd], fails=record.kind == "x")
            case "u":
                self._rename(name, "")
            case "f":
                self._moved = name
            case "r":
                self._rename(self._moved, name)

    def settle(self) -> None:
        """All of it has reached the disk."""
        for file in self._seen.values():
            file.sync()
        self._sync(None, fails=False)

    def images(self) -> list[Image]:
        """What a power cut may leave now: nothing that was not synced, all of it, or a part."""
        some = dict(self._kept)
        likely = self._rng.random()
        for old, new, file in self._unsynced:
            if self._rng.random() < likely:
                _move(some, old, new, file)
        seen = {name: bytes(file.seen) for name, file in self._seen.items()}
        return [
            {name: bytes(file.kept) for name, file in self._kept.items()},
            seen,
            {name: bytes(file.kept) for name, file in self._seen.items()},
            {name: bytes(file.some(self._rng)) for name, file in self._seen.items()},
            {name: bytes(file.some(self._rng)) for name, file in some.items()},
            {name: bytes(file.all_but_one(self._rng)) for name, file in self._seen.items()},
        ]

    def _open(self, name: str, flags: int) -> _File | None:
        if name == ".":
            return None
        file = self._seen.get(name)
        if file is None:
            file = _File()
            self._seen[name] = file
            self._unsynced.append(("", name, file))
        if flags & os.O_TRUNC:
            file.change(_Change(0, None))
        return file

    def _sync(self, file: _File | None, *, fails: bool) -> None:
        if file is not None and fails:
            file.sync_fails(self._rng)
        elif file is not None:
            file.sync()
        elif not fails:
            self._kept = dict(self._seen)
            self._unsynced.clear()

    def _rename(self, old: str, new: str) -> None:
        file = self._seen[old]
        _move(self._seen, old, new, file)
        self._unsynced.append((old, new, file))


def _move(names: dict[str, _File], old: str, new: str, file: _File) -> None:
    if old:
        names.pop(old, None)
    if new:
        names[new] = file
