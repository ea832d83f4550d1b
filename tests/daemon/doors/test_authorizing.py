"""Which requests are let in, by every route there is."""

from __future__ import annotations

import json

import pytest

from gossipd.daemon.access import ROLES, Access, Role, new_token
from gossipd.daemon.access.roles import includes
from tests.daemon.fake_service import Client

SECRETS: dict[Role, str] = {}
TOKENS = []
for _role in ROLES:
    SECRETS[_role], _token = new_token(_role, f"a-{_role}")
    TOKENS.append(_token)

OPEN = {"/", "/livez", "/readyz"}
ADMIN = {"/register", "/remove-peer", "/v1/keys", "/v1/join", "/v1/leave", "/v1/reload"}


@pytest.fixture
def client() -> Client:
    """A client of a node that asks for tokens."""
    return Client(Access(TOKENS, lambda: 0.0))


def bearer(secret: str) -> dict[str, str]:
    """The header with which a token is shown."""
    return {"authorization": f"Bearer {secret}"}


def routes() -> list[tuple[str, str, bool]]:
    """Method, path and kind of every route."""
    found = Client().api.routes
    return [(one.method, one.path, one.documented) for one in found]


def needed(method: str, path: str) -> Role | None:
    """The role that the documentation promises."""
    if path in OPEN:
        return None
    if path in ADMIN or path.endswith("/forget"):
        return "admin"
    return "read" if method == "GET" else "count"


BODY = b'{"count":1,"id":"x:1","total":1}'


@pytest.mark.parametrize(("method", "path", "documented"), routes())
async def test_every_route_asks_for_its_role(
    client: Client, method: str, path: str, documented: bool
) -> None:
    """Without a token 401 with a challenge, with too small a role 403, else whatever it answers."""
    role = needed(method, path)
    answer = await client.call(method, path, BODY)
    if role is None:
        assert 200 == answer.status
        return
    headers = dict(answer.headers)
    assert (401, 'Bearer realm="gossipd"') == (answer.status, headers["WWW-Authenticate"])
    if documented:
        assert "text/plain" in answer.content_type
        assert 1 == len(answer.body.splitlines())
    else:
        assert "urn:gossipd:problem:unauthorized" == json.loads(answer.body)["type"]
    answer = await client.call(method, path, BODY, **bearer("gdt_wrong"))
    challenge = 'Bearer realm="gossipd", error="invalid_token"'
    assert (401, challenge) == (answer.status, dict(answer.headers)["WWW-Authenticate"])
    assert b"gdt_wrong" not in answer.body
    for shown, secret in SECRETS.items():
        answer = await client.call(method, path, BODY, **bearer(secret))
        assert (403 if not includes(shown, role) else answer.status) == answer.status
        assert (answer.status in (401, 403)) is not includes(shown, role)
        if answer.status == 403:
            scope = f'error="insufficient_scope", scope="{role}"'
            assert scope in dict(answer.headers)["WWW-Authenticate"]
            assert ("text/plain" if documented else "application/problem+json") in (
                answer.content_type.split(";")[0],
            )


async def test_what_is_refused_changes_nothing(client: Client) -> None:
    """The count and the peers are what they were."""
    for method, path, _ in routes():
        if method != "GET":
            await client.call(method, path, BODY, **bearer(SECRETS["read"]))
    assert 0 == client.service.value
    assert [] == client.service.acks


@pytest.mark.parametrize(
    "header",
    [
        f"Basic {SECRETS['admin']}",
        SECRETS["admin"],
        "Bearer",
        "Bearer ",
        f"Bearer {SECRETS['read']}, Bearer {SECRETS['read']}",
        f"Bearer {SECRETS['read']}x",
    ],
)
async def test_other_forms_are_no_token(client: Client, header: str) -> None:
    """Nor is a token in the path, where it would be logged."""
    assert 401 == (await client.call("GET", "/count", authorization=header)).status
    assert 401 == (await client.call("GET", f"/count?access_token={SECRETS['read']}")).status


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", " Bearer "])
async def test_the_scheme_has_any_case(client: Client, scheme: str) -> None:
    """RFC 9110, section 11.1."""
    answer = await client.call("GET", "/count", authorization=f"{scheme} {SECRETS['read']} ")
    assert 200 == answer.status


async def test_head_needs_what_get_needs(client: Client) -> None:
    """And unknown paths and methods are told to all."""
    assert 401 == (await client.call("HEAD", "/count")).status
    assert 404 == (await client.call("GET", "/nothing")).status
    assert 405 == (await client.call("DELETE", "/count")).status


async def test_a_page_with_a_token_is_still_of_another_site(client: Client) -> None:
    """Tokens do not take the place of the rules for browsers."""
    headers = {**bearer(SECRETS["admin"]), "sec_fetch_site": "cross-site"}
    answer = await client.call("POST", "/increment", **headers)
    assert (403, False) == (answer.status, "WWW-Authenticate" in dict(answer.headers))


def test_the_description_says_which_role_each_route_needs() -> None:
    """From the same declarations."""
    from gossipd.daemon.doors.openapi import document

    found = document(Client().api.routes)
    scheme = found["components"]["securitySchemes"]["token"]
    assert ("http", "bearer") == (scheme["type"], scheme["scheme"])
    for method, path, _ in routes():
        role = needed(method, path)
        operation = found["paths"][path][method.lower()]
        assert ([] if role is None else [{}, {"token": [role]}]) == operation["security"]
        assert (role is not None) == ("401" in operation["responses"])


@pytest.mark.parametrize("ends", ["take", "beat"])
async def test_a_stream_ends_with_its_token(ends: str) -> None:
    """Before it sends anything more; other tokens may come and go."""
    access = Access(TOKENS, lambda: 0.0)
    client = Client(access)
    response = await client.call("GET", "/v1/watch", **bearer(SECRETS["read"]))
    stream = response.stream
    assert stream is not None
    stream.start(lambda: None)
    access.use(TOKENS[:2])
    assert stream.take()
    assert stream.beat
    access.use(TOKENS[1:])
    with pytest.raises(ConnectionAbortedError):
        _ = stream.take() if ends == "take" else stream.beat
    stream.stop()
