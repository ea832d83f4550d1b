"""Lets a request in by the token that it shows (RFC 6750): `Authorization: Bearer TOKEN`."""

from __future__ import annotations

from ..access import Access
from .problems import FORBIDDEN, UNAUTHORIZED, Failed
from .routes import AnyRoute

_CHALLENGE = 'Bearer realm="gossipd"'


def authorize(access: Access | None, route: AnyRoute, headers: dict[bytes, bytes]) -> None:
    """Raises Failed unless a request for a route may be answered. Its headers are by name."""
    role = route.role
    if access is None or role is None:
        return
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
