"""The choices that a person has about one daemon, checked before anything is opened.

The functions turn the texts of flags and environment variables into values, and say in one line
what is wrong with a text. The protocol's own settings are not here: `profile` selects a set of
them.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from gossipd.protocol import (
    ACK_LEVELS,
    DEFAULT_PORT,
    PROFILES,
    format_node_id,
    is_address,
    parse_host_port,
    parse_node_id,
    split_node_id,
    tags_text,
)

LOG_FORMATS = ("console", "json")
LOG_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
"""The names of the levels, each with its number."""

DEFAULT_HOST = "127.0.0.1"
DEFAULT_CLUSTER = "gossipd"
DEFAULT_DISCOVERY_PORT = 7000

MAX_CLUSTER = 64
"""The most characters of a cluster's name, which every datagram carries in its clear header."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DIGITS = 6
_CLUSTER_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_MAX_PORT = 65535
_MAX_PATH = 103
"""Bytes of the path of a Unix socket, of which some systems have no more."""


def parse_bind(text: str, default_port: int | None = None) -> tuple[str, int]:
    """Returns the host, without brackets, and the port to listen on.

    A name keeps its final dot, for the resolver. The text may leave out the port if `default_port`
    is given. Raises ValueError if a node cannot listen there.
    """
    if text.rpartition(":")[2] == "0":
        raise ValueError(
            f"{text!r}: port 0 means another port at every start, and other nodes need a fixed one"
        )
    return split_node_id(parse_host_port(text, default_port))


Place = tuple[str, int] | Path
"""Where clients are answered: host and port, or the path of a Unix socket."""

_UNIX = "unix:"


def parse_places(text: str) -> tuple[Place, ...]:
    """Returns the places in a comma list: `HOST:PORT`, or `unix:PATH`. Raises ValueError."""
    return tuple(_parse_place(part.strip()) for part in text.split(",") if part.strip())


def _parse_place(text: str) -> Place:
    if not text.startswith(_UNIX):
        return parse_bind(text)
    path = text.removeprefix(_UNIX)
    if not path or len(os.fsencode(path)) > _MAX_PATH:
        raise ValueError(f"{text[:40]!r}: the path has not 1 to {_MAX_PATH} bytes")
    return Path(path)


def format_place(place: Place) -> str:
    """Returns the text of a place, which `parse_places` reads."""
    return f"{_UNIX}{place}" if isinstance(place, Path) else format_node_id(*place)


def parse_port(text: str) -> int:
    """Returns the port number in `text`. Raises ValueError if it is none from 1 to 65535."""
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(_MAX_PORT))
    if not digits or not 1 <= int(text) <= _MAX_PORT:
        raise ValueError(f"{text[:40]!r} is no port number from 1 to {_MAX_PORT}")
    return int(text)


def parse_contact(text: str, default_port: int = DEFAULT_PORT) -> str:
    """Returns the canonical text of a node to advertise or to join.

    It keeps the final dot of a name, for the resolver. Raises ValueError if the text names no node,
    or an address that means no particular machine.
    """
    contact = parse_host_port(text, default_port)
    host = split_node_id(contact)[0]
    if is_address(host):
        address = ipaddress.ip_address(host)
        if address.is_unspecified or address.is_multicast:
            raise ValueError(f"{text!r}: {host} is no address at which others can reach a node")
    return contact


def parse_contacts(text: str) -> tuple[str, ...]:
    """Returns the ids in a comma list, without its empty parts. Raises ValueError for a bad one."""
    return tuple(parse_contact(part.strip()) for part in text.split(",") if part.strip())


def parse_duration(text: str) -> float:
    """Returns the seconds of a text such as 90s, 30m, 72h, 7d or 0.

    Raises ValueError for any other text.
    """
    number, unit = text[:-1], text[-1:]
    if text == "0":
        return 0.0
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > _DIGITS:
        raise ValueError(f"{text!r} is no time such as 90s, 30m, 72h, 7d or 0")
    return float(int(number) * _UNITS[unit])


def parse_host(text: str) -> str:
    """Returns the canonical form of a host's name. Raises ValueError if it is none."""
    if ":" in text:
        raise ValueError(f"{text[:40]!r}: a host's name has no port here")
    return split_node_id(parse_node_id(text, DEFAULT_PORT))[0]


def parse_hosts(text: str) -> tuple[str, ...]:
    """Returns the names in a comma list, without its empty parts. Raises as `parse_host` does."""
    return tuple(parse_host(part.strip()) for part in text.split(",") if part.strip())


def check_cluster(name: str) -> str:
    """Returns the name. Raises ValueError if no cluster may have it."""
    if not 1 <= len(name) <= MAX_CLUSTER:
        raise ValueError(f"a cluster's name has 1 to {MAX_CLUSTER} characters, not {len(name)}")
    if not _CLUSTER_CHARACTERS.issuperset(name):
        raise ValueError(f"{name!r}: a cluster's name has only letters, digits, '.', '_' and '-'")
    return name


def default_data_dir(bind: tuple[str, int], environment: Mapping[str, str]) -> Path:
    """Returns the directory in which this user's node at that address keeps its state.

    Raises ValueError if the environment does not tell where this user's state belongs.
    """
    base = environment.get("XDG_STATE_HOME", "")
    if not Path(base).is_absolute():
        home = environment.get("HOME", "")
        if not Path(home).is_absolute():
            raise ValueError(
                "HOME does not say where to keep the node's state: name a directory with"
                " --data-dir, or keep nothing with --ephemeral"
            )
        base = str(Path(home, ".local", "state"))
    host, port = bind
    return Path(base, "gossipd", f"{host.removesuffix('.').replace(':', '-')}_{port}")


def _check_bind(_: object, __: object, value: tuple[str, int]) -> None:
    host, port = value
    if parse_bind(format_node_id(host, port)) != (host.removesuffix("."), port):
        raise ValueError(f"bind: {value!r} is not in canonical form")


def _check_door(_: object, __: object, value: tuple[str, int] | None) -> None:
    if value is not None:
        _check_bind(_, __, value)


def _check_places(_: object, __: object, value: tuple[Place, ...]) -> None:
    for place in value:
        if not isinstance(place, Path):
            _check_bind(_, __, place)


def _check_advertise(_: object, __: object, value: str | None) -> None:
    if value is not None and parse_contact(value) != value:
        raise ValueError(f"advertise: {value!r} is not in canonical form")


def _check_join(_: object, __: object, value: tuple[str, ...]) -> None:
    if tuple(parse_contact(contact) for contact in value) != value:
        raise ValueError(f"join: {value!r} is not in canonical form")


def _check_hosts(_: object, __: object, value: tuple[str, ...]) -> None:
    if tuple(parse_host(host) for host in value) != value:
        raise ValueError(f"allowed_hosts: {value!r} is not in canonical form")


def parse_tags(texts: Iterable[str]) -> str:
    """Returns the one text of tags in comma lists, without empty parts. Raises ValueError."""
    return tags_text(part for text in texts for part in text.split(",") if part.strip())


def _check_tags(_: object, __: object, value: str) -> None:
    if parse_tags([value]) != value:
        raise ValueError(f"tags: {value!r} is not in canonical form")


def _check_name(_: object, __: object, value: str) -> None:
    check_cluster(value)


@attrs.frozen(kw_only=True)
class DaemonConfig:
    """The choices for one daemon. Raises ValueError for a value out of its bounds.

    Attributes:
        bind: host (an address, or a name of this machine) and port, for TCP and UDP alike.
        advertise: the id under which others know this node, or a name that is looked up once to
            find it; None derives it from `bind`.
        join: nodes to join, by address or name. Each is tried again and again while it is no live
            member.
        cluster: the cluster's name. The node does not talk to nodes of another cluster.
        tags: what the node says of its purpose, as `parse_tags` makes it of `role=web`.
        profile: the set of the protocol's intervals and time-outs: for one data centre (lan), for
            several (wan), or for one machine (local).
        ack: the ack level, which says who must hold a write before it is answered; None chooses
            one by the size of the cluster.
        log_format: form of the lines on stderr, for people (console) or for machines (json).
        log_level: the least important level that is logged.
        forget_after: seconds after which dead and left members are forgotten in the whole cluster;
            0 for never.
        fold_after: seconds after which the process takes over what earlier ones on its directory
            counted; 0 for never.
        max_counters: how many counters beside `default` clients may make at this node.
        metrics_counters: how many of them `/metrics` shows by name: those that change most often.
        discovery: whether the node looks for others by broadcast, on `discovery_port`.
        http: where HTTP clients are answered; nothing means as `bind` says, over TCP.
        redis: host and port on which Redis clients are answered, over TCP; None for nowhere.
        page: whether `/` shows browsers a page.
        allowed_hosts: names, beyond this node's own, that the `Host` header of a request may have
            that changes something.
        key_file: file with the keys that seal and open gossip; None leaves gossip open.
        accept_open: whether open datagrams are taken beside sealed ones, while a cluster moves to
            keys. Only with `key_file`.
        tls_cert: file with the certificate by which doors over TCP speak TLS; None for no TLS.
        tls_key: file with its key. Both or neither.
        tls_client_ca: file with the authorities whose certificates clients must have; None if they
            need none. Only with `tls_cert`.
        token_file: file with the tokens of clients; None lets everybody in.
        data_dir: directory in which the node keeps its state; None keeps nothing on disk.
    """

    bind: tuple[str, int] = attrs.field(default=(DEFAULT_HOST, DEFAULT_PORT), validator=_check_bind)
    advertise: str | None = attrs.field(default=None, validator=_check_advertise)
    join: tuple[str, ...] = attrs.field(default=(), validator=_check_join)
    cluster: str = attrs.field(default=DEFAULT_CLUSTER, validator=_check_name)
    tags: str = attrs.field(default="", validator=_check_tags)
    profile: str = attrs.field(default="lan", validator=attrs.validators.in_(PROFILES))
    ack: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.in_(ACK_LEVELS))
    )
    log_format: str = attrs.field(default="console", validator=attrs.validators.in_(LOG_FORMATS))
    log_level: str = attrs.field(default="info", validator=attrs.validators.in_(LOG_LEVELS))
    forget_after: float = attrs.field(default=72 * 3600.0, validator=attrs.validators.ge(0))
    fold_after: float = attrs.field(default=60.0, validator=attrs.validators.ge(0))
    max_counters: int = attrs.field(default=100_000, validator=attrs.validators.ge(1))
    metrics_counters: int = attrs.field(
        default=100, validator=[attrs.validators.ge(0), attrs.validators.le(1000)]
    )
    discovery: bool = True
    discovery_port: int = attrs.field(
        default=DEFAULT_DISCOVERY_PORT,
        validator=[attrs.validators.ge(1), attrs.validators.le(_MAX_PORT)],
    )
    http: tuple[Place, ...] = attrs.field(default=(), validator=_check_places)
    redis: tuple[str, int] | None = attrs.field(default=None, validator=_check_door)
    page: bool = True
    allowed_hosts: tuple[str, ...] = attrs.field(default=(), validator=_check_hosts)
    key_file: Path | None = None
    accept_open: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    token_file: Path | None = None
    data_dir: Path | None = None

    def __attrs_post_init__(self) -> None:
        if self.accept_open and self.key_file is None:
            raise ValueError("accept_open: needs a key file")
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise ValueError("tls_cert, tls_key: one needs the other")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("tls_client_ca: needs tls_cert")

    @property
    def read_again(self) -> tuple[Path, ...]:
        """The files that are read again at SIGHUP."""
        files = (self.key_file, self.token_file, self.tls_cert, self.tls_key, self.tls_client_ca)
        return tuple(file for file in files if file is not None)
