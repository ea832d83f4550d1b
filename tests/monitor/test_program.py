"""The live view in a terminal, over a node of which everything is known."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.monitor.fake_node import FakeNode
from tests.pseudo_terminal import PseudoTerminal, pseudo_terminal

_COLOUR = re.compile(rb"\x1b\[[\d;]*(3[0-9]|4[0-7]|9[0-7])m")


@pytest.fixture
def node() -> Iterator[FakeNode]:
    made = FakeNode()
    with made.runs():
        yield made


def _command(node: FakeNode) -> list[str]:
    return [sys.executable, "-m", "gossipd", "monitor", "--url", node.url]


def _gave_back(terminal: PseudoTerminal) -> bool:
    """Whether the terminal is as it was: its screen, its cursor, and what is typed."""
    shown = terminal.raw.rfind(b"\x1b[?1049l") > terminal.raw.rfind(b"\x1b[?1049h") > -1
    cursor = terminal.raw.rfind(b"\x1b[?25h") > terminal.raw.rfind(b"\x1b[?25l") > -1
    return shown and cursor and terminal.before == terminal.modes()


def test_a_person_looks_and_leaves(node: FakeNode) -> None:
    """A death, and a counter that moves, are shown as they come; keys sort, filter and leave."""
    with pseudo_terminal(_command(node)) as terminal:
        terminal.until(lambda shown: "1 of 1 alive" in shown and "0 moved" in shown)
        assert terminal.before != terminal.modes()
        node.members(own="alive", **{"10.0.0.2:8088": "dead"})
        node.tell("/v1/events", event="member_dead", member="10.0.0.2:8088", accuser="a:1")
        node.tell("/v1/watch", known=True, name="page:home", value=5)
        terminal.until(lambda shown: "1 of 2 alive" in shown and "page:home" in shown)
        assert "10.0.0.2:8088 is dead: a:1 got no answer" in "\n".join(terminal.lines)
        assert terminal.lines[3].startswith(">MEMBERS  2 of 2")
        terminal.press("ff")
        terminal.until(lambda shown: "1 of 2, by state, only alive" in shown)
        terminal.press("s")
        terminal.until(lambda shown: "by id" in shown)
        terminal.press("/nothing")
        terminal.until(lambda shown: "show only: nothing_" in shown and "0 moved" in shown)
        terminal.resize(120, 30)
        terminal.until(lambda _: "show only" in terminal.lines[29])
        terminal.press("\x1b")
        terminal.until(lambda shown: "nothing" not in shown)
        terminal.press("q")
        assert 0 == terminal.ended()
        assert _gave_back(terminal)
        assert _COLOUR.search(terminal.raw)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_end_it_cleanly(node: FakeNode, number: signal.Signals, code: int) -> None:
    """With the exit code of a shell, and without a word. It has no colour if nobody wants any."""
    with pseudo_terminal(_command(node), NO_COLOR="1") as terminal:
        terminal.until(lambda shown: "1 of 1 alive" in shown)
        if number is signal.SIGINT:
            terminal.press("\x03")
        else:
            terminal.process.send_signal(number)
        assert code == terminal.ended()
        assert _gave_back(terminal)
        assert b"Traceback" not in terminal.raw
        assert not _COLOUR.search(terminal.raw)


def test_it_stops_and_goes_on(node: FakeNode) -> None:
    """With Ctrl-Z the shell has its terminal back, until the program goes on."""
    with pseudo_terminal(_command(node)) as terminal:
        terminal.until(lambda shown: "1 of 1 alive" in shown)
        terminal.press("\x1a")
        terminal.until(lambda _: _gave_back(terminal))
        node.members(own="alive", **{"10.0.0.2:8088": "alive"})
        terminal.process.send_signal(signal.SIGCONT)
        terminal.until(lambda shown: "2 of 2 alive" in shown)
        terminal.press("q")
        assert 0 == terminal.ended()
        assert _gave_back(terminal)


def test_a_lost_node_is_asked_again() -> None:
    """The view says so as long as it is lost, and shows what is new when it is back."""
    node = FakeNode()
    with ExitStack() as running:
        running.enter_context(node.runs())
        with pseudo_terminal(_command(node)) as terminal:
            terminal.until(lambda shown: "1 of 1 alive" in shown and "0 moved" in shown)
            running.close()
            shown = terminal.until(lambda shown: "LOST for" in shown)
            assert "1 of 1 alive" in shown
            node.tell("/v1/events", event="member_left", member="10.0.0.2:8088")
            node.tell("/v1/watch", known=True, name="default", value=8)
            running.enter_context(node.runs())
            terminal.until(lambda shown: "10.0.0.2:8088 left" in shown)
            terminal.until(lambda shown: "LOST" not in shown and "1 moved" in shown)
            terminal.press("q")
            assert 0 == terminal.ended()
