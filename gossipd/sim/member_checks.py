"""What must hold of membership, watched from outside and judged at the end."""

from __future__ import annotations

from collections.abc import Mapping

from gossipd.protocol.messages import STATES

from .host import Host
from .world import World

_RANK = {state: rank for rank, state in enumerate(STATES)}
_View = tuple[int, int, int]

Hidden = Mapping[str, Mapping[str, None]]
"""By node, whom it removed and did not register again."""


class Members:
    """Watches every table: what is said of a member at one (generation, incarnation) only grows
    worse, nothing is said that it did not say itself, and nobody has left without leaving.

    Attributes:
        problems: a line each, of what was seen so far.
    """

    def __init__(self, world: World, leaving: Mapping[str, int]) -> None:
        self.problems: list[str] = []
        self._world = world
        self._leaving = leaving
        self._views: dict[tuple[str, int], tuple[object, dict[str, _View]]] = {}
        self._said: dict[str, tuple[int, int]] = {}
        self._left: dict[str, int] = {}
        world.on_step.append(self._look)

    def _look(self, host: Host) -> None:
        if host.node is None:
            return
        members = host.node.members()
        known, views = self._views.setdefault((host.id, host.boots), (None, {}))
        if members == known:
            return
        self._views[host.id, host.boots] = (members, views)
        seen = {row.id: (row.generation, row.incarnation, _RANK[row.state]) for row in members}
        if host.id in seen:
            self._own(host, seen[host.id])
        for member, view in seen.items():
            before = views.get(member)
            if before != view:
                self._change(host, member, before, view)
                views[member] = view
        for member in views.keys() - seen.keys():
            self._problem(f"{host.id} forgot {member}")
            del views[member]

    def _own(self, host: Host, view: _View) -> None:
        generation, incarnation, rank = view
        self._said[host.id] = max(self._said.get(host.id, (0, 0)), (generation, incarnation))
        if self._leaving.get(host.id) == host.boots:
            self._left[host.id] = max(self._left.get(host.id, 0), generation)
        elif rank != 0:
            self._problem(f"{host.id} holds itself for {STATES[rank]}")

    def _change(self, host: Host, member: str, before: _View | None, view: _View) -> None:
        generation, incarnation, rank = view
        if before is not None and view < before:
            self._problem(f"{host.id} went back on {member}, from {before} to {view}")
        if (generation, incarnation) > self._said.get(member, (0, 0)):
            self._problem(f"{host.id} has {member} at {view[:2]}, which it never was")
        if STATES[rank] == "left" and generation > self._left.get(member, 0):
            self._problem(f"{host.id} has {member} as left, which it did not")

    def _problem(self, text: str) -> None:
        if len(self.problems) < 20:
            self.problems.append(f"{self._world.now:.3f}: {text}")


def apart(hidden: Hidden, one: str, other: str) -> bool:
    """Whether one of the two removed the other."""
    return other in hidden.get(one, ()) or one in hidden.get(other, ())


def linked(world: World, hidden: Hidden) -> bool:
    """Whether all pairs of live nodes speak to each other, or at least to a common third."""
    live = world.live()
    for one in live:
        for other in live:
            if one is not other and apart(hidden, one.id, other.id):
                thirds = [third for third in live if third is not one and third is not other]
                if not any(
                    not apart(hidden, one.id, third.id) and not apart(hidden, other.id, third.id)
                    for third in thirds
                ):
                    return False
    return True


def disagreements(world: World, hidden: Hidden) -> list[str]:
    """Every two nodes that speak to each other have each other alive, at the newest word.

    Nodes that removed each other do not show each other. Where two have no common third, each of
    them may be dead to the other's friends, so nothing is demanded of states then.
    """
    problems = []
    whole = linked(world, hidden)
    live = world.live()
    own = {host.id: _own_view(host) for host in live}
    for host in live:
        rows = {row.id: row for row in host.running().members()}
        peers = host.running().peers()
        for other in live:
            if other is host:
                continue
            row = rows.get(other.id)
            gone = other.id in hidden.get(host.id, ())
            if row is not None and row.removed != gone:
                problems.append(f"{host.id} has {other.id} removed: {row.removed}, not {gone}")
            if gone and other.id in peers:
                problems.append(f"{host.id} shows {other.id}, which it removed")
            if apart(hidden, host.id, other.id) or not whole:
                continue
            if row is None:
                problems.append(f"{host.id} does not know {other.id}")
            elif row.state != "alive" or other.id not in peers:
                problems.append(f"{host.id} has {other.id} as {row.state}")
            elif (row.generation, row.incarnation) != own[other.id]:
                problems.append(f"{host.id} has old news of {other.id}")
    return problems


def still_alive(world: World, hidden: Hidden) -> list[str]:
    """Those who do not run are alive to nobody. Time must have passed since they ended."""
    problems = []
    down = [host.id for host in world.hosts.values() if host.node is None]
    for host in world.live():
        for row in host.running().members():
            if row.id in down and row.state in ("alive", "suspect"):
                problems.append(f"{host.id} has {row.id}, which does not run, as {row.state}")
    return problems


def _own_view(host: Host) -> tuple[int, int]:
    for row in host.running().members():
        if row.id == host.id:
            return row.generation, row.incarnation
    return (0, 0)
