"""Effects: what a `Node` asks its driver to do, and what it reports.

Every input and command of `Node` returns a list of effects, in the order in which they must be
carried out. They are plain values: a test compares them, and a driver carries them out. A driver
does not call back into the node while doing so, except to report a `Persist` as done.

Effects must not be changed. Those that are made for every datagram or request are not frozen all
the same, because making a frozen one takes three times as long.
"""

from __future__ import annotations

import attrs

from .address import Address
from .events import Event
from .wire import Group


@attrs.define(unsafe_hash=True)
class Transmit:
    """Asks to send one datagram.

    Attributes:
        data: the datagram's bytes.
        to: where it goes.
    """

    data: bytes
    to: Address


@attrs.frozen
class Broadcast:
    """Asks to send one datagram to every local broadcast address, on the discovery port.

    Attributes:
        data: the datagram's bytes.
    """

    data: bytes


@attrs.define(unsafe_hash=True)
class Persist:
    """Asks to put a write on disk with a sync, and then to call `Node.persisted(write, now)`.

    The driver reports writes in order. A driver without a store reports each at once. If a write
    may or may not be on disk, the driver calls `Node.persist_failed(write, now)` instead, and does
    the same for every write that waits behind it; those must not reach the disk.

    Attributes:
        write: what is to be persisted.
    """

    write: Write


@attrs.define(unsafe_hash=True)
class Record:
    """Asks to append what another owner counted where the next process on this machine finds it.

    The driver does so before it carries out any effect that follows: a process that was killed must
    not come back with a smaller count than it has shown. The record need not survive a power cut,
    since the owner has the entries on disk, so it is not synced, and nothing is reported back. A
    driver without a store ignores it.

    Attributes:
        group: the entries.
    """

    group: Group


@attrs.define(unsafe_hash=True)
class Write:
    """One transaction of entries, which take effect only once it is on disk.

    Attributes:
        sequence: the write's number, 1, 2, 3 … in the order of staging.
        groups: the entries by owner, with the versions that they complete; at present one group.
    """

    sequence: int
    groups: tuple[Group, ...]


@attrs.frozen
class Resolve:
    """Asks to look a host name up, and to call `Node.resolved(ticket, addresses, now)`.

    Attributes:
        host: the name.
        port: the port of the addresses to be reported.
        ticket: the number by which the node finds what the look-up was for.
    """

    host: str
    port: int
    ticket: int


@attrs.define(unsafe_hash=True)
class Answer:
    """Reports the outcome of an increment or a sync.

    Attributes:
        ticket: the ticket that was given to the command.
        count: the counter's value once the command had taken effect, within ±(2**53 - 1); that of
            the last counter if the command changed several.
        holders: how many nodes are known to hold the write, this one included; 0 if it failed.
        target: how many holders the chosen ack level asks for at this moment.
        counts: the values of the counters after each of several changes, in order.
        done: by how much each change changed its counter; of a reset, how much it took away.
    """

    ticket: int
    count: int
    holders: int
    target: int
    counts: tuple[int, ...] = ()
    done: tuple[int, ...] = ()


@attrs.frozen
class Notify:
    """Reports something for the log.

    Attributes:
        event: one of the classes of `gossipd.protocol.events`.
    """

    event: Event


Effect = Transmit | Broadcast | Persist | Record | Resolve | Answer | Notify
