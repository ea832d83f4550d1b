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
from ..wire import Ack, Claim, Claims
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
        self,
        runtime: Runtime,
        echoes: Echoes,
        gossip: Gossip,
        awareness: Awareness,
        name: str,
    ) -> None:
        """Makes it; `name` tells its timers from those of another one of the same node."""
        self._runtime = runtime
        self._name = name
        self._echoes = echoes
        self._gossip = gossip
        self._awareness = awareness
        self._numbers: dict[str, int] = {}

    def begin(
        self, row: Member, done: Callable[[Member, bool], None], claim: Claim | None = None
    ) -> bool:
        """Looks at a member, unless it is looked at. Returns False if there are too many looks.

        Calls `done` with whether the member was reached. The pings carry `claim` to it.
        """
        if row.id in self._numbers:
            return True
        if not self._runtime.allows("look", _LOOKS):
            return False
        self._ping(row, done, [Claims([claim])] if claim else [], _PINGS - 1)
        return True

    def end(self, row: Member) -> None:
        """Ends the look at a member, if there is one; nobody is told."""
        number = self._numbers.pop(row.id, None)
        if number is not None:
            self._echoes.forget(number)
            self._runtime.timers.cancel((self._name, row.id))

    def _ping(
        self, row: Member, done: Callable[[Member, bool], None], told: list[Claims], more: int
    ) -> None:
        acked = partial(self._acked, row, done)
        refused = partial(self._refused, row, done, told)
        sent = Sent(row.id, row.address, acked, on_refused=refused)
        ping = self._echoes.ping(sent)
        self._numbers[row.id] = ping.number
        sent.went_as(self._gossip.send(row.address, row, *told, ping))
        wait = self._awareness.scale(self._runtime.config.probe_timeout)
        failed = partial(self._fail, row, done, told, more)
        self._runtime.after((self._name, row.id), wait, failed)

    def _acked(
        self, row: Member, done: Callable[[Member, bool], None], ack: Ack, sent: Sent, peer: Peer
    ) -> None:
        if peer.source == row.address:
            self.end(row)
            done(row, True)

    def _refused(
        self, row: Member, done: Callable[[Member, bool], None], told: list[Claims], number: int
    ) -> None:
        if self._runtime.config.refusals:
            self._fail(row, done, told, 0)

    def _fail(
        self, row: Member, done: Callable[[Member, bool], None], told: list[Claims], more: int
    ) -> None:
        """Pings once more if that is left, or ends the look."""
        self.end(row)
        if more:
            self._ping(row, done, told, more - 1)
        else:
            done(row, False)
