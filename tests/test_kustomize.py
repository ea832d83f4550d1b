"""The components for Kubernetes build one whole with the base, as `kubectl kustomize` sees it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parent.parent / "deploy"

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Any]:
    """The objects of the guarded cluster, with a key file and a token file that are made up."""
    folder = tmp_path_factory.mktemp("deploy")
    for name in ("kubernetes", "kustomize"):
        shutil.copytree(DEPLOY / name, folder / name)
    for name in ("keys", "tokens"):
        (folder / "kustomize" / name / f"gossipd.{name}").write_text(name, encoding="utf-8")
    done = subprocess.run(
        ["kubectl", "kustomize", folder / "kustomize" / "guarded"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}


def container(built: dict[tuple[str, str], Any]) -> Any:
    """Returns the node's container."""
    [found] = built["StatefulSet", "gossipd"]["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize("what", ["keys", "tokens"])
def test_a_secret_has_the_file_and_where_it_is_mounted(
    what: str, built: dict[tuple[str, str], Any]
) -> None:
    """The pods take its path and its content under the names that the base has."""
    data = built["Secret", f"gossipd-{what}"]["data"]
    assert {what, "path"} == data.keys()
    [mount] = [each for each in container(built)["volumeMounts"] if each["name"] == what]
    done = subprocess.run(
        ["base64", "--decode"], input=data["path"], capture_output=True, text=True, check=True
    )
    assert f"{mount['mountPath']}/{what}" == done.stdout


def test_redis_clients_reach_the_door(built: dict[tuple[str, str], Any]) -> None:
    """The service's target is the port at which the node listens for them."""
    [port] = built["Service", "gossipd-redis"]["spec"]["ports"]
    ports = {each["name"]: each["containerPort"] for each in container(built)["ports"]}
    variables = {each["name"]: each.get("value") for each in container(built)["env"]}
    assert f"0.0.0.0:{ports[port['targetPort']]}" == variables["GOSSIPD_REDIS"]
    assert {"http", "gossip", "redis"} == ports.keys()


def test_probes_speak_tls(built: dict[tuple[str, str], Any]) -> None:
    """All of them, and the certificate is where the node looks for it."""
    found = container(built)
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert "HTTPS" == found[probe]["httpGet"]["scheme"]
        assert found[probe]["httpGet"]["path"] in ("/livez", "/readyz")
    [mount] = [each for each in found["volumeMounts"] if each["name"] == "tls"]
    variables = {each["name"]: each.get("value") for each in found["env"]}
    assert f"{mount['mountPath']}/tls.crt" == variables["GOSSIPD_TLS_CERT"]
    assert f"{mount['mountPath']}/tls.key" == variables["GOSSIPD_TLS_KEY"]
