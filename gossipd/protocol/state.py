"""State: what a store keeps of a node between two runs of it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .wire import Claim, Group


@attrs.frozen
class State:
    """What was kept of a node. An empty state is that of a node that never ran.

    Attributes:
        generation: the generation of the last run; the next run takes a larger one.
        members: what was known of other members. The next run does not believe that those that
            were live still are: it tries them as contacts.
        removed: ids of members that were removed here and not registered again.
        gone_since: when members that are dead or left went, by id, in seconds since 1970 by this
            machine's clock.
        forgotten: the ids of forgotten members whose addresses are still tried.
        groups: every owner's entries as they were persisted, and after those what was recorded
            since, in the order of recording.
    """

    generation: int = 0
    members: tuple[Claim, ...] = ()
    removed: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    gone_since: Mapping[str, int] = attrs.Factory(dict)
    forgotten: tuple[str, ...] = ()
