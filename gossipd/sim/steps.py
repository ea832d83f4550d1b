"""Does the steps of a history to a world, and keeps what checkers need to know of them.

A step that cannot be done (its node does not run, say) is skipped, so that a history stays one
whatever steps are dropped from it.
"""

from __future__ import annotations

from random import Random

from gossipd.protocol.state import State

from .forge import forged
from .history import History, Step
from .host import SLOW_READ, Host
from .network import LAN_DELAY, UniformDelay
from .stored import StoredNode
from .world import World


class Steps:
    """The steps of one run.

    Attributes:
        lost: by node, from when on what it had was lost, once for each loss.
        hidden: by node, whom it must have removed; in order of removal.
        leaving: nodes whose process was told to leave.
        lossless: whether every datagram arrived at once so far, and every process listened.
    """

    def __init__(self, world: World, history: History) -> None:
        self.lost: dict[str, list[float]] = {}
        self.hidden: dict[str, dict[str, None]] = {}
        self.leaving: dict[str, int] = {}
        self.lossless = True
        self._world = world
        self._history = history
        self._rng = Random(f"play/{history.seed}/steps")
        self._backups: dict[str, tuple[float, State]] = {}

    def do(self, step: Step) -> None:
        """Does one step, now."""
        if self._world.now > self._history.safety:
            return
        if step.node < 0:
            getattr(self, f"_{step.kind}")(step)
        elif step.node < len(self._world.hosts):
            getattr(self, f"_{step.kind}")(step, self._world.host(step.node))

    def first_start(self, index: int) -> None:
        """Starts a node for the first time, unless something else did."""
        host = self._world.host(index)
        if not host.boots:
            self.boot(host, None)
            if not self._history.seeds:
                self._world.join(index, [seed for seed in (0, 1) if seed != index])

    def boot(self, host: Host, state: State | None) -> None:
        """Starts a process from a state."""
        host.kept = state
        ids = [claim.id for claim in state.members] if state else []
        removed = state.removed if state else ()
        self.hidden[host.id] = {peer: None for peer in ids if peer in removed and peer != host.id}
        self.leaving.pop(host.id, None)
        self._world.start(host.id)

    def heal(self) -> None:
        """Undoes every fault, and starts whatever does not run."""
        world, network = self._world, self._world.network
        network.heal()
        network.loss_ratio = network.duplicate_ratio = network.reorder_ratio = 0.0
        network.delay = LAN_DELAY
        for index, host in enumerate(world.hosts.values()):
            host.disk.delay, host.disk.failing, host.slow = None, False, None
            if host.paused:
                world.resume(index)
            if host.node is not None and self.leaving.get(host.id) == host.boots:
                world.end(host, host.boots)
            if host.node is None and index not in self._history.gone:
                self.boot(host, host.kept)
        if self._history.reunited:
            for host in world.live():
                for peer in self.hidden[host.id]:
                    world.register(host.id, peer)
                self.hidden[host.id] = {}

    # Workload

    def _asks(self, host: Host) -> bool:
        return host.node is not None and self.leaving.get(host.id) != host.boots

    def _increment(self, step: Step, host: Host) -> None:
        if self._asks(host):
            self._world.increment(host.id, step.amount, ack=step.text or None)

    def _sync(self, step: Step, host: Host) -> None:
        if self._asks(host):
            self._world.sync(host.id, step.amount, ack=step.text or None)

    def _peer(self, step: Step, host: Host) -> str | None:
        if not step.others or step.others[0] >= len(self._world.hosts):
            return None
        return self._world.id_of(step.others[0]) if self._asks(host) and not host.paused else None

    def _register(self, step: Step, host: Host) -> None:
        peer = self._peer(step, host)
        if peer and peer != host.id:
            self.hidden[host.id].pop(peer, None)
            self._world.register(host.id, peer)

    def _remove(self, step: Step, host: Host) -> None:
        peer = self._peer(step, host)
        if peer and peer != host.id:
            if any(row.id == peer for row in host.running().members()):
                self.hidden[host.id][peer] = None
            self._world.remove(host.id, peer)

    # Processes

    def _crash(self, step: Step, host: Host) -> None:
        if host.node is None:
            return
        assert isinstance(host.node, StoredNode)
        kept = host.node.on_disk(self._rng if step.text == "staged" else None)
        self._world.crash(host.id)
        host.kept = kept
        if step.text == "lose":
            host.kept = None
            self._loses(host, self._world.now)

    def _start(self, step: Step, host: Host) -> None:
        if host.node is not None:
            return
        state = host.kept
        if step.text == "backup" and host.id in self._backups:
            since, state = self._backups[host.id]
            self._loses(host, since)
        elif step.text == "clone" and step.others and step.others[0] < len(self._world.hosts):
            other = self._world.host(step.others[0])
            if isinstance(other.node, StoredNode):
                state = other.node.on_disk(None)
                self._loses(host, -1.0)
        self.boot(host, state)

    def _loses(self, host: Host, since: float) -> None:
        self.lost.setdefault(host.id, []).append(since)

    def _backup(self, step: Step, host: Host) -> None:
        if isinstance(host.node, StoredNode):
            self._backups[host.id] = (self._world.now, host.node.on_disk(None))

    def _pause(self, step: Step, host: Host) -> None:
        if host.node is not None and not host.paused:
            self._world.pause(host.id, step.seconds)

    def _slow(self, step: Step, host: Host) -> None:
        self._world.slow(host.id, SLOW_READ)

    def _prompt(self, step: Step, host: Host) -> None:
        self._world.slow(host.id, None)

    def _leave(self, step: Step, host: Host) -> None:
        if self._asks(host) and not host.paused:
            self.leaving[host.id] = host.boots
            self._world.leave(host.id)

    # Surroundings

    def _loss(self, step: Step) -> None:
        self._world.network.loss_ratio = step.ratio
        self.lossless = False

    def _duplicate(self, step: Step) -> None:
        self._world.network.duplicate_ratio = step.ratio

    def _reorder(self, step: Step) -> None:
        self._world.network.reorder_ratio = step.ratio

    def _delay(self, step: Step) -> None:
        self._world.network.delay = UniformDelay(step.seconds / 2, step.seconds)
        self.lossless = False

    def _cut(self, step: Step) -> None:
        inside = [self._world.host(index).address for index in step.others]
        outside = [h.address for h in self._world.hosts.values() if h.address not in inside]
        network = self._world.network
        self.lossless = False
        if step.text in ("both", "out"):
            network.partition(inside, outside, one_way=True)
        if step.text in ("both", "in"):
            network.partition(outside, inside, one_way=True)

    def _heal(self, step: Step) -> None:
        self._world.network.heal()

    def _disk(self, step: Step, host: Host) -> None:
        host.disk.failing = step.text == "fails"
        host.disk.delay = UniformDelay(0.0, step.seconds) if step.seconds else None

    def _clock(self, step: Step, host: Host) -> None:
        host.clock_offset = step.seconds

    def _forge(self, step: Step, host: Host) -> None:
        self.lossless = False
        data, source = forged(self._world, self._rng, step, host)
        self._world.deliver(data, source, host.address)
