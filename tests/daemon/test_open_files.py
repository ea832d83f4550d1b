"""The limit of connections follows the limit of open files, and the log says so."""

from __future__ import annotations

import resource

import pytest
import trio
import trio.testing

from gossipd.daemon.http import Limits
from gossipd.daemon.open_files import (
    ENOUGH,
    RESERVE,
    FullLog,
    connection_limits,
    limits_of_this_process,
)
from tests.daemon.conftest import Lines


@pytest.mark.parametrize("open_files", [0, 20, RESERVE, 40, 64, 256, 1024, ENOUGH, 1_000_000])
def test_connections_and_refusals_leave_the_reserve(open_files: int) -> None:
    """Connections, and those that are being refused, never take what the node needs itself."""
    limits = connection_limits(open_files)
    assert limits.connections >= 1
    assert limits.refusals >= 1
    assert limits.connections + limits.refusals <= max(open_files - RESERVE, 2)
    # A tenth of the connections is left to requests that end.
    assert 0.8 * limits.connections - 1 <= limits.streams <= 0.9 * limits.connections


def test_doors_share() -> None:
    """Each of two has half of what one would have."""
    assert connection_limits(RESERVE + 500) == connection_limits(RESERVE + 1000, 2)


def test_enough_is_enough() -> None:
    """From that limit on nobody has fewer connections than before, and below it some have."""
    most = Limits().connections
    assert most == connection_limits(ENOUGH).connections
    assert most > connection_limits(1024).connections > 900


@pytest.mark.parametrize(
    ("open_files", "lines_written"),
    [(64, 1), (ENOUGH - 1, 1), (ENOUGH, 0), (resource.RLIM_INFINITY, 0)],
)
def test_a_low_limit_is_logged(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, open_files: int, lines_written: int
) -> None:
    """One line says how many connections a limit below 1,100 leaves."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (open_files, open_files))
    limits = limits_of_this_process()
    found = [
        (line["event"], line["open_files"], line["connections"], line["level"]) for line in lines()
    ]
    assert [("few_open_files", open_files, limits.connections, "warning")] * lines_written == found


async def test_one_line_a_minute(autojump_clock: trio.testing.MockClock, lines: Lines) -> None:
    """However many newcomers find no room, the log grows by a line a minute."""
    full = FullLog(Limits(connections=7))
    for _ in range(125):
        full("a newcomer was refused")
        await trio.sleep(1)
    assert [0, 59, 59] == [line["held_back"] for line in lines()]
    assert {("connections_full", 7)} == {(line["event"], line["connections"]) for line in lines()}
