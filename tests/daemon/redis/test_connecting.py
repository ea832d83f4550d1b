"""Commands about the connection, the client and the server."""

from __future__ import annotations

import pytest

from tests.daemon.redis.talking import Client, Site

ID = "-ERR wrong number of arguments for 'client|id' command"
NAMES = "-ERR Client names cannot contain spaces, newlines or special characters."
NO_PASSWORD = "-ERR AUTH <password> called without any password configured for the default user."
WRONG = "-WRONGPASS invalid username-password pair or user is disabled."


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("PING", "PONG"),
        ("PING hello", "hello"),
        ("PING a b", "-ERR wrong number of arguments for 'ping' command"),
        ("ECHO hi", "hi"),
        ("SELECT 0", "OK"),
        ("SELECT 1", "-ERR DB index is out of range"),
        ("SELECT x", "-ERR value is not an integer or out of range"),
        ("AUTH x", NO_PASSWORD),
        ("AUTH default x", "OK"),
        ("AUTH a b", WRONG),
        ("AUTH a b c", "-ERR syntax error"),
        ("HELLO 4", "-NOPROTO unsupported protocol version"),
        ("HELLO x", "-ERR Protocol version is not an integer or out of range"),
        ("HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'"),
        ("HELLO 2 AUTH a b", WRONG),
        ("CLIENT ID", 1),
        ("CLIENT ID x", ID),
        ("CLIENT GETNAME", None),
        ("CLIENT SETNAME x", "OK"),
        ("CLIENT SETNAME ä", NAMES),
        ("CLIENT SETINFO LIB-NAME x", "OK"),
        ("CLIENT SETINFO LIB x", "-ERR Unrecognized option 'LIB'"),
        ("CLIENT NO-EVICT on", "OK"),
        ("CLIENT NO-EVICT x", "-ERR syntax error"),
        ("CLIENT FOO", "-ERR unknown subcommand 'FOO'. There are: ID, INFO,"),
        ("CONFIG GET save", ["save", ""]),
        ("CONFIG GET APPEND* x save", ["appendfsync", "always", "appendonly", "yes", "save", ""]),
        ("CONFIG GET", "-ERR wrong number of arguments for 'config|get' command"),
        ("CONFIG SET save x", "-ERR unknown subcommand 'SET'. There are: GET."),
        ("WAIT x 0", "-ERR value is not an integer or out of range"),
        ("WAIT 0 -1", "-ERR timeout is negative"),
        ("WAIT 0 x", "-ERR timeout is not an integer or out of range"),
        ("WAIT 1 0", 0),
    ],
)
async def test_one_command(client: Client, line: str, answer: object) -> None:
    """Its answer, or how its error begins, as Redis has them."""
    found = await client.ask(line)
    assert answer == (found[: len(answer)] if isinstance(answer, str) else found)


async def test_resp3_is_spoken_on_demand(client: Client) -> None:
    """From the answer to HELLO on, and until RESET."""
    hello = await client.ask("HELLO 3 AUTH default x SETNAME me")
    assert {"server": "redis", "proto": 3, "id": 1, "modules": []}.items() <= hello.items()
    await client.send(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
    assert b"_\r\n" == await client.stream.receive_some()
    assert ["me", {"save": ""}] == await client.ask_all("CLIENT GETNAME", "CONFIG GET save")
    assert ["RESET", None, ["save", ""]] == await client.ask_all(
        "RESET", "CLIENT GETNAME", "CONFIG GET save"
    )


async def test_what_a_client_is_told_of_itself(client: Client) -> None:
    """Its addresses, its name, and what library it uses."""
    await client.ask_all("CLIENT SETNAME me", "CLIENT SETINFO LIB-VER 1.0")
    line = "id=1 addr=10.0.0.9:5 laddr=10.0.0.1:6379 name=me age=0 flags=N db=0 resp=2"
    assert f"{line} lib-name= lib-ver=1.0\n" == await client.ask("CLIENT INFO")


async def test_info(site: Site, client: Client) -> None:
    """All sections, or those that are asked for."""
    await client.ask_all("INCR a", "INCR b")
    info = await client.ask("INFO")
    assert "# Server\r\nredis_version:7.0.15\r\n" in info
    assert "connected_clients:1\r\n" in info
    assert "# Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0\r\n" == await client.ask("INFO keyspace")
    assert "" == await client.ask("INFO nothing")


async def test_wait_tells_who_else_holds_the_last_write(site: Site, client: Client) -> None:
    """This node is not counted; before a write it is how many others there are."""
    assert 0 == await client.ask("WAIT 0 0")
    await client.ask("INCR a")
    assert 0 == await client.ask("WAIT 5 0")
