"""The weighing of evidence for one of a machine's addresses, on machines of every kind."""

from __future__ import annotations

import pytest

from gossipd.daemon.net.own_address import Evidence, OwnAddress
from tests.daemon.net.fake_machine import FakeMachine

BRIDGE = "172.17.0.1/16"


def address(machine: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> OwnAddress:
    """The address of a node on that machine, before anything was looked at."""
    machine.install(monkeypatch)
    return OwnAddress("0.0.0.0")


def test_only_a_wildcard_needs_it() -> None:
    """Any other host is the address already."""
    with pytest.raises(ValueError, match=r"10\.0\.0\.1 is no wildcard"):
        OwnAddress("10.0.0.1")


@pytest.mark.parametrize(
    ("machine", "seeds", "host", "evidence"),
    [
        (FakeMachine(docker0=BRIDGE, eth0="10.9.0.1/24"), ["10.9.0.2"], "10.9.0.1", "SEED"),
        (
            FakeMachine("10.0.2.15", eth0="10.0.2.15/24", eth1="192.168.56.11/24"),
            ["192.168.56.12"],
            "192.168.56.11",
            "SEED",
        ),
        (
            FakeMachine("10.9.0.1", docker0=BRIDGE, eth0="10.9.0.1/24"),
            ["198.51.100.7"],
            "10.9.0.1",
            "SEED",
        ),
        (FakeMachine(docker0=BRIDGE, eth0="10.9.0.1/24"), ["10.9.0.1"], "10.9.0.1", "SEED"),
        (
            FakeMachine(docker0=BRIDGE, eth0="10.9.0.1/24"),
            ["127.0.0.1", "fd00::1", "198.51.100.7", "10.9.0.2", "172.17.0.9"],
            "10.9.0.1",
            "SEED",
        ),
        (FakeMachine("10.9.0.1", docker0=BRIDGE, eth0="10.9.0.1/24"), [], "10.9.0.1", None),
        (FakeMachine(eth0="10.9.0.1/24"), [], "10.9.0.1", "ONLY"),
        (FakeMachine(eth0="10.9.0.1/24"), ["198.51.100.7"], "10.9.0.1", "ONLY"),
        (FakeMachine(docker0=BRIDGE, eth0="10.9.0.1/24"), [], "127.0.0.1", "NONE"),
        (
            FakeMachine(docker0=BRIDGE, eth0="10.9.0.1/24"),
            ["127.0.0.1", "198.51.100.7"],
            "127.0.0.1",
            "NONE",
        ),
        (FakeMachine(), ["10.9.0.1"], "127.0.0.1", "NONE"),
    ],
    ids=[
        "a seed where there is no default route",
        "a seed beside the default route",
        "a seed by the default route",
        "a seed that is this node",
        "the first seed with a route",
        "the default route",
        "the only address",
        "the only address without a route to the seed",
        "several and nothing decides",
        "several, and no seed decides",
        "no network",
    ],
)
def test_what_decides(
    machine: FakeMachine,
    seeds: list[str],
    host: str,
    evidence: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The route to a seed, then the default route, then that there is no other address."""
    own = address(machine, monkeypatch)
    assert own.seeds(seeds) is (host != "127.0.0.1")
    assert (host, evidence or "DEFAULT_ROUTE") == (own.host, own.evidence.name)


def test_a_beacon_weighs_more_than_the_default_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """And less than a seed; one in the node's own network confirms it."""
    machine = FakeMachine("10.0.2.15", eth0="10.0.2.15/24", eth1="192.168.56.11/24", eth2=BRIDGE)
    own = address(machine, monkeypatch)
    assert own.look()
    assert {"10.0.2.15", "192.168.56.11", "172.17.0.1"} == {*own.undecided()}
    assert own.beacon("192.168.56.12")
    assert ("192.168.56.11", Evidence.BEACON) == (own.host, own.evidence)
    assert not own.beacon("172.17.0.2")
    assert not own.look()
    assert {} == own.undecided()
    assert own.seeds(["172.17.0.2"])
    assert ("172.17.0.1", Evidence.SEED) == (own.host, own.evidence)


def test_a_beacon_of_this_machine_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another node here sends its beacons into all networks."""
    own = address(FakeMachine(docker0=BRIDGE, eth0="10.9.0.1/24"), monkeypatch)
    assert not own.beacon("172.17.0.1")
    assert not own.beacon("127.0.0.1")
    assert own.evidence is Evidence.NONE


def test_a_node_that_has_met_a_member_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is heard, as long as the machine has the address."""
    machine = FakeMachine("10.9.0.1", docker0=BRIDGE, eth0="10.9.0.1/24")
    own = address(machine, monkeypatch)
    own.look()
    own.met()
    machine.default = "172.17.0.1"
    assert not own.beacon("172.17.0.2")
    assert not own.seeds(["172.17.0.2"])
    assert not own.look()
    assert {} == own.undecided()
    assert "10.9.0.1" == own.host


# What changes while the node runs


@pytest.mark.parametrize(
    ("before", "after", "host"),
    [
        (
            FakeMachine("10.9.0.1", eth0="10.9.0.1/24"),
            FakeMachine("10.9.0.1", eth0="10.9.0.1/24"),
            None,
        ),
        (
            FakeMachine("10.9.0.1", eth0="10.9.0.1/24"),
            FakeMachine("10.9.0.2", eth0="10.9.0.2/24"),
            "10.9.0.2",
        ),
        (FakeMachine("10.9.0.1", eth0="10.9.0.1/24"), FakeMachine(eth0="10.9.0.2/24"), "10.9.0.2"),
        (FakeMachine("10.9.0.1", eth0="10.9.0.1/24"), FakeMachine(), None),
        (FakeMachine(), FakeMachine(eth0="10.9.0.1/24"), "10.9.0.1"),
        (FakeMachine(), FakeMachine(), None),
        (
            FakeMachine("10.9.0.1", eth0="10.9.0.1/24", eth1="10.8.0.1/24"),
            FakeMachine("10.8.0.1", eth0="10.9.0.1/24", eth1="10.8.0.1/24"),
            None,
        ),
        (
            FakeMachine("10.9.0.1", eth0="10.9.0.1/24", docker0=BRIDGE, eth1="10.8.0.1/24"),
            FakeMachine(docker0=BRIDGE, eth1="10.8.0.1/24"),
            None,
        ),
        (
            FakeMachine(docker0=BRIDGE),
            FakeMachine("10.9.0.1", docker0=BRIDGE, eth0="10.9.0.1/24"),
            "10.9.0.1",
        ),
    ],
    ids=[
        "nothing",
        "another address",
        "another one without a route",
        "a network that is gone may come back",
        "the first network",
        "no network yet",
        "another default route",
        "gone, and several are left among which nothing decides",
        "a bridge was up before the network",
    ],
)
def test_the_machine_is_looked_at_again(
    before: FakeMachine, after: FakeMachine, host: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address stays while the machine has it, or no other one is known to be right."""
    own = address(before, monkeypatch)
    own.look()
    first = own.host
    after.install(monkeypatch)
    assert own.look() is (host is not None)
    assert (host or first) == own.host
    assert not own.look()


def test_a_route_to_a_seed_that_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network card was slower than the node."""
    machine = FakeMachine(docker0=BRIDGE)
    own = address(machine, monkeypatch)
    own.seeds(["10.9.0.2"])
    assert "172.17.0.1" == own.host
    machine.interfaces["eth0"] = "10.9.0.1/24"
    assert own.look()
    assert ("10.9.0.1", Evidence.SEED) == (own.host, own.evidence)


def test_after_the_address_is_gone_evidence_counts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for a node that had met members."""
    machine = FakeMachine("10.9.0.1", eth0="10.9.0.1/24", eth1="10.8.0.1/24", eth2="10.7.0.1/24")
    own = address(machine, monkeypatch)
    own.look()
    own.met()
    del machine.interfaces["eth0"]
    machine.default = None
    assert not own.look()
    assert own.beacon("10.7.0.9")
    assert "10.7.0.1" == own.host
