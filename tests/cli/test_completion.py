"""Shells complete commands and options."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from gossipd import cli
from tests.cli.invoking import NO_ENVIRONMENT, invoke


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(shell: str) -> None:
    """It asks the program itself."""
    result = invoke("completion", shell)
    assert 0 == result.exit_code
    assert f"_GOSSIPD_COMPLETE={shell}_complete" in result.stdout


def test_commands_are_completed() -> None:
    """By the words so far."""
    words = {"COMP_WORDS": "gossipd mem", "COMP_CWORD": "1"}
    asked = NO_ENVIRONMENT | words | {"_GOSSIPD_COMPLETE": "bash_complete"}
    result = CliRunner().invoke(cli.main, [], prog_name="gossipd", env=asked)
    assert "plain,members\n" == result.stdout
