"""A snapshot of a machine has nothing in common with it, and goes on as it would."""

from __future__ import annotations

import gc
from enum import Enum
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from gossipd.protocol import Node, Persist
from gossipd.sim.world import Commands, Faults, World, id_of
from gossipd.sim.world.resolver import RESOLVE_DELAY
from tests.sim.checks import states

_PLAIN = (Enum, int, float, str, bytes, bool, type(None), frozenset)
_CODE = (type, ModuleType, type(lru_cache(len)), type(len))


def busy() -> World:
    """Six nodes with everything under way: one is dead, one suspect, one unknown, writes wait."""
    world = World("snapshot")
    for _ in range(6):
        world.add(seeds=[0], start=True)
    world.run(3)
    Faults(world).crash(5)
    world.run(30)
    Faults(world).crash(4)
    world.host(1).disk.slow_down(RESOLVE_DELAY)
    Commands(world).register(1, "10.0.0.99:8088")
    Commands(world).increment(0, 3)
    Commands(world).sync(2, 100)
    assert world.run_until(lambda: states(world, 4).get(id_of(1)) == "suspect", 20, 0.01)
    for _ in range(3):
        Commands(world).increment(1, 2)
        Commands(world).increment(2, 2)
    world.run(0.0012)
    return world


def parts(root: object) -> dict[int, Any]:
    """Everything that can be reached from an object, but code and plain values."""
    found: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        one = waiting.pop()
        closed = isinstance(one, FunctionType) and not one.__closure__
        if id(one) not in found and not closed and not isinstance(one, (*_CODE, *_PLAIN)):
            found[id(one)] = one
            waiting += gc.get_referents(one)
    return found


def constant(value: object) -> bool:
    """Plain values, code, and tuples of such."""
    if isinstance(value, tuple):
        return all(map(constant, value))
    return isinstance(value, (*_PLAIN, *_CODE))


def copied(world: World, node: int) -> Any:
    """The node of a snapshot."""
    snapshot = world.host(node).snapshot()
    assert snapshot is not None
    return snapshot.copies()[0]


def test_nothing_is_shared() -> None:
    """A timer's action, say, that would still change the original."""
    world = busy()
    for number in range(4):
        original = parts(world.node(number))
        shared = [each for key, each in parts(copied(world, number)).items() if key in original]
        assert [] == [each for each in shared if not constant(each)]
        assert len(original) > 300


def test_it_goes_on_as_the_original_does() -> None:
    """Both have the same effects at a thousand timers, and are told nothing but the time."""
    world = busy()
    for number in range(4):
        histories = [alone(copied(world, number)), alone(world.node(number))]
        assert histories[0] == histories[1]
        assert len(histories[0]) > 50


def alone(node: Any) -> list[Any]:
    """What a node does with nobody but its disk."""
    assert isinstance(node, Node)
    effects: list[Any] = []
    for _ in range(1000):
        now = node.next_timeout()
        assert now is not None
        waiting = list(node.handle_timeout(now))
        while waiting:
            effect = waiting.pop(0)
            effects.append(effect)
            if isinstance(effect, Persist):
                waiting += node.persisted(effect.write, now)
    return effects


def test_only_a_process_that_runs_freely_is_taken() -> None:
    """What waits at one that stands is its machine's."""
    world = World("snapshot")
    for _ in range(3):
        world.add(seeds=[0])
    world.run(1)
    Faults(world).pause(0)
    Faults(world).block(1)
    Faults(world).crash(2)
    assert [None] * 3 == [world.host(number).snapshot() for number in range(3)]
