"""How many pings of one peer a node answers a second, beside a loop that sends datagrams back.

The peer is a real node in this process, which has joined the measured one. One of its pings, sent
when both knew the same, is sent again and again under new numbers, with a few of them under way at
any time.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from gossipd.daemon import Gate, read_keys
from gossipd.protocol import (
    Ack,
    Address,
    Codec,
    Effect,
    Identity,
    Node,
    Ping,
    ProtocolConfig,
    Transmit,
    frame,
)
from lab.experiments import Findings, table
from lab.processes import cluster, free_addresses

from .benchmark import Options
from .child_processes import bare
from .figures import ratios, shown

SECONDS = 3.0
REPETITIONS = 5
UNDER_WAY = 32
_DIFFERENT = 4096
_FIRST_NUMBER = 1 << 52
"""Such numbers are longer on the wire than the node's own: length tells the answers apart."""

_ACQUAINTED = 3
"""The node has nothing left to tell after so many pings in a row without news."""


def gate_of(name: str, key_file: Path) -> Gate:
    """Returns what seals for a node of that cluster in this process."""
    return Gate(
        name,
        read_keys(key_file),
        accept_open=False,
        is_local=_no,
        clock=time.monotonic,
    )


def _no(host: str) -> bool:
    return False


class Peer:
    """A node in this process with its own socket.

    Attributes:
        send: sends a datagram of the node to an address, sealed if there is a key.
    """

    def __init__(self, name: str, target: Address, key_file: Path | None = None) -> None:
        ((host, port),) = free_addresses(1)
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.target = target
        self._codec = Codec(name)
        identity = Identity(f"{host}:{port}", secrets.randbits(32), int(1000 * time.time()))
        self._gate = None if key_file is None else gate_of(name, key_file)
        more = 0 if self._gate is None else self._gate.seal_bytes()
        self._node = Node(
            ProtocolConfig(cluster=name, seal_bytes=more),
            identity,
            state=None,
            rng=Random(secrets.randbits(64)),
            now=time.monotonic(),
        )
        self._pings: deque[bytes] = deque(maxlen=_ACQUAINTED)
        self.send: Callable[[bytes, Address], object] = self.socket.sendto
        if self._gate is not None:
            self.send = partial(self._gate.send, self._node, self.send)

    def sealed(self) -> bytes:
        """Returns a sealed datagram of its session, without a message."""
        assert self._gate is not None, "it has a key"
        return self._gate.broadcast(self._codec.datagram([]))[0]

    def join(self) -> None:
        """Begins to join the target."""
        now = time.monotonic()
        self._perform(self._node.start(now))
        self._perform(self._node.join(["{}:{}".format(*self.target)], now))

    def pings(self) -> list[bytes]:
        """Waits until both nodes know the same, and returns pings as the peer sends them then."""
        self._pings.clear()
        while not self._acquainted():
            self.socket.settimeout(0.05)
            with suppress(TimeoutError):
                self.take(self.socket.recv(2048))
            self.let_time_pass()
        sender, (ping, *_), _ = self._codec.decode(self._pings[-1])
        assert isinstance(ping, Ping)
        return [
            self._codec.datagram([frame(sender), frame(msgspec.structs.replace(ping, number=n))])
            for n in range(_FIRST_NUMBER, _FIRST_NUMBER + _DIFFERENT)
        ]

    def _acquainted(self) -> bool:
        """Returns whether its last pings carried no news."""
        last = [self._codec.decode(data)[1] for data in self._pings]
        return len(last) == _ACQUAINTED and all(
            len(messages) == 1 and isinstance(messages[0], Ping) and messages[0].target
            for messages in last
        )

    def is_answer(self, data: bytes) -> bool:
        """Returns whether a datagram answers one of the pings that `pings` returned."""
        opened = data if self._gate is None else self._gate.peek(data, self.target)
        assert opened is not None, "it has the same key"
        first = self._codec.decode(opened)[1][0]
        return isinstance(first, Ack) and first.number >= _FIRST_NUMBER

    def take(self, data: bytes) -> None:
        """Hands the node a datagram."""
        take = self._node.handle_datagram
        if self._gate is not None:
            take = partial(self._gate.take, self._node)
        self._perform(take(data, self.target, time.monotonic()))

    def let_time_pass(self) -> None:
        """Lets the node do what its timers make due."""
        due, now = self._node.next_timeout(), time.monotonic()
        if due is not None and due <= now:
            self._perform(self._node.handle_timeout(now))

    def _perform(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                if any(isinstance(part, Ping) for part in self._codec.decode(effect.data)[1]):
                    self._pings.append(effect.data)
                self.send(effect.data, effect.to)


def answered(peer: Peer, pings: Sequence[bytes], to: tuple[str, int], seconds: float) -> float:
    """Returns the answers a second, with the same number of pings under way all the time.

    Other datagrams go to the peer's node, which so remains a member.
    """
    sock, send, receive = peer.socket, peer.send, peer.socket.recvfrom
    sock.settimeout(0.2)
    count, place, usual = 0, UNDER_WAY, 0
    start = time.perf_counter()
    for ping in pings[:UNDER_WAY]:
        send(ping, to)
    while time.perf_counter() - start < seconds:
        try:
            data, source = receive(2048)
        except TimeoutError:
            peer.let_time_pass()
            for ping in pings[:UNDER_WAY]:
                send(ping, to)
            continue
        if len(data) != usual or source != to:
            if source == peer.target and not peer.is_answer(data):
                peer.take(data)
                continue
            usual = len(data)
        count += 1
        place = (place + 1) % len(pings)
        send(pings[place], to)
        if not count % 256:
            peer.let_time_pass()
    elapsed = time.perf_counter() - start
    _drain(peer)
    return count / elapsed


def _drain(peer: Peer) -> None:
    """Receives the answers that are still under way."""
    peer.socket.settimeout(0.1)
    with suppress(TimeoutError):
        while True:
            data, source = peer.socket.recvfrom(2048)
            if source == peer.target and not peer.is_answer(data):
                peer.take(data)


def run(options: Options) -> Findings:
    """Measures gossipd and the bare loop in turns."""
    seconds = 0.5 if options.short else SECONDS
    rates: dict[str, list[float]] = {"bare": [], "gossipd": []}
    with cluster(1, options.folder) as nodes, bare("udp", options.folder) as echo:
        peer = Peer(nodes.name, (nodes[0].host, nodes[0].port))
        with peer.socket:
            peer.join()
            for repetition in range(options.times(REPETITIONS)):
                options.tell(f"udp {repetition + 1}")
                pings = peer.pings()
                for name, to in ("bare", echo), ("gossipd", peer.target):
                    rates[name].append(answered(peer, pings, to, seconds))
    return findings(rates)


def findings(rates: Mapping[str, Sequence[float]]) -> Findings:
    """Returns the rates of these repetitions as a table."""
    rows: list[dict[str, Any]] = [
        {"system": name, "rate": list(some), "to": ratios(some, rates["bare"])}
        for name, some in rates.items()
    ]
    head = ["system", "answered a second", "to the bare loop"]
    title = f"Pings of one peer, {UNDER_WAY} of them under way; the peer shares the machine."
    cells = [[row["system"], shown(row["rate"]), shown(row["to"], "{:.2f}")] for row in rows]
    return Findings(((title, table(head, cells)),), {"rows": rows})
