"""Addresses of machines of every kind, with sockets and interfaces that only pretend."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, Self

import ifaddr
import pytest

from gossipd.daemon.net.interfaces import (
    broadcast_addresses,
    candidates,
    default_source,
    has,
    is_wildcard,
    loopback,
    source_towards,
)


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
            SimpleNamespace(
                nice_name=f"net{number}", ips=[SimpleNamespace(ip=ip, network_prefix=prefix(ip))]
            )
            for number, ip in enumerate(interfaces)
        ]
        monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)

    return install


def prefix(ip: str | tuple[str, int, int]) -> int:
    """What these tests take for the length of an address's prefix."""
    if isinstance(ip, tuple):
        return 64
    return {"127": 8, "10.": 32}.get(ip[:3], 24)


NO_ROUTE = OSError(101, "Network is unreachable")


def test_wildcards() -> None:
    """Both of them, each with its loopback address; nothing else is one."""
    assert [True, True, False, False] == [
        is_wildcard(host) for host in ("0.0.0.0", "::", "10.0.0.1", "node1")
    ]
    assert ("127.0.0.1", "::1") == (loopback("0.0.0.0"), loopback("::"))


def test_source_address_towards_others(machine: Any) -> None:
    """It is the address that the machine would send from, of the wildcard's IP version."""
    machine("10.0.0.7")
    assert "10.0.0.7" == source_towards("192.168.9.9", "0.0.0.0")
    assert "192.168.9.9" == FakeSocket.connected[0]
    assert "10.0.0.7" == default_source("0.0.0.0")
    assert "192.0.2.1" == FakeSocket.connected[0]
    machine("2001:db8::7")
    assert "2001:db8::7" == default_source("::")
    assert "2001:db8::1" == FakeSocket.connected[0]
    assert source_towards("192.168.9.9", "0.0.0.0") is None


@pytest.mark.parametrize("source", [NO_ROUTE, "127.0.0.1", "0.0.0.0"])
def test_no_route(machine: Any, source: str | OSError) -> None:
    """An address that other machines cannot use is as good as none."""
    machine(source)
    assert default_source("0.0.0.0") is None
    assert source_towards("10.0.0.1", "0.0.0.0") is None


def test_an_address_with_a_zone_is_none(machine: Any) -> None:
    """It means nothing on another machine."""
    machine("fe80::1")
    assert default_source("::") is None


def test_what_this_machine_has(machine: Any) -> None:
    """A machine sends to its own addresses from themselves, and always has loopback."""
    machine("10.0.0.7")
    assert [True, False] == [has(host, "0.0.0.0") for host in ("10.0.0.7", "10.0.0.8")]
    machine(NO_ROUTE)
    assert [False, True] == [has(host, "0.0.0.0") for host in ("10.0.0.7", "127.0.0.1")]


@pytest.mark.parametrize(
    ("wildcard", "found"),
    [
        ("0.0.0.0", ["192.168.0.1", "172.17.0.1"]),
        ("::", ["fd00::1"]),
    ],
)
def test_candidates(machine: Any, wildcard: str, found: list[str]) -> None:
    """Neither loopback nor link-local ones, and one for each network, with its interface."""
    v4 = ("127.0.0.1", "169.254.3.4", "192.168.0.1", "192.168.0.2", "172.17.0.1")
    v6: tuple[tuple[str, int, int], ...]
    v6 = (("::1", 0, 0), ("fe80::1", 0, 2), ("fd00::1", 0, 0), ("fd00::2", 0, 0))
    machine(NO_ROUTE, *v4, *v6)
    named = candidates(wildcard)
    assert found == [*named]
    assert all(name.startswith("net") for name in named.values())


def test_a_link_local_address_without_others(machine: Any) -> None:
    """It is better than none."""
    machine(NO_ROUTE, "127.0.0.1", "169.254.3.4")
    assert {"169.254.3.4": "net1"} == candidates("0.0.0.0")


def test_unreadable_interfaces(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interface list that cannot be read is like an empty one."""

    def fail() -> None:
        raise OSError(13, "Permission denied")

    machine(NO_ROUTE)
    monkeypatch.setattr(ifaddr, "get_adapters", fail)
    assert {} == candidates("0.0.0.0")


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
