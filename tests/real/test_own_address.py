"""Real nodes on machines with several networks, bound to all of them: which address is theirs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lab.processes import Node, eventually
from tests.real.namespace import another_network, ip, network_of_its_own

pytestmark = pytest.mark.real

BRIDGE = "172.17.0.1/16"
"""The address of a container engine's bridge, the same on every machine."""


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Runs each test where no other program hears its broadcasts."""
    with network_of_its_own():
        yield


class Machine:
    """A machine with a network of its own, whose interfaces are added one by one.

    Attributes:
        node: the node that runs here, bound to all addresses; its id is the expected one.
    """

    def __init__(self, number: int, namespace: str, expected: str, folder: Path) -> None:
        self._number = number
        self._namespace = namespace
        enter = ("nsenter", f"--net={namespace}")
        self.node = Node(expected, 8088, folder / str(number), [], discovery=True, prefix=enter)
        self.node.bind = "0.0.0.0"
        (folder / str(number)).mkdir()

    def ip(self, *arguments: str) -> None:
        """Runs the command `ip` on this machine."""
        ip(*arguments, inside=self._namespace)

    def add_alone(self, name: str, address: str) -> None:
        """Adds an interface to which no other machine is connected, such as a bridge."""
        self.ip(f"link add {name} type bridge")
        self.ip(f"addr add {address} broadcast + dev {name}")
        self.ip(f"link set {name} up")

    def add(self, name: str, address: str) -> None:
        """Adds an interface on the network that the machines and the test itself share."""
        outside = f"m{self._number}"
        ip(f"link add {outside} type veth peer name {name} netns {self._namespace}")
        ip(f"link set {outside} master shared up")
        self.ip(f"addr add {address} broadcast + dev {name}")
        self.ip(f"link set {name} up")

    def start(self, *flags: str) -> Node:
        """Starts the node, and returns it at once."""
        self.node.flags += flags
        self.node.start()
        return self.node


@contextmanager
def machines(folder: Path, test: str, *expected: str) -> Iterator[list[Machine]]:
    """Offers machines without interfaces, for nodes with these addresses, and ends the nodes.

    `test` is the address of the test itself in the network that they share.
    """
    ip("link add shared type bridge")
    ip(f"addr add {test} dev shared")
    ip("link set shared up")
    with ExitStack() as stack:
        made = [
            Machine(number, stack.enter_context(another_network()), host, folder)
            for number, host in enumerate(expected)
        ]
        name = f"test-{secrets.token_hex(8)}"
        for machine in made:
            machine.node.flags += ["--cluster", name]
            stack.callback(machine.node.end)
        yield made


def meet(first: Node, second: Node) -> None:
    """Waits until both list each other, each under its expected id."""
    for node in first, second:
        eventually(f"{node.id} answers", node.answers, 20)
    first.comes_to_list({second.id}, 10)
    second.comes_to_list({first.id}, 10)
    for node in first, second:
        assert node.id == node.get("/health")["node_id"]
        assert [] == node.events("id_conflict")


@pytest.mark.parametrize("discovery", [False, True])
def test_the_route_to_a_seed(folder: Path, discovery: bool) -> None:
    """A bridge comes first and there is no default route: the seed tells which network it is."""
    with machines(folder, "10.9.0.254/24", "10.9.0.1", "10.9.0.2") as (first, second):
        for machine in first, second:
            machine.add_alone("docker0", BRIDGE)
            machine.add("eth0", f"{machine.node.host}/24")
            machine.node.discovery = discovery
        # All nodes are given the same list, with themselves in it.
        seeds = ("--join", "10.9.0.2:8088,10.9.0.1:8088")
        meet(first.start(*seeds), second.start(*seeds))


def test_the_network_in_which_a_beacon_comes(folder: Path) -> None:
    """Without seeds and default route, two nodes that start together find each other."""
    with machines(folder, "10.9.0.254/24", "10.9.0.1", "10.9.0.2") as (first, second):
        for machine in first, second:
            machine.add_alone("docker0", BRIDGE)
            machine.add("eth0", f"{machine.node.host}/24")
        meet(first.start(), second.start())
        # And a node of a cluster answers one that starts later.
        second.node.kill()
        second.start()
        first.node.comes_to_log("member_joined", second.node.id, 10)
        meet(first.node, second.node)


def test_the_default_route_leads_elsewhere(folder: Path) -> None:
    """As in virtual machines, whose first card has one address on all. The first moves."""
    with machines(folder, "192.168.56.254/24", "192.168.56.11", "192.168.56.12") as (first, second):
        for machine in first, second:
            machine.add_alone("eth0", "10.0.2.15/24")
            machine.ip("route add default via 10.0.2.2")
            machine.add("eth1", f"{machine.node.host}/24")
        eventually("the first answers", first.start().answers, 20)
        assert "10.0.2.15:8088" == first.node.get("/health")["node_id"]
        meet(first.node, second.start())
        [line] = first.node.events("id_changed")
        assert (first.node.id, "10.0.2.15:8088") == (line["node_id"], line["previous"])
        assert [] == second.node.events("id_changed")


@pytest.mark.parametrize("discovery", [False, True])
def test_the_default_route_decides_without_others(folder: Path, discovery: bool) -> None:
    """A machine with a bridge and a network card, whose node is alone."""
    with machines(folder, "10.9.0.254/24", "10.9.0.1") as [machine]:
        machine.add_alone("docker0", BRIDGE)
        machine.add("eth0", "10.9.0.1/24")
        machine.ip("route add default via 10.9.0.254")
        machine.node.discovery = discovery
        node = machine.start()
        eventually("it answers", node.answers, 20)
        assert node.id == node.get("/health")["node_id"]


@pytest.mark.parametrize("discovery", [False, True])
def test_nothing_tells(folder: Path, discovery: bool) -> None:
    """The node does not start, and its one line names the addresses and the option."""
    with machines(folder, "10.9.0.254/24", "10.9.0.1") as [machine]:
        machine.add_alone("docker0", BRIDGE)
        machine.add("eth0", "10.9.0.1/24")
        machine.node.discovery = discovery
        assert 1 == machine.start().process.wait(20)
        [line] = machine.node.lines()
        assert line["event"] == (
            "this machine has several addresses, and nothing tells by which of them other nodes"
            " reach it: 172.17.0.1 (docker0), 10.9.0.1 (eth0); choose one with --advertise"
        )


def test_a_single_address_is_used(folder: Path) -> None:
    """Whatever there is no route to."""
    with machines(folder, "10.9.0.254/24", "10.9.0.1") as [machine]:
        machine.add("eth0", "10.9.0.1/24")
        node = machine.start("--join", "198.51.100.1")
        eventually("it answers", node.answers, 20)
        assert node.id == node.get("/health")["node_id"]
