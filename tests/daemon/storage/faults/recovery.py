"""Runs under the shim: power is lost again while what a first cut has left is opened and used."""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path
from random import Random
from typing import Any

from gossipd.daemon.storage.schema import read_state
from gossipd.protocol import Entry, Group, State, Write
from tests.daemon.storage.faults.disk import Disk, records
from tests.daemon.storage.faults.power import (
    CLUSTER,
    Cut,
    SmallLog,
    Told,
    Workload,
    all_cuts,
    connection,
    laid_out,
    problem,
    total,
)
from tests.daemon.storage.faults.shim import Shim

COMMITS = 3


class Recovery(Workload):
    """A start from what a cut left of an earlier workload, and its first commits.

    The first of its `states` are those that the cut allows; the one after them is what the start
    has found and shown.
    """

    def __init__(self, folder: Path, shim: Shim, before: Workload, cut: Cut) -> None:
        super().__init__(folder, shim)
        allowed = slice(cut.told.done, cut.told.begun + 1)
        self.states = before.states[allowed]
        self.counted = [before.counted[cut.told.done]] * len(self.states)
        self.heard = before.heard[:]

    def run(self) -> None:
        """Ends nowhere."""
        store = SmallLog(self._folder, CLUSTER)
        self._shim.mark(f"begin {len(self.states)}")
        found = store.open()
        self._found(read_state(connection(store)))
        self._step(store, lambda: store.begin(found.generation + 1))
        for number in range(1, COMMITS + 1):
            entry = Entry(number, "default", 0, number)
            own = [Write(number, (Group(b"c" * 16, number - 1, number, [entry]),))]
            self._hear(store)
            store.begin_snapshot()
            snapshot = self._others(number)
            self._step(store, lambda own=own, snapshot=snapshot: store.commit(own, snapshot), own)
        store._disconnect()

    def _found(self, state: State) -> None:
        self._done(state, 0)
        self.counted[-1] = total(state)


def cuts(folder: Path, seed: int, sample: int, pragma: str = "") -> dict[str, Any]:
    """A report: how many first cuts, how many second ones, and what was wrong with which."""
    shim, rng, log = Shim(), Random(seed), folder / "log"
    before = Workload(folder / "data", shim)
    before.run()
    SmallLog.pragma = pragma
    first = list(all_cuts(log, Disk(folder / "data", rng), Told()))
    problems: list[str] = []
    second = 0
    for number, cut in enumerate(rng.sample(first, sample)):
        # A connection that is closed late would sync where the next records begin.
        gc.collect()
        os.truncate(log, 0)
        data = laid_out(cut.image, folder / "data" / str(number))
        start = len(list(records(log.read_bytes())))
        recovery = Recovery(data, shim, before, cut)
        told = Told(0, len(recovery.states) - 1, 0)
        recovery.run()
        disk = Disk(data, rng)
        for again in all_cuts(log, disk, told, start):
            second += 1
            found = problem(recovery, again.image, folder / "scratch", again.told, killed=False)
            if found:
                problems.append(f"{cut.where}, then {again.where}: {found}")
        shutil.rmtree(data)
    return {"first": sample, "second": second, "problems": problems}
