"""Errors are told in two forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gossipd.daemon.doors.problems import KINDS, METHOD, NOT_WRITTEN, PROBLEM, Failed, Kind, told


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_problem_has_a_type_of_its_own(kind: Kind) -> None:
    """Programs depend on it, so that it is spelled out here for one, and unique for all."""
    response = told(Failed(kind, "what is wrong"), as_text=False)
    problem = json.loads(response.body)
    assert (kind.status, PROBLEM) == (response.status, response.content_type)
    assert {
        "detail": "what is wrong",
        "status": kind.status,
        "title": kind.title,
        "type": f"urn:gossipd:problem:{kind.name}",
    } == problem
    assert [kind] == [each for each in KINDS if each.name == kind.name]


def test_types_never_change() -> None:
    """The list grows only."""
    assert [
        *("invalid-request", "cross-site", "no-such-path", "method-not-allowed"),
        *("limit-exceeded", "key-reused", "foreign-host", "stopping", "not-ready"),
        "not-written",
        "outcome-unknown",
        *("unauthorized", "forbidden"),
        *("no-such-member", "not-gone"),
    ] == [kind.name for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_problem_is_described(kind: Kind) -> None:
    """With its status, in the page for users."""
    page = Path(__file__).parents[3] / "docs" / "api.md"
    rows = [row for row in page.read_text(encoding="utf-8").splitlines() if f"`{kind.name}`" in row]
    assert [True] == [row.startswith(f"| {kind.status} ") for row in rows]


def test_headers_are_those_of_the_kind_and_of_the_case() -> None:
    """Only what did nothing may be repeated at once."""
    assert (("Retry-After", "1"),) == Failed(NOT_WRITTEN, "the disk is full").headers
    assert (("Allow", "GET"),) == Failed(METHOD, "no", ("Allow", "GET")).headers


def test_an_error_as_text_is_one_line() -> None:
    """As clients of the original expect."""
    response = told(Failed(NOT_WRITTEN, "the disk\nis full"), as_text=True)
    assert (503, b"the disk is full\n") == (response.status, response.body)
