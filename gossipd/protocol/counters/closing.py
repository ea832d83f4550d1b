"""How what an heir inherited comes to count, in place of the logs that it took over."""

from __future__ import annotations

from collections.abc import Set

from ..wire import DEFAULT, Row, Said
from .floors import Counter
from .heirs import floor_of, inherits
from .named import Names
from .owner_log import OwnerLog
from .sources import INHERITED


class Closing:
    """The counters, as far as an heir changes by which rows they count.

    Args:
        default, names: the counters.
    """

    def __init__(self, default: Counter, names: Names) -> None:
        self._default = default
        self._names = names

    def take(self, heir: bytes, row: Said, known: int, *, whole: bool) -> None:
        """Takes a row that says what an heir inherited, in place of one of a total of `known`."""
        if row.name == DEFAULT:
            self._default.merge(INHERITED + heir, floor_of(row), row.total if whole else 0)
        elif whole:
            self._names.inherit(row.name, row.total - known)

    def inherit(self, heir: bytes, log: OwnerLog) -> None:
        """Lets what an heir inherited count."""
        for row in log.after(-1):
            if not isinstance(row, Said) or not inherits(heir, row):
                continue
            if row.name == DEFAULT:
                self._default.merge(INHERITED + heir, floor_of(row), row.total)
            elif row.name not in self._names.sources:
                self._names.inherit(row.name, row.total)

    def uncount(self, owner: bytes, log: OwnerLog, *, whole: bool) -> None:
        """Takes a closed log out of the counters, with what it had inherited if it was whole."""
        for row in log.after(-1):
            if not isinstance(row, Said):
                if row.name == DEFAULT:
                    self._default.drop(owner, row.floor)
                elif row.name not in self._names.sources:
                    self._names.counted({row.name: -row.count})
            elif not inherits(owner, row):
                self._unwrite(owner, row)
            elif whole and row.name == DEFAULT:
                self._default.drop(INHERITED + owner, floor_of(row))
            elif whole and row.name not in self._names.sources:
                self._names.inherit(row.name, -row.total)

    def refresh(self, names: Set[str]) -> None:
        """Brings those of these counters up to date that have sources."""
        for name in sorted(names & self._names.sources.keys()):
            self._names.sources[name].recount()
            self._names.refresh(name)

    def _unwrite(self, owner: bytes, row: Row) -> None:
        if isinstance(row, Said) and row.source and row.name in self._names.sources:
            self._names.sources[row.name].unwrite(row.source, owner)
