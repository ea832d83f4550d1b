"""What stands for a daemon where a client asks: sockets that answer, stay silent, or are closed."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def answering(
    answer: bytes,
    requests: list[bytes] | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    path: Path | None = None,
) -> Iterator[str]:
    """A server that answers one connection with the given bytes and closes it; yields its URL.

    With `tls` it speaks https. With `path` it listens on a Unix socket.
    """
    made = socket.create_server(("127.0.0.1", 0)) if path is None else socket.socket(socket.AF_UNIX)
    with made as listener:
        url = f"unix:{path}"
        if path is None:
            scheme = "http" if tls is None else "https"
            url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        else:
            listener.bind(str(path))
            listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                if tls is not None:
                    connection = tls.wrap_socket(connection, server_side=True)
                received = connection.recv(65536)
                if requests is not None:
                    requests.append(received)
                connection.sendall(answer)
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield url
        finally:
            thread.join()


@contextmanager
def silent() -> Iterator[str]:
    """A server that never answers; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def refusing() -> str:
    """The URL of a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
