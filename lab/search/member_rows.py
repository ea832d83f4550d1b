"""Judges the membership of a history.

Every row of a node is looked at after each of its inputs. A row may only rise, and only by its
subject's own word; a peer must be removed and shown again as the node is told. Rows are compared by
(generation, incarnation, state), in SWIM's order of states with left above dead, so that nothing at
or below a dead (generation, incarnation) returns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from gossipd.protocol import Address, Beacon, Codec, MemberDead, State, format_node_id
from gossipd.sim.world import (
    DiskReplaced,
    Host,
    MemberRow,
    Observed,
    SetBack,
    World,
    address_of,
)

from .findings import Checker, Finding

_STATES = {"alive": 0, "suspect": 1, "dead": 2, "left": 3}

_LARGE = 64
"""Rows beyond which a table is looked at only when its revision changed: suspicions aside."""

_ROUNDING = 1.0
"""Seconds: ages are told in whole ones."""

_Rank = tuple[int, int, int]


class MemberRows(Checker):
    """Follows every row of every node of a world, from its making on. All nodes run by then.

    Args:
        spared: ids that no node may ever declare dead.
        bursting: ids of nodes whose datagrams may leave long after they were sent.
        cluster: the name of the nodes' cluster.
        limit: how many rows a node keeps; a full table forgets dead and left members.
        forget_after: seconds after which dead and left members are forgotten, 0 for never.
    """

    def __init__(
        self,
        world: World,
        spared: Collection[str] = (),
        bursting: Collection[str] = (),
        cluster: str = "gossipd",
        limit: int = 1 << 17,
        forget_after: float = 0.0,
    ) -> None:
        super().__init__(world)
        self._spared = spared
        self._bursting = bursting
        self._codec = Codec(cluster)
        self._seen: dict[tuple[str, int], dict[str, _Rank]] = {}
        # The largest incarnation that each node took itself, by its id and generation.
        self._own: dict[tuple[str, int], int] = {}
        self._left: dict[tuple[str, int], None] = {}
        self._limit = limit
        self._forget_after = forget_after
        # When the first node had a member of this generation as dead or left.
        self._gone_at: dict[tuple[str, int], float] = {}
        # By node and process, its revision when its rows were looked at last.
        self._revisions: dict[tuple[str, int], tuple[int, ...]] = {}
        for host in world.live():
            for row in host.running().members():
                self._follow_own(row)
        world.on_step.append(self._on_step)
        # The ids that each node or its disk has ever heard of.
        self._heard: dict[str, dict[str, None]] = {
            host.id: dict.fromkeys(host.seeds) for host in world.hosts.values()
        }
        # By node and peer, whether the node was last told to remove the peer.
        self._told: dict[tuple[str, str], bool] = {}
        world.on_tell.append(self._on_tell)
        # Pairs of addresses of which the first has removed the second, as last seen.
        self._removed: dict[tuple[Address, Address], None] = {}
        world.log.on_event.append(self._on_event)
        world.network.observers.append(self._on_sent)

    def _on_event(self, observed: Observed) -> None:
        event = observed.event
        if isinstance(event, DiskReplaced):
            self._begins_from(observed.node, self._world.hosts[observed.node].kept)
        elif isinstance(event, SetBack):
            self._begins_from(observed.node, self._world.node(observed.node).state())
        elif isinstance(event, MemberDead) and event.member in self._spared:
            self._find(
                "false death",
                f"{observed.node} declared {event.member} dead, which never had a fault"
                f" (accuser {event.accuser})",
            )

    def _begins_from(self, node: str, state: State | None) -> None:
        """Notes that all that this node knows from now on is in this state."""
        host = self._world.hosts[node]
        members, removed = ((), ()) if state is None else (state.members, state.removed)
        self._heard[host.id] = dict.fromkeys([*host.seeds, *(row.id for row in members)])
        self._told = {pair: told for pair, told in self._told.items() if pair[0] != host.id}
        self._told |= {(host.id, peer): True for peer in removed if peer != host.id}

    def _on_tell(self, host: Host, kind: str, peer: str) -> None:
        """Notes what a node is told of a peer; to remove one it must have a row for it."""
        known = any(row.id == peer for row in host.running().members())
        if kind == "register" or (known and peer != host.id):
            self._told[host.id, peer] = kind == "remove"

    def _on_sent(self, time: float, source: Address, to: Address, data: bytes, _: int) -> None:
        """Checks that nothing but a beacon is sent to a peer which the node has removed by then."""
        if (source, to) not in self._removed or self._is_beacon(data):
            return
        if self._world.carrier.translation.source(to) != to:
            # A peer is removed by its address. What it asked for before, from elsewhere, may still
            # be answered there.
            return
        host = self._world.host(format_node_id(*source))
        row = _row(host, self._world.host(format_node_id(*to)))
        if row is not None and row.removed and host.id not in self._bursting:
            self._find("sent to removed", f"from {host.id} to {row.id}")

    def _is_beacon(self, data: bytes) -> bool:
        _, messages, _ = self._codec.decode(data)
        return [type(message) for message in messages] == [Beacon]

    def _on_step(self, host: Host) -> None:
        if host.node is None:
            return
        key = (host.id, host.boots)
        before = self._seen.get(key)
        if before is not None and len(before) > _LARGE:
            # Looking at all rows after each input would cost too much.
            removed = host.node.statistics().members["removed"]
            revision = (*host.node.gates(), removed)
            if self._revisions.get(key) == revision:
                return
            self._revisions[key] = revision
        rows = {row.id: row for row in host.node.members()}
        if before is None:
            before = self._seen[host.id, host.boots] = {}
            self._check_generation(host, rows[host.id])
            self._end_removals(host, rows)
        self._follow_own(rows[host.id])
        for member, row in rows.items():
            self._heard[host.id][member] = None
            if row.removed != self._told.get((host.id, member), False):
                self._find("not as told", f"{host.id} has {member} removed: {row.removed}")
                self._told[host.id, member] = row.removed
            if row.removed:
                self._removed[host.address, address_of(member)] = None
                if member in host.node.peers():
                    self._find("shown", f"{member} is removed at {host.id}, and is among its peers")
            rank = (row.generation, row.incarnation, _STATES[row.state])
            if rank[2] >= _STATES["dead"]:
                self._gone_at.setdefault((member, row.generation), self._world.now)
            known = before.get(member)
            if known == rank:
                continue
            before[member] = rank
            if known is not None and rank < known:
                self._find("row fell", f"at {host.id}: {member} from {known} to {rank}")
            self._check_origin(host, row)
        if len(rows) < len(before):
            self._check_forgotten(host, rows, before)

    def _check_forgotten(
        self, host: Host, rows: Mapping[str, MemberRow], before: dict[str, _Rank]
    ) -> None:
        """Checks that members are forgotten only by a full table, or once they are gone for long.

        Nobody may forget a member before the first that had it as gone has had it so for
        `forget_after`. A node may hear at once that a member started again, left, and is forgotten;
        then it forgets a later generation than the one it showed.
        """
        for member in [member for member in before if member not in rows]:
            generation, _, state = before.pop(member)
            left = any(each == member and later >= generation for each, later in self._left)
            gone = state >= _STATES["dead"] or left
            due = any(
                each == member and later >= generation and self._is_due(at)
                for (each, later), at in self._gone_at.items()
            )
            if not gone or not (due or len(rows) >= self._limit):
                self._find("row gone", f"{host.id} forgot {member}")
            # A removal ends with the member that was removed.
            self._told.pop((host.id, member), None)

    def _is_due(self, gone_at: float) -> bool:
        """Returns whether a member that is gone since then may be forgotten."""
        if not self._forget_after:
            return False
        return self._world.now >= gone_at + self._forget_after - _ROUNDING

    def _end_removals(self, host: Host, rows: Mapping[str, MemberRow]) -> None:
        """Notes which removals have ended while the node did not run: those of the forgotten.

        A process forgets as it starts whatever is old by its own clock, which may have jumped. It
        may have heard of the member anew by now. Its generation is at least what the clock showed.
        """
        kept = {} if host.kept is None else host.kept.gone_since
        shown = rows[host.id].generation / 1000
        due = {
            member for (member, _), at in self._gone_at.items() if self._is_due(at)
        } - rows.keys()
        due |= {m for m, since in kept.items() if 0 < self._forget_after <= shown - since}
        for member in due:
            if member not in rows or not rows[member].removed:
                self._told.pop((host.id, member), None)

    def _check_generation(self, host: Host, own: MemberRow) -> None:
        """Checks that a process has a higher generation than the one whose disk it starts from."""
        if host.kept is not None and own.generation <= host.kept.generation:
            text = f"{host.id} starts as {own.generation}, its disk knows {host.kept.generation}"
            self._find("old generation", text)

    def _follow_own(self, row: MemberRow) -> None:
        key = (row.id, row.generation)
        self._own[key] = max(row.incarnation, self._own.get(key, 0))
        if row.state == "left":
            self._left[key] = None

    def _check_origin(self, host: Host, row: MemberRow) -> None:
        """Checks that a subject itself said first what a row says, except for suspect and dead."""
        key = (row.id, row.generation)
        if row.incarnation > self._own.get(key, -1):
            text = f"{host.id} has {row.id} at ({row.generation}, {row.incarnation})"
            self._find("never said", f"{text}, which that never was")
        if row.state == "left" and key not in self._left:
            self._find("never said", f"{host.id} has {row.id} as left, which never said so")

    # At the end

    def strangers(self, hosts: Sequence[Host]) -> dict[tuple[str, str], None]:
        """Returns pairs of which neither ever heard of the other, as far as its disk goes back."""
        return {
            (one.id, other.id): None
            for one in hosts
            for other in hosts
            if other.id not in self._heard[one.id] and one.id not in self._heard[other.id]
        }

    def differing(self, hosts: Sequence[Host]) -> list[Finding]:
        """Returns a finding if these nodes have different rows, suspicions aside."""
        if len({host.running().gates()[0] for host in hosts}) <= 1:
            return []
        text = ", ".join(f"{host.id} has {len(host.running().members())} rows" for host in hosts)
        return [Finding("tables never agreed", text)]

    def judge(self, pairs: Iterable[tuple[Host, Host]], down: Sequence[Host]) -> list[Finding]:
        """Returns findings at the end of a history.

        The first of each pair must have the second as alive, and no node may have one of `down`,
        which do not run, as alive or suspect.
        """
        found = []
        for observer, subject in pairs:
            row = _row(observer, subject)
            if row is None or row.state != "alive":
                text = f"{observer.id} has {subject.id} as {row.state if row else 'unknown'}"
                found.append(Finding("not alive", text))
        for subject in down:
            for observer in self._world.live():
                row = _row(observer, subject)
                if row is not None and not row.removed and row.state in ("alive", "suspect"):
                    text = f"{observer.id} has {subject.id} as {row.state}, which does not run"
                    found.append(Finding("not dead", text))
        return found


def _row(observer: Host, subject: Host) -> MemberRow | None:
    for row in observer.running().members():
        if row.id == subject.id:
            return row
    return None


def apart(hosts: Sequence[Host]) -> dict[tuple[str, str], None]:
    """Returns the pairs of running nodes of which one has removed the other, both ways round."""
    pairs: dict[tuple[str, str], None] = {}
    for host in hosts:
        for row in host.running().members():
            if row.removed:
                pairs[host.id, row.id] = pairs[row.id, host.id] = None
    return pairs


def of_other_clusters(hosts: Sequence[Host]) -> dict[tuple[str, str], None]:
    """Returns the pairs of running nodes that are of clusters with different ids."""
    shown = {host.id: host.running().statistics().cluster for host in hosts}
    return {
        (one, other): None
        for one in shown
        for other in shown
        if shown[one] and shown[other] and shown[one] != shown[other]
    }


def connected(hosts: Sequence[Host], cut: Collection[tuple[str, str]]) -> bool:
    """Returns whether each node can reach every other one, through others and without `cut`."""
    if not hosts:
        return True
    reached = {hosts[0].id: None}
    waiting = [hosts[0]]
    while waiting:
        one = waiting.pop()
        for other in hosts:
            if other.id not in reached and (one.id, other.id) not in cut:
                reached[other.id] = None
                waiting.append(other)
    return len(reached) == len(hosts)
