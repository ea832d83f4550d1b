"""What a node reports for the log: a small value for each thing worth a line to an operator."""

from __future__ import annotations

import attrs


@attrs.frozen
class MemberJoined:
    """A member is alive for the first time, or again under a new generation.

    Attributes:
        previous: the generation that this one replaces, or None for an id not known before.
    """

    member: str
    generation: int
    previous: int | None


@attrs.frozen
class MemberSuspect:
    """A member is suspected of being dead; `accuser` said so first."""

    member: str
    accuser: str


@attrs.frozen
class MemberRecovered:
    """A suspect or dead member is alive, under the same generation."""

    member: str
    was: str


@attrs.frozen
class MemberDead:
    """A member was declared dead, by this node or by `accuser`."""

    member: str
    accuser: str


@attrs.frozen
class MemberLeft:
    """A member said that it leaves."""

    member: str


@attrs.frozen
class ClusterFound:
    """Discovery led to a first member, `member`, of the cluster of that name."""

    cluster: str
    member: str


@attrs.frozen
class IdChanged:
    """This node has another address, and with it another id."""

    node_id: str
    previous: str


@attrs.frozen
class Refuted:
    """This node was suspected or declared dead and raised its incarnation."""

    incarnation: int
    claimed: str


@attrs.frozen
class RegisteredPeerSilent:
    """An address given to `register` did not answer in time and was dropped."""

    name: str


@attrs.frozen
class IdConflict:
    """Another living process uses this node's id. At most one a minute."""

    member: str
    source: str


@attrs.frozen
class ForeignDatagram:
    """A datagram of another cluster or wire version from a configured contact. At most one a
    minute.
    """

    source: str
    ours: str
    theirs: str


@attrs.frozen
class OwnerRetired:
    """A peer holds more of this process's own counting than the process itself: it counts on under
    a new id.
    """

    owner: str
    held: int
    reported: int


@attrs.frozen
class OwnerRenewed:
    """This process may have been set back with its machine: it counts on under a new id."""

    owner: str


@attrs.frozen
class ContentDiffers:
    """A peer with the same versions has other entries of `owner`: a bug. They are merged again."""

    owner: str
    source: str


@attrs.frozen
class Paused:
    """This process did not run for `seconds`; deadlines were extended by as much."""

    seconds: float


@attrs.frozen
class LeaveDone:
    """`leave` is over: `told` peers out of `asked` acknowledged it.

    Attributes:
        holders: those of them that were seen to have everything that this node had counted.
    """

    told: int
    asked: int
    holders: int = 0


Event = (
    MemberJoined
    | MemberSuspect
    | MemberRecovered
    | MemberDead
    | MemberLeft
    | ClusterFound
    | IdChanged
    | Refuted
    | RegisteredPeerSilent
    | IdConflict
    | ForeignDatagram
    | OwnerRetired
    | OwnerRenewed
    | ContentDiffers
    | Paused
    | LeaveDone
)
