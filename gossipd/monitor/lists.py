"""The three lists of the picture: members, counters that move, and events."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from .columns import Cell, columns, plain, shared
from .known import Known
from .news import Row
from .rate import Rate
from .view import View

_TROUBLE = ("suspect", "dead", "joining")
_STYLES = {"alive": "green", "suspect": "bold yellow", "dead": "bold red", "left": "dim"}
_LEAST = 16
_CHANGES = {
    "member_joined": ("alive", "joined"),
    "member_suspect": ("suspect", "is suspect: {accuser} {evidence}"),
    "member_recovered": ("alive", "is alive after all"),
    "member_dead": ("dead", "is dead: {accuser} {evidence}"),
    "member_left": ("left", "left"),
    "member_forgotten": ("left", "is forgotten"),
    "member_tags": ("alive", "has {tags}"),
}


class Shown(NamedTuple):
    """A list as it is shown.

    Attributes:
        note: what stands beside its title.
        names: those of its columns, if they have any.
        size: how many rows it has.
        draw: makes lines of cells of rows, one for each row.
        cells: returns the cells of the rows from one number to before another.
    """

    note: str
    names: tuple[str, ...]
    size: int
    draw: Callable[[list[list[Cell]]], list[Text]]
    cells: Callable[[int, int], list[list[Cell]]]

    @property
    def lines(self) -> list[Text]:
        """Returns a line for each row."""
        return self.draw(self.cells(0, self.size))

    @property
    def rows(self) -> int:
        """Returns how many rows of the screen it can fill, the names of its columns included."""
        return self.size + self._heads

    def furthest(self, room: int) -> int:
        """Returns how many rows can be passed over until the last one is shown."""
        return max(0, self.rows - room)

    def window(self, offset: int, room: int) -> list[Text]:
        """Returns the lines that fit into so many rows, some passed over. Others are not made."""
        offset = min(offset, self.furthest(room))
        head = [[(each, "dim") for each in self.names]] * self._heads
        return self.draw([*head, *self.cells(offset, offset + max(0, room - len(head)))])[:room]

    @property
    def _heads(self) -> int:
        return 1 if self.names and self.size else 0


def members(known: Known, view: View, width: int, wall: float) -> Shown:
    """Returns the members that the view is to show."""
    rows = [row for row in known.members if _wanted(row, view)]
    rows.sort(key=lambda row: natural(row["id"]))
    rows.sort(key=_MEMBER_KEYS[view.member_order])
    if view.backwards:
        rows.reverse()
    own = known.status.get("node_id")
    notes = [_note(row, own) for row in rows]
    fixed = (8, 7, 8)
    wanted = [max(map(len, each), default=0) for each in ([row["id"] for row in rows], notes)]
    name, note = shared(width, fixed, wanted, _LEAST)
    return Shown(
        f"{len(rows)} of {len(known.members)}, by {view.member_order}" + _filters(view, view.state),
        ("id", "state", "for", "trip", ""),
        len(rows),
        lambda cells: columns(cells, [name, *fixed, note], width, right=(2, 3)),
        lambda a, b: [_member(*each, wall) for each in zip(rows[a:b], notes[a:b], strict=True)],
    )


def counters(known: Known, view: View, width: int, clock: float) -> Shown:
    """Returns the counters that moved."""
    rows = [(name, rate) for name, rate in known.movers.items() if _has(name, view)]
    rows.sort(key=lambda row: natural(row[0]))
    rows.sort(key=_counter_key(view.counter_order, clock))
    if view.backwards:
        rows.reverse()
    fixed = (17, 12, 7)
    longest = max([len("name"), *(cell_len(plain(name)) for name, _ in rows)])
    widths = [*shared(width, fixed, [longest, 0], 0)[:1], *fixed]
    total = known.status.get("counters")
    note = f"{len(rows)} moved" + ("" if total is None else f" of {total + 1}")
    return Shown(
        f"{note}, by {view.counter_order}" + _filters(view),
        ("name", "value", "a second", "ago"),
        len(rows),
        lambda cells: columns(cells, widths, width, right=(1, 2, 3)),
        lambda a, b: [_counter(name, rate, clock) for name, rate in rows[a:b]],
    )


def events(known: Known, view: View, width: int) -> Shown:
    """Returns the events, the newest first."""
    told = [(event, *in_words(event)) for event in reversed(known.events)]
    rows = [each for each in told if _has(each[2], view)]
    note = f"{len(rows)}, the newest first" if known.events else "none since this view began"
    return Shown(
        note + _text_filter(view),
        (),
        len(rows),
        lambda cells: columns(cells, [8, *shared(width, [8], [0], 0)], width),
        lambda a, b: [
            [(_clock_time(event.get("time", "")), ""), (words, style)]
            for event, style, words in rows[a:b]
        ],
    )


def in_words(event: Row) -> tuple[str, str]:
    """Returns the style of an event, and what happened."""
    known = _CHANGES.get(event["event"])
    if known is None:
        others = [f"{key}={value}" for key, value in event.items() if key not in ("event", "time")]
        return "", " ".join([event["event"], *others])
    state, words = known
    told = words.format(
        accuser=event.get("accuser", "a node"),
        evidence=_evidence(event),
        tags=f"the tags {event['tags']}" if event.get("tags") else "no tags any more",
    )
    return _STYLES[state], f"{event.get('member', '?')} {told}"


def age(seconds: float) -> str:
    """Returns how long ago something was, in six characters at most."""
    if seconds < 100:
        return f"{max(0, seconds):.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} d"


def natural(text: str) -> list[tuple[bool, int, str]]:
    """Returns a key by which texts are in the order of the numbers in them."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", text)
    return [(not each.isdecimal(), int(each) if each.isdecimal() else 0, each) for each in parts]


def _wanted(row: Row, view: View) -> bool:
    if view.state not in ("all", row["state"]) and not (
        view.state == "not alive" and row["state"] != "alive"
    ):
        return False
    return _has(f"{row['id']} {' '.join(_tags(row))}", view)


def _has(text: str, view: View) -> bool:
    return view.text.casefold() in text.casefold()


def _filters(view: View, state: str = "all") -> str:
    found = "" if state == "all" else f", only {state}"
    return found + _text_filter(view) + (", backwards" if view.backwards else "")


def _text_filter(view: View) -> str:
    return f", with {view.text!r}" if view.text else ""


_MEMBER_KEYS: dict[str, Callable[[Row], Any]] = {
    "state": lambda row: (row["state"] not in _TROUBLE, row["state"]),
    "id": lambda row: 0,
    "round trip": lambda row: -row.get("round_trip", 0),
    "since": lambda row: [-ord(each) for each in row["since"]],
}


def _counter_key(order: str, clock: float) -> Callable[[tuple[str, Rate]], Any]:
    return {
        "rate": lambda row: -abs(row[1].per_second(clock)),
        "name": lambda row: 0,
        "value": lambda row: -row[1].value,
        "last change": lambda row: -row[1].changed,
    }[order]


def _member(row: Row, note: str, wall: float) -> list[Cell]:
    answers = row["state"] in ("alive", "suspect") and "round_trip" in row
    trip = f"{row['round_trip'] * 1000:.1f} ms" if answers else ""
    style = _STYLES.get(row["state"], "")
    ago = _ago(row["since"], wall)
    return [(row["id"], ""), (row["state"], style), (ago, ""), (trip, ""), (note, "")]


def _counter(name: str, rate: Rate, clock: float) -> list[Cell]:
    moving = f"{rate.per_second(clock):+.1f}"
    still = moving in ("+0.0", "-0.0")
    cells = [(name, ""), (str(rate.value), ""), ("0" if still else moving, "")]
    return [*cells, (age(clock - rate.changed), "dim" if still else "")]


def _note(row: Row, own: str | None) -> str:
    notes = []
    if row["id"] == own:
        notes.append("this node")
    if row.get("local_health"):
        notes.append(f"late {row['local_health']}")
    if row["removed"]:
        notes.append("removed here")
    if row["state"] in ("suspect", "dead") and "accuser" in row:
        notes.append(f"{row['accuser']} {_evidence(row)}")
    return ", ".join([*notes, *_tags(row)])


def _tags(row: Row) -> list[str]:
    return [f"{name}={value}" for name, value in row.get("tags", {}).items()]


def _evidence(told: Row) -> str:
    return "found no process" if told.get("evidence") == "refused" else "got no answer"


def _ago(since: str, wall: float) -> str:
    began = _parsed(since)
    return "?" if began is None else age(wall - began.timestamp())


def _clock_time(when: str) -> str:
    found = _parsed(when)
    return "" if found is None else found.astimezone().strftime("%H:%M:%S")


def _parsed(when: str) -> datetime | None:
    try:
        return datetime.fromisoformat(when)
    except ValueError:
        return None
