"""The messages of the wire, as array structs whose fields are bounded.

A datagram is a header and several messages, each in a frame of its own. The first one is always
`Sender`, and "the sender" below is the node that sent the datagram. Versions can talk to each
other: fields are only ever appended, each with a default, and a message with an unknown tag is
skipped without harm to the others.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from .claims import Claim, Id
from .entries import Bequest, Count, Group, Owner
from .message import Hash, Message, Number, Sum, Version

NO_CLUSTER: Final = 1
MOST_CLUSTER_IDS: Final = 128  # those of one cluster
PROGRAM_CHARS: Final = 32  # of a program's version


class Sender(Message, tag=0, gc=False, frozen=True):
    """Names the sender of a datagram; always the first message in it.

    Attributes:
        id: the sender's id.
        generation, incarnation: the sender's own; it thereby says that it is alive at these.
        nonce: a random number of the process, which tells two processes with one id apart.
        cluster: the mark of the sender's cluster, `NO_CLUSTER`, or 0 from older versions.
    """

    id: Id
    generation: Version
    incarnation: Version
    nonce: Sum
    cluster: Sum = 0


class Ping(Message, tag=1, gc=False, frozen=True):
    """Asks a node for an ack. Sent to probe a member, and to find out who is at an address.

    Attributes:
        number: what the ack has to repeat.
        target: the id of the node that is meant; empty if only its address is known.
        members, counters: the sender's gates, which are the hashes of its member table and of its
            version vector. If both are 0, they are not compared.
        padding: makes the datagram large enough for an answer that must not be larger.
    """

    number: Number
    target: Id = ""
    members: Hash = 0
    counters: Hash = 0
    padding: Annotated[bytes, Meta(max_length=64)] = b""


class PingReq(Message, tag=2, gc=False, frozen=True):
    """Asks a relay to ping a member that did not ack in time, and to pass its ack on or to nack.

    Attributes:
        number: the number of the probe, which the ack or the nack has to repeat.
        target: the id of the member.
    """

    number: Number
    target: Id


class Ack(Message, tag=3, gc=False, frozen=True):
    """Answers a ping, a ping_req or a challenge, by repeating its number.

    Attributes:
        number: the number that is repeated; 0 if the ack only carries a challenge.
        members, counters: the sender's gates; both 0 where they are not to be compared.
        challenge: unless it is 0, asks for an ack in turn with this number, which proves that the
            receiver can be reached at its address.
        padding: accompanies a challenge, so that the ack in turn is no larger than this one even if
            its sender's id is longer.
        health: beside gates, the sender's local health score, for people; 0 from older versions.
    """

    number: Number
    members: Hash = 0
    counters: Hash = 0
    challenge: Number = 0
    padding: Annotated[bytes, Meta(max_length=64)] = b""
    health: Number = 0


class Nack(Message, tag=4, gc=False, frozen=True):
    """Answers a ping_req: the relay is there, but has no ack of the target.

    Attributes:
        number: the number of the ping_req.
        tried: whether the relay pinged the target, and got no ack. If not, it did not know the
            target, ignores it, or relays too much already.
        refused: whether it tried, and the target's machine refused the ping.
    """

    number: Number
    tried: bool = False
    refused: bool = False


class Claims(Message, tag=5, frozen=True):
    """Tells news about members. Sent in gossip rounds, and added to datagrams with spare bytes.

    Attributes:
        claims: what is told.
    """

    claims: Annotated[list[Claim], Meta(max_length=100)]


class Push(Message, tag=6, frozen=True):
    """Brings what an owner counted, and asks for a confirm. Sent at each write, to live peers.

    Attributes:
        number: what the confirm has to repeat.
        group: the owner's entries, as they are now.
        complete: unless it is 0, the group is one of several that together bring all that the
            sender has of the owner, up to this version. The last one goes up to this version.
    """

    number: Number
    group: Group
    complete: Version = 0


class Confirm(Message, tag=7, gc=False, frozen=True):
    """Answers a push or a spread, once what it brought is in effect.

    Attributes:
        number: the number of the push or spread.
        owner: the owner whose entries it brought.
        version: the version up to which the sender of the confirm now has everything of the owner.
    """

    number: Number
    owner: Owner
    version: Version


class Spread(Message, tag=12, frozen=True):
    """Brings what an owner counted, and asks a relay to pass it on to a branch of the cluster.

    The relay answers with a `Confirm` once it has the entries itself, and with a `SpreadDone` once
    the branch has them or the relay has waited long enough.

    Attributes:
        number: what both answers have to repeat.
        group: the owner's entries, as they are now.
        branch: the ids of the members to which the relay pushes the group.
    """

    number: Number
    group: Group
    branch: Annotated[list[Id], Meta(max_length=100)]


class SpreadDone(Message, tag=13, frozen=True):
    """Answers a spread: reports which members of the branch have the entries.

    Attributes:
        number: the number of the spread.
        owner: the owner whose entries were passed on.
        version: the version up to which they go.
        missing: the ids of those members of the branch that have not confirmed; all others have.
    """

    number: Number
    owner: Owner
    version: Version
    missing: Annotated[list[Id], Meta(max_length=100)]


class Beacon(Message, tag=15, gc=False, frozen=True):
    """Looks for nodes of the sender's cluster. Sent by broadcast, and in answer to one.

    Attributes:
        answers: whether this answers a beacon, beside a ping to its sender.
        padding: makes a broadcast beacon so large that no answer to it is larger.
    """

    answers: bool = False
    padding: Annotated[bytes, Meta(max_length=256)] = b""


class Clock(Message, tag=16, gc=False, frozen=True):
    """Tells the sender's wall clock and its settings, as two nodes meet.

    Attributes:
        wall_ms: what the clock shows, in milliseconds since 1970.
        asks: whether the receiver is to tell its own in return.
        settings: those that all nodes of a cluster should have, as `ProtocolConfig.common` tells
            them; empty from older versions.
        program: the version of the sender's program, for people; empty if it tells none.
    """

    wall_ms: Number
    asks: bool = False
    settings: Annotated[str, Meta(max_length=256)] = ""
    program: Annotated[str, Meta(max_length=PROGRAM_CHARS)] = ""


class ClusterIds(Message, tag=17, frozen=True):
    """Tells which cluster the sender belongs to, where its mark is not the receiver's.

    Attributes:
        ids: the ids of the sender's cluster; empty if it has none yet.
        counted: whether anything was counted in it, as far as the sender knows.
        lone, asked: whether the sender never had a member, and was asked to join the receiver.
        count: the value of its counter, for the log.
    """

    ids: Annotated[list[Sum], Meta(max_length=MOST_CLUSTER_IDS)]
    counted: bool
    lone: bool
    asked: bool
    count: Count


class Unanswered(Message, tag=18, gc=False, frozen=True):
    """Tells the receiver that its datagrams arrive, but that its address does not answer.

    Attributes:
        id: the receiver's id, at whose address it was asked for an ack in vain.
        source: the `host:port` that its datagrams come from.
    """

    id: Id
    source: Id


class FoldAsk(Message, tag=19, frozen=True):
    """Asks a member whether anything is against it that an heir takes ids over.

    Attributes:
        number: what the answer has to repeat.
        heir: who claims the last of the `ids`; the next one claims each of the others.
    """

    number: Number
    heir: Owner
    ids: Annotated[list[Bequest], Meta(min_length=1, max_length=100)]


class FoldAnswer(Message, tag=20, gc=False, frozen=True):
    """Answers the `FoldAsk` of this number: whether nothing is against it."""

    number: Number
    agreed: bool
