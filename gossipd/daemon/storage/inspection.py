"""What a person does with a node's directory: look into it, check it, copy it.

All of it also while the node runs.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gossipd.protocol import STATES, Group, Ledger

from . import schema
from .schema import check, open_to_read, read_state
from .unsynced import Recent


class UpkeepError(Exception):
    """What was asked for cannot be done: one line that says what, where and why."""


def checked(directory: Path) -> str:
    """Reads the whole file and returns what it holds, in one line. Raises UpkeepError."""
    with _reading(directory) as (path, connection):
        problem = check(connection)
        if problem is not None:
            raise UpkeepError(f"{path} is damaged: {' '.join(problem.split())}")
        state = read_state(connection)
        entries = sum(len(group.entries) for group in state.groups)
        owners, members = len(state.groups), len(state.members)
        return f"{path}: owners {owners}, their entries {entries}, members {members}"


def shown(directory: Path) -> dict[str, Any]:
    """What a node's file holds, as plain values. Raises UpkeepError."""
    with _reading(directory) as (path, connection):
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        state = read_state(connection)
    recorded = Recent(directory / schema.FILE, str(meta.get("cluster"))).read()
    removed = frozenset(state.removed)
    return {
        "path": str(path),
        "cluster": meta.get("cluster"),
        "generation": state.generation,
        "ended_in_good_order": bool(meta.get("clean")),
        "counters": _values([*state.groups, *recorded]),
        "owners": [
            {
                "owner": group.owner.hex(),
                "complete_up_to": group.upto,
                "entries": len(group.entries),
            }
            for group in state.groups
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


def back_up(directory: Path, target: Path) -> None:
    """Copies a node's file to `target`, which appears whole or not at all. Raises UpkeepError."""
    if target.exists():
        raise UpkeepError(f"{target} exists already")
    draft = target.with_name(f"{target.name}.part")
    with _reading(directory) as (_, source):
        try:
            draft.unlink(missing_ok=True)
            with contextlib.closing(sqlite3.connect(draft)) as copy:
                source.backup(copy)
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.rename(target)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UpkeepError(f"cannot write {target}: {reason}") from None


def _values(groups: Iterable[Group]) -> dict[str, int]:
    ledger = Ledger(b"")
    for group in groups:
        ledger.apply(group)
    return {name: counter.value for name, counter in sorted(ledger.counters.items())}


@contextlib.contextmanager
def _reading(directory: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    path = directory / schema.FILE
    if not path.is_file():
        raise UpkeepError(f"{directory} holds no {schema.FILE}")
    try:
        with contextlib.closing(open_to_read(path)) as connection:
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version > schema.VERSION:
                raise UpkeepError(f"{path} was written by a newer gossipd (version {version})")
            yield path, connection
    except sqlite3.Error as error:
        raise UpkeepError(f"cannot read {path}: {error}") from None
