"""Datagrams that a stranger sends: well-formed, of the right cluster, from where no node is.

The stranger reads nothing that is sent to it, as one whose source address is not its own.
"""

from __future__ import annotations

from random import Random

from gossipd.protocol.codec import Codec, frame
from gossipd.protocol.effects import Address
from gossipd.protocol.messages import (
    DEAD,
    Ack,
    Claim,
    Claims,
    Entry,
    Group,
    Haves,
    Message,
    Ping,
    Push,
    Rows,
    Sender,
)

from .cluster import Cluster
from .history import Step
from .host import Host

STRANGER: Address = ("10.66.0.1", 8088)
"""Where no node ever is."""


def forged(cluster: Cluster, rng: Random, step: Step, target: Host) -> tuple[bytes, Address]:
    """The datagram of a `forge` step, and the address it seems to come from."""
    member = cluster.id_of(step.others[0]) if step.others else "10.66.0.1:8088"
    generation = 1_700_000_000_000 + rng.randrange(10**9)
    message: Message
    match step.text:
        case "ping":
            message = Ping(rng.getrandbits(30), target.id, 7, 7)
        case "contact":
            message = Ping(rng.getrandbits(30), "", 7, 7, bytes(48))
        case "claims":
            message = Claims([Claim(member, generation, 9, DEAD, "10.66.0.1:8088")])
        case "ack":
            message = Ack(rng.getrandbits(33), 7, 7, rng.getrandbits(34))
        case "push":
            message = Push(1, Group(rng.randbytes(16), 0, 1, [Entry(1, "default", 0, 1 << 50)]))
        case "rows":
            message = Rows(b"", [Claim(member, generation, 9, DEAD)], final=True)
        case "haves":
            message = Haves(bytes([255]) * 32, [])
        case _:
            data = bytearray(Codec("gossipd").datagram([frame(Sender(member, 1, 1, 1))]))
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            return bytes(data), STRANGER
    # As a known member from a wrong address, or as a node that nobody knows.
    name = member if rng.random() < 0.5 else "10.66.0.1:8088"
    sender = Sender(name, generation, 0, rng.getrandbits(32))
    return Codec("gossipd").datagram([frame(sender), frame(message)]), STRANGER
