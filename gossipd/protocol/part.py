"""The base of all parts of a node. A part owns its messages, its timers and its counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from .address import Address
from .wire import Message


class Admits(Enum):
    """Which senders a message type is handled from; others are refused, and challenged.

    Attributes:
        ANYBODY: every sender. The answer must not be larger than the datagram that asked for it.
        MEMBERS: a sender that has echoed a number of ours, and one that other members vouched for.
            The latter has a row, and speaks from the address and under the generation of that row.
        ECHOED: only a sender that has echoed a number of ours from its address. This is for
            messages whose answer may be larger than they are. A forged source address would turn
            such an answer into an attack on the node at that address.
    """

    ANYBODY = "anybody"
    MEMBERS = "members"
    ECHOED = "echoed"


class Handler(NamedTuple):
    """The handler of one message type: `call(message, peer)` for each sender that it admits."""

    call: Callable[[Any, Any], None]
    admits: Admits


class Part:
    """One concern of a node, such as failure detection. A part overrides only what it needs.

    Attributes:
        handlers: how the messages of this part are handled, by type. No two parts share a type.
    """

    handlers: Mapping[type[Message], Handler] = {}

    def start(self) -> None:
        """Sets the first timers. Called once, when the node starts."""

    def moved(self) -> None:
        """Takes note that this node's id has changed; the member table has the new one already."""

    def paused(self, seconds: float) -> None:
        """Extends what this part times without a timer by a pause of this process.

        `seconds` is how much of the pause is forgiven. It is 0 for a process that is late so often
        that its credit is used up. Timers are extended for all parts together, by `Runtime`.
        """

    def refusal(self, quoted: bytes, address: Address) -> bool:
        """Takes note that `address` refused a datagram of ours that begins with `quoted`.

        Returns whether that is a datagram of this part that is still of interest.
        """
        return False

    def counted(self) -> Mapping[str, Any]:
        """Returns this part's share of `Statistics`: values by the names of its fields.

        If several parts return an integer of one name, the integers are added up.
        """
        return {}

    def waiting(self) -> Mapping[str, int]:
        """Returns how much this part keeps for later, by the kinds of `Statistics.waiting`."""
        return {}
