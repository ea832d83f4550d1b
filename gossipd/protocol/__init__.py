"""The protocol of gossipd, free of I/O: membership, failure detection, and the counter.

`Node` is the only object that a driver holds. It takes inputs (a datagram, the time, a write that
is on disk), takes commands (join, register, increment …) and returns effects to be carried out.
Time, randomness and bytes are arguments, so that a run replays exactly. `docs/protocol.md` is the
theory of operation.
"""

from .address import DEFAULT_PORT, format_node_id, is_address, parse_node_id, split_node_id
from .config import ACK_LEVELS, PROFILES, Identity, ProtocolConfig
from .counters.floors import FLOOR_LIMIT, VALUE_LIMIT, LimitExceeded
from .counters.ledger import Ledger
from .counters.writes import Increment
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
from .events import (
    ClusterFound,
    ContentDiffers,
    Event,
    ForeignDatagram,
    IdChanged,
    IdConflict,
    LeaveDone,
    MemberDead,
    MemberJoined,
    MemberLeft,
    MemberRecovered,
    MemberSuspect,
    Paused,
    Refuted,
    RegisteredPeerSilent,
    ReplicaRenewed,
    ReplicaRetired,
)
from .membership.suspicion import suspicion_timeout
from .membership.table import MemberView
from .node import Node
from .state import State
from .statistics import Statistics, Traffic
from .wire.codec import Codec, frame
from .wire.messages import (
    ALIVE,
    STATES,
    Ack,
    Beacon,
    Claim,
    Claims,
    Content,
    Entry,
    Group,
    Message,
    Ping,
    Sender,
)

__all__ = [
    "ACK_LEVELS",
    "ALIVE",
    "DEFAULT_PORT",
    "FLOOR_LIMIT",
    "PROFILES",
    "STATES",
    "VALUE_LIMIT",
    "Ack",
    "Address",
    "Answer",
    "Beacon",
    "Broadcast",
    "Claim",
    "Claims",
    "ClusterFound",
    "Codec",
    "Content",
    "ContentDiffers",
    "Effect",
    "Entry",
    "Event",
    "ForeignDatagram",
    "Group",
    "IdChanged",
    "IdConflict",
    "Identity",
    "Increment",
    "LeaveDone",
    "Ledger",
    "LimitExceeded",
    "MemberDead",
    "MemberJoined",
    "MemberLeft",
    "MemberRecovered",
    "MemberSuspect",
    "MemberView",
    "Message",
    "Node",
    "Notify",
    "Paused",
    "Persist",
    "Ping",
    "ProtocolConfig",
    "Record",
    "Refuted",
    "RegisteredPeerSilent",
    "ReplicaRenewed",
    "ReplicaRetired",
    "Resolve",
    "Sender",
    "State",
    "Statistics",
    "Traffic",
    "Transmit",
    "Write",
    "format_node_id",
    "frame",
    "is_address",
    "parse_node_id",
    "split_node_id",
    "suspicion_timeout",
]
