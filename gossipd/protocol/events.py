"""The events that a node reports for the log: one small value for each thing worth a line."""

from __future__ import annotations

import attrs


@attrs.frozen
class MemberJoined:
    """A member is alive that was not known, or that has started anew.

    Attributes:
        member: the id of the member; so in all events.
        generation: the generation of its process.
        previous: the generation that this one replaces, or None for an id not known before.
    """

    member: str
    generation: int
    previous: int | None


@attrs.frozen
class MemberSuspect:
    """A member is suspected of being dead.

    Attributes:
        accuser: the id of the first node to say so.
        evidence: what that node has for it, as in `MemberDead`.
    """

    member: str
    accuser: str
    evidence: str = "silence"


@attrs.frozen
class MemberRecovered:
    """A suspect, dead or left member is alive under the same generation; `was` is its old state."""

    member: str
    was: str


@attrs.frozen
class MemberDead:
    """A member was declared dead.

    Attributes:
        accuser: the id of the node that did so, maybe this one.
        evidence: `silence`, or `refused` if its machine refused the pings of several nodes.
    """

    member: str
    accuser: str
    evidence: str = "silence"


@attrs.frozen
class MemberLeft:
    """A member told the cluster that it left."""

    member: str


@attrs.frozen
class MemberForgotten:
    """A member that was dead or left for long enough is forgotten, here and in the cluster."""

    member: str


@attrs.frozen
class MemberTags:
    """A live member has other tags than before, or any at all; `tags` is their text."""

    member: str
    tags: str


@attrs.frozen
class ClusterFound:
    """Discovery by broadcast led to `member`, the first one found of this cluster."""

    cluster: str
    member: str


@attrs.frozen
class IdChanged:
    """This node moved to another address, so that its id changed from `previous` to `node_id`."""

    node_id: str
    previous: str


@attrs.frozen
class Refuted:
    """This node contradicted a claim about itself.

    Attributes:
        incarnation: its incarnation, which it raised for that.
        claimed: the state that the claim gave it, or `tags` if it gave it others.
    """

    incarnation: int
    claimed: str


@attrs.frozen
class RegisteredPeerSilent:
    """A registered name did not answer in time, and is no longer listed."""

    name: str


@attrs.frozen
class SeedNotJoined:
    """A seed has not led to a member; `reason` says why, as far as this node knows.

    Reported once this node has had no member for 5 s, or if the reason will not pass; then again
    with another reason, and the same one every 10 minutes at most.
    """

    seed: str
    reason: str


@attrs.frozen
class IdConflict:
    """A second process uses this node's id, from `source`. Reported once a minute at most."""

    member: str
    source: str


@attrs.frozen
class ForeignDatagram:
    """A node of another cluster or wire version contacted this one, or was contacted by it.

    Reported once a minute at most, for each contact and for all strangers together. A seed is
    reported as `SeedNotJoined`.

    Attributes:
        source: the address of that node, as `host:port`.
        ours: this node's cluster or version.
        theirs: that node's cluster or version.
    """

    source: str
    ours: str
    theirs: str


@attrs.frozen
class OtherCluster:
    """A node of another cluster of the same name is at an address that was contacted, or asks.

    The two are kept apart. Reported once a minute at most. A seed is reported as `SeedNotJoined`.

    Attributes:
        source: the address of that node, as `host:port`.
        ours: the id of this node's cluster.
        theirs: the id of that node's cluster.
        mend: what makes them one cluster, if that is wanted.
    """

    source: str
    ours: str
    theirs: str
    mend: str = "nothing is needed to keep them apart; --join or /register makes them one"


@attrs.frozen
class ClustersMerged:
    """This node's cluster became one with another that has counted as well: somebody asked for it.

    Attributes:
        source: the address of the node of the other cluster, as `host:port`.
        ours: the id of this node's cluster.
        theirs: the id of the other cluster.
        our_count: the value of the counter here.
        their_count: the value of the counter there.
    """

    source: str
    ours: str
    theirs: str
    our_count: int
    their_count: int


@attrs.frozen
class AddressSilent:
    """A node is no member, since it does not answer at the address that it advertises.

    Reported once a minute at most. A seed is reported as `SeedNotJoined`.

    Attributes:
        source: the `host:port` from which the node reaches this one.
        reason: the same in words, with what to check.
    """

    member: str
    source: str
    reason: str


@attrs.frozen
class OwnAddressSilent:
    """The node `member` gets no answer from the address that this node advertises.

    So this node is no member there. Reported once a minute at most. A seed is reported as
    `SeedNotJoined`.

    Attributes:
        source: the `host:port` from which this node reaches the other one.
        reason: the same in words, with what to check.
    """

    member: str
    source: str
    reason: str


@attrs.frozen
class ClockDiffers:
    """The wall clocks of a member and of this node differ by more than a minute.

    Reported as the two meet, once a minute at most for each member.

    Attributes:
        ours_ms: this node's clock, in milliseconds since 1970.
        theirs_ms: the member's clock at the same time.
    """

    member: str
    ours_ms: int
    theirs_ms: int


@attrs.frozen
class MuchBrought:
    """A member brings more that is new than one may at a time, which is not taken for now.

    Attributes:
        member: the id of the member.
        kind: what it brings: members, owners, counters or floors.
    """

    member: str
    kind: str


@attrs.frozen
class SettingsDiffer:
    """A member has other settings than this node, of those that all nodes should have alike.

    Reported as the two meet, once in 10 minutes at most for each member, and once a second.

    Attributes:
        ours: this node's, such as `profile=lan`.
        theirs: the member's.
    """

    member: str
    ours: str
    theirs: str


@attrs.frozen
class OwnerRetired:
    """This process counts on under a new owner id, because a peer has later versions of the old.

    Attributes:
        owner: the old owner id.
        held: the last version that this process has of it.
        reported: the version that the peer has.
    """

    owner: str
    held: int
    reported: int


@attrs.frozen
class OwnerRenewed:
    """This process counts on under a new owner id, because its machine may have been set back.

    `owner` is the old owner id.
    """

    owner: str


@attrs.frozen
class ContentDiffers:
    """A peer has the same versions of `owner` but other entries, which is a bug.

    The entries are merged again. `source` is the address of the peer.
    """

    owner: str
    source: str


@attrs.frozen
class Paused:
    """This process did not run for `seconds`."""

    seconds: float


@attrs.frozen
class LeaveDone:
    """This node's leave is over. Peers that are leaving themselves are not counted.

    Attributes:
        told: how many peers acknowledged it.
        asked: how many peers were told.
        holders: how many of them were seen to have everything that this node has counted.
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
    | MemberForgotten
    | MemberTags
    | ClusterFound
    | IdChanged
    | Refuted
    | RegisteredPeerSilent
    | SeedNotJoined
    | IdConflict
    | ForeignDatagram
    | OtherCluster
    | ClustersMerged
    | AddressSilent
    | OwnAddressSilent
    | ClockDiffers
    | MuchBrought
    | SettingsDiffer
    | OwnerRetired
    | OwnerRenewed
    | ContentDiffers
    | Paused
    | LeaveDone
)
