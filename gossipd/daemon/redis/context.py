"""What the commands of one client can reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from ..access import Visitor
from ..service import Service
from .caller import Caller
from .scans import Scans
from .subscriptions import Subscriptions
from .view import View


@attrs.frozen
class Context:
    """What a command works with.

    Attributes:
        caller: the client that sent it.
        visitor: the same client, as far as it has shown a token.
        subscriptions: what the client is told of without asking.
        view: the counters.
        service: the node.
        scans: the cursors of all clients.
        facts: returns what INFO says, by section.
        settings: what CONFIG GET says.
    """

    caller: Caller
    visitor: Visitor
    subscriptions: Subscriptions
    view: View
    service: Service
    scans: Scans
    facts: Callable[[], dict[str, dict[str, object]]]
    settings: Mapping[str, str]
