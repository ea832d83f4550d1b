"""Contacts: addresses that are tried without being a live member.

    A --ping (no target)--> address
    A <--ack, challenge---- B          B answers, and asks for an echo before it believes A
    A --ack (challenge)---> B          now both have each other's row

There are four kinds of contacts, and each answers another question:

- A seed is configured. It is tried for as long as it is no live member, because it may be the only
  way back into the cluster. The first tries come quickly, so that nodes which start together find
  each other; later ones come every `seed_retry` seconds.
- A member of an earlier run is tried like a seed, until the table has a row for it. It is no row
  before, since it may be gone by now.
- A registered name is tried for `register_timeout` seconds, and dropped if it does not answer: a
  person waits for the outcome, and may have mistyped it.
- A dead or left member may come back, after a partition for example. One of them is tried every
  `dead_retry` seconds, so the cost does not grow with how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ..address import (
    DEFAULT_PORT,
    Address,
    format_node_id,
    is_address,
    parse_host_port,
    parse_node_id,
    split_node_id,
)
from ..effects import Resolve
from ..events import RegisteredPeerSilent
from ..outbox import Outbox
from ..part import Part
from ..runtime import Runtime
from ..wire import DEAD, Ack, Claim
from .echoes import Echoes, Sent
from .gone import next_gone
from .gossip import Gossip
from .peer import Peer
from .table import MemberTable

_FIRST_TRIES = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Seconds before each of the first tries of a seed, as long as no peer is live."""

_REGISTER_TRIES = 0.5  # seconds between two tries of a registered name
_ADDRESSES = 64  # of one name that are tried at most

_KNOWN = 4096
"""Addresses that were pinged, remembered at most."""

_ROUNDING = 1e-6
_PADDING = b"\0" * 48
"""Makes a contact's ping at least as large as the ack with a challenge that answers it."""


class Contact:
    """A name that is tried: a seed, a member of an earlier run, or a registered name.

    Attributes:
        addresses: what the name was last resolved to.
        deadline: the time at which a registered name is dropped.
        host: what the resolver is asked for, with the final dot of a name if it was given.
        name: the `host:port` in canonical form.
        port: the port of the name.
        remembered: what was known of a member of an earlier run, else None.
        seed: False for a registered name.
        tries: how often a seed was tried.
        unresolved: whether the last look-up of the name found no address.
    """

    __slots__ = (
        "addresses",
        "deadline",
        "host",
        "name",
        "port",
        "remembered",
        "seed",
        "tries",
        "unresolved",
    )

    def __init__(
        self, text: str, *, seed: bool, deadline: float = 0.0, remembered: Claim | None = None
    ) -> None:
        self.name = parse_node_id(text, DEFAULT_PORT)
        self.host, self.port = split_node_id(parse_host_port(text, DEFAULT_PORT))
        self.seed = seed
        self.remembered = remembered
        self.deadline = deadline
        self.tries = 0
        self.addresses: list[Address] = []
        self.unresolved = False

    def looked_up(self, found: list[Address]) -> None:
        """Takes the addresses that a look-up found.

        One that fails once does not make the earlier addresses wrong.
        """
        self.unresolved = not found
        self.addresses = found or self.addresses


class Contacts(Part):
    """Tries seeds, members of an earlier run, registered names, and members that are gone.

    Attributes:
        registered: the registered names that have not answered yet.
    """

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        echoes: Echoes,
        gossip: Gossip,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._echoes = echoes
        self._gossip = gossip
        self._seeds: dict[str, Contact] = {}
        # The members of an earlier run, seeds or not, that were not met when last looked at.
        self._unmet: set[str] = set()
        self._begun = runtime.now
        self.registered: dict[str, Contact] = {}
        self._resolving: dict[int, tuple[str, str]] = {}
        self._tickets = 0
        self._own: dict[Address, None] = {}
        # The addresses that were pinged, each with the id of the node that answered there.
        self._known: dict[Address, str] = {}

    def start(self) -> None:
        """Begins to try seeds, members of an earlier run, and members that are gone."""
        for name in list(self._seeds):
            self._try_seed(name)
        phase = (1 + self._runtime.rng.random()) * self._runtime.config.dead_retry / 2
        self._runtime.after("dead", phase, self._try_dead)

    def assume(self, members: Iterable[Claim]) -> None:
        """Takes these members as met, as if each had echoed a number of ours."""
        for claim in members:
            if claim.id not in self._table.rows:
                row = self._table.add(claim, self._runtime.now)
                self._echoes.assume(row.address, claim.id, claim.generation)

    def remember(self, claim: Claim) -> None:
        """Adds a member of an earlier run, to be tried from `start` on."""
        self._seeds[claim.id] = Contact(claim.id, seed=True, remembered=claim)
        self._unmet.add(claim.id)

    def all_met(self) -> bool:
        """Returns whether every member of an earlier run is known again, or forgotten.

        Those that this process has not met for as long as the dead are remembered count as such.
        """
        if 0 < self._runtime.config.forget_after <= self._runtime.now - self._begun:
            self._unmet.clear()
        self._unmet.difference_update(self._table.rows, self._table.apart.ids())
        return not self._unmet

    def remembered(self) -> list[Claim]:
        """Returns the members of an earlier run that the table has no row for yet."""
        return [
            contact.remembered
            for contact in self._seeds.values()
            if contact.remembered and contact.name not in self._table.rows
        ]

    def recall(self, member: str) -> Claim | None:
        """Returns what was known of a member of an earlier run that is still tried, or None."""
        contact = self._seeds.get(member)
        return None if contact is None else contact.remembered

    def join(self, seeds: list[str], dropped: Sequence[str] = ()) -> None:
        """Adds seeds, and tries each for as long as it is no live member.

        Those that are `dropped` are tried no more. Raises ValueError for a text that is no
        `host:port`.
        """
        for text in dropped:
            name = parse_node_id(text, DEFAULT_PORT)
            if (dropping := self._seeds.get(name)) is not None and not dropping.remembered:
                del self._seeds[name]
                self._runtime.timers.cancel(("seed", name))
        for text in seeds:
            seed = Contact(text, seed=True)
            known = self._seeds.get(seed.name)
            if known is None or known.remembered:
                self._table.unkept.note(seed.name)
                self._seeds[seed.name] = seed
                self._try_seed(seed.name)

    def register(self, text: str) -> None:
        """Lists a peer at once, tries it, and drops it if it does not answer in time.

        A peer that was removed is no longer removed. Raises ValueError for a text that is no
        `host:port`, or if `register_limit` registered names have not answered yet.
        """
        name = parse_node_id(text, DEFAULT_PORT)
        row = self._table.rows.get(name)
        if row is self._table.own:
            return
        if row is not None and row.removed:
            self._table.set_removed(row, False)
        if row is not None and row.live:
            self.ping(row.address)
            return
        config = self._runtime.config
        if name not in self.registered and len(self.registered) >= config.register_limit:
            raise ValueError(f"id: {config.register_limit} registered peers have not answered yet")
        deadline = self._runtime.now + config.register_timeout
        self.registered[name] = Contact(text, seed=False, deadline=deadline)
        self._try_registered(name)

    def remove(self, text: str) -> None:
        """Removes a peer until it is registered again; one that has no row yet can still join.

        A name is looked up first. Raises ValueError for a text that is no `host:port`.
        """
        name = parse_node_id(text, DEFAULT_PORT)
        self._drop_registered(name)
        host, port = split_node_id(parse_host_port(text, DEFAULT_PORT))
        if is_address(host):
            self._remove_member(name)
        else:
            self._resolve(host, port, "remove", name)

    def resolved(self, ticket: int, addresses: list[Address]) -> None:
        """Takes the addresses of a name that `Resolve` asked for; none if the look-up failed."""
        what, name = self._resolving.pop(ticket, ("", ""))
        found = [address for address in addresses[:_ADDRESSES] if is_address(address[0])]
        if what == "remove":
            for address in found:
                self._remove_member(format_node_id(*address))
            return
        contact = (self._seeds if what == "seed" else self.registered).get(name)
        if contact is not None:
            contact.looked_up(found)
            self._contact(contact)

    def moved(self) -> None:
        """Tries all addresses again: what was this node's own may belong to another by now."""
        self._own.clear()
        self._drop_registered(self._table.own.id)

    def ping(self, address: Address, name: str = "") -> None:
        """Pings an address to learn which node is there.

        `name` is the name under which the address was registered, if it was.
        """
        if address in self._own:
            return
        found = self._known.pop(address, "")
        if len(self._known) >= _KNOWN:
            del self._known[next(iter(self._known))]
        self._known[address] = found
        ping = self._echoes.ping(self.introduction(address, name), _PADDING)
        self._outbox.send(address, ping)

    def introduction(self, address: Address, name: str = "") -> Sent:
        """Returns the ping that asks which node is at `address`; `Echoes.ping` gives it a number.

        `name` is the name under which the address was registered, if it was.
        """
        return Sent("", address, self._on_ack, contact=name)

    def knows(self, source: Address) -> bool:
        """Returns whether this node has pinged that address as a contact."""
        return source in self._known

    def found(self, address: Address) -> str:
        """Returns the id of the node that answered at an address, or else the id that it names."""
        return self._known.get(address) or format_node_id(*address)

    def is_own(self, address: Address) -> bool:
        """Returns whether that is this node's address, or one at which it has reached itself."""
        return address == self._table.own.address or address in self._own

    def configured(self) -> list[Contact]:
        """Returns the seeds, without the members of an earlier run."""
        return [contact for contact in self._seeds.values() if contact.remembered is None]

    def reached_self(self, number: int) -> None:
        """Takes note that the ping of that number came back to the process that sent it.

        Its address is this node's own, and is not tried again.
        """
        sent = self._echoes.get(number)
        if sent is not None and sent.contact is not None:
            self._own[sent.address] = None
            self._drop_registered(sent.contact)

    def _on_ack(self, ack: Ack, sent: Sent, peer: Peer) -> None:
        """Drops the registered names that have led to the node which answered."""
        self._echoes.forget(ack.number)
        if sent.address in self._known:
            self._known[sent.address] = peer.sender.id
        self._drop_registered(str(sent.contact))
        self._drop_registered(peer.sender.id)

    def _drop_registered(self, name: str) -> None:
        self.registered.pop(name, None)
        self._runtime.timers.cancel(("register", name))

    def _remove_member(self, member: str) -> None:
        row = self._table.rows.get(member)
        if row is not None and row is not self._table.own and not row.forgotten:
            self._table.set_removed(row, True)

    def _resolve(self, host: str, port: int, what: str, name: str) -> None:
        self._tickets += 1
        self._resolving[self._tickets] = (what, name)
        while len(self._resolving) > 1000:
            del self._resolving[next(iter(self._resolving))]
        self._runtime.emit(Resolve(host, port, self._tickets))

    def _try(self, contact: Contact) -> None:
        if is_address(contact.host):
            contact.addresses = [(contact.host, contact.port)]
            self._contact(contact)
        else:
            what = "seed" if contact.seed else "register"
            self._resolve(contact.host, contact.port, what, contact.name)

    def _contact(self, contact: Contact) -> None:
        for address in contact.addresses:
            row = self._table.rows.get(format_node_id(*address))
            if row is not None and row.removed:
                # A person who registers a name wants its member back. A seed is only configured,
                # and must not undo a removal.
                if contact.seed:
                    continue
                self._table.set_removed(row, False)
            if row is None or not row.live or not contact.seed:
                self.ping(address, "" if contact.seed else contact.name)

    def _try_seed(self, name: str) -> None:
        contact = self._seeds[name]
        if contact.remembered and name in self._table.rows:
            del self._seeds[name]
            return
        self._try(contact)
        contact.tries += 1
        wait = self._runtime.config.seed_retry
        if contact.tries < len(_FIRST_TRIES) and not self._table.live:
            wait = min(wait, _FIRST_TRIES[contact.tries])
        self._runtime.after(("seed", name), wait, partial(self._try_seed, name))

    def _try_registered(self, name: str) -> None:
        contact = self.registered[name]
        if self._runtime.now >= contact.deadline - _ROUNDING:
            self._drop_registered(name)
            self._runtime.notify(RegisteredPeerSilent(name))
            return
        self._try(contact)
        if name in self.registered:
            again = min(self._runtime.now + _REGISTER_TRIES, contact.deadline)
            self._runtime.timers.set(("register", name), again, partial(self._try_registered, name))

    def _try_dead(self) -> None:
        self._runtime.after("dead", self._runtime.config.dead_retry, self._try_dead)
        row = next_gone(self._table, self._runtime.rng, self._runtime.now)
        if row is not None:
            self.try_again(row.id)

    def try_again(self, member: str) -> None:
        """Tries a member that is gone or forgotten, and tells it its row, so that it refutes it."""
        row = self._table.rows.get(member)
        if row is None:
            self.ping(split_node_id(member))
        elif row.state >= DEAD and not row.removed:
            row.try_again(self._runtime.now)
            ping = self._echoes.ping(Sent(member, row.address, self._on_ack, contact=member))
            self._gossip.send(row.address, row, ping)

    def counted(self) -> Mapping[str, Any]:
        """Returns how many registered names have not answered yet."""
        return {"members": {"joining": len(self.registered)}}
