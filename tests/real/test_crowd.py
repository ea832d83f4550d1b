"""Clients that send anything at all, at a real node with both doors open."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.crowd.command import at_the_doors

pytestmark = pytest.mark.real


def test_any_client_at_all(folder: Path) -> None:
    """No input stops the node, makes it fail, or fills its memory or its log."""
    judge, came = at_the_doors(4.0, 1, ("http", "redis"), folder)
    assert [] == judge.complaints()
    assert came > 100
