"""schemathesis at a real node: whatever its OpenAPI document allows, and much that it does not.

It draws examples of every parameter and body, breaks them in all ways that the schemas forbid, and
calls routes in sequences that follow from each other's answers.
"""

from __future__ import annotations

import subprocess
import sys

# Answers without an end; and what would look names up, part the nodes of a test, or end one.
_LEFT_OUT = "/watch$|/v1/events|/v1/join|/v1/leave|/register|/remove-peer"

# A value may be right by its schema and wrong all the same: names have a length in bytes, `default`
# cannot be reset, and a number such as 5.0 is an integer to JSON Schema. And a counter that was
# deleted is no missing resource: it has the value 0, as one that nobody has made.
_NOT_CHECKED = "positive_data_acceptance,use_after_free"


def as_described(node_id: str, seed: int, examples: int = 10) -> str:
    """Asks the node at `host:port`. Returns what schemathesis found to be wrong, else nothing."""
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://{node_id}/openapi.json"),
            *("--checks", "all", "--exclude-checks", _NOT_CHECKED, "--seed", str(seed)),
            *("--exclude-path-regex", _LEFT_OUT, "--max-examples", str(examples)),
            *("--suppress-health-check", "all", "--request-timeout", "10"),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return ran.stdout + ran.stderr if ran.returncode else ""
