"""The lists of members, counters and events."""

from __future__ import annotations

from typing import Any

import pytest

from gossipd.monitor.known import Known
from gossipd.monitor.lists import age, counters, events, in_words, members, natural
from gossipd.monitor.news import Counted, Happened, Listed, Looked
from gossipd.monitor.view import View
from tests.monitor.fake_node import ROW, STATUS

_WALL = 1767225660.0
_ACCUSED = {"accuser": "10.0.0.1:8088", "evidence": "refused", "round_trip": 0.0042}


def _known(*rows: dict[str, Any]) -> Known:
    known = Known()
    known.take(Looked(STATUS, [{**ROW, **row} for row in rows], {}), 0.0)
    return known


def _cells(lines: list[Any]) -> list[list[str]]:
    return [each.plain.split(None, 1) for each in lines]


def test_members_in_trouble_come_first() -> None:
    """Ids are in the order of their numbers."""
    known = _known(
        {"id": "n10:1", "state": "alive"},
        {"id": "n9:1", "state": "alive", "round_trip": 0.5},
        {"id": "n3:1", "state": "dead", "since": "2025-12-31T00:00:00Z"},
    )
    view = View()
    order = ["n3:1", "n9:1", "n10:1"]
    assert order == [name for name, _ in _cells(members(known, view, 80, _WALL).lines)]
    found = {}
    for each in ("id", "round trip", "since"):
        view.press("s")
        found[each] = [name for name, _ in _cells(members(known, view, 80, _WALL).lines)]
    assert {
        "id": order,
        "round trip": ["n9:1", "n3:1", "n10:1"],
        "since": order[1:] + order[:1],
    } == found
    view.press("r")
    assert (
        order == [name for name, _ in _cells(members(known, view, 80, _WALL).lines)][:1] + order[1:]
    )


def test_tags_are_shown_and_can_be_looked_for() -> None:
    """Beside the other notes; a change of them is an event."""
    known = _known(
        {"id": "10.0.0.1:8088", "state": "alive", "tags": {"role": "web", "zone": "a"}},
        {"id": "b:1", "state": "alive", "tags": {"role": "db"}},
    )
    view = View()
    for key in ("/", *"ROLE=w", "enter"):
        view.press(key)
    [line] = [each.plain for each in members(known, view, 80, _WALL).lines]
    assert line.endswith("this node, role=web, zone=a")
    told = {"event": "member_tags", "member": "b:1"}
    assert "b:1 has the tags role=db" == in_words({**told, "tags": "role=db"})[1]
    assert "b:1 has no tags any more" == in_words({**told, "tags": ""})[1]


def test_a_member_in_words() -> None:
    """State, for how long, round trip while it answers, and who got no answer."""
    known = _known(
        {"id": "10.0.0.1:8088", "state": "alive"},
        {"id": "b:1", "state": "suspect", "removed": True, **_ACCUSED},
        {"id": "c:1", "state": "dead", "since": "before the year 1", **_ACCUSED},
    )
    shown = members(known, View(), 100, _WALL)
    assert "3 of 3, by state" == shown.note
    assert [
        "c:1            dead            ?            10.0.0.1:8088 found no process",
        "b:1            suspect      60 s    4.2 ms  removed here, 10.0.0.1:8088 found no process",
        "10.0.0.1:8088  alive        60 s            this node",
    ] == [each.plain for each in shown.lines]


@pytest.mark.parametrize(
    ("presses", "ids"),
    [("f", ["b:1"]), ("ff", ["a:1"]), ("fff", []), ("ffff", ["b:1"]), ("/A\n", ["a:1"])],
)
def test_members_are_filtered(presses: str, ids: list[str]) -> None:
    """By state and by text, whose case does not matter; without rows there is no head."""
    known = _known({"id": "a:1", "state": "alive"}, {"id": "b:1", "state": "dead"})
    view = View()
    for key in presses:
        view.press({"\n": "enter"}.get(key, key))
    shown = members(known, view, 80, _WALL)
    assert ids == [name for name, _ in _cells(shown.lines)]
    assert len(ids) + bool(ids) == len(shown.window(0, 10))


def test_only_rows_that_are_seen_are_made() -> None:
    """A thousand members would take longer than a picture may."""
    shown = members(
        _known(*({"id": f"n{n}:1", "state": "alive"} for n in range(99))), View(), 80, 0
    )
    made: list[tuple[int, int]] = []

    def cells(start: int, end: int) -> list[Any]:
        made.append((start, end))
        return shown.cells(start, end)

    lines = shown._replace(cells=cells).window(50, 11)
    assert [(50, 60)] == made
    assert ["id", "n50:1", "n59:1"] == [lines[n].plain.split()[0] for n in (0, 1, 10)]


def test_counters_that_move() -> None:
    """The fastest first, whichever way; names as long as there is room."""
    known = Known()
    known.take(Listed({"slow": 1, "down": 0, "still": 9}), 0.0)
    for name, value in (("slow", 11), ("down", -50)):
        known.take(Counted(name, value), 9.0)
    shown = counters(known, View(), 80, 10.0)
    assert [
        "down                -50          -5.0      1 s",
        "slow                 11          +1.0      1 s",
    ] == [each.plain for each in shown.lines]
    assert ["0", "0"] == [each.plain.split()[2] for each in counters(known, View(), 80, 30.0).lines]
    view = View()
    found = []
    for _ in range(3):
        view.press("c")
        found.append([each.plain.split()[0] for each in counters(known, view, 80, 10.0).lines])
    assert [["down", "slow"], ["slow", "down"], ["down", "slow"]] == found


def test_events_newest_first() -> None:
    """With the time of the day, in words; and those of a text alone."""
    known = Known()
    for event in ("member_joined", "member_left"):
        told = {"event": event, "member": "b:1", "time": "2026-01-01T00:00:00.000Z"}
        known.take(Happened(told), 0.0)
    view = View()
    left, joined = (each.plain for each in events(known, view, 80).lines)
    assert left.endswith("0:00  b:1 left")
    assert joined.endswith("0:00  b:1 joined")
    for key in ("/", "l", "e", "f"):
        view.press(key)
    assert [left] == [each.plain for each in events(known, view, 80).lines]
    assert "none since this view began" == events(Known(), View(), 80).note


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            {"event": "member_dead", "member": "b:1", "accuser": "a:1"},
            "b:1 is dead: a:1 got no answer",
        ),
        (
            {"event": "member_suspect", "member": "b:1", **_ACCUSED},
            "b:1 is suspect: 10.0.0.1:8088 found no process",
        ),
        ({"event": "events_lost", "lost": 7, "time": "x"}, "events_lost lost=7"),
    ],
)
def test_an_event_in_words(event: dict[str, Any], words: str) -> None:
    """One that is not known has its fields."""
    assert words == in_words(event)[1]


def test_ages_are_short() -> None:
    """At most six characters."""
    found = [age(each) for each in (-5, 99.4, 100, 5999, 6000, 172799, 172800, 86400 * 400)]
    assert ["0 s", "99 s", "2 min", "100 min", "2 h", "48 h", "2 d", "400 d"] == found


def test_numbers_in_texts_have_an_order() -> None:
    """Texts and numbers can stand at the same place."""
    assert ["1a", "2", "10.0.0.2", "10.0.0.10", "a", "é9"] == sorted(
        ["é9", "10.0.0.10", "a", "10.0.0.2", "2", "1a"], key=natural
    )
