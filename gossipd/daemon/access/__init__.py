"""Who of the clients may do what: tokens, their roles, and the file that they are in."""

from .guard import Access, Visitor
from .roles import ROLES, Role
from .tokens import Token, TokenFileError, new_token, parse_tokens, read_tokens
from .watch import TokenWatch

__all__ = [
    "ROLES",
    "Access",
    "Role",
    "Token",
    "TokenFileError",
    "TokenWatch",
    "Visitor",
    "new_token",
    "parse_tokens",
    "read_tokens",
]
