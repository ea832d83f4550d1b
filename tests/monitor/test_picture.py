"""The whole picture, on screens of several sizes."""

from __future__ import annotations

import pytest

from gossipd.monitor.known import Known
from gossipd.monitor.news import Counted, Happened, Listed, Looked, Lost
from gossipd.monitor.picture import Moment, draw, shares
from gossipd.monitor.view import View
from tests.monitor.fake_node import ROW, STATUS

_NOW = Moment(20.0, 1767225660.0)
_LONG = "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535"


def _busy(members: int = 40) -> Known:
    known = Known()
    rows = [{**ROW, "id": f"10.0.0.{n}:8088", "state": "alive"} for n in range(1, members)]
    rows.append({**ROW, "id": _LONG, "state": "dead", "accuser": _LONG, "evidence": "refused"})
    seeds = [{"name": _LONG, "state": "refused", "reason": "x" * 100}] * 6
    troubled = {**STATUS, "ready": False, "reason": "y" * 200, "local_health": 3, "seeds": seeds}
    totals = dict.fromkeys(("writes", "requests", "Redis commands", "datagrams in", "out"), 1e9)
    known.take(Looked(troubled, rows, dict.fromkeys(totals, 0.0)), 0.0)
    known.take(Looked(troubled, rows, totals), 5.0)
    known.take(Listed({}), 0.0)
    for number in range(60):
        known.take(Counted(f"日本{'z' * 128}{number}", (-1) ** number * 2**53), 10.0)
        told = {"event": "member_dead", "member": _LONG, "accuser": _LONG, "time": "T"}
        known.take(Happened(told), 11.0)
    known.take(Lost("state", "z" * 300), 12.0)
    return known


def _drawn(known: Known, view: View, width: int, height: int) -> list[str]:
    return [each.plain.rstrip() for each in draw(known, view, width, height, _NOW).lines]


@pytest.mark.parametrize("height", [1, 5, 12, 24, 50])
@pytest.mark.parametrize("width", [20, 80, 120])
def test_nothing_wraps(width: int, height: int) -> None:
    """However long names, reasons and numbers are, every row of the screen is filled once."""
    for known in (_busy(), Known()):
        lines = draw(known, View(), width, height, _NOW).lines
        assert height == len(lines)
        assert [] == [each.plain for each in lines if each.cell_len > width or "\n" in each.plain]


def test_what_a_person_sees() -> None:
    """At 80 columns: who the node is, what is wrong, and the three lists."""
    known = Known()
    rows = [{**ROW, "id": "10.0.0.1:8088", "state": "alive"}]
    rows.append({**ROW, "id": "10.0.0.2:8088", "state": "dead", "accuser": "10.0.0.1:8088"})
    known.take(Looked({**STATUS, "local_health": 2}, rows, {"writes": 3.0}), 0.0)
    known.take(Listed({"a": 1}), 0.0)
    known.take(Counted("a", 11), 19.0)
    lines = _drawn(known, View(), 80, 20)
    assert (80, ":00") == (len(lines[0]), lines[0][-3:])
    assert [
        "10.0.0.1:8088  gossipd 1.2.3  takes writes",
        "1 of 2 alive  writes 0.0/s",
        "This node is slow itself: local health 2, 0 is best",
        "",
        ">MEMBERS  2 of 2, by state",
        "id             state         for      trip",
        "10.0.0.2:8088  dead         60 s            10.0.0.1:8088 got no answer",
        "10.0.0.1:8088  alive        60 s            this node",
        "",
        " COUNTERS  1 moved of 3, by rate",
        "name              value      a second      ago",
        "a                    11          +1.0      1 s",
        "",
        " EVENTS  none since this view began",
        *[""] * 5,
        "q quit  s sort  c counters  r reverse  f filter  / text  tab list  arrows move",
    ] == [lines[0][:-8].rstrip(), *lines[1:]]


def test_warnings_are_few() -> None:
    """What was lost comes first; of the others there are not more than fit."""
    lines = _drawn(_busy(), View(), 80, 24)
    assert "LOST for 8 s; asking it again each second. What is below is old." == lines[2]
    assert "and 6 more warnings" == lines[6]


def test_lists_are_scrolled_to_their_end() -> None:
    """The last member is at the bottom of its list, not at its top."""
    known, view = _busy(), View()
    view.press("end")
    view.clamp(draw(known, view, 80, 24, _NOW).furthest)
    lines = _drawn(known, view, 80, 24)
    below = next(n for n, each in enumerate(lines) if "COUNTERS" in each)
    assert lines[below - 1].startswith("10.0.0.39:8088")
    assert lines[below - 2].startswith("10.0.0.38:8088")


def test_text_is_typed_at_the_bottom() -> None:
    """In place of the keys."""
    view = View()
    for key in "/ab":
        view.press(key)
    assert _drawn(Known(), view, 80, 24)[-1].startswith("show only: ab_ ")


@pytest.mark.parametrize(
    ("room", "wanted", "given"),
    [
        (10, [3, 3, 3], [3, 3, 3]),
        (9, [9, 9, 9], [3, 3, 3]),
        (10, [1, 20, 2], [1, 7, 2]),
        (1, [5, 5], [1, 0]),
    ],
)
def test_room_is_shared(room: int, wanted: list[int], given: list[int]) -> None:
    """The same for all, but no more than each wants; nothing is left while anybody wants more."""
    assert given == shares(room, wanted)
