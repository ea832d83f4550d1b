"""Rows of cells as lines of an exact width, in columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

_GAP = 2

Cell = tuple[str, str]
"""A text and its style."""


def plain(text: object) -> str:
    """Returns a text without what a terminal would take for more than a character."""
    return "".join(each if each.isprintable() else "?" for each in str(text))


def line(cells: Sequence[Cell], width: int) -> Text:
    """Returns cells one after the other, cut to a width."""
    made = Text(no_wrap=True)
    for text, style in cells:
        made.append(plain(text), style)
    made.truncate(width, overflow="ellipsis")
    return made


def across(left: Sequence[Cell], right: str, width: int) -> Text:
    """Returns cells and a text at the right edge, which is left out if there is no room."""
    made = line(left, width)
    room = width - made.cell_len - cell_len(right)
    return made.append(" " * room + right) if room >= _GAP else made


def columns(
    rows: Sequence[Sequence[Cell]], widths: Sequence[int], width: int, right: Sequence[int] = ()
) -> list[Text]:
    """Returns rows as lines no wider than `width`, cells cut to the widths of their columns.

    The columns in `right` are aligned to the right.
    """
    lines = []
    for row in rows:
        made = Text(no_wrap=True)
        for number, ((text, style), wanted) in enumerate(zip(row, widths, strict=True)):
            cell = Text(plain(text), style)
            cell.truncate(wanted, overflow="ellipsis")
            padding = " " * (wanted - cell.cell_len)
            made.append(" " * _GAP if number else "")
            made.append_text(Text(padding) + cell if number in right else cell.append(padding))
        made.truncate(width)
        made.rstrip()
        lines.append(made)
    return lines


def shared(width: int, fixed: Sequence[int], flexible: Sequence[int], least: int) -> list[int]:
    """Returns widths for flexible columns beside fixed ones, so that all fit.

    The first flexible one gets what it wants, as long as the others can have `least` each, or less
    if they want less. The last one gets the rest.
    """
    room = width - sum(fixed) - _GAP * (len(fixed) + len(flexible) - 1)
    found = []
    for number, wanted in enumerate(flexible):
        others = sum(min(each, least) for each in flexible[number + 1 :])
        mine = room if number == len(flexible) - 1 else min(wanted, room - others)
        found.append(max(1, mine))
        room -= found[-1]
    return found
