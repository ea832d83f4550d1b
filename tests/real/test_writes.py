"""Writes to three real nodes, from many clients at once and while one node is killed."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from lab.processes import Client, Cluster, Node, cluster, eventually

pytestmark = pytest.mark.real

SLOW = 0.2
PROBE_TIMEOUT = 0.5
SCHEDULING = 0.4


def together(calls: Sequence[Callable[[], object]]) -> None:
    """Runs the calls at the same time and raises what the first one raised."""
    problems: list[BaseException] = []

    def guarded(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def increments(node: Node, number: int) -> list[str]:
    """Increments so often on one connection, and returns how many nodes held each."""
    with node.client() as client:
        return [client.increment() for _ in range(number)]


def test_every_answer_is_held_by_all(three: Cluster) -> None:
    """While all nodes are well, each answer says 3/3 and every node shows it at once."""
    before = three[0].count()
    assert ["3/3"] * 200 == increments(three[0], 200)
    assert [before + 200] * 3 == [node.count() for node in three.nodes]


def test_concurrent_increments_sum_exactly(three: Cluster) -> None:
    """Six clients of three nodes lose nothing to each other."""
    before = three[0].count()
    together([partial(increments, node, 200) for node in three.nodes for _ in range(2)])
    three.agree(before + 1200)


def test_a_killed_node_delays_one_answer(folder: Path) -> None:
    """At most one answer waits, for a probe time-out; acks become 2/3, and 2/2 after the death."""
    with cluster(3, folder) as nodes, nodes[0].client() as client:
        assert "3/3" == client.increment()
        nodes[2].kill()
        answers = _until_two_of_two(client, nodes)
        assert 1 >= sum(seconds > SLOW for _, seconds in answers)
        assert max(seconds for _, seconds in answers) <= PROBE_TIMEOUT + SCHEDULING
        assert re.fullmatch("(2/3 )+2/2 ", "".join(f"{acks} " for acks, _ in answers))
        nodes.agree(1 + len(answers), nodes=nodes.others(nodes[2]))


def _until_two_of_two(client: Client, nodes: Cluster) -> list[tuple[str, float]]:
    """Returns acks and duration of each answer until the killed node is no longer counted."""
    answers: list[tuple[str, float]] = []

    def answered() -> bool:
        start = time.monotonic()
        acks = client.increment()
        answers.append((acks, time.monotonic() - start))
        return acks == "2/2"

    eventually("the dead node is not waited for", answered, 25)
    dead = nodes[0].events("member_dead", nodes[2].id)
    assert 1 == len(dead)
    return answers
