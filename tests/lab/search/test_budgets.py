"""The checker of costs, on puppets that say too much."""

from __future__ import annotations

from gossipd.protocol import Ack, Beacon, Claims, Content, Ping, ProtocolConfig
from gossipd.sim.world import World
from lab.search.budgets import IDLE_BYTES, STORM, Budgets
from tests.lab.search.puppet import puppets
from tests.protocol.conversation import datagram, sender

TO = ("10.0.0.2", 8088)


def watched(*bursting: str) -> tuple[World, Budgets]:
    """Two puppets with a checker."""
    world, _ = puppets(2)
    return world, Budgets(world, ProtocolConfig(), bursting)


def say(world: World, *datagrams: bytes) -> None:
    """The first puppet sends these."""
    for data in datagrams:
        world.carrier.transmit(data, world.host(0).address, TO)


def test_a_datagram_may_be_as_large_as_is_set() -> None:
    """And not a byte larger; each size is found once."""
    world, budgets = watched()
    say(world, bytes(1400))
    assert [] == budgets.findings
    say(world, bytes(1401), bytes(1401), bytes(1402))
    assert ["too large"] * 2 == [finding.kind for finding in budgets.findings]


def test_a_storm_is_many_datagrams_in_a_second() -> None:
    """Of one node; the next second begins anew."""
    world, budgets = watched()
    for _ in range(3):
        say(world, *[b""] * (STORM - 1))
        world.run(1.0)
    assert [] == budgets.findings
    say(world, *[b""] * (2 * STORM))
    assert ["storm"] == [finding.kind for finding in budgets.findings]


def test_a_node_that_was_blocked_sends_much_at_once() -> None:
    """Through no fault of its own."""
    world, budgets = watched("10.0.0.1:8088")
    say(world, *[b""] * (2 * STORM))
    assert [] == budgets.findings


def test_pings_acks_and_the_sweep_are_idle() -> None:
    """Everything else is not, and only while one listens."""
    world, budgets = watched()
    busy = datagram(sender(1), Ping(1, "", 5, 6), Claims([]))
    say(world, busy)
    said = budgets.listen()
    idle = [Ping(1, "10.0.0.2:8088", 2**62, 2**62), Ack(1, 2**62, 2**62), Content(b"o" * 16, 1, 2)]
    idle.append(Beacon())
    say(world, *[datagram(sender(1), message) for message in idle])
    assert [] == said
    say(world, busy)
    assert ["not quiet"] == [finding.kind for finding in said]
    said = budgets.listen()
    assert [] == said


def test_an_idle_exchange_has_a_budget() -> None:
    """Of what a ping and an ack have beyond their number and target, together."""
    world, budgets = watched()
    said = budgets.listen()
    half = IDLE_BYTES // 2 - 16
    say(world, datagram(sender(1), Ping(1, "", 2**62, 2**62, bytes(half - 6))))
    say(world, datagram(sender(1), Ack(1, 2**62, 2**62, 0, bytes(half + 6))))
    assert [] == said
    say(world, datagram(sender(1), Ack(1, 2**62, 2**62, 0, bytes(half + 7))))
    assert ["idle bytes"] == [finding.kind for finding in said]


def test_a_quiet_node_keeps_little() -> None:
    """No answer waits, and there are as many timers and claims as members call for."""
    world, budgets = watched()
    [host, _] = world.hosts.values()
    node = world.node(0)
    little = {"timers": 15, "pings": 4096, "claims": 3, "answers": 0, "forgotten": 2}
    node.waiting = little  # type: ignore[attr-defined]
    assert [] == budgets.judge([host])
    node.waiting = {each: most + 1 for each, most in little.items()} | {"claims": 5}  # type: ignore[attr-defined]
    assert 4 == len(budgets.judge([host]))
