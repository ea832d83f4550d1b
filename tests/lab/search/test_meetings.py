"""Histories in which two certain things meet."""

from __future__ import annotations

import pytest

from lab.search.meetings import MEETINGS, draw_meeting
from lab.search.play import play_history


@pytest.mark.parametrize("name", MEETINGS)
def test_nothing_is_found_in_them(name: str) -> None:
    """Equal seeds give equal ones."""
    for seed in range(2):
        words = draw_meeting(name, seed)
        assert words == draw_meeting(name, seed)
        assert [] == list(play_history(words).findings)
