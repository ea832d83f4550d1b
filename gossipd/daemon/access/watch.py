"""Reads the token file again when it has changed or when asked to, and says what came of it."""

from __future__ import annotations

from pathlib import Path

from ..file_watch import FileWatch
from ..log import get_logger
from .guard import Access
from .tokens import TokenFileError, read_tokens


class TokenWatch:
    """One token file, and what uses its tokens."""

    def __init__(self, path: Path, access: Access) -> None:
        """Takes the file from which `access` has its tokens."""
        self._path = path
        self._access = access
        self._watch = FileWatch((path,), self._take)

    async def run(self) -> None:
        """Looks at the file every few seconds until cancelled."""
        await self._watch.run()

    def read(self) -> None:
        """Reads the file. If it cannot be used, the tokens stay as they are, and that is said."""
        self._watch.read()

    def _take(self) -> None:
        log = get_logger()
        try:
            tokens = read_tokens(self._path)
        except TokenFileError as error:
            consequence = "the tokens stay as they were"
            log.error("tokens_not_read", reason=str(error), consequence=consequence)
            return
        self._access.use(tokens)
        log.info("tokens_read", tokens=[f"{token.role} {token.name}" for token in tokens])
