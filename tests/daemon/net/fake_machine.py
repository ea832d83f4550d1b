"""A machine with given interfaces and routes, in place of this one."""

from __future__ import annotations

import ipaddress

import pytest

from gossipd.daemon.net import own_address


class FakeMachine:
    """What the node sees of its machine; tests change it as they like.

    Attributes:
        interfaces: the addresses with their prefixes, by the names of the interfaces.
        default: the address from which the machine sends by its default route, if it has one.
    """

    def __init__(self, default: str | None = None, **interfaces: str) -> None:
        self.interfaces = interfaces
        self.default = default

    def install(self, monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
        """Puts this machine in place of the real one."""
        for name in ("candidates", "default_source", "has", "source_towards"):
            monkeypatch.setattr(own_address, name, getattr(self, name))
        return self

    def candidates(self, wildcard: str) -> dict[str, str]:
        """Returns all addresses with their interfaces."""
        return {address.partition("/")[0]: name for name, address in self.interfaces.items()}

    def default_source(self, wildcard: str) -> str | None:
        """Returns the source of the default route."""
        return self.default

    def has(self, host: str, wildcard: str) -> bool:
        """Returns whether an interface has the address."""
        return host in self.candidates(wildcard) or host == "127.0.0.1"

    def source_towards(self, host: str, wildcard: str) -> str | None:
        """Returns the address in the same network as `host`, else the default route's."""
        if ipaddress.ip_address(host).is_loopback:
            return None
        for address in self.interfaces.values():
            interface = ipaddress.ip_interface(address)
            if ipaddress.ip_address(host) in interface.network:
                return host if host in self.candidates(wildcard) else str(interface.ip)
        return self.default
