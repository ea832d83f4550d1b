"""Clusters with nodes that talk from another address than they advertise."""

from __future__ import annotations

from collections import Counter

import pytest

from gossipd.protocol import (
    AddressSilent,
    MemberDead,
    MemberRecovered,
    MemberSuspect,
    OwnAddressSilent,
    ProtocolConfig,
    Refuted,
    SeedNotJoined,
)
from gossipd.sim.world import Commands, Faults, World

LAN = ProtocolConfig()


def cluster(nodes: int, seed: int = 1) -> World:
    """A cluster that has just come together; the last node has not started."""
    world = World(seed, config=LAN)
    for _ in range(nodes - 1):
        world.add(seeds=[0])
    world.add(seeds=[0], start=False)
    world.run(10.0)
    return world


def states(world: World, of: int) -> Counter[str]:
    """In how many tables of other nodes that node is in each state."""
    subject = world.host(of).id
    return Counter(
        row.state
        for host in world.live()
        if host.id != subject
        for row in host.running().members()
        if row.id == subject
    )


def events(world: World, *kinds: type, since: float = 0.0) -> list[object]:
    """What all nodes have reported of these kinds."""
    return [
        each.event
        for each in world.log.events
        if isinstance(each.event, kinds) and each.time >= since
    ]


@pytest.mark.parametrize("nodes", [3, 20])
def test_an_address_that_never_answered_is_no_member_anywhere(nodes: int) -> None:
    """Nobody flaps, `all` is met without it, and little is said and sent."""
    world = cluster(nodes)
    wrong = nodes - 1
    Faults(world).translate(wrong, mapped=False)
    world.start(wrong)
    seen: Counter[str] = Counter()
    for _ in range(240):
        world.run(0.5)
        seen += states(world, wrong)
    assert {} == seen
    assert [] == events(world, MemberSuspect, MemberDead, MemberRecovered, Refuted)
    assert (2, 1) == (len(events(world, AddressSilent)), len(events(world, SeedNotJoined)))
    assert [] == events(world, OwnAddressSilent)
    request = Commands(world).increment(0, ack="all")
    world.run(1.0)
    assert request.answer is not None
    assert (nodes - 1, nodes - 1) == (request.answer.holders, request.answer.target)
    world.carrier.translation.begin(world.host(wrong).address, mapped=True)
    world.run(12.0)
    assert {"alive": nodes - 1} == states(world, wrong)


@pytest.mark.parametrize("nodes", [3, 20])
def test_behind_a_mapping_that_is_right_all_is_as_ever(nodes: int) -> None:
    """All nodes are there: they come together, and none is ever suspected."""
    world = World(2, config=LAN)
    for number in range(nodes):
        world.add(seeds=[0], start=False)
        Faults(world).translate(number, mapped=True)
        world.start(number)
    world.run(5.0)
    assert [{"alive": nodes - 1}] * nodes == [states(world, each) for each in range(nodes)]
    world.run(60.0)
    assert [] == events(world, MemberSuspect, MemberDead, AddressSilent, SeedNotJoined)


@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_an_address_that_falls_silent_dies_once(loss: float) -> None:
    """The node talks on, and refutes; its word from elsewhere brings it back nowhere."""
    world = cluster(6)
    Faults(world).translate(5, mapped=True)
    world.start(5)
    world.run(10.0)
    world.network.loss_ratio = loss
    Faults(world).translate(5, mapped=False)
    world.run(60.0)
    assert {"dead": 5} == states(world, 5)
    settled = world.now
    world.run(120.0)
    assert {"dead": 5} == states(world, 5)
    mine = [
        each
        for each in events(world, MemberSuspect, MemberRecovered, since=settled)
        if getattr(each, "member", "") == world.host(5).id
    ]
    assert [] == mine
    world.network.loss_ratio = 0.0
    Faults(world).translate(5, mapped=True)
    world.run(15.0)
    assert {"alive": 5} == states(world, 5)


def test_pings_to_a_silent_address_are_few() -> None:
    """A newcomer cannot point the pings of a cluster at a third address."""
    world = cluster(20)
    victim = world.host(19).address
    sent = []
    world.network.observers.append(
        lambda now, source, target, data, copies: sent.append(now) if target == victim else None
    )
    Faults(world).translate(19, mapped=False)
    world.start(19)
    world.run(10.0)
    # What goes to the address from which it talks is counted under the same machine.
    shown = world.carrier.translation.source(victim)
    assert shown != victim
    direct = world.network.vanished
    world.run(60.0)
    assert direct <= 8
    assert world.network.vanished - direct <= 8
