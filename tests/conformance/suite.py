"""What every driver of a node must do: scenarios that each driver's `Drive` plays in its own way.

A scenario scripts a recorder node (which effects it returns to which input, and when its timers are
due) and what happens to it from outside. A `Drive` lets its driver run the recorder through that,
and returns what the recorder saw and what the driver carried out, in one sequence. Times are
seconds since the node's making, so that the clock of the driver may begin anywhere.

A `Drive` records effects by calling `Recorder.carried_out` where they leave the driver: the network
or socket for `Transmit` and `Broadcast`, the log for `Notify`, and the caller of the command for
`Answer`. It keeps no store: writes are on disk at once. The cases are in `conformance_cases`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Protocol

import attrs

from gossipd.protocol import (
    Address,
    Answer,
    Broadcast,
    Effect,
    Notify,
    Persist,
    Resolve,
    Statistics,
    Transmit,
    Write,
)

PEER: Address = ("10.0.0.2", 8088)
OTHER: Address = ("10.0.0.3", 8088)


@attrs.frozen
class Reply:
    """Stands for the `Answer` to the scenario's command of this number, from 0."""

    command: int
    count: int
    holders: int = 1
    target: int = 1


@attrs.frozen
class Reaction:
    """What the recorder does upon an input: its effects and, unless None, when it is due next."""

    effects: tuple[Effect | Reply, ...] = ()
    due: float | None = None


@attrs.frozen
class Deliver:
    """A datagram arrives."""

    at: float
    data: bytes
    source: Address = PEER


@attrs.frozen
class Refuse:
    """Another machine refuses a datagram that begins so."""

    at: float
    quoted: bytes
    address: Address = PEER


@attrs.frozen
class Hear:
    """These datagrams arrive by broadcast, all at once."""

    at: float
    datagrams: tuple[bytes, ...]
    source: Address = ("10.0.0.2", 7000)


@attrs.frozen
class Increment:
    """A caller asks for an increment of the counter `default` with ack level `local`."""

    at: float
    amount: int


@attrs.frozen
class Register:
    """A caller registers a peer."""

    at: float
    text: str


@attrs.frozen
class Pause:
    """The process does not run from `at` to `until`.

    Meanwhile these datagrams reach its socket, after the word that `PEER` refused others.
    """

    at: float
    until: float
    datagrams: tuple[bytes, ...] = ()
    refused: tuple[bytes, ...] = ()


Step = Deliver | Refuse | Hear | Increment | Register | Pause


@attrs.frozen
class Scenario:
    """One case.

    Attributes:
        reactions: by label of the input: its name, for a datagram `datagram <text>`; a list is used
            up in order, and an input without a reaction has no effects.
        steps: in order of time.
        until: when the case ends.
        expected: the recording, see `Recorder`.
        names: addresses by name, as a resolver would know them.
    """

    name: str
    steps: tuple[Step, ...]
    until: float
    expected: tuple[tuple[Any, ...], ...]
    reactions: Mapping[str, Sequence[Reaction]] = {}
    names: Mapping[str, Sequence[str]] = {}


class Drive(Protocol):
    """One driver under test."""

    def play(self, scenario: Scenario) -> Recorder:
        """Run a recorder through the scenario, from `start` to `until`; return it."""


class Recorder:
    """A node without a mind of its own; `recording` has inputs with their times, and effects.

    Inputs: ("start", time), ("datagram", data, source, time), ("refused", quoted, address, time),
    ("timeout", time), ("persisted", sequence, time), ("increment", amount, time), ("register",
    text, time), ("resolved", ticket, addresses). Effects: ("transmit", data, to), ("broadcast",
    data), ("notify", event). Answers are apart, since their callers may run later: `answers` has
    (number of the command, count, holders, target).
    """

    def __init__(
        self, config: Scenario, identity: Any, *, state: Any, rng: Random, now: float
    ) -> None:
        self.recording: list[tuple[Any, ...]] = []
        self.answers: list[tuple[int, int, int, int]] = []
        self._reactions = {label: list(found) for label, found in config.reactions.items()}
        self._origin = now
        self._now = now
        self._due: float | None = None
        self._tickets: list[int] = []

    # Inputs

    def start(self, now: float) -> list[Effect]:
        return self._input("start", now)

    def handle_datagram(self, data: bytes, source: Address, now: float) -> list[Effect]:
        return self._input("datagram", now, data, source, label=f"datagram {data.decode()}")

    def handle_refused(self, quoted: bytes, address: Address, now: float) -> list[Effect]:
        return self._input("refused", now, quoted, address, label=f"refused {quoted.decode()}")

    def handle_timeout(self, now: float) -> list[Effect]:
        self._due = None
        return self._input("timeout", now)

    def persisted(self, write: Write, now: float) -> list[Effect]:
        return self._input("persisted", now, write.sequence)

    def persist_failed(self, write: Write, now: float) -> list[Effect]:
        return self._input("persist_failed", now, write.sequence)

    def renew(self, now: float, wall_ms: int | None = None) -> list[Effect]:
        return self._input("renew", now)

    def resolved(self, ticket: int, addresses: list[Address], now: float) -> list[Effect]:
        effects = self._input("resolved", now, ticket, tuple(addresses))
        self._forget_time("resolved")
        return effects

    # Commands

    def join(self, seeds: list[str], now: float) -> list[Effect]:
        assert not seeds, "scenarios have no seeds"
        return []

    def move(self, node_id: str, now: float) -> list[Effect]:
        return self._input("move", now, node_id)

    def leave(self, now: float) -> list[Effect]:
        return self._input("leave", now)

    def register(self, text: str, now: float) -> list[Effect]:
        return self._input("register", now, text)

    def remove(self, text: str, now: float) -> list[Effect]:
        return self._input("remove", now, text)

    def increment(self, name: str, amount: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        self._tickets.append(ticket)
        return self._input("increment", now, amount)

    def sync(self, name: str, value: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        raise AssertionError("scenarios have no syncs")

    # Getters

    def next_timeout(self) -> float | None:
        return self._due

    def members(self) -> list[Any]:
        return []

    def peers(self) -> list[str]:
        return []

    def count(self, name: str) -> int:
        return 0

    def statistics(self) -> Statistics:
        return Statistics()

    def state(self) -> Any:
        return None

    def checkpoint(self, most: int) -> Any:
        return iter(())

    # For the drive

    def carried_out(self, effect: Effect) -> None:
        """Record that an effect reached the world outside."""
        match effect:
            case Transmit():
                self.recording.append(("transmit", effect.data, effect.to))
            case Broadcast():
                self.recording.append(("broadcast", effect.data))
            case Notify():
                self.recording.append(("notify", effect.event))
            case Answer():
                command = self._tickets.index(effect.ticket)
                self.answers.append((command, effect.count, effect.holders, effect.target))
            case Persist() | Resolve():
                raise AssertionError(f"{effect} shows in the input that follows it")

    def _input(self, kind: str, now: float, *details: Any, label: str = "") -> list[Effect]:
        assert now >= self._now, f"{kind}: now fell from {self._now} to {now}"
        self._now = now
        self.recording.append((kind, *details, round(now - self._origin, 6)))
        left = self._reactions.get(label or kind)
        if not left:
            return []
        reaction = left.pop(0)
        if reaction.due is not None:
            self._due = self._origin + reaction.due
        return [self._filled(effect) for effect in reaction.effects]

    def _filled(self, effect: Effect | Reply) -> Effect:
        if isinstance(effect, Reply):
            ticket = self._tickets[effect.command]
            return Answer(ticket, effect.count, effect.holders, effect.target)
        return effect

    def _forget_time(self, kind: str) -> None:
        # How long a resolver takes is its own affair.
        assert self.recording[-1][0] == kind
        self.recording[-1] = self.recording[-1][:-1]


def check(drive: Drive, scenario: Scenario) -> None:
    """Play a scenario and compare; answers are expected where the reactions reply."""
    recorder = drive.play(scenario)
    assert recorder.recording == list(scenario.expected)
    replies = [
        (effect.command, effect.count, effect.holders, effect.target)
        for reactions in scenario.reactions.values()
        for reaction in reactions
        for effect in reaction.effects
        if isinstance(effect, Reply)
    ]
    assert sorted(recorder.answers) == sorted(replies)
