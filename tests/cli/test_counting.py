"""The commands about counters, over what a node answers."""

from __future__ import annotations

import json

import pytest

from tests.cli.invoking import invoke
from tests.fake_daemons import answering


def _ok(body: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\n\r\n" + body.encode()


@pytest.mark.parametrize(
    ("words", "line", "body", "printed"),
    [
        ("get a/b", b"GET /v1/counters/a%2Fb ", '{"known":true,"name":"a/b","value":7}', "7"),
        ("add a", b"POST /v1/counters/a/add ", '{"name":"a","value":8}', "8"),
        ("add a -3", b"POST /v1/counters/a/add ", '{"name":"a","value":5}', "5"),
        ("reset a", b"POST /v1/counters/a/reset ", '{"removed":9,"value":0}', "9"),
    ],
)
def test_one_counter(words: str, line: bytes, body: str, printed: str) -> None:
    """One number as text; what the node answered as JSON."""
    requests: list[bytes] = []
    with answering(_ok(body), requests) as url:
        result = invoke(*words.split(), "--url", url)
    assert (0, f"{printed}\n") == (result.exit_code, result.stdout)
    assert requests[0].startswith(line)
    with answering(_ok(body)) as url:
        assert f"{body}\n" == invoke(*words.split(), "--url", url, "-o", "json").stdout


def test_the_amount_is_sent() -> None:
    """A negative amount is no option."""
    requests: list[bytes] = []
    with answering(_ok('{"name":"a","value":0}'), requests) as url:
        invoke("add", "a", "-3", "--url", url)
    assert requests[0].endswith(b'{"amount":-3}')


def test_counters_in_columns() -> None:
    """A line for each; as JSON one object."""
    rows = [{"name": "a", "value": -1}, {"name": "long", "value": 10}]
    page = json.dumps({"counters": rows, "next": None})
    with answering(_ok(page)) as url:
        assert "a     -1\nlong  10\n" == invoke("counters", "--url", url).stdout
    with answering(_ok(page)) as url:
        result = invoke("counters", "x", "--url", url, "-o", "json")
    assert {"counters": rows} == json.loads(result.stdout)


def test_watch_prints_each_change() -> None:
    """The name and the value."""
    requests: list[bytes] = []
    stream = _ok('data: {"known":true,"name":"a","value":1}\n\n')
    with answering(stream, requests) as url:
        result = invoke("watch", "--prefix", "a&b", "--url", url)
    assert (3, "a  1\n") == (result.exit_code, result.stdout)
    assert requests[0].startswith(b"GET /v1/watch?prefix=a%26b ")


def test_watch_of_a_name_and_a_prefix() -> None:
    """It cannot be both."""
    assert 2 == invoke("watch", "a", "--prefix", "b").exit_code


def test_counters_of_several_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next page begins after the last name of the one before."""
    pages = {"": '{"counters":[{"name":"a","value":1}],"next":"a"}'}
    pages["a"] = '{"counters":[{"name":"b","value":2}],"next":null}'

    def answer(door: object, path: str) -> str:
        return pages[path.partition("after=")[2].partition("&")[0]]

    monkeypatch.setattr("gossipd.cli.counting.answer", answer)
    assert "a  1\nb  2\n" == invoke("counters").stdout
