"""A node among peers that do only what a test makes them do."""

from __future__ import annotations

from typing import Any

from gossipd.protocol import Node, ProtocolConfig, Transmit
from gossipd.protocol.wire import Message, Nack, Ping, PingReq
from tests.protocol.conversation import (
    Conversation,
    address,
    datagram,
    make_node,
    node_id,
    opened,
    sender,
    sent,
)


class Prober:
    """Node 1 of a few, whose peers do only what a test makes them do."""

    def __init__(self, peers: int = 4, **changes: Any) -> None:
        config = ProtocolConfig.profile("lan", **changes)
        self.node: Node = make_node(1, config)
        self.talk = Conversation(self.node, *(make_node(n, config) for n in range(2, 2 + peers)))
        self.talk.meet()
        self.now = 0.0
        self._out: list[Transmit] = []
        self.node.start(self.now)
        self.talk.nodes.clear()

    def hear(self, number: int, *messages: Message) -> list[Any]:
        """Hands the node a datagram of the peer of that number, and returns the effects."""
        data = datagram(sender(number), *messages)
        return self._noted(self.node.handle_datagram(data, address(number), self.now))

    def until(self, kind: type[Message]) -> list[tuple[tuple[str, int], Message]]:
        """Fires timers until a message of this kind is sent. Returns all that was sent with it."""
        for _ in range(200):
            out = sent(self._noted(self.node.handle_timeout(self._next())))
            if any(isinstance(message, kind) for _, message in out):
                return out
        raise AssertionError(f"no {kind.__name__} was sent")

    def probe(self) -> tuple[int, Ping]:
        """Waits for the next probe. Returns the number of its target, and the ping."""
        for to, message in self.until(Ping):
            if isinstance(message, Ping) and message.target:
                return _number(to), message
        return self.probe()

    def state(self, number: int) -> str:
        """Returns the state that a peer has in the node's table."""
        return next(view.state for view in self.node.members() if view.id == node_id(number))

    def fail(self) -> tuple[int, Ping, list[int]]:
        """Lets a probe go on until relays are asked. Returns target, ping and relays."""
        target, ping = self.probe()
        out = self.until(PingReq)
        relays = [_number(to) for to, m in out if isinstance(m, PingReq)]
        return target, ping, relays

    def pass_interval(self) -> None:
        """Lets time pass until a probe is over whose relays are being asked now."""
        ended = sum(self.outcomes.values())
        for _ in range(200):
            if sum(self.outcomes.values()) > ended:
                return
            self._noted(self.node.handle_timeout(self._next()))
        raise AssertionError("no probe ends")

    def _next(self) -> float:
        due = self.node.next_timeout()
        assert due is not None
        self.now = due
        return due

    # Refusals

    def datagram_to(self, number: int) -> bytes:
        """Returns the last datagram that went to a peer."""
        return next(each.data for each in self._out[::-1] if each.to == address(number))

    def refuse(self, number: int) -> list[Any]:
        """Lets the machine of a peer refuse the last datagram to it, and returns the effects."""
        quoted = self.datagram_to(number)
        return self._noted(self.node.handle_refused(quoted, address(number), self.now))

    def relays_of(self, effects: list[Any]) -> list[int]:
        """Returns the numbers of the relays that these effects ask."""
        return [_number(to) for to, m in sent(effects) if isinstance(m, PingReq)]

    def nack(self, relays: list[int], ping: int) -> list[Any]:
        """Lets relays say that they were refused, and returns the effects of all that."""
        refused = Nack(ping, tried=True, refused=True)
        return [effect for relay in relays for effect in self.hear(relay, refused)]

    def look(self, target: int, relays: int) -> list[Any]:
        """Lets the target's machine refuse the last ping, and those of so many relays."""
        effects = self.refuse(target)
        asked = [
            (_number(each.to), m.number)
            for each in self._out
            for m in opened(each.data)
            if isinstance(m, PingReq)
        ]
        last = asked[-1][1] if asked else 0
        for relay in [number for number, ping in asked if ping == last][:relays]:
            effects += self.nack([relay], last)
        return effects

    @property
    def outcomes(self) -> dict[str, int]:
        """Returns how many probes ended, by outcome."""
        return self.node.statistics().probes

    def _noted(self, effects: list[Any]) -> list[Any]:
        self._out += [effect for effect in effects if isinstance(effect, Transmit)]
        return effects


def _number(to: tuple[str, int]) -> int:
    return int(to[0].rpartition(".")[2])
