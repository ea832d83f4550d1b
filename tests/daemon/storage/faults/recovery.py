"""Runs under the shim: power is lost again while what a first cut has left is opened and used."""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path
from random import Random
from typing import Any

from gossipd.daemon.storage.schema import read_state
from tests.daemon.storage.faults.disk import Disk, records
from tests.daemon.storage.faults.merged import OWN, merged, total
from tests.daemon.storage.faults.power import MANY, Cut, Told, all_cuts, laid_out, problem
from tests.daemon.storage.faults.shim import Shim
from tests.daemon.storage.faults.workload import (
    CLUSTER,
    SmallLog,
    Workload,
    connection,
)

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
        self.least = [before.least[cut.told.done]] * len(self.states)
        self.counted = [before.counted[cut.told.done]] * len(self.states)
        self.heard = before.heard[:]
        self.shown = before.shown[:]
        self.known = before.known.copy()

    def run(self) -> None:
        """Ends nowhere."""
        store = SmallLog(self._folder, CLUSTER)
        self._shim.mark(f"begin {len(self.states)}")
        found = store.open()
        in_file = read_state(connection(store))
        self._ledger, self._kept = merged(found.groups), merged(in_file.groups)
        self._done(in_file, 0)
        self.counted[-1] = total(self._kept)
        # The first transaction has what was only recorded.
        self._kept = merged(found.groups)
        self._step(store, lambda: store.begin(found.generation + 1))
        for number in range(1, COMMITS + 1):
            self._turn_of(store, [self._own(OWN[2], number)], number)
        store._disconnect()


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
        if len(problems) >= MANY:
            break
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
