"""One machine: pauses, the socket buffer and the disk."""

from __future__ import annotations

from random import Random
from typing import Any, cast

import pytest

from gossipd.sim.world import Commands, Faults, FixedDelay, JoinedNodes, Network, World
from tests.sim.fake_node import FakeNode

STRANGER = ("10.0.0.9", 8088)


def lone() -> tuple[World, FakeNode]:
    """A node by itself, after 0.5 s."""
    world = World(1, factory=FakeNode, network=Network(Random(1), delay=FixedDelay(0.001)))
    world.add(0)
    world.run(0.5)
    node = cast(FakeNode, world.node(0))
    node.inputs.clear()
    return world, node


def hear(world: World, number: int) -> None:
    """A stranger's datagram arrives."""
    world.carrier.deliver(f"pong n{number}:1".encode(), STRANGER, world.host(0).address)


def kinds(node: FakeNode) -> list[Any]:
    """The names of the inputs, in order."""
    return [entry[0] for entry in node.inputs]


def test_a_resumed_node_drains_its_socket_before_its_timers() -> None:
    """All that waits is read in order, then one time-out comes, all with the time of waking."""
    world, node = lone()
    Faults(world).pause(0, 5.0)
    for number in (1, 2):
        world.at(2.0 + number, hear, world, number)
    world.run(4.9)
    assert node.inputs == []
    world.run(0.2)
    assert node.inputs[:3] == [
        ("datagram", b"pong n1:1", 5.5),
        ("datagram", b"pong n2:1", 5.5),
        ("timeout", 5.5),
    ]


def test_a_full_socket_drops_what_comes_later() -> None:
    """The first 256 are kept, the rest is counted."""
    world, node = lone()
    Faults(world).pause(0)
    for number in range(300):
        hear(world, number)
    Faults(world).resume(0)
    assert kinds(node).count("datagram") == 256
    assert node.inputs[255][1] == b"pong n255:1"
    assert (world.host(0).overflowed, world.network.overflowed) == (44, 44)


def test_a_blocked_node_runs_but_neither_sends_nor_reads() -> None:
    """Its timers fire on time; then what it sent leaves in order, and after that it reads."""
    world, node = lone()
    hear(world, 1)
    world.run(0.01)
    node.inputs.clear()
    sent: list[tuple[float, bytes]] = []
    world.network.observers.append(lambda now, source, to, data, copies: sent.append((now, data)))
    Faults(world).block(0, 2.0)
    Commands(world).increment(0)
    hear(world, 2)
    world.run(1.99)
    assert [] == sent
    assert ["increment", "persisted", "timeout", "timeout"] == kinds(node)
    world.run(0.01)
    assert [b"add", b"ping", b"ping"] == [data.split()[0] for _, data in sent]
    assert {2.51} == {now for now, _ in sent}
    assert ("datagram", b"pong n2:1", 2.51) == node.inputs[-1]


def test_a_blocked_node_may_stop_at_its_first_send() -> None:
    """It misses timers and commands, and has its overdue timers before it reads."""
    world, node = lone()
    hear(world, 1)
    world.run(0.01)
    node.inputs.clear()
    Faults(world).block(0, 3.0, stopping=True)
    world.run(1.5)
    assert ["timeout"] == kinds(node)
    hear(world, 2)
    Commands(world).increment(0)
    world.run(1.49)
    assert ["timeout"] == kinds(node)
    world.run(0.01)
    assert ["timeout", "timeout", "datagram", "timeout", "increment", "persisted"] == kinds(node)
    assert {3.51} == {entry[-1] for entry in node.inputs[1:]}


def test_a_block_ends_with_its_process() -> None:
    """Nothing of it is sent or read by the next one."""
    world, _ = lone()
    hear(world, 1)
    Faults(world).block(0, 2.0)
    Commands(world).increment(0)
    hear(world, 1)
    Faults(world).restart(0)
    world.run(0.0)
    assert not world.host(0).blocked
    Faults(world).block(0, 1.0)
    world.run(3.0)
    inputs = cast(FakeNode, world.node(0)).inputs
    assert 0 == world.network.sent
    assert "datagram" not in [entry[0] for entry in inputs]


def test_a_pause_during_a_block_keeps_the_socket_shut() -> None:
    """Reading begins when neither holds any more, whichever ends first."""
    for paused, blocked in ((1.0, 2.0), (2.0, 1.0)):
        world, node = lone()
        Faults(world).pause(0, paused)
        Faults(world).block(0, blocked)
        hear(world, 1)
        world.run(1.99)
        assert "datagram" not in kinds(node)
        world.run(0.02)
        assert ("datagram", b"pong n1:1", 2.5) in node.inputs


def test_commands_wait_for_a_paused_node() -> None:
    """A command given during the pause comes after the wake-up."""
    world, node = lone()
    Faults(world).pause(0, 0.25)
    request = Commands(world).increment(0)
    hear(world, 1)
    assert node.inputs == []
    world.run(0.25)
    assert kinds(node) == ["datagram", "timeout", "increment", "persisted"]
    assert request.answered_at == 0.75


def test_datagrams_are_read_before_the_timers_of_their_instant() -> None:
    """A datagram that comes just as a timer is due is read first."""
    world, node = lone()
    due = node.next_timeout()
    assert due is not None
    world.at(due, hear, world, 1)
    world.run(1.0)
    assert node.inputs[:2] == [("datagram", b"pong n1:1", due), ("timeout", due)]


def test_a_timer_that_was_set_anew_fires_after_a_pause() -> None:
    """Also if the pause passed over an earlier wake-up, and nothing was due when it ended."""
    world, node = lone()
    due = node.next_timeout()
    assert due is not None
    node._due = due + 5.0
    world.at(due - 0.01, Faults(world).pause, 0, 1.0)
    world.run(10.0)
    assert ("timeout", due + 5.0) in node.inputs


def test_writes_are_reported_at_once_without_a_delay() -> None:
    """The report is the next input."""
    world, node = lone()
    Commands(world).increment(0)
    assert node.inputs == [("increment", 1, 0.5), ("persisted", 1, 0.5)]


def test_delayed_writes_are_reported_in_order() -> None:
    """What is staged during one transaction goes into the next; a later write never overtakes."""
    world, node = lone()
    world.host(0).disk.slow_down(FixedDelay(0.1))
    for _ in range(3):
        Commands(world).increment(0)
    world.run(0.11)
    world.host(0).disk.slow_down(None)
    Commands(world).increment(0)
    world.run(0.3)
    reports = [entry[1:] for entry in node.inputs if entry[0] == "persisted"]
    assert [sequence for sequence, _ in reports] == [1, 2, 3, 4]
    assert [time for _, time in reports] == pytest.approx([0.6, 0.7, 0.7, 0.7])
    Commands(world).increment(0)
    assert node.inputs[-1][:2] == ("persisted", 5)


def test_failing_writes_are_reported_as_failed() -> None:
    """The request is answered with no holders."""
    world, node = lone()
    world.host(0).disk.fail(1.0)
    request = Commands(world).increment(0)
    assert kinds(node) == ["increment", "persist_failed"]
    assert request.answer is not None
    assert not request.acknowledged


def test_after_a_failure_all_that_waits_fails() -> None:
    """The failed transaction may be on disk as a whole; what comes behind it is not."""
    found = set()
    for seed in range(20):
        world = World(seed, factory=JoinedNodes(1))
        host = world.add(sync_interval=10.0)
        host.disk.slow_down(FixedDelay(0.1))
        requests = [Commands(world).increment(0) for _ in range(3)]
        host.disk.fail(1.0)
        world.run(0.15)
        assert [0, 0, 0] == [each.answer.holders for each in requests if each.answer]
        found.add(tuple(group.upto for group in world.host(0).disk_content().groups))
    assert {(), (1,)} == found


def test_a_crash_loses_writes_that_are_not_reported() -> None:
    """The next process neither has them nor hears of them."""
    world, _ = lone()
    world.host(0).disk.slow_down(FixedDelay(0.2))
    first = Commands(world).increment(0, 3)
    world.run(0.25)
    second = Commands(world).increment(0, 4)
    Faults(world).restart(0)
    world.run(1.0)
    assert (first.acknowledged, second.acknowledged) == (True, False)
    node = cast(FakeNode, world.node(0))
    assert node.count("default") == 3
    assert "persisted" not in kinds(node)


def test_a_paused_disk_report_waits() -> None:
    """What the disk finishes during a pause is reported after it."""
    world, node = lone()
    world.host(0).disk.slow_down(FixedDelay(0.1))
    Commands(world).increment(0)
    Faults(world).pause(0, 0.2)
    world.run(0.2)
    assert node.inputs[-1] == ("persisted", 1, 0.7)


def test_timers_of_an_earlier_process_do_not_fire() -> None:
    """After a restart only the new process's timers count."""
    world, old = lone()
    Faults(world).restart(0)
    world.run(3.0)
    assert old.inputs == []
    node = cast(FakeNode, world.node(0))
    times = [entry[1] for entry in node.inputs if entry[0] == "timeout"]
    assert len(times) == len(set(times))


def test_a_timer_that_never_advances_is_an_error() -> None:
    """A node that stays due for ever stops the run with its name."""
    world, node = lone()
    node.handle_timeout = lambda now: []  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match=r"10\.0\.0\.1:8088"):
        world.run(2.0)
