"""Fixtures of the tests in containers, which need a container engine."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from lab.processes import ROOT
from tests.containers.engine import LABEL, Cluster, cluster, docker, insisted, missing_engine


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips the test where no container engine answers, or fails it if one is required."""
    reason = missing_engine()
    if reason is not None and insisted():
        pytest.fail(f"{reason}, and GOSSIPD_REQUIRE_CONTAINERS insists")
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def image(engine: None) -> Iterator[str]:
    """Builds the image of this checkout under a name of its own."""
    name = f"{LABEL}-{secrets.token_hex(4)}"
    stage = f"{name}-build"
    # The first stage has a name too, so that it can be removed.
    docker("build", "--target", "build", "--tag", stage, str(ROOT), timeout=300)
    docker("build", "--tag", name, str(ROOT), timeout=300)
    yield name
    docker("image", "rm", name, stage)


@pytest.fixture(scope="session")
def tag(image: str) -> Iterator[None]:
    """Lets tests give the name `gossipd` to another image, and restores its meaning at the end."""
    before = docker("image", "ls", "--quiet", "--no-trunc", "gossipd:latest")
    yield
    if before:
        docker("tag", before, "gossipd:latest")
    elif docker("image", "ls", "--quiet", "gossipd:latest"):
        docker("image", "rm", "gossipd:latest")


@pytest.fixture(scope="module")
def three(image: str) -> Iterator[Cluster]:
    """Runs three nodes that know each other; every test leaves them so."""
    with cluster(3, image) as nodes:
        yield nodes
