"""The daemon's driver keeps the contract of a driver, and broken ones are found out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from unittest.mock import patch

import pytest
import trio
import trio.testing

from gossipd.daemon import driver as driver_module
from gossipd.daemon.driver import Driver
from gossipd.daemon.future import Future
from gossipd.daemon.service import Service
from gossipd.daemon.tickets import Tickets
from gossipd.protocol import Address, Answer, Broadcast, Effect, Notify, Persist, Transmit
from tests.conformance.cases import SCENARIOS
from tests.conformance.suite import (
    PEER,
    Deliver,
    Hear,
    Increment,
    Pause,
    Recorder,
    Refuse,
    Register,
    Scenario,
    check,
)
from tests.daemon.fakes import NODE_ID, Scripted
from tests.daemon.waiting import outcome

HANDLING = 1e-5
"""Seconds that pass with each datagram that is received, so that a clock read twice differs."""


class FakeEndpoint:
    """A socket in memory, on which receiving takes a moment."""

    def __init__(self, clock: trio.testing.MockClock, recorder: Recorder) -> None:
        self.waiting: deque[tuple[bytes, Address]] = deque()
        self.refused: list[tuple[bytes, Address]] = []
        self._clock = clock
        self._recorder = recorder
        self._lot = trio.lowlevel.ParkingLot()

    def arrive(self, data: bytes, source: Address) -> None:
        """A datagram reaches the socket."""
        self.waiting.append((data, source))
        self._lot.unpark_all()

    def refuse(self, quoted: bytes, address: Address) -> None:
        """The word arrives that a datagram was refused."""
        self.refused.append((quoted, address))
        self._lot.unpark_all()

    def refusals(self) -> list[tuple[bytes, Address]]:
        """As a socket's."""
        found, self.refused = self.refused, []
        return found

    async def wait_readable(self) -> None:
        """As a socket's."""
        if self.waiting or self.refused:
            await trio.lowlevel.checkpoint()
        else:
            await self._lot.park()

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        """As a socket's."""
        count = min(limit, len(self.waiting))
        self._clock.jump(HANDLING * count)
        return [self.waiting.popleft() for _ in range(count)]

    def send(self, data: bytes, to: Address) -> None:
        """Notes that it left."""
        self._recorder.carried_out(Transmit(data, to))


class DriverDrive:
    """Plays a scenario on trio with a clock that jumps."""

    def __init__(self, factory: Callable[..., Driver] = Driver) -> None:
        self._factory = factory

    def play(self, scenario: Scenario) -> Recorder:
        """See `tests.conformance.suite.Drive`."""

        async def look_up(host: str, port: int) -> list[Address]:
            await trio.lowlevel.checkpoint()
            return [(address, port) for address in scenario.names.get(host, ())]

        clock = trio.testing.MockClock(autojump_threshold=0)
        with patch.object(driver_module, "look_up", look_up):
            return trio.run(self._play, scenario, clock, clock=clock)

    async def _play(self, scenario: Scenario, clock: trio.testing.MockClock) -> Recorder:
        origin = trio.current_time()
        recorder = Scripted(scenario, None, state=None, rng=Random(1), now=origin)
        endpoint = FakeEndpoint(clock, recorder)
        tickets = Tickets()
        driver = self._factory(
            recorder,
            endpoint,
            tickets.answer,
            (lambda event: recorder.carried_out(Notify(event)),),
            broadcast=lambda data: recorder.carried_out(Broadcast(data)),
        )
        service = Service(recorder, NODE_ID, driver, tickets)  # type: ignore[arg-type]
        async with trio.open_nursery() as nursery:
            await nursery.start(driver.run)
            nursery.start_soon(service.run)
            last = 0.0
            for step in scenario.steps:
                # What happens at one time happens before anybody else runs.
                if step.at > last:
                    await trio.sleep_until(origin + step.at)
                last = step.at
                match step:
                    case Deliver():
                        endpoint.arrive(step.data, step.source)
                    case Refuse():
                        endpoint.refuse(step.quoted, step.address)
                    case Hear():
                        driver.hear([(data, step.source) for data in step.datagrams])
                    case Increment():
                        answer = service.increment("default", step.amount, "local")
                        nursery.start_soon(_note, recorder, answer)
                    case Register():
                        service.register(step.text)
                    case Pause():
                        # Nothing else runs until this task waits: as if the process stood still.
                        for quoted in step.refused:
                            endpoint.refuse(quoted, PEER)
                        for data in step.datagrams:
                            endpoint.arrive(data, PEER)
                        clock.jump(step.until - step.at)
            await trio.sleep_until(origin + scenario.until)
            nursery.cancel_scope.cancel()
        return recorder


async def _note(recorder: Recorder, answer: Future[Answer]) -> None:
    recorder.carried_out(await outcome(answer))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_driver_conforms(scenario: Scenario) -> None:
    """The recording is as expected."""
    check(DriverDrive(), scenario)


# What each of these does wrong is its one method.


class FiresTimersFirst(Driver):
    """Takes what waited through a pause for late."""

    def _cycle(self, now: float) -> None:
        if self._due() <= now:
            self._perform(self._node.handle_timeout(now), now)
        super()._cycle(now)


class IsDeafToRefusals(Driver):
    """Lets the kernel's word about refused datagrams lie."""

    def _cycle(self, now: float) -> None:
        self._endpoint.refusals()
        super()._cycle(now)


class BelievesRefusalsFirst(Driver):
    """Takes a refusal before the answer that waits beside it."""

    def _cycle(self, now: float) -> None:
        for quoted, address in self._endpoint.refusals():
            self._perform(self._node.handle_refused(quoted, address, now), now)
        super()._cycle(now)


class ReadsTheClockPerDatagram(Driver):
    """Gives datagrams of one wake-up different times."""

    def _cycle(self, now: float) -> None:
        while batch := self._endpoint.receive(1):
            now = trio.current_time()
            self._perform(self._node.handle_datagram(*batch[0], now), now)
        super()._cycle(now)


class ReceivesOneBatch(Driver):
    """Leaves datagrams in the socket while timers fire."""

    def _cycle(self, now: float) -> None:
        for data, source in self._endpoint.receive(64):
            self._perform(self._node.handle_datagram(data, source, now), now)
        for quoted, address in self._endpoint.refusals():
            self._perform(self._node.handle_refused(quoted, address, now), now)
        if self._due() <= now:
            self._perform(self._node.handle_timeout(now), now)


class ReportsWritesTooEarly(Driver):
    """Calls the node again before the effects of its last input are carried out."""

    def _perform(self, effects: list[Effect], now: float) -> None:
        for effect in effects:
            if isinstance(effect, Persist):
                self._perform(self._node.persisted(effect.write, now), now)
            else:
                super()._perform([effect], now)


class SleepsThroughCommands(Driver):
    """Keeps to the timer that it waited for before a command."""

    def command(self, call: Callable[[float], list[Effect]]) -> None:
        now = trio.current_time()
        self._perform(call(now), now)


class SleepsThroughBroadcasts(Driver):
    """Keeps to the timer that it waited for before it heard something."""

    def hear(self, datagrams: Sequence[tuple[bytes, Address]]) -> None:
        now = trio.current_time()
        for data, source in datagrams:
            self._perform(self._node.handle_datagram(data, source, now), now)


class ReversesEffects(Driver):
    """Carries out the last effect first."""

    def _perform(self, effects: list[Effect], now: float) -> None:
        super()._perform(effects[::-1], now)


BROKEN = (
    FiresTimersFirst,
    IsDeafToRefusals,
    BelievesRefusalsFirst,
    ReadsTheClockPerDatagram,
    ReceivesOneBatch,
    ReportsWritesTooEarly,
    SleepsThroughCommands,
    SleepsThroughBroadcasts,
    ReversesEffects,
)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_driver_is_found_out(broken: type[Driver]) -> None:
    """At least one scenario fails on it."""
    assert [scenario.name for scenario in SCENARIOS if not _holds(broken, scenario)]


def _holds(factory: type[Driver], scenario: Scenario) -> bool:
    try:
        check(DriverDrive(factory), scenario)
    except (AssertionError, ExceptionGroup):
        return False
    return True
