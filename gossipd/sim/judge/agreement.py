"""Follows which nodes agree about which members, event by event, also in large clusters.

A pair (observer, subject) of running nodes is right if the observer has the subject's present
process as alive or suspect. A subject that does not run must be dead, left or unknown at the
observer. Membership has converged when no pair is wrong. A suspicion passes by itself, and so makes
no pair wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from gossipd.protocol import MemberDead, MemberJoined, MemberLeft, MemberRecovered

from ..world import WALL_CLOCK_MS, Crashed, Left, Observed, SetBack, Started, World

# What an observer has a subject as. OLD: a process before the subject's present one.
_UNKNOWN, _ALIVE_OLD, _ALIVE, _GONE_OLD, _GONE = range(5)
_NEW_PROCESS = bytes.maketrans(bytes([_ALIVE, _GONE]), bytes([_ALIVE_OLD, _GONE_OLD]))
_NOW_GONE = bytes([_UNKNOWN, _GONE_OLD, _GONE, _GONE_OLD, _GONE])
_NOW_ALIVE = bytes([_ALIVE, _ALIVE_OLD, _ALIVE, _ALIVE_OLD, _ALIVE])

Verdict = Callable[[float, int, int, int], None]
"""Takes the verdict that a member is dead: (time, observer, accuser, subject)."""


@attrs.define
class Step:
    """Something that happened, after which all nodes must agree anew.

    Attributes:
        label: what happened.
        at: when, in seconds. For processes that end, the time at which the last one is gone.
        agreed_after: seconds until no pair was wrong; None if that has not come yet.
    """

    label: str
    at: float
    agreed_after: float | None = None


class Agreement:
    """Follows what all nodes of a world have each other as, from its making on.

    Every node has been added by then. Nodes are known by their number, in the order of adding.

    Args:
        joined: whether all nodes begin with knowing each other.

    Attributes:
        steps: in the order in which they were announced.
        running: by number, whether a process runs.
        numbers: the number of each node, by id.
        wrong: how many pairs are wrong now.
        on_death: called as an observer declares a subject dead, or learns that it was declared so.
        on_forgotten: called with (time, subject) once no node has a stopped subject as alive.
    """

    def __init__(self, world: World, *, joined: bool) -> None:
        nodes = len(world.hosts)
        self.steps: list[Step] = []
        self.running = [host.node is not None for host in world.hosts.values()]
        self.numbers = {node_id: number for number, node_id in enumerate(world.hosts)}
        self.on_death: list[Verdict] = []
        self.on_forgotten: list[Callable[[float, int], None]] = []
        self._world = world
        self._live = sum(self.running)
        self._node_seconds = 0.0
        self._counted_at = world.now
        self._columns = [bytearray([_ALIVE if joined else _UNKNOWN]) * nodes for _ in range(nodes)]
        for number, column in enumerate(self._columns):
            column[number] = _UNKNOWN
        others = nodes - 1 if joined else 0
        # By subject: observers that have its present process as alive, and an older process.
        self._right = [others] * nodes
        self._old = [0] * nodes
        # By observer: subjects that it has as alive.
        self._seen = [others] * nodes
        # The newest generation known of each, and that of the process before its present one.
        self._newest = [WALL_CLOCK_MS if joined else 0] * nodes
        self._before = [0] * nodes
        self.wrong = sum(self._wrong_about(number) for number in range(nodes))
        self._open: list[Step] = []
        # Steps that begin once the processes of these nodes have ended.
        self._waiting: list[tuple[Step, set[int]]] = []
        self._handlers: dict[type, Callable[[Observed], None]] = {
            MemberJoined: self._on_joined,
            MemberRecovered: self._on_recovered,
            MemberDead: self._on_dead,
            MemberLeft: self._on_left,
            Started: self._on_started,
            SetBack: self._on_set_back,
            Left: self._on_stopped,
            Crashed: self._on_stopped,
        }
        world.log.on_event.append(self._on_event)

    def step(self, label: str, *, ending: Iterable[int] = ()) -> None:
        """Measures how long it takes until all agree.

        The measurement begins now, or at the end of the last process of the nodes `ending`. Before
        that, all still agree that those nodes are members.
        """
        step = Step(label, self._world.now)
        self.steps.append(step)
        waits_for = {number for number in ending if self.running[number]}
        if waits_for:
            self._waiting.append((step, waits_for))
        else:
            self._open.append(step)
            self._check()

    def members_seen(self) -> list[int]:
        """Returns how many members each running node has as alive or suspect, itself included."""
        return [1 + seen for seen, runs in zip(self._seen, self.running, strict=True) if runs]

    def node_seconds(self) -> float:
        """Returns for how many seconds nodes ran so far, summed over all of them."""
        now = self._world.now
        self._node_seconds += self._live * (now - self._counted_at)
        self._counted_at = now
        return self._node_seconds

    def holders(self, subject: int) -> int:
        """Returns how many running nodes have `subject` as alive or suspect, under any process."""
        return self._right[subject] + self._old[subject]

    def _wrong_about(self, subject: int) -> int:
        if self.running[subject]:
            return self._live - 1 - self._right[subject]
        return self._right[subject] + self._old[subject]

    def _check(self) -> None:
        if not self.wrong and self._open:
            for step in self._open:
                step.agreed_after = self._world.now - step.at
            self._open.clear()

    def _set(self, observer: int, subject: int, now_held: int) -> None:
        # The counts are adjusted by the difference: to count anew takes time in proportion to the
        # square of the number of nodes, and there are as many events in a large cluster's start.
        column = self._columns[subject]
        was, column[observer] = column[observer], now_held
        if was == now_held:
            return
        before = self._wrong_about(subject)
        right = (now_held == _ALIVE) - (was == _ALIVE)
        old = (now_held == _ALIVE_OLD) - (was == _ALIVE_OLD)
        self._right[subject] += right
        self._old[subject] += old
        self._seen[observer] += right + old
        self.wrong += self._wrong_about(subject) - before
        if right + old < 0 and not self.running[subject] and not self.holders(subject):
            for call in self.on_forgotten:
                call(self._world.now, subject)

    # Events

    def _on_event(self, observed: Observed) -> None:
        handler = self._handlers.get(type(observed.event))
        if handler is not None:
            handler(observed)
            if not self.wrong:
                self._check()

    def _pair(self, observed: Observed) -> tuple[int, int]:
        return self.numbers[observed.node], self.numbers[observed.event.member]

    def _on_joined(self, observed: Observed) -> None:
        observer, subject = self._pair(observed)
        generation = observed.event.generation
        self._newest[subject] = max(self._newest[subject], generation)
        present = generation > self._before[subject]
        self._set(observer, subject, _ALIVE if present else _ALIVE_OLD)

    def _on_recovered(self, observed: Observed) -> None:
        observer, subject = self._pair(observed)
        self._set(observer, subject, _NOW_ALIVE[self._columns[subject][observer]])

    def _on_dead(self, observed: Observed) -> None:
        observer, subject = self._pair(observed)
        accuser = self.numbers.get(observed.event.accuser, observer)
        for call in self.on_death:
            call(observed.time, observer, accuser, subject)
        self._set(observer, subject, _NOW_GONE[self._columns[subject][observer]])

    def _on_left(self, observed: Observed) -> None:
        observer, subject = self._pair(observed)
        self._set(observer, subject, _NOW_GONE[self._columns[subject][observer]])

    def _on_started(self, observed: Observed) -> None:
        self.node_seconds()
        number = self.numbers[observed.node]
        self.running[number] = True
        self._live += 1
        self._before[number] = self._newest[number]
        self._columns[number] = self._columns[number].translate(_NEW_PROCESS)
        self._old[number] += self._right[number]
        self._right[number] = 0
        self._count_wrong()

    def _on_stopped(self, observed: Observed) -> None:
        self.node_seconds()
        number = self.numbers[observed.node]
        for subject in range(len(self._columns)):
            self._set(number, subject, _UNKNOWN)
        self.running[number] = False
        self._live -= 1
        self._count_wrong()
        self._begin_steps(number)

    def _begin_steps(self, stopped: int) -> None:
        """Begins the steps that waited for the end of this node's process alone."""
        for step, waits_for in self._waiting:
            waits_for.discard(stopped)
            if not waits_for:
                step.at = self._world.now
                self._open.append(step)
        self._waiting = [(step, waits_for) for step, waits_for in self._waiting if waits_for]

    def _on_set_back(self, observed: Observed) -> None:
        """The node has its rows of then; the rows that others have of it do not change."""
        self.node_seconds()
        node = observed.node
        observer = self.numbers[node]
        self._live += not self.running[observer]
        self.running[observer] = True
        rows = {row.id: row for row in self._world.hosts[node].running().members()}
        for subject, number in self.numbers.items():
            row, held = rows.get(subject), _UNKNOWN
            if row is not None and number != observer:
                old = row.generation <= self._before[number]
                held = _ALIVE_OLD if old else _ALIVE
                if row.state not in ("alive", "suspect"):
                    held = _NOW_GONE[held]
            self._set(observer, number, held)
        self._count_wrong()

    def _count_wrong(self) -> None:
        self.wrong = sum(map(self._wrong_about, range(len(self._columns))))
