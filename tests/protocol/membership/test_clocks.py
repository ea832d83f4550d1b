"""Wall clocks of nodes that meet: what is told, what is said of them, and what is not believed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from gossipd.protocol import ClockDiffers, Notify, ProtocolConfig, SettingsDiffer, Transmit
from gossipd.protocol.fingerprint import Fingerprint, Gates
from gossipd.protocol.membership import Clocks, Echoes, Peer, RoundTrips
from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.wire import ALIVE, LARGEST, Claim, Clock
from tests.protocol.conversation import (
    WALL_MS,
    address,
    converse,
    datagram,
    make_node,
    node_id,
    opened,
    sender,
)
from tests.protocol.parts import Parts

HOUR_MS = 3_600_000


def said(effects: Iterable[object]) -> list[ClockDiffers]:
    """Returns the events about clocks among these effects."""
    events = [effect.event for effect in effects if isinstance(effect, Notify)]
    return [event for event in events if isinstance(event, ClockDiffers)]


@pytest.mark.parametrize("by", [-HOUR_MS, -61_000, 130_000, HOUR_MS, LARGEST - WALL_MS, -WALL_MS])
def test_a_clock_that_differs_is_said_with_both_times(by: int) -> None:
    """Once a minute at most, whatever a member sends."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    data = datagram(sender(2), Clock(WALL_MS + by))
    since = talk.now
    [event] = said(node.handle_datagram(data, address(2), since))
    assert ClockDiffers(node_id(2), WALL_MS + int(since * 1000), WALL_MS + by) == event
    assert [] == said(node.handle_datagram(data, address(2), since + 59))
    assert 1 == len(said(node.handle_datagram(data, address(2), since + 61)))


def test_clocks_that_nearly_agree_are_not_mentioned() -> None:
    """Datagrams take time, and time services correct slowly."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    data = datagram(sender(2), Clock(WALL_MS + 50_000))
    assert [] == said(node.handle_datagram(data, address(2), talk.now))


def test_a_strangers_clock_is_not_believed() -> None:
    """Nor is it answered: anybody may forge an address."""
    node = make_node(1)
    assert [] == node.handle_datagram(datagram(sender(2), Clock(0)), address(2), 0.0)


def test_a_clock_that_was_stepped_is_taken_over() -> None:
    """What the node compares, and tells others, is the last reading that its driver gave."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    data = datagram(sender(2), Clock(WALL_MS + HOUR_MS))
    node.renew(talk.now, WALL_MS + HOUR_MS)
    assert [] == said(node.handle_datagram(data, address(2), talk.now))


@pytest.mark.parametrize("wall_ms", [-HOUR_MS, 0, LARGEST, LARGEST + HOUR_MS])
def test_a_node_with_an_absurd_clock_is_a_member(wall_ms: int) -> None:
    """It has a generation that can be told, and so has its next process."""
    nodes = [make_node(1), make_node(2, wall_ms=wall_ms)]
    talk = converse(*nodes)
    state = nodes[1].state()
    again = make_node(2, state=state, wall_ms=wall_ms, nonce=7)
    talk.add(again)
    talk.carry(again, again.register(node_id(1), talk.now))
    talk.run(1.0)
    assert [[node_id(2)], [node_id(1)]] == [nodes[0].peers(), again.peers()]
    rows = {row.id: row for row in nodes[0].members()}
    assert rows[node_id(2)] in again.members()


@pytest.mark.parametrize("asks", [True, False])
def test_a_member_that_asks_is_answered(asks: bool) -> None:
    """And one that does not is not, or the two would go on for ever."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    data = datagram(sender(2), Clock(WALL_MS, asks))
    effects = node.handle_datagram(data, address(2), talk.now)
    told = [opened(each.data) for each in effects if isinstance(each, Transmit)]
    ours = Clock(WALL_MS + int(talk.now * 1000), settings=ProtocolConfig().common())
    assert asks * [[ours]] == told


@pytest.mark.parametrize("known", [True, False])
def test_a_node_of_another_cluster_has_its_own_time(known: bool) -> None:
    """Though it has echoed a number: only of those with a row a person compares the logs."""
    parts = Parts()
    echoes = Echoes(
        parts.runtime, Gates(Fingerprint(), Fingerprint()), RoundTrips(10), Awareness(8)
    )
    clocks = Clocks(parts.runtime, parts.outbox, parts.table, echoes)
    peer = Peer(address(2), sender(2), 100)
    echoes.echo(peer)
    if known:
        parts.table.add(Claim(node_id(2), WALL_MS, 0, ALIVE), 0.0)
    clocks.on_clock(Clock(WALL_MS + HOUR_MS), peer)
    assert known == bool(said(parts.runtime.take_effects()))


# Settings

LAN = "profile=lan,forget_after=259200"


def differing(effects: Iterable[object]) -> list[SettingsDiffer]:
    """Returns the events about settings among these effects."""
    events = [effect.event for effect in effects if isinstance(effect, Notify)]
    return [event for event in events if isinstance(event, SettingsDiffer)]


def test_two_nodes_that_meet_both_say_which_settings_differ() -> None:
    """One line each, and in the statistics as long as the other is a member."""
    wan = ProtocolConfig.profile("wan")
    nodes = [make_node(1), make_node(2, config=wan)]
    talk = converse(*nodes)
    talk.run(3.0)
    for number, (ours, theirs) in ((1, ("lan", "wan")), (2, ("wan", "lan"))):
        event = SettingsDiffer(node_id(3 - number), f"profile={ours}", f"profile={theirs}")
        told = [e for e in talk.events[address(number)] if isinstance(e, SettingsDiffer)]
        assert [event] == told
        assert (event,) == nodes[number - 1].statistics().settings
    talk.carry(nodes[1], nodes[1].leave(talk.now))
    talk.run(3.0)
    assert () == nodes[0].statistics().settings


@pytest.mark.parametrize(
    ("theirs", "shown"),
    [
        ("profile=wan,forget_after=259200", "profile=wan"),
        ("profile=lan,forget_after=0", "forget_after=0"),
        ("probe_interval=2,forget_after=259200", "probe_interval=2"),
        (LAN, None),
        ("", None),
        ("profile=\x1b[2J", None),
    ],
)
def test_what_a_member_tells_is_said_where_it_differs(theirs: str, shown: str | None) -> None:
    """Once in ten minutes; nodes of versions that tell nothing are not known to differ."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    since, data = talk.now, datagram(sender(2), Clock(WALL_MS, settings=theirs))
    found = [
        differing(node.handle_datagram(data, address(2), since + later)) for later in (0, 590, 601)
    ]
    assert [shown is not None, False, shown is not None] == [bool(each) for each in found]
    assert shown == next((event.theirs for event in found[0]), None)


def test_a_member_that_starts_again_with_our_settings_no_longer_differs() -> None:
    """What it tells last counts."""
    node = make_node(1)
    talk = converse(node, make_node(2))
    for settings in ("profile=wan", LAN):
        data = datagram(sender(2), Clock(WALL_MS, settings=settings))
        node.handle_datagram(data, address(2), talk.now)
    assert () == node.statistics().settings
