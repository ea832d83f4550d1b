"""Addresses of machines of every kind, with sockets and interfaces that only pretend."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, Self

import ifaddr
import pytest

from gossipd.daemon.net.interfaces import advertised_address, broadcast_addresses, changed_address


class FakeSocket:
    """A UDP socket of a machine whose own address, or lack of a route, is given."""

    source: str | OSError = "10.0.0.7"
    connected: tuple[Any, ...] = ()

    def __init__(self, family: int, kind: int) -> None:
        assert socket.SOCK_DGRAM == kind

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, address: tuple[Any, ...]) -> None:
        """Only notes the address; there is no method that could send."""
        type(self).connected = address
        if isinstance(self.source, OSError):
            raise self.source

    def getsockname(self) -> tuple[Any, ...]:
        """The address that the machine would send from."""
        assert isinstance(self.source, str)
        return (self.source, 50000)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that gives this machine a source address and interfaces."""

    def install(source: str | OSError, *interfaces: str | tuple[str, int, int]) -> None:
        monkeypatch.setattr(FakeSocket, "source", source)
        monkeypatch.setattr(socket, "socket", FakeSocket)
        adapters = [
            SimpleNamespace(ips=[SimpleNamespace(ip=ip, network_prefix=prefix(ip))])
            for ip in interfaces
        ]
        monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)

    return install


def prefix(ip: str | tuple[str, int, int]) -> int:
    """What these tests take for the length of an address's prefix."""
    if isinstance(ip, tuple):
        return 64
    return {"127": 8, "10.": 32}.get(ip[:3], 24)


NO_ROUTE = OSError(101, "Network is unreachable")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "::1", "node1"])
def test_a_host_that_is_no_wildcard_stays(host: str) -> None:
    """What was bound by name or address is what others are told."""
    assert (host, None) == advertised_address(host)


def test_source_address_towards_others(machine: Any) -> None:
    """With a route it is the address that the machine would send from."""
    machine("10.0.0.7", "192.168.0.1")
    assert ("10.0.0.7", None) == advertised_address("0.0.0.0")
    assert "192.0.2.1" == FakeSocket.connected[0]
    machine("2001:db8::7")
    assert ("2001:db8::7", None) == advertised_address("::")
    assert "2001:db8::1" == FakeSocket.connected[0]


@pytest.mark.parametrize("source", [NO_ROUTE, "127.0.0.1", "0.0.0.0"])
def test_first_interface_without_a_route(machine: Any, source: str | OSError) -> None:
    """Without a route the first address that is not loopback serves, with a warning."""
    machine(source, "127.0.0.1", ("fd00::1", 0, 0), "192.168.0.1", "192.168.0.2")
    host, warning = advertised_address("0.0.0.0")
    assert "192.168.0.1" == host
    assert warning == "no route to others: advertising 192.168.0.1, the first interface's address"


def test_link_local_ipv6_is_not_advertised(machine: Any) -> None:
    """An address with a zone means nothing elsewhere, so the next one is taken."""
    machine("fe80::1", ("::1", 0, 0), ("fe80::1", 0, 2), ("fd00::1", 0, 0))
    assert "fd00::1" == advertised_address("::")[0]


@pytest.mark.parametrize(("bind", "loopback"), [("0.0.0.0", "127.0.0.1"), ("::", "::1")])
def test_loopback_without_interfaces(machine: Any, bind: str, loopback: str) -> None:
    """A machine with nothing but loopback gets that, with a warning."""
    machine(NO_ROUTE, "127.0.0.1", ("::1", 0, 0), ("fe80::1", 0, 2))
    host, warning = advertised_address(bind)
    assert loopback == host
    assert warning is not None
    assert f"advertising {loopback}" in warning


def test_unreadable_interfaces(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interface list that cannot be read is like an empty one."""

    def fail() -> None:
        raise OSError(13, "Permission denied")

    machine(NO_ROUTE)
    monkeypatch.setattr(ifaddr, "get_adapters", fail)
    assert "127.0.0.1" == advertised_address("0.0.0.0")[0]


# What changes


@pytest.mark.parametrize(
    ("advertised", "source", "interfaces", "expected"),
    [
        ("192.168.0.1", "192.168.0.1", ("192.168.0.1",), None),
        ("192.168.0.1", "192.168.0.2", ("192.168.0.2",), "192.168.0.2"),
        ("192.168.0.1", NO_ROUTE, ("192.168.0.2",), "192.168.0.2"),
        ("127.0.0.1", "192.168.0.2", ("127.0.0.1", "192.168.0.2"), "192.168.0.2"),
        ("127.0.0.1", NO_ROUTE, ("127.0.0.1",), None),
    ],
    ids=["same", "other", "other without route", "first network", "none yet"],
)
def test_the_address_is_read_again(
    machine: Any,
    advertised: str,
    source: str | OSError,
    interfaces: tuple[str, ...],
    expected: str | None,
) -> None:
    """Another address is a change, and so is the first one after loopback."""
    machine(source, *interfaces)
    assert expected == changed_address("0.0.0.0", advertised)


def test_an_address_that_is_still_there_stays(machine: Any) -> None:
    """However the routes change: a node does not change its id for a new default route."""
    machine("192.168.9.9", "192.168.0.1", "192.168.9.9")
    assert changed_address("0.0.0.0", "192.168.0.1") is None


def test_a_network_that_is_gone_may_come_back(machine: Any) -> None:
    """Nobody is helped by the loopback address as an id."""
    machine(NO_ROUTE, "127.0.0.1")
    assert changed_address("0.0.0.0", "192.168.0.1") is None


# Broadcasts


def test_a_wildcard_broadcasts_everywhere_but_on_loopback(machine: Any) -> None:
    """One address each; a network of one host has none, IPv6 has none at all."""
    machine(NO_ROUTE, "127.0.0.1", "192.168.0.1", "172.18.5.4", "10.0.0.1", ("fd00::1", 0, 0))
    assert {
        "192.168.0.1/24": "192.168.0.255",
        "172.18.5.4/24": "172.18.5.255",
        "10.0.0.1/32": None,
    } == broadcast_addresses("0.0.0.0")


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("127.0.0.1", {"127.0.0.1/8": "127.255.255.255"}),
        ("127.0.3.9", {"127.0.0.1/8": "127.255.255.255"}),
        ("192.168.0.1", {"192.168.0.1/24": "192.168.0.255"}),
        ("172.18.5.4", {}),
    ],
)
def test_a_host_broadcasts_only_in_its_own_network(
    machine: Any, host: str, found: dict[str, str]
) -> None:
    """Whoever is bound to loopback does so only there."""
    machine(NO_ROUTE, "127.0.0.1", "192.168.0.1")
    assert found == broadcast_addresses(host)


def test_no_broadcast_where_interfaces_cannot_be_read(
    machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is as if there were none."""

    def fail() -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(ifaddr, "get_adapters", fail)
    assert {} == broadcast_addresses("0.0.0.0")
