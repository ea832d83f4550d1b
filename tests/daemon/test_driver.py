"""The driver: what a wake-up takes, what reaches the outside, and what is bounded."""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio
import trio.testing

from gossipd.daemon import driver as driver_module
from gossipd.daemon.driver import Driver, look_up
from gossipd.protocol import (
    Address,
    Broadcast,
    Effect,
    Event,
    MemberLeft,
    Node,
    Notify,
    Paused,
    Resolve,
    Transmit,
)
from tests.conformance.suite import PEER, Reaction
from tests.daemon.fakes import Clock, Endpoint, running


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
        site.service.register("n.test:1")
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


async def test_every_listener_hears_every_event(autojump_clock: Clock) -> None:
    """In the order in which the node reports them."""
    events: tuple[Event, ...] = (MemberLeft("a:1"), Paused(1.5))
    reactions = {"start": [Reaction(tuple(Notify(event) for event in events))]}
    heard: list[list[Event]] = [[], []]
    listeners = [each.append for each in heard]
    async with running(autojump_clock, reactions, listeners=listeners):
        assert [[*events], [*events]] == heard


class Gate:
    """Seals by turning datagrams round, and sends each in two forms."""

    def send(self, node: Any, send: Any, data: bytes, to: Address) -> None:
        send(data[::-1], to)
        send(data, to)

    def broadcast(self, data: bytes) -> list[bytes]:
        return [data[::-1]]

    def quoted(self, data: bytes) -> bytes:
        return data[::-1]

    def take(self, node: Any, data: bytes, source: Address, now: float) -> list[Effect]:
        effects: list[Effect] = node.handle_datagram(data[::-1], source, now)
        return effects

    def hear(self, node: Any, data: bytes, source: Address, now: float) -> list[Effect]:
        effects: list[Effect] = node.handle_datagram(b"heard " + data[::-1], source, now)
        return effects


class Answering:
    """A node that sends back what it is handed, and to everybody."""

    def handle_datagram(self, data: bytes, source: Address, now: float) -> list[Effect]:
        return [Transmit(data, source), Broadcast(data)]

    def next_timeout(self) -> None:
        return None


async def test_all_that_passes_goes_through_the_gate(autojump_clock: Clock) -> None:
    """What comes, what is heard, and each form of what leaves."""
    endpoint, everywhere = Endpoint(autojump_clock), list[bytes]()
    driver = Driver(
        cast(Node, Answering()),
        endpoint,
        lambda answer: None,
        broadcast=everywhere.append,
        gate=Gate(),
    )
    endpoint.arrive(b"abc")
    driver._cycle(trio.current_time())
    driver.hear([(b"xyz", PEER)])
    assert [b"abc", b"cba", b"xyz draeh", b"heard zyx"] == [data for data, _ in endpoint.sent]
    assert [b"abc", b"xyz draeh"] == everywhere


class Refused(Answering):
    """A node that notes what is said to be refused."""

    def __init__(self) -> None:
        self.refusals: list[tuple[bytes, Address]] = []

    def handle_refused(self, quoted: bytes, address: Address, now: float) -> list[Effect]:
        self.refusals.append((quoted, address))
        return []


async def test_the_refusal_of_a_sealed_form_stands_for_its_datagram(autojump_clock: Clock) -> None:
    """The node does not know the form."""
    for gate, handed in (Gate(), b"zyx"), (None, b"xyz"):
        node = Refused()
        driver = Driver(cast(Node, node), Endpoint(autojump_clock), lambda answer: None, gate=gate)
        driver._refused(b"xyz", PEER, trio.current_time())
        assert [(handed, PEER)] == node.refusals
