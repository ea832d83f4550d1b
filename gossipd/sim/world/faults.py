"""What can be done to the machines of a world, and how long it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from .host import Host
from .naming import Reference, id_of
from .network import Delay, UniformDelay
from .snapshot import Snapshot
from .world import World

SLOW_READ = UniformDelay(0.5, 2.5)
"""How late a slow machine reads a datagram, in seconds."""


class Faults:
    """Does harm to the machines of a world, at once or again and again."""

    def __init__(self, world: World) -> None:
        self._world = world

    def crash(
        self, node: Reference, *, keep: bool = True, power_cut: bool = False, gone: bool = False
    ) -> None:
        """Ends a process at once, see `Host.crash`."""
        self._world.host(node).crash(keep=keep, power_cut=power_cut, gone=gone)

    def restart(self, node: Reference, *, keep: bool = True, after: float = 0.0) -> None:
        """Crashes a node, if it runs, and starts it again at the same address."""
        host = self._world.host(node)
        if host.node is not None:
            host.crash(keep=keep)
        elif not keep:
            host.lose_disk()
        self._world.at(self._world.now + after, self._world.start, node)

    def replace_disk(self, node: Reference, state: Any, content: str) -> None:
        """Puts `state`, which `content` describes, on the disk of a node that does not run."""
        self._world.host(node).replace_disk(state, content)

    def take_over(self, node: Reference, seeds: Iterable[Reference], after: float = 0.0) -> None:
        """Ends a node, if it runs, and starts one of another installation at its address."""
        host = self._world.host(node)
        if host.node is not None:
            host.crash()
        host.reinstall([id_of(seed) for seed in seeds])
        self._world.at(self._world.now + after, self._world.start, node)

    def set_back(self, node: Reference, snapshot: Snapshot, *, noticed: bool = False) -> None:
        """Resumes an earlier snapshot of a machine, in place of what runs there now.

        Args:
            noticed: whether the driver of the node notices that at once, by its clocks.
        """
        host = self._world.host(node)
        # The node was asked for something that it now knows nothing of.
        lost = any(
            request.node == host.id
            and request.boot >= snapshot.boot
            and request.asked_at >= snapshot.at
            for request in self._world.log.requests
        )
        forked = (lost or snapshot.forked) and not noticed
        host.set_back_to(snapshot, forked=forked, noticed=noticed)

    def pause(self, node: Reference, seconds: float | None = None) -> None:
        """Stops a process from running, until `resume` or for `seconds`."""
        host = self._world.host(node)
        host.pause()
        if seconds is not None:
            self._world.at(self._world.now + seconds, self._resume_boot, host, host.boots)

    def pause_repeatedly(
        self, node: Reference, *, paused: float, running: float, until: float
    ) -> None:
        """Pauses a node again and again, `running` seconds apart; no pause outlasts `until`."""
        self._repeat(self.pause, node, paused, running, until)

    def resume(self, node: Reference) -> None:
        """Lets a paused process run on."""
        self._world.host(node).resume()

    def block(
        self, node: Reference, seconds: float | None = None, *, stopping: bool = False
    ) -> None:
        """Holds back what a process sends and is sent, until `unblock` or for `seconds`.

        See `Host.block` for `stopping`.
        """
        host = self._world.host(node)
        host.block(stopping=stopping)
        if seconds is not None:
            self._world.at(self._world.now + seconds, self._unblock_boot, host, host.boots)

    def block_repeatedly(
        self,
        node: Reference,
        *,
        blocked: float,
        free: float,
        until: float,
        stopping: bool = False,
    ) -> None:
        """Blocks a node again and again, `free` seconds apart; no block outlasts `until`."""
        self._repeat(partial(self.block, stopping=stopping), node, blocked, free, until)

    def unblock(self, node: Reference) -> None:
        """Lets a blocked process send and read what waited."""
        self._world.host(node).unblock()

    def slow(self, node: Reference, delay: Delay | None = SLOW_READ) -> None:
        """Lets a node read each datagram that late; None: at once again."""
        self._world.host(node).read_late(delay)

    def translate(self, node: Reference, *, mapped: bool) -> None:
        """Lets a node appear at another address, and be reached at its own only if `mapped`."""
        world = self._world
        world.carrier.translation.begin(world.host(node).address, mapped=mapped)

    def partition(self, one: Iterable[Reference], other: Iterable[Reference] | None = None) -> None:
        """Cuts a group of nodes off from another, or from all the rest, until `network.heal`."""
        world = self._world
        first = world.addresses(one)
        rest = [host.address for host in world.hosts.values() if host.address not in first]
        world.network.partition(first, rest if other is None else world.addresses(other))

    def _repeat(
        self,
        begin: Callable[[Reference, float], None],
        node: Reference,
        lasting: float,
        between: float,
        until: float,
    ) -> None:
        """Begins something that ends by itself, at once and `between` seconds after each end."""
        world = self._world
        if world.now + lasting > until:
            return
        # A node that another fault has ended is passed over until it runs again.
        if world.host(node).node is not None:
            begin(node, lasting)
        time = world.now + lasting + between
        world.at(time, self._repeat, begin, node, lasting, between, until)

    def _resume_boot(self, host: Host, boot: int) -> None:
        if host.boots == boot and host.paused:
            host.resume()

    def _unblock_boot(self, host: Host, boot: int) -> None:
        if host.boots == boot and host.blocked:
            host.unblock()
