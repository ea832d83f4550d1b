"""Two real clusters of one name, one of whose addresses is given to the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.processes import Node, eventually
from tests.real.namespace import network_of_its_own

pytestmark = pytest.mark.real

_TRIED = 8.0
"""Seconds after which a dead member has been tried several times, and it was said what is there."""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Node]]:
    """Yields a function that starts a node on 127.0.0.X, in a network of the test's own."""
    nodes = []

    def started(number: int, *flags: str) -> Node:
        node = Node(f"127.0.0.{number}", 8088, tmp_path / str(len(nodes)), flags)
        (tmp_path / str(len(nodes))).mkdir()
        nodes.append(node)
        node.start()
        eventually(f"{node.id} answers", node.answers, 20)
        return node

    with network_of_its_own():
        yield started
        for node in nodes:
            node.end()


@pytest.mark.parametrize("joins_the_first", [True, False])
def test_an_address_that_is_given_to_another_cluster(
    make: Callable[..., Node], joins_the_first: bool
) -> None:
    """Whether the node that is killed had joined the other, or the other had joined it."""
    if joins_the_first:
        first = make(1)
        second = make(2, "--join", first.id)
    else:
        second = make(2)
        first = make(1, "--join", second.id)
    other = make(3)
    first.comes_to_list({second.id}, 5)
    for node, times in ((first, 5), (other, 7)):
        with node.client() as client:
            for _ in range(times):
                client.increment()
    second.kill()
    again = make(2, "--join", other.id)
    again.comes_to_show(7, 5)
    end = time.monotonic() + _TRIED

    def is_over() -> bool:
        counts = [node.count() for node in (first, again, other)]
        assert counts in ([5, 7, 7], [5, 0, 7]), counts
        return time.monotonic() >= end

    eventually("the dead member was tried for a while", is_over, _TRIED + 5)
    first.comes_to_list(set(), 5)
    again.comes_to_list({other.id}, 5)
    if joins_the_first:
        for node, source in ((first, again), (again, first)):
            lines = eventually(
                f"{node.id} says so", lambda node=node: node.events("other_cluster"), 10
            )
            assert 1 == len(lines)
            assert source.id == lines[0]["source"]
            assert lines[0]["ours"] != lines[0]["theirs"]
    else:
        # It is a seed of the first, which says so of seeds.
        eventually(
            "the seed has another cluster id",
            lambda: any("cluster id" in e["reason"] for e in first.events("seed_not_joined")),
            30,
        )
    shown = {node.ask("GET", "/healthz?verbose")[2] for node in (first, other)}
    assert all(b"cluster id" in page for page in shown)


def test_two_that_have_counted_become_one_on_purpose(make: Callable[..., Node]) -> None:
    """By /register, and both say so."""
    one, other = make(1), make(3)
    for node, times in ((one, 5), (other, 7)):
        with node.client() as client:
            for _ in range(times):
                client.increment()
    one.ask("POST", "/register", '{"id": "127.0.0.3:8088"}')
    for node in (one, other):
        node.comes_to_show(12, 10)
    for node, counts in ((one, (5, 7)), (other, (7, 5))):
        [line] = eventually(
            f"{node.id} says so", lambda node=node: node.events("clusters_merged"), 5
        )
        assert counts == (line["our_count"], line["their_count"])
