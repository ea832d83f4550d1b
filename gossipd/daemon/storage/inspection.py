"""Checks, reads and copies the file of a node, also while the node runs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from gossipd.protocol import STATES, Group, Ledger

from ..errors import reason
from . import schema
from .schema import check, open_to_read, read_state
from .synced import LastSynced
from .unsynced import UnsyncedLog

Progress = Callable[[float | None], None]
"""Is told again and again which share of the work is done, None where that is not known."""

_PAGES_A_STEP = 1000
_INSTRUCTIONS_A_STEP = 100_000


class InspectionError(Exception):
    """The file cannot be checked, read or copied. The text is one line: what, where and why."""


def _ignore(share: float | None) -> None:
    pass


def check_directory(directory: Path, progress: Progress = _ignore) -> str:
    """Reads the whole file and returns one line about its content.

    Raises InspectionError if the file is damaged or cannot be read.
    """
    # A node that runs writes on, so that a later note could promise more than is read here.
    mark = LastSynced(directory / schema.FILE).read()
    with _reading(directory) as (path, connection):
        connection.set_progress_handler(lambda: progress(None), _INSTRUCTIONS_A_STEP)
        problem = check(connection)
        if problem is not None:
            raise InspectionError(f"{path} is damaged: {' '.join(problem.split())}")
        state = read_state(connection)
        shortfall = None if mark is None else mark.shortfall(state.groups)
        if shortfall is not None:
            raise InspectionError(f"{path} is incomplete: {shortfall}")
        numbers = [len(log.entries) for log in _merged(state.groups).owners.values()]
        owners, entries, members = len(numbers), sum(numbers), len(state.members)
        return f"{path}: owners {owners}, their entries {entries}, members {members}"


def read_directory(directory: Path) -> dict[str, Any]:
    """Returns what the node's files hold, as plain values. Raises InspectionError."""
    with _reading(directory) as (path, connection):
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        state = read_state(connection)
    recorded = UnsyncedLog(directory / schema.FILE, str(meta.get("cluster"))).read()
    ledger = _merged([*state.groups, *recorded])
    removed = frozenset(state.removed)
    return {
        "path": str(path),
        "cluster": meta.get("cluster"),
        "cluster_ids": [f"{each:08x}" for each in state.cluster_ids],
        "generation": state.generation,
        "ended_in_good_order": bool(meta.get("clean")),
        "counters": {
            name: ledger.value(name) for name in ledger.names.page("", "") if ledger.knows(name)
        },
        "owners": [
            {"owner": owner.hex(), "complete_up_to": log.have, "entries": len(log.entries)}
            for owner, log in sorted(ledger.owners.items())
        ],
        "members": [
            {
                "id": claim.id,
                "state": STATES[claim.state],
                "generation": claim.generation,
                "removed": claim.id in removed,
            }
            for claim in state.members
        ],
    }


def back_up(directory: Path, target: Path, progress: Progress = _ignore) -> None:
    """Copies the node's file to `target`, which appears whole or not at all.

    Raises InspectionError if `target` exists, or if reading or writing fails.
    """
    if target.exists():
        raise InspectionError(f"{target} exists already")
    draft = target.with_name(f"{target.name}.part")
    with _reading(directory) as (_, source):
        # Of one moment, whatever a node that runs writes between two steps: without a transaction
        # SQLite would begin again at each of its writes.
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM meta").fetchone()
        try:
            draft.unlink(missing_ok=True)
            with contextlib.closing(sqlite3.connect(draft)) as copy:
                source.backup(
                    copy,
                    pages=_PAGES_A_STEP,
                    progress=lambda _, rest, total: progress((total - rest) / max(1, total)),
                )
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.rename(target)
        except (OSError, sqlite3.Error) as error:
            why = reason(error) if isinstance(error, OSError) else error
            raise InspectionError(f"cannot write {target}: {why}") from None


def _merged(groups: Iterable[Group]) -> Ledger:
    ledger = Ledger(b"", lambda: time.time_ns() // 1_000_000)
    for group in groups:
        ledger.apply(group)
    return ledger


@contextlib.contextmanager
def _reading(directory: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    path = directory / schema.FILE
    if not path.is_file():
        raise InspectionError(f"{directory} holds no {schema.FILE}")
    try:
        with contextlib.closing(open_to_read(path)) as connection:
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version > schema.VERSION:
                raise InspectionError(f"{path} was written by a newer gossipd (version {version})")
            yield path, connection
    except sqlite3.Error as error:
        raise InspectionError(f"cannot read {path}: {error}") from None
