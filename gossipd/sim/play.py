"""Plays a history: does its steps, heals the cluster, demands convergence, asks every checker.

A run has two phases. In the first one anything may befall the cluster, and what must never happen
is watched. Then everything is healed, and the cluster has `CONVERGED_WITHIN` seconds.
"""

from __future__ import annotations

from random import Random

import attrs

from gossipd.protocol import ProtocolConfig
from gossipd.protocol.state import State

from . import checks, count_checks, member_checks, traffic_checks
from .history import History, Step
from .host import SLOW_READ, Host
from .network import Network, Rule, UniformDelay
from .stored import StoredNode, StoredNodes
from .world import World

CONVERGED_WITHIN = 30.0
"""Virtual seconds from healing until all live nodes agree on members and counters."""

QUIET_AFTER = 6.0
QUIET_SECONDS = 6.0
_EVERY = 0.25


@attrs.frozen
class Outcome:
    """What came of a history.

    Attributes:
        problems: a line each; none means that every promise held.
        converged_after: seconds from healing, None if it did not come to that.
    """

    problems: tuple[str, ...]
    converged_after: float | None


def play(history: History) -> Outcome:
    """Plays a history to its end, or to where it first goes wrong."""
    player = Player(history)
    try:
        player.run()
    except Exception as error:
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        where = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at else ""
        where = where[where.rfind("gossipd/") :]
        player.problems.append(
            f"{player.world.now:.3f}: raised {type(error).__name__}: {error} at {where}"
        )
    return Outcome(tuple(player.found()), player.converged_after)


class Player:
    """One run of a history.

    Attributes:
        lost: when a node lost state, by id: every time.
        hidden: whom each node must have removed, by id.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.nodes = StoredNodes()
        self.world = World(
            f"play/{history.seed}",
            config=ProtocolConfig(),
            network=Network(Random(f"play/{history.seed}/network")),
            factory=self.nodes,
        )
        self.rng = Random(f"play/{history.seed}/steps")
        self.problems: list[str] = []
        self.converged_after: float | None = None
        self.lost: dict[str, list[float]] = {}
        self.hidden: dict[str, set[str]] = {}
        self._backups: dict[str, tuple[float, State]] = {}
        self._cuts: list[Rule] = []
        self._lossless = True
        self.members = member_checks.Members(self.world)
        self.counts = count_checks.Counts(self.world, self.nodes.made, self.lost)
        self.traffic = traffic_checks.Traffic(self.world)

    def run(self) -> None:
        """Plays the history; findings are in `found()`."""
        world, history = self.world, self.history
        for index in range(history.nodes):
            world.add(index, start=False)
        for index, host in enumerate(world.hosts.values()):
            host.seeds = [world.id_of(seed) for seed in range(history.seeds) if seed != index]
            world.at(history.starts[index], self._first_start, index)
        for step in history.steps:
            world.at(step.at, self._do, step)
        end = history.safety
        while world.now < end and not self.found():
            world.run(min(1.0, end - world.now))
        if self.found():
            return
        self._heal()
        self._converge()
        if self.found():
            return
        self.counts.at_the_end()
        self._quiet()

    def found(self) -> list[str]:
        """All findings so far."""
        return self.problems + self.members.problems + self.counts.problems + self.traffic.problems

    # Phases

    def _first_start(self, index: int) -> None:
        host = self.world.host(index)
        if host.boots or host.node is not None:
            return
        seeds = [seed for seed in (0, 1) if seed != index]
        self.world.start(index)
        self.hidden[host.id] = set()
        if not self.history.seeds:
            self.world.join(index, seeds)

    def _heal(self) -> None:
        world = self.world
        if world.network.lost == 0 and self._lossless:
            self.problems += checks.false_deaths(world)
        world.network.heal()
        network = world.network
        network.loss_ratio = network.duplicate_ratio = network.reorder_ratio = 0.0
        network.delay = UniformDelay(0.0005, 0.0015)
        for index, host in enumerate(world.hosts.values()):
            host.disk.delay, host.disk.failing = None, False
            host.slow = None
            if host.paused:
                world.resume(index)
            if host.node is not None and host.id in self.members.leaving:
                world.end(host, host.boots)
            if host.node is None and index not in self.history.gone:
                self._start(host, host.kept)
        if self.history.reunited:
            for host in world.live():
                for peer in sorted(self.hidden[host.id]):
                    world.register(host.id, peer)
                self.hidden[host.id] = set()

    def _converge(self) -> None:
        world = self.world
        healed = world.now
        agreed = world.run_until(
            lambda: bool(self.found()) or not self._disagreements(), CONVERGED_WITHIN, _EVERY
        )
        if agreed:
            self.converged_after = world.now - healed
        else:
            self.problems += [
                f"not {CONVERGED_WITHIN:g} s after healing: {line}"
                for line in self._disagreements()
            ]

    def _quiet(self) -> None:
        """Goes on for a while: agreement must last, and the network must fall silent."""
        world = self.world
        world.run(QUIET_AFTER)
        self.traffic.begin_quiet()
        world.run(QUIET_SECONDS)
        apart = any(self.hidden.values()) or len(world.live()) < len(world.hosts)
        self.traffic.end_quiet(QUIET_SECONDS, apart=apart)
        self.problems += [f"not for long: {line}" for line in self._disagreements()]
        self.problems += [
            f"no answer to request {request.ticket} at {request.node}"
            for request in checks.unanswered(world)
        ]

    def _disagreements(self) -> list[str]:
        return member_checks.disagreements(self.world, self.hidden) + count_checks.disagreements(
            self.world, self.hidden
        )

    # Steps

    def _do(self, step: Step) -> None:
        if self.world.now > self.history.safety:
            return
        if step.kind in ("loss", "duplicate", "reorder", "delay", "cut", "heal"):
            getattr(self, f"_{step.kind}")(step)
        elif step.node < len(self.world.hosts):
            getattr(self, f"_{step.kind}")(step, self.world.host(step.node))

    def _running(self, host: Host) -> bool:
        return host.node is not None and not host.paused

    def _other(self, step: Step) -> str | None:
        if not step.others or step.others[0] >= len(self.world.hosts):
            return None
        return self.world.id_of(step.others[0])

    def _increment(self, step: Step, host: Host) -> None:
        if host.node is not None and host.id not in self.members.leaving:
            self.world.increment(host.id, step.amount, ack=step.text or None)

    def _sync(self, step: Step, host: Host) -> None:
        if host.node is not None and host.id not in self.members.leaving:
            self.world.sync(host.id, step.amount, ack=step.text or None)

    def _register(self, step: Step, host: Host) -> None:
        peer = self._other(step)
        if peer and peer != host.id and self._running(host):
            self.hidden[host.id].discard(peer)
            self.world.register(host.id, peer)

    def _remove(self, step: Step, host: Host) -> None:
        peer = self._other(step)
        if peer and self._running(host):
            known = [row.id for row in host.running().members() if row.id != host.id]
            if peer in known:
                self.hidden[host.id].add(peer)
            self.world.remove(host.id, peer)

    def _crash(self, step: Step, host: Host) -> None:
        if host.node is None:
            return
        assert isinstance(host.node, StoredNode)
        kept = host.node.on_disk(self.rng if step.text == "staged" else None)
        self.world.crash(host.id)
        host.kept = kept
        if step.text == "lose":
            host.kept = None
            self._loses(host, self.world.now)

    def _start(self, step: Step | Host, host: Host | State | None) -> None:
        raise NotImplementedError


def _slow_read(host: Host) -> None:
    host.slow = SLOW_READ
