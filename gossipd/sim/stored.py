"""A node with what a checker and a disk need to know of it: writes under way, and who wrote what."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

import attrs

from gossipd.protocol import Identity, Node, ProtocolConfig
from gossipd.protocol.effects import Address, Effect, Persist, Write
from gossipd.protocol.messages import Entry, Group
from gossipd.protocol.state import State


@attrs.frozen
class Made:
    """What one command wrote, and what its node had at that moment.

    Attributes:
        owner, entry: what was written; None for a sync that was no news.
        before: by owner, what was complete and the entries that were there.
    """

    owner: bytes
    entry: Entry | None
    before: dict[bytes, tuple[int, list[Entry]]]


class StoredNode(Node):
    """A node that tells what a disk would have of it.

    Attributes:
        made: by ticket, shared by all nodes of a run.
    """

    def __init__(
        self,
        config: ProtocolConfig,
        identity: Identity,
        *,
        state: State | None,
        rng: Random,
        now: float,
        made: dict[int, Made],
    ) -> None:
        super().__init__(config, identity, state=state, rng=rng, now=now)
        self.made = made
        self._unreported: deque[Write] = deque()
        self._uncertain: list[Write] = []

    def handle_datagram(self, data: bytes, source: Address, now: float) -> list[Effect]:
        return self._note(super().handle_datagram(data, source, now))

    def handle_timeout(self, now: float) -> list[Effect]:
        return self._note(super().handle_timeout(now))

    def persisted(self, write: Write, now: float) -> list[Effect]:
        self._unreported.popleft()
        return self._note(super().persisted(write, now))

    def persist_failed(self, write: Write, now: float) -> list[Effect]:
        self._uncertain.append(self._unreported.popleft())
        return self._note(super().persist_failed(write, now))

    def increment(
        self, name: str, amount: int, ack: str | None, ticket: int, now: float
    ) -> list[Effect]:
        before = self._snapshot()
        return self._write(ticket, before, super().increment(name, amount, ack, ticket, now))

    def sync(self, name: str, value: int, ack: str | None, ticket: int, now: float) -> list[Effect]:
        before = self._snapshot()
        return self._write(ticket, before, super().sync(name, value, ack, ticket, now))

    def on_disk(self, staged: Random | None) -> State:
        """What the next process finds after a crash now.

        Args:
            staged: draws how many of the writes under way, and which of those reported as failed,
                reached the disk all the same; None: none did.
        """
        state = self.state()
        if staged is None:
            return state
        writes = [write for write in self._uncertain if staged.random() < 0.5]
        writes += list(self._unreported)[: staged.randint(0, len(self._unreported))]
        groups = tuple(group for write in writes for group in write.groups)
        return attrs.evolve(state, groups=state.groups + groups)

    def _snapshot(self) -> dict[bytes, tuple[int, list[Entry]]]:
        return {group.owner: (group.upto, group.entries) for group in self.state().groups}

    def _write(
        self, ticket: int, before: dict[bytes, tuple[int, list[Entry]]], effects: list[Effect]
    ) -> list[Effect]:
        written = [effect.write for effect in effects if isinstance(effect, Persist)]
        group: Group | None = written[0].groups[0] if written else None
        self.made[ticket] = Made(
            group.owner if group else b"", group.entries[0] if group else None, before
        )
        return self._note(effects)

    def _note(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            if isinstance(effect, Persist):
                self._unreported.append(effect.write)
        return effects


class StoredNodes:
    """Makes the nodes of one run."""

    def __init__(self) -> None:
        self.made: dict[int, Made] = {}

    def __call__(
        self, config: Any, identity: Any, *, state: Any, rng: Random, now: float
    ) -> StoredNode:
        return StoredNode(config, identity, state=state, rng=rng, now=now, made=self.made)
