"""Clusters of other programs behind the common interface."""

from __future__ import annotations

from lab.bench.agent import Agent, Report, parse_serf
from lab.bench.compared_clusters import AgentCluster, Verdict, rpc_address


def agents(*reports: list[Report]) -> AgentCluster:
    """Returns a cluster whose agents reported this."""
    made = [Agent(f"127.0.1.{place}", [], parse_serf) for place in range(len(reports))]
    for agent, lines in zip(made, reports, strict=True):
        agent.reports += lines
    return AgentCluster("serf", 7900, made)


def test_verdicts_are_numbered_by_node() -> None:
    """A verdict since that time names both nodes by number."""
    dead = Report(5.0, "dead", "127.0.1.1")
    cluster = agents([Report(1.0, "dead", "127.0.1.1"), dead], [Report(5.0, "left", "127.0.1.0")])
    assert [Verdict(0, 1, 5.0)] == cluster.verdicts(2.0)


def test_a_cluster_is_complete_once_all_know_all() -> None:
    """Every node must name all others as alive; it need not name itself."""
    alive = [Report(1.0, "alive", f"127.0.1.{place}") for place in range(2)]
    assert agents(alive, [alive[0]]).complete()
    assert not agents(alive, [alive[1]]).complete()
    assert not agents([*alive, Report(2.0, "dead", "127.0.1.1")], alive).complete()


def test_the_command_line_of_serf_has_a_port_of_its_own() -> None:
    """It is the one after the node's own."""
    assert "127.0.1.1:7901" == rpc_address("127.0.1.1", 7900)
