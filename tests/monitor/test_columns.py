"""Cells in columns of an exact width."""

from __future__ import annotations

import pytest

from gossipd.monitor.columns import across, columns, line, plain, shared


def test_what_moves_a_cursor_is_no_character() -> None:
    """Names come from strangers: escape sequences, and characters that turn the line around."""
    assert "a?[31mb?c??d" == plain("a\x1b[31mb\nc\u202e\u200bd")


def test_columns_are_aligned_and_cut() -> None:
    """By the width that a terminal gives to characters, which is two for some."""
    rows = [[("ab", ""), ("1", "")], [("日本語", ""), ("12345", "")]]
    assert ["ab       1", "日本…  12…"] == [
        each.plain for each in columns(rows, [5, 3], 20, right=(1,))
    ]
    assert [4, 4] == [each.cell_len for each in columns([[("abcdef", "")]] * 2, [6], 4)]


def test_a_line_is_cut() -> None:
    """With what stands at its right edge only if there is room."""
    assert "abc  12:00" == across([("abc", "")], "12:00", 10).plain
    assert "abc" == across([("abc", "")], "12:00", 9).plain
    assert "abcd…" == line([("abc", "bold"), ("def", "")], 5).plain


@pytest.mark.parametrize(
    ("width", "flexible", "widths"),
    [
        (40, [10, 10], [10, 18]),
        (40, [30, 30], [22, 6]),
        (40, [30, 2], [26, 2]),
        (9, [9, 9], [1, 1]),
    ],
)
def test_widths_are_shared(width: int, flexible: list[int], widths: list[int]) -> None:
    """The first gets what it wants as long as others get their least; the last gets the rest."""
    assert widths == shared(width, [8], flexible, 6)
