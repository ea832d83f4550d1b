"""Log lines as people and machines read them, and what a lost stderr does: nothing."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from gossipd.daemon import log
from gossipd.daemon.log import LineWriter, RateLimit, configure, fitted, get_logger


@pytest.fixture(autouse=True)
def _structlog_defaults() -> Iterator[None]:
    yield
    structlog.reset_defaults()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """True."""
        return True


def test_json_lines() -> None:
    """One object a line: event first, then the fields, then level and time in UTC."""
    stream = io.StringIO()
    configure("json", "info", stream)
    structlog.get_logger().info("member_dead", member="127.0.1.4:8088", count=3)
    line = stream.getvalue()
    assert line.startswith(
        '{"event":"member_dead","member":"127.0.1.4:8088","count":3,"level":"info"'
    )
    fields = json.loads(line)
    assert ["event", "member", "count", "level", "timestamp"] == list(fields)
    assert UTC == datetime.fromisoformat(fields["timestamp"]).tzinfo
    assert 1 == line.count("\n")


def test_json_survives_any_value() -> None:
    """Bytes, objects and control characters become text; a line stays one line."""
    stream = io.StringIO()
    configure("json", "info", stream)
    structlog.get_logger().info("odd", data=b"\xff", text="a\nb\x1b[2J", other=object())
    assert 1 == stream.getvalue().count("\n")
    assert "a\nb\x1b[2J" == json.loads(stream.getvalue())["text"]
    assert "\x1b" not in stream.getvalue()


def test_json_exception() -> None:
    """A traceback is a field of its line."""
    stream = io.StringIO()
    configure("json", "info", stream)
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        structlog.get_logger().exception("crash")
    fields = json.loads(stream.getvalue())
    assert "error" == fields["level"]
    assert fields["exception"].endswith("RuntimeError: broken")


def test_level_filter() -> None:
    """Less important lines than the level are left out."""
    stream = io.StringIO()
    configure("json", "warning", stream)
    log = structlog.get_logger()
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    assert ["c", "d"] == [json.loads(line)["event"] for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("stream", "no_color", "coloured"),
    [(io.StringIO(), "", False), (Terminal(), "", True), (Terminal(), "1", False)],
)
def test_colours_only_on_a_terminal(
    stream: io.StringIO, no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or pipe gets plain text, and so does a terminal whose user wants that."""
    monkeypatch.setenv("NO_COLOR", no_color)
    configure("console", "info", stream)
    structlog.get_logger().info("member_joined", member="127.0.0.1:8089")
    assert coloured is ("\x1b[" in stream.getvalue())
    assert "member_joined" in stream.getvalue()
    assert "127.0.0.1:8089" in stream.getvalue()


_LINE = "2026-01-01T00:00:00Z [info     ] started        node_id=a:1 reason='one two three'"
_SHORT = _LINE.replace("started        ", "started ")


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (0, [_LINE]),
        (len(_LINE), [_LINE]),
        (80, [_SHORT]),
        (70, [_SHORT[:68], "    three'"]),
        (60, [_SHORT[:52], "    reason='one two three'"]),
        (41, [_SHORT[:40], "    node_id=a:1 reason='one two three'"]),
    ],
)
def test_a_line_that_is_too_wide_is_broken_between_words(columns: int, lines: list[str]) -> None:
    """What follows is indented, and a word that is too long is left whole."""
    assert lines == fitted(_LINE, columns).splitlines()


@pytest.mark.parametrize("columns", [0, 45, 60, 78, 100])
def test_colours_have_no_width(columns: int) -> None:
    """A line in colours is broken where it is without them."""
    coloured = _LINE.replace("started        ", "\x1b[1mstarted        \x1b[0m")
    coloured = coloured.replace("a:1", "\x1b[35ma:1\x1b[0m")
    bare = re.sub(r"\x1b\[\d*m", "", fitted(coloured, columns))
    assert fitted(_LINE, columns).split("\n") == [each.rstrip() for each in bare.split("\n")]


def test_a_traceback_is_left_as_it_is() -> None:
    """Only the line above it is broken."""
    assert "aa bb\n    cc\n  File x y z" == fitted("aa bb cc\n  File x y z", 6)
    assert "a\n    bbbbbbbbb\n    c" == fitted("a bbbbbbbbb c", 6)


@pytest.mark.parametrize(("stream", "lines"), [(Terminal, 3), (io.StringIO, 1)])
def test_only_on_a_terminal_the_width_matters(
    stream: type[io.StringIO], lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere a line is a line, and JSON is one always."""
    monkeypatch.setattr(log, "_columns", lambda _: 60)
    for form, expected in (("console", lines), ("json", 1)):
        written = stream()
        configure(form, "info", written)
        get_logger().info("started", **dict.fromkeys("abcd", "x" * 20))
        assert expected == len(written.getvalue().splitlines())


def test_console_escapes_control_characters() -> None:
    """A value from a packet cannot write to the terminal what it likes."""
    stream = io.StringIO()
    configure("console", "info", stream)
    structlog.get_logger().info("odd", text="\x1b[2Jboo\nfake line")
    assert "\x1b" not in stream.getvalue()
    assert 1 == stream.getvalue().count("\n")


def test_lost_stream_does_not_raise() -> None:
    """A pipe whose reader went away, and a closed stream, take lines silently."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        lines = LineWriter(stream)
        lines.msg("one")
        lines.msg("two")
    lines.msg("three")
    LineWriter(None).msg("four")


def test_lost_stderr_does_not_change_the_exit_code() -> None:
    """A daemon whose log reader died ends as it would have."""
    code = (
        "import structlog; from gossipd.daemon.log import configure; configure('console', 'info')\n"
        "for _ in range(100): structlog.get_logger().info('line')\n"
        "print('done')"
    )
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=writer, check=False, text=True
    )
    os.close(writer)
    assert (0, "done\n") == (result.returncode, result.stdout)


def test_rate_limit() -> None:
    """One line per key and interval, with the number of those held back."""
    now = 10.0
    limit = RateLimit(1.0, lambda: now)
    assert [0, None, None] == [limit.admit("a") for _ in range(3)]
    assert 0 == limit.admit("b")
    now = 10.9
    assert limit.admit("a") is None
    now = 11.0
    assert 3 == limit.admit("a")
    now = 12.0
    assert 0 == limit.admit("a")


def test_rate_limit_is_bounded() -> None:
    """Keys beyond the maximum share one line an interval."""
    limit = RateLimit(1.0, lambda: 0.0, max_keys=2)
    assert [0, 0, 0, None, None] == [limit.admit(key) for key in "abcde"]
    assert limit.admit("a") is None
