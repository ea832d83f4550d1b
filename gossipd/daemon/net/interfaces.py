"""The addresses of this machine, its routes, and the broadcast addresses of its networks.

Nothing is sent to find them out.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_ANYWHERE = {"0.0.0.0": "192.0.2.1", "::": "2001:db8::1"}
# For each wildcard an address that is reserved for documentation (RFC 5737, RFC 3849). No machine
# has it, so the route to it is the default route.
_ANY_PORT = 9
# A prefix of this length or more leaves no address for broadcasts (RFC 3021).
_POINT_TO_POINT = 31


def is_wildcard(bind_host: str) -> bool:
    """Returns whether a node bound to that host is reached on every address of this machine."""
    return bind_host in _LOOPBACK


def loopback(wildcard: str) -> str:
    """Returns the loopback address of the wildcard's IP version."""
    return _LOOPBACK[wildcard]


def candidates(wildcard: str) -> dict[str, str]:
    """Returns the addresses of this machine that others may reach, each with its interface.

    Of several addresses in one network only the first counts, since whoever reaches one of them
    reaches all. Link-local IPv4 addresses count only if there are no others: many machines have one
    for a device inside them.
    """
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    found: dict[str, str] = {}
    for name, host, prefix in _addresses():
        network = ipaddress.ip_interface(f"{host}/{prefix}").network
        if _usable(host, wildcard) and not any(network.overlaps(known) for known in networks):
            networks.append(network)
            found[host] = name
    routed = {host: name for host, name in found.items() if not _link_local(host)}
    return routed or found


def has(host: str, wildcard: str) -> bool:
    """Returns whether this machine has that address now, on an interface that is up.

    A machine sends to itself from the very address that it sends to.
    """
    return host == _LOOPBACK[wildcard] or source_towards(host, wildcard) == host


def is_own(host: str) -> bool:
    """Returns whether `host` is an address of this machine. Nothing is sent."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


def source_towards(host: str, wildcard: str) -> str | None:
    """Returns the address from which this machine would send to `host`; None without a route.

    An address that other machines cannot use, or of another IP version than the wildcard's, counts
    as none. Connecting a UDP socket sends nothing and does not wait.
    """
    family = socket.AF_INET6 if ":" in wildcard else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((host, _ANY_PORT))
            source: str = probe.getsockname()[0]
    except OSError:
        return None
    return source if _usable(source, wildcard) else None


def default_source(wildcard: str) -> str | None:
    """Returns the address from which this machine would send by its default route, if it has one.

    The result is None without such a route.
    """
    return source_towards(_ANYWHERE[wildcard], wildcard)


def broadcast_addresses(bind_host: str) -> dict[str, str | None]:
    """Returns the IPv4 networks in which a node bound to `bind_host` broadcasts.

    The result maps an address with its prefix, such as `10.0.0.7/24`, to the broadcast address of
    that network, or to None if the network has none. For a wildcard the result has all networks but
    loopback; for any other host only the network of that host.
    """
    found: dict[str, str | None] = {}
    for _, address, prefix in _addresses():
        if ":" in address:
            continue
        interface = ipaddress.IPv4Interface(f"{address}/{prefix}")
        if is_wildcard(bind_host):
            ours = not interface.is_loopback
        else:
            ours = ipaddress.ip_address(bind_host) in interface.network
        if ours:
            network = interface.network
            alone = network.prefixlen >= _POINT_TO_POINT
            found[str(interface)] = None if alone else str(network.broadcast_address)
    return found


def _addresses() -> Iterator[tuple[str, str, int]]:
    """Yields the interface, the address and the length of its prefix, for all of this machine."""
    import ifaddr

    try:
        adapters = list(ifaddr.get_adapters())
    except OSError:
        return
    for adapter in adapters:
        for found in adapter.ips:
            host = found.ip if isinstance(found.ip, str) else found.ip[0]
            yield adapter.nice_name, host, found.network_prefix


def _usable(host: str, wildcard: str) -> bool:
    """Returns whether other machines could use the address; link-local IPv6 needs a zone."""
    address = ipaddress.ip_address(host)
    if address.version != ipaddress.ip_address(wildcard).version:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return False
    return not (address.version == 6 and address.is_link_local)


def _link_local(host: str) -> bool:
    return ipaddress.ip_address(host).is_link_local
