"""What `/` answers: a page for browsers, and links for other clients."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import msgspec

from ..http import Response
from .routes import AnyParameters, AnyRoute, Asked, Route, json_response

HTML = "text/html; charset=utf-8"

# The answer depends on it, as what keeps answers between must know.
_VARY = ("Vary", "Accept")


class LinksAnswer(msgspec.Struct):
    """Where to go on."""

    counters: str = "/v1/counters"
    description: str = "/openapi.json"
    events: str = "/v1/events"
    members: str = "/v1/members"
    metrics: str = "/metrics"
    ready: str = "/readyz"
    status: str = "/v1/status"


def page_route() -> AnyRoute:
    """Returns the route of `/`, which browsers are answered with the page.

    It is open to all, since it tells nothing about the node: the page asks other routes, with a
    token where they need one.
    """
    page, links = _page(), json_response(LinksAnswer(), _VARY)

    def answer(asked: Asked[AnyParameters, None]) -> Response:
        return page if _is_browser(asked.headers) else links

    return Route(
        "GET",
        "/",
        "Shows this node to a browser, and tells other clients where to go on",
        role=None,
        query=AnyParameters,
        answer=answer,
        result=LinksAnswer,
        also=(HTML,),
    )


def _is_browser(headers: dict[bytes, bytes]) -> bool:
    """Returns whether a client names HTML among what it takes, as browsers alone do."""
    ranges = headers.get(b"accept", b"").lower().split(b",")
    return any(each.partition(b";")[0].strip() == b"text/html" for each in ranges)


def _page() -> Response:
    text = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    headers = (
        ("Content-Security-Policy", _policy(text)),
        ("Cache-Control", "no-cache"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        _VARY,
    )
    return Response(200, text.encode(), HTML, headers)


def _policy(text: str) -> str:
    """Returns the policy by which a page may run and load nothing but what is in it."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash_of('script', text)}",
            f"style-src {_hash_of('style', text)}",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash_of(name: str, text: str) -> str:
    [inside] = re.findall(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return f"'sha256-{b64encode(sha256(inside.encode()).digest()).decode()}'"
