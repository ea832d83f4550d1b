"""A checkpoint: all rows of all owners, read a few at a time while they change.

A store keeps a log of the groups that a node merged. Once all of a checkpoint is in the log, what
the log had before the checkpoint began is superfluous. A row that changes while the checkpoint is
under way may be missing in it. Then what changed it is in the log, after the beginning. So a piece
must not be on the disk before all that was merged when it was read.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..wire import Group, Row
from .ledger import Ledger
from .owner_log import OwnerLog, group_of


def checkpoint(ledger: Ledger, most: int) -> Iterator[list[Group]]:
    """Yields groups of about `most` rows and owners together, each of what is there by then.

    Only the last group of an owner completes it: a group that was merged since the beginning, and
    goes on from what is superfluous, does not.
    """
    piece: list[Group] = []
    room = most
    for owner in list(ledger.owners):
        log, at = ledger.owners.get(owner), -1
        newest = 0 if log is None else log.newest
        # The owner's id may be closed meanwhile.
        while log is not None:
            rows, ended = _next(log, at, newest, room)
            piece.append(group_of(owner, 0, log.have if ended else 0, rows))
            room -= len(rows) + 1
            if room <= 0:
                yield piece
                piece, room = [], most
            if ended:
                break
            log, at = ledger.owners.get(owner), rows[-1].version
    if piece:
        yield piece


def _next(log: OwnerLog, at: int, newest: int, most: int) -> tuple[list[Row], bool]:
    """Returns about `most` rows after a version, and whether they are the last up to `newest`.

    Rows of one version stay together. An owner that was set back may have several of them.
    """
    rows: list[Row] = []
    for row in log.after(at):
        if row.version > newest:
            break
        if len(rows) >= most and row.version != rows[-1].version:
            return rows, False
        rows.append(row)
    return rows, True
