"""Tells requests that a browser sends for another site's page from all others.

A page may make a browser post anywhere, without being able to read the answer. Browsers say where
such a request comes from (the Fetch standard, `Origin` and `Sec-Fetch-Site`); other clients send
neither header.
"""

from __future__ import annotations

_DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}


def is_cross_site(headers: dict[bytes, bytes]) -> bool:
    """Whether a browser sends this for a page that does not come from this very host and port.

    Args:
        headers: by lower-case name.
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
