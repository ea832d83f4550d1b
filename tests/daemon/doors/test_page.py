"""What `/` answers, and by which policy a browser shows the page."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256

import pytest

from tests.daemon.fake_service import Client

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize("accept", [CHROMIUM, "text/html", "application/json, Text/HTML;q=0.5"])
async def test_a_browser_gets_the_page(accept: str) -> None:
    """Which names HTML among what it takes."""
    response = await Client().call("GET", "/", accept=accept)
    assert (200, "text/html; charset=utf-8") == (response.status, response.content_type)
    assert response.body.startswith(b"<!doctype html>")
    assert "Accept" == dict(response.headers)["Vary"]


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/*;q=0.1", "text/htmlx"])
async def test_any_other_client_gets_links(accept: str) -> None:
    """One line of JSON; each link leads somewhere."""
    client = Client()
    response = await client.call("GET", "/", **({"accept": accept} if accept else {}))
    assert (200, "application/json") == (response.status, response.content_type)
    assert 1 == response.body.count(b"\n") == len(response.body.splitlines())
    assert "Accept" == dict(response.headers)["Vary"]
    for link in json.loads(response.body).values():
        assert 200 == (await client.call("GET", link)).status, link


async def test_the_policy_allows_what_is_in_the_page_and_nothing_else() -> None:
    """Its script and its style by their hashes, questions to this node, and no frame around it."""
    response = await Client().call("GET", "/", accept="text/html")
    policy = dict(response.headers)["Content-Security-Policy"]
    directives = dict(each.split(" ", 1) for each in policy.split("; "))
    text = response.body.decode()
    for name in ("script", "style"):
        [inside] = re.findall(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
        found = b64encode(sha256(inside.encode()).digest()).decode()
        assert f"'sha256-{found}'" == directives.pop(f"{name}-src")
    assert {
        "default-src": "'none'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    } == directives
    assert not re.search(r" style=| on\w+=|innerHTML|https?://(?!www\.w3\.org/2000/svg)", text)


async def test_without_the_page_there_is_no_such_path() -> None:
    """As before there was one."""
    response = await Client(page=False).call("GET", "/", accept="text/html")
    assert 404 == response.status
