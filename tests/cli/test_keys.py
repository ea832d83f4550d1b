"""`gossipd keys`: making keys, and who seals with which."""

from __future__ import annotations

import json
from pathlib import Path

from gossipd.daemon.sealing import parse_keys, read_keys
from tests.cli.invoking import invoke
from tests.fake_daemons import answering, refusing

ANSWER = {
    "accepts_open": True,
    "members": {"10.0.0.2:8088": "2b", "10.0.0.10:8088": None},
    "node_id": "10.0.0.2:8088",
    "opens": ["1a", "2b"],
    "seals": "1a",
}


def http(body: object) -> bytes:
    """An answer with this body."""
    return b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(body).encode()


def test_a_key_is_written_to_a_new_file(tmp_path: Path) -> None:
    """And only its id is shown."""
    path = tmp_path / "keys"
    result = invoke("keys", "generate", str(path))
    [key] = read_keys(path)
    assert (0, f"{path}: key {key.id}\n", "") == (result.exit_code, result.stdout, result.stderr)
    again = invoke("keys", "generate", str(path))
    assert (1, "") == (again.exit_code, again.stdout)
    assert f"Error: cannot write the key file {path}: File exists\n" == again.stderr
    assert (key,) == read_keys(path)


def test_a_key_is_written_to_stdout() -> None:
    """For a store of secrets."""
    assert 1 == len(parse_keys(invoke("keys", "generate").stdout.encode()))


def test_who_seals_with_which_key() -> None:
    """One line for each member."""
    with answering(http(ANSWER)) as url:
        result = invoke("keys", "list", "--url", url)
    assert (0, "") == (result.exit_code, result.stderr)
    assert [
        "seals with 1a; opens 1a, 2b; takes open gossip as well",
        "10.0.0.10:8088  not heard yet",
        "10.0.0.2:8088   2b",
    ] == result.stdout.splitlines()


def test_the_list_for_programs() -> None:
    """As the node answers it."""
    with answering(http(ANSWER)) as url:
        result = invoke("keys", "list", "--url", url, "-o", "json")
    assert ANSWER == json.loads(result.stdout)


def test_a_node_without_keys_has_no_list() -> None:
    """Exit code 1, and one line."""
    with answering(http({"seals": None, "members": {}})) as url:
        result = invoke("keys", "list", "--url", url)
    assert (1, "") == (result.exit_code, result.stdout)
    assert "Error: gossip is open: this node has no keys\n" == result.stderr


def test_no_node_has_no_list() -> None:
    """Exit codes as of `gossipd health`."""
    assert 3 == invoke("keys", "list", "--url", refusing()).exit_code
    assert 2 == invoke("keys", "list", "--url", "nonsense").exit_code
