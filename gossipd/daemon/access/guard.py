"""Lets clients in by their tokens, and counts and tells who came, by name.

A token is looked for by its hash, which is compared with the hash of every token there is, in a
time that does not depend on where they differ.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Literal

from ..log import RateLimit, get_logger
from .roles import Role, includes
from .tokens import Token, digest_of

_REFUSED_SECONDS = 60.0
"""Between two lines about refusals for one reason."""

Door = Literal["http", "redis"]
Denial = Literal["missing", "unknown", "role"]
"""Why a client is refused: it shows no token, one that is none, or one of too small a role."""


class Access:
    """The tokens of a node.

    Attributes:
        tokens: all of them. Another tuple takes its place when the file has changed.
        admitted: number of requests by door and name.
        denied: number of refused requests by door and reason.
    """

    def __init__(self, tokens: Sequence[Token], clock: Callable[[], float]) -> None:
        """Takes the tokens, and a clock that tells seconds and never goes back."""
        self.tokens = tuple(tokens)
        self.admitted: defaultdict[tuple[Door, str], int] = defaultdict(int)
        self.denied: defaultdict[tuple[Door, Denial], int] = defaultdict(int)
        self._limit = RateLimit(_REFUSED_SECONDS, clock)

    def use(self, tokens: Sequence[Token]) -> None:
        """Lets in the holders of these tokens, and no others, from now on."""
        self.tokens = tuple(tokens)

    def find(self, secret: bytes) -> Token | None:
        """Returns the token that a client shows, None if it is none."""
        digest, found = digest_of(secret), None
        for token in self.tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def admit(self, door: Door, token: Token, role: Role, what: str) -> Denial | None:
        """Returns why a client may not do something, None if it may. Counts and tells it."""
        if not includes(token.role, role):
            self.deny(door, "role", what, token.name)
            return "role"
        self.admitted[door, token.name] += 1
        if role == "admin":
            get_logger().info("admin_request", token=token.name, door=door, what=what)
        return None

    def deny(self, door: Door, why: Denial, what: str, name: str | None = None) -> None:
        """Counts and tells that a client is refused. `what` comes from a table, not from it."""
        self.denied[door, why] += 1
        held_back = self._limit.admit((door, why, name))
        if held_back is not None:
            get_logger().warning(
                "client_refused", door=door, why=why, token=name, what=what, held_back=held_back
            )


class Visitor:
    """A client that says once who it is, and then asks for one thing after the other."""

    def __init__(self, access: Access | None, door: Door) -> None:
        """Takes what lets it in; None if everybody may do everything."""
        self._access = access
        self._door = door
        self._token: Token | None = None

    @property
    def is_guarded(self) -> bool:
        """Whether a token is needed at all."""
        return self._access is not None

    @property
    def name(self) -> str | None:
        """The name of its token, None without one."""
        return None if self._token is None else self._token.name

    def show(self, name: str, secret: bytes) -> bool:
        """Takes a token. Returns whether it is one, and of that name if the name is not empty.

        If not, the client stays who it was.
        """
        assert self._access is not None
        token = self._access.find(secret)
        if token is None or (name and token.name != name):
            self._access.deny(self._door, "unknown", "AUTH")
            return False
        self._token = token
        return True

    def leave(self) -> None:
        """Forgets the token."""
        self._token = None

    def may(self, role: Role) -> bool:
        """Returns whether it may do what needs this role, and neither counts nor tells it."""
        if self._access is None:
            return True
        token = self._token
        return token is not None and self._is_valid() and includes(token.role, role)

    def admit(self, role: Role, what: str) -> Denial | None:
        """Returns why it may not do something, None if it may. Counts and tells it."""
        if self._access is None:
            return None
        if not self._is_valid() or self._token is None:
            self._access.deny(self._door, "missing", what)
            return "missing"
        return self._access.admit(self._door, self._token, role, what)

    def _is_valid(self) -> bool:
        """Returns whether there is a token that the file still has."""
        return self._access is not None and self._token in self._access.tokens
