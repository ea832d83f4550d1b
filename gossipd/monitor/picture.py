"""Draws what is known of a node as lines, for a terminal of any size."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from .columns import across, line
from .known import Known
from .lists import Shown, age, counters, events, members
from .view import COUNTERS, EVENTS, LISTS, MEMBERS, View

_MOST_WARNINGS = 4
_SEED_TROUBLE = ("foreign", "refused", "unreachable", "unresolved")
_KEYS = "q quit  s sort  c counters  r reverse  f filter  / text  tab list  arrows move"


class Moment(NamedTuple):
    """A time.

    Attributes:
        clock: in seconds of a clock that does not jump.
        wall: in seconds since 1970.
    """

    clock: float
    wall: float


class Picture(NamedTuple):
    """A screen.

    Attributes:
        lines: at most as many as the screen has, none wider than it.
        furthest: how many rows of each list can be passed over until its end is shown.
    """

    lines: list[Text]
    furthest: dict[str, int]


def draw(known: Known, view: View, width: int, height: int, now: Moment) -> Picture:
    """Returns the picture of a node on a screen of so many columns and rows."""
    head = [_node(known, width, now), _rates(known, width, now)]
    head += [line([(each, "bold red")], width) for each in _warnings(known, now)]
    lists = {
        MEMBERS: members(known, view, width, now.wall),
        COUNTERS: counters(known, view, width, now.clock),
        EVENTS: events(known, view, width),
    }
    # Each list has a title; the last row is for the keys.
    room = max(0, height - len(head) - len(lists) - 1)
    wanted = [shown.rows for shown in lists.values()]
    airy = room >= sum(wanted) + len(lists)
    rooms = shares(room, wanted)
    body: list[Text] = []
    furthest: dict[str, int] = {}
    for name, given in zip(LISTS, rooms, strict=True):
        shown = lists[name]
        body += [Text()] * airy
        body.append(_title(name, shown, view, width))
        body += shown.window(view.offsets[name], given)
        furthest[name] = shown.furthest(given)
    lines = [*head, *body][: max(0, height - 1)]
    lines += [Text()] * (height - 1 - len(lines))
    return Picture([*lines, _foot(view, width)][:height], furthest)


def shares(room: int, wanted: Sequence[int]) -> list[int]:
    """Returns how much of a room each gets: the same for all, but no more than it wants."""
    given = [0] * len(wanted)
    while room > 0 and (hungry := [i for i, most in enumerate(wanted) if given[i] < most]):
        each = max(1, room // len(hungry))
        for index in hungry:
            part = min(each, wanted[index] - given[index], room)
            given[index] += part
            room -= part
    return given


def _node(known: Known, width: int, now: Moment) -> Text:
    status = known.status
    if not status:
        return line([("asking the node", "bold")], width)
    ready = ("takes writes", "green") if status["ready"] else ("takes no writes", "bold red")
    cells = [(status["node_id"], "bold"), (f"  gossipd {status['version']}  ", ""), ready]
    return across(cells, time.strftime("%H:%M:%S", time.localtime(now.wall)), width)


def _rates(known: Known, width: int, now: Moment) -> Text:
    alive = sum(row["state"] == "alive" for row in known.members)
    parts = [f"{alive} of {len(known.members)} alive"]
    parts += [f"{words} {rate.per_second(now.clock):.1f}/s" for words, rate in known.rates.items()]
    return line([("  ".join(parts), "")], width)


def _warnings(known: Known, now: Moment) -> list[str]:
    found = []
    if known.lost:
        since, reason = min(known.lost.values())
        ago = age(now.clock - since)
        found += [f"LOST for {ago}; asking it again each second. What is below is old.", reason]
    status = known.status
    if status and not status["ready"]:
        found.append(f"This node takes no writes: {status['reason']}")
    if status and status["local_health"]:
        found.append(f"This node is slow itself: local health {status['local_health']}, 0 is best")
    for seed in status.get("seeds", ()):
        if seed["state"] in _SEED_TROUBLE:
            found.append(f"--join {seed['name']}: {seed['reason'] or seed['state']}")
    more = len(found) - _MOST_WARNINGS
    return found if more <= 0 else [*found[:_MOST_WARNINGS], f"and {more} more warnings"]


def _title(name: str, shown: Shown, view: View, width: int) -> Text:
    mark = ">" if view.focus == name else " "
    return line([(f"{mark}{name.upper()}", "bold"), (f"  {shown.note}", "dim")], width)


def _foot(view: View, width: int) -> Text:
    if view.typing:
        return line([(f"show only: {view.text}_  (enter keeps it, escape clears it)", "")], width)
    return line([(_KEYS, "dim")], width)
