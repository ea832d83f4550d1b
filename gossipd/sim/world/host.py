"""One simulated machine: its address, its disk, its faults, and the process that runs on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from gossipd.protocol import Address, Effect

from .clock import WALL_CLOCK_MS
from .disk import Disk
from .incidents import (
    Blocked,
    ClockJumped,
    Crashed,
    DiskReplaced,
    Incident,
    Leaving,
    Left,
    Moved,
    Paused,
    Quickened,
    Resumed,
    SetBack,
    Slowed,
    Started,
    Unblocked,
)
from .interface import DrivenNode
from .log import Observed
from .naming import address_of
from .network import Arrival, Delay
from .process import Process, Surroundings
from .snapshot import Snapshot

SOCKET_DATAGRAMS = 256
"""Datagrams that wait in a socket buffer: about as many small ones as fit Linux's 208 KiB."""


class Host:
    """One machine with one address, and at most one process of a node on it at a time.

    Args:
        rng: for the chance that the machine's faults and its disk depend on.
        on_step: called with the host after each input of its node.

    Attributes:
        id, address: of the node.
        config: for the node, whatever its factory takes.
        node: the running node, or None.
        rng: the generator that the node was made with, or None.
        boots: how many processes have been started; a process is known by this number.
        kept: the state for the next process; None: an empty disk.
        gone: the machine itself is off or unplugged, so that it does not even refuse datagrams.
        slow: how late each datagram is read; None: at once.
        disk: how writes fare.
        clock_offset: of the wall clock, in seconds, as `jump_clock` changes it.
        overflowed: datagrams that found a full socket buffer.
    """

    __slots__ = (
        "_around",
        "_on_step",
        "_process",
        "_rng",
        "_seeds",
        "_socket_datagrams",
        "address",
        "boots",
        "clock_offset",
        "config",
        "disk",
        "gone",
        "id",
        "kept",
        "node",
        "overflowed",
        "rng",
        "slow",
    )

    def __init__(
        self,
        node_id: str,
        around: Surroundings,
        disk: Disk,
        rng: Random,
        *,
        config: Any = None,
        seeds: Sequence[str] = (),
        kept: Any = None,
        on_step: Sequence[Callable[[Host], None]] = (),
    ) -> None:
        self.id = node_id
        self.address = address_of(node_id)
        self.config = config
        self.node: DrivenNode | None = None
        self.rng: Random | None = None
        self.boots = 0
        self.kept = kept
        self.gone = False
        self.slow: Delay | None = None
        self.disk = disk
        self.clock_offset = 0.0
        self.overflowed = 0
        self._around = around
        self._rng = rng
        self._seeds = tuple(seeds)
        self._on_step = on_step
        self._socket_datagrams = SOCKET_DATAGRAMS
        self._process: Process | None = None
        around.carrier.attach(self.address, self._arrive, self._refused)

    # The process

    @property
    def seeds(self) -> list[str]:
        """The seeds that are given to `join` at every start."""
        return list(self._seeds)

    @property
    def paused(self) -> bool:
        """Whether a process runs here that is paused."""
        return self._process is not None and self._process.paused

    @property
    def blocked(self) -> bool:
        """Whether a process runs here that is blocked."""
        return self._process is not None and self._process.blocked

    @property
    def forked(self) -> bool:
        """Whether the process may count where its lost future had counted.

        That is so once the machine was set back behind a request and did not notice; it ends when
        the node hears of that future.
        """
        return self._process is not None and self._process.forked

    def running(self) -> DrivenNode:
        """Returns the node. Raises ValueError if there is no process."""
        return self._running().node

    def boot(self, node: DrivenNode, rng: Random) -> None:
        """Runs `node`, which was made with `rng`, as a new process, and lets it join the seeds."""
        if self._process is not None:
            raise ValueError(f"{self.id} is running")
        process = self._run(node, rng)
        self.gone = False
        self.befall(Started())
        self.disk.load(self.kept)
        process.sync_soon()
        process.start(self.seeds)

    def crash(self, *, keep: bool = True, power_cut: bool = False, gone: bool = False) -> None:
        """Ends the process at once, keeping what its disk has, or nothing if not `keep`.

        Of writes that are staged but not reported, a disk that syncs now and then may have some;
        another disk has none. With `power_cut` the machine goes out too, and what is not synced may
        be lost. With `gone` nothing of it is lost, but the machine refuses no datagrams, either.
        """
        process = self._running()
        state, staged = process.node.state(), process.staged
        kept = self.disk.crash(state, staged, self._rng, power_cut=power_cut)
        self.kept = kept if keep else None
        self.gone = gone or power_cut
        self._stop()
        self.befall(Crashed(power_cut=power_cut, state_lost=not keep))

    def leave(self, within: float) -> None:
        """Tells the node to leave; its process ends once it has, or `within` seconds later."""
        process, clock = self._running(), self._around.clock
        self.befall(Leaving())
        clock.at(clock.now + within, self._end, process)
        process.command(lambda node, now: node.leave(now))

    def command(self, call: Callable[[DrivenNode, float], Sequence[Effect]]) -> None:
        """Gives the node a command, at once or as soon as the process runs again."""
        self._running().command(call)

    def perform(self, effects: Sequence[Effect]) -> None:
        """Carries out effects as if the node had returned them."""
        self._running().perform(effects)

    def report(self, event: Any) -> None:
        """Logs an event as if the node had reported it."""
        self._running().report(event)

    # Faults

    def befall(self, incident: Incident) -> None:
        """Logs what happens to the machine or its process."""
        around = self._around
        around.log.note(Observed(around.clock.now, self.id, self.boots, incident))

    def pause(self) -> None:
        """Stops the process from running, as SIGSTOP does, until `resume`."""
        self._running().pause()
        self.befall(Paused())

    def resume(self) -> None:
        """Lets a paused process run on. Raises ValueError if none is paused here."""
        process = self._running()
        if not process.paused:
            raise ValueError(f"{self.id} is not paused")
        self.befall(Resumed())
        process.resume()

    def block(self, *, stopping: bool = False) -> None:
        """Holds back what the process sends and is sent, until `unblock`.

        Unlike a paused process it runs on: its timers fire, and find no answer. With `stopping` it
        runs until it sends something, and then stands still as if stuck in that.
        """
        self._running().block(stopping=stopping)
        self.befall(Blocked())

    def unblock(self) -> None:
        """Lets a blocked process send and read again. Raises ValueError if none is blocked here."""
        process = self._running()
        if not process.blocked:
            raise ValueError(f"{self.id} is not blocked")
        self.befall(Unblocked())
        process.unblock()

    def read_late(self, delay: Delay | None) -> None:
        """Lets the node read each datagram that late from now on; None: at once again."""
        self.slow = delay
        self.befall(Quickened() if delay is None else Slowed())

    def recover(self) -> None:
        """Ends every block, pause and slowness that is still there."""
        self.slow = None
        if self.blocked:
            self.unblock()
        if self.paused:
            self.resume()

    @property
    def wall_ms(self) -> int:
        """What the wall clock shows, in milliseconds since 1970."""
        return WALL_CLOCK_MS + int((self._around.clock.now + self.clock_offset) * 1000)

    def jump_clock(self, by: float) -> None:
        """Puts the wall clock forward by so many seconds.

        The driver of a node that runs notices it, by its clocks, and tells the node. The next start
        of a node takes its generation from the new time.
        """
        self.clock_offset += by
        self.befall(ClockJumped(by))
        if self._process is not None:
            self._process.command(lambda node, now: node.renew(now, self.wall_ms))

    def move(self, node_id: str) -> None:
        """Gives the machine the address of another id, which its node goes on under."""
        process, carrier = self._running(), self._around.carrier
        self.befall(Moved(node_id))
        carrier.detach(self.address)
        self.id, self.address = node_id, address_of(node_id)
        carrier.attach(self.address, self._arrive, self._refused)
        process.move(node_id)
        process.command(lambda node, now: node.move(node_id, now))

    def disk_content(self) -> Any:
        """Returns what would be left of the disk if the power were cut now."""
        return self.kept if self.node is None else self.disk.content(self.node.state())

    def lose_disk(self) -> None:
        """Empties the disk of a machine without a process, of which the log says nothing."""
        self.kept = None

    def replace_disk(self, state: Any, content: str) -> None:
        """Puts `state`, which `content` describes, on the disk of a machine without a process."""
        if self._process is not None:
            raise ValueError(f"{self.id} is running")
        self.kept = state
        self.befall(DiskReplaced(content))

    def reinstall(self, seeds: Sequence[str]) -> None:
        """Gives a machine without a process an empty disk and other seeds."""
        self.replace_disk(None, "another installation")
        self._seeds = tuple(seeds)

    def resize_socket(self, datagrams: int) -> None:
        """Lets the socket buffer hold so many datagrams."""
        self._socket_datagrams = datagrams

    # Snapshots

    def snapshot(self) -> Snapshot | None:
        """Returns the machine as it is now; None if its process does not run freely."""
        process = self._process
        if process is None or process.paused or process.blocked:
            return None
        return Snapshot.of(
            self._around.clock.now,
            self.boots,
            process.forked,
            process.node,
            self.rng,
            self.disk,
            self.kept,
            process.staged,
        )

    def set_back_to(self, snapshot: Snapshot, *, forked: bool, noticed: bool) -> None:
        """Lets memory and disk be what they were, and a process go on from there.

        It counts as another boot: nothing that was under way for the present process reaches it,
        and no client waits any more for what it was asked before.

        Args:
            forked: whether the process is forked from now on.
            noticed: whether its driver notices at once, by its clocks, and tells the node.
        """
        self._stop()
        node, rng, contents, self.kept, staged = snapshot.copies()
        if rng is not None:
            # It stands for the operating system's generator, which does not go back in time.
            rng.seed(self._rng.random())
        process = self._run(node, rng, forked=forked, set_back=True)
        self.disk.put_back(contents)
        process.take_up(staged)
        process.sync_soon()
        self.befall(SetBack(snapshot.at))
        process.go_on(noticed=noticed)

    # Inside

    def _running(self) -> Process:
        if self._process is None:
            raise ValueError(f"{self.id} is not running")
        return self._process

    def _run(
        self,
        node: DrivenNode,
        rng: Random | None,
        *,
        forked: bool = False,
        set_back: bool = False,
    ) -> Process:
        self.boots += 1
        self.node, self.rng = node, rng
        self._process = process = Process(
            node,
            self.id,
            self.boots,
            self._around,
            self.disk,
            self._rng,
            stepped=self._stepped,
            left=self._end,
            forked=forked,
            set_back=set_back,
        )
        return process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.end()
        self._process = self.node = None

    def _end(self, process: Process) -> None:
        """Ends this process in good order, if it still runs."""
        if process is self._process:
            self.kept = process.node.state()
            self._stop()
            self.befall(Left())

    def _stepped(self) -> None:
        for call in self._on_step:
            call(self)

    def _arrive(self, data: bytes, source: Address) -> Arrival:
        process = self._process
        if process is None:
            return "vanished" if self.gone else "refused"
        if process.paused or process.blocked:
            if process.waiting >= self._socket_datagrams:
                self.overflowed += 1
                return "overflowed"
            process.receive(data, source)
        elif self.slow is not None:
            clock = self._around.clock
            clock.at(clock.now + self.slow.draw(self._rng), process.receive, data, source)
        else:
            process.receive(data, source)
        return "received"

    def _refused(self, quoted: bytes, address: Address) -> None:
        if self._process is not None:
            self._process.refused(quoted, address)
