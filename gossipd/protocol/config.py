"""The settings of the protocol as one immutable value, with three presets."""

from __future__ import annotations

import attrs
from attrs.validators import ge, gt, in_, le

from .wire import usable_tags

PROFILES = ("lan", "wan", "local")
ACK_LEVELS = ("all", "majority", "one", "local")

_positive = gt(0.0)


def _usable_tags(_: object, __: object, value: str) -> None:
    if not usable_tags(value):
        raise ValueError(f"tags: {value!r} is not in canonical form")


@attrs.frozen(kw_only=True)
class ProtocolConfig:
    """The settings of one node. All nodes of a cluster should run with the same ones.

    Raises ValueError for a value out of its bounds. All times are in seconds and above 0 unless
    another bound is given. Defaults are those of memberlist's LAN preset where it has such a
    setting, except for `suspicion_mult`; the others were chosen for gossipd.

    Attributes:
        cluster: the cluster's name, of 1 to 64 bytes in UTF-8. Datagrams of other clusters are
            rejected.
        probe_interval: the time between two probes (SWIM's protocol period T'). Raising it makes
            detection slower and idle traffic smaller in proportion.
        probe_timeout: the longest wait for a direct ack before relays are asked, and the longest
            time that a write waits for a silent peer. Below `probe_interval`. Raising it spares
            relays where round trips vary, and leaves them less time to answer.
        probe_timeout_min: the shortest wait to which `rtt_timeouts` may lower `probe_timeout`; at
            most `probe_timeout`. Raising it spares relays if peers are sometimes slow.
        indirect_probes: how many relays are asked if a ping is not acked (SWIM's k); 0 asks none.
            Raising it makes false suspicions rarer and failed probes dearer.
        suspicion_mult: alpha of the suspicion time-out, alpha * probe_interval; without
            `learned_silences` alpha * max(1, log10(n)) * probe_interval (Lifeguard IV.B). Raising
            it makes false deaths rarer and detection slower. The default is 3 and not memberlist's
            4: the second ping and the nacks make up for it.
        suspicion_max_mult: beta, at least 1: without confirmations a suspicion lasts beta times as
            long. Raising it gives a member that only one slow node accuses longer to refute.
        suspicion_confirmations: K, how many confirmations shorten a suspicion to the time-out; 0
            makes every suspicion that short. Raising it asks for more independent accusers. The
            default is Lifeguard's.
        awareness_max: the upper bound of the local health score (Lifeguard's S), at least 1. A node
            that finds itself unhealthy lengthens its time-outs by up to 1 + awareness_max times.
        gossip_interval: the time between two gossip rounds while there are claims to tell. Raising
            it spreads claims more slowly and in fewer datagrams.
        fanout: how many peers a gossip round tells, at least 1. Raising it spreads claims faster.
        retransmit_mult: lambda, at least 1: each node sends a claim lambda * ceil(log10(n + 1))
            times. Raising it makes it rarer that gossip misses a node, at that many more bytes.
        local_health: whether time-outs grow with the local health score (Lifeguard IV.A).
        warned_verdicts: whether the verdicts of others are believed only once the member has been
            suspect here. If not, they are believed at once, as in SWIM 4.2, and a node that was cut
            off makes others dead when it is back.
        dynamic_suspicion: whether confirmations shorten suspicions (Lifeguard IV.B). If not, each
            suspicion lasts the time-out of `suspicion_mult`.
        buddy: whether a suspect is told of its suspicion in each datagram to it (Lifeguard IV.C).
        nacks: whether a relay reports that its target does not answer (Lifeguard IV.A).
        second_ping: whether an unanswered ping is sent again, in place of memberlist's TCP ping.
        rtt_timeouts: whether the wait for an ack follows the measured round trip of the peer.
        refusals: whether a member is dead once its machine refuses the pings of several nodes
            ("port unreachable"), as soon as it has had the time to refute. If not, refusals count
            as silence.
        timetable: whether who probes whom, and when, follows from the wall clock and the members'
            ids, so that each is probed once in each interval. If not, each node probes all members
            in a shuffled order.
        sought_confirmations: whether a relay that tried in vain confirms the suspicion that the
            prober raises. If not, confirmations come by chance.
        learned_silences: whether a suspicion lasts as long as members were seen to be silent and
            yet alive, and alpha intervals at least. If not, it grows with log n.
        verdicts_at_once: whether the first accuser tells its verdict to all at once, beyond 64 in
            two hops. If not, gossip spreads it.
        blames_itself: whether a node of five or more that hears nobody declares no member dead for
            a while.
        own_looks: whether a member that others accuse, or say to have left, is taken for gone only
            after this node has probed it in vain. If not, one member can have any other excluded.
        pause_compensation: whether deadlines are extended by pauses of this process.
        pause_tolerance: the lateness of a wake-up beyond which it is a pause. Raising it passes
            over longer delays of the scheduler.
        pause_credit: the total lateness that is forgiven, at least 0. A process that is always late
            uses it up, and is then judged like any other. It grows back by one second for each
            second in which the process runs on time.
        forget_after: the seconds, 0 for never, after which a dead or left member is forgotten, in
            the whole cluster: the node with the smallest setting decides. Raising it keeps ghosts
            longer in tables and gauges.
        fold_after: the seconds, 0 for never, after which a process takes over what earlier ones on
            its directory counted. Raising it leaves members of before more time to be met.
        forgotten_retry: the mean time between two tries of an address of the forgotten, one each
            time. Raising it lets the sides of a very long partition find each other later.
        dead_retry: the time between two tries of a dead or left member, one member each time.
            Raising it lets the sides of a healed partition find each other later.
        seed_retry: the time between two tries of a seed that is no live member.
        register_timeout: the time after which a registered name that has not answered is dropped.
        leave_grace: the longest time that a graceful leave takes. Raising it gives silent peers
            more time to acknowledge the leave.
        push_retry_min: the shortest time before an unconfirmed push is sent again. Raising it saves
            datagrams that were not lost, and delays those that were.
        push_retry_max: the longest such time, for a peer that does not answer.
        sweep_interval: the time between two comparisons of an owner's content with a peer's.
            Raising it finds a difference under equal versions later, at less idle traffic.
        direct_push_limit: the members, at least 1, up to which a write is sent directly to all, and
            is answered under the ack level `all` if `ack` is None. Raising it makes a write cost
            more datagrams on the node that counts.
        max_datagram_bytes: the largest UDP payload, at least 1,000. The default leaves room for the
            headers of a tunnel in an MTU of 1,500.
        seal_bytes: how many bytes the driver adds to each datagram by sealing it, 0 to 150. They
            are part of `max_datagram_bytes`.
        member_limit: the rows of the member table, at least 2. In a full table a new member takes
            the place of a dead or left one, or is refused.
        max_counters: how many counters beside `default` a client may make at this node, at least 1.
            Those that other nodes made come on top.
        register_limit: how many registered names may be without an answer, at least 1.
        discovery: whether this node sends beacons and answers them.
        beacon_interval_min: the time between the first two beacons; it doubles with each.
        beacon_interval: the time at which it stops growing. Raising it makes beacons rarer.
        beacon_interval_alone: the longest such time while no peer is live.
        beacon_answers: how many nodes answer a beacon that many hear, as an average, at least 1; of
            fewer nodes each answers. With 8, and 30 % of datagrams lost, hardly one beacon in 50 is
            left without an answer that arrives.
        beacon_limit: how many beacons one node answers in a second, at least 1.
        ack: the ack level of a request that names none, one of `ACK_LEVELS`; None leaves it to
            `direct_push_limit`.
        tags: what the node says of its purpose at its start, as `wire.tags_text` makes it.
    """

    cluster: str = attrs.field(default="gossipd")
    probe_interval: float = attrs.field(default=1.0, validator=_positive)
    probe_timeout: float = attrs.field(default=0.5, validator=_positive)
    probe_timeout_min: float = attrs.field(default=0.1, validator=_positive)
    indirect_probes: int = attrs.field(default=3, validator=ge(0))
    suspicion_mult: float = attrs.field(default=3.0, validator=_positive)
    suspicion_max_mult: float = attrs.field(default=6.0, validator=ge(1.0))
    suspicion_confirmations: int = attrs.field(default=3, validator=ge(0))
    awareness_max: int = attrs.field(default=8, validator=ge(1))
    gossip_interval: float = attrs.field(default=0.2, validator=_positive)
    fanout: int = attrs.field(default=3, validator=ge(1))
    retransmit_mult: int = attrs.field(default=4, validator=ge(1))
    local_health: bool = True
    dynamic_suspicion: bool = True
    warned_verdicts: bool = True
    buddy: bool = True
    nacks: bool = True
    second_ping: bool = True
    rtt_timeouts: bool = True
    refusals: bool = True
    timetable: bool = True
    sought_confirmations: bool = True
    learned_silences: bool = True
    verdicts_at_once: bool = True
    blames_itself: bool = True
    own_looks: bool = True
    pause_compensation: bool = True
    pause_tolerance: float = attrs.field(default=0.1, validator=_positive)
    pause_credit: float = attrs.field(default=300.0, validator=ge(0.0))
    forget_after: float = attrs.field(default=72 * 3600.0, validator=ge(0.0))
    fold_after: float = attrs.field(default=60.0, validator=ge(0.0))
    forgotten_retry: float = attrs.field(default=10.0, validator=_positive)
    dead_retry: float = attrs.field(default=2.0, validator=_positive)
    seed_retry: float = attrs.field(default=10.0, validator=_positive)
    register_timeout: float = attrs.field(default=5.0, validator=_positive)
    leave_grace: float = attrs.field(default=1.5, validator=_positive)
    push_retry_min: float = attrs.field(default=0.02, validator=_positive)
    push_retry_max: float = attrs.field(default=1.0, validator=_positive)
    sweep_interval: float = attrs.field(default=60.0, validator=_positive)
    direct_push_limit: int = attrs.field(default=64, validator=ge(1))
    max_datagram_bytes: int = attrs.field(default=1400, validator=ge(1000))
    seal_bytes: int = attrs.field(default=0, validator=[ge(0), le(150)])
    member_limit: int = attrs.field(default=2**17, validator=ge(2))
    max_counters: int = attrs.field(default=100_000, validator=ge(1))
    register_limit: int = attrs.field(default=64, validator=ge(1))
    discovery: bool = False
    beacon_interval_min: float = attrs.field(default=0.25, validator=_positive)
    beacon_interval: float = attrs.field(default=30.0, validator=_positive)
    beacon_interval_alone: float = attrs.field(default=5.0, validator=_positive)
    beacon_answers: int = attrs.field(default=8, validator=ge(1))
    beacon_limit: int = attrs.field(default=20, validator=ge(1))
    ack: str | None = attrs.field(default=None, validator=in_((None, *ACK_LEVELS)))
    tags: str = attrs.field(default="", validator=_usable_tags)

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.cluster.encode()) <= 64:
            raise ValueError("cluster: must have 1 to 64 bytes")
        if self.probe_timeout >= self.probe_interval:
            raise ValueError("probe_timeout: must be shorter than probe_interval")
        if self.probe_timeout_min > self.probe_timeout:
            raise ValueError("probe_timeout_min: must not exceed probe_timeout")

    def common(self) -> str:
        """Returns the settings that all nodes of a cluster should have, as `name=value` in a list.

        They are the profile, or intervals and time-outs that are those of none, and how long
        members are kept that have gone.
        """
        names = dict.fromkeys(name for preset in _PRESETS.values() for name in preset)
        defaults = {name: getattr(attrs.fields(ProtocolConfig), name).default for name in names}
        fitting = (
            f"profile={each}"
            for each in PROFILES
            if all(getattr(self, name) == {**defaults, **_PRESETS[each]}[name] for name in names)
        )
        intervals = ",".join(f"{name}={getattr(self, name):.9g}" for name in names)
        return f"{next(fitting, intervals)},forget_after={self.forget_after:.9g}"

    @classmethod
    def profile(cls, name: str, **changes: object) -> ProtocolConfig:
        """Returns the preset `name`, one of `PROFILES`, with single settings changed.

        Raises ValueError for an unknown name and TypeError for an unknown setting.
        """
        if name not in PROFILES:
            raise ValueError(f"profile: {name!r} is none of {', '.join(PROFILES)}")
        return cls(**{**_PRESETS[name], **changes})  # type: ignore[arg-type]


# What each preset changes of the defaults. lan is the defaults. wan has memberlist's WAN values.
# local is for one machine, where a round trip is far below a millisecond.
_PRESETS: dict[str, dict[str, object]] = {
    "lan": {},
    "wan": {
        "probe_interval": 5.0,
        "probe_timeout": 3.0,
        "probe_timeout_min": 0.5,
        "suspicion_mult": 6.0,
        "gossip_interval": 0.5,
        "fanout": 4,
        "push_retry_min": 0.1,
        "leave_grace": 2.5,
    },
    "local": {"probe_timeout": 0.2, "gossip_interval": 0.1},
}


@attrs.frozen
class Identity:
    """What distinguishes this process from all others.

    Attributes:
        node_id: the advertised `host:port` in canonical form.
        nonce: a random number below 2**32, which tells two processes apart that use one id.
        wall_ms: the wall clock at the start, in milliseconds since 1970. The generation of this
            process is at least this.
        program: the version of the program, whose first 32 characters members show to people.
    """

    node_id: str
    nonce: int
    wall_ms: int
    program: str = ""
