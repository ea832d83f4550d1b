"""The programs of the page about embedding, and the example beside it, run as they are printed."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.daemon.asking import free_port

ROOT = Path(__file__).parent.parent.parent
BLOCKS = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8"), re.DOTALL
)


def run(*command: str | Path, where: Path) -> str:
    """Runs a command, and returns what it printed. It must succeed."""
    done = subprocess.run(
        command, cwd=where, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_first_program(tmp_path: Path) -> None:
    """On another port, since 8088 may be in use."""
    program = BLOCKS[0].replace("8088", port := str(free_port()))
    assert (
        run(sys.executable, "-c", program, where=tmp_path)
        == f"5 on 1 of 1 nodes\n['127.0.0.1:{port}']\n"
    )


PROGRAM = """
import gossipd.testing
import trio
from trio.testing import MockClock

async def follow(node):
{loops}

async def main():
    async with gossipd.testing.cluster(2) as two, trio.open_nursery() as nursery:
        node, other = two.nodes
        await node.add("page/1", 2)
        nursery.start_soon(follow, node)
        await trio.sleep(0.1)
        two.cut_off(other)

trio.run(main, clock=MockClock(autojump_threshold=0))
"""


def test_what_is_followed(tmp_path: Path) -> None:
    """Each loop takes its first item from a node inside a cluster in memory."""
    loops = "\n".join(f"{loop.rstrip()}\n    break" for loop in BLOCKS[1].split("\n\n"))
    program = PROGRAM.format(loops=textwrap.indent(loops, "    "))
    printed = run(sys.executable, "-c", program, where=tmp_path)
    assert ["0", "page/1 2", "member_suspect 10.0.0.2:8088"] == printed.splitlines()


def test_the_test(tmp_path: Path) -> None:
    """The example for pytest-trio passes."""
    (tmp_path / "test_it.py").write_text(BLOCKS[2], encoding="utf-8")
    options = ["-q", "-p", "no:cacheprovider", "-o", "trio_mode=true"]
    printed = run(sys.executable, "-m", "pytest", *options, where=tmp_path)
    assert "1 passed" in printed


def test_embedded_py(tmp_path: Path) -> None:
    """Two nodes of one program count together."""
    port = free_port()
    printed = run(sys.executable, ROOT / "examples" / "embedded.py", str(port), where=tmp_path)
    assert printed.splitlines()[:2] == [
        f"member_joined 127.0.0.1:{port + 1}",
        "views: 5, as 2 nodes know",
    ]
    assert printed.splitlines()[-1] == "the other node sees 5"
