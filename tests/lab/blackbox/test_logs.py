"""Log lines that must not be are found, each once."""

from __future__ import annotations

import json
from pathlib import Path

from lab.blackbox.logs import Line, Logs, deaths, severe


def line(**fields: str) -> Line:
    """A line of a node's log."""
    return Line("a.log", json.dumps(fields))


DEAD = line(event="member_dead", level="warning", member="10.77.0.2:8088")


def test_lines_are_read_once_and_whole(tmp_path: Path) -> None:
    """Of all files, also of those that come later."""
    logs, first = Logs(tmp_path), tmp_path / "a.log"
    first.write_text("one\ntw")
    assert [Line("a.log", "one")] == logs.new()
    first.write_text("one\ntwo\n")
    (tmp_path / "b.log").write_text("three\n")
    assert [Line("a.log", "two"), Line("b.log", "three")] == logs.new()
    assert [] == logs.new()


def test_errors_are_found() -> None:
    """Warnings are none."""
    lines = [DEAD, line(event="store_failed", level="error"), line(event="x", level="critical")]
    found = severe(lines, takes_directories=True)
    assert ["an error in a log"] * 2 == [finding.kind for finding in found]
    assert "store_failed" in found[0].seen


def test_a_directory_that_was_set_back_explains_one_error() -> None:
    """The node is to say that it was; otherwise nothing explains it."""
    retired = [line(event="owner_retired", level="error")]
    assert [] == severe(retired, takes_directories=True)
    assert 1 == len(severe(retired, takes_directories=False))


def test_what_is_no_json_is_found() -> None:
    """A traceback, or what a library prints."""
    found = severe([Line("a.log", "Traceback (most recent call last):")], takes_directories=False)
    assert ["a line that is no JSON"] == [finding.kind for finding in found]


def test_a_death_of_a_live_node_is_found() -> None:
    """That of one that has gone is right."""
    [found] = deaths([DEAD, line(event="member_left", member="10.77.0.2:8088")], ["10.77.0.2:8088"])
    assert "a live node is declared dead" == found.kind
    assert [] == deaths([DEAD], ["10.77.0.1:8088"])
