"""The trace of a run: its hash, which is equal for equal seeds and code, and its text."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from struct import pack
from typing import Any

import attrs

from gossipd.protocol import Address

from ..world import Incident, Observed, World


class TraceHash:
    """Hashes each datagram as a node reads it, and each event and incident, from its making on."""

    def __init__(self, world: World) -> None:
        self._hash = blake2b(digest_size=16)
        world.on_reading.append(self._read)
        world.log.on_event.append(self._event)

    def hexdigest(self) -> str:
        """Returns the hash of the run so far."""
        return self._hash.hexdigest()

    def _read(self, time: float, source: Address, target: Address, data: bytes) -> None:
        ends = f"{source[0]} {source[1]} {target[0]} {target[1]}".encode()
        self._hash.update(pack(">BdHI", 1, time, len(ends), len(data)))
        self._hash.update(ends)
        self._hash.update(data)

    def _event(self, observed: Observed) -> None:
        event = observed.event
        # Hashes of earlier versions contain incidents in this form, and shall stay comparable.
        shown = f"Befell(what={str(event)!r})" if isinstance(event, Incident) else repr(event)
        text = f"{observed.node} {observed.boot} {shown}".encode()
        self._hash.update(pack(">BdI", 2, observed.time, len(text)))
        self._hash.update(text)


class TraceText:
    """Writes one aligned line for each event and incident, from its making on."""

    def __init__(self, world: World, write: Callable[[str], object] = print) -> None:
        self._write = write
        world.log.on_event.append(self._event)

    def _event(self, observed: Observed) -> None:
        self._write(line(observed))


def line(observed: Observed) -> str:
    """Returns an event as text: time, node, what it is, and its details as key=value."""
    event = observed.event
    if isinstance(event, Incident):
        what, details = str(event), ""
    else:
        fields: dict[str, Any] = attrs.asdict(event)
        what = type(event).__name__
        details = " ".join(f"{key}={value}" for key, value in fields.items())
    return f"{observed.time:12.6f}  {observed.node:<21}  {what:<20}  {details}".rstrip()
