"""Builds shim.c, starts programs with it, and speaks to it from within such a program."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]

_PROGRAM = """
import importlib, json, pathlib, sys
module, function, folder, options = sys.argv[1:]
call = getattr(importlib.import_module(module), function)
print(json.dumps(call(pathlib.Path(folder), **json.loads(options))))
"""

OPEN, WRITE, SYNC, TRUNCATE, NAME = 1, 2, 4, 8, 16


def build(folder: Path) -> Path:
    """The library, made in that folder. Skips the test where there is no compiler, but for CI."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        reason = "file faults need Linux and a C compiler (cc)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    library = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"]
    subprocess.run([compiler, *flags, "-o", str(library), str(source)], check=True)
    return library


def play(function: str, **options: Any) -> dict[str, Any]:
    """Runs `module.function(folder, **options)` under the shim; the report that it prints.

    The folder is in memory where that can be: thousands of files are made in it, and none of them
    is there to stay.
    """
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        folder = Path(name).resolve()
        (folder / "data").mkdir()
        ours = {
            "LD_PRELOAD": str(build(folder)),
            "FAULTS_DIR": str(folder / "data"),
            "FAULTS_LOG": str(folder / "log"),
        }
        result = subprocess.run(
            [
                *(sys.executable, "-c", _PROGRAM),
                *(*function.rsplit(".", 1), str(folder), json.dumps(options)),
            ],
            cwd=ROOT,
            env={**os.environ, **ours},
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return report


class Switch:
    """Lets calls of another process fail, below its folder `data`, while it runs.

    Attributes:
        variables: of the environment that the process is to be started with.
    """

    def __init__(self, folder: Path, data: Path) -> None:
        self._path = folder / "switch"
        self.variables = {
            "LD_PRELOAD": str(build(folder)),
            "FAULTS_DIR": str(data.resolve()),
            "FAULTS_SWITCH": str(self._path),
        }

    def arm(self, at: int, count: int, error: int, calls: int) -> None:
        """As `Shim.arm`, from its next call on."""
        draft = self._path.with_suffix(".new")
        draft.write_text(f"{at} {count} {error} {calls}")
        draft.replace(self._path)

    def disarm(self) -> None:
        """Nothing fails any more."""
        self.arm(0, 0, 0, 0)


class Shim:
    """The shim that this process was started with."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(os.environ["LD_PRELOAD"])
        self._library.faults_arm.argtypes = [
            ctypes.c_long,
            ctypes.c_long,
            ctypes.c_int,
            ctypes.c_int,
        ]
        self._library.faults_calls.restype = ctypes.c_long
        self._library.faults_kind.argtypes = [ctypes.c_long]

    def arm(self, at: int, count: int, error: int, calls: int) -> None:
        """Counts calls from 1 anew; `count` of them from number `at` on fail, if of these kinds."""
        self._library.faults_arm(at, count, error, calls)

    def disarm(self) -> None:
        """Nothing fails any more."""
        self.arm(0, 0, 0, 0)

    @property
    def calls(self) -> int:
        """How many calls were made since it was armed."""
        return int(self._library.faults_calls())

    def kind(self, call: int) -> int:
        """Of which kind the call of that number was when it was last made."""
        return int(self._library.faults_kind(call))

    def mark(self, text: str) -> None:
        """Puts a mark among the records."""
        self._library.faults_mark(text.encode())
