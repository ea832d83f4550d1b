"""Sealed datagrams that were recorded, and are sent again: they change nothing but a count."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any, NamedTuple

import attrs
import pytest

from gossipd.protocol import Address, Event, IdConflict, Node, ProtocolConfig, Seal, Transmit
from gossipd.protocol.wire import Codec, DecodeError, Unanswered
from tests.protocol.conversation import (
    Conversation,
    address,
    datagram,
    make_node,
    node_id,
    noted,
    sender,
    sent,
)

SETTINGS = ProtocolConfig(discovery=True, seal_bytes=31)


def frames(data: bytes) -> bytes:
    """Returns what of a datagram is sealed."""
    return data[Codec(SETTINGS.cluster).overhead :]


class Recorded(NamedTuple):
    """A datagram as it was sent."""

    source: Address
    data: bytes
    session: bytes
    number: int
    meant: bytes


class SealedConversation(Conversation):
    """Nodes whose datagrams are sealed: each process has a session and counts its datagrams.

    Attributes:
        recorded: every datagram that was sent, with its source, the session and number of its
            seal, and the session that it is meant for.
        sessions: the session of each process, and how many datagrams it has sealed.
    """

    def __init__(self, *nodes: Node) -> None:
        self.recorded: list[Recorded] = []
        self.sessions: dict[Node, tuple[bytes, int]] = {}
        self._sealed: deque[Recorded] = deque()
        super().__init__(*nodes)

    def carry(self, node: Node, effects: list[Any]) -> None:
        """Seals what the node sends."""
        super().carry(node, effects)
        for source, to, data in self.carried[len(self.recorded) :]:
            session, number = self._session(node)
            self.sessions[node] = session, number + 1
            sealed = Recorded(source, data, session, number, node.session(to) or b"")
            self._sealed.append(sealed)
            self.recorded.append(sealed)

    def open(self, recorded: Recorded, node: Node, source: Address | None = None) -> list[Event]:
        """Hands a node a datagram, from another source if one is named; returns what it reports."""
        seal = Seal(
            recorded.session, recorded.number, recorded.meant == self.sessions.get(node, [b"?"])[0]
        )
        where = source or recorded.source
        effects = node.handle_datagram(frames(recorded.data), where, self.now, seal)
        bare = [e for e in effects if isinstance(e, Transmit) and len(e.data) > len(recorded.data)]
        if source is None:
            self.carry(node, effects)
        else:
            assert not bare, "more was sent back than came"
        return noted(effects)

    def deliver_next(self) -> None:
        """Delivers the oldest datagram with its seal."""
        _, to, _ = self.wire.popleft()
        sealed, node = self._sealed.popleft(), self.nodes.get(to)
        if node is not None:
            self.open(sealed, node)

    def _session(self, node: Node) -> tuple[bytes, int]:
        """Returns the session of a process, and how many datagrams it has sealed in it."""
        return self.sessions.setdefault(node, (b"%16d" % len(self.sessions), 0))


def everything(node: Node) -> tuple[Any, ...]:
    """What a node knows and shows, apart from its traffic and its refusals."""
    statistics = node.statistics()
    return (
        node.members(),
        node.peers(),
        node.count("default"),
        node.count("other"),
        attrs.evolve(node.state(), gone_since={}),
        node.gates(),
        statistics.members,
        statistics.suspicions,
        statistics.refutations,
        statistics.cluster,
    )


def an_hour(seconds: float = 120.0) -> SealedConversation:
    """Three nodes that meet, count, suspect each other, restart and leave; all of it recorded."""
    nodes = [make_node(number, SETTINGS) for number in (1, 2, 3)]
    talk = SealedConversation(*nodes)
    talk.meet(start=True)
    talk.run(seconds / 4)
    for node in nodes:
        talk.carry(node, node.increment("default", 1, "local", 1, talk.now))
        talk.carry(node, node.increment("other", 2, "local", 2, talk.now))
        talk.run(1.0)
    nodes[2] = make_node(3, SETTINGS, wall_ms=1_700_000_900_000, nonce=77, now=talk.now)
    talk.add(nodes[2])
    talk.carry(nodes[2], nodes[2].start(talk.now))
    talk.carry(nodes[2], nodes[2].join([node_id(1)], talk.now))
    talk.run(seconds / 4)
    talk.carry(nodes[2], nodes[2].leave(talk.now))
    talk.run(seconds / 2)
    return talk


def restarted(talk: SealedConversation, number: int = 1) -> Node:
    """Puts a new process without a past in the place of a node, and lets it meet the others."""
    node = make_node(number, SETTINGS, wall_ms=1_700_001_000_000, nonce=99, now=talk.now)
    talk.add(node)
    talk.carry(node, node.start(talk.now))
    return node


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("joined", [False, True])
def test_recorded_traffic_changes_nothing(joined: bool, seed: int) -> None:
    """In any order, from its own source or any other, against a node that was started anew."""
    talk, random = an_hour(), Random(seed)
    recorded = list(talk.recorded)
    node = restarted(talk)
    if joined:
        talk.carry(node, node.join([node_id(2)], talk.now))
        talk.run(5.0)
        assert [node_id(2)] == node.peers()
    before, events = everything(node), []
    for each in random.sample(recorded, len(recorded)):
        where = random.choice([each.source, address(random.randint(1, 4)), ("10.9.9.9", 9)])
        events += talk.open(each, node, where)
    assert (before, []) == (everything(node), events)


def test_a_running_node_takes_nothing_twice() -> None:
    """The numbers of the sessions that it listens to are used up."""
    talk = an_hour()
    node = talk.nodes[address(1)]
    before = everything(node)
    for each in list(talk.recorded):
        assert [] == talk.open(each, node, each.source)
    assert before == everything(node)
    assert node.statistics().rejected["replayed"] > len(talk.recorded) / 3


def test_a_process_is_believed_again_in_a_new_session() -> None:
    """It echoes a number first, which takes one round trip."""
    talk = an_hour()
    two = talk.nodes[address(2)]
    talk.sessions[two] = b"another session!", 0
    talk.carry(two, two.increment("default", 5, "local", 9, talk.now))
    talk.run(2.0)
    assert talk.nodes[address(1)].count("default") == two.count("default") == 8


def test_its_own_past_is_no_second_process() -> None:
    """A node whose former traffic is sent to it reports no conflict, but asks who is there."""
    talk = an_hour()
    past = [each for each in talk.recorded if each.source == address(1)]
    node = restarted(talk)
    assert [] == [event for each in past for event in talk.open(each, node, each.source)]


def test_a_second_process_that_is_there_is_reported() -> None:
    """It has echoed a number, though it is no member."""
    one, other = make_node(1, SETTINGS), make_node(1, SETTINGS, nonce=5)
    seals = {id(one): iter(range(1, 99)), id(other): iter(range(1, 99))}
    events = []
    [effect, *_] = [e for e in other.register(node_id(2), 0.0) if isinstance(e, Transmit)]
    under_way = [(one, other, effect.data)]
    for _ in range(8):
        if under_way:
            to, source, data = under_way.pop(0)
            seal = Seal(b"%16d" % (source is one), next(seals[id(source)]))
            effects = to.handle_datagram(frames(data), ("10.0.0.77", 5), 0.0, seal)
            events += [e for e in noted(effects) if isinstance(e, IdConflict)]
            under_way += [(source, to, e.data) for e in effects if isinstance(e, Transmit)]
    assert [] == under_way
    assert 1 == len(events)


def test_a_recorded_complaint_is_no_complaint() -> None:
    """That this node's address is silent is believed of a session that is here now."""
    talk = an_hour()
    node = talk.nodes[address(1)]
    data = frames(datagram(sender(2), Unanswered(node_id(1), "10.0.0.1:9")))
    assert [] == noted(node.handle_datagram(data, address(2), talk.now, Seal(b"old", 5)))
    assert 1 == node.statistics().rejected["unanswered"]


def test_what_cannot_be_opened_is_said_once_a_minute() -> None:
    """And answered with nothing but a header, which is smaller and tells the other side."""
    node = make_node(1, SETTINGS)
    error = DecodeError("key", "key 1", "key 2", asks=True)
    effects = node.handle_datagram(bytes(100), address(2), 0.0, error)
    assert ["key 2"] == [event.theirs for event in noted(effects)]
    assert [Codec(SETTINGS.cluster).datagram([])] == [
        effect.data for effect in effects if isinstance(effect, Transmit)
    ]
    assert [] == noted(node.handle_datagram(bytes(100), address(2), 59.0, error))
    assert 1 == len(noted(node.handle_datagram(bytes(100), address(2), 61.0, error)))
    assert [] == sent(node.handle_datagram(bytes(48), address(2), 62.0, error))
    assert 4 == node.statistics().rejected["key"]
