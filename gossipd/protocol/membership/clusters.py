"""Tells clusters of one name apart, so that an address that is given out again melts none together.

    A --ping----------------------> B    B sees in A's mark that A is of another cluster, or of none
    A <--ack, challenge, B's ids--- B    A decides whether the two are one cluster
    A --ack (challenge), A's ids--> B    B sees whether the ids meet

A cluster is known by random numbers, its ids. Mostly it has one, which its first member draws once
there is something to keep apart: a count, or a second member. Clusters that become one unite their
ids, and are known by all of them from then on; so whoever was away meanwhile and knows only one of
them still belongs. Two nodes whose ids meet are of one cluster, and so is a process that has been a
member before, whatever it draws: nobody can take the place of a process under its generation. A
node without an id takes those of the node that it meets.

Everybody else is kept apart: no message is handled, and nothing counts as a sign of life. What is
said of a cluster can only grow, so uniting is decided by one side, the one that knows why the other
was contacted. The other then sees that the ids meet.

- A seed (`--join`) or a registered name unites, whatever was counted: somebody asked for it. A seed
  at which this process has had a member before was joined then. Its address may have been given to
  another cluster since, so it unites only while one side has not counted, or stands alone there.
- Discovery unites while one side has not counted.
- Nothing else does: neither tries of the dead and of members on disk, nor pings and gossip.

A node that is to join seeds, and has not reached them yet, must not be taken in by another cluster
which knows its address as that of a dead member, or it would bring the two together as it joins. So
for some seconds it takes ids only from its seeds. If it takes others afterwards, because its seeds
may be down for long, it has *strayed*: joining a seed does not unite the two from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from hashlib import blake2b
from operator import xor
from typing import Any

from ..address import Address, format_node_id
from ..events import ClustersMerged, OtherCluster
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import NO_CLUSTER, ClusterIds, Message
from .contacts import Contact, Contacts
from .discovery import Discovery
from .echoes import Echoes
from .peer import Peer
from .seeds import SeedWatch
from .table import MemberTable

_MOST = 64
"""Ids of one cluster at most; the smallest are kept, so that all nodes keep the same. Also the
other clusters that are remembered at most."""

_OLDER = 0
"""The mark of a node of a version without cluster ids, which belongs to every cluster."""

_PATIENCE = 5.0
"""Seconds after its start in which a node with seeds takes ids from nobody else."""

_TOLD = 16
"""Members that are told of new ids at once, at most."""

_SETTLED = 2.0
"""Seconds after which another cluster is reported, if it has not become one with this one."""

_LOOK = 5.0
"""Seconds between two looks at whether an id is to be drawn, at least; at most twice as many."""

_LOOKS = 3
"""Looks with a member after which a node draws an id although it is not the first one by name."""

# Why a node is contacted.
_CHANCE, _DISCOVERED, _RETURNED, _ASKED = range(4)


class Clusters(Part):
    """Keeps the ids of this node's cluster, and decides who is of it.

    Attributes:
        ids: the ids, sorted; empty as long as there is none.
        mark: a number that stands for them in every datagram.
        strayed: whether they were taken from others than the seeds of this node.
    """

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        echoes: Echoes,
        contacts: Contacts,
        discovery: Discovery,
        seeds: SeedWatch,
        count: Callable[[], int | None],
    ) -> None:
        """Makes the identity of a node that has no cluster id yet.

        Args:
            count: returns the value of the counter, or None if nothing has been counted.
        """
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._echoes = echoes
        self._contacts = contacts
        self._discovery = discovery
        self._seeds = seeds
        self._count = count
        self._made = runtime.now
        self._looks = 0
        # Other clusters, each with the time at which it was met first.
        self._others: dict[str, float] = {}
        self.ids: tuple[int, ...] = ()
        self.strayed = False
        self.handlers = {ClusterIds: Handler(self.on_ids, Admits.ANYBODY)}
        self._take(())

    def start(self) -> None:
        """Begins to look whether an id is to be drawn."""
        self._look_again()

    def restore(self, ids: Iterable[int], *, strayed: bool) -> None:
        """Takes over the ids that a store kept."""
        self._take(ids)
        self.strayed = strayed

    def assume(self, members: Iterable[str]) -> None:
        """Gives this node the id that all these members, which include it, are given."""
        self._take([_id_from(min(members, default=""))])

    def counts(self) -> None:
        """Draws an id if this node has counted, and has none: now there is something to keep."""
        if not self.ids and self._count() is not None:
            self._draw()

    # Who is admitted

    def admits(self, peer: Peer) -> bool:
        """Returns whether the sender is of this cluster.

        If its datagram tells its ids, and its address has echoed a number of ours, this may unite
        the two clusters.
        """
        mark = peer.sender.cluster
        if mark in (self.mark, _OLDER) or peer.accepted:
            return True
        if peer.told is not None and self._echoes.verified(peer.source, peer.sender):
            told = peer.take_told()
            if told is not None and self._decide(peer, told):
                peer.accept()
                peer.owe(told.ids != list(self.ids))
                return True
        return self._was_member(peer)

    def besides(self, peer: Peer) -> tuple[Message, ...]:
        """Returns what an answer to the sender has besides: our ids, if its mark is another one."""
        if peer.sender.cluster in (self.mark, _OLDER):
            return ()
        return (self.message(),)

    def message(self) -> ClusterIds:
        """Returns what this node says of its cluster."""
        count = self._count()
        lone = len(self._table.rows) == 1 and not self._contacts.remembered()
        return ClusterIds(list(self.ids), count is not None, lone, count or 0)

    def tell(self, peer: Peer) -> None:
        """Tells our ids to a sender that has echoed a number of ours."""
        self._outbox.send(peer.source, self.message())

    def on_ids(self, _: ClusterIds, peer: Peer) -> None:
        """Answers with our ids, if the sender is to be told of them."""
        if peer.owes:
            peer.owe(False)
            self.tell(peer)

    def met(self, peer: Peer) -> None:
        """Takes note that the sender, which is of this cluster, has been met."""
        self._discovery.met(peer.source, peer.sender.id)
        if self.strayed and self._is_seed(peer.source):
            self.strayed = False

    def counted(self) -> Mapping[str, Any]:
        """Returns the id of this cluster as it is shown, empty as long as there is none."""
        return {"cluster": _shown(self.ids)}

    # Uniting

    def _decide(self, peer: Peer, told: ClusterIds) -> bool:
        """Unites our ids with the sender's, if the two are one cluster. Returns whether they are.

        A sender without an id is not yet admitted: it takes ours first, or does not want to.
        """
        if self._was_member(peer):
            self._take(told.ids)
            return True
        if not told.ids:
            return False
        if not self.ids:
            if not self._may_take(peer.source):
                return False
            self._take(told.ids)
            return True
        if any(each in self.ids for each in told.ids):
            self._merge(peer, told)
            return True
        why = self._why(peer.source)
        both_counted = told.counted and self._count() is not None
        if why == _ASKED or (why and not both_counted) or (why == _RETURNED and told.lone):
            self._merge(peer, told)
            return True
        self._keep_apart(peer.source, told)
        return False

    def _was_member(self, peer: Peer) -> bool:
        row = self._table.rows.get(peer.sender.id)
        return row is not None and row.generation == peer.sender.generation

    def _may_take(self, source: Address) -> bool:
        """Returns whether this node, which has no id, may take those of the node at `source`."""
        if self._why(source) >= _RETURNED or not self._is_seeking():
            return True
        if self._runtime.now < self._made + _PATIENCE:
            return False
        self.strayed = True
        return True

    def _why(self, source: Address) -> int:
        """Returns why this node contacts the one at `source`."""
        registered = self._contacts.registered.values()
        if any(source in contact.addresses for contact in registered):
            return _ASKED
        if self._is_seed(source):
            if self.strayed:
                return _CHANCE
            row = self._table.rows.get(format_node_id(*source))
            return _ASKED if row is None or row.since <= self._made else _RETURNED
        return _DISCOVERED if self._discovery.led_to(source) else _CHANCE

    def _is_seed(self, source: Address) -> bool:
        return any(source in seed.addresses for seed in self._contacts.configured())

    def _is_seeking(self) -> bool:
        """Returns whether this node is to join another one than itself."""
        return any(map(self._is_other, self._contacts.configured()))

    def _is_other(self, seed: Contact) -> bool:
        if not seed.addresses:
            return seed.name != self._table.own.id
        return not all(map(self._contacts.is_own, seed.addresses))

    def _merge(self, peer: Peer, told: ClusterIds) -> None:
        """Unites the ids of two clusters, and reports it if both have counted."""
        news = [each for each in told.ids if each not in self.ids]
        count = self._count()
        if news and told.counted and count is not None:
            where = format_node_id(*peer.source)
            ours, theirs = _shown(self.ids), _shown(news)
            self._runtime.notify(ClustersMerged(where, ours, theirs, count, told.count))
        self._take(told.ids)
        if news:
            self._tell_members()

    def _keep_apart(self, source: Address, told: ClusterIds) -> None:
        """Reports a node of another cluster: a seed with the seeds, others once a minute.

        While two clusters become one, some members hear of it before others. So the other cluster
        is reported only if it is still another one some seconds later.
        """
        ours, theirs, now = _shown(self.ids), _shown(told.ids), self._runtime.now
        first = self._others.setdefault(theirs, now)
        if len(self._others) > _MOST:
            del self._others[next(iter(self._others))]
        if now < first + _SETTLED:
            return
        if not self._seeds.foreign(source, f"cluster id {ours}", f"cluster id {theirs}"):
            event = OtherCluster(format_node_id(*source), ours, theirs)
            self._runtime.notify_seldom("other cluster", event)

    def _take(self, ids: Iterable[int]) -> None:
        known = sorted({*self.ids, *(each for each in ids if each > NO_CLUSTER)})
        self.ids = tuple(known[:_MOST])
        self.mark = _mark(self.ids)
        self._outbox.belong(self.mark)

    # Drawing an id

    def _look_again(self) -> None:
        # No draw of the node's generator: it would change every run that has no such look.
        jitter = self._runtime.identity.nonce / 2**32
        self._runtime.after("cluster id", _LOOK * (1 + jitter), self._look)

    def _look(self) -> None:
        """Draws an id for a cluster that has none, although it has counted or has members.

        Several nodes that do so at one moment do no harm, since the ids are united. But of nodes
        that start together mostly the first one by name does it, and the others take its id.
        """
        if self.ids:
            return
        live, own = self._table.live, self._table.own
        self._looks += bool(live)
        first = bool(live) and own.id < min(live)
        if self._count() is not None or first or self._looks >= _LOOKS:
            self._draw()
        else:
            self._look_again()

    def _draw(self) -> None:
        identity = self._runtime.identity
        own = self._table.own
        self._take([_id_from(f"{identity.nonce} {identity.node_id} {own.generation}")])
        self._tell_members()

    def _tell_members(self) -> None:
        """Tells members at once what otherwise they would learn by a ping."""
        for row in self._table.sample(_TOLD):
            self._outbox.send(row.address, self.message())


def _id_from(text: str) -> int:
    """Returns an id that follows from a text, which is as random as the text is."""
    digest = int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")
    return max(digest, NO_CLUSTER + 1)


def _mark(ids: Sequence[int]) -> int:
    """Returns a number that stands for these ids; for a single one it is the id itself."""
    mark = reduce(xor, ids, 0) if ids else NO_CLUSTER
    return mark if mark > NO_CLUSTER or not ids else mark + NO_CLUSTER + 1


def _shown(ids: Iterable[int]) -> str:
    """Returns the smallest of the ids as people see it, empty if there is none."""
    smallest = min(ids, default=None)
    return "" if smallest is None else f"{smallest:08x}"
