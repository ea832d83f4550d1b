"""What can go wrong with a request, and how that is told.

Each kind of error has a type that never changes, so that programs may depend on it (RFC 9457). The
eight documented routes tell errors by one line of text, as clients of the original expect.
"""

from __future__ import annotations

import attrs
import msgspec

from ..http import Response, text_response

PROBLEM = "application/problem+json"

RETRY = ("Retry-After", "1")
"""The header of a refusal after which nothing has changed, so that repeating does no harm."""

_TYPES = "urn:gossipd:problem:"

_encode = msgspec.json.Encoder(order="sorted").encode


@attrs.frozen
class Kind:
    """A kind of error.

    Attributes:
        status: the status of its answers.
        name: the end of its type.
        title: what it is, in words that are the same each time.
        headers: the headers of its answers.
    """

    status: int
    name: str
    title: str
    headers: tuple[tuple[str, str], ...] = ()


INVALID = Kind(400, "invalid-request", "The request is not of the expected form")
UNAUTHORIZED = Kind(401, "unauthorized", "A token is needed")
FORBIDDEN = Kind(403, "forbidden", "The token does not allow this")
CROSS_SITE = Kind(403, "cross-site", "A page of another site may not write")
NO_SUCH_PATH = Kind(404, "no-such-path", "There is no such path")
METHOD = Kind(405, "method-not-allowed", "Another method is needed")
LIMIT = Kind(409, "limit-exceeded", "A limit would be passed")
NO_SUCH_MEMBER = Kind(404, "no-such-member", "The node knows no such member")
NOT_GONE = Kind(409, "not-gone", "The member is neither dead nor left")
KEY_REUSED = Kind(422, "key-reused", "The key was used for another request")
FOREIGN_HOST = Kind(421, "foreign-host", "The host is not this node")
STOPPING = Kind(503, "stopping", "The node is stopping", (RETRY,))
NOT_READY = Kind(503, "not-ready", "The node is not ready", (RETRY,))
NOT_WRITTEN = Kind(503, "not-written", "Nothing was written", (RETRY,))
OUTCOME_UNKNOWN = Kind(503, "outcome-unknown", "The outcome is unknown")

KINDS = (
    *(INVALID, CROSS_SITE, NO_SUCH_PATH, METHOD, LIMIT, KEY_REUSED, FOREIGN_HOST),
    *(STOPPING, NOT_READY, NOT_WRITTEN, OUTCOME_UNKNOWN, UNAUTHORIZED, FORBIDDEN),
    *(NO_SUCH_MEMBER, NOT_GONE),
)
"""Every kind of error."""


class Problem(msgspec.Struct):
    """An error as clients see it.

    Attributes:
        detail: what is wrong with this request.
        status: the status of the answer.
        title: the kind of error in words.
        type: the kind of error. It never changes.
    """

    detail: str
    status: int
    title: str
    type: str


class Failed(Exception):
    """Ends a request with an error."""

    def __init__(self, kind: Kind, detail: str, *headers: tuple[str, str]) -> None:
        super().__init__(detail)
        self.kind = kind
        self.headers = (*kind.headers, *headers)


def told(failed: Failed, *, as_text: bool) -> Response:
    """Returns the response that tells an error."""
    kind = failed.kind
    if as_text:
        return text_response(kind.status, str(failed), *failed.headers)
    problem = Problem(str(failed), kind.status, kind.title, _TYPES + kind.name)
    return Response(kind.status, _encode(problem) + b"\n", PROBLEM, failed.headers)
