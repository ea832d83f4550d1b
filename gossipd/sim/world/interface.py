"""What a host needs of a node, the shape of `gossipd.protocol.Node`, and of the world around it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from gossipd.protocol import Address, Answer, Effect, Increment, Resolve, Statistics, Write

from .clock import Clock

if TYPE_CHECKING:
    from .host import Host


class MemberRow(Protocol):
    """One row of a node's table of members."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def generation(self) -> int: ...
    @property
    def incarnation(self) -> int: ...
    @property
    def removed(self) -> bool: ...


class DrivenNode(Protocol):
    """The inputs, commands and getters of a node, as `gossipd.protocol.Node` defines them."""

    def start(self, now: float) -> Sequence[Effect]: ...
    def handle_datagram(self, data: bytes, source: Address, now: float) -> Sequence[Effect]: ...
    def handle_timeout(self, now: float) -> Sequence[Effect]: ...
    def persisted(self, write: Write, now: float) -> Sequence[Effect]: ...
    def persist_failed(self, write: Write, now: float) -> Sequence[Effect]: ...
    def resolved(self, ticket: int, addresses: list[Address], now: float) -> Sequence[Effect]: ...

    def join(self, seeds: list[str], now: float) -> Sequence[Effect]: ...
    def move(self, node_id: str, now: float) -> Sequence[Effect]: ...
    def leave(self, now: float) -> Sequence[Effect]: ...
    def renew(self, now: float) -> Sequence[Effect]: ...
    def register(self, text: str, now: float) -> Sequence[Effect]: ...
    def remove(self, text: str, now: float) -> Sequence[Effect]: ...
    def increment(
        self, name: str, amount: int, ack: Any, ticket: int, now: float
    ) -> Sequence[Effect]: ...
    def increments(self, name: str, asked: Sequence[Increment], now: float) -> Sequence[Effect]: ...
    def sync(
        self, name: str, value: int, ack: Any, ticket: int, now: float
    ) -> Sequence[Effect]: ...

    def next_timeout(self) -> float | None: ...
    def members(self) -> Sequence[MemberRow]: ...
    def peers(self) -> Sequence[str]: ...
    def count(self, name: str) -> int: ...
    def statistics(self) -> Statistics: ...
    def state(self) -> Any: ...


class NodeFactory(Protocol):
    """Makes the node of one process; `gossipd.protocol.Node` is one."""

    def __call__(
        self, config: Any, identity: Any, *, state: Any, rng: Random, now: float
    ) -> DrivenNode: ...


class Surroundings(Protocol):
    """What a host asks of the world."""

    clock: Clock

    def transmit(self, host: Host, data: bytes, to: Address) -> None:
        """Send one datagram."""

    def broadcast(self, host: Host, data: bytes) -> None:
        """Send one datagram to everybody near."""

    def resolve(self, host: Host, resolve: Resolve) -> None:
        """Look a name up and call `host.resolved`."""

    def note_event(self, host: Host, event: Any) -> None:
        """Log what a node reports or what befalls it."""

    def answer(self, host: Host, answer: Answer) -> None:
        """A command has its answer."""

    def reading(self, host: Host, data: bytes, source: Address) -> None:
        """A node is about to be handed a datagram."""

    def stepped(self, host: Host) -> None:
        """A node has handled one input and its effects are carried out."""
