"""What all parts of a node share: its settings, clock, timers, randomness, and the way out.

Parts append effects here; `Node` hands them to the driver at the end of each input.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .config import Identity, ProtocolConfig
from .effects import Effect, Notify, Transmit
from .events import Event
from .membership.piggyback import PiggybackQueue, transmit_limit
from .membership.table import Address, Member, MemberTable
from .statistics import Statistics, Traffic
from .timers import TimerQueue
from .wire.codec import FRAME_BYTES, Codec, frame
from .wire.messages import ALIVE, DEAD, KINDS, LEFT, SUSPECT, Claim, Claims, Message, Sender

_CLAIMS_BYTES = FRAME_BYTES + 8
_SAME_EVENT = 60.0


class Outbox:
    """Settings, clock, timers and effects of one node.

    Attributes:
        now: time of the present input.
        generation: of this process.
        dirty: called whenever there is news to gossip.
    """

    def __init__(
        self, config: ProtocolConfig, identity: Identity, generation: int, rng: Random, now: float
    ) -> None:
        self.config = config
        self.identity = identity
        self.generation = generation
        self.rng = rng
        self.now = now
        self.timers = TimerQueue()
        self.statistics = Statistics()
        self.effects: list[Effect] = []
        self.queue = PiggybackQueue()
        self.codec = Codec(config.cluster)
        own = Claim(identity.node_id, generation, 0, ALIVE)
        self.table = MemberTable(own, config.cluster.encode(), rng, now)
        self.dirty: Callable[[], None] = _nothing
        self._last_notified: dict[str, float] = {}
        self.introduce()

    def introduce(self) -> None:
        """Makes the `Sender` frame anew, after generation or incarnation changed."""
        own = self.table.own
        self.sender = frame(Sender(own.id, own.generation, own.incarnation, self.identity.nonce))
        self.room = self.config.max_datagram_bytes - self.codec.overhead - len(self.sender)

    def notify(self, event: Event) -> None:
        """Reports an event."""
        self.effects.append(Notify(event))

    def notify_seldom(self, key: str, event: Event) -> None:
        """Reports an event at most once a minute for each key: a packet can cause it."""
        last = self._last_notified.get(key)
        if last is None or self.now - last >= _SAME_EVENT:
            if len(self._last_notified) > 1000:
                self._last_notified.clear()
            self._last_notified[key] = self.now
            self.notify(event)

    def reject(self, reason: str) -> None:
        """Counts something that was refused."""
        rejected = self.statistics.rejected
        rejected[reason] = rejected.get(reason, 0) + 1

    def datagram(self, *messages: Message) -> bytes:
        """One datagram, to be sent by `transmit`."""
        return self.codec.datagram([self.sender, *map(frame, messages)])

    def transmit(self, data: bytes, to: Address, kind: str) -> None:
        """Sends bytes made by `datagram`, counted under `kind`; a removed peer gets nothing."""
        if to in self.table.hidden:
            return
        count_traffic(self.statistics.sent, kind, len(data))
        self.effects.append(Transmit(data, to))

    def send(self, to: Address, *messages: Message) -> None:
        """Sends messages in one datagram, and nothing else in it."""
        self.transmit(self.datagram(*messages), to, KINDS[type(messages[0])])

    def send_news(self, to: Address, row: Member | None, *messages: Message) -> bool:
        """Sends messages to a member with as much news as fits, and with what is said of itself.

        A member that this node holds for suspect, dead or left is told so in every datagram, so
        that it can refute at once (Lifeguard's buddy system, section IV.C). False if there was
        nothing to send.
        """
        frames = [self.sender, *map(frame, messages)]
        claims = self._claims_for(row, self.room - sum(map(len, frames[1:])) - _CLAIMS_BYTES)
        if claims:
            frames.append(frame(Claims(claims)))
        if len(frames) == 1:
            return False
        kind = KINDS[type(messages[0])] if messages else "claims"
        self.transmit(self.codec.datagram(frames), to, kind)
        return True

    def _claims_for(self, row: Member | None, budget: int) -> list[Claim]:
        told: list[Claim] = []
        gone = row is not None and row.state in (DEAD, LEFT)
        if row is not None and (gone or (row.state == SUSPECT and self.config.buddy)):
            told.append(row.claim())
            budget -= 2 * len(row.id) + 32
        if self.queue:
            limit = transmit_limit(self.config.retransmit_mult, self.table.size())
            # Without the buddy system a suspect hears of it as anybody does, when chance has it.
            besides = row.id if row is not None and (told or self.config.buddy) else ""
            # Raw parts encode in place of the claims that they are.
            told += self.queue.take(budget, limit, besides)  # type: ignore[arg-type]
        return told


def count_traffic(traffic: dict[str, Traffic], kind: str, size: int) -> None:
    """Adds one datagram of `size` bytes."""
    counted = traffic.get(kind)
    if counted is None:
        counted = traffic[kind] = Traffic()
    counted.datagrams += 1
    counted.bytes += size


def _nothing() -> None:
    """Until gossip is set up, news waits."""
