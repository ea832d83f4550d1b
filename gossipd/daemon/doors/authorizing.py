"""Lets a request in by the token that it shows (RFC 6750): `Authorization: Bearer TOKEN`."""

from __future__ import annotations

from ..access import Access, Token
from ..http import Stream
from .problems import FORBIDDEN, UNAUTHORIZED, Failed
from .routes import AnyRoute

_CHALLENGE = 'Bearer realm="gossipd"'


def authorize(access: Access, route: AnyRoute, headers: dict[bytes, bytes]) -> Token | None:
    """Raises Failed unless a request for a route may be answered. Its headers are by name.

    Returns the token that was needed for it, None if none was.
    """
    role = route.role
    if role is None:
        return None
    what = f"{route.method} {route.label}"
    scheme, _, secret = headers.get(b"authorization", b"").strip().partition(b" ")
    if scheme.lower() != b"bearer":
        access.deny("http", "missing", what)
        text = f"a token with the role {role} is needed, in the header Authorization: Bearer TOKEN"
        raise Failed(UNAUTHORIZED, text, ("WWW-Authenticate", _CHALLENGE))
    token = access.find(secret.strip())
    if token is None:
        access.deny("http", "unknown", what)
        challenge = f'{_CHALLENGE}, error="invalid_token"'
        raise Failed(UNAUTHORIZED, "the token is unknown here", ("WWW-Authenticate", challenge))
    if access.admit("http", token, role, what) is not None:
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{role}"'
        text = f"the token of {token.name} has the role {token.role}, and {role} is needed"
        raise Failed(FORBIDDEN, text, ("WWW-Authenticate", challenge))
    return token


class GuardedStream:
    """A stream that ends when it has something to send and its client's token is there no more."""

    def __init__(self, stream: Stream, access: Access, token: Token) -> None:
        """Takes the stream, and the token with which it was asked for."""
        self.start = stream.start
        self.stop = stream.stop
        self._stream = stream
        self._access = access
        self._token = token

    @property
    def beat(self) -> bytes:
        """Returns that of the stream. Raises OSError, which ends the connection."""
        self._check()
        return self._stream.beat

    def take(self) -> bytes:
        """Returns what the stream sends next. Raises OSError, which ends the connection."""
        self._check()
        return self._stream.take()

    def _check(self) -> None:
        if self._token not in self._access.tokens:
            raise ConnectionAbortedError
