"""The section of docs/architecture.md: a graph of the rooms, and every module in one line."""

from __future__ import annotations

from collections.abc import Sequence

from .rooms import Room

BEGIN = "<!-- map: made by scripts/map -->"
END = "<!-- end of map -->"


def replaced(text: str, lines: Sequence[str]) -> str:
    """Returns the text with these lines between the marks. Raises ValueError if it has no marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("docs/architecture.md has no marks for the map")
    return "\n".join([before + begin, "", *lines, "", end + after])


def section(rooms: Sequence[Room]) -> list[str]:
    """Returns the lines of the section."""
    return [*_graph(rooms), *(line for room in rooms for line in _listed(room))]


def _graph(rooms: Sequence[Room]) -> list[str]:
    lines = ["```mermaid", "flowchart TD"]
    arrows: list[str] = []
    lines += [
        f'    r{place}["{_label(room)}"]'
        for place, room in enumerate(rooms)
        if room.modules or room.below  # a package with nothing but packages in it is no room
    ]
    reached: dict[int, frozenset[int]] = {}  # the rooms that a room imports, by way of others too
    for place, room in reversed(list(enumerate(rooms))):
        # An arrow is left out where a longer way leads to the same room.
        further = frozenset[int]().union(*(reached[below] for below in room.below))
        reached[place] = room.below | further
        arrows += [f"    r{place} --> r{below}" for below in sorted(room.below - further)]
    return [*lines, *arrows, "```"]


def _label(room: Room) -> str:
    names = [module.name.rpartition(".")[2] for module in room.modules]
    return room.package if room.whole or not names else f"{room.package}<br/>{', '.join(names)}"


def _listed(room: Room) -> list[str]:
    if not room.modules:
        return []
    lines = ["", f"### {room.package}", "", room.summary, ""]
    if not room.summary:
        lines = lines[:-2]
    for module in room.modules:
        lines.append(f"- `{module.name.rpartition('.')[2]}`: {module.summary}")
    return lines
