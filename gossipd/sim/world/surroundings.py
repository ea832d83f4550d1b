"""What all machines of a run share."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from gossipd.protocol import Address

from .carrier import Carrier
from .clock import Clock
from .log import Log
from .resolver import Resolver


@attrs.frozen(eq=False)
class Surroundings:
    """What every machine of a run uses.

    Attributes:
        on_reading: called with (time, source, target, data) as a node is handed a datagram.
    """

    clock: Clock
    carrier: Carrier
    resolver: Resolver
    log: Log
    on_reading: list[Callable[[float, Address, Address, bytes], None]] = attrs.Factory(list)
