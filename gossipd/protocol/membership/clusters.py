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
  whose address is that of a known member was joined before, and may have been given to another
  cluster since. It unites only if the node there is alone, or if nobody else has had our id: then
  the two parted before they had one. A seed that was a member only before there was an id, and has
  been dead since, does not count as joined.
- Discovery unites while one side has not counted.
- Nothing else does: neither tries of the dead and of members on disk, nor pings and gossip.

A node that is to join seeds, and has not reached them yet, must not be taken in by another cluster
which knows its address as that of a dead member, or it would bring the two together as it joins. So
for some seconds it takes ids only from its seeds. If it takes others afterwards, because its seeds
may be down for long, it has *strayed*: joining a seed does not unite the two from then on. It has
strayed as well if its members were united with others meanwhile, and it has that from them.

Nor does a node with members take ids by chance: each of them might take those of another cluster.

A node that has lost its directory may be asked to count before its cluster finds it. So the id that
a node draws in its first seconds, and alone, is a *draft*: it is kept, for the next process, but
told to nobody, and dropped if the node meets its cluster in that time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..address import Address, format_node_id
from ..events import ClustersMerged, OtherCluster
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import NO_CLUSTER, Claim, ClusterIds, Message
from .cluster_ids import drawn_from, mark_of, shown, united
from .contacts import Contacts
from .echoes import Echoes
from .peer import Peer
from .reasons import ASKED, CHANCE, DISCOVERED, RETURNED, Reasons
from .seeds import SeedWatch
from .table import MemberTable

_OTHERS = 64
"""Other clusters that are remembered at most."""

_OLDER = 0
"""The mark of a node of a version without cluster ids, which belongs to every cluster."""

_PATIENCE = 3.0
"""Seconds after its start in which a node with seeds takes ids from nobody else."""

_YOUNG = 5.0
"""Seconds after its start in which a node that is alone draws no more than a draft."""

_TOLD = 16
"""Members that are told of new ids at once, at most."""

_SETTLED = 2.0
"""Seconds after which another cluster is reported, if it has not become one with this one."""

_LOOK = 5.0
"""Seconds between two looks at whether an id is to be drawn, at least; at most twice as many."""

_ROUNDING = 1e-6
_LOOKS = 3
"""Looks with a member after which a node draws an id although it is not the first one by name."""


class Clusters(Part):
    """Keeps the ids of this node's cluster, and decides who is of it.

    Attributes:
        ids: the ids, sorted; empty as long as there is none.
        draft: an id that nobody is told of, if one was drawn; else 0.
        mark: a number that stands for them in every datagram.
    """

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        echoes: Echoes,
        contacts: Contacts,
        reasons: Reasons,
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
        self._reasons = reasons
        self._seeds = seeds
        self._count = count
        self._made = runtime.now
        self._looks = 0
        # Other clusters, each with the time at which it was met first.
        self._others: dict[str, float] = {}
        # Where the last ids were offered that this node did not want, if it did not.
        self._offered: Address | None = None
        self.ids: tuple[int, ...] = ()
        self.draft = 0
        self._shared = False  # whether another node has had one of these ids
        # Whether a member has said that something was counted. It may be on its way here.
        self._counted_there = False
        self.handlers = {ClusterIds: Handler(self.on_ids, Admits.ANYBODY)}
        self._take(())

    def start(self) -> None:
        """Begins to look whether an id is to be drawn."""
        self._look_again()
        self._runtime.after("cluster patience", _PATIENCE, self._take_offer)
        self._runtime.after("cluster youth", _YOUNG, self.counts)

    def restore(self, ids: Iterable[int], members: Iterable[Claim], *, strayed: bool) -> None:
        """Takes over what a store kept: the ids, and whom this node knew as members."""
        self._take(ids)
        self._shared = bool(self.ids)
        self._reasons.restore(members, named=bool(self.ids), strayed=strayed)

    def assume(self, members: Iterable[str]) -> None:
        """Gives this node the id that all these members, which include it, are given."""
        self._take([drawn_from(min(members, default=""))])
        self._shared = True

    def counts(self) -> None:
        """Draws an id if this node has counted, and has none: now there is something to keep."""
        if self.ids or self._count() is None:
            return
        if self._table.live or self._runtime.now >= self._made + _YOUNG - _ROUNDING:
            self._draw()
        elif not self.draft:
            self.draft = self._drawn()

    @property
    def kept_ids(self) -> tuple[int, ...]:
        """The ids that a store keeps: those of the cluster, or else the draft.

        None as long as nobody else has them, though others are known: they may have drawn another
        id, and the next process takes theirs.
        """
        if not (self._shared or self._reasons.is_alone()):
            return ()
        return self.ids or ((self.draft,) if self.draft else ())

    @property
    def strayed(self) -> bool:
        """Whether the ids were taken from others than the seeds of this node."""
        return self._reasons.strayed

    def settle(self) -> None:
        """Makes a draft the id of this cluster, which somebody is about to unite with another."""
        if self.draft:
            self._draw()

    # Who is admitted

    def admits(self, peer: Peer) -> bool:
        """Returns whether the sender is of this cluster.

        If its datagram tells its ids, and its address has echoed a number of ours, this may unite
        the two clusters.
        """
        mark = peer.sender.cluster
        if self.ids and mark == self.mark:
            self._shared = True
            self._reasons.shares(peer.sender.id)
        if mark in (self.mark, _OLDER) or peer.accepted:
            return True
        if peer.told is not None and self._echoes.verified(peer):
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
        return (self._message(peer.source),)

    def tell(self, address: Address) -> None:
        """Tells our ids to a node whose address has echoed a number of ours."""
        self._outbox.send(address, self._message(address))

    def on_ids(self, _: ClusterIds, peer: Peer) -> None:
        """Answers with our ids, if the sender is to be told of them."""
        if peer.owes:
            peer.owe(False)
            self.tell(peer.source)

    def met(self, peer: Peer) -> None:
        """Takes note that the sender, which is of this cluster, has been met."""
        self._reasons.met(peer.source, peer.sender.id)
        if not self.ids and peer.sender.cluster == NO_CLUSTER:
            self.counts()

    def counted(self) -> Mapping[str, Any]:
        """Returns the id of this cluster as it is shown, empty as long as there is none."""
        return {"cluster": shown(self.kept_ids)}

    # Uniting

    def _decide(self, peer: Peer, told: ClusterIds) -> bool:
        """Unites our ids with the sender's, if the two are one cluster. Returns whether they are.

        A sender without an id is not yet admitted: it takes ours first, or does not want to.
        """
        if self._was_member(peer):
            if self._shared and self._news(told):
                # Not if members draw ids in one moment: those are no other cluster's.
                self._reasons.taken_from(peer.source)
            self._unite(told)
            return True
        if not told.ids:
            return False
        why = self._reasons.why(peer.source)
        if not self.ids:
            if self._table.live and why == CHANCE and not told.asked:
                # Another member may be taken in by another cluster at this moment.
                return False
            if not self._may_take(peer.source):
                return False
            if self.draft and (why == ASKED or told.asked):
                # Two that have counted become one: both ids are kept, and it is reported.
                self._take([self.draft])
                self._merge(peer, told)
            self._unite(told)
            return True
        if any(each in self.ids for each in told.ids):
            self._merge(peer, told)
            return True
        young = why == DISCOVERED and not (told.counted and self._has_counted())
        back = why == RETURNED and (told.lone or not self._shared)
        if why == ASKED or young or back:
            self._merge(peer, told)
            return True
        self._keep_apart(peer.source, told)
        return False

    def _was_member(self, peer: Peer) -> bool:
        row = self._table.rows.get(peer.sender.id)
        return row is not None and row.generation == peer.sender.generation

    def _may_take(self, source: Address) -> bool:
        """Returns whether this node, which has no id, may take those of the node at `source`."""
        if self._reasons.why(source) >= RETURNED or not self._reasons.is_seeking():
            return True
        if self._runtime.now < self._made + _PATIENCE - _ROUNDING:
            self._offered = source
            return False
        self._reasons.taken_from(source)
        return True

    def _take_offer(self) -> None:
        """Contacts the node whose ids were not wanted, if the seeds have not answered by now."""
        if self._offered is not None and not self.ids:
            self._contacts.ping(self._offered)

    def _merge(self, peer: Peer, told: ClusterIds) -> None:
        """Unites the ids of two clusters, and reports it if both have counted."""
        news = self._news(told)
        count = self._count()
        if news and told.counted and count is not None:
            where = format_node_id(*peer.source)
            ours, theirs = shown(self.ids), shown(news)
            self._runtime.notify(ClustersMerged(where, ours, theirs, count, told.count))
        if news:
            self._reasons.taken_from(peer.source)
        self._unite(told)
        if news:
            self._tell_members()

    def _news(self, told: ClusterIds) -> list[int]:
        return [each for each in told.ids if each not in self.ids]

    def _keep_apart(self, source: Address, told: ClusterIds) -> None:
        """Reports a node of another cluster: a seed with the seeds, others once a minute.

        While two clusters become one, some members hear of it before others. So the other cluster
        is reported only if it is still another one some seconds later.
        """
        ours, theirs, now = shown(self.ids), shown(told.ids), self._runtime.now
        first = self._others.setdefault(theirs, now)
        if len(self._others) > _OTHERS:
            del self._others[next(iter(self._others))]
        if now < first + _SETTLED:
            return
        if not self._seeds.foreign(source, f"cluster id {ours}", f"cluster id {theirs}"):
            event = OtherCluster(format_node_id(*source), ours, theirs)
            self._runtime.notify_seldom("other cluster", event)

    def _message(self, to: Address) -> ClusterIds:
        """Returns what this node says of its cluster to the node at an address."""
        lone, asked = self._reasons.is_alone(), self._reasons.why(to) == ASKED
        return ClusterIds(list(self.ids), self._has_counted(), lone, asked, self._count() or 0)

    def _has_counted(self) -> bool:
        return self._counted_there or self._count() is not None

    def _unite(self, told: ClusterIds) -> None:
        self._counted_there |= told.counted
        self._shared |= bool(told.ids)
        self._take(told.ids)

    def _take(self, ids: Iterable[int]) -> None:
        had = bool(self.ids)
        self.ids = united(self.ids, ids)
        if self.ids:
            self.draft = 0
        if self.ids and not had:
            self._reasons.named()
            self._runtime.after("cluster named", _LOOK, self._reasons.heard)
        self.mark = mark_of(self.ids)
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
        self._take([self.draft or self._drawn()])
        self._tell_members()

    def _drawn(self) -> int:
        """Returns an id that is as random as this process's nonce."""
        identity, generation = self._runtime.identity, self._table.own.generation
        return drawn_from(f"{identity.nonce} {identity.node_id} {generation}")

    def _tell_members(self) -> None:
        """Tells members at once what otherwise they would learn by a ping."""
        for row in self._table.sample(_TOLD):
            self.tell(row.address)
