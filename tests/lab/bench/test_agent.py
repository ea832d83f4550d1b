"""What the lines of other programs tell."""

from __future__ import annotations

import sys

import pytest

from lab.bench.agent import Agent, parse_kinship, parse_serf
from lab.processes import eventually

SERF = {
    "    2026/11/24 09:23:15 [INFO] serf: EventMemberJoin: 127.0.1.3 127.0.1.3": (
        "alive",
        "127.0.1.3",
    ),
    "    2026/11/24 09:23:27 [INFO] serf: EventMemberFailed: 127.0.1.3 127.0.1.3": (
        "dead",
        "127.0.1.3",
    ),
    "    2026/11/24 09:23:27 [INFO] serf: EventMemberLeave: a b": ("left", "a"),
    "    2026/11/24 09:23:19 [INFO] agent: Received event: user-event: hello": ("event", "hello"),
    "    2026/11/24 09:23:16 [INFO] agent: Received event: member-join": None,
    "    2026/11/24 09:23:23 [INFO] memberlist: Suspect 127.0.1.3 has failed, no acks": None,
}


@pytest.mark.parametrize("line", SERF)
def test_lines_of_serf(line: str) -> None:
    """Joined, failed and left members and user events are read; other lines are not."""
    assert SERF[line] == parse_serf(line)


def test_lines_of_kinship() -> None:
    """A line has three words; lines that its library writes are passed over."""
    assert ("dead", "127.0.1.3") == parse_kinship("dead 127.0.1.3 1795512667.3\n")
    assert None is parse_kinship("a warning\n")


def test_an_agent_remembers_across_its_starts() -> None:
    """All lines are kept with their times; only those since its last start say who is alive."""
    script = "print('alive a 0'); print('alive b 0'); print('dead a 0')"
    agent = Agent("me", [sys.executable, "-c", script], parse_kinship)
    agent.start()
    try:
        eventually("it says all", lambda: len(agent.reports) == 3, 20)
        assert {"b"} == agent.alive()
        assert sorted(report.at for report in agent.reports) == [
            report.at for report in agent.reports
        ]
        agent.process.wait(20)
        agent.start()
        eventually("it says all again", lambda: len(agent.reports) == 6, 20)
        assert {"b"} == agent.alive()
    finally:
        agent.end()
