"""Judges how nodes depart: by a leave, or by a verdict on a member that is there."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from gossipd.protocol import LeaveDone, MemberDead
from gossipd.sim.scenario import Scenario
from gossipd.sim.world import Crashed, DiskReplaced, Host, Leaving, Observed, SetBack, World, id_of

from .findings import Checker
from .orders import inherited_by

_ROUNDING = 1e-3

_GRACE = 2.5
"""Probe intervals after healing in which a suspicion of before may still end in a verdict."""

_NEWEST_FLOOR = -1

_Slots = Mapping[tuple[bytes, str, int], int]
"""The version of each slot, and one without a name of each owner that an heir took over.

Of what a slot counts one cannot tell what is newer, since it may fall.
"""


def _slots(host: Host) -> _Slots:
    state = host.kept if host.node is None else host.node.state()
    groups = () if state is None else state.groups
    found = {}
    for group in groups:
        for owner in inherited_by(group):
            found[owner, "", 0] = 1
        for entry in group.entries:
            if entry.count or not entry.floor:
                found[group.owner, entry.name, entry.floor] = entry.version
            if entry.floor:
                # A floor under which nothing was counted goes once its owner has a newer one.
                newest = (group.owner, entry.name, _NEWEST_FLOOR)
                found[newest] = max(found.get(newest, 0), entry.version)
        # Rows about others go once the others have written the same, and what expires is not taken
        # by nodes whose clocks say that it has.
        for said in group.said:
            if not said.source and not said.until:
                found[group.owner, said.name, 0] = said.version
    return found


@attrs.frozen
class _Leave:
    at: float
    slots: _Slots


class Leaves(Checker):
    """Follows graceful leaves: they end when a peer has all that the node counted, or late.

    Args:
        grace: seconds that a leave may take if no peer has everything.
    """

    def __init__(self, world: World, grace: float) -> None:
        super().__init__(world)
        self._grace = grace
        # By each node that leaves; None where a holder may have lost what it held.
        self._leaves: dict[str, _Leave | None] = {}
        world.log.on_event.append(self._on_event)

    def _on_event(self, observed: Observed) -> None:
        event, node = observed.event, observed.node
        if isinstance(event, Leaving) and node not in self._leaves:
            self._leaves[node] = _Leave(observed.time, _slots(self._world.hosts[node]))
        elif isinstance(event, Crashed | DiskReplaced | SetBack):
            # Whoever held something may have lost it since. The others go on leaving, and so may
            # a process that is set back: what they count after the beginning is not promised,
            # whoever tells them again to leave.
            if not isinstance(event, SetBack):
                self._leaves.pop(node, None)
            self._leaves = dict.fromkeys(self._leaves)
        elif isinstance(event, LeaveDone):
            leave = self._leaves.pop(node, None)
            if leave is not None:
                self._judge(node, event, leave)

    def _judge(self, node: str, done: LeaveDone, leave: _Leave) -> None:
        if done.asked and not done.holders:
            if self._world.now < leave.at + self._grace - _ROUNDING:
                self._find("left too early", f"{node}, though no peer had its counts")
            return
        others = [_slots(host) for host in self._world.hosts.values() if host.id != node]
        if done.holders and not any(_covers(other, leave.slots) for other in others):
            self._find("left with counts", f"{node} took {done.holders} peers for holders")


def _covers(slots: _Slots, wanted: _Slots) -> bool:
    return all(
        slots.get(key, 0) >= version or (key[0], "", 0) in slots for key, version in wanted.items()
    )


class Healed(Checker):
    """Finds verdicts on running members from which nothing separates their observer.

    Nobody may ever take over or reach a verdict on a member from which no partition ever separated
    it, whatever nodes say that come from the other side. Verdicts across a partition must end soon
    after it is healed.

    Only histories in which nothing but partitions befalls the nodes are judged, and no datagram is
    lost by chance: all members are in reach of each other then, and can refute.
    """

    def __init__(self, world: World, scenario: Scenario) -> None:
        super().__init__(world)
        faults = [fault for fault, _ in scenario.faults]
        kinds = {fault.kind for fault in faults}
        ends = [
            scenario.duration if fault.length is None else fault.at + fault.length
            for fault in faults
            if fault.kind == "partition"
        ]
        if ends and kinds <= {"partition", "increment", "sync"} and not scenario.loss:
            self._apart = _separated(scenario)
            self._graced = max(ends) + _GRACE * scenario.config.probe_interval
            world.log.on_event.append(self._on_event)

    def _on_event(self, observed: Observed) -> None:
        event = observed.event
        if not isinstance(event, MemberDead):
            return
        together = (observed.node, event.member) not in self._apart
        if not together and observed.time < self._graced:
            return
        host = self._world.hosts.get(event.member)
        if host is not None and host.node is not None:
            text = f"{observed.node} declared {event.member} dead (accuser {event.accuser})"
            self._find("death after healing", text)


def _separated(scenario: Scenario) -> set[tuple[str, str]]:
    """Returns the pairs of nodes that some partition put on different sides, both ways round."""
    pairs = set()
    for fault, numbers in scenario.faults:
        if fault.kind == "partition":
            others = [number for number in range(scenario.nodes) if number not in numbers]
            for one in map(id_of, numbers):
                for other in map(id_of, others):
                    pairs |= {(one, other), (other, one)}
    return pairs
