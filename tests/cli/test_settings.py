"""Settings are told again from the same arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from gossipd.cli.run import run
from gossipd.cli.settings import again


def test_a_changed_file_changes_the_settings(tmp_path: Path) -> None:
    """Flags keep their precedence; a mistake is one line with its place."""
    path = tmp_path / "gossipd.toml"
    args = ["--config", str(path), "--cluster", "flag", "--ephemeral"]
    path.write_text("log-level = 'debug'\ncluster = 'file'")
    assert ("debug", "flag") == ((found := again(run, args)).log_level, found.cluster)
    path.write_text("log-level = 'error'")
    assert "error" == again(run, args).log_level
    path.write_text("\nlog-level = 'loud'")
    with pytest.raises(ValueError, match="line 2: log-level"):
        again(run, args)
