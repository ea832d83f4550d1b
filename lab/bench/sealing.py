"""What sealed gossip costs: pings, increments, idle bytes and start beside open gossip; and TLS.

Both forms are measured in turns, each first as often as the other, so that other programs of the
machine take as much from one as from the other. Rates are also told by the processor time of the
nodes, which depends less on what else runs.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from gossipd.daemon import new_key, write_key
from gossipd.sim import Simulation
from gossipd.sim.scenario import make_scenario
from lab.experiments import Findings, table
from lab.processes import Node, cluster, eventually, free_addresses, processor_seconds

from .benchmark import Options
from .child_processes import running
from .figures import ratios, shown
from .load_generators import LoadResult, wrk
from .rivals import installed
from .startup import as_installed, first_answer, run_command
from .udp_pings import Peer, answered, gate_of

PINGS = "pings of a peer answered a second"
INCREMENTS = "`POST /increment`, all, three nodes, 32 connections, a second"
IDLE = "idle node of 50, bytes a second, simulated"
START = "start of `gossipd run` to its first answer, ms"
START_PROCESSOR = f"{START} of processor time"
FLOOD = "pings of a peer answered a second, sealed: alone, and beside 20,000 forged datagrams"
TLS = "`POST /increment`, local, one node, 32 connections, plain and with TLS, a second"

REPETITIONS = 5
STARTS = 15
SECONDS = 3.0
CONNECTIONS = 32
IDLE_NODES = 50
FORGED = 20_000
"""Datagrams a second that no key was used for, from 256 addresses."""

_IDLE_SECONDS = 120.0
_UNOPENED = ("key", "tag", "flood")
_OPEN, _SEALED = "open", "sealed"
_FORMS = (_OPEN, _SEALED)
_WITHIN = 30.0
_CLUSTER = "gossipd"


@attrs.frozen
class Rate:
    """How much was done.

    Attributes:
        a_second: by the clock.
        a_processor_second: by the processor time of all nodes.
    """

    a_second: float
    a_processor_second: float


Rates = dict[str, list[Rate]]
Values = dict[str, list[float]]


def run(options: Options) -> Findings:
    """Measures all of it."""
    key_file = options.folder / "keys"
    write_key(key_file, new_key())
    sealed = ("--key-file", str(key_file))
    rates = {PINGS: _pings(options, sealed)}
    if installed("wrk", options):
        rates[INCREMENTS] = _increments(options, sealed)
        rates[TLS] = _tls(options)
    values = {
        FLOOD: _flood(options, sealed),
        IDLE: _idle(options, sealed),
        **_starts(options, sealed),
    }
    return findings(rates, values)


def _turns(options: Options, what: str, times: int) -> Iterator[str]:
    """Yields the forms in turns: one is first in every other repetition."""
    for repetition in range(times):
        options.tell(f"sealing {repetition + 1}: {what}")
        yield from _FORMS if repetition % 2 else reversed(_FORMS)


def _pings(options: Options, sealed: Sequence[str]) -> Rates:
    seconds = 0.5 if options.short else SECONDS
    rates: Rates = {form: [] for form in _FORMS}
    with ExitStack() as stack:
        made: dict[str, tuple[Peer, Node]] = {}
        for form in _FORMS:
            flags = sealed if form == _SEALED else ()
            nodes = stack.enter_context(cluster(1, _folder(options, f"pings-{form}"), *flags))
            address = (nodes[0].host, nodes[0].port)
            peer = Peer(nodes.name, address, Path(sealed[1]) if flags else None)
            stack.enter_context(peer.socket)
            peer.join()
            made[form] = peer, nodes[0]
        for form in _turns(options, "pings", options.times(REPETITIONS)):
            peer, node = made[form]
            rates[form].append(_answers(peer, node, seconds))
    return rates


def _flood(options: Options, sealed: Sequence[str]) -> Values:
    """Measures pings without others' datagrams, as `open`, and beside forged ones, as `sealed`."""
    seconds = 0.5 if options.short else SECONDS
    values: Values = {form: [] for form in _FORMS}
    with cluster(1, _folder(options, "flood"), *sealed) as nodes:
        peer = Peer(nodes.name, (nodes[0].host, nodes[0].port), Path(sealed[1]))
        command = [sys.executable, "-m", "lab.bench.forged_datagrams", nodes[0].host]
        command += [str(nodes[0].port), str(FORGED), peer.sealed().hex()]
        with peer.socket:
            peer.join()
            for form in _turns(options, "flood", options.times(REPETITIONS)):
                with ExitStack() as flood:
                    if form == _SEALED:
                        flooded = partial(_refuses_more, nodes[0], _refused(nodes[0]))
                        flood.enter_context(running(command, options.folder / "flood.log"))
                        eventually("it came", flooded, _WITHIN)
                    pings, before, start = peer.pings(), _refused(nodes[0]), time.monotonic()
                    values[form].append(answered(peer, pings, peer.target, seconds))
                    forged = (_refused(nodes[0]) - before) / (time.monotonic() - start)
                    options.tell(f"{forged:,.0f} forged datagrams a second were refused")
    return values


def _refused(node: Node) -> float:
    """Returns how many datagrams could not be opened."""
    return sum(node.metric("gossipd_rejected_total", reason=why) for why in _UNOPENED)


def _refuses_more(node: Node, before: float) -> bool:
    return _refused(node) > before


def _answers(peer: Peer, node: Node, seconds: float) -> Rate:
    pings = peer.pings()
    before, start = _processor([node]), time.monotonic()
    rate = answered(peer, pings, peer.target, seconds)
    count = rate * (time.monotonic() - start)
    return Rate(rate, count / (_processor([node]) - before))


def _increments(options: Options, sealed: Sequence[str]) -> Rates:
    """Lets clients increment at new clusters, each time.

    One process is faster or slower than the next one by a tenth and more, for as long as it runs.
    """
    rates: Rates = {form: [] for form in _FORMS}
    for number, form in enumerate(_turns(options, "increments", options.times(REPETITIONS))):
        flags = sealed if form == _SEALED else ()
        with cluster(3, _folder(options, f"increments-{number}"), *flags) as nodes:
            # The first load warms up: it fills caches, and memory grows to what it will be.
            _load(options, nodes.nodes, "http", "all")
            rates[form].append(_load(options, nodes.nodes, "http", "all"))
    return rates


def _tls(options: Options) -> Rates:
    """Measures HTTP, as `open`, beside HTTPS, as `sealed`."""
    certificate = _certificate(options.folder)
    if certificate is None:
        options.tell("!! TLS is left out: there is no openssl, which makes the certificate")
        return {form: [] for form in _FORMS}
    flags = ("--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1]))
    with ExitStack() as stack:
        nodes: dict[str, list[Node]] = {}
        for form in _FORMS:
            some = flags if form == _SEALED else ()
            folder = _folder(options, f"tls-{form}")
            made = stack.enter_context(cluster(1, folder, *some, start=False))
            made[0].start()
            eventually("it listens", partial(made[0].events, "started"), _WITHIN)
            nodes[form] = made.nodes
        rates: Rates = {form: [] for form in _FORMS}
        for form in _turns(options, "TLS", options.times(REPETITIONS)):
            scheme = "https" if form == _SEALED else "http"
            rates[form].append(_load(options, nodes[form], scheme, "local"))
        return rates


def _load(options: Options, nodes: Sequence[Node], scheme: str, ack: str) -> Rate:
    """Lets clients increment at the first of these nodes."""
    before = _processor(nodes)
    url = f"{scheme}://{nodes[0].id}/increment?ack={ack}"
    load: LoadResult = wrk(url, "POST", CONNECTIONS, 1.0 if options.short else SECONDS)
    return Rate(load.rate, load.requests / (_processor(nodes) - before))


def _processor(nodes: Sequence[Node]) -> float:
    return sum(processor_seconds(node.process.pid) or 0.0 for node in nodes)


def _certificate(folder: Path) -> tuple[Path, Path] | None:
    """Returns the files of a new certificate and its key, None if nothing here makes one."""
    files = folder / "node.crt", folder / "node.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-out", str(files[0]), "-keyout", str(files[1])]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_WITHIN)
    except (OSError, subprocess.CalledProcessError):
        return None
    files[1].chmod(0o600)
    return files


def _folder(options: Options, name: str) -> Path:
    made = options.folder / name
    made.mkdir()
    return made


def idle_bytes(seal_bytes: int, nodes: int = IDLE_NODES, seconds: float = _IDLE_SECONDS) -> float:
    """Returns what a simulated idle node sends a second, with the headers of IP and UDP."""
    scenario = {"nodes": nodes, "duration": seconds, "set": {"seal_bytes": seal_bytes}}
    traffic = Simulation(make_scenario(scenario)).run().report.traffic
    # The simulated network carries datagrams that nobody has sealed.
    return traffic.wire_bytes + seal_bytes * traffic.datagrams


def _idle(options: Options, sealed: Sequence[str]) -> Values:
    nodes, seconds = (5, 10.0) if options.short else (IDLE_NODES, _IDLE_SECONDS)
    options.tell("sealing: idle bytes")
    more = {_OPEN: 0, _SEALED: gate_of(_CLUSTER, Path(sealed[1])).seal_bytes()}
    return {form: [idle_bytes(more[form], nodes, seconds)] for form in _FORMS}


def _starts(options: Options, sealed: Sequence[str]) -> dict[str, Values]:
    """Times starts, of which the first ones only compile what an installed gossipd has compiled."""
    variables = as_installed(options.folder)
    taken: Values = {form: [] for form in _FORMS}
    used: Values = {form: [] for form in _FORMS}

    def start(form: str) -> tuple[float, float]:
        ((host, port),) = free_addresses(1)
        command = [*run_command(host, port), "--ephemeral", *(sealed if form == _SEALED else ())]
        log = options.folder / "start.log"
        before = _used_by_children()
        seconds = first_answer((command, host, port), log, variables)
        return 1000 * seconds, 1000 * (_used_by_children() - before)

    for form in _FORMS:
        start(form)
    for form in _turns(options, "start", options.times(STARTS)):
        clock, processor = start(form)
        taken[form].append(clock)
        used[form].append(processor)
    return {START: taken, START_PROCESSOR: used}


def _used_by_children() -> float:
    """Returns the processor seconds of all processes that this one has started and that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def findings(rates: Mapping[str, Rates], values: Mapping[str, Values]) -> Findings:
    """Returns all as one table."""
    rows: list[dict[str, Any]] = []
    for what, found in rates.items():
        for how, part in (("", _a_second), (", by processor time", _a_processor_second)):
            rows.append(_row(what + how, {form: part(found[form]) for form in _FORMS}))
    rows += [_row(what, some) for what, some in values.items()]
    head = ["what", *_FORMS, "sealed to open", "more"]
    cells = [
        [
            row["what"],
            *(shown(row[form]) for form in _FORMS),
            shown(row["to"], "{:.2f}"),
            shown(row["more"]) if row["what"] in values else "",
        ]
        for row in rows
    ]
    title = "Open and sealed in turns; ratios and differences of neighbours."
    return Findings(((title, table(head, cells)),), {"rows": [row for row in rows if row["to"]]})


def _a_second(rates: Sequence[Rate]) -> list[float]:
    return [rate.a_second for rate in rates]


def _a_processor_second(rates: Sequence[Rate]) -> list[float]:
    return [rate.a_processor_second for rate in rates]


def _row(what: str, values: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    plain, sealed = values[_OPEN], values[_SEALED]
    more = [after - before for before, after in zip(plain, sealed, strict=True)]
    both = {_OPEN: list(plain), _SEALED: list(sealed)}
    return {"what": what, **both, "to": ratios(sealed, plain), "more": more}
