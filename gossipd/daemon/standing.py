"""How a daemon stands: its doors, its store, and what about them somebody should know."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import attrs

from gossipd.protocol import format_node_id, split_node_id

from .config import DaemonConfig, Place, format_place

GOSSIP_OPEN = (
    "without --key-file, whoever reaches this port reads, joins and changes everything:"
    " see gossipd keys generate"
)

CLIENTS_UNCHECKED = (
    "without --token-file, whoever reaches these ports reads and changes everything:"
    " see gossipd token generate"
)

_OPEN_TAKEN = "open gossip is taken beside sealed gossip: nothing is protected by --accept-open"


class Stored(Protocol):
    """What a store tells of itself. `Store` is one."""

    @property
    def path(self) -> Path:
        """The path of its file."""

    @property
    def bytes(self) -> int:
        """The size of its files, as it was last looked at."""

    @property
    def commits(self) -> int:
        """Number of transactions, each synced once."""

    @property
    def writes(self) -> int:
        """Number of the node's writes in them."""

    @property
    def written(self) -> float | None:
        """When the last transaction was on disk, in seconds since 1970; None before the first."""

    @property
    def shortfall(self) -> str | None:
        """What was found to be missing of what was acknowledged, in one line, or None."""


@attrs.frozen
class Entrance:
    """A place where clients are answered.

    Attributes:
        place: the text of the place, as `format_place` makes it.
        protocol: `http` or `redis`.
        exposed: whether other machines may reach it.
        tls: whether it speaks TLS.
        client_certificates: whether clients must show a certificate.
        tokens: whether clients must show a token.
    """

    place: str
    protocol: str
    exposed: bool
    tls: bool
    client_certificates: bool
    tokens: bool


class Standing:
    """How one daemon stands.

    Attributes:
        listening: the address for gossip, as `host:port`.
        entrances: where it answers clients.
        store: where it keeps its state; None if it keeps nothing on disk.
    """

    def __init__(
        self,
        config: DaemonConfig,
        host: str,
        http: Sequence[Place] = (),
        redis: Sequence[Place] = (),
        store: Stored | None = None,
        doubts: Sequence[str] = (),
    ) -> None:
        """Takes the address to which `bind` led, the doors, and doubts about the settings."""
        self.listening = format_node_id(host, config.bind[1])
        self.store = store
        self._config = config
        self._doubts = doubts
        places = [("http", each) for each in http] + [("redis", each) for each in redis]
        self.entrances = [_entrance(config, protocol, place) for protocol, place in places]

    def is_open(self) -> bool:
        """Returns whether other machines reach gossip that no key seals."""
        host = split_node_id(self.listening)[0]
        return self._config.key_file is None and not _is_loopback(host)

    def unchecked(self) -> list[str]:
        """Returns the doors that other machines reach and that ask for no token."""
        return [each.place for each in self.entrances if each.exposed and not each.tokens]

    def warnings(self) -> list[str]:
        """Returns what somebody should know, a line for each."""
        found = [*self._doubts]
        if self.is_open():
            found.append(GOSSIP_OPEN)
        if self.unchecked():
            found.append(f"{', '.join(self.unchecked())}: {CLIENTS_UNCHECKED}")
        if self._config.accept_open:
            found.append(_OPEN_TAKEN)
        if self.store is not None and self.store.shortfall is not None:
            found.append(f"the store {self.store.shortfall}")
        return found


def _entrance(config: DaemonConfig, protocol: str, place: Place) -> Entrance:
    local = isinstance(place, Path)
    tls = config.tls_cert is not None and not local
    return Entrance(
        format_place(place),
        protocol,
        exposed=not (isinstance(place, Path) or _is_loopback(place[0])),
        tls=tls,
        client_certificates=tls and config.tls_client_ca is not None,
        tokens=config.token_file is not None,
    )


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
