"""Datagrams of other clusters, wire versions and keys: both sides learn of it, and say so.

    A --ping (cluster a)--> B        B reports it, once a minute at most
    A <--header (cluster b)- B       no sender and no message: A learns why it is not answered

The answer is always shorter than the datagram that asks for it. So two nodes cannot answer each
other for ever, and nothing is gained by a forged source address.
"""

from __future__ import annotations

from .address import Address, format_node_id
from .events import ForeignDatagram
from .membership import Contacts, SeedWatch
from .outbox import Outbox
from .runtime import Runtime
from .wire import Codec, DecodeError

_ANSWERS = 10.0
"""Answers in a second, at most."""

_SEALING = ("key", "tag", "open")
"""Reasons that are about keys. They are said once a minute as long as they last."""


class Foreign:
    """Takes datagrams that are none of this cluster."""

    def __init__(
        self, runtime: Runtime, outbox: Outbox, codec: Codec, contacts: Contacts, seeds: SeedWatch
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._contacts = contacts
        self._seeds = seeds
        self._header = codec.datagram([])

    def take(self, data: bytes, error: DecodeError, source: Address) -> None:
        """Counts a datagram that could not be decoded, and tells both sides if they differ.

        Beacons are no contact: several clusters may share a network. What a seed is, is reported
        with the seed.
        """
        self._runtime.reject(error.reason)
        if not error.theirs:
            return
        known = self._contacts.knows(source)
        if known or error.asks:
            told = known and self._seeds.foreign(source, error.ours, error.theirs)
            if not told or error.reason in _SEALING:
                self._report(source, error, known=known)
        if (
            error.asks
            and len(data) > len(self._header) + self._runtime.config.seal_bytes
            and self._runtime.allows("foreign", _ANSWERS)
        ):
            self._outbox.transmit(self._header, source, "foreign")

    def _report(self, source: Address, error: DecodeError, *, known: bool) -> None:
        """Reports a datagram, once a minute; all strangers together, since anybody can be one."""
        key = format_node_id(*source) if known else "foreign"
        if not self._runtime.is_said(key):
            where = format_node_id(*source)
            self._runtime.notify_seldom(key, ForeignDatagram(where, error.ours, error.theirs))
