"""What guards a daemon: the keys of its gossip, the tokens of its clients, and TLS, from files."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import attrs
import trio

from .access import Access, TokenFileError, TokenWatch, read_tokens
from .config import DaemonConfig
from .errors import StartError
from .net import is_own
from .sealing import KeyFileError, KeyWatch, read_keys
from .tls import Tls, TlsFileError, TlsFiles

if TYPE_CHECKING:
    from .sealing import Gate


@attrs.frozen
class Guards:
    """What was read, and what reads it again.

    Attributes:
        gate: seals gossip; None if it is open.
        access: lets clients in by their tokens; None if they need none.
        tls: makes the sockets of clients speak TLS; None if they do not.
    """

    gate: Gate | None
    access: Access | None
    tls: Tls | None
    _watches: tuple[KeyWatch | TokenWatch | Tls, ...]

    def wrap(self, sock: socket.socket) -> socket.socket:
        """Returns what is to be spoken to in place of a client's socket. Raises OSError."""
        return sock if self.tls is None else self.tls.wrap(sock)

    async def run(self) -> None:
        """Looks whether the files have changed, until cancelled."""
        async with trio.open_nursery() as nursery:
            for watch in self._watches:
                nursery.start_soon(watch.run)

    def read(self) -> None:
        """Reads all files again. What is wrong with one is logged."""
        for watch in self._watches:
            watch.read()


def guards(config: DaemonConfig) -> Guards:
    """Returns what guards a daemon. Raises StartError if a file cannot be used."""
    gate, key_watch = _gate(config)
    access, token_watch = _access(config)
    tls = _tls(config)
    watches = tuple(watch for watch in (key_watch, token_watch, tls) if watch is not None)
    return Guards(gate, access, tls, watches)


def _gate(config: DaemonConfig) -> tuple[Gate, KeyWatch] | tuple[None, None]:
    if config.key_file is None:
        return None, None
    try:
        from .sealing import Gate
    except ImportError as error:
        raise StartError(f"--key-file: {error}; install gossipd[keys]") from None
    try:
        keys = read_keys(config.key_file)
    except KeyFileError as error:
        raise StartError(str(error)) from None
    gate = Gate(
        config.cluster,
        keys,
        accept_open=config.accept_open,
        is_local=is_own,
        clock=trio.current_time,
    )
    return gate, KeyWatch(config.key_file, keys, gate)


def _access(config: DaemonConfig) -> tuple[Access, TokenWatch] | tuple[None, None]:
    if config.token_file is None:
        return None, None
    try:
        access = Access(read_tokens(config.token_file), trio.current_time)
    except TokenFileError as error:
        raise StartError(str(error)) from None
    return access, TokenWatch(config.token_file, access)


def _tls(config: DaemonConfig) -> Tls | None:
    if config.tls_cert is None or config.tls_key is None:
        return None
    files = TlsFiles(config.tls_cert, config.tls_key, config.tls_client_ca)
    try:
        return Tls(files, trio.current_time)
    except TlsFileError as error:
        raise StartError(str(error)) from None
