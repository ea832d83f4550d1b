"""Forgetting: rows of members that are dead or left do not stay for ever.

Ids contain addresses, so where addresses are not given out twice every crash leaves a row. Each
claim about a gone member says for how long it has been gone, and the largest such age counts. The
first node at which it reaches `forget_after` says that the member is forgotten. That is a claim
like others: it wins over the verdict, and reaches all nodes by gossip and by anti-entropy. So
nobody's clock has to be right, and no two nodes have to decide at one moment.

The row of a forgotten member is in no hash and shown to nobody. It is kept as long again, so that a
node that missed the claim is told so, and so that a process which comes back under the same id with
a smaller generation learns that it must take a larger one.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

from ..outbox import Outbox
from ..part import Part
from ..runtime import Runtime
from ..wire import DEAD, FORGOTTEN, Claim, Claims
from .contacts import Contacts
from .table import MemberTable
from .view import View

_LOOKS = 100
"""How often a node looks for members to forget in the time after which they are forgotten."""

_SELDOM = 60.0
"""Seconds between two looks at most."""

_KEPT = 72 * 3600.0
"""Seconds for which forgotten rows are kept by a node that forgets nobody itself."""


class Forgetting(Part):
    """Forgets members in time, and tries the addresses of the forgotten now and then."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        view: View,
        contacts: Contacts,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._view = view
        self._contacts = contacts
        self._lasts = runtime.config.forget_after
        self._wait = min(_SELDOM, (self._lasts or _KEPT) / _LOOKS)

    def start(self) -> None:
        """Sets the first look and the first try."""
        self._runtime.after("forget", self._wait, self._look)
        self._runtime.after("forgotten", self._runtime.config.forgotten_retry, self._try)

    def _look(self) -> None:
        self._runtime.after("forget", self._wait, self._look)
        now, table = self._runtime.now, self._table
        if self._lasts:
            gone = [row for row in table.rows.values() if row.state >= DEAD and not row.forgotten]
            for row in gone:
                if row.age(now) >= self._lasts and row is not table.own:
                    self._view.forget(row)
        before = now - (self._lasts or _KEPT)
        old = takewhile(lambda row: row.since <= before, table.forgotten.values())
        for row in list(old):
            table.drop_forgotten(row)

    def _try(self) -> None:
        """Tries the address of a forgotten member, and tells a peer of it.

        The peer may have joined later. Without that, a part of the cluster that is cut off would be
        lost once everybody who had known it was replaced.
        """
        wait = self._runtime.config.forgotten_retry
        member = self._table.apart.draw()
        if member is not None:
            self._contacts.try_again(member)
            told = Claims([Claim(member, 0, 0, DEAD, "", FORGOTTEN)])
            for peer in self._table.sample(1):
                self._outbox.send(peer.address, told)
            # Nodes that started together must not all try at one moment.
            wait *= 0.5 + self._runtime.rng.random()
        self._runtime.after("forgotten", wait, self._try)

    def waiting(self) -> Mapping[str, int]:
        """Returns how many ids of the forgotten are kept apart."""
        return {"forgotten": len(self._table.apart)}
