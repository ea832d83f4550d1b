"""Plays a history: does its steps, heals the cluster, demands convergence, asks every checker.

A run has three phases. In the first anything may befall the cluster, and what must never happen is
watched. Then everything is healed, and the cluster has `CONVERGED_WITHIN` seconds to agree. Then it
must stay agreed and fall silent.
"""

from __future__ import annotations

from random import Random
from types import TracebackType

import attrs

from gossipd.protocol import ProtocolConfig

from . import checks, count_checks, member_checks
from .count_checks import Counts
from .history import History
from .member_checks import Members
from .network import Network
from .steps import Steps
from .stored import StoredNodes
from .traffic_checks import Traffic
from .world import World

CONVERGED_WITHIN = 20.0
"""Virtual seconds from healing until all live nodes agree on members and counters.

Eight dead at most are tried one each 2 s, so each within 16 s if nobody else brings it back; a
configured seed within 10 s; a suspicion is over sooner, as its subject is told in every ping.
"""

QUIET_AFTER = 4.0
"""Seconds from agreement until the last claim has been sent as often as it may."""

QUIET_SECONDS = 4.0
_EVERY = 0.25


@attrs.frozen
class Outcome:
    """What came of a history.

    Attributes:
        problems: a line each; none means that every promise held.
        converged_after: seconds from healing to agreement, None if it did not come to that.
    """

    problems: tuple[str, ...]
    converged_after: float | None


def play(history: History) -> Outcome:
    """Plays a history to its end, or to where it first goes wrong."""
    player = Player(history)
    try:
        player.run()
    except Exception as error:
        where = _where(error.__traceback__)
        player.problem(f"raised {type(error).__name__}: {error} at {where}")
    return Outcome(tuple(player.found()), player.converged_after)


class Player:
    """One run of a history.

    Attributes:
        world: the cluster, for questions about the run.
        converged_after: as in `Outcome`.
    """

    def __init__(self, history: History) -> None:
        nodes = StoredNodes()
        self.world = World(
            f"play/{history.seed}",
            config=ProtocolConfig(),
            network=Network(Random(f"play/{history.seed}/network")),
            factory=nodes,
        )
        self.converged_after: float | None = None
        self._history = history
        self._problems: list[str] = []
        self._steps = Steps(self.world, history)
        self._members = Members(self.world, self._steps.leaving)
        self._counts = Counts(self.world, nodes.made, self._steps.lost)
        self._traffic = Traffic(self.world)

    def run(self) -> None:
        """Plays; what was found is in `found()`."""
        world, history = self.world, self._history
        for index in range(history.nodes):
            world.add(index, start=False)
        for index, host in enumerate(world.hosts.values()):
            host.seeds = [world.id_of(seed) for seed in range(history.seeds) if seed != index]
            world.at(history.starts[index], self._steps.first_start, index)
        for step in history.steps:
            if step.at <= history.safety:
                world.at(step.at, self._steps.do, step)
        while world.now < history.safety and not self.found():
            world.run(min(1.0, history.safety - world.now))
        for phase in (self._judge_safety, self._converge, self._counts.at_the_end, self._quiet):
            if not self.found():
                phase()

    def found(self) -> list[str]:
        """All findings so far."""
        return (
            self._problems + self._members.problems + self._counts.problems + self._traffic.problems
        )

    def problem(self, text: str) -> None:
        """Adds a finding."""
        self._problems.append(f"{self.world.now:.3f}: {text}")

    def _judge_safety(self) -> None:
        if self._steps.lossless and not self.world.network.lost:
            self._problems += checks.false_deaths(self.world)
        self._steps.heal()

    def _converge(self) -> None:
        world = self.world
        healed = world.now
        if world.run_until(lambda: not self._disagreements(), CONVERGED_WITHIN, _EVERY):
            self.converged_after = world.now - healed
        else:
            for line in self._disagreements():
                self.problem(f"not agreed {CONVERGED_WITHIN:g} s after healing: {line}")

    def _quiet(self) -> None:
        """Goes on for a while: agreement must last, and the network must fall silent."""
        world = self.world
        world.run(QUIET_AFTER)
        # Who is gone or removed is tried, and suspected by those it does not answer.
        apart = any(self._steps.hidden.values()) or len(world.live()) < len(world.hosts)
        self._traffic.begin_quiet(whole=not apart)
        world.run(QUIET_SECONDS)
        self._traffic.end_quiet(QUIET_SECONDS)
        for line in self._disagreements():
            self.problem(f"agreement did not last: {line}")
        for request in checks.unanswered(world):
            self.problem(f"no answer to request {request.ticket} at {request.node}")

    def _disagreements(self) -> list[str]:
        hidden = self._steps.hidden
        return member_checks.disagreements(self.world, hidden) + count_checks.disagreements(
            self.world, hidden
        )


def _where(traceback: TracebackType | None) -> str:
    """The innermost line of a traceback, as module and number."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return "nowhere"
    return f"{traceback.tb_frame.f_globals.get('__name__')}:{traceback.tb_lineno}"
