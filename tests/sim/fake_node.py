"""A node for tests of the simulator: it pings its peers each second and counts what it is told.

Datagrams are text: `ping <id>`, `pong <id>` and `add <id> <total>`, the sender's own total of
increments. A peer that has not been heard of for 3.5 s is dead until it is heard again. An
increment is persisted before it counts, and is answered then.
"""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import Any

from gossipd.protocol import (
    DEFAULT,
    Address,
    Answer,
    Effect,
    Identity,
    LeaveDone,
    MemberDead,
    MemberJoined,
    MemberRecovered,
    Notify,
    Persist,
    Resolve,
    Statistics,
    Transmit,
    Write,
)

PERIOD = 1.0
PATIENCE = 3.5


class FakeNode:
    """See the module; `inputs` lists every input with its time, for tests of the driver."""

    def __init__(
        self, config: Any, identity: Identity, *, state: Any, rng: Random, now: float
    ) -> None:
        self.identity = identity
        self.inputs: list[tuple[Any, ...]] = []
        self.heard: dict[str, float] = {}
        self.states: dict[str, str] = {}
        self.totals: dict[str, int] = dict(state or {})
        self.staged: dict[int, tuple[int, int]] = {}
        self._sequence = 0
        self._rng = rng
        self._due = now + rng.random() * PERIOD

    def start(self, now: float) -> list[Effect]:
        self.inputs.append(("start", now))
        return []

    def handle_datagram(self, data: bytes, source: Address, now: float) -> list[Effect]:
        self.inputs.append(("datagram", data, now))
        kind, peer, *rest = data.decode().split()
        effects: list[Effect] = self._hear(peer, now)
        if kind == "ping":
            effects.append(self._say("pong", source))
            if self.totals.get(self.identity.node_id):
                effects.append(self._say("add", source))
        elif kind == "add":
            self.totals[peer] = max(self.totals.get(peer, 0), int(rest[0]))
        return effects

    def handle_refused(self, quoted: bytes, address: Address, now: float) -> list[Effect]:
        self.inputs.append(("refused", quoted, address, now))
        return []

    def handle_timeout(self, now: float) -> list[Effect]:
        self.inputs.append(("timeout", now))
        self._due += PERIOD
        effects: list[Effect] = []
        for peer, heard in self.heard.items():
            if now - heard > PATIENCE and self.states[peer] == "alive":
                self.states[peer] = "dead"
                effects.append(Notify(MemberDead(peer, self.identity.node_id)))
            effects.append(self._say("ping", _address(peer)))
        return effects

    def persisted(self, write: Write, now: float) -> list[Effect]:
        self.inputs.append(("persisted", write.sequence, now))
        ticket, amount = self.staged.pop(write.sequence)
        own = self.identity.node_id
        self.totals[own] = self.totals.get(own, 0) + amount
        effects: list[Effect] = [self._say("add", _address(peer)) for peer in self.heard]
        return [Answer(ticket, self.count("default"), 1, 1), *effects]

    def persist_failed(self, write: Write, now: float) -> list[Effect]:
        self.inputs.append(("persist_failed", write.sequence, now))
        ticket, _ = self.staged.pop(write.sequence)
        return [Answer(ticket, self.count("default"), 0, 1)]

    def resolved(self, ticket: int, addresses: list[Address], now: float) -> list[Effect]:
        self.inputs.append(("resolved", ticket, addresses, now))
        return [self._say("ping", address) for address in addresses]

    def join(self, seeds: list[str], now: float) -> list[Effect]:
        self.inputs.append(("join", seeds, now))
        return [
            Resolve(seed.rpartition(":")[0], int(seed.rpartition(":")[2]), ticket)
            for ticket, seed in enumerate(seeds)
        ]

    def leave(self, now: float) -> list[Effect]:
        self.inputs.append(("leave", now))
        return [Notify(LeaveDone(0, 0))]

    def renew(self, now: float, wall_ms: int | None = None) -> list[Effect]:
        self.inputs.append(("renew", now))
        return []

    def register(self, text: str, now: float) -> list[Effect]:
        self.inputs.append(("register", text, now))
        return self.join([text], now)

    def remove(self, text: str, now: float) -> list[Effect]:
        self.inputs.append(("remove", text, now))
        return []

    def tag(self, tags: str, now: float) -> list[Effect]:
        self.inputs.append(("tag", tags, now))
        return []

    def increment(self, name: str, amount: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        if amount < 0:
            raise ValueError("amount: must not be negative")
        self.inputs.append(("increment", amount, now))
        self._sequence += 1
        self.staged[self._sequence] = (ticket, amount)
        return [Persist(Write(self._sequence, ()))]

    def sync(self, value: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        return self.increment(DEFAULT, max(0, value - self.count(DEFAULT)), ack, ticket, now)

    def next_timeout(self) -> float | None:
        return self._due

    def members(self) -> list[Any]:
        return [
            SimpleNamespace(id=peer, state=state, generation=1, incarnation=0, removed=False)
            for peer, state in self.states.items()
        ]

    def peers(self) -> list[str]:
        return sorted(peer for peer, state in self.states.items() if state == "alive")

    def count(self, name: str) -> int:
        return sum(self.totals.values())

    def statistics(self) -> Statistics:
        return Statistics()

    def state(self) -> Any:
        return dict(self.totals)

    def checkpoint(self, most: int) -> Any:
        return iter(())

    def gates(self) -> tuple[int, int]:
        return len(self.states), sum(self.totals.values())

    def _hear(self, peer: str, now: float) -> list[Effect]:
        before = self.states.get(peer)
        self.heard[peer] = now
        self.states[peer] = "alive"
        if before is None:
            return [Notify(MemberJoined(peer, 1, None))]
        return [Notify(MemberRecovered(peer, before))] if before == "dead" else []

    def _say(self, kind: str, to: Address) -> Transmit:
        own = self.identity.node_id
        total = f" {self.totals[own]}" if kind == "add" else ""
        return Transmit(f"{kind} {own}{total}".encode(), to)


def _address(node_id: str) -> Address:
    host, _, port = node_id.rpartition(":")
    return host, int(port)
