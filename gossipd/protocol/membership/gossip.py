"""Gossip rounds, as memberlist has them: news goes out without waiting for a probe."""

from __future__ import annotations

from ..outbox import Outbox


class Gossip:
    """Sends queued claims to random peers, for as long as there are any."""

    def __init__(self, outbox: Outbox) -> None:
        self._out = outbox

    def soon(self) -> None:
        """There is news: the next round comes within one interval."""
        if "gossip" not in self._out.timers:
            wait = self._out.config.gossip_interval * self._out.rng.random()
            self._out.timers.set("gossip", self._out.now + wait, self._round)

    def _round(self) -> None:
        """One round: as much news as fits to a few random peers."""
        out = self._out
        if not out.queue:
            return
        told = [out.send_news(row.address, row) for row in out.table.sample(out.config.fanout)]
        # What is left may be only about those who could be told, and they know better themselves.
        if out.queue and any(told):
            out.timers.set("gossip", out.now + out.config.gossip_interval, self._round)
