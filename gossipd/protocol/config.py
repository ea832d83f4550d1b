"""Every setting of the protocol as one immutable value, with three presets.

Durations are float seconds, sizes end in `_bytes`, shares in `_ratio`.
"""

from __future__ import annotations

import attrs
from attrs.validators import ge, gt, in_

PROFILES = ("lan", "wan", "local")
ACK_LEVELS = ("all", "majority", "one", "local")

_positive = gt(0.0)


@attrs.frozen(kw_only=True)
class ProtocolConfig:
    """Settings of one node. All nodes of a cluster should run with the same ones.

    Raises ValueError for a value out of its bounds.

    Attributes:
        cluster: the cluster's name; datagrams of other names are rejected. 1 to 64 characters.
        probe_interval: one probe is made per interval (SWIM's protocol period T'). Raising it makes
            detection slower and idle traffic smaller in proportion.
        probe_timeout: longest wait for a direct ack before indirect probes go out, and the longest
            time that a write waits for a silent peer.
        probe_timeout_min: lower bound when `rtt_timeouts` shortens that wait to the measured
            round trip.
        indirect_probes: relays asked per failed ping (SWIM's k).
        suspicion_mult: alpha of Lifeguard's suspicion time-out, alpha * max(1, log10(n)) *
            probe_interval.
        suspicion_max_mult: beta, how many times longer a suspicion lasts that nobody confirms.
        suspicion_confirmations: K, independent confirmations that shrink it to its minimum.
        awareness_max: upper bound of the local health score (Lifeguard's S).
        gossip_interval: time between gossip rounds while there is something to say.
        fanout: peers per gossip round.
        retransmit_mult: lambda, a claim is sent lambda * ceil(log10(n + 1)) times by each node.
        local_health, dynamic_suspicion, buddy, nacks: the four parts of Lifeguard.
        second_ping, rtt_timeouts, pause_compensation: additions of gossipd: a second direct ping in
            place of a TCP fallback, time-outs by measured round trip, deadlines extended by pauses.
        pause_tolerance: a wake-up later than this is a pause of this process.
        pause_credit: lateness forgiven before a process that is always late no longer is; it grows
            back by one second a second on time.
        dead_retry: time between tries of one dead or left member.
        seed_retry: time between tries of a configured seed that is no live member.
        register_timeout: a registered address that is silent for this long is dropped.
        leave_grace: longest time that a graceful leave takes.
        push_retry_min, push_retry_max: bounds of the time before an unconfirmed push is sent again.
        sweep_interval: time between two comparisons of an owner's content with a peer's.
        direct_push_limit: members up to which a write goes directly to all, and is answered by
            `all` unless one chooses otherwise.
        max_datagram_bytes: UDP payload; leaves room for tunnels below an MTU of 1,500.
        member_limit: rows in the member table; beyond it new members are refused.
        register_limit: registered addresses that have not answered yet.
        discovery: whether nodes are looked for by broadcast: beacons are sent, and answered.
        beacon_interval_min, beacon_interval: time between two beacons, which doubles from the one
            to the other.
        beacon_interval_alone: longest such time while no other member is alive.
        beacon_answers: how many nodes answer a beacon that they all hear, as an average; fewer
            nodes all do.
        beacon_limit: beacons that one node answers in a second, whoever sends them.
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
    buddy: bool = True
    nacks: bool = True
    second_ping: bool = True
    rtt_timeouts: bool = True
    pause_compensation: bool = True
    pause_tolerance: float = attrs.field(default=0.1, validator=_positive)
    pause_credit: float = attrs.field(default=300.0, validator=ge(0.0))
    dead_retry: float = attrs.field(default=2.0, validator=_positive)
    seed_retry: float = attrs.field(default=10.0, validator=_positive)
    register_timeout: float = attrs.field(default=5.0, validator=_positive)
    leave_grace: float = attrs.field(default=1.5, validator=_positive)
    push_retry_min: float = attrs.field(default=0.02, validator=_positive)
    push_retry_max: float = attrs.field(default=1.0, validator=_positive)
    sweep_interval: float = attrs.field(default=60.0, validator=_positive)
    direct_push_limit: int = attrs.field(default=64, validator=ge(1))
    max_datagram_bytes: int = attrs.field(default=1400, validator=ge(1000))
    member_limit: int = attrs.field(default=2**17, validator=ge(2))
    register_limit: int = attrs.field(default=64, validator=ge(1))
    discovery: bool = False
    beacon_interval_min: float = attrs.field(default=0.25, validator=_positive)
    beacon_interval: float = attrs.field(default=30.0, validator=_positive)
    beacon_interval_alone: float = attrs.field(default=5.0, validator=_positive)
    beacon_answers: int = attrs.field(default=8, validator=ge(1))
    beacon_limit: int = attrs.field(default=20, validator=ge(1))
    ack: str | None = attrs.field(default=None, validator=in_((None, *ACK_LEVELS)))

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.cluster.encode()) <= 64:
            raise ValueError("cluster: must have 1 to 64 bytes")
        if self.probe_timeout >= self.probe_interval:
            raise ValueError("probe_timeout: must be shorter than probe_interval")
        if self.probe_timeout_min > self.probe_timeout:
            raise ValueError("probe_timeout_min: must not exceed probe_timeout")

    @classmethod
    def profile(cls, name: str, **changes: object) -> ProtocolConfig:
        """The preset `name`, lan, wan or local, with single settings changed.

        Raises ValueError for an unknown name and TypeError for an unknown setting.
        """
        if name not in PROFILES:
            raise ValueError(f"profile: {name!r} is none of {', '.join(PROFILES)}")
        return cls(**{**_PRESETS[name], **changes})  # type: ignore[arg-type]


# lan: memberlist's LAN intervals, with alpha 3 in place of 4 (the second ping and nacks pay for
# it). wan: memberlist's WAN values. local: one machine, where a round trip is far below a
# millisecond.
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
    """Who this process is.

    Attributes:
        node_id: the advertised `host:port`, canonical.
        nonce: random, below 2**32; tells two processes apart that use one id.
        wall_ms: wall clock at start in milliseconds since 1970; the generation is at least this.
    """

    node_id: str
    nonce: int
    wall_ms: int
