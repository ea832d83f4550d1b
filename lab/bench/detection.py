"""How soon the other nodes declare a node dead that was killed, stopped or cut off.

All clusters lose the node of the same number at the same time, on the same network.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import Any

import attrs

from lab.experiments import Findings, table
from lab.processes import eventually, loss, silence

from .benchmark import Options
from .child_processes import running
from .compared_clusters import ComparedCluster, GossipdCluster, all_clusters, gossipd, send
from .figures import percentile, shown
from .load_generators import wrk_command
from .rivals import installed

NODES = (16, 50)
LOSS = (0.0, 0.01)
KILLED, VANISHED, STOPPED = "kill -9", "vanished", "SIGSTOP"
LOADED_NODES = 16
REPETITIONS = 5
_WITHIN = 60.0
_VICTIMS = (11, 7, 13, 4, 9, 14, 5, 12, 8)
"""The nodes that are lost, in turn. None is a seed, and none is asked to count."""


@attrs.frozen
class Case:
    """What is done to clusters of which size.

    Attributes:
        nodes: the number of nodes.
        loss: share of all packets that is dropped.
        how: how the node is lost: `KILLED`, `VANISHED` or `STOPPED`.
        loaded: whether a client increments at full speed meanwhile.
    """

    nodes: int
    loss: float
    how: str
    loaded: bool = False


@attrs.frozen
class Found:
    """What the nodes of one cluster declared about one lost node.

    Attributes:
        system: the program's name.
        seconds: from the loss until each other node declared it dead; fewer if some did not.
        false_deaths: declarations about nodes that were well.
        silent: how many nodes never declared the lost one dead.
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
        with all_clusters(nodes, options) as clusters:
            for case in _cases(nodes, options):
                for time in range(times):
                    options.tell(f"detect {time + 1}: {case}")
                    keep(case, _one(case, clusters, time))
    if not options.short and installed("wrk", options):
        for case, found in _while_counting(options, times + times):
            keep(case, [found])
    return findings(measured)


def _while_counting(options: Options, times: int) -> Iterator[tuple[Case, Found]]:
    """Measures with and without a client that increments on the first node, in turns."""
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
        return [Case(nodes, 0.0, how) for how in (KILLED, STOPPED)]
    if options.short:
        return [Case(nodes, 0.0, VANISHED)]
    return [Case(nodes, lost, how) for lost in LOSS for how in (KILLED, VANISHED)]


def _filters(options: Options) -> bool:
    """Returns whether packets can be dropped here; tells so if they cannot."""
    with loss(0.0) as possible:
        if installed("iptables", options) and not possible:
            options.tell("!! loss and vanished nodes are left out: iptables adds no rules here")
        return possible


def _one(case: Case, clusters: Sequence[ComparedCluster], time: int) -> list[Found]:
    victim = _VICTIMS[time % len(_VICTIMS)] % case.nodes
    with ExitStack() as stack:
        if case.loss:
            stack.enter_context(loss(case.loss))
        if case.how == KILLED:
            ended = [cluster.kill(victim) for cluster in clusters]
        else:
            # Who vanishes is stopped, too: on one machine a program may send from addresses that
            # are not its own, which no rule would drop.
            if case.how == VANISHED:
                stack.enter_context(silence([cluster.hosts[victim] for cluster in clusters]))
            ended = [send(cluster, [victim], signal.SIGSTOP) for cluster in clusters]

        def all_know() -> bool:
            told = zip(clusters, ended, strict=True)
            return all(case.nodes - 1 == len(_times(one, victim, at)) for one, at in told)

        with suppress(AssertionError):  # a node that does not know by then is counted as silent
            eventually("everybody knows", all_know, _WITHIN)
        found = [_found(one, victim, at) for one, at in zip(clusters, ended, strict=True)]
    for cluster in clusters:
        if case.how != KILLED:
            cluster.kill(victim)
        cluster.restart(victim)
    eventually("they are complete", lambda: all(one.complete() for one in clusters), _WITHIN)
    return found


def _times(cluster: ComparedCluster, victim: int, at: float) -> dict[int, float]:
    """Returns the seconds until each node's first verdict on the victim."""
    times: dict[int, float] = {}
    for verdict in cluster.verdicts(at):
        if verdict.member == victim and verdict.by != victim:
            times.setdefault(verdict.by, verdict.at - at)
    return times


def _found(cluster: ComparedCluster, victim: int, at: float) -> Found:
    times = _times(cluster, victim, at)
    wrong = [one for one in cluster.verdicts(at) if victim not in (one.member, one.by)]
    silent = len(cluster.hosts) - 1 - len(times)
    return Found(cluster.name, sorted(times.values()), len(wrong), silent)


@contextmanager
def _load(cluster: GossipdCluster, options: Options) -> Iterator[None]:
    """Lets one client increment on the first node without a pause."""
    url = f"http://{cluster.nodes[0].id}/increment"
    command = wrk_command(url, "POST", connections=1, seconds=3600)
    with running(command, options.folder / "wrk.log"):
        yield


def findings(measured: Mapping[tuple[Case, str], Sequence[Found]]) -> Findings:
    """Returns the times of these repetitions as a table."""
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
        "p50": percentile(times, 50) if times else None,
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
