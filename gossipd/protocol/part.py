"""What a node is made of: parts, each of which owns its messages, its timers and its counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from .wire import Message


class Admits(Enum):
    """Whose messages of a kind are handled; all others are refused and their sender is challenged.

    Attributes:
        ANYBODY: every sender. What is answered must not be larger than what was asked.
        MEMBERS: a sender that has echoed a number of ours, or one that other members vouched for:
            it has a row, and speaks from the address and under the generation of that row.
        ECHOED: only a sender that has echoed a number of ours from that address. This is for
            messages that may be answered by more than they sent, which a forged source address
            would otherwise turn into an attack on somebody else.
    """

    ANYBODY = "anybody"
    MEMBERS = "members"
    ECHOED = "echoed"


class Handler(NamedTuple):
    """How messages of one type are handled: `call(message, peer)`, for the senders it admits."""

    call: Callable[[Any, Any], None]
    admits: Admits


class Part:
    """One concern of a node. Everything here has a default: a part declares what it needs.

    Attributes:
        handlers: the messages that this part handles, by type. No two parts share one.
    """

    handlers: Mapping[type[Message], Handler] = {}

    def start(self) -> None:
        """Sets the first timers; called once, when the node starts."""

    def moved(self) -> None:
        """Takes note that this node has another id, which is in the table already."""

    def paused(self, seconds: float) -> None:
        """Extends what is open by `seconds` in which this process did not run.

        They are 0 for a process that is always late: its lateness is not forgiven any more. Timers
        are extended for all parts together.
        """

    def counted(self) -> Mapping[str, Any]:
        """Returns this part's share of `Statistics`: values by the names of its fields.

        Integers of the same name from several parts are added up.
        """
        return {}

    def waiting(self) -> Mapping[str, int]:
        """Returns how much this part keeps for later, by the kinds of `Statistics.waiting`."""
        return {}
