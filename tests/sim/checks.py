"""What must hold of a cluster, judged from outside the nodes.

Each check returns its findings, one line each: an empty list means that all is well. A check that
must look on while a run lasts is a class, made before the run, with its findings in `problems`.
"""

from __future__ import annotations

from collections.abc import Iterable

from gossipd.protocol import MemberDead
from gossipd.sim.world import (
    MEMBER_EVENTS,
    Crashed,
    Host,
    Observed,
    Reference,
    SetBack,
    World,
    id_of,
)
from gossipd.sim.world.incidents import Blocked, Leaving, Paused, Quickened, Slowed

FAULTY = (Crashed, SetBack, Paused, Blocked, Slowed, Quickened, Leaving)
"""Incidents after which a node counts as faulty for ever."""

DATAGRAM_BYTES = 1400
"""The largest payload of a datagram that a node may send."""


def everybody_alive(world: World, among: Iterable[Reference] | None = None) -> list[str]:
    """Every live node has every other live node as alive (of all, or of these nodes)."""
    hosts = _chosen(world, among)
    problems = []
    for host in hosts:
        states = {row.id: str(row.state) for row in host.running().members()}
        for other in hosts:
            state = states.get(other.id, "unknown")
            if other is not host and state != "alive":
                problems.append(f"{host.id} has {other.id} as {state}")
    return problems


def counts_agree(
    world: World, name: str = "default", among: Iterable[Reference] | None = None
) -> list[str]:
    """The counter has one value at all live nodes."""
    counts = {host.id: host.running().count(name) for host in _chosen(world, among)}
    if len(set(counts.values())) <= 1:
        return []
    return [f"{node} counts {count}" for node, count in counts.items()]


def false_deaths(world: World, healthy: Iterable[Reference] | None = None) -> list[str]:
    """No node was ever declared dead that was never faulty (or, if given, none of `healthy`)."""
    if healthy is None:
        faulty = {seen.node for seen in world.log.events if isinstance(seen.event, FAULTY)}
        spared = {host.id: True for host in world.hosts.values() if host.id not in faulty}
    else:
        spared = {id_of(node): True for node in healthy}
    return [
        f"{death.time:.3f}: {death.node} declared {death.event.member} dead"
        f" (accuser {death.event.accuser})"
        for death in world.log.deaths()
        if death.event.member in spared
    ]


def increments_kept(world: World, name: str = "default") -> list[str]:
    """Every live node counts each acknowledged increment, and nothing that was not asked for.

    ValueError if the counter was synced: its value is no sum then.
    """
    requests = [
        request
        for request in world.log.requests
        if request.name == name and request.refused is None
    ]
    if any(request.kind == "sync" for request in requests):
        raise ValueError(f"{name} was synced")
    least = sum(request.amount for request in requests if request.acknowledged)
    most = least + sum(request.amount for request in requests if not request.acknowledged)
    problems = []
    for host in world.live():
        count = host.running().count(name)
        if not least <= count <= most:
            problems.append(f"{host.id} counts {count}, not {least} to {most}")
    return problems


def latest(world: World, node: str, boot: int, member: str) -> Observed | None:
    """Returns the last thing that a process of `node` reported about `member`."""
    for seen in reversed(world.log.events):
        if (
            (seen.node, seen.boot) == (node, boot)
            and isinstance(seen.event, MEMBER_EVENTS)
            and seen.event.member == member
        ):
            return seen
    return None


def known_dead_since(world: World, member: Reference) -> float | None:
    """Returns since when every live node knows `member` dead, or None if one does not."""
    member_id, since = id_of(member), 0.0
    for host in world.live():
        if host.id == member_id:
            continue
        last = latest(world, host.id, host.boots, member_id)
        if last is None or not isinstance(last.event, MemberDead):
            return None
        since = max(since, last.time)
    return since


def states(world: World, member: Reference) -> dict[str, str]:
    """Returns in which state each other live node has `member`, without nodes that lack a row."""
    member_id = id_of(member)
    found = {}
    for host in world.live():
        for row in host.running().members():
            if row.id == member_id and host.id != member_id:
                found[host.id] = str(row.state)
    return found


def datagrams_small(world: World, limit_bytes: int = DATAGRAM_BYTES) -> list[str]:
    """No datagram was larger than the limit."""
    largest = world.network.largest_bytes
    return [f"a datagram of {largest} bytes"] if largest > limit_bytes else []


class CountsNeverFall:
    """Watches that no counter falls at any node within one run of its process."""

    def __init__(self, world: World, names: Iterable[str] = ("default",)) -> None:
        self.problems: list[str] = []
        self._world = world
        self._names = tuple(names)
        self._seen: dict[tuple[str, int, str], int] = {}
        world.on_step.append(self._look)

    def _look(self, host: Host) -> None:
        if host.node is None:
            return
        for name in self._names:
            count = host.node.count(name)
            key = (host.id, host.boots, name)
            before = self._seen.get(key, 0)
            if count < before:
                self.problems.append(
                    f"{self._world.now:.3f}: {name} fell from {before} to {count} at {host.id}"
                )
            self._seen[key] = count


def _chosen(world: World, among: Iterable[Reference] | None) -> list[Host]:
    if among is None:
        return world.live()
    return [host for host in map(world.host, among) if host.node is not None and not host.paused]
