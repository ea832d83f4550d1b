"""Detects requests that a browser sends for the page of another site.

A page can make a browser post to any address, though the page cannot read the answer. Browsers say
where such a request comes from, in the headers `Origin` and `Sec-Fetch-Site` of the Fetch standard.
Other clients send neither header.

If the page's own name leads to a node's address, the browser takes the node for the page's site,
and these headers tell nothing (DNS rebinding). The name in `Host` gives such a request away.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gossipd.protocol import is_address, parse_node_id, split_node_id

_DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}


def is_cross_site(headers: dict[bytes, bytes]) -> bool:
    """Returns whether a browser sends the request for a page of another host or port.

    The headers are by lower-case name.
    """
    if headers.get(b"sec-fetch-site", b"none").lower() not in (b"same-origin", b"none"):
        return True
    origin = headers.get(b"origin")
    if origin is None:
        return False
    scheme, _, host = origin.lower().partition(b"://")
    default_port = _DEFAULT_PORTS.get(scheme)
    if default_port is None or not host:
        return True
    own = headers.get(b"host", b"").lower()
    return host.removesuffix(default_port) != own.removesuffix(default_port)


class OwnHosts:
    """The names under which a node may be asked to change something.

    A page cannot be served under an address, under `localhost`, or under a name that leads to this
    node alone, unless it is served there on purpose.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Takes the node's names, without ports."""
        self._names = frozenset(name.lower() for name in names) | {"localhost"}
        # Clients send the same few values again and again. A value may be as long as a head.
        self._is_own = lru_cache(maxsize=64)(self._look_up)

    def are_meant(self, headers: dict[bytes, bytes]) -> bool:
        """Returns whether a request is for this node. One without `Host` is from no browser.

        The headers are by lower-case name.
        """
        host = headers.get(b"host")
        return host is None or self._is_own(host)

    def _look_up(self, value: bytes) -> bool:
        text = value.decode("latin-1").replace(".:", ":").removesuffix(".")
        try:
            host, _ = split_node_id(parse_node_id(text, 80))
        except ValueError:
            return False
        return is_address(host) or host in self._names
