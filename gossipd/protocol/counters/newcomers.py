"""Which owners, counters and floors that nobody here knows are taken from whom."""

from __future__ import annotations

from ..bringers import COUNTERS, FLOORS, OWNERS
from ..runtime import Runtime
from ..wire import DEFAULT, Group
from .floors import FLOOR_LIMIT
from .ledger import Ledger


def is_admitted(runtime: Runtime, ledger: Ledger, group: Group, bringer: str) -> bool:
    """Returns whether a group is taken, which is not so if `bringer` brought too much of late.

    Counters and floors count only once there are more than clients may make.
    """
    owner = group.owner
    if owner in ledger.heirs.closed:
        return True
    if owner not in ledger.owners and not runtime.may_bring(OWNERS, bringer):
        return False
    if len(ledger.names) >= runtime.config.max_counters:
        new = ledger.names.absent({row.name for row in group.rows}) - {DEFAULT}
        if new and not runtime.may_bring(COUNTERS, bringer, len(new)):
            return False
    if ledger.default.floors >= FLOOR_LIMIT:
        slots = [row.floor for row in group.entries if row.name == DEFAULT and row.count]
        floors = sum(not ledger.default.slot(owner, floor) for floor in slots)
        return not floors or runtime.may_bring(FLOORS, bringer, floors)
    return True
