"""Clusters of other programs, behind one interface."""

from __future__ import annotations

from lab.bench.agent import Agent, Said, parse_serf
from lab.bench.systems import Agents, Verdict, rpc_address


def agents(*said: list[Said]) -> Agents:
    """A cluster whose agents said this."""
    made = [Agent(f"127.0.1.{place}", [], parse_serf) for place in range(len(said))]
    for agent, lines in zip(made, said, strict=True):
        agent.said += lines
    return Agents("serf", 7900, made)


def test_verdicts_are_numbered_by_node() -> None:
    """Deaths since that time, by whom and of whom."""
    dead = Said(5.0, "dead", "127.0.1.1")
    cluster = agents([Said(1.0, "dead", "127.0.1.1"), dead], [Said(5.0, "left", "127.0.1.0")])
    assert [Verdict(0, 1, 5.0)] == cluster.verdicts(2.0)


def test_a_cluster_is_complete_once_all_know_all() -> None:
    """A node need not name itself."""
    alive = [Said(1.0, "alive", f"127.0.1.{place}") for place in range(2)]
    assert agents(alive, [alive[0]]).complete()
    assert not agents(alive, [alive[1]]).complete()
    assert not agents([*alive, Said(2.0, "dead", "127.0.1.1")], alive).complete()


def test_the_command_line_of_serf_has_a_port_of_its_own() -> None:
    """The next one."""
    assert "127.0.1.1:7901" == rpc_address("127.0.1.1", 7900)
