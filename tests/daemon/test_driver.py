"""The driver: who is answered when, what a wake-up takes, and what is bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
import trio
import trio.testing

from gossipd.daemon import driver as driver_module
from gossipd.daemon.driver import Driver, look_up
from gossipd.protocol import Address, Effect, Event, LimitExceeded, Resolve, Transmit
from tests.conformance.suite import PEER, Reaction, Recorder, Reply, Scenario
from tests.daemon.waiting import outcome

Reactions = Mapping[str, Sequence[Reaction]]
Clock = trio.testing.MockClock


class Endpoint:
    """A socket in memory; `takes` seconds pass with each receive."""

    def __init__(self, clock: Clock, takes: float = 0.0) -> None:
        self.waiting: deque[tuple[bytes, Address]] = deque()
        self.sent: list[tuple[bytes, Address]] = []
        self.receives: list[int] = []
        self._clock = clock
        self._takes = takes
        self._lot = trio.lowlevel.ParkingLot()

    def arrive(self, *datagrams: bytes) -> None:
        """Datagrams reach the socket."""
        self.waiting.extend((data, PEER) for data in datagrams)
        self._lot.unpark_all()

    async def wait_readable(self) -> None:
        """As a socket's."""
        if self.waiting:
            await trio.lowlevel.checkpoint()
        else:
            await self._lot.park()

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        """As a socket's."""
        count = min(limit, len(self.waiting))
        self.receives.append(count)
        if self._takes:
            self._clock.jump(self._takes)
        return [self.waiting.popleft() for _ in range(count)]

    def send(self, data: bytes, to: Address) -> None:
        """Notes what leaves."""
        self.sent.append((data, to))


class Full(Recorder):
    """A node whose counter can take no more."""

    def increment(self, name: str, amount: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        raise LimitExceeded("full")

    def sync(self, name: str, value: int, ack: Any, ticket: int, now: float) -> list[Effect]:
        raise LimitExceeded("full")


class Running:
    """A driver of a scripted node, with what it was told."""

    def __init__(self, driver: Driver, node: Recorder, endpoint: Endpoint) -> None:
        self.driver = driver
        self.node = node
        self.endpoint = endpoint

    def inputs(self, kind: str) -> list[tuple[Any, ...]]:
        """What the node was given of this kind."""
        return [entry for entry in self.node.recording if entry[0] == kind]


@asynccontextmanager
async def running(
    clock: Clock,
    reactions: Reactions | None = None,
    *,
    takes: float = 0.0,
    kind: type[Recorder] = Recorder,
    events: list[Event] | None = None,
    steps: list[bool] | None = None,
) -> AsyncIterator[Running]:
    """Drives a scripted node for the length of the block."""
    scenario = Scenario("", (), 0.0, (), reactions=reactions or {})
    node = kind(scenario, None, state=None, rng=Random(1), now=trio.current_time())
    endpoint = Endpoint(clock, takes)
    heard = events if events is not None else []
    driver = Driver(
        node,  # type: ignore[arg-type]
        "10.0.0.1:8088",
        endpoint,
        heard.append,
        stepped=lambda: bool(steps and steps.pop(0)),
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(driver.run)
        yield Running(driver, node, endpoint)
        nursery.cancel_scope.cancel()


def answered_late() -> Reactions:
    """An increment is answered by the datagram `held`."""
    return {
        "increment": [Reaction()],
        "datagram held": [Reaction((Reply(0, 5, 2, 3),))],
    }


async def test_a_write_that_is_answered_at_once_needs_no_task_switch(
    autojump_clock: Clock,
) -> None:
    """Neither for its answer nor to get it, and nothing waits."""
    reactions = {"increment": [Reaction((Reply(0, 7, 1, 1),))]}
    async with running(autojump_clock, reactions) as site:
        with trio.testing.assert_no_checkpoints():
            answer = await outcome(site.driver.increment("default", 1, "local"))
        assert (7, 1, 1) == (answer.count, answer.holders, answer.target)
        assert not site.driver._waiting


async def test_a_write_waits_for_its_answer(autojump_clock: Clock) -> None:
    """The answer of a later input reaches who waits."""
    async with running(autojump_clock, answered_late()) as site:
        waiting = site.driver.increment("default", 1, None)
        site.endpoint.arrive(b"held")
        answer = await outcome(waiting)
        assert (5, 2, 3) == (answer.count, answer.holders, answer.target)
        assert not site.driver._waiting


async def test_an_answer_that_comes_before_the_waiting_is_kept(autojump_clock: Clock) -> None:
    """Who begins to wait late is answered at once."""
    async with running(autojump_clock, answered_late()) as site:
        waiting = site.driver.increment("default", 1, None)
        site.endpoint.arrive(b"held")
        await trio.sleep(1)
        assert 5 == (await outcome(waiting)).count


async def test_whoever_stops_waiting_leaves_nothing(autojump_clock: Clock) -> None:
    """Its answer reaches nobody when it comes."""
    async with running(autojump_clock, answered_late()) as site:
        waiting = site.driver.increment("default", 1, None)
        with trio.move_on_after(1) as scope:
            await outcome(waiting)
        assert scope.cancelled_caught
        site.endpoint.arrive(b"held")
        await trio.sleep(1)
        assert not site.driver._waiting
        assert 1 == len(site.inputs("datagram"))


async def test_a_refused_write_leaves_nothing(autojump_clock: Clock) -> None:
    """LimitExceeded reaches the caller, and no one is waited for."""
    async with running(autojump_clock, kind=Full) as site:
        with pytest.raises(LimitExceeded):
            await outcome(site.driver.increment("default", 1, None))
        with pytest.raises(LimitExceeded):
            await outcome(site.driver.sync("default", 1, None))
        assert not site.driver._waiting


async def test_draining_ends_after_50_milliseconds(autojump_clock: Clock) -> None:
    """A socket that is never empty does not keep timers from firing."""
    reactions = {"start": [Reaction(due=1.0)]}
    async with running(autojump_clock, reactions, takes=0.02) as site:
        await trio.sleep(0.5)
        site.endpoint.receives.clear()
        site.endpoint.arrive(*[b"x"] * 1000)
        autojump_clock.jump(1.0)
        await trio.testing.wait_all_tasks_blocked(0.001)
        timer = site.node.recording.index(("timeout", 1.5))
        # Three batches take 60 ms: the time is looked at after each.
        assert 3 * 64 == len([e for e in site.node.recording[:timer] if e[0] == "datagram"])
        assert 1000 == sum(site.endpoint.receives)


async def test_what_the_limit_left_is_taken_next(autojump_clock: Clock) -> None:
    """Each wake-up has a time of its own, and nothing is lost."""
    async with running(autojump_clock, takes=0.02) as site:
        await trio.sleep(1)
        site.endpoint.arrive(*[b"x"] * 500)
        await trio.testing.wait_all_tasks_blocked(0.001)
        times = [entry[-1] for entry in site.inputs("datagram")]
        assert 500 == len(times)
        assert [192, 192, 116] == [times.count(time) for time in sorted(set(times))]


async def test_lateness_is_recorded(autojump_clock: Clock) -> None:
    """What counts is the time from when a timer was due to the wake-up."""
    reactions = {"start": [Reaction(due=1.0)]}
    async with running(autojump_clock, reactions) as site:
        autojump_clock.jump(3.5)
        await trio.sleep(1)
        lateness = site.driver.lateness
        assert (1, 2.5, 2.5) == (lateness.count, lateness.sum, lateness.max)


async def test_a_wake_up_before_the_timer_is_not_late(autojump_clock: Clock) -> None:
    """A datagram does not count as a timer."""
    reactions = {"start": [Reaction(due=5.0)]}
    async with running(autojump_clock, reactions) as site:
        site.endpoint.arrive(b"x")
        await trio.sleep(1)
        assert 0 == site.driver.lateness.count


async def test_a_move_changes_the_id_until_the_end_has_begun(autojump_clock: Clock) -> None:
    """The API shows the new id from then on; a node that stops keeps the one it leaves under."""
    async with running(autojump_clock) as site:
        site.driver.move("10.0.0.9:8088")
        assert "10.0.0.9:8088" == site.driver.node_id
        site.driver.draining = True
        site.driver.move("10.0.0.8:8088")
        assert "10.0.0.9:8088" == site.driver.node_id
        assert [("move", "10.0.0.9:8088", 0.0)] == site.inputs("move")


async def test_names_are_resolved_a_bounded_number_at_a_time(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many names there are, 64 look-ups run at once, and all get an answer."""
    at_once: list[int] = []
    active = 0

    async def slow(host: str, port: int) -> list[Address]:
        nonlocal active
        active += 1
        at_once.append(active)
        await trio.sleep(1)
        active -= 1
        return [PEER]

    monkeypatch.setattr(driver_module, "look_up", slow)
    names = tuple(Resolve(f"n{number}.test", 1, number) for number in range(300))
    async with running(autojump_clock, {"start": [Reaction(names)]}) as site:
        await trio.sleep(10)
        assert 64 == max(at_once)
        resolved = site.inputs("resolved")
        assert sorted((number, (PEER,)) for number in range(300)) == sorted(
            (entry[1], entry[2]) for entry in resolved
        )


async def test_a_resolver_that_hangs_finds_nothing(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five seconds the name has no addresses."""

    async def hanging(host: str, port: int) -> list[Address]:
        await trio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr(driver_module, "look_up", hanging)
    reactions = {"start": [Reaction((Resolve("n.test", 1, 3),))]}
    async with running(autojump_clock, reactions) as site:
        await trio.sleep(4.9)
        assert [] == site.inputs("resolved")
        await trio.sleep(0.2)
        assert [("resolved", 3, ())] == site.inputs("resolved")


async def test_the_answer_to_a_look_up_is_acted_on(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effects of `resolved` are carried out, and its timer is kept."""

    async def found(host: str, port: int) -> list[Address]:
        await trio.sleep(1)
        return [(host, port)]

    monkeypatch.setattr(driver_module, "look_up", found)
    reactions = {
        "register": [Reaction((Resolve("n.test", 1, 3),))],
        "resolved": [Reaction((Transmit(b"hello", PEER),), due=2.0)],
    }
    async with running(autojump_clock, reactions) as site:
        site.driver.register("n.test:1")
        await trio.sleep(3)
        assert [(b"hello", PEER)] == site.endpoint.sent
        assert [("timeout", 2.0)] == site.inputs("timeout")


async def test_an_unknown_name_has_no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver's error means none, and an address that is named twice counts once."""

    async def fails(*_: object, **__: object) -> list[Any]:
        raise OSError("no such name")

    async def twice(*_: object, **__: object) -> list[Any]:
        return [(0, 0, 0, "", ("10.0.0.2", 1)), (0, 0, 0, "", ("10.0.0.2", 1))]

    monkeypatch.setattr(trio.socket, "getaddrinfo", fails)
    assert [] == await look_up("n.test", 1)
    monkeypatch.setattr(trio.socket, "getaddrinfo", twice)
    assert [("10.0.0.2", 1)] == await look_up("n.test", 1)


async def test_a_clock_that_was_stepped_is_told_before_the_next_write(
    autojump_clock: Clock,
) -> None:
    """The machine may have been set back: what is asked for now is not counted as before."""
    async with running(autojump_clock, steps=[False, True, False]) as run:
        for amount in (1, 2, 3):
            with trio.move_on_after(0.01):
                await outcome(run.driver.increment("default", amount, None))
    kinds = [each[0] for each in run.node.recording if each[0] in ("increment", "renew")]
    assert ["increment", "renew", "increment", "increment"] == kinds
