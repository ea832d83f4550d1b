"""The table of commands, and what clients are told of it."""

from __future__ import annotations

import pytest

from gossipd.daemon.redis.commands import COMMANDS, find
from tests.daemon.redis.talking import Client


async def test_clients_read_the_table(client: Client) -> None:
    """All of it, some of it, and what is not in it."""
    info = ["get", 2, ["fast", "readonly"], 1, 1, 1, ["@string"], [], [], []]
    assert len(COMMANDS) == await client.ask("COMMAND COUNT")
    assert len(COMMANDS) == len(await client.ask("COMMAND"))
    [found, nothing] = await client.ask("COMMAND INFO get nothing")
    assert [info, None] == [[*found[:2], sorted(found[2]), *found[3:]], nothing]
    docs = await client.ask("COMMAND DOCS get nothing")
    assert ["get", ["summary", "The value.", "since", "1.0.0", "group", "string"]] == docs
    assert (await client.ask("COMMAND FOO")).startswith("-ERR unknown subcommand 'FOO'")


@pytest.mark.parametrize("name", COMMANDS)
async def test_every_command_is_found_and_checks_its_arguments(client: Client, name: str) -> None:
    """In capitals, small or mixed letters."""
    command = COMMANDS[name]
    assert command is find(name.encode()) is find(name.lower().encode())
    assert command is find(name.title().encode())
    few = abs(command.arity) - 1
    if few:
        answer = await client.ask(" ".join([name] + ["1"] * (few - 1)))
        assert f"-ERR wrong number of arguments for '{name.lower()}' command" == answer
