"""The search for a broken promise: random histories of small clusters, and checks of each.

`draw` makes the words of a scenario from a seed, `play` runs it under the checkers, `shrink` makes
a failing one small. A history is a scenario as `gossipd simulate` takes it, so that a failing one
can be kept as a file, played again, and traced. `python -m lab.search` is the command line.
"""

from __future__ import annotations

from .draw import draw_history
from .orders import Entries, Operation, entries_of, has_effect_of, outcomes
from .play import Played, play_history

__all__ = [
    "Entries",
    "Operation",
    "Played",
    "draw_history",
    "entries_of",
    "has_effect_of",
    "outcomes",
    "play_history",
]
