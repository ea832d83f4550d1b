"""The unit of systemd: it is understood, and it lets a node do little beside its work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

UNIT = Path(__file__).parent.parent / "deploy" / "systemd" / "gossipd.service"
SOCKET = UNIT.with_suffix(".socket")

with_systemd = pytest.mark.skipif(
    which("systemd-analyze") is None, reason="systemd-analyze is in Debian's package systemd"
)


def settings() -> dict[str, list[str]]:
    """Returns the values of every setting of the unit."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@with_systemd
def test_the_exposure_is_below_two() -> None:
    """As `systemd-analyze security` scores it, from 0 to 10."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=19", UNIT],
        check=False,
        capture_output=True,
        text=True,
    )
    # From the threshold on, in tenths, the exit code is 1.
    assert 0 == done.returncode, done.stdout[-300:] + done.stderr


@with_systemd
def test_systemd_knows_every_setting(tmp_path: Path) -> None:
    """It would ignore one that is misspelt. The program's path is one of this machine."""
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8").replace("/opt/gossipd/bin/gossipd", sys.executable)
    copy.write_text(text, encoding="utf-8")
    socket = tmp_path / SOCKET.name
    socket.write_text(SOCKET.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", copy, socket],
        check=False,
        capture_output=True,
        text=True,
    )
    about = [line for line in done.stderr.splitlines() if "/gossipd." in line]
    assert [] == about


def test_the_store_is_in_the_folder_that_systemd_makes() -> None:
    """Nothing else is writable."""
    [folder] = settings()["StateDirectory"]
    assert f"GOSSIPD_DATA_DIR=/var/lib/{folder}" in settings()["Environment"]


def test_the_socket_is_where_the_node_answers() -> None:
    """A node ends if it is handed another one."""
    [place] = re.findall(r"^ListenStream=(.*)$", SOCKET.read_text(encoding="utf-8"), re.MULTILINE)
    assert f"GOSSIPD_BIND={place}" in settings()["Environment"]
