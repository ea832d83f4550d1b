"""`gossipd config check`."""

from __future__ import annotations

from click.testing import CliRunner

from gossipd import cli
from tests.cli.invoking import NO_ENVIRONMENT, invoke


def _check(text: str, **environment: str) -> tuple[int, str]:
    result = CliRunner().invoke(
        cli.main, ["config", "check", "-"], input=text, env=NO_ENVIRONMENT | environment
    )
    return result.exit_code, result.output


def test_a_file_from_standard_input() -> None:
    """It is right, or wrong in itself or together with what it leaves out."""
    assert (0, "-: ok\n") == _check("profile = 'wan'")
    assert (2, "Error: '--accept-open' needs '--key-file'\n") == _check("accept-open = true")


def test_variables_hide_no_mistake() -> None:
    """The file is checked by itself."""
    code, said = _check("profile = 'wam'", GOSSIPD_PROFILE="wan")
    assert (2, True) == (code, "standard input line 1: profile" in said)


def test_the_command_run_is_as_before() -> None:
    """Checking takes the variables from copies of its options."""
    _check("")
    assert "GOSSIPD_PROFILE" in invoke("run", "--help").stdout
