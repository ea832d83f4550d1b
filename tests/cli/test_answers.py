"""What a node answers to a command, and how a command ends that got no answer."""

from __future__ import annotations

import pytest

from gossipd.cli.answers import Refused, Unreachable, answer, as_json, following, read, table
from gossipd.client import Door
from tests.fake_daemons import answering, refusing


def test_an_answer_without_its_line_end() -> None:
    """As it is printed."""
    with answering(b"HTTP/1.1 200 OK\r\n\r\n{}\n") as url:
        assert "{}" == answer(Door(url), "/")


def test_the_two_ways_to_fail() -> None:
    """A node that answers otherwise refuses; one that does not answer is unreachable."""
    with answering(b"HTTP/1.1 500 No\r\n\r\nno\n") as url, pytest.raises(Refused, match="500: no"):
        answer(Door(url), "/")
    with pytest.raises(Unreachable, match="refused"):
        answer(Door(refusing()), "/")
    with pytest.raises(Unreachable, match="refused"):
        next(following(Door(refusing()), "/"))


def test_columns_have_no_spaces_at_the_end() -> None:
    """Each is as wide as its widest cell."""
    assert "a    b\nccc\n" == table([["a", "b"], ["ccc", ""]]) + "\n"


def test_json_is_one_line_and_keeps_letters() -> None:
    """No letter is written as an escape."""
    assert '{"ü":[1]}' == as_json({"ü": [1]})
    assert {"ü": [1]} == read('{"ü":[1]}')
