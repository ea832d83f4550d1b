"""A short run of the black box, which leaves nothing behind."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.processes import ROOT, environment, eventually
from tests.real.namespace import network_of_its_own

pytestmark = pytest.mark.real

SECONDS = 25


def started(*arguments: str) -> subprocess.Popen[str]:
    """A run, in the network of this thread."""
    return subprocess.Popen(
        [sys.executable, "-m", "lab.blackbox", *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def skip_where_it_cannot_run() -> None:
    """Skips the test with the reason."""
    reason = subprocess.run(
        [
            sys.executable,
            "-c",
            "from lab.blackbox.network import obstacle; print(obstacle() or '')",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if reason:
        pytest.skip(reason)


def devices() -> list[str]:
    """The network devices of this thread's namespace."""
    listed = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True)
    return [line.split(": ")[1] for line in listed.stdout.splitlines()]


def nodes_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that it has started."""
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(word) for word in path.read_text().split()]


@pytest.mark.timeout(SECONDS + 120)
def test_nothing_is_found_in_a_short_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does a device stay."""
    with network_of_its_own():
        skip_where_it_cannot_run()
        with started(str(SECONDS)) as process:
            output, _ = process.communicate(timeout=SECONDS + 100)
        assert 0 == process.returncode, output
        assert "without a finding" in output
        assert ["lo"] == devices()
    with capsys.disabled():
        print(f"\n{output.splitlines()[-1]}")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_end_in_the_middle_leaves_no_process(number: signal.Signals) -> None:
    """Ctrl-C removes all; even after a kill no node goes on."""
    with network_of_its_own():
        skip_where_it_cannot_run()
        before = set((ROOT / ".blackbox").glob("*"))
        with started("600", "--seed", "1") as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("seed 1")
            eventually("nodes and switch run", lambda: len(nodes_of(process)) == 6, 20)
            children = nodes_of(process)
            process.send_signal(number)
            process.wait(20)
            eventually(
                "they have ended",
                lambda: not any(Path(f"/proc/{child}").exists() for child in children),
                20,
            )
        left = set((ROOT / ".blackbox").glob("seed-1-*")) - before
        for folder in left:
            shutil.rmtree(folder)
        if number == signal.SIGINT:
            assert 130 == process.returncode
            assert not left
            assert ["lo"] == devices()
