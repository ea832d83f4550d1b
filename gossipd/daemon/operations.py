"""What an operator may ask of a running daemon as a whole: to read again, and to leave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import trio

from .config import DaemonConfig
from .log import get_logger, set_level

CAN_CHANGE = ("join", "log_level", "max_counters", "metrics_counters", "tags")
"""The settings that change without a restart."""

_RESTART = (
    "log level, tags, seeds and limits of counters can change; all other settings are as at the"
    " start"
)

Change = Callable[[DaemonConfig, DaemonConfig], None]
"""Lets the daemon go on with the second settings in place of the first, by what can change."""

Again = Callable[[], DaemonConfig]
"""Returns the settings as they would be at a start now. Raises ValueError if they are wrong."""


@attrs.frozen
class Reloaded:
    """What was read again, and what came of it.

    Attributes:
        files: the files of keys, tokens and TLS. What is wrong with one is logged.
        changed: the settings that were changed.
        needs_restart: the settings that differ from those in force, and change with a restart.
        reason: why the settings were not read again, None if they were.
    """

    files: tuple[Path, ...]
    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    reason: str | None = None


class Operations:
    """Reads files and settings again, and lets a daemon leave.

    Attributes:
        leave_asked: set once it is to leave.
        config: the settings in force.
    """

    def __init__(
        self,
        config: DaemonConfig,
        read_files: Callable[[], None],
        again: Again | None = None,
        change: Change = lambda before, after: None,
    ) -> None:
        """Takes the settings in force.

        Args:
            read_files: reads files again.
            again: tells settings anew; None if nothing does.
            change: changes all that can change but the log.
        """
        self.leave_asked = trio.Event()
        self.config = config
        self._read_files = read_files
        self._again = again
        self._change = change

    def leave(self) -> None:
        """Lets the daemon leave the cluster soon, after the answer to whoever asks for it."""
        if not self.leave_asked.is_set():
            get_logger().info("stopping", reason="a client asked the node to leave")
            self.leave_asked.set()

    def reload(self) -> Reloaded:
        """Reads files again, and settings if they can be, of which those of CAN_CHANGE change."""
        found = self._reload()
        get_logger().info(
            "reading_again",
            files=[str(path) for path in found.files],
            changed=[*found.changed],
            needs_restart=[*found.needs_restart],
            reason=found.reason or _RESTART,
        )
        self._read_files()
        return found

    def _reload(self) -> Reloaded:
        files = self.config.read_again
        if self._again is None:
            return Reloaded(files)
        try:
            found = self._again()
        except ValueError as error:
            return Reloaded(files, reason=str(error))
        fields = [field.name for field in attrs.fields(DaemonConfig)]
        differing = [name for name in fields if getattr(found, name) != getattr(self.config, name)]
        changed = tuple(name for name in differing if name in CAN_CHANGE)
        before, more = self.config, {name: getattr(found, name) for name in changed}
        self.config = attrs.evolve(before, **more)
        if "log_level" in changed:
            set_level(found.log_level)
        self._change(before, self.config)
        rest = tuple(name for name in differing if name not in changed)
        return Reloaded(files, _options(changed), _options(rest))


def _options(names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names that options and keys of the file have."""
    return tuple(name.replace("_", "-") for name in names)
