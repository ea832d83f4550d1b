"""The messages of the wire, as array structs whose fields are bounded.

A datagram is a header and several messages, each in a frame of its own. The first one is always
`Sender`, and "the sender" below is the node that sent the datagram. Versions can talk to each
other: fields are only ever appended, each with a default, and a message with an unknown tag is
skipped without harm to the others.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from msgspec import Meta, Struct

from .claims import LARGEST, Claim, Id, Version
from .entries import Bequest, Count, Group, Owner

MEMBERS: Final = 0
COUNTERS: Final = 1
NO_CLUSTER: Final = 1
MOST_CLUSTER_IDS: Final = 128  # those of one cluster

Number = Annotated[int, Meta(ge=0, le=LARGEST)]
Hash = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Buckets = Annotated[bytes, Meta(max_length=32)]
Sum = Annotated[int, Meta(ge=0, lt=2**32)]
Position = Annotated[int, Meta(ge=0, lt=2**60)]
Place = Annotated[int, Meta(ge=0, lt=100)]


class Have(Struct, array_like=True, gc=False, frozen=True):
    """What a node has of one owner.

    Attributes:
        owner: the owner.
        version: the version up to which the node has everything.
        newest: the version of the node's newest entry if that lies beyond a gap, otherwise 0.
        loose: 32 bits of a hash of which entries lie beyond the gap; 0 if none does.
    """

    owner: Owner
    version: Version
    newest: Version = 0
    loose: Sum = 0


class Span(Struct, array_like=True, gc=False, frozen=True):
    """A range of positions in a table, from `first` to `last`, both included.

    Up to `window` datagrams may answer what is said of it.
    """

    first: Position
    last: Position
    window: Annotated[int, Meta(ge=1, le=255)] = 1


class Message(Struct, array_like=True, frozen=True):
    """The base of all messages, which are told apart by their tags.

    A new message is a new subclass with the next free tag. The part that handles it lists it in its
    `handlers`.
    """


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
    """

    number: Number
    members: Hash = 0
    counters: Hash = 0
    challenge: Number = 0
    padding: Annotated[bytes, Meta(max_length=64)] = b""


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


class Sums(Message, tag=8, frozen=True):
    """Brings sixteen sums of a table's hash, and asks the receiver to find out where it differs.

    Sent when gates differ and what the sender has does not fit into one datagram. The receiver
    answers with the sums of one part that differs, or with what it has in it.

    Attributes:
        table: `MEMBERS` or `COUNTERS`.
        prefix: the part whose sixteen parts are summed up, as `fingerprint.part_range` takes it.
        sums: the lower 32 bits of each sum. They are enough to find a difference that the gates
            have shown to be there.
    """

    table: Annotated[int, Meta(ge=0, le=1)]
    prefix: Annotated[int, Meta(ge=-1, lt=2**61)]
    sums: Annotated[list[Sum], Meta(min_length=16, max_length=16)]


class Rows(Message, tag=9, frozen=True):
    """Brings member rows during anti-entropy.

    The first one of an exchange lists all that the sender has in a span, and asks for the
    receiver's rows that are newer or missing in it. The answer is final: it brings those rows, in
    as many datagrams as the span's window allows, and asks for nothing.

    Attributes:
        buckets: what versions before spans used; empty.
        claims: the rows.
        final: whether this belongs to an answer.
        more: whether the list was news to the sender of the answer, so that comparing anew is worth
            while though no row here may be news to the receiver.
        total: in the last datagram of an answer, the hash of the sender's member table. If that is
            not its own, the receiver goes on.
        span: what is listed; in the last datagram of an answer, what the answer leaves out.
    """

    buckets: Buckets
    claims: Annotated[list[Claim], Meta(max_length=100)]
    final: bool = False
    more: bool = False
    total: Hash = 0
    span: Span | None = None


class Haves(Message, tag=10, frozen=True):
    """Lists parts of the sender's version vector, and asks for the entries that it lacks.

    The receiver sends those entries as a `Delta`. Unless this message is final, the receiver also
    asks, with a final one, for entries that it lacks itself.

    Attributes:
        buckets: what versions before spans used; empty.
        haves: what the sender has, by owner.
        final: whether the receiver must not ask in turn.
        span: the sender has nothing but what is listed of the owners in it.
        told: by place in the list, up to which version the receiver has told all that it has of an
            owner, in pieces. It may go on from there.
    """

    buckets: Buckets
    haves: Annotated[list[Have], Meta(max_length=100)]
    final: bool = False
    span: Span | None = None
    told: Annotated[dict[Place, Version], Meta(max_length=100)] = {}


class Delta(Message, tag=11, frozen=True):
    """Brings counter entries that the receiver lacked. Sent in answer to `Haves`.

    Attributes:
        groups: the entries by owner.
        more: whether not all entries were sent.
        total: the hash of the sender's version vector. The receiver goes on if the entries were
            news and its own hash is another one afterwards. If 0, the receiver does not go on,
            because the sender will, or because another datagram of the same answer follows.
        span: what the answer leaves out.
        cut: if the last group is not all that the sender has after its `since`, the version up to
            which the sender has everything of that owner; else None.
    """

    groups: Annotated[list[Group], Meta(max_length=100)]
    more: bool = False
    total: Hash = 0
    span: Span | None = None
    cut: Version | None = None


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


class Content(Message, tag=14, gc=False, frozen=True):
    """Brings the hash of some entries of one owner, and asks for nothing if the receiver agrees.

    Sent by the sweep, now and then, to a random peer. A receiver that has the same version but
    another hash merges anew with the sender.

    Attributes:
        owner: the owner.
        version: the version up to which the sender has everything; it has nothing beyond it.
        digest: the hash of the first entries after `since`.
    """

    owner: Owner
    version: Version
    digest: Hash
    since: Version = 0


class Beacon(Message, tag=15, gc=False, frozen=True):
    """Looks for nodes of the sender's cluster. Sent by broadcast, and in answer to one.

    Attributes:
        answers: whether this answers a beacon, beside a ping to its sender.
        padding: makes a broadcast beacon so large that no answer to it is larger.
    """

    answers: bool = False
    padding: Annotated[bytes, Meta(max_length=256)] = b""


class Clock(Message, tag=16, gc=False, frozen=True):
    """Tells the sender's wall clock, in milliseconds since 1970, as two nodes meet.

    If it `asks`, the receiver is to tell its own in return.
    """

    wall_ms: Number
    asks: bool = False


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


KINDS: Final[dict[type, str]] = {
    kind: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    for kind in Message.__subclasses__()
}
"""The names of all messages, such as `ping_req`, under which their datagrams are counted."""
