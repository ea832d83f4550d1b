"""One process: pauses, blocks, timers, and the contract of a driver."""

from __future__ import annotations

import pytest

from gossipd.sim.world import (
    Commands,
    Faults,
    FixedDelay,
)
from tests.sim.world.fakes import hear, kinds, lone


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


def test_a_paused_disk_report_waits() -> None:
    """What the disk finishes during a pause is reported after it."""
    world, node = lone()
    world.host(0).disk.slow_down(FixedDelay(0.1))
    Commands(world).increment(0)
    Faults(world).pause(0, 0.2)
    world.run(0.2)
    assert node.inputs[-1] == ("persisted", 1, 0.7)


def test_a_timer_that_never_advances_is_an_error() -> None:
    """A node that stays due for ever stops the run with its name."""
    world, node = lone()
    node.handle_timeout = lambda now: []  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match=r"10\.0\.0\.1:8088"):
        world.run(2.0)
