"""The addresses of this machine: the one that others reach, and the broadcast addresses.

Nothing is sent to find them out.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

_TARGETS = {
    # For each wildcard: the family, an address to look up the route to, and the loopback address.
    # The second is reserved for documentation (RFC 5737, RFC 3849), so that no machine has it, and
    # connecting a UDP socket to it sends nothing.
    "0.0.0.0": (socket.AF_INET, "192.0.2.1", "127.0.0.1"),
    "::": (socket.AF_INET6, "2001:db8::1", "::1"),
}
_ANY_PORT = 9
# A prefix of this length or more leaves no address for broadcasts (RFC 3021).
_POINT_TO_POINT = 31


def advertised_address(bind_host: str) -> tuple[str, str | None]:
    """Returns the host that a node bound to `bind_host` tells others, and a warning or None.

    A host that is no wildcard is returned as it is. For a wildcard the result is the address from
    which this machine would send to others; without a route it is that of the first interface, and
    without an interface the loopback address. Both come with a warning of one line. The call is
    cheap and never waits, so that it may be made every few seconds.
    """
    if not is_wildcard(bind_host):
        return bind_host, None
    family, target, loopback = _TARGETS[bind_host]
    host = _source_towards(family, target)
    if host is not None:
        return host, None
    host = _first_interface(family)
    if host is not None:
        return host, f"no route to others: advertising {host}, the first interface's address"
    return loopback, f"no network interface: advertising {loopback}, which no other machine reaches"


def is_wildcard(bind_host: str) -> bool:
    """Returns whether a node bound to that host is reached on every address of this machine."""
    return bind_host in _TARGETS


def changed_address(bind_host: str, advertised: str) -> str | None:
    """Returns the host that a node bound to a wildcard is to advertise from now on, or None.

    None means that `advertised` stays. It stays as long as this machine has that address, however
    its routes change, and while there is no other address, because a network that is gone may come
    back with it. The loopback address gives way to any other.
    """
    host, _ = advertised_address(bind_host)
    if host == advertised or ipaddress.ip_address(host).is_loopback:
        return None
    if ipaddress.ip_address(advertised).is_loopback:
        return host
    present = [address for address, _ in _addresses()]
    return None if advertised in present else host


def broadcast_addresses(bind_host: str) -> dict[str, str | None]:
    """Returns the IPv4 networks in which a node bound to `bind_host` broadcasts.

    The result maps an address with its prefix, such as `10.0.0.7/24`, to the broadcast address of
    that network, or to None if the network has none. For a wildcard the result has all networks but
    loopback; for any other host only the network of that host.
    """
    found: dict[str, str | None] = {}
    for address, prefix in _addresses():
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


def _addresses() -> Iterator[tuple[str, int]]:
    """Yields every address of this machine with the length of its prefix."""
    import ifaddr

    try:
        adapters = list(ifaddr.get_adapters())
    except OSError:
        return
    for adapter in adapters:
        for found in adapter.ips:
            host = found.ip if isinstance(found.ip, str) else found.ip[0]
            yield host, found.network_prefix


def _source_towards(family: socket.AddressFamily, target: str) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, _ANY_PORT))
            host: str = probe.getsockname()[0]
    except OSError:
        return None
    return host if _reachable(host, family) else None


def _first_interface(family: socket.AddressFamily) -> str | None:
    return next((host for host, _ in _addresses() if _reachable(host, family)), None)


def _reachable(host: str, family: socket.AddressFamily) -> bool:
    """Returns whether other machines could use the address; link-local IPv6 needs a zone."""
    address = ipaddress.ip_address(host)
    if (address.version == 6) is not (family is socket.AF_INET6):
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return False
    return not (address.version == 6 and address.is_link_local)
