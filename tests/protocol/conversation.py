"""Nodes on a hand-driven wire: a test decides what arrives, what is on disk, and the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from typing import TypeVar
from weakref import WeakKeyDictionary

from gossipd.protocol import (
    Address,
    Answer,
    Effect,
    Identity,
    Node,
    Notify,
    Persist,
    ProtocolConfig,
    Resolve,
    State,
    Transmit,
    Write,
    split_node_id,
)
from gossipd.protocol.events import Event
from gossipd.protocol.wire import Codec, Message, Sender, frame

WALL_MS = 1_700_000_000_000

Kind = TypeVar("Kind")
_IDS: WeakKeyDictionary[Node, str] = WeakKeyDictionary()


def node_id(number: int) -> str:
    """Returns the id of the node of that number, 1 to 250."""
    return f"10.0.0.{number}:8088"


def address(number: int) -> Address:
    """Returns the address of the node of that number."""
    return split_node_id(node_id(number))


def make_node(
    number: int = 1,
    config: ProtocolConfig | None = None,
    *,
    state: State | None = None,
    wall_ms: int = WALL_MS,
    nonce: int | None = None,
    now: float = 0.0,
    program: str = "",
) -> Node:
    """Returns a node of that number, whose randomness follows from the arguments."""
    nonce_or_default = 1000 + number if nonce is None else nonce
    identity = Identity(node_id(number), nonce_or_default, wall_ms, program)
    node = Node(
        config or ProtocolConfig(),
        identity,
        state=state,
        rng=Random(f"{number} {nonce} {wall_ms}"),
        now=now,
    )
    _IDS[node] = identity.node_id
    return node


def datagram(sender: Sender, *messages: Message, cluster: str = ProtocolConfig().cluster) -> bytes:
    """Returns a datagram as a peer would make it."""
    return Codec(cluster).datagram([frame(sender), *map(frame, messages)])


def sender(number: int, *, generation: int = WALL_MS, incarnation: int = 0) -> Sender:
    """Returns the first message of datagrams of the node of that number."""
    return Sender(node_id(number), generation, incarnation, 1000 + number)


def opened(data: bytes, cluster: str = ProtocolConfig().cluster) -> list[Message]:
    """Returns the messages of a datagram, without its `Sender`."""
    return Codec(cluster).decode(data)[1]


def sent(effects: list[Effect]) -> list[tuple[Address, Message]]:
    """Returns every message that these effects send, with the address that it goes to."""
    return [
        (effect.to, message)
        for effect in effects
        if isinstance(effect, Transmit)
        for message in opened(effect.data)
    ]


def messages_of(effects: list[Effect], kind: type[Kind]) -> list[Kind]:
    """Returns every message of this type that these effects send."""
    return [message for _, message in sent(effects) if isinstance(message, kind)]


def writes_of(effects: list[Effect]) -> list[Write]:
    """Returns the writes that these effects ask to persist."""
    return [effect.write for effect in effects if isinstance(effect, Persist)]


def answers_of(effects: list[Effect]) -> list[Answer]:
    """Returns the answers among these effects."""
    return [effect for effect in effects if isinstance(effect, Answer)]


def noted(effects: list[Effect]) -> list[Event]:
    """Returns the events among these effects."""
    return [effect.event for effect in effects if isinstance(effect, Notify)]


class Conversation:
    """Some nodes, the datagrams between them, their disks and the time.

    Attributes:
        now: the time, in seconds.
        hold: whether writes wait in `writes` until `persist` is called; otherwise each is reported
            as persisted at once.
        wire: datagrams under way, as (from, to, data).
        carried: every datagram that was ever sent, in order.
        lost: a function of (from, to, data) that returns whether a datagram is lost; none is,
            unless a test replaces it.
    """

    def __init__(self, *nodes: Node, hold: bool = False, now: float = 0.0) -> None:
        self.nodes: dict[Address, Node] = {}
        self.now = now
        self.hold = hold
        self.wire: deque[tuple[Address, Address, bytes]] = deque()
        self.carried: list[tuple[Address, Address, bytes]] = []
        self.writes: dict[Address, deque[Write]] = {}
        self.answers: dict[Address, list[Answer]] = {}
        self.events: dict[Address, list[Event]] = {}
        self.resolves: dict[Address, list[Resolve]] = {}
        self.lost: Callable[[Address, Address, bytes], bool] = lambda a, b, data: False
        for node in nodes:
            self.add(node)

    def add(self, node: Node) -> Address:
        """Puts a node onto the wire, in place of an earlier one, and returns its address."""
        where = split_node_id(own_id(node))
        self.nodes[where] = node
        self.writes[where] = deque()
        self.answers.setdefault(where, [])
        self.events.setdefault(where, [])
        self.resolves.setdefault(where, [])
        return where

    def carry(self, node: Node, effects: list[Effect]) -> None:
        """Carries out the effects of a node."""
        where = split_node_id(own_id(node))
        for effect in effects:
            if isinstance(effect, Transmit):
                self.carried.append((where, effect.to, effect.data))
                self.wire.append((where, effect.to, effect.data))
            elif isinstance(effect, Persist):
                self.writes[where].append(effect.write)
            elif isinstance(effect, Answer):
                self.answers[where].append(effect)
            elif isinstance(effect, Notify):
                self.events[where].append(effect.event)
            elif isinstance(effect, Resolve):
                self.resolves[where].append(effect)
        if not self.hold:
            self.persist(node)

    def persist(self, node: Node, count: int = 1_000_000) -> list[Write]:
        """Reports up to `count` of a node's writes as persisted, and returns them."""
        waiting = self.writes[split_node_id(own_id(node))]
        done = []
        while waiting and len(done) < count:
            done.append(waiting.popleft())
            self.carry(node, node.persisted(done[-1], self.now))
        return done

    def deliver(self, limit: int = 20_000) -> int:
        """Delivers what is on the wire, and what that causes, until nothing is under way.

        Returns how many datagrams that took. Raises AssertionError if there are more than `limit`.
        """
        for count in range(limit):
            if not self.wire:
                return count
            self.deliver_next()
        raise AssertionError(f"still talking after {limit} datagrams")

    def deliver_next(self) -> None:
        """Delivers the oldest datagram, unless it is lost."""
        source, to, data = self.wire.popleft()
        node = self.nodes.get(to)
        if node is not None and not self.lost(source, to, data):
            self.carry(node, node.handle_datagram(data, source, self.now))

    def run(self, seconds: float) -> None:
        """Lets time pass: timers fire in order, each followed by all that it causes."""
        self.deliver()
        end = self.now + seconds
        while True:
            due = [(at, number) for number, at in enumerate(self._due()) if at <= end]
            if not due:
                break
            at, number = min(due)
            self.now = max(self.now, at)
            node = list(self.nodes.values())[number]
            self.carry(node, node.handle_timeout(self.now))
            self.deliver()
        self.now = end

    def meet(self, *, start: bool = False) -> None:
        """Makes every node known to every other one."""
        nodes = list(self.nodes.values())
        for node in nodes:
            if start:
                self.carry(node, node.start(self.now))
        for node in nodes:
            for other in nodes:
                if other is not node:
                    self.carry(node, node.register(own_id(other), self.now))
                    self.deliver()

    def _due(self) -> Iterator[float]:
        for node in self.nodes.values():
            at = node.next_timeout()
            yield float("inf") if at is None else at


def own_id(node: Node) -> str:
    """Returns the id of a node that `make_node` made."""
    return _IDS[node]


def rename(node: Node, to: str) -> None:
    """Puts a node on another address from now on."""
    _IDS[node] = to


def converse(*nodes: Node, hold: bool = False) -> Conversation:
    """Returns a conversation of nodes that know each other, with nothing on the wire."""
    talk = Conversation(*nodes, hold=False)
    talk.meet()
    talk.deliver()
    talk.hold = hold
    return talk
