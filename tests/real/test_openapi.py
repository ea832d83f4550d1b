"""A real node is asked whatever its OpenAPI document allows, and much that it does not allow.

schemathesis makes the requests: it draws examples of every parameter and body, breaks them in all
ways that the schemas forbid, and calls routes in sequences that follow from each other's answers.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from lab.processes import Cluster

pytestmark = pytest.mark.real

# Answers without an end; and what would look names up, part the nodes of this test, or end one.
LEFT_OUT = "/watch$|/v1/events|/v1/join|/v1/leave|/register|/remove-peer"

# A value may be right by its schema and wrong all the same: names have a length in bytes, `default`
# cannot be reset, and a number such as 5.0 is an integer to JSON Schema. And a counter that was
# deleted is no missing resource: it has the value 0, as one that nobody has made.
NOT_CHECKED = "positive_data_acceptance,use_after_free"


@pytest.mark.skipif(find_spec("schemathesis") is None, reason="schemathesis is not installed")
def test_a_node_is_as_its_description_says(three: Cluster) -> None:
    """Every status, header and body that it answers is described, and what is wrong is refused."""
    node = three[0]
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://{node.id}/openapi.json"),
            *("--checks", "all", "--exclude-checks", NOT_CHECKED, "--seed", "1"),
            *("--exclude-path-regex", LEFT_OUT, "--max-examples", "10"),
            *("--suppress-health-check", "all", "--request-timeout", "10"),
        ],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert three[1].answers()
    assert [] == [line for line in node.lines() if line.get("event") == "request_failed"]
