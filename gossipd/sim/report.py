"""The outcome of a run, as values, as JSON and as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import attrs

from .judge import Same, Step
from .world import Request

# How many commands the table lists.
_COMMANDS = 20


@attrs.frozen
class Percentiles:
    """How some durations in seconds are distributed.

    Attributes:
        number: how many durations there are; without any, all else is None.
    """

    number: int
    p50: float | None
    p99: float | None
    max: float | None

    @classmethod
    def of(cls, durations: Sequence[float]) -> Percentiles:
        """Returns the percentiles of durations in any order, by nearest rank."""
        if not durations:
            return cls(0, None, None, None)
        ordered = sorted(durations)
        last = len(ordered) - 1
        p50, p99 = (ordered[min(last, ceil(share * len(ordered)) - 1)] for share in (0.5, 0.99))
        return cls(len(ordered), p50, p99, ordered[-1])


@attrs.frozen(kw_only=True)
class Detected:
    """Crashes and how fast they were detected.

    Attributes:
        crashes: how many there were, without those of nodes that ran again before all knew.
        first: until one running node knew of a crash.
        everywhere: until every running node knew of it.
    """

    crashes: int
    first: Percentiles
    everywhere: Percentiles


@attrs.frozen(kw_only=True)
class FalseDeaths:
    """Verdicts on healthy members.

    Attributes:
        all: wherever they were reached or believed.
        at_healthy: those of them that healthy nodes reached or believed.
        suspicions: of healthy members, each counted where it was raised.
    """

    all: int
    at_healthy: int
    suspicions: int


@attrs.frozen(kw_only=True)
class Counted:
    """What became of the increments that clients asked for.

    Attributes:
        asked: how many there were.
        refused: those that their node did not take.
        acknowledged: those whose client was told that they are held.
        unanswered: those neither acknowledged nor refused, which may count or not.
        counted_min, counted_max: what the running nodes count at the end; None if none runs.
        spread: from an increment until every running node had it.
        spreading: those that were not everywhere at the end.
        lost: those acknowledged that no running node has at the end.
        invented: what some running node counts at the end though no client asked for it.
    """

    asked: int
    refused: int
    acknowledged: int
    unanswered: int
    counted_min: int | None
    counted_max: int | None
    spread: Percentiles
    spreading: int
    lost: int
    invented: int


@attrs.frozen(kw_only=True)
class CommandOutcome:
    """What became of a single increment or sync that the scenario asked for.

    Attributes:
        node, kind, amount: what was asked, and of which node.
        at: when it was asked, in seconds.
        answered_after: seconds until the answer; None if there was none.
        count, holders, target: as answered.
        refused: why the node did not take the request, if it did not.
    """

    node: str
    kind: str
    amount: int
    at: float
    answered_after: float | None
    count: int | None
    holders: int | None
    target: int | None
    refused: str | None

    @classmethod
    def of(cls, request: Request) -> CommandOutcome:
        """Returns the outcome of a request."""
        answer, answered_at = request.answer, request.answered_at
        return cls(
            node=request.node,
            kind=request.kind,
            amount=request.amount,
            at=request.asked_at,
            answered_after=None if answered_at is None else answered_at - request.asked_at,
            count=None if answer is None else answer.count,
            holders=None if answer is None else answer.holders,
            target=None if answer is None else answer.target,
            refused=request.refused,
        )

    def line(self) -> str:
        """Returns one line for people."""
        asked = f"{self.kind} {self.amount} at {self.node}, {self.at:g} s: "
        if self.refused is not None:
            return f"{asked}refused, {self.refused}"
        if self.answered_after is None:
            return f"{asked}no answer"
        after = _seconds(self.answered_after)
        return f"{asked}{self.count} after {after}, held by {self.holders} of {self.target}"


@attrs.frozen(kw_only=True)
class Traffic:
    """What nodes sent.

    Attributes:
        datagrams: per node and second, over the time in which nodes ran.
        bytes: UDP payload per node and second, over that time.
        wire_bytes: `bytes` with the headers of IP and UDP.
        largest_bytes: payload of the largest datagram.
        sent: datagrams in all.
        lost: datagrams that the network lost.
        overflowed: datagrams that found a full socket buffer.
    """

    datagrams: float
    bytes: float
    wire_bytes: float
    largest_bytes: int
    sent: int
    lost: int
    overflowed: int


@attrs.frozen(kw_only=True)
class Report:
    """The outcome of a run.

    Attributes:
        about: one line about the scenario.
        command: the command line that runs it again.
        version: of gossipd.
        tables, counts: whether all running nodes had the same members, and the same counters.
        commands: what became of each increment and sync that the scenario asked for.
        simulated: virtual seconds; fewer than the scenario's duration if `interrupted`.
        real: seconds that the run took.
        set_up: seconds that it took before, to make the cluster.
        hash: of every datagram as it was read, and of every event.
    """

    about: str
    command: str
    version: str
    nodes: int
    detected: Detected
    false_deaths: FalseDeaths
    steps: tuple[Step, ...]
    tables: Same
    counts: Same
    counted: Counted
    commands: tuple[CommandOutcome, ...]
    traffic: Traffic
    simulated: float
    real: float
    set_up: float
    interrupted: bool
    hash: str

    @property
    def speed(self) -> float:
        """Virtual seconds per real second."""
        return self.simulated / self.real if self.real else 0.0

    def as_json(self) -> dict[str, Any]:
        """Returns the report as numbers, texts, lists and dicts. Durations are in seconds."""
        found = attrs.asdict(self)
        found["speed"] = self.speed
        return found

    def lines(self) -> Iterator[str]:
        """Yields the lines of a table for people."""
        yield self.command
        if self.interrupted:
            yield f"interrupted after {self.simulated:g} s; this is what was seen until then"
        yield ""
        yield f"{'':<24}{'p50':>10}{'p99':>10}{'max':>10}"
        detected = self.detected
        if detected.crashes:
            of = f"of {detected.crashes} crashes"
            yield _percentiles("detection, first", detected.first, of)
            yield _percentiles("detection, every node", detected.everywhere, of)
        else:
            yield _row("detection", "no crash")
        yield from self._writes()
        yield ""
        yield from self._members()
        yield _row("member tables", _same("tables", self.tables))
        yield _row("counters", _same("counts", self.counts))
        deaths = self.false_deaths
        yield _row(
            "false deaths",
            f"{deaths.all}, at healthy nodes {deaths.at_healthy}; suspicions {deaths.suspicions}",
        )
        yield from self._increments()
        yield from self._commands()
        yield from self._costs()

    def _writes(self) -> Iterator[str]:
        counted = self.counted
        if counted.asked:
            of = f"of {counted.spread.number + counted.spreading} increments"
            yield _percentiles("writes converge", counted.spread, of)

    def _members(self) -> Iterator[str]:
        label = "membership converges"
        for step in self.steps:
            after = "not in this run" if step.agreed_after is None else _seconds(step.agreed_after)
            yield _row(label, f"{after} after {step.label}, {step.at:g} s")
            label = ""
        if not self.steps:
            yield _row(label, "nothing disturbed it")

    def _increments(self) -> Iterator[str]:
        counted = self.counted
        if not counted.asked:
            yield _row("increments", "none")
            return
        least, most = counted.counted_min, counted.counted_max
        where = "no node runs" if least is None else f"counted {_between(least, most)}"
        yield _row(
            "increments",
            f"{counted.acknowledged:,} acknowledged, {where}; lost {counted.lost},"
            f" invented {counted.invented}",
        )
        if counted.unanswered or counted.refused:
            yield _row("", f"{counted.unanswered:,} unanswered, {counted.refused:,} refused")

    def _commands(self) -> Iterator[str]:
        for number, command in enumerate(self.commands[:_COMMANDS]):
            yield _row("commands" if not number else "", command.line())
        if len(self.commands) > _COMMANDS:
            yield _row("", f"and {len(self.commands) - _COMMANDS:,} more, which -o json lists")

    def _costs(self) -> Iterator[str]:
        traffic = self.traffic
        yield _row(
            "sent, per node",
            f"{traffic.datagrams:.2f} datagrams/s, {traffic.bytes:,.0f} bytes/s"
            f" ({traffic.wire_bytes:,.0f} with IP and UDP headers)",
        )
        yield _row("largest datagram", f"{traffic.largest_bytes:,} bytes")
        if traffic.overflowed:
            yield _row("full sockets", f"lost {traffic.overflowed:,} datagrams")
        yield _row(
            "speed",
            f"{self.speed:,.1f} virtual seconds per real second"
            f" ({self.simulated:g} s in {self.real:.1f} s, set-up {self.set_up:.1f} s)",
        )
        yield _row("hash", f"{self.hash} (gossipd {self.version})")


def _row(label: str, text: str) -> str:
    return f"{label:<24}{text}"


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def _same(what: str, same: Same) -> str:
    if same.since is not None:
        return f"equal at all running nodes from {same.since:.2f} s on"
    if same.last is None:
        return f"the {what} never agreed"
    return f"the {what} did not agree at the end, last at {same.last:.2f} s"


def _percentiles(label: str, durations: Percentiles, of: str) -> str:
    cells = "".join(
        f"{_seconds(each):>10}" for each in (durations.p50, durations.p99, durations.max)
    )
    return f"{label:<24}{cells}   {durations.number:,} {of}"


def _between(least: int, most: int | None) -> str:
    return f"{least:,}" if most in (None, least) else f"{least:,} to {most:,}"
