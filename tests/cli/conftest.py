"""What several tests of the command line share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from gossipd import daemon
from gossipd.daemon.config import DaemonConfig


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[DaemonConfig]:
    """The configs with which a daemon was started; it ends at once with exit code 0."""
    configs: list[DaemonConfig] = []

    def start(
        config: DaemonConfig, doubts: Sequence[str], again: Callable[[], DaemonConfig]
    ) -> int:
        configs.append(config)
        return 0

    monkeypatch.setattr(daemon, "main", start, raising=False)
    return configs
