"""Reads the key file again when it has changed or when asked to, and says what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import trio

from ..file_watch import FileWatch
from ..log import get_logger
from .keys import Key, KeyFileError, read_keys

_OPEN_SECONDS = 60.0


class Keyed(Protocol):
    """What seals with the keys of a file, `Gate` in a daemon."""

    open_taken: int

    @property
    def accepts_open(self) -> bool:
        """Whether open datagrams are taken, too."""

    def use(self, keys: tuple[Key, ...]) -> None:
        """Seals and opens with these keys from now on."""


class KeyWatch:
    """One key file, and what uses its keys."""

    def __init__(self, path: Path, keys: tuple[Key, ...], gate: Keyed) -> None:
        """Takes the file, and the keys that `gate` has from it."""
        self._path = path
        self._keys = keys
        self._gate = gate
        self._watch = FileWatch((path,), self._take)

    async def run(self) -> None:
        """Looks at the file every few seconds, and counts what comes open, until cancelled."""
        async with trio.open_nursery() as nursery:
            if self._gate.accepts_open:
                nursery.start_soon(self._count_open)
            await self._watch.run()

    def read(self) -> None:
        """Reads the file. If it cannot be used, the keys stay as they are, and that is said."""
        self._watch.read()

    def _take(self) -> None:
        log = get_logger()
        try:
            keys = read_keys(self._path)
        except KeyFileError as error:
            log.error("keys_not_read", reason=str(error), consequence="the keys stay as they were")
            return
        if keys != self._keys:
            self._keys = keys
            self._gate.use(keys)
        log.info("keys_read", seals=keys[0].id, opens=[key.id for key in keys])

    async def _count_open(self) -> None:
        before = self._gate.open_taken
        while True:
            get_logger().warning(
                "open_accepted",
                datagrams=self._gate.open_taken - before,
                advice="restart without --accept-open once every member seals: gossipd keys list",
            )
            before = self._gate.open_taken
            await trio.sleep(_OPEN_SECONDS)
