"""What a reader merges from a store's file, judged by all that was ever written and heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Reversible
from functools import lru_cache
from typing import NamedTuple

import msgspec

from gossipd.daemon.storage.log import Log
from gossipd.protocol import Entry, Group, Ledger

Slot = str | int | tuple[str, bytes]

OWN = (b"a" * 16, b"c" * 16, b"r" * 16)
"""Under which ids the store's node counts: in two runs, and in one after a power cut."""


class Held(NamedTuple):
    """How much is held of an owner: all up to a version, and by slot the version of its row."""

    have: int
    versions: Mapping[Slot, int]


Holdings = Mapping[bytes, Held]


def merged(groups: Iterable[Group]) -> Ledger:
    """What a node has that reads them in this order."""
    ledger = Ledger(b"")
    for group in groups:
        ledger.apply(group)
    return ledger


def read(groups: Reversible[Group]) -> Ledger:
    """The same of what a store returns; not to be changed, since it is read once for all images."""
    assert isinstance(groups, Log)
    return _read(groups.blobs, msgspec.msgpack.encode(groups.recorded))


@lru_cache(maxsize=1000)
def _read(blobs: tuple[bytes, ...], recorded: bytes) -> Ledger:
    return merged(Log(blobs, msgspec.msgpack.decode(recorded, type=tuple[Group, ...])))


def holdings(ledger: Ledger) -> Holdings:
    """All that is held, by owner."""
    return {
        owner: Held(log.have, {row.slot: row.version for row in log.after(-1)})
        for owner, log in ledger.owners.items()
    }


def total(ledger: Ledger) -> int:
    """The sum of the node's own slots."""
    logs = [ledger.owners[owner] for owner in OWN if owner in ledger.owners]
    return sum(row.count for log in logs for row in log.after(-1) if isinstance(row, Entry))


def missing(ledger: Ledger, least: Holdings, *, rows_only: bool = False) -> str | None:
    """What of `least` is missing or older, in a few words; of rows only, or what is vouched for."""
    for owner, held in least.items():
        if ledger.have(owner) < held.have and not rows_only:
            return f"vouches for {ledger.have(owner)} of {held.have} of owner {owner[:1]!r}"
        for slot, version in held.versions.items():
            row = ledger.row(owner, slot)
            if row is None or row.version < version:
                return f"lacks version {version} of owner {owner[:1]!r}"
    return None


class Known:
    """All rows that there ever were, whether or not this node has heard of them."""

    def __init__(self) -> None:
        self._rows: dict[bytes, dict[int, Entry]] = {}

    def copy(self) -> Known:
        """One that goes on by itself."""
        copy = Known()
        copy._rows = {owner: dict(rows) for owner, rows in self._rows.items()}
        return copy

    def add(self, owner: bytes, entry: Entry) -> None:
        """An owner has counted."""
        self._rows.setdefault(owner, {})[entry.version] = entry

    def newest(self, owner: bytes) -> int:
        """The owner's newest version."""
        return max(self._rows.get(owner, {}), default=0)

    def since(self, owner: bytes, version: int) -> list[Entry]:
        """What the owner tells somebody who has all up to a version: no row that was replaced."""
        rows = self._rows.get(owner, {})
        newest = {rows[each].slot: each for each in sorted(rows)}
        return [rows[each] for each in sorted(newest.values()) if each > version]

    def problem(self, ledger: Ledger) -> str | None:
        """What a ledger has that nobody counted, or vouches for and does not have."""
        for owner, log in ledger.owners.items():
            rows = self._rows.get(owner, {})
            for row in log.after(-1):
                if rows.get(row.version) != row:
                    return f"brings what nobody has counted: {row} of owner {owner[:1]!r}"
            vouched = {
                row.slot: version for version, row in sorted(rows.items()) if version <= log.have
            }
            for slot, version in vouched.items():
                held = ledger.row(owner, slot)
                if held is None or held.version < version:
                    return (
                        f"vouches for what it does not have: all up to {log.have} of owner"
                        f" {owner[:1]!r}, and version {version} is missing"
                    )
        return None
