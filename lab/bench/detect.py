"""How soon the others declare a node dead that was killed, or whose packets no longer arrive.

All systems lose the node of the same number at the same time, on the same network.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import Any

import attrs

from lab.experiments.trials import Findings, table
from lab.processes.cluster import eventually
from lab.processes.packets import loss, silence

from .load import SCRIPT
from .measure import Options, share, shown
from .processes import running
from .rivals import installed
from .systems import Gossipd, System, all_systems, gossipd, send

NODES = (16, 50)
LOSS = (0.0, 0.01)
KILLED, VANISHED = "kill -9", "vanished"
LOADED_NODES = 16
REPETITIONS = 5
_WITHIN = 60.0
_VICTIMS = (11, 7, 13, 4, 9, 14, 5, 12, 8)
"""None of them is a seed, and none is asked to count."""


@attrs.frozen
class Case:
    """What is done to which clusters.

    Attributes:
        loss: share of all packets that is dropped.
        how: the node is lost: `KILLED` or `VANISHED`.
        loaded: a client increments at full speed meanwhile.
    """

    nodes: int
    loss: float
    how: str
    loaded: bool = False


@attrs.frozen
class Found:
    """What one system's nodes said of one victim.

    Attributes:
        seconds: from its end until each other node declared it dead; fewer if some did not.
        false_deaths: verdicts on nodes that were well.
        silent: nodes that did not find it.
    """

    system: str
    seconds: list[float]
    false_deaths: int
    silent: int


def run(options: Options) -> Findings:
    """Measures every case, each several times."""
    measured: dict[tuple[Case, str], list[Found]] = {}

    def keep(case: Case, found: Sequence[Found]) -> None:
        for one in found:
            measured.setdefault((case, one.system), []).append(one)

    times = options.times(REPETITIONS)
    for nodes in (4,) if options.short else NODES:
        with all_systems(nodes, options) as systems:
            for case in _cases(nodes, options):
                for time in range(times):
                    options.tell(f"detect {time + 1}: {case}")
                    keep(case, _one(case, systems, time))
    if not options.short and installed("wrk", options):
        for case, found in _while_counting(options, times + times):
            keep(case, [found])
    return findings(measured)


def _while_counting(options: Options, times: int) -> Iterator[tuple[Case, Found]]:
    """With and without a client that increments on the first node, in turns."""
    with gossipd(LOADED_NODES, options.folder) as cluster:
        for time in range(times):
            for loaded in (False, True):
                case = Case(LOADED_NODES, 0.0, KILLED, loaded)
                options.tell(f"detect {time + 1}: {case}")
                with _load(cluster, options) if loaded else nullcontext():
                    (found,) = _one(case, [cluster], time)
                yield case, found


def _cases(nodes: int, options: Options) -> list[Case]:
    if not _filters(options):
        return [Case(nodes, 0.0, KILLED)]
    if options.short:
        return [Case(nodes, 0.0, VANISHED)]
    return [Case(nodes, lost, how) for lost in LOSS for how in (KILLED, VANISHED)]


def _filters(options: Options) -> bool:
    """Whether packets can be dropped here."""
    with loss(0.0) as possible:
        if installed("iptables", options) and not possible:
            options.tell("!! loss and vanished nodes are left out: iptables adds no rules here")
        return possible


def _one(case: Case, systems: Sequence[System], time: int) -> list[Found]:
    victim = _VICTIMS[time % len(_VICTIMS)] % case.nodes
    with ExitStack() as stack:
        if case.loss:
            stack.enter_context(loss(case.loss))
        if case.how == KILLED:
            ended = [system.kill(victim) for system in systems]
        else:
            # Its process stands still, too: on one machine a program may send from addresses
            # that are not its own.
            stack.enter_context(silence([system.hosts[victim] for system in systems]))
            ended = [send(system, [victim], signal.SIGSTOP) for system in systems]

        def all_know() -> bool:
            told = zip(systems, ended, strict=True)
            return all(case.nodes - 1 == len(_times(s, victim, at)) for s, at in told)

        with suppress(AssertionError):  # who does not know by then is counted as silent
            eventually("everybody knows", all_know, _WITHIN)
        found = [_found(s, victim, at) for s, at in zip(systems, ended, strict=True)]
    for system in systems:
        if case.how == VANISHED:
            system.kill(victim)
        system.restart(victim)
    eventually("they are complete", lambda: all(s.complete() for s in systems), _WITHIN)
    return found


def _times(system: System, victim: int, at: float) -> dict[int, float]:
    """Seconds to each node's first verdict on the victim."""
    times: dict[int, float] = {}
    for verdict in system.verdicts(at):
        if verdict.member == victim and verdict.by != victim:
            times.setdefault(verdict.by, verdict.at - at)
    return times


def _found(system: System, victim: int, at: float) -> Found:
    times = _times(system, victim, at)
    wrong = [one for one in system.verdicts(at) if victim not in (one.member, one.by)]
    silent = len(system.hosts) - 1 - len(times)
    return Found(system.name, sorted(times.values()), len(wrong), silent)


@contextmanager
def _load(cluster: Gossipd, options: Options) -> Iterator[None]:
    """One client that increments on the first node without a pause."""
    url = f"http://{cluster.nodes[0].id}/increment"
    command = ["wrk", "-t1", "-c1", "-d3600s", "-s", str(SCRIPT), url, "--", "POST"]
    with running(command, options.folder / "wrk.log"):
        yield


def findings(measured: Mapping[tuple[Case, str], Sequence[Found]]) -> Findings:
    """What these repetitions say."""
    rows = [_row(case, name, found) for (case, name), found in measured.items()]
    head = ["system", "nodes", "loss", "how", "first node knows", "every node knows"]
    head += ["all nodes: p50", "max", "false deaths", "never found"]
    title = "From the end of a node until others declare it dead, profile `lan` everywhere."
    return Findings(((title, table(head, [_cells(row) for row in rows])),), {"rows": rows})


def _row(case: Case, name: str, found: Sequence[Found]) -> dict[str, Any]:
    times = [time for one in found for time in one.seconds]
    return {
        "system": name,
        **attrs.asdict(case),
        "first": [one.seconds[0] for one in found if one.seconds],
        "every": [one.seconds[-1] for one in found if one.seconds and not one.silent],
        "seconds": times,
        "p50": share(times, 50) if times else None,
        "max": max(times, default=None),
        "false_deaths": sum(one.false_deaths for one in found),
        "silent": sum(one.silent for one in found),
    }


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["system"],
        str(row["nodes"]),
        f"{100 * row['loss']:.0f} %",
        row["how"] + (", while a client increments" if row["loaded"] else ""),
        shown(row["first"], "{:.1f}", " s"),
        shown(row["every"], "{:.1f}", " s"),
        "-" if row["p50"] is None else f"{row['p50']:.1f} s",
        "-" if row["max"] is None else f"{row['max']:.1f} s",
        str(row["false_deaths"]),
        str(row["silent"]),
    ]
