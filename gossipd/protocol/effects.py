"""What a `Node` asks its driver to do, and what it reports.

Every input and command of `Node` returns a list of these, in the order in which they must be
carried out. They are plain values: a test compares them, a driver executes them, neither calls back
into the node while doing so (except to report a `Persist` as done).

They are not to be changed, but not frozen: making a frozen one takes three times as long, and some
are made for every datagram or request.
"""

from __future__ import annotations

import attrs

from .address import Address
from .events import Event
from .wire import Group


@attrs.define(unsafe_hash=True)
class Transmit:
    """Send one datagram."""

    data: bytes
    to: Address


@attrs.frozen
class Broadcast:
    """Send one datagram to every local broadcast address on the discovery port."""

    data: bytes


@attrs.define(unsafe_hash=True)
class Persist:
    """Put `write` on disk, then call `Node.persisted(write, now)`; writes are reported in order.

    A driver without a store reports it at once. If the write may or may not be on disk, it calls
    `Node.persist_failed(write, now)` instead, and then for all that waits behind it, which must not
    reach the disk.
    """

    write: Write


@attrs.define(unsafe_hash=True)
class Record:
    """Note what came of another owner where the next process of this machine finds it.

    It is carried out before any effect that follows: a killed process must not come back with less
    than it has shown. It need not outlive the machine, its owner or a disk has it; nothing is
    reported. A driver without a store passes it over.
    """

    group: Group


@attrs.define(unsafe_hash=True)
class Write:
    """One transaction: entries that take effect only once it is on disk.

    Attributes:
        sequence: 1, 2, 3 … in the order of staging.
        groups: entries by owner, with what is complete once they are applied; at present one.
    """

    sequence: int
    groups: tuple[Group, ...]


@attrs.frozen
class Resolve:
    """Look `host` up and call `Node.resolved(ticket, addresses, now)` with every address it has."""

    host: str
    port: int
    ticket: int


@attrs.define(unsafe_hash=True)
class Answer:
    """The outcome of `Node.increment` or `Node.sync`.

    Attributes:
        ticket: as given to the command.
        count: the counter's value once the command had taken effect.
        holders: how many nodes are known to hold it, this one included; 0 if the write failed.
        target: how many the chosen ack level asks for at this moment.
    """

    ticket: int
    count: int
    holders: int
    target: int


@attrs.frozen
class Notify:
    """Something for the log. `event` is one of the classes in `gossipd.protocol.events`."""

    event: Event


Effect = Transmit | Broadcast | Persist | Record | Resolve | Answer | Notify
