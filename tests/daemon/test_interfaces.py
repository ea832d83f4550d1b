"""The advertised address on machines of every kind, with sockets that only pretend."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, Self

import ifaddr
import pytest

from gossipd.daemon.interfaces import advertised_address


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
        adapters = [SimpleNamespace(ips=[SimpleNamespace(ip=ip)]) for ip in interfaces]
        monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)

    return install


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
