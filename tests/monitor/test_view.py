"""Keys, and what they change."""

from __future__ import annotations

import pytest

from gossipd.monitor.view import COUNTER_ORDERS, MEMBER_ORDERS, STATES, View, keys


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("qs", ["q", "s"]),
        ("\x1b[A\x1b[B\x1bOA", ["up", "down", "up"]),
        ("\x1b[5~j\x1b[6~", ["page up", "j", "page down"]),
        ("\x1b", ["escape"]),
        ("\x1b[Dq\x1b[1;5Cr\x1bx", ["q", "r"]),
        ("\t\r\n\x7fä", ["tab", "enter", "enter", "backspace", "ä"]),
        ("", []),
    ],
)
def test_keys_of_a_terminal(typed: str, found: list[str]) -> None:
    """Sequences of several characters are one key, and those that mean nothing are left out."""
    assert found == keys(typed)


@pytest.mark.parametrize(
    ("key", "attribute", "words"),
    [
        ("s", "member_order", MEMBER_ORDERS),
        ("c", "counter_order", COUNTER_ORDERS),
        ("f", "state", STATES),
        ("tab", "focus", ("members", "counters", "events")),
        ("r", "backwards", (False, True)),
    ],
)
def test_keys_that_go_round(key: str, attribute: str, words: tuple[object, ...]) -> None:
    """Each press takes the next, and after the last comes the first."""
    view = View()
    seen = []
    for _ in words:
        seen.append(getattr(view, attribute))
        view.press(key)
    assert [*words, words[0]] == [*seen, getattr(view, attribute)]


def test_text_is_typed() -> None:
    """Keys mean nothing else meanwhile. Enter keeps the text, escape clears it."""
    view = View()
    for key in ["/", "q", "x", "backspace", "s", "tab", "up", "enter"]:
        view.press(key)
    assert ("qs", False, False) == (view.text, view.typing, view.ended)
    view.press("f")
    view.press("escape")
    assert ("", "all") == (view.text, view.state)
    for key in ["/", "a", "escape", "q"]:
        view.press(key)
    assert ("", True) == (view.text, view.ended)


def test_the_list_in_focus_is_scrolled() -> None:
    """Not before its first row, nor further than until its last row is shown."""
    view = View()
    for key in ["up", "down", "j", "tab", "page down"]:
        view.press(key)
    assert {"members": 2, "counters": 10, "events": 0} == view.offsets
    view.press("end")
    view.clamp({"members": 1, "counters": 4, "events": 0})
    assert {"members": 1, "counters": 4, "events": 0} == view.offsets
    view.press("home")
    assert 0 == view.offsets["counters"]
