"""How starts are timed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.bench import startup


def test_an_end_is_timed() -> None:
    """A command that fails raises an error instead."""
    assert startup._ended([sys.executable, "-c", "pass"]) > 0
    with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
        startup._ended([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_first_answer_is_timed(tmp_path: Path) -> None:
    """The bare loop, which is always there, shows it."""
    server = startup._servers(tmp_path, 0)["bare trio loop"]
    assert startup.first_answer(server, tmp_path / "log") > 0
