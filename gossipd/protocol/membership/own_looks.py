"""Pings members that others accuse: nobody is declared dead here whom this node still reaches.

    M --suspect X--> A       A has not probed X itself
    A --ping--> X            the suspicion rides on it, so that X can refute at once
    A <--ack--- X            X is reached: the word of others brings no verdict

Two pings that are not acked, or one that X's machine refuses, are a failed probe. So a member that
makes up accusations, whoever is named in them, has no live member declared dead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..runtime import Runtime
from ..wire import Ack
from .awareness import Awareness
from .echoes import Echoes, Sent
from .gossip import Gossip
from .peer import Peer
from .table import Member

_PINGS = 2
"""Pings of one look at most."""

_LOOKS = 512.0
"""Looks in a second at most, so that accusations make no flood of pings."""


class OwnLooks:
    """The looks under way, one for each member at most."""

    def __init__(
        self, runtime: Runtime, echoes: Echoes, gossip: Gossip, awareness: Awareness
    ) -> None:
        self._runtime = runtime
        self._echoes = echoes
        self._gossip = gossip
        self._awareness = awareness
        self._numbers: dict[str, int] = {}

    def begin(self, row: Member, done: Callable[[Member, bool], None]) -> bool:
        """Looks at a member, unless it is looked at. Returns False if there are too many looks.

        Calls `done` with whether the member was reached.
        """
        if row.id in self._numbers:
            return True
        if not self._runtime.allows("look", _LOOKS):
            return False
        self._ping(row, done, _PINGS - 1)
        return True

    def end(self, row: Member) -> None:
        """Ends the look at a member, if there is one; nobody is told."""
        number = self._numbers.pop(row.id, None)
        if number is not None:
            self._echoes.forget(number)
            self._runtime.timers.cancel(("look", row.id))

    def _ping(self, row: Member, done: Callable[[Member, bool], None], more: int) -> None:
        def acked(ack: Ack, sent: Sent, peer: Peer) -> None:
            if peer.source == row.address:
                self.end(row)
                done(row, True)

        def refused(number: int) -> None:
            if self._runtime.config.refusals:
                self._fail(row, done, 0)

        sent = Sent(row.id, row.address, acked, on_refused=refused)
        ping = self._echoes.ping(sent)
        self._numbers[row.id] = ping.number
        sent.went_as(self._gossip.send(row.address, row, ping))
        wait = self._awareness.scale(self._runtime.config.probe_timeout)
        self._runtime.after(("look", row.id), wait, partial(self._fail, row, done, more))

    def _fail(self, row: Member, done: Callable[[Member, bool], None], more: int) -> None:
        """Pings once more if that is left, or ends the look."""
        self.end(row)
        if more:
            self._ping(row, done, more - 1)
        else:
            done(row, False)
