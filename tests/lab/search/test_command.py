"""scripts/simulate-seeds, from its options to what it prints."""

from __future__ import annotations

import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from gossipd.protocol.reconcile import Reconciler
from lab.search import command
from lab.search.draw import draw_history
from lab.search.play import play_history

BROKEN = patch.object(Reconciler, "compare", lambda *arguments: None)

# Says so whenever some histories are over.
TELLING = """
import signal
# A shell lets what it starts in the background ignore the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
from lab.search.command import Search, main
take = Search._take
def told(self, done):
    take(self, done)
    print("some are over", flush=True)
Search._take = told
main()
"""


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    result = CliRunner().invoke(command.main, arguments)
    return result.exit_code, result.output


def test_nothing_found() -> None:
    """Two lines: how many, and how soon all agreed."""
    code, text = run("--histories", "4", "--first", "100")
    first, second = text.splitlines()
    assert code == 0
    assert first.startswith("4 histories from seed 100 in ")
    assert first.endswith(": nothing found.")
    assert second.startswith("All agreed ")


def test_the_first_failure_ends_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what, how to play it again, and writes a smaller history that fails as well."""
    monkeypatch.chdir(tmp_path)
    with BROKEN, patch("lab.search.play.AGREE", 5):
        code, text = run("--histories", "300", "--first", "0", "--jobs", "2")
        small = tomllib.loads(text[text.index("nodes = ") : text.index("It is in")])
        assert play_history(small).findings
    assert code == 1
    assert ": one failed." in text
    seed = int(text.partition("\nSeed ")[2].partition(":")[0])
    assert f"scripts/simulate-seeds --histories 1 --first {seed}\n" in text
    assert len(small) < len(draw_history(seed))
    assert small == tomllib.loads((tmp_path / f"history-{seed}.toml").read_text())


def test_histories_are_kept_as_files(tmp_path: Path) -> None:
    """Every word comes back, settings too."""
    words = {**draw_history(3), "set": {"fanout": 2}}
    assert words == tomllib.loads(command.as_toml(words))
    file = tmp_path / "one.toml"
    file.write_text(command.as_toml(draw_history(3)))
    code, text = run(str(file))
    assert code == 0
    assert [
        f"{file}: nothing found.",
        f"hash {play_history(draw_history(3), traced=True).hash}",
    ] == text.splitlines()


def test_a_file_that_fails_says_what_and_can_be_traced(tmp_path: Path) -> None:
    """Exit code 1."""
    file = tmp_path / "one.toml"
    file.write_text('nodes = 3\nduration = 2\ncrash = ["n0@1,machine=gone"]\n')
    with patch("lab.search.play.AGREE", 1), patch("lab.search.play.AGREE_DOWN", 0):
        code, text = run(str(file), "--trace")
    assert code == 1
    assert "  10.0.0.1:8088          crashed\n" in text
    assert f"{file}: not dead: " in text


@pytest.mark.parametrize(
    ("content", "reason"),
    [("nodes = 0\n", "nodes: 0 is not"), ("nodes =", "Invalid value"), (None, "No such file")],
)
def test_bad_files_are_refused(tmp_path: Path, content: str | None, reason: str) -> None:
    """With the file's name and the reason."""
    file = tmp_path / "one.toml"
    if content is not None:
        file.write_text(content)
    code, text = run(str(file))
    assert code == 2
    assert f"{file}: " in text
    assert reason in text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--trace"], "'--trace' needs a FILE"),
        (["x.toml", "--jobs", "2"], "FILE goes with '--trace' alone"),
        (["x.toml", "--first", "0"], "FILE goes with '--trace' alone"),
        (["--histories", "0"], "'--histories'"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: list[str], reason: str) -> None:
    """Instead of being passed over."""
    code, text = run(*arguments)
    assert code == 2
    assert reason in text


def test_ctrl_c_shows_what_was_seen_until_then() -> None:
    """Exit code 130, without a traceback."""
    process = subprocess.Popen(
        [sys.executable, "-c", TELLING, "--histories=1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "some are over\n"
            process.send_signal(signal.SIGINT)
            text, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (130, "") == (process.returncode, errors)
    assert "histories from seed 0 in " in text
