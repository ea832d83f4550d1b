"""What all routes share: how the outcome of a write is told."""

from __future__ import annotations

import pytest

from gossipd.daemon.doors.routes import RETRY, Failed, acks, held
from gossipd.daemon.service import Refused
from gossipd.protocol import Answer, LimitExceeded


@pytest.mark.parametrize(
    ("outcome", "status", "headers"),
    [
        (Refused("the disk is full"), 503, (RETRY,)),
        (Answer(1, 5, 0, 3), 503, ()),
        (LimitExceeded("too many"), 409, ()),
        (ValueError("name: must not be empty"), 400, ()),
    ],
)
def test_a_write_that_does_not_count_fails_with_its_reason(
    outcome: Answer | Exception, status: int, headers: tuple[tuple[str, str], ...]
) -> None:
    """Only one that was refused before anything was written may be repeated as it is."""
    with pytest.raises(Failed) as failed:
        held(outcome)
    assert (status, headers) == (failed.value.status, failed.value.headers)


def test_an_answer_tells_who_holds_the_write() -> None:
    """Of as many as its ack level asks for."""
    assert ("Gossipd-Acks", "2/3") == acks(held(Answer(1, 5, 2, 3)))


def test_any_other_error_is_not_told_to_clients() -> None:
    """The server logs it."""
    with pytest.raises(RuntimeError, match="broken"):
        held(RuntimeError("broken"))
