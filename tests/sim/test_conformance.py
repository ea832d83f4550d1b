"""The simulator keeps the contract of a driver."""

from __future__ import annotations

from random import Random
from typing import Any, cast

import pytest

from gossipd.protocol import Address, Answer, Broadcast, Notify, Transmit
from gossipd.sim.world.host import Host
from gossipd.sim.world.record import Observed, Request
from gossipd.sim.world.world import World
from tests.conformance.cases import SCENARIOS
from tests.conformance.suite import (
    PEER,
    Deliver,
    Hear,
    Increment,
    Pause,
    Recorder,
    Register,
    Scenario,
    check,
)


class RecordingWorld(World):
    """A world of one node that records what it does for it."""

    def __init__(self, seed: int, **options: Any) -> None:
        super().__init__(seed, factory=self.build, **options)

    recorder: Recorder

    def broadcast(self, host: Host, data: bytes) -> None:
        """Record a broadcast as it leaves."""
        self.recorder.carried_out(Broadcast(data))

    def build(
        self, config: Scenario, identity: object, *, state: object, rng: Random, now: float
    ) -> Recorder:
        """Make the node and remember it, since its first effects come before `add` returns."""
        self.recorder = Recorder(config, identity, state=state, rng=rng, now=now)
        return self.recorder


class SimulatorDrive:
    """Plays a scenario in a world."""

    def play(self, scenario: Scenario) -> Recorder:
        """See `tests.conformance.suite.Drive`."""
        world = RecordingWorld(1, config=scenario, names=scenario.names)
        world.network.observers.append(
            lambda now, source, target, data, copies: world.recorder.carried_out(
                Transmit(data, target)
            )
        )
        world.on_event.append(lambda observed: self._event(world, observed))
        address = world.add(0).address
        for step in scenario.steps:
            match step:
                case Deliver():
                    world.at(step.at, world.deliver, step.data, step.source, address)
                case Hear():
                    for data in step.datagrams:
                        world.at(step.at, world.deliver, data, step.source, address)
                case Increment():
                    world.at(step.at, self._increment, world, step.amount)
                case Register():
                    world.at(step.at, world.register, 0, step.text)
                case Pause():
                    self._pause(world, step, address)
        world.run(scenario.until)
        return world.recorder

    def _event(self, world: RecordingWorld, observed: Observed) -> None:
        if type(observed.event).__module__.endswith(".events"):
            world.recorder.carried_out(Notify(observed.event))

    def _increment(self, world: RecordingWorld, amount: int) -> None:
        def answered(request: Request) -> None:
            world.recorder.carried_out(cast(Answer, request.answer))

        world.increment(0, amount, ack="local", on_answer=answered)

    def _pause(self, world: RecordingWorld, step: Pause, address: Address) -> None:
        world.at(step.at, world.pause, 0, step.until - step.at)
        for data in step.datagrams:
            world.at((step.at + step.until) / 2, world.deliver, data, PEER, address)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_simulator_conforms(scenario: Scenario) -> None:
    """The recording is as expected."""
    check(SimulatorDrive(), scenario)
