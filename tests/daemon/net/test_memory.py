"""A network in memory: who gets a datagram."""

from __future__ import annotations

import pytest

from gossipd.daemon.errors import StartError
from gossipd.daemon.net.memory import MemoryNetwork

ONE, OTHER = ("10.0.0.1", 1), ("10.0.0.2", 1)


async def test_datagrams_arrive_in_order() -> None:
    """With their source, as many as are asked for; one to nobody is lost."""
    network = MemoryNetwork()
    with network.bound(*ONE) as one, network.bound(*OTHER) as other:
        one.send(b"a", OTHER)
        one.send(b"b", OTHER)
        one.send(b"c", ("10.0.0.3", 1))
        await other.wait_readable()
        assert [(b"a", ONE)] == other.receive(1)
        assert [(b"b", ONE)] == other.receive(9)
        assert ([], []) == (other.receive(9), other.refusals())


def test_who_is_cut_off_hears_nothing_and_is_not_heard() -> None:
    """Until the network is healed."""
    network = MemoryNetwork()
    with network.bound(*ONE) as one, network.bound(*OTHER) as other:
        network.cut_off(ONE)
        one.send(b"a", OTHER)
        other.send(b"b", ONE)
        assert ([], []) == (one.receive(9), other.receive(9))
        network.heal()
        one.send(b"c", OTHER)
        assert [(b"c", ONE)] == other.receive(9)


def test_an_address_has_one_endpoint() -> None:
    """It is free again when that is closed."""
    network = MemoryNetwork()
    taken = pytest.raises(StartError, match=r"10\.0\.0\.1:1")
    with network.bound(*ONE), taken, network.bound(*ONE):
        raise AssertionError
    with network.bound(*ONE):
        pass
