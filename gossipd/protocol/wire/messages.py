"""The messages of the wire, as bounded array structs.

A datagram is a header and several messages, framed one by one (`codec`). The first one is always
`Sender`. Fields are only ever appended, each with a default, so that versions can talk to each
other; a message of an unknown tag costs only itself.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from msgspec import Meta, Struct

ALIVE: Final = 0
SUSPECT: Final = 1
DEAD: Final = 2
LEFT: Final = 3
STATES: Final = ("alive", "suspect", "dead", "left")

MEMBERS: Final = 0
COUNTERS: Final = 1

Id = Annotated[str, Meta(max_length=270)]
Version = Annotated[int, Meta(ge=0, le=2**53)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Hash = Annotated[int, Meta(ge=0, le=2**63 - 1)]
MemberState = Annotated[int, Meta(ge=0, le=3)]
Owner = Annotated[bytes, Meta(min_length=16, max_length=16)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Buckets = Annotated[bytes, Meta(max_length=32)]
Sum = Annotated[int, Meta(ge=0, lt=2**32)]
Position = Annotated[int, Meta(ge=0, lt=2**60)]


class Claim(Struct, array_like=True, gc=False, frozen=True):
    """A statement about a member: that it is in `state` at (generation, incarnation).

    `accuser` names who suspects or declared dead, so that confirmations can be told apart.
    """

    id: Id
    generation: Version
    incarnation: Version
    state: MemberState
    accuser: Id = ""


class Entry(Struct, array_like=True, gc=False, frozen=True):
    """One slot of a counter as its owner left it at `version`; a count of 0 declares the floor."""

    version: Version
    name: Name
    floor: Count
    count: Count

    @property
    def slot(self) -> tuple[str, int]:
        """The slot's key among those of its owner: the counter's name and the floor.

        All declarations of floors share one key, -1, because an owner's newer one replaces its
        older one.
        """
        return self.name, self.floor if self.count else -1


class Group(Struct, array_like=True, frozen=True):
    """Entries of one owner. Who has everything of it up to `since` has, with these, all up to
    `upto`.
    """

    owner: Owner
    since: Version
    upto: Version
    entries: Annotated[list[Entry], Meta(max_length=500)]


class Have(Struct, array_like=True, gc=False, frozen=True):
    """The sender has everything of `owner` up to `version`, and something up to `newest` if it says
    so.
    """

    owner: Owner
    version: Version
    newest: Version = 0


class Span(Struct, array_like=True, gc=False, frozen=True):
    """A range of positions in a table, from `first` to `last`, both included.

    Up to `window` datagrams may answer what is said of it.
    """

    first: Position
    last: Position
    window: Annotated[int, Meta(ge=1, le=255)] = 1


class Message(Struct, array_like=True, frozen=True):
    """What a frame of a datagram holds: one of the subclasses below, told apart by their tags.

    A new message is a new subclass with the next free tag. The part that handles it says so in its
    `handlers`.
    """


class Sender(Message, tag=0, gc=False, frozen=True):
    """Who sends: its alive claim, and the nonce of its process."""

    id: Id
    generation: Version
    incarnation: Version
    nonce: Annotated[int, Meta(ge=0, lt=2**32)]


class Ping(Message, tag=1, gc=False, frozen=True):
    """Asks for an ack with the same number. `target` is empty where only the address is known.

    `members` and `counters` are the gates: hashes of the sender's table and version vector.
    """

    number: Number
    target: Id = ""
    members: Hash = 0
    counters: Hash = 0
    padding: Annotated[bytes, Meta(max_length=64)] = b""


class PingReq(Message, tag=2, gc=False, frozen=True):
    """Asks a relay to ping `target` and to pass its ack on, or to nack."""

    number: Number
    target: Id


class Ack(Message, tag=3, gc=False, frozen=True):
    """Answers a ping. A challenge that is not 0 asks for an ack with that number in turn.

    It is padded then, so that the ack in turn is no larger even if its sender's id is longer.
    """

    number: Number
    members: Hash = 0
    counters: Hash = 0
    challenge: Number = 0
    padding: Annotated[bytes, Meta(max_length=64)] = b""


class Nack(Message, tag=4, gc=False, frozen=True):
    """The relay is there, but has no ack of the target, which it pinged in vain if `tried`."""

    number: Number
    tried: bool = False


class Claims(Message, tag=5, frozen=True):
    """Gossip: news about members."""

    claims: Annotated[list[Claim], Meta(max_length=100)]


class Push(Message, tag=6, frozen=True):
    """An owner's present slots, to be confirmed with the same number."""

    number: Number
    group: Group


class Confirm(Message, tag=7, gc=False, frozen=True):
    """Answers a push: the sender now has everything of `owner` up to `version`."""

    number: Number
    owner: Owner
    version: Version


class Sums(Message, tag=8, frozen=True):
    """Sixteen partial sums of a table's hash: those of the parts of `prefix`.

    `prefix` is a part as `fingerprint.part_range` takes it. The lower 32 bits of a sum are enough
    to tell where two tables differ, once their totals told that they do.
    """

    table: Annotated[int, Meta(ge=0, le=1)]
    prefix: Annotated[int, Meta(ge=-1, lt=2**61)]
    sums: Annotated[list[Sum], Meta(min_length=16, max_length=16)]


class Rows(Message, tag=9, frozen=True):
    """Member rows: a list that asks for what differs, or, if `final`, the answer to one.

    A list has all rows that the sender has in `span`.

    The last datagram of an answer carries the hash of the sender's table, so that the receiver goes
    on at once if that is not its own. `more` says that the list was news to the sender; `span` is
    what the answer leaves out. `buckets` is what versions before spans used; it is left empty.
    """

    buckets: Buckets
    claims: Annotated[list[Claim], Meta(max_length=100)]
    final: bool = False
    more: bool = False
    total: Hash = 0
    span: Span | None = None


class Haves(Message, tag=10, frozen=True):
    """Parts of the sender's version vector; asks for what it lacks.

    Of owners in `span` the sender has nothing but what is listed. `buckets` is what versions before
    spans used; it is left empty.
    """

    buckets: Buckets
    haves: Annotated[list[Have], Meta(max_length=100)]
    final: bool = False
    span: Span | None = None


class Delta(Message, tag=11, frozen=True):
    """Counter entries that the receiver lacked; `more` says that not all of them were sent.

    `total` is the hash of the sender's vector, so that the receiver goes on once it has taken news
    over, if that is not its own by then; 0 leaves it to the sender, or to the datagram after this
    one, to go on. `span` is what the answer leaves out.
    """

    groups: Annotated[list[Group], Meta(max_length=100)]
    more: bool = False
    total: Hash = 0
    span: Span | None = None


class Spread(Message, tag=12, frozen=True):
    """A push that the receiver is to pass on to the members of `branch`."""

    number: Number
    group: Group
    branch: Annotated[list[Id], Meta(max_length=100)]


class SpreadDone(Message, tag=13, frozen=True):
    """The branch of a spread has it, but for those that are missing."""

    number: Number
    owner: Owner
    version: Version
    missing: Annotated[list[Id], Meta(max_length=100)]


class Content(Message, tag=14, gc=False, frozen=True):
    """The hash of all entries of `owner`, of which the sender has everything up to `version`."""

    owner: Owner
    version: Version
    digest: Hash


class Beacon(Message, tag=15, gc=False, frozen=True):
    """The sender looks for nodes of its cluster, or `answers` one that does.

    It is padded, so that no answer to it is larger.
    """

    answers: bool = False
    padding: Annotated[bytes, Meta(max_length=256)] = b""


KINDS: Final[dict[type, str]] = {
    kind: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    for kind in Message.__subclasses__()
}
"""Every message by the name under which its datagrams are counted, such as `ping_req`."""
