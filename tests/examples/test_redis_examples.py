"""The programs of docs/redis.md do what they say, against a real node on loopback."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lab.processes import ROOT, cluster, free_addresses

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Where a node answers Redis clients."""
    ((host, port),) = free_addresses(1)
    with cluster(1, tmp_path_factory.mktemp("redis"), "--redis", f"{host}:{port}"):
        yield host, str(port)


@pytest.mark.parametrize(
    ("program", "file"),
    [("redis-cli", "redis.sh"), (sys.executable, "redis_client.py"), ("node", "redis_client.mjs")],
)
def test_a_program(program: str, file: str, address: tuple[str, str]) -> None:
    """It counts ten more, and prints the value; the page shows its heart."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    path = EXAMPLES / file
    command = [str(path)] if path.suffix == ".sh" else [program, str(path)]
    values = [
        int(
            subprocess.run([*command, *address], capture_output=True, check=True, timeout=60).stdout
        )
        for _ in range(2)
    ]
    assert values[0] + 10 == values[1]
    page = (ROOT / "docs" / "redis.md").read_text(encoding="utf-8")
    [shown] = re.findall(rf"`examples/{re.escape(file)}`\.\n\n```\w+\n(.*?)```", page, re.DOTALL)
    source = path.read_text(encoding="utf-8")
    assert [] == [line for line in shown.splitlines() if line not in source]
