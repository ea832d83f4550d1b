"""Redis clients that must show tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio.testing

from gossipd.daemon.access import ROLES, Access, Role, new_token
from gossipd.daemon.redis.commands import COMMANDS
from tests.daemon.redis.talking import Client, Site, talking

SECRETS: dict[Role, str] = {}
TOKENS = []
for _role in ROLES:
    SECRETS[_role], _token = new_token(_role, f"a-{_role}")
    TOKENS.append(_token)

NO_TOKEN = "-NOAUTH Authentication required."
WRONG = "-WRONGPASS invalid username-password pair or user is disabled."


@pytest.fixture
def access() -> Access:
    """Lets holders of three tokens in."""
    return Access(TOKENS, lambda: 0.0)


@pytest.fixture
async def site(autojump_clock: trio.testing.MockClock, access: Access) -> AsyncIterator[Site]:
    """A node that asks for tokens."""
    async with talking(autojump_clock, access=access) as made:
        yield made


def _request(name: str) -> str:
    """A command with as many arguments as it takes, which are right for those that count."""
    return " ".join([name, *["1"] * (abs(COMMANDS[name].arity) - 1)])


FREE = {"AUTH", "HELLO", "QUIT", "RESET"}


@pytest.mark.parametrize("name", COMMANDS)
async def test_every_command_asks_for_its_role(site: Site, name: str, access: Access) -> None:
    """As Redis does with users: those with which one begins are free."""
    if name in FREE:
        assert COMMANDS[name].role is None
        assert "NOAUTH Authentication" not in str(await site.connect().ask(_request(name)))
        return
    writes = "write" in COMMANDS[name].flags.split()
    assert NO_TOKEN == await site.connect().ask(_request(name))
    for role, secret in SECRETS.items():
        client = site.connect()
        assert "OK" == await client.ask(f"AUTH {secret}")
        answer = str(await client.ask(_request(name)))
        assert (writes and role == "read") == answer.startswith("-NOPERM User a-read has no")
        assert "NOAUTH" not in answer


async def test_ways_to_show_a_token(site: Site) -> None:
    """With one argument, with the token's name or as `default`, and within HELLO."""
    secret = SECRETS["count"]
    for line in (f"AUTH {secret}", f"AUTH a-count {secret}", f"AUTH default {secret}"):
        client = site.connect()
        assert NO_TOKEN == await client.ask("INCR a")
        assert "OK" == await client.ask(line)
        assert isinstance(await client.ask("INCR a"), int)
    client = site.connect()
    assert str(await client.ask("HELLO 3")).startswith("-NOAUTH HELLO must be called with")
    assert 3 == (await client.ask(f"HELLO 3 AUTH a-count {secret}"))["proto"]
    assert 4 == await client.ask("INCR a")
    assert "proto" in await client.ask("HELLO 2")


@pytest.mark.parametrize(
    "line", ["AUTH x", "AUTH default x", f"AUTH a-read {SECRETS['count']}", "HELLO 3 AUTH a x"]
)
async def test_a_wrong_token(site: Site, line: str) -> None:
    """The client stays who it was."""
    client = site.connect()
    assert WRONG == await client.ask(line)
    assert NO_TOKEN == await client.ask("GET a")
    assert "OK" == await client.ask(f"AUTH {SECRETS['read']}")
    assert WRONG == await client.ask(line)
    assert await client.ask("GET a") is None


async def test_requests_that_come_together(site: Site, access: Access) -> None:
    """Those that only count are looked at one by one, though they share a write."""
    client = site.connect()
    read, count = SECRETS["read"], SECRETS["count"]
    answers = await client.ask_all(
        *("INCR a", f"AUTH {read}", "INCR a", "GET a", f"AUTH {count}", "INCR a", "INCRBY a 2")
    )
    noperm = "-NOPERM User a-read has no permissions to run the 'incr' command"
    assert [NO_TOKEN, "OK", noperm, None, "OK", 1, 3] == answers
    assert {("redis", "a-read"): 1, ("redis", "a-count"): 2} == access.admitted
    assert {("redis", "missing"): 1, ("redis", "role"): 1} == access.denied


async def test_a_transaction_with_what_the_client_may_not_do(site: Site) -> None:
    """Is dropped as a whole."""
    client = site.connect()
    assert NO_TOKEN == await client.ask("MULTI")
    answers = await client.ask_all(f"AUTH {SECRETS['read']}", "MULTI", "GET a", "INCR a", "EXEC")
    assert ["OK", "OK", "QUEUED"] == answers[:3]
    assert answers[3].startswith("-NOPERM")
    assert answers[4].startswith("-EXECABORT")


async def test_a_token_that_is_taken_away(site: Site, access: Access) -> None:
    """Ends what a connection may do, in the middle of a transaction too."""
    client: Client = site.connect()
    await client.ask_all(f"AUTH {SECRETS['count']}", "MULTI", "INCR a")
    access.use(TOKENS[:1])
    assert NO_TOKEN == await client.ask("EXEC")
    assert NO_TOKEN == await client.ask("INCR a")
    answers = await client.ask_all("RESET", f"AUTH {SECRETS['read']}", "GET a")
    assert ["RESET", "OK", None] == answers


async def test_reset_forgets_the_token(site: Site) -> None:
    """As in Redis."""
    client = site.connect()
    assert ["OK", "RESET", NO_TOKEN] == await client.ask_all(
        f"AUTH {SECRETS['admin']}", "RESET", "GET a"
    )
