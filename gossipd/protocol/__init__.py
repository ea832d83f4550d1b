"""The protocol of gossipd, free of I/O: membership, failure detection, and the counter.

`Node` is the only object that a driver holds. It takes inputs (a datagram, the time, a write that
is on disk), takes commands (join, register, increment …) and returns effects to be carried out.
Time, randomness and bytes are arguments, so that a run replays exactly. `docs/protocol.md` is the
theory of operation.
"""

from .address import format_node_id, is_address, parse_node_id, split_node_id
from .config import ACK_LEVELS, PROFILES, Identity, ProtocolConfig
from .counter import FLOOR_LIMIT, VALUE_LIMIT, LimitExceeded
from .counting import Increment
from .effects import (
    Address,
    Answer,
    Broadcast,
    Effect,
    Notify,
    Persist,
    Record,
    Resolve,
    Transmit,
    Write,
)
from .members import MemberView
from .node import Node
from .state import State
from .statistics import Statistics, Traffic

__all__ = [
    "ACK_LEVELS",
    "FLOOR_LIMIT",
    "PROFILES",
    "VALUE_LIMIT",
    "Address",
    "Answer",
    "Broadcast",
    "Effect",
    "Identity",
    "Increment",
    "LimitExceeded",
    "MemberView",
    "Node",
    "Notify",
    "Persist",
    "ProtocolConfig",
    "Record",
    "Resolve",
    "State",
    "Statistics",
    "Traffic",
    "Transmit",
    "Write",
    "format_node_id",
    "is_address",
    "parse_node_id",
    "split_node_id",
]
