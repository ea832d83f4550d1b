"""Detects requests that a browser sends for the page of another site.

A page can make a browser post to any address, though the page cannot read the answer. Browsers say
where such a request comes from, in the headers `Origin` and `Sec-Fetch-Site` of the Fetch standard.
Other clients send neither header.
"""

from __future__ import annotations

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
