"""TLS for the doors of clients: files that are read again, and sockets that speak it."""

from .files import Tls, TlsFileError, TlsFiles

__all__ = ["Tls", "TlsFileError", "TlsFiles"]
