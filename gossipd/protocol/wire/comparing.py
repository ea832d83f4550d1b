"""The messages by which two nodes compare what they have, and bring what the other lacks."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct, field

from .claims import Claim
from .entries import Group, Owner
from .message import Hash, Message, Sum, Version

MEMBERS: Final = 0
COUNTERS: Final = 1

Buckets = Annotated[bytes, Meta(max_length=32)]
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
    told: Annotated[dict[Place, Version], Meta(max_length=100)] = field(default_factory=dict)


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
