"""What the commands of one client can reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from ..service import Service
from .caller import Caller
from .scans import Scans
from .view import View


@attrs.frozen
class Context:
    """What a command works with.

    Attributes:
        caller: the client that sent it.
        view: the counters.
        service: the node.
        scans: the cursors of all clients.
        facts: returns what INFO says, by section.
        settings: what CONFIG GET says.
    """

    caller: Caller
    view: View
    service: Service
    scans: Scans
    facts: Callable[[], dict[str, dict[str, object]]]
    settings: Mapping[str, str]
