"""The files of TLS: a certificate, its key, and who vouches for clients.

They are read again when they change or when asked to. Connections that are open go on as they are;
new ones take what was read last.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import attrs

from gossipd.secret_files import SecretFileError, read_secret

from ..file_watch import FileWatch
from ..log import RateLimit, get_logger
from .sockets import TlsContext, server_context

_FAILED_SECONDS = 60.0
"""Between two lines about handshakes that failed for one reason."""


class TlsFileError(Exception):
    """A file of TLS cannot be used. The text is one line that says what and where."""


@attrs.frozen
class TlsFiles:
    """Where the files are.

    Attributes:
        cert: the certificate, and those between it and an authority.
        key: its key, without a password.
        client_ca: the authorities whose certificates clients must have; None if they need none.
    """

    cert: Path
    key: Path
    client_ca: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files."""
        return tuple(path for path in (self.cert, self.key, self.client_ca) if path is not None)

    def read(self, failed: Callable[[str], None]) -> TlsContext:
        """Returns what makes connections by these files. Raises TlsFileError.

        Args:
            failed: called with the reason for which a handshake failed.
        """
        try:
            read_secret(self.key, "TLS key")
        except SecretFileError as error:
            raise TlsFileError(str(error)) from None
        context = server_context(failed)
        what = f"certificate {self.cert} with the key {self.key}"
        try:
            context.load_cert_chain(self.cert, self.key, password=_no_password)
            if self.client_ca is not None:
                what = f"certificates of clients' authorities {self.client_ca}"
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ValueError) as error:
            raise TlsFileError(f"cannot use the {what}: {_reason(error)}") from None
        return context


class Tls:
    """What is read from the files, and the sockets that it makes."""

    def __init__(self, files: TlsFiles, clock: Callable[[], float]) -> None:
        """Reads the files; `clock` tells seconds and never goes back. Raises TlsFileError."""
        self._files = files
        self._limit = RateLimit(_FAILED_SECONDS, clock)
        self._context = files.read(self._failed)
        self._watch = FileWatch(files.paths, self._take)

    def wrap(self, sock: socket.socket) -> socket.socket:
        """Returns the socket that speaks TLS over one that was accepted; over TCP only.

        Raises OSError if the other side is gone. The socket that was given is then closed.
        """
        if sock.family == socket.AF_UNIX:
            return sock
        try:
            return self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError:
            sock.close()
            raise

    async def run(self) -> None:
        """Looks at the files every few seconds until cancelled."""
        await self._watch.run()

    def read(self) -> None:
        """Reads the files. If one cannot be used, all stay as they are, and that is said."""
        self._watch.read()

    def _take(self) -> None:
        log = get_logger()
        try:
            self._context = self._files.read(self._failed)
        except TlsFileError as error:
            consequence = "new connections go on with the files as they were"
            log.error("tls_not_read", reason=str(error), consequence=consequence)
            return
        log.info("tls_read", cert=str(self._files.cert))

    def _failed(self, reason: str) -> None:
        held_back = self._limit.admit(reason)
        if held_back is not None:
            get_logger().warning("tls_failed", reason=reason, held_back=held_back)


def _no_password() -> str:
    raise ValueError("the key has a password, which nobody is here to give")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    told = error.strerror if isinstance(error, OSError) else None
    return told or str(error)
