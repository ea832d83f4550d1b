"""The node as a whole: time, state, statistics."""

from __future__ import annotations

import pytest

from gossipd.protocol import Node, ProtocolConfig
from gossipd.protocol.events import MemberSuspect, Paused
from gossipd.protocol.wire import Claim, Group
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    make_node,
    node_id,
    noted,
)


def started(*numbers: int) -> tuple[Conversation, list[Node]]:
    """Returns nodes that know each other and probe."""
    nodes = [make_node(number) for number in numbers]
    talk = converse(*nodes)
    for node in nodes:
        talk.carry(node, node.start(talk.now))
    talk.run(3)
    return talk, nodes


class Pausing:
    """A lonely node that is woken late now and then."""

    def __init__(self, **changes: object) -> None:
        self.node = make_node(1, ProtocolConfig.profile("lan", **changes))
        self.now = 0.0
        self.node.start(0.0)

    def due(self) -> float:
        """Returns when the node is to be woken."""
        due = self.node.next_timeout()
        assert due is not None
        return due

    def live(self, seconds: float) -> None:
        """Lets the node run on time."""
        end = self.now + seconds
        while self.due() < end:
            self.now = self.due()
            self.node.handle_timeout(self.now)

    def pause(self, seconds: float) -> bool:
        """Wakes the node late, by a datagram. Returns whether its deadlines moved."""
        due = self.due()
        self.now = due + seconds
        self.node.handle_datagram(b"", ("10.9.9.9", 1), self.now)
        moved = self.due() > due
        self.node.handle_timeout(self.now)
        return moved


def test_lateness_is_accounted_before_anything_else() -> None:
    """A pause moves deadlines, lowers local health, and is reported."""
    pausing = Pausing()
    due = pausing.due()
    events = noted(pausing.node.handle_datagram(b"", address(2), due + 16))
    assert [Paused(pytest.approx(16))] == events
    assert due + 16 == pytest.approx(pausing.due())
    assert 1 == pausing.node.statistics().local_health


def test_a_little_lateness_is_no_pause() -> None:
    """A scheduler's delay is as usual."""
    pausing = Pausing()
    assert [] == noted(pausing.node.handle_timeout(pausing.due() + 0.09))


def test_one_pause_is_accounted_once() -> None:
    """Further inputs before timers fire do not count the same pause again."""
    pausing = Pausing()
    late = pausing.due() + 5
    for _ in range(3):
        pausing.node.handle_datagram(b"", address(2), late)
    pausing.node.handle_timeout(late)
    assert 1 == pausing.node.statistics().pauses


def test_pauses_are_forgiven_up_to_a_credit_that_grows_back() -> None:
    """A process that is always late is not blind for ever."""
    pausing = Pausing()
    assert pausing.pause(400)
    assert not pausing.pause(10)
    pausing.live(1000)
    assert pausing.pause(10)


def test_compensation_can_be_switched_off() -> None:
    """Without compensation a pause moves no deadline, as in plain SWIM."""
    assert not Pausing(pause_compensation=False).pause(10)


def test_an_ack_that_waited_during_a_pause_counts() -> None:
    """An ack is handed over before timers fire, and so no member is suspected."""
    talk, (a, b) = started(1, 2)
    del talk.nodes[address(1)]
    due = a.next_timeout()
    while due is not None and not talk.wire:
        talk.now = due
        talk.carry(a, a.handle_timeout(due))
        due = a.next_timeout()
    waiting = []
    source, _to, data = talk.wire.popleft()
    talk.carry(b, b.handle_datagram(data, source, talk.now))
    waiting = [data for _, to, data in talk.wire if to == address(1)]
    late = talk.now + 16
    events = []
    for data in waiting:
        events += noted(a.handle_datagram(data, address(2), late))
    events += noted(a.handle_timeout(late))
    assert waiting
    assert not [event for event in events if isinstance(event, MemberSuspect)]
    assert {"failed": 0} | a.statistics().probes == a.statistics().probes | {"failed": 0}


def test_a_restarted_node_replaces_its_old_self() -> None:
    """The new process has a larger generation, and its member was never dead."""
    talk, (a, b) = started(1, 2)
    again = make_node(2, wall_ms=WALL_MS + 5000, nonce=77, now=talk.now)
    talk.add(again)
    talk.carry(again, again.start(talk.now))
    talk.carry(again, again.join([node_id(1)], talk.now))
    talk.deliver()
    rows = {row.id: row for row in a.members()}
    assert ("alive", WALL_MS + 5000) == (rows[node_id(2)].state, rows[node_id(2)].generation)
    assert b is not again


def test_the_generation_rises_with_each_run() -> None:
    """A clock that was set back does not lower it."""
    talk, (a,) = started(1)
    again = make_node(1, state=a.state(), wall_ms=WALL_MS - 10**9, now=talk.now)
    assert WALL_MS + 1 == again.members()[0].generation


def test_a_restart_with_state_makes_nobody_suspect() -> None:
    """A member list of the past is no statement about the present."""
    talk, nodes = started(1, 2, 3, 4)
    again = make_node(1, state=nodes[0].state(), wall_ms=WALL_MS + 10_000, nonce=7, now=talk.now)
    talk.add(again)
    talk.carry(again, again.start(talk.now))
    talk.run(20)
    events = [event for events in talk.events.values() for event in events]
    assert [] == [event for event in events if isinstance(event, MemberSuspect)]


def test_what_was_counted_is_kept() -> None:
    """A node that comes back counts on from there."""
    a = make_node(1)
    talk = converse(a, make_node(2))
    talk.carry(a, a.sync(10, "local", 1, talk.now))
    talk.carry(a, a.increment("default", 5, "local", 2, talk.now))
    again = make_node(1, state=a.state(), wall_ms=WALL_MS + 1, now=talk.now)
    assert 15 == again.count("default")
    assert all(isinstance(group, Group) for group in a.state().groups)


def test_statistics_count_members_by_state() -> None:
    """This node is one of the alive; removed ones are counted apart."""
    talk, (a, *_) = started(1, 2, 3)
    a.remove(node_id(3), talk.now)
    a.register("10.0.0.77", talk.now)
    members = a.statistics().members
    assert (2, 1, 1) == (members["alive"], members["removed"], members["joining"])


def test_assumed_members_are_members() -> None:
    """A cluster that is made whole at once sends nothing to become one."""
    nodes = [make_node(number) for number in (1, 2, 3)]
    for node in nodes:
        node.assume([Claim(node_id(number), WALL_MS, 0, 0) for number in (1, 2, 3)])
    talk = Conversation(*nodes)
    for node in nodes:
        talk.carry(node, node.start(0.0))
    talk.run(5)
    assert [] == [event for events in talk.events.values() for event in events]
    assert [node_id(2), node_id(3)] == nodes[0].peers()


def test_a_copy_of_another_nodes_directory_is_no_news_about_oneself() -> None:
    """Its row of this id is not taken over, and its generation is outdone."""
    talk, (a, b) = started(1, 2)
    state = a.state()
    copied = make_node(2, state=state, wall_ms=WALL_MS - 10, now=talk.now)
    [own] = [row for row in copied.members() if row.id == node_id(2)]
    assert ("alive", WALL_MS + 1) == (own.state, own.generation)
    assert b is not copied
