"""Compares wall clocks and settings with the nodes that this one meets, and says what differs.

A --ping--------------------> B
A <--ack, challenge---------- B
A --ack (challenge)---------> B
A --clock, asks-------------> B   A believes B, which has acked A's ping
A <--clock, asks------------- B   B believes A. Who comes to believe last is answered
A --clock-------------------> B

No rule of the protocol depends on what a wall clock shows. A clock only proposes the generation of
a process, and a generation of any size is accepted. So a wrong clock does no harm here. It is said
because people compare the times in the logs of different nodes.

Nodes of other intervals and time-outs work together. But then each takes another time for too long,
so that one of a faster profile suspects those of a slower one, and nobody sees why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..events import ClockDiffers, SettingsDiffer
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import Clock
from .echoes import Echoes
from .peer import Peer
from .table import MemberTable

_DIFFERS_MS = 60_000
"""By more than this, two clocks differ: far more than datagrams, pauses and time services cause."""


_SAME_SETTINGS = 600.0
"""Seconds in which other settings of one member are said once."""

_DIFFERING = 1000
"""Members whose other settings are remembered, at most."""


class Clocks(Part):
    """Hears clocks, settings and versions of others. `Challenges` tells them this node's."""

    def __init__(
        self, runtime: Runtime, outbox: Outbox, table: MemberTable, echoes: Echoes
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._echoes = echoes
        self._differing: dict[str, SettingsDiffer] = {}
        self.handlers = {Clock: Handler(self.on_clock, Admits.ANYBODY)}

    def on_clock(self, clock: Clock, peer: Peer) -> None:
        """Reports that clock or settings of a node differ from this node's, and answers it.

        Only a node that has echoed a number is believed. Its generation may be out of date here:
        that happens when its clock is behind, and it tells its clock before it has raised it. A
        node without a row is of another cluster.
        """
        ours, member = self._runtime.wall_ms(), peer.sender.id
        if not self._echoes.verified(peer):
            return
        if clock.asks:
            self._outbox.send(peer.source, self._runtime.clock(asks=False))
        row = self._table.rows.get(member)
        if row is None:
            return
        row.runs(clock.program if clock.program.isprintable() else "")
        if abs(clock.wall_ms - ours) > _DIFFERS_MS:
            event = ClockDiffers(member, ours_ms=ours, theirs_ms=clock.wall_ms)
            self._runtime.notify_seldom(f"clock of {member}", event)
        self._compare(member, clock.settings)

    def _compare(self, member: str, settings: str) -> None:
        """Reports settings of a member that differ; those of versions that tell none do not."""
        if not settings.isprintable():
            self._runtime.reject("settings")
            return
        self._differing.pop(member, None)
        ours, theirs = _named(self._runtime.config.common()), _named(settings)
        if not theirs or theirs == ours:
            return
        event = SettingsDiffer(member, _others(ours, theirs), _others(theirs, ours))
        if len(self._differing) < _DIFFERING:
            self._differing[member] = event
        key = f"settings of {member}"
        # A node that is the only one of its kind in a large cluster meets all others in a moment.
        if not self._runtime.is_said(key, _SAME_SETTINGS) and self._runtime.allows("settings", 1.0):
            self._runtime.notify_seldom(key, event, _SAME_SETTINGS)

    def counted(self) -> Mapping[str, Any]:
        """Returns which live members have other settings."""
        live = self._table.live
        return {"settings": tuple(e for e in self._differing.values() if e.member in live)}


def _named(text: str) -> dict[str, str]:
    parts = (part.partition("=") for part in text.split(",") if part)
    return {name: value for name, _, value in parts}


def _others(one: Mapping[str, str], other: Mapping[str, str]) -> str:
    """Returns the settings of `one` that `other` does not have in the same way."""
    return ", ".join(f"{name}={v}" for name, v in one.items() if other.get(name) != v)
