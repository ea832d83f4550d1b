"""A cluster with what may befall it: faults, commands, and questions about the outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import attrs

from gossipd.protocol import Effect, Increment, MemberDead, OwnerRetired, Persist

from .cluster import Cluster, Reference
from .host import SLOW_READ, Host
from .interface import DrivenNode
from .network import Delay
from .record import Request
from .snapshot import Snapshot

COUNTER = "default"
"""The counter of a command that names none."""


class World(Cluster):
    """A cluster, its faults and its clients."""

    def __init__(self, seed: int | str, **options: Any) -> None:
        """As `Cluster`."""
        super().__init__(seed, **options)
        # Nodes by id and boot that were set back, and do not know it.
        self._forked: dict[str, int] = {}

    # Faults

    def crash(self, node: Reference, *, keep: bool = True, power_cut: bool = False) -> None:
        """End a process at once, keeping what a store would have kept, or (keep=False) nothing.

        Of writes that are staged but not reported, a lazy disk may have some; another has none.
        `power_cut` ends the machine with it: what is not synced may be lost.
        """
        host = self.host(node)
        host.crash(power_cut=power_cut)
        if not keep:
            host.kept = None
        host.faulty = True
        how = "crashed by a power cut" if power_cut else "crashed"
        self.befall(host, how if keep else f"{how}, state lost")

    def move(self, node: Reference, to: Reference) -> None:
        """Give a machine another address, which its node goes on under; nobody has the old one."""
        host, node_id = self.host(node), self.id_of(to)
        if node_id in self.hosts:
            raise ValueError(f"{node_id} exists")
        self.befall(host, f"moves to {node_id}")
        self.rename(host, node_id)
        host.command(lambda running, now: running.move(node_id, now))

    def restart(self, node: Reference, *, keep: bool = True, after: float = 0.0) -> None:
        """Crash a node, if it runs, and start it again at the same address."""
        host = self.host(node)
        if host.node is not None:
            self.crash(node, keep=keep)
        elif not keep:
            host.kept = None
        self.clock.at(self.now + after, self.start, node)

    def disk_of(self, node: Reference) -> Any:
        """What would be left of a node's disk if its power were cut now."""
        host = self.host(node)
        return host.kept if host.node is None else host.disk.content(host.node.state())

    def replace_disk(self, node: Reference, state: Any, what: str) -> None:
        """Put `state` on the disk of a node that does not run."""
        host = self.host(node)
        if host.node is not None:
            raise ValueError(f"{host.id} is running")
        host.kept = state
        self.befall(host, f"disk replaced: {what}")

    def snapshot(self, node: Reference) -> Snapshot | None:
        """A machine as it is now, for `set_back`; None unless its process runs freely."""
        taken = self.host(node).snapshot()
        return None if taken is None else attrs.evolve(taken, forked=self.forked(node))

    def set_back(self, node: Reference, snapshot: Snapshot, *, noticed: bool = False) -> None:
        """Resume an earlier snapshot of a machine, in place of what runs there now.

        Args:
            noticed: whether its driver notices that at once, by its clocks.
        """
        host = self.host(node)
        since = [
            request
            for request in self.requests
            if request.node == host.id
            and request.boot >= snapshot.boot
            and request.asked_at >= snapshot.at
        ]
        host.set_back_to(snapshot)
        host.faulty = True
        if (since or snapshot.forked) and not noticed:
            self._forked[host.id] = host.boots
        self.befall(host, f"set back to {snapshot.at:g} s")
        host.perform(host.running().renew(self.now) if noticed else ())

    def forked(self, node: Reference) -> bool:
        """Whether a node that was set back may still count where its lost future had counted.

        That ends when it hears of that future.
        """
        host = self.host(node)
        return self._forked.get(host.id) == host.boots

    def note_event(self, host: Host, event: Any) -> None:
        """Log what a node reports."""
        if isinstance(event, OwnerRetired):
            self._forked.pop(host.id, None)
        super().note_event(host, event)

    def pause(self, node: Reference, seconds: float | None = None) -> None:
        """Stop a process from running, as SIGSTOP does, until `resume` or for `seconds`."""
        host = self.host(node)
        host.running()
        host.paused = True
        host.faulty = True
        self.befall(host, "paused")
        if seconds is not None:
            self.clock.at(self.now + seconds, self._resume_boot, host, host.boots)

    def flap(self, node: Reference, *, paused: float, running: float, until: float) -> None:
        """Pause a node again and again, with that much time between; no pause outlasts `until`."""

        self._again_and_again(self.pause, node, paused, running, until)

    def resume(self, node: Reference) -> None:
        """Let a paused process run on."""
        host = self.host(node)
        self.befall(host, "resumed")
        host.resume()

    def block(
        self, node: Reference, seconds: float | None = None, *, stopping: bool = False
    ) -> None:
        """Hold back what a process sends and is sent, until `unblock` or for `seconds`.

        Unlike a paused process it runs on: its timers fire, and find no answer. With `stopping` it
        runs until it sends something, and then stands still as if stuck in that.
        """
        host = self.host(node)
        host.running()
        host.blocked = True
        host.stopping = stopping
        host.faulty = True
        self.befall(host, "blocked")
        if seconds is not None:
            self.clock.at(self.now + seconds, self._unblock_boot, host, host.boots)

    def stutter(
        self,
        node: Reference,
        *,
        blocked: float,
        free: float,
        until: float,
        stopping: bool = False,
    ) -> None:
        """Block a node again and again, with that much time between; never beyond `until`."""
        block = partial(self.block, stopping=stopping)
        self._again_and_again(block, node, blocked, free, until)

    def unblock(self, node: Reference) -> None:
        """Let a blocked process send and read what waited."""
        host = self.host(node)
        self.befall(host, "unblocked")
        host.unblock()

    def slow(self, node: Reference, delay: Delay | None = SLOW_READ) -> None:
        """Let a node read each datagram that late; None: at once again."""
        host = self.host(node)
        host.slow = delay
        host.faulty = True
        self.befall(host, "prompt" if delay is None else "slow")

    def leave(self, node: Reference, within: float = 10.0) -> None:
        """Let a node leave; its process ends when it is done, and `within` at the latest."""
        host = self.host(node)
        host.faulty = True
        self.befall(host, "leaving")
        self.clock.at(self.now + within, self.end, host, host.boots)
        host.command(lambda running, now: running.leave(now))

    def partition(self, one: Iterable[Reference], other: Iterable[Reference] | None = None) -> None:
        """Cut a group of nodes off from another one, or from all the rest, until `network.heal`."""
        first = self.addresses(one)
        rest = [host.address for host in self.hosts.values() if host.address not in first]
        self.network.partition(first, rest if other is None else self.addresses(other))

    # Commands

    def increment(
        self,
        node: Reference,
        amount: int = 1,
        *,
        name: str = COUNTER,
        ack: str | None = None,
        on_answer: Callable[[Request], None] | None = None,
    ) -> Request:
        """Ask a node to count.

        Args:
            ack: None leaves the level to the node's configuration.
            on_answer: called with the request, in a turn of its own.
        """
        request = self._request(node, "increment", name, amount, ack, on_answer)

        def call(running: DrivenNode, now: float) -> Sequence[Effect]:
            return running.increment(name, amount, ack, request.ticket, now)

        self._ask([request], call)
        return request

    def increments(
        self, node: Reference, amounts: Sequence[int], *, ack: str | None = None
    ) -> list[Request]:
        """Ask a node to count several times together; what refuses one refuses all."""
        if len(amounts) == 1:
            return [self.increment(node, amounts[0], ack=ack)]
        requests = [
            self._request(node, "increment", COUNTER, amount, ack, None) for amount in amounts
        ]
        asked = [Increment(each.amount, ack, each.ticket) for each in requests]
        self._ask(requests, lambda running, now: running.increments(COUNTER, asked, now))
        return requests

    def sync(
        self,
        node: Reference,
        value: int,
        *,
        name: str = COUNTER,
        ack: str | None = None,
        on_answer: Callable[[Request], None] | None = None,
    ) -> Request:
        """Ask a node to raise the counter to at least `value`."""
        request = self._request(node, "sync", name, value, ack, on_answer)

        def call(running: DrivenNode, now: float) -> Sequence[Effect]:
            return running.sync(name, value, ack, request.ticket, now)

        self._ask([request], call)
        return request

    def join(self, node: Reference, seeds: Iterable[Reference]) -> None:
        """Let a node join these seeds."""
        texts = [self.id_of(seed) for seed in seeds]
        self.host(node).command(lambda running, now: running.join(texts, now))

    def register(self, node: Reference, peer: Reference) -> None:
        """Let a node register a peer, by its id, index or any text that `register` takes."""
        self._tell(node, "register", self.id_of(peer))

    def remove(self, node: Reference, peer: Reference) -> None:
        """Let a node remove a peer."""
        self._tell(node, "remove", self.id_of(peer))

    # Questions

    def known_dead_since(self, member: Reference) -> float | None:
        """Since when every live node knows `member` dead, or None if one does not."""
        member_id, since = self.id_of(member), 0.0
        for host in self.live():
            if host.id == member_id:
                continue
            latest = self.latest(host.id, host.boots, member_id)
            if latest is None or not isinstance(latest.event, MemberDead):
                return None
            since = max(since, latest.time)
        return since

    def states(self, member: Reference) -> dict[str, str]:
        """In which state each other live node has `member`; nodes without a row are left out."""
        member_id = self.id_of(member)
        found = {}
        for host in self.live():
            for row in host.running().members():
                if row.id == member_id and host.id != member_id:
                    found[host.id] = str(row.state)
        return found

    def _request(
        self,
        node: Reference,
        kind: str,
        name: str,
        amount: int,
        ack: str | None,
        on_answer: Callable[[Request], None] | None,
    ) -> Request:
        host = self.host(node)
        host.running()
        ticket = len(self.requests) + 1
        request = Request(
            ticket, host.id, host.boots, kind, name, amount, self.now, on_answer, ack=ack
        )
        self.requests.append(request)
        return request

    def _ask(
        self,
        requests: Sequence[Request],
        call: Callable[[DrivenNode, float], Sequence[Effect]],
    ) -> None:
        """Give a node requests that become one write."""

        def guarded(running: DrivenNode, now: float) -> Sequence[Effect]:
            for request in requests:
                for look in self.on_ask:
                    look(request)
            try:
                effects = call(running, now)
            except ValueError as error:
                for request in requests:
                    request.refused = str(error)
                return ()
            written = [effect.write for effect in effects if isinstance(effect, Persist)]
            for request in requests:
                request.write = written[0] if written else None
            return effects

        self.host(requests[0].node).command(guarded)

    def _again_and_again(
        self,
        begin: Callable[[Reference, float], None],
        node: Reference,
        lasting: float,
        between: float,
        until: float,
    ) -> None:
        """Begin something that ends by itself, at once and `between` after each end."""
        if self.now + lasting > until:
            return
        # A node that another fault has ended is passed over until it runs again.
        if self.host(node).node is not None:
            begin(node, lasting)
        time = self.now + lasting + between
        self.clock.at(time, self._again_and_again, begin, node, lasting, between, until)

    def _unblock_boot(self, host: Host, boot: int) -> None:
        if host.boots == boot and host.blocked:
            self.unblock(host.id)

    def _tell(self, node: Reference, kind: str, peer: str) -> None:
        host = self.host(node)

        def call(running: DrivenNode, now: float) -> Sequence[Effect]:
            for look in self.on_tell:
                look(host, kind, peer)
            return running.register(peer, now) if kind == "register" else running.remove(peer, now)

        host.command(call)

    def _resume_boot(self, host: Host, boot: int) -> None:
        if host.boots == boot and host.paused:
            self.resume(host.id)
