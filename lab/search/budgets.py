"""Judges what a history costs: sizes of datagrams, storms, and the traffic when all is quiet."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import attrs

from gossipd.protocol import (
    Ack,
    Address,
    Beacon,
    Codec,
    Content,
    Message,
    Ping,
    ProtocolConfig,
    frame,
)
from gossipd.sim.world import Host, World

from .findings import Checker, Finding

IDLE_BYTES = 64
"""What an exchange of two nodes that agree may take beyond a bare ping and ack."""

STORM = 1000
"""Datagrams that one node may not send in a second.

A node that was paused answers up to 256 datagrams at once, some of them by more than one.
"""

# A run ends with an error at so many datagrams of one node in a second: where datagrams take no
# time, a storm of replies would last for ever within one instant.
_ENDLESS = 20_000

# What a quiet node may keep: a few timers of its own, and for each member those of a ping, a push
# and a seed; for a suspect, as whoever removed this node is, those of the suspicion, a look of
# one's own and a word to it; pings that were not answered; relays of pings that are late.
_TIMERS = 12
_TIMERS_A_ROW = 3
_TIMERS_A_SUSPECT = 3
_PINGS = 4096
_RELAYS = 3
_FORGOTTEN = 256


@attrs.define
class _Second:
    number: int = -1
    sent: int = 0


class Budgets(Checker):
    """Watches every datagram of a world, from its making on.

    Args:
        bursting: ids of nodes whose storms are not their own doing.
    """

    def __init__(
        self, world: World, config: ProtocolConfig, bursting: Collection[str] = ()
    ) -> None:
        super().__init__(world)
        self._bursting = [world.host(node).address for node in bursting]
        self._codec = Codec(config.cluster)
        self._addresses = {host.address: None for host in world.hosts.values()}
        self._seconds: dict[Address, _Second] = {}
        self._largest = config.max_datagram_bytes
        self._busy: list[Finding] | None = None
        self._sent: dict[type, int] = {Ping: 0, Ack: 0, Content: 0}
        self._sweep_intervals = config.sweep_interval / config.probe_interval
        self._idle_bytes = {Ping: 0, Ack: 0}
        world.network.observers.append(self._on_sent)

    def listen(self) -> list[Finding]:
        """Returns a list that takes all traffic which is not idle, until the next call."""
        self._busy = []
        self._sent = {Ping: 0, Ack: 0, Content: 0}
        self._idle_bytes = {Ping: 0, Ack: 0}
        return self._busy

    def _on_sent(self, time: float, source: Address, to: Address, data: bytes, _: int) -> None:
        if len(data) > self._largest:
            self._largest = len(data)
            self._find("too large", f"{source[0]} sent a datagram of {len(data)} bytes")
        second = self._seconds.get(source)
        if second is None:
            second = self._seconds[source] = _Second()
        if second.number != int(time):
            second.number, second.sent = int(time), 0
        second.sent += 1
        if second.sent == STORM and source not in self._bursting:
            self._find("storm", f"{source[0]} sent {STORM} datagrams in a second")
        if second.sent >= _ENDLESS:
            raise RuntimeError(f"{source[0]} does not stop sending")
        if self._busy is not None:
            self._busy += self._not_idle(source, to, data)

    def _not_idle(self, source: Address, to: Address, data: bytes) -> list[Finding]:
        _, messages, _ = self._codec.decode(data)
        if [type(message) for message in messages] == [Beacon]:
            return []
        kinds = [type(message).__name__ for message in messages]
        if to not in self._addresses and kinds == ["Ping", "Claims"]:
            # A member that died before the history: it is tried now and then, as the dead are.
            self._sent[Ping] += 1
            return []
        if kinds not in (["Ping"], ["Ack"], ["Content"]):
            text = f"at {self._world.now:.3f} s {source[0]} sent {', '.join(kinds)} to {to[0]}"
            return [Finding("not quiet", text)]
        kind = type(messages[0])
        self._sent[kind] += 1
        if kind is not Content:
            extra = len(frame(messages[0])) - len(frame(_bare(messages[0])))
            self._idle_bytes[kind] = max(self._idle_bytes[kind], extra)
        idle = sum(self._idle_bytes.values())
        return [Finding("idle bytes", f"{idle} in one exchange")] if idle > IDLE_BYTES else []

    def too_much(self, nodes: int, intervals: int) -> list[Finding]:
        """Returns findings if so many nodes sent more than idle ones do since `listen`.

        On average each node pings one member in an interval and is pinged by one.
        """
        most = 3 * nodes * (intervals + 1)
        sweeps = nodes * (intervals / self._sweep_intervals + 1)
        found = []
        if self._sent[Ping] + self._sent[Ack] > most:
            text = f"{self._sent[Ping]} pings, {self._sent[Ack]} acks in {intervals} intervals"
            found.append(Finding("not quiet", text))
        if self._sent[Content] > sweeps:
            text = f"{self._sent[Content]} sweeps in {intervals} intervals"
            found.append(Finding("not quiet", text))
        return found

    def judge(self, hosts: Iterable[Host]) -> list[Finding]:
        """Returns findings if these nodes, which have been quiet for a while, keep too much."""
        found = []
        for host in hosts:
            waiting = host.running().statistics().waiting
            states = [row.state for row in host.running().members()]
            rows, suspects = len(states), states.count("suspect")
            most = {
                "timers": _TIMERS + _TIMERS_A_ROW * rows + _TIMERS_A_SUSPECT * suspects,
                "pings": _PINGS,
                # A node that is alone has nobody to tell, not even whom it forgot.
                "claims": rows + waiting["forgotten"],
                "answers": 0,
                "writes": 0,
                "relays": _RELAYS,
                "addresses": rows,
                "forgotten": _FORGOTTEN,
            }
            for kind, number in waiting.items():
                if number > most[kind]:
                    found.append(Finding("kept", f"{host.id} keeps {number} {kind}"))
        return found


def _bare(message: Message) -> Message:
    """Returns a ping or ack with only the fields that it cannot be without."""
    if isinstance(message, Ping):
        return Ping(message.number, message.target)
    assert isinstance(message, Ack)
    return Ack(message.number)
