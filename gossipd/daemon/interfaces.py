"""Which address of this machine others would reach, found without sending anything."""

from __future__ import annotations

import ipaddress
import socket

_TARGETS = {
    # Reserved for documentation (RFC 5737, RFC 3849): no machine has them, and connecting a UDP
    # socket only looks up the route.
    "0.0.0.0": (socket.AF_INET, "192.0.2.1", "127.0.0.1"),
    "::": (socket.AF_INET6, "2001:db8::1", "::1"),
}
_ANY_PORT = 9


def advertised_address(bind_host: str) -> tuple[str, str | None]:
    """The host that a node bound to `bind_host` tells others, and a warning or None.

    A host that is no wildcard is returned as it is. For a wildcard it is the address from which
    this machine would send to others; without a route, the first interface's, and without an
    interface the loopback address, each with a warning of one line. Cheap, and never waits: it may
    be called every few seconds.
    """
    if bind_host not in _TARGETS:
        return bind_host, None
    family, target, loopback = _TARGETS[bind_host]
    host = _source_towards(family, target)
    if host is not None:
        return host, None
    host = _first_interface(family)
    if host is not None:
        return host, f"no route to others: advertising {host}, the first interface's address"
    return loopback, f"no network interface: advertising {loopback}, which no other machine reaches"


def _source_towards(family: socket.AddressFamily, target: str) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, _ANY_PORT))
            host: str = probe.getsockname()[0]
    except OSError:
        return None
    return host if _reachable(host, family) else None


def _first_interface(family: socket.AddressFamily) -> str | None:
    import ifaddr

    try:
        adapters = list(ifaddr.get_adapters())
    except OSError:
        return None
    for adapter in adapters:
        for address in adapter.ips:
            host = address.ip if isinstance(address.ip, str) else address.ip[0]
            if _reachable(host, family):
                return host
    return None


def _reachable(host: str, family: socket.AddressFamily) -> bool:
    """Whether another machine could use it: not loopback, and not link-local IPv6 (zoned)."""
    address = ipaddress.ip_address(host)
    if (address.version == 6) is not (family is socket.AF_INET6):
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return False
    return not (address.version == 6 and address.is_link_local)
