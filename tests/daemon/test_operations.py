"""What an operator may ask of a running daemon as a whole."""

from __future__ import annotations

from pathlib import Path

import attrs

from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.log import get_logger
from gossipd.daemon.operations import Operations, Reloaded
from tests.daemon.conftest import Lines

FILES = (Path("/tokens"),)
CONFIG = DaemonConfig(token_file=FILES[0])


def test_the_level_of_the_log_changes_and_the_rest_needs_a_restart(lines: Lines) -> None:
    """Both are named as options are; what is in force is compared with, not what was."""
    asked = DaemonConfig(token_file=FILES[0], log_level="error", ack="one")
    read: list[str] = []
    operations = Operations(CONFIG, lambda: read.append("files"), lambda: asked)
    found = operations.reload()
    assert Reloaded(FILES, ("log-level",), ("ack",)) == found
    assert ["files"] == read
    get_logger().info("kept back")
    assert not lines()
    assert Reloaded(FILES, (), ("ack",)) == operations.reload()
    get_logger().error("said")
    assert ["said"] == [line["event"] for line in lines()]


def test_what_can_change_is_changed_at_once(lines: Lines) -> None:
    """What changes the daemon is told what was in force and what is to be, without the rest."""
    told: list[tuple[DaemonConfig, DaemonConfig]] = []
    able = {"tags": "role=web", "join": ("a:1",), "max_counters": 5, "metrics_counters": 2}
    asked = DaemonConfig(**able, ack="one")
    operations = Operations(CONFIG, list, lambda: asked, lambda *both: told.append(both))
    changed = ("join", "tags", "max-counters", "metrics-counters")
    assert [changed, ()] == [operations.reload().changed for _ in range(2)]
    after = attrs.evolve(CONFIG, **able)
    assert [(CONFIG, after), (after, after)] == told


def test_wrong_settings_change_nothing(lines: Lines) -> None:
    """They are told, and the files are read all the same."""

    def wrong() -> DaemonConfig:
        raise ValueError("line 2 is wrong")

    read: list[str] = []
    found = Operations(CONFIG, lambda: read.append("files"), wrong).reload()
    assert (Reloaded(FILES, reason="line 2 is wrong"), ["files"]) == (found, read)
    assert ["line 2 is wrong"] == [line["reason"] for line in lines()]
