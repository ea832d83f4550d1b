"""Fixtures of the tests with real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.processes import Cluster, cluster


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker of these tests known."""
    config.addinivalue_line("markers", "real: starts real processes on loopback")


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes that know each other, for one file's tests."""
    with cluster(3, tmp_path_factory.mktemp("three")) as nodes:
        yield nodes


@pytest.fixture(scope="session")
def sixteen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Sixteen nodes, for the tests of several files; each leaves them complete."""
    with cluster(16, tmp_path_factory.mktemp("sixteen")) as nodes:
        yield nodes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the logs of this test's own nodes go."""
    return tmp_path
