"""What a file holds, merged, for tests: a log may say the same in more than one way."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from gossipd.protocol import Group, Ledger, State


def merged(groups: Iterable[Group]) -> tuple[Group, ...]:
    """One group for each owner."""
    ledger = Ledger(b"")
    for group in groups:
        ledger.apply(group)
    return tuple(sorted(ledger.all_groups(), key=lambda group: group.owner))


def whole(state: State) -> State:
    """The state with merged groups."""
    return attrs.evolve(state, groups=merged(state.groups))
