"""The simulator keeps the contract of a driver."""

from __future__ import annotations

from random import Random
from typing import cast

import pytest

from gossipd.protocol import Address, Answer, Broadcast, Notify, Transmit
from gossipd.sim.world import Commands, Faults, Observed, Request, World
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


class RecordingFactory:
    """Makes the node of a world, a recorder."""

    recorder: Recorder

    def __call__(
        self, config: Scenario, identity: object, *, state: object, rng: Random, now: float
    ) -> Recorder:
        """Makes the node and remembers it, since its first effects come before `add` returns."""
        self.recorder = Recorder(config, identity, state=state, rng=rng, now=now)
        return self.recorder

    def broadcast(self, data: bytes, source: Address) -> None:
        """Records a broadcast, in place of `Carrier.broadcast`."""
        self.recorder.carried_out(Broadcast(data))


class SimulatorDrive:
    """Plays a scenario in a world."""

    def play(self, scenario: Scenario) -> Recorder:
        """See `tests.conformance.suite.Drive`."""
        made = RecordingFactory()
        world = World(1, config=scenario, names=scenario.names, factory=made)
        world.carrier.broadcast = made.broadcast  # type: ignore[method-assign]
        world.network.observers.append(
            lambda now, source, target, data, copies: made.recorder.carried_out(
                Transmit(data, target)
            )
        )
        world.log.on_event.append(lambda observed: self._event(made, observed))
        address = world.add(0).address
        for step in scenario.steps:
            match step:
                case Deliver():
                    world.at(step.at, world.carrier.deliver, step.data, step.source, address)
                case Refuse():
                    world.at(step.at, self._refuse, world, step.quoted, step.address)
                case Hear():
                    for data in step.datagrams:
                        world.at(step.at, world.carrier.deliver, data, step.source, address)
                case Increment():
                    world.at(step.at, self._increment, world, made, step.amount)
                case Register():
                    world.at(step.at, Commands(world).register, 0, step.text)
                case Pause():
                    self._pause(world, step, address)
        world.run(scenario.until)
        return made.recorder

    def _event(self, made: RecordingFactory, observed: Observed) -> None:
        if type(observed.event).__module__.endswith(".events"):
            made.recorder.carried_out(Notify(observed.event))

    def _increment(self, world: World, made: RecordingFactory, amount: int) -> None:
        def answered(request: Request) -> None:
            made.recorder.carried_out(cast(Answer, request.answer))

        Commands(world).increment(0, amount, ack="local", on_answer=answered)

    def _refuse(self, world: World, quoted: bytes, address: Address) -> None:
        world.host(0)._refused(quoted, address)

    def _pause(self, world: World, step: Pause, address: Address) -> None:
        world.at(step.at, Faults(world).pause, 0, step.until - step.at)
        for quoted in step.refused:
            world.at((step.at + step.until) / 2, self._refuse, world, quoted, PEER)
        for data in step.datagrams:
            world.at((step.at + step.until) / 2, world.carrier.deliver, data, PEER, address)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_simulator_conforms(scenario: Scenario) -> None:
    """The recording is as expected."""
    check(SimulatorDrive(), scenario)
