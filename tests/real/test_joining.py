"""Real nodes that cannot join, and what each side says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.processes import Node, eventually
from tests.real.namespace import network_of_its_own

pytestmark = pytest.mark.real

SILENT = "127.0.0.250:8088"
NAMELESS = "nowhere.invalid."


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Runs the test where no name is looked up elsewhere."""
    with network_of_its_own():
        yield


def test_each_seed_says_why_it_is_no_member(tmp_path: Path) -> None:
    """A silent one, a name without an address, and a node of another cluster, which says so too."""
    other = Node("127.0.0.2", 8088, tmp_path, ["--cluster", "b"])
    seeds = ["--join", SILENT, "--join", NAMELESS, "--join", other.id]
    node = Node("127.0.0.1", 8088, tmp_path, ["--cluster", "a", *seeds])
    try:
        for each in (other, node):
            each.start()
            eventually(f"{each.id} answers", each.answers, 20)
        eventually("each seed has a line", lambda: 3 == len(node.events("seed_not_joined")), 15)
        foreign = f"{other.id} has cluster 'b', this node has cluster 'a'"
        expected = {
            SILENT: f"no answer from {SILENT}",
            "nowhere.invalid:8088": "the name has no address",
            other.id: foreign,
        }
        said = {line["seed"]: line["reason"] for line in node.events("seed_not_joined")}
        assert expected == said
        [line] = other.events("foreign_datagram")
        assert (node.id, "cluster 'b'", "cluster 'a'") == (
            line["source"],
            line["ours"],
            line["theirs"],
        )
        assert 1 == node.metric("gossipd_seeds", state="foreign")
        _, _, page = node.ask("GET", "/healthz?verbose")
        assert f"{other.id}: {foreign}\n" in page.decode()
    finally:
        node.end()
        other.end()


def test_an_address_that_never_answered_is_no_member(tmp_path: Path) -> None:
    """It is listed nowhere, `all` is met without it, and each side says once what to check."""
    first = Node("127.0.0.1", 8088, tmp_path, [])
    second = Node("127.0.0.2", 8088, tmp_path, ["--join", first.id])
    options = ["--advertise", SILENT, "--join", first.id]
    wrong = Node("127.0.0.3", 8088, tmp_path, options)
    try:
        for each in (first, second, wrong):
            each.start()
            eventually(f"{each.id} answers", each.answers, 20)
        eventually("it is told", lambda: wrong.events("seed_not_joined"), 10)
        eventually("and so is the other", lambda: first.events("address_silent"), 10)
        [told], [seen] = wrong.events("seed_not_joined"), first.events("address_silent")
        check = "check --advertise, NAT and firewalls"
        assert told["reason"] == (
            f"{first.id} hears this node from {wrong.id}, but gets no answer from {SILENT},"
            f" which this node advertises: {check}"
        )
        assert seen["reason"] == (
            f"it reaches this node from {wrong.id}, but does not answer at {SILENT},"
            f" which it advertises: {check}"
        )
        assert (SILENT, wrong.id) == (seen["member"], seen["source"])
        assert ({second.id}, {first.id}) == (first.peers(), second.peers())
        assert [] == [line for each in (first, second) for line in each.events("member_suspect")]
        status, headers, _ = first.ask("POST", "/increment?ack=all", "{}")
        assert (200, "2/2") == (status, headers["gossipd-acks"])
        assert 1 == wrong.metric("gossipd_seeds", state="refused")
        _, _, page = wrong.ask("GET", "/healthz?verbose")
        assert f"{first.id}: {told['reason']}\n" in page.decode()
    finally:
        for each in (first, second, wrong):
            each.end()


def test_a_host_with_several_addresses_is_a_member(tmp_path: Path) -> None:
    """Its datagrams come from another address than the one that it advertises, which answers."""
    first = Node("127.0.0.1", 8088, tmp_path, [])
    other = Node("127.0.0.5", 8090, tmp_path, ["--advertise", "127.0.0.5:8090", "--join", first.id])
    other.bind = "0.0.0.0"
    try:
        for each in (first, other):
            each.start()
            eventually(f"{each.id} answers", each.answers, 20)
        first.comes_to_list({other.id}, 10)
        other.comes_to_list({first.id}, 10)
        assert [] == first.events("address_silent") + other.events("seed_not_joined")
    finally:
        for each in (first, other):
            each.end()
