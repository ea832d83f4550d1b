"""A real node is asked whatever its OpenAPI document allows, and much that it does not allow."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from lab.crowd import as_described
from lab.processes import Cluster

pytestmark = pytest.mark.real


@pytest.mark.skipif(find_spec("schemathesis") is None, reason="schemathesis is not installed")
def test_a_node_is_as_its_description_says(three: Cluster) -> None:
    """Every status, header and body that it answers is described, and what is wrong is refused."""
    node = three[0]
    assert "" == as_described(node.id, seed=1)
    assert three[1].answers()
    assert [] == [line for line in node.lines() if line.get("event") == "request_failed"]
