"""How soon a lost node is found, what each mechanism adds to that, and who is wronged by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

import attrs

from gossipd.protocol import MemberDead
from gossipd.sim import Percentiles, Simulation
from gossipd.sim.scenario import Scenario, make_scenario
from gossipd.sim.world import Faults, Observed, World, id_of

from . import phi_accrual
from .pieces import Pieces
from .trials import Findings, Progress, mean, table
from .variants import VARIANTS

LOSS_PERCENT = (0, 5, 20, 30)
HOW = ("process dead", "machine gone")
SWITCHES = (
    "refusals",
    "timetable",
    "sought_confirmations",
    "learned_silences",
    "verdicts_at_once",
    "warned_verdicts",
    "own_looks",
    "blames_itself",
)
ABLATION: Mapping[str, Mapping[str, str]] = {
    "gossipd": {},
    **{f"without {name}": {name: "false"} for name in SWITCHES},
    "without all of these": dict.fromkeys(SWITCHES, "false"),
    "Lifeguard": VARIANTS["Lifeguard"],
    "SWIM": VARIANTS["SWIM"],
    **{name: {} for name in phi_accrual.VARIANTS},
}
"""The settings of each variant. Lifeguard and SWIM have the time-outs of Lifeguard's paper, and
phi-accrual is no variant of the protocol."""

# Bytes of the headers of IP and UDP.
_HEADERS = 28

_WHOLE = Pieces()


@attrs.frozen
class Case:
    """What happens to a cluster.

    Attributes:
        title: what the tables call it.
        nodes: the number of nodes, which know each other from the start.
        lasting: the seconds from the first fault to the end.
        seeds: the runs, unless another number is asked for.
        lost: nodes that end for good, each with the seconds from the first fault.
        gone: whether their machines are silent from then on, or refuse datagrams.
        faulty: so many of the first nodes have a fault; verdicts on them are not false.
        loss: the share of all datagrams that is lost, in percent.
        words: the faults as scenarios spell them; `{at}` is the time of the first.
        variant: a key of `ABLATION`.
        must: what is to be reached, in words.
    """

    title: str
    nodes: int
    lasting: float
    seeds: int
    lost: tuple[tuple[int, float], ...] = ()
    gone: bool = False
    faulty: int = 0
    loss: int = 0
    words: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    variant: str = "gossipd"
    must: str = ""


def _singly(nodes: int, count: int) -> tuple[tuple[int, float], ...]:
    """Returns the last so many nodes, lost one after the other."""
    return tuple((nodes - 1 - place, 5.37 * place) for place in range(count))


def _lost(nodes: int, gone: bool, seeds: int, count: int, must: str) -> Case:
    lost = _singly(nodes, count)
    return Case(HOW[gone], nodes, lost[-1][1] + 15.0, seeds, lost, gone, must=must)


def _together(nodes: int, numbers: range, lasting: float, must: str) -> Case:
    lost = tuple((number, 0.0) for number in numbers)
    title = f"{len(numbers)} machines gone at once"
    return Case(title, nodes, lasting, 1, lost, gone=True, must=must)


def _rejects() -> list[str]:
    draw = Random(64)
    pairs = [draw.sample(range(64), 2) for _ in range(64 * 64 // 12)]
    return [f"n{one}@{{at}}+90,peer=n{other}" for one, other in pairs]


def _pauses(seconds: float, must: str) -> Case:
    pauses = [f"n{9 * place}@{5 + 8.13 * place:.2f}+{seconds}" for place in range(5)]
    title = f"five nodes pause for {seconds} s, one after the other"
    return Case(title, 64, 50.0, 1, words={"pause": pauses}, must=must)


def _one_way(loss: int) -> Case:
    words = {"one-way": [f"n0-5@{{at}}+60,loss={loss}"]}
    title = f"6 nodes lose {loss} % of what they send"
    return Case(title, 64, 70.0, 1, faulty=6, words=words, must="0 at well nodes")


def _restarts(down: float, must: str) -> Case:
    restarts = [f"n{number}@{4 + 2.37 * number:.2f}+{down}" for number in range(64)]
    title = f"all nodes restart in turn, each within {down} s"
    return Case(title, 64, 170.0, 1, words={"restart": restarts}, must=must)


CASES = (
    _lost(16, False, 6, 4, "p50 1.2 s, max 2.5 s"),
    _lost(64, False, 6, 4, "p50 1.5 s, max 3 s"),
    _lost(256, False, 2, 2, ""),
    _lost(1000, False, 2, 1, "p50 1.8 s"),
    _lost(16, True, 6, 4, "p50 4.6 s, max 6 s"),
    _lost(64, True, 6, 4, "p50 4.6 s, max 6 s"),
    _lost(256, True, 2, 2, ""),
    _lost(1000, True, 2, 1, "p50 5.5 s"),
    _together(128, range(64, 128), 60.0, "max 40 s"),
    _together(64, range(8, 16), 30.0, "max 9 s"),
    Case("5 % loss", 64, 600.0, 20, loss=5, must="0"),
    Case("5 % loss, without all mechanisms", 64, 600.0, 1, loss=5, variant="without all of these"),
    Case("20 % loss", 64, 600.0, 20, loss=20, must="0"),
    Case(
        "16 nodes pause for 16 s, again and again",
        64,
        100.0,
        1,
        faulty=16,
        words={"flip-flop": ["n0-15@{at}+80"]},
        must="0",
    ),
    Case(
        "8 nodes blocked for 20 s, timers run",
        64,
        40.0,
        1,
        faulty=8,
        words={"block": ["n0-7@{at}+20,timers=run"]},
        must="0",
    ),
    Case(
        "8 nodes read 0.5 to 2.5 s late",
        64,
        80.0,
        1,
        faulty=8,
        words={"slow": ["n0-7@{at}+60"]},
        must="0",
    ),
    Case("341 pairs reject each other", 64, 100.0, 1, words={"reject": _rejects()}, must="0"),
    _restarts(0.5, "0"),
    _restarts(1.0, ""),
    _one_way(80),
    _one_way(100),
    *[_pauses(seconds, must) for seconds, must in ((3.3, "0"), (3.6, ""), (4.0, ""))],
    Case("idle", 16, 120.0, 1, must="300 bytes/s"),
    Case("idle", 50, 120.0, 1, must="300 bytes/s"),
)
"""What is asked of the protocol as it is."""

ABLATION_CASES = tuple(
    Case(how, 64, 22.0, 1, _singly(64, 2), how == HOW[1], loss=loss, variant=variant)
    for variant in ABLATION
    for how in HOW
    for loss in LOSS_PERCENT
)


@attrs.frozen
class Trial:
    """One run."""

    case: Case
    seed: int

    @property
    def at(self) -> float:
        """The time of the first fault, elsewhere in a round of probes with each seed."""
        return round(4.0 + 0.37 * self.seed, 2)

    def scenario(self) -> Scenario:
        """Returns the scenario of the trial."""
        case = self.case
        machine = "gone" if case.gone else "up"
        crashes = [f"n{n}@{self.at + delay:.2f},machine={machine}" for n, delay in case.lost]
        faults = {
            kind: [text.format(at=self.at) for text in texts] for kind, texts in case.words.items()
        }
        return make_scenario(
            {
                "nodes": case.nodes,
                "duration": round(self.at + case.lasting, 2),
                "seed": self.seed,
                "loss": case.loss,
                **({"crash": crashes} if crashes else {}),
                **faults,
                "set": dict(ABLATION[case.variant]),
            }
        )


@attrs.frozen
class Outcome:
    """What came of a trial.

    Attributes:
        seconds: for each lost node and each that runs, from the loss to the verdict.
        unknown: how many of these pairs had no verdict at the end.
        false: verdicts on nodes that were well, or back in time.
        at_healthy: those of them at nodes without a fault.
        suspicions: of such nodes, each counted at its accuser.
        bytes: per node and second, headers of IP and UDP included.
    """

    seconds: list[float]
    unknown: int
    false: int
    at_healthy: int
    suspicions: int
    bytes: float


def measure(trial: Trial) -> Outcome:
    """Runs a trial and returns its outcome."""
    if trial.case.variant in phi_accrual.VARIANTS:
        return _measure_phi(trial)
    simulation = Simulation(trial.scenario())
    deaths = _deaths(simulation.world)
    report = simulation.run().report
    size = report.traffic.bytes + _HEADERS * report.traffic.datagrams
    return _outcome(trial, deaths, report.false_deaths.suspicions, size)


def _measure_phi(trial: Trial) -> Outcome:
    """Runs a trial whose only faults are losses of datagrams and of nodes."""
    case, scenario = trial.case, trial.scenario()
    world = phi_accrual.phi_world(scenario, case.variant)
    deaths, faults = _deaths(world), Faults(world)
    for number, delay in case.lost:
        world.at(trial.at + delay, partial(faults.crash, number, gone=case.gone))
    world.run(scenario.duration)
    sent = [world.network.counts(host.address) for host in world.hosts.values()]
    size = sum(each.sent_bytes + _HEADERS * each.sent for each in sent)
    return _outcome(trial, deaths, 0, size / case.nodes / scenario.duration)


def _deaths(world: World) -> list[Observed]:
    """Returns a list to which each verdict is added from now on."""
    deaths: list[Observed] = []
    world.log.on_event.append(
        lambda each: deaths.append(each) if isinstance(each.event, MemberDead) else None
    )
    return deaths


def _outcome(trial: Trial, deaths: Sequence[Observed], suspicions: int, size: float) -> Outcome:
    case = trial.case
    lost = {id_of(number): trial.at + delay for number, delay in case.lost}
    faulty = {id_of(number) for number in range(case.faulty)}
    found: dict[tuple[str, str], float] = {}
    false = at_healthy = 0
    for each in deaths:
        member = each.event.member
        if member in lost and each.time >= lost[member]:
            if each.node not in lost:
                found.setdefault((each.node, member), each.time - lost[member])
        elif member not in faulty:
            false += 1
            at_healthy += each.node not in faulty
    unknown = len(lost) * (case.nodes - len(lost)) - len(found)
    return Outcome(list(found.values()), unknown, false, at_healthy, suspicions, size)


def run(seeds: int | None, jobs: int, progress: Progress, pieces: Pieces = _WHOLE) -> Findings:
    """Carries out the experiment, or pieces of it, and returns its findings."""
    trials = [
        Trial(case, seed)
        for case in (*CASES, *ABLATION_CASES)
        if pieces.only in case.title
        for seed in range(1, (seeds or case.seeds) + 1)
    ]
    done = pieces.carry_out(measure, trials, Outcome, jobs, progress)
    return findings([trial for trial, _ in done], [outcome for _, outcome in done])


def findings(trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> Findings:
    """Returns what these outcomes show."""
    done = list(zip(trials, outcomes, strict=True))
    rows = [_row(case, done) for case in CASES]
    ablation = [_row(case, done) for case in ABLATION_CASES]
    rows, ablation = ([row for row in some if row["runs"]] for some in (rows, ablation))
    tables = [("What is asked of it.", _asked(rows))] if rows else []
    if ablation:
        times, false = (_by_loss(ablation, cell) for cell in (_times, _false))
        tables.append(("Until every live node knows, 64 nodes: p50 / max.", times))
        tables.append(("Verdicts on nodes that were well, 64 nodes.", false))
    return Findings(tuple(tables), {"rows": rows, "ablation": ablation})


def _row(case: Case, done: Sequence[tuple[Trial, Outcome]]) -> dict[str, Any]:
    outcomes = [outcome for trial, outcome in done if trial.case == case]
    seconds = [time for outcome in outcomes for time in outcome.seconds]
    return {
        **attrs.asdict(case, filter=attrs.filters.exclude("words", "lost")),
        "runs": len(outcomes),
        "lost": len(case.lost) * len(outcomes),
        **attrs.asdict(Percentiles.of(seconds)),
        "unknown": sum(outcome.unknown for outcome in outcomes),
        "false": sum(outcome.false for outcome in outcomes),
        "at_healthy": sum(outcome.at_healthy for outcome in outcomes),
        "suspicions": mean([outcome.suspicions for outcome in outcomes]),
        "bytes": mean([outcome.bytes for outcome in outcomes]),
    }


def _asked(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    head = ["", "nodes", "runs", "lost", "p50", "max", "not known", "false deaths"]
    head += ["at well nodes", "false suspicions a run", "bytes/s", "must"]
    return table(
        head,
        [
            [
                row["title"],
                f"{row['nodes']:,}",
                f"{row['runs']}",
                f"{row['lost']}",
                *[_seconds(row[name]) for name in ("p50", "max")],
                f"{row['unknown']}",
                f"{row['false']:,}",
                f"{row['at_healthy']:,}",
                f"{row['suspicions']:,.1f}",
                f"{row['bytes']:,.0f}",
                row["must"],
            ]
            for row in rows
        ],
    )


def _by_loss(rows: Sequence[Mapping[str, Any]], cell: Any) -> list[str]:
    """Returns a line for each variant, and a column for each loss and way to be lost."""
    cells: dict[str, dict[tuple[str, int], str]] = {}
    for row in rows:
        cells.setdefault(row["variant"], {})[row["title"], row["loss"]] = cell(row)
    run = {(row["title"], row["loss"]) for row in rows}
    keys = [(how, loss) for how in HOW for loss in LOSS_PERCENT if (how, loss) in run]
    head = ["", *[f"{how}, {loss} %" for how, loss in keys]]
    return table(
        head,
        [[name, *[texts.get(key, "-") for key in keys]] for name, texts in cells.items()],
    )


def _times(row: Mapping[str, Any]) -> str:
    unknown = f" ({row['unknown']} not by the end)" if row["unknown"] else ""
    return f"{_seconds(row['p50'])} / {_seconds(row['max'])}{unknown}"


def _false(row: Mapping[str, Any]) -> str:
    return f"{row['false']:,}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
