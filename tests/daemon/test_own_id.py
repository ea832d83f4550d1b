"""The search for the node's id before the start, and what changes the id while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
import trio
import trio.testing

from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.errors import StartError
from gossipd.daemon.net import Segments, UdpSocket
from gossipd.daemon.own_id import OwnId
from gossipd.protocol import Address, MemberJoined, MemberLeft, Scout
from tests.daemon.conftest import Lines
from tests.daemon.net.fake_machine import FakeMachine

BRIDGE = "172.17.0.1/16"
Clock = trio.testing.MockClock
Heard = tuple[bytes, Address]


def foreign_beacon() -> bytes:
    """A beacon of another process of the cluster."""
    return Scout("gossipd", 1 << 32 - 1, 1).beacon("10.0.0.99:8088")


class Networks:
    """Stands for the segments and the endpoint: what is sent, and what is heard when.

    Attributes:
        sent: the hosts for which beacons were made, with the time of each.
        answer: what arrives at the endpoint after so many beacons.
        beacon: what is heard by broadcast at some time.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[float, str]] = []
        self.answer: tuple[int, Heard] | None = None
        self.beacon: tuple[float, Heard] | None = None

    async def run(self, hear: Callable[[Sequence[Heard]], None]) -> None:
        """Listens to broadcasts."""
        if self.beacon is not None:
            await trio.sleep(self.beacon[0])
            hear([(b"noise", ("10.9.0.7", 7000)), self.beacon[1]])
        await trio.sleep_forever()

    def broadcast_each(self, make: Callable[[str], list[bytes]]) -> None:
        """Notes the beacons."""
        for host in ("172.17.0.1", "10.9.0.1"):
            [beacon] = make(host)
            assert host.encode() in beacon
            self.sent.append((trio.current_time(), host))

    async def wait_readable(self) -> None:
        """Waits for the answer."""
        while self.answer is None or len(self.sent) < self.answer[0]:
            await trio.sleep(0.01)

    def receive(self, limit: int) -> list[Heard]:
        """Returns the answer."""
        assert self.answer is not None
        answer, self.answer = self.answer[1], None
        return [answer]


class Resolver:
    """Knows some names, and takes its time.

    Attributes:
        known: the addresses by name.
        asked: the names that were looked up.
    """

    def __init__(self, **known: str) -> None:
        self.known = known
        self.asked: list[str] = []
        self.seconds = 0.0

    async def __call__(self, host: str, port: int) -> list[Address]:
        """Looks up a name."""
        self.asked.append(host)
        await trio.sleep(self.seconds)
        return [(self.known[host], port)] if host in self.known else []


def own_id(resolver: Resolver | None = None, **options: Any) -> OwnId:
    """The id of a node that is bound to all addresses, unless the options say otherwise."""
    config = DaemonConfig(**{"bind": ("0.0.0.0", 8088), **options})
    return OwnId(config, config.bind[0], config.advertise, 0, resolver or Resolver())


async def found(own: OwnId, networks: Networks | None = None, *, discovery: bool = True) -> str:
    """The id under which the node starts."""
    stand_in = networks or Networks()
    segments = cast(Segments, stand_in) if discovery else None
    return (await own.find(cast(UdpSocket, stand_in), segments)).node_id


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    """A machine with a bridge before its network, and no default route."""
    return FakeMachine(docker0=BRIDGE, eth0="10.9.0.1/24").install(monkeypatch)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"bind": ("10.9.0.1", 8090)}, "10.9.0.1:8090"),
        ({"bind": ("::1", 8090)}, "[::1]:8090"),
        ({"advertise": "198.51.100.1:9"}, "198.51.100.1:9"),
    ],
)
async def test_what_is_configured(
    options: dict[str, Any], expected: str, two: FakeMachine, autojump_clock: Clock
) -> None:
    """Nothing is looked for, at the start or later."""
    networks, moves = Networks(), list[str]()
    own = own_id(join=("node2:8088",), **options)
    assert expected == await found(own, networks)
    assert [] == networks.sent
    own.follow(moves.append)
    own.hear([(foreign_beacon(), ("10.9.0.2", 7000))])
    own.notice(MemberJoined("10.9.0.2:8088", 1, None))
    await own.look_up("node2", 8088)
    await own.run()
    assert [] == moves


async def test_the_route_to_a_seed(two: FakeMachine, autojump_clock: Clock) -> None:
    """An address that is to be joined needs no look-up and no beacon."""
    networks, resolver = Networks(), Resolver()
    own = own_id(resolver, join=("node2:8088", "10.9.0.2:8088"))
    assert "10.9.0.1:8088" == await found(own, networks)
    assert ([], []) == (networks.sent, resolver.asked)


async def test_a_seed_that_is_a_name(two: FakeMachine, autojump_clock: Clock) -> None:
    """All names are looked up at once; no beacon is sent if one of them decides."""
    networks = Networks()
    resolver = Resolver(node3="10.9.0.3")
    resolver.seconds = 1.5
    own = own_id(resolver, join=("node2:8088", "node3:8088"))
    assert "10.9.0.1:8088" == await found(own, networks)
    assert ([], {"node2", "node3"}) == (networks.sent, {*resolver.asked})


async def test_an_answer_to_a_beacon(two: FakeMachine, autojump_clock: Clock) -> None:
    """Each network is asked under this machine's address there; the first answer ends that."""
    networks, begin = Networks(), trio.current_time()
    networks.answer = (4, (foreign_beacon(), ("10.9.0.2", 8088)))
    assert "10.9.0.1:8088" == await found(own_id(), networks)
    assert ["172.17.0.1", "10.9.0.1"] * 2 == [host for _, host in networks.sent]
    assert trio.current_time() - begin < 0.2


async def test_another_nodes_beacon(two: FakeMachine, autojump_clock: Clock) -> None:
    """It tells as much as an answer."""
    networks = Networks()
    networks.beacon = (2.0, (foreign_beacon(), ("10.9.0.2", 7000)))
    assert "10.9.0.1:8088" == await found(own_id(), networks)


async def test_nothing_tells(two: FakeMachine, autojump_clock: Clock, lines: Lines) -> None:
    """After three seconds the node gives up, with one line."""
    networks, begin = Networks(), trio.current_time()
    networks.beacon = (1.0, (foreign_beacon(), ("172.17.0.1", 7000)))
    with pytest.raises(StartError) as caught:
        await found(own_id(Resolver(), join=("node2:8088",)), networks)
    assert str(caught.value) == (
        "this machine has several addresses, and nothing tells by which of them other nodes"
        " reach it: 172.17.0.1 (docker0), 10.9.0.1 (eth0); choose one with --advertise"
    )
    assert 3.0 == pytest.approx(trio.current_time() - begin)
    assert 12 == len(networks.sent)
    assert [] == lines()


async def test_nothing_tells_without_discovery(two: FakeMachine, autojump_clock: Clock) -> None:
    """The node gives up at once, or as soon as its names are looked up."""
    begin, slow = trio.current_time(), Resolver()
    slow.seconds = 60.0
    for seconds, own in (0.0, own_id()), (2.0, own_id(slow, join=("node2:8088",))):
        with pytest.raises(StartError, match="choose one with --advertise"):
            await found(own, discovery=False)
        assert seconds == pytest.approx(trio.current_time() - begin)


async def test_the_default_route_after_a_short_search(
    two: FakeMachine, autojump_clock: Clock
) -> None:
    """Half a second for a beacon, which would be better; nothing is logged."""
    two.default = "172.17.0.1"
    networks, begin = Networks(), trio.current_time()
    assert "172.17.0.1:8088" == await found(own_id(), networks)
    assert 0.5 == pytest.approx(trio.current_time() - begin)
    assert len(networks.sent) >= 6
    networks.answer = (1, (foreign_beacon(), ("10.9.0.2", 8088)))
    assert "10.9.0.1:8088" == await found(own_id(), networks)


@pytest.mark.parametrize("default", [None, "10.9.0.1"])
async def test_a_single_address_needs_no_search(
    two: FakeMachine, autojump_clock: Clock, default: str | None
) -> None:
    """As in a container: the node starts at once."""
    del two.interfaces["docker0"]
    two.default = default
    networks, resolver = Networks(), Resolver()
    begin = trio.current_time()
    assert "10.9.0.1:8088" == await found(own_id(resolver, join=("node2:8088",)), networks)
    assert ([], []) == (networks.sent, resolver.asked)
    assert begin == trio.current_time()


async def test_no_network(two: FakeMachine, autojump_clock: Clock, lines: Lines) -> None:
    """The node is reached on this machine only, which is a warning."""
    two.interfaces.clear()
    assert "127.0.0.1:8088" == await found(own_id())
    [line] = lines()
    assert ("advertised_address", "warning") == (line["event"], line["level"])
    text = "no network interface: advertising 127.0.0.1, which no other machine reaches"
    assert text == line["reason"]


# While the node runs


async def test_interfaces_are_read_every_two_seconds(
    two: FakeMachine, autojump_clock: Clock
) -> None:
    """A change is a move to that address and the same port, once."""
    two.interfaces = {"eth0": "10.9.0.1/24"}
    own, moves, begin = own_id(), list[tuple[float, str]](), trio.current_time()
    await found(own)
    own.follow(lambda node_id: moves.append((trio.current_time() - begin, node_id)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(own.run)
        await trio.sleep(3.0)
        two.interfaces = {"eth0": "10.9.0.5/24"}
        await trio.sleep(6.0)
        nursery.cancel_scope.cancel()
    assert [(pytest.approx(4.0), "10.9.0.5:8088")] == moves


async def test_a_name_that_resolves_later(two: FakeMachine, autojump_clock: Clock) -> None:
    """The node moves before it gets the addresses, so that it contacts them under the right id.

    A name that is only registered or removed is none to join.
    """
    two.default = "172.17.0.1"
    resolver, moves = Resolver(), list[str]()
    own = own_id(resolver, join=("node2:8088",))
    assert "172.17.0.1:8088" == await found(own)
    own.follow(moves.append)
    assert [] == await own.look_up("node2", 8088)
    resolver.known |= {"node2": "10.9.0.2", "node3": "10.9.0.3"}
    assert [("10.9.0.3", 8088)] == await own.look_up("node3", 8088)
    assert [] == moves
    assert [("10.9.0.2", 8088)] == await own.look_up("node2", 8088)
    assert ["10.9.0.1:8088"] == moves


async def test_a_beacon_that_is_heard_later(two: FakeMachine, autojump_clock: Clock) -> None:
    """The node moves before it gets the beacon; nobody's or the own machine's tell nothing."""
    two.default = "172.17.0.1"
    own, order = own_id(), list[str]()
    await found(own)
    own.follow(order.append)
    hear = own.before(lambda datagrams: order.append(f"{len(datagrams)} heard"))
    hear([(b"noise", ("10.9.0.2", 7000)), (foreign_beacon(), ("172.17.0.1", 7000))])
    hear([(b"noise", ("10.9.0.2", 7000)), (foreign_beacon(), ("10.9.0.2", 7000))])
    hear([(foreign_beacon(), ("172.17.0.2", 7000))])
    assert ["2 heard", "10.9.0.1:8088", "2 heard", "1 heard"] == order


async def test_a_node_that_has_met_a_member_stays(two: FakeMachine, autojump_clock: Clock) -> None:
    """Whatever comes then; other events are none of it."""
    two.default = "172.17.0.1"
    for event, expected in (
        (MemberJoined("172.17.0.2:8088", 1, None), list[str]()),
        (MemberLeft("172.17.0.2:8088"), ["10.9.0.1:8088"]),
    ):
        own, moves = own_id(), list[str]()
        await found(own)
        own.follow(moves.append)
        own.notice(event)
        own.hear([(foreign_beacon(), ("10.9.0.2", 7000))])
        assert expected == moves
