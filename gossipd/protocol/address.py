"""The one text form of a node's address: `host:port`, such as `10.0.0.7:8088` or `[fd00::7]:8088`.

Two nodes must never write the same address differently, because this text is the node's id. So a
host is an IPv4 dotted quad, an IPv6 address as RFC 5952 writes it, or a lower-case name. A text
that a resolver would read as an address in disguise (`010.1.1.1`, `127.1`, `0x7f000001`) is
refused.

A name may end with a dot (`node1.example.`). That tells a resolver to look up this very name, and
none that a search list makes of it. It is the same id with and without the dot, so the id has none;
only what is handed to the resolver keeps it.
"""

from __future__ import annotations

import functools
import ipaddress

Address = tuple[str, int]
"""An IP address in canonical text and a port, for UDP and TCP alike."""

DEFAULT_PORT = 8088
"""The port of a node if none is given."""

MAX_TEXT = 270
"""The most characters of a node id: a name of 253, brackets, a colon and a port, and some room."""

_MAX_NAME = 253
_MAX_LABEL = 63
_MAX_PORT = 65535
_SHOWN = 40
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_DECIMAL = frozenset("0123456789")
_HEXADECIMAL = frozenset("0123456789abcdef")

_CACHED = 4096


def parse_node_id(text: str, default_port: int | None = None) -> str:
    """Returns the canonical form of `text`, which is its own canonical form.

    `text` is a `host:port`, or a `host` alone if there is a `default_port`. An IPv4-mapped IPv6
    address becomes the IPv4 address, and the final dot of a name is left out. Raises ValueError for
    any other text; the message is one line that shows the text and says what is wrong with it.
    """
    host, port = split_node_id(parse_host_port(text, default_port))
    return _join(host.removesuffix("."), port)


def parse_host_port(text: str, default_port: int | None = None) -> str:
    """Returns the canonical form of `text`, as `parse_node_id` does, with the final dot of a name.

    Its host is what a resolver is asked for.
    """
    try:
        if len(text) > MAX_TEXT:
            raise ValueError(f"longer than {MAX_TEXT} characters")
        host, port_text = _split_text(text)
        port = _parse_port(port_text, default_port)
        return _join(_canonical_host(host, bracketed=text.startswith("[")), port)
    except ValueError as error:
        raise ValueError(f"{_shown(text)}: {error}") from None


@functools.lru_cache(maxsize=_CACHED)
def split_node_id(canonical: str) -> tuple[str, int]:
    """Returns the host, without brackets, and the port of a canonical id or contact."""
    host, _, port = canonical.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


@functools.lru_cache(maxsize=_CACHED)
def format_node_id(host: str, port: int) -> str:
    """Returns the canonical id of a host (a name or an address, without brackets) and a port.

    Raises ValueError, with a message of one line, if there is no such id (a scoped address, port
    0).
    """
    try:
        _check_port(port)
        return _join(_canonical_host(host, bracketed=":" in host).removesuffix("."), port)
    except ValueError as error:
        raise ValueError(f"{_shown(host)} and port {port}: {error}") from None


@functools.lru_cache(maxsize=_CACHED)
def is_address(host: str) -> bool:
    """Returns whether `host`, without brackets, is an IP address that an id may have."""
    try:
        _canonical_address(host)
    except ValueError:
        return False
    return True


def _shown(text: str) -> str:
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split_text(text: str) -> tuple[str, str | None]:
    if "/" in text:
        raise ValueError("only host:port, without a scheme or a path")
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed:
            raise ValueError("the bracket is not closed")
        if rest and not rest.startswith(":"):
            raise ValueError("only a colon and a port may follow the bracket")
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        raise ValueError("an IPv6 address is written in brackets, as in [::1]:8088")
    host, colon, port = text.partition(":")
    return host, port if colon else None


def _parse_port(text: str | None, default: int | None) -> int:
    if text is None:
        if default is None:
            raise ValueError("the port is missing, as in host:8088")
        port = default
    elif not 1 <= len(text) <= len(str(_MAX_PORT)) or not _DECIMAL.issuperset(text):
        raise ValueError(f"the port must be a number from 1 to {_MAX_PORT}")
    elif text.startswith("0") and text != "0":
        raise ValueError("the port must not start with 0")
    else:
        port = int(text)
    _check_port(port)
    return port


def _check_port(port: int) -> None:
    if not 1 <= port <= _MAX_PORT:
        raise ValueError(f"the port must be a number from 1 to {_MAX_PORT}")


def _canonical_host(host: str, *, bracketed: bool) -> str:
    if not host:
        raise ValueError("the host is missing")
    if bracketed:
        if ":" not in host:
            raise ValueError("only an IPv6 address is written in brackets")
        return _canonical_address(host)
    # str.lower maps some letters outside ASCII to ASCII ones, so this check comes before it.
    if not host.isascii():
        raise ValueError("a name has only letters, digits, dots, hyphens and underscores")
    host = host.lower()
    if all(_is_numeric(label) for label in host.split(".")):
        return _canonical_address(host)
    return _checked_name(host)


def _is_numeric(label: str) -> bool:
    """Returns whether the C library's resolver would read this label as a number."""
    if label.startswith("0x"):
        return _HEXADECIMAL.issuperset(label[2:])
    return _DECIMAL.issuperset(label)


def _checked_name(name: str) -> str:
    relative = name.removesuffix(".")
    if len(relative) > _MAX_NAME:
        raise ValueError(f"a name has at most {_MAX_NAME} characters")
    for label in relative.split("."):
        if not label:
            raise ValueError("a part of the name between dots is empty")
        if len(label) > _MAX_LABEL:
            raise ValueError(f"a part of the name has more than {_MAX_LABEL} characters")
        if not _NAME_CHARACTERS.issuperset(label):
            raise ValueError("a name has only letters, digits, dots, hyphens and underscores")
    return name


def _canonical_address(host: str) -> str:
    if ":" not in host:
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise ValueError("not an IPv4 address, and a name is not all numbers") from None
    if "%" in host:
        raise ValueError("an address with a zone (%) means nothing on another machine")
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise ValueError("not an IPv6 address") from None
    return str(address.ipv4_mapped or address)
