"""A non-blocking socket that speaks TLS, and looks like one that does not.

The servers wait for the system's socket, and then read and send what they can at once. TLS fits
under that by three rules:

1. What a read has decrypted is handed out in full, since the system tells of bytes that it has
   itself, and not of those that TLS holds.
2. A send hands over one record at a time. OpenSSL takes a send that could not be finished for one
   that is repeated with the same bytes and more, which then holds for every caller.
3. The handshake goes along with the first reads. The only thing that ever waits for the other
   direction is a send before its end, or an answer of TLS itself that does not fit into the socket;
   then the connection ends.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_RECORD = 16 * 1024
"""Most bytes in a record of TLS."""


class TlsSocket(ssl.SSLSocket):
    """One connection, on the side of the server."""

    _has_ended = False

    def recv(self, buflen: int = _RECORD, flags: int = 0) -> bytes:
        """Returns what has come, at least one byte, or none at the end. Raises OSError.

        With flags, and after the end was sent, it is the bytes of TLS itself, of which a caller
        learns only whether there are any.
        """
        if flags or self._has_ended:
            return socket.socket.recv(self, buflen, flags)
        self._check()
        try:
            data = self.read(buflen)
            while self.pending():
                data += self.read(self.pending())
        except ssl.SSLWantReadError:
            raise BlockingIOError from None
        except ssl.SSLWantWriteError:
            raise ConnectionAbortedError from None
        except ssl.SSLEOFError:
            return b""
        except ssl.SSLError as error:
            self._tell(error)
            raise
        return data

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        """Sends what fits into the socket, and returns how many bytes that was. Raises OSError."""
        self._check()
        sent = 0
        with memoryview(data) as whole:
            while sent < len(whole):
                try:
                    sent += super().send(whole[sent : sent + _RECORD])
                except ssl.SSLWantWriteError:
                    if not sent:
                        raise BlockingIOError from None
                    break
                except ssl.SSLWantReadError:
                    raise ConnectionAbortedError from None
        return sent

    def shutdown(self, how: int) -> None:
        """Tells the other side that nothing follows, in TLS and below it. Raises OSError."""
        if not self._has_ended:
            self._has_ended = True
            # The end of the other side is not waited for.
            with contextlib.suppress(OSError, ValueError):
                self.unwrap()
        socket.socket.shutdown(self, how)

    def _check(self) -> None:
        # One that was not connected any more when it was made would speak without TLS.
        if getattr(self, "_sslobj", None) is None:
            raise OSError(errno.ENOTCONN, "not connected")

    def _tell(self, error: ssl.SSLError) -> None:
        if self.version() is None and isinstance(self.context, TlsContext):
            self.context.failed(error.reason or "unknown")


class TlsContext(ssl.SSLContext):
    """Makes such sockets.

    Attributes:
        failed: called with the reason for which a handshake failed.
    """

    sslsocket_class = TlsSocket
    failed: Callable[[str], None]


def server_context(failed: Callable[[str], None]) -> TlsContext:
    """Returns a context for TLS 1.2 and newer, which has no certificate yet."""
    context = TlsContext(ssl.PROTOCOL_TLS_SERVER)
    context.failed = failed
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context
