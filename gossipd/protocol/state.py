"""What a store keeps of a node between two runs of it."""

from __future__ import annotations

import attrs

from .wire import Claim, Group


@attrs.frozen
class State:
    """Kept state; the empty one is that of a node that never ran.

    Attributes:
        generation: of the last run; the next one takes a larger one.
        members: rows of the table, to be tried at start.
        removed: ids that were removed here and not registered again.
        groups: every owner's entries, own ones as they were persisted; and after those what was
            recorded besides, in the order of recording.
    """

    generation: int = 0
    members: tuple[Claim, ...] = ()
    removed: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
