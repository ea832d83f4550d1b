"""How the log of one file grows, and when a checkpoint begins it anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from gossipd.protocol import Group

from . import schema
from .log import drop_groups, last_number, log_bytes, put_encoded, put_groups, put_packed

_FEW_BYTES = 2**20
"""A log that has grown by less than this needs no checkpoint, however few the counters are."""

_GROWTH = 2
"""How many times as much as a checkpoint has may be put to the log before the next one begins."""


class GrowingLog:
    """The log of one file, as it is on the disk together with the transaction under way.

    After a transaction that failed, `begin` must be called.

    Attributes:
        lacking: whether the file may lack something of the counters until a checkpoint ends.
    """

    def __init__(self) -> None:
        self.lacking = False
        # Whether something was put as incomplete since the last checkpoint began. Then what goes on
        # from that completes nothing in the file, until another checkpoint.
        self._loose = False
        # The last row, and the last one that a checkpoint under way makes superfluous.
        self._number = 0
        self._covered: int | None = None
        # How many bytes the last checkpoint has, the one under way, what was put since the last
        # one, and what of that was there when this one began.
        self._whole = self._part = self._grown = self._before = 0

    def begin(self, connection: sqlite3.Connection) -> None:
        """Takes note of what the table has. Raises sqlite3.Error if it cannot be read."""
        self._number, self._covered = last_number(connection), None
        self._whole = schema.checkpoint_bytes(connection)
        self._grown = log_bytes(connection) - self._whole

    def put(self, connection: sqlite3.Connection, groups: Sequence[Group]) -> None:
        """Appends groups. Raises sqlite3.Error."""
        self._number += 1
        self._grown += put_groups(connection, self._number, groups)

    def put_encoded(self, connection: sqlite3.Connection, groups: Sequence[bytes]) -> None:
        """Appends groups that are encoded by themselves. Raises sqlite3.Error.

        What a group completes rests upon those before it. Where these may be missing, it completes
        nothing.
        """
        self._number += 1
        complete = not self.lacking
        self._loose |= self.lacking
        self._grown += put_encoded(connection, self._number, groups, complete=complete)

    def put_piece(self, connection: sqlite3.Connection, piece: Sequence[Group]) -> None:
        """Appends a piece of a checkpoint. An empty one ends it, and deletes what was there before.

        Does nothing if something was found missing since it began. Raises sqlite3.Error.
        """
        if self._covered is None:
            return
        if piece:
            self._number += 1
            self._part += put_packed(connection, self._number, piece)
        else:
            drop_groups(connection, self._covered)
            schema.put_checkpoint_bytes(connection, self._part)
            self._whole, self._grown = self._part, self._grown - self._before
            self.lacking, self._covered = False, None

    def wants_checkpoint(self) -> bool:
        """Returns whether a checkpoint is to begin."""
        grown = self._grown > max(_FEW_BYTES, _GROWTH * self._whole)
        return self._covered is None and (self.lacking or self._loose or grown)

    def begin_checkpoint(self) -> None:
        """Takes note that a checkpoint begins now, in place of one that is under way."""
        self._covered, self._part, self._before = self._number, 0, self._grown
        self._loose = False

    def lacks(self) -> None:
        """Takes note that something is missing, maybe also in a checkpoint that is under way."""
        self.lacking, self._covered = True, None
