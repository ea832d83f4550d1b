"""What is deployed names the same things everywhere: users, ports, folders, services, files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gossipd.daemon import parse_hosts

ROOT = Path(__file__).parent.parent
KUBERNETES = ROOT / "deploy" / "kubernetes"


def _objects() -> dict[tuple[str, str], Any]:
    documents = [
        document
        for path in sorted(KUBERNETES.glob("*.yaml"))
        if path.name != "kustomization.yaml"
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


def _dockerfile(instruction: str) -> list[str]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    return re.findall(rf"^{instruction}\s+(.+)$", text, re.MULTILINE)


def _pod() -> Any:
    return _objects()["StatefulSet", "gossipd"]["spec"]["template"]["spec"]


def _compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_kustomization_lists_every_file() -> None:
    """Nothing that is in the folder is forgotten."""
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8"))
    there = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert there == set(listed["resources"])


def test_the_user_is_the_images() -> None:
    """The pod runs as the user that the image made the directory for."""
    [user] = _dockerfile("USER")
    security = _pod()["securityContext"]
    assert user == f"{security['runAsUser']}:{security['runAsGroup']}"
    assert security["fsGroup"] == security["runAsGroup"]


def test_volumes_are_where_the_image_keeps_its_data() -> None:
    """A count that were kept elsewhere would not outlive its container."""
    [volume] = _dockerfile("VOLUME")
    [environment] = _dockerfile("ENV")
    assert f"GOSSIPD_DATA_DIR={volume}" in environment.split()
    [container] = _pod()["containers"]
    mounts = [
        mount for mount in container["volumeMounts"] if mount["name"] not in ("keys", "tokens")
    ]
    assert [volume] == [mount["mountPath"] for mount in mounts]
    claims = _objects()["StatefulSet", "gossipd"]["spec"]["volumeClaimTemplates"]
    assert {mount["name"] for mount in mounts} == {claim["metadata"]["name"] for claim in claims}
    for name in ("node1", "node2", "node3"):
        assert [f"{name}:{volume}"] == _compose()["services"][name]["volumes"]


def test_clusters_have_the_name_of_their_namespace_or_project() -> None:
    """So that the nodes of two of them stay apart, whatever addresses are given out again."""
    [container] = _pod()["containers"]
    variables = {one["name"]: one for one in container["env"]}
    assert "$(NAMESPACE)" in variables["GOSSIPD_CLUSTER"]["value"]
    source = variables["NAMESPACE"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert "metadata.namespace" == source
    # A variable stands for a value only after it was declared.
    names = [one["name"] for one in container["env"]]
    assert names.index("NAMESPACE") < names.index("GOSSIPD_CLUSTER")
    project = "${COMPOSE_PROJECT_NAME:-gossipd}"
    for name, service in _compose()["services"].items():
        assert project == service["environment"]["GOSSIPD_CLUSTER"], name
        # And so has a container that is started by hand from the image.
        assert {"CLUSTER": project} == service["build"]["args"]
    assert ["CLUSTER=gossipd"] == [each for each in _dockerfile("ARG") if "CLUSTER" in each]


def test_pods_join_by_the_headless_service() -> None:
    """Its name resolves to all pods, ready or not, at the port on which they gossip."""
    stateful = _objects()["StatefulSet", "gossipd"]["spec"]
    service = _objects()["Service", stateful["serviceName"]]["spec"]
    assert ("None", True) == (service["clusterIP"], service["publishNotReadyAddresses"])
    [container] = _pod()["containers"]
    variables = {one["name"]: one.get("value") for one in container["env"]}
    ports = {(port["containerPort"], port["protocol"]) for port in container["ports"]}
    [port] = {number for number, _ in ports}
    assert f"{stateful['serviceName']}:{port}" == variables["GOSSIPD_JOIN"]
    assert {(port, "TCP"), (port, "UDP")} == ports
    assert ports == {(one["port"], one["protocol"]) for one in service["ports"]}


def test_clients_may_write_under_the_services_names() -> None:
    """Each name of the service for clients is allowed, and each node of compose has its name."""
    [container] = _pod()["containers"]
    variables = {one["name"]: one.get("value") for one in container["env"]}
    hosts = variables["GOSSIPD_ALLOWED_HOST"].replace("$(NAMESPACE)", "prod")
    headless, clients = (name for kind, name in _objects() if kind == "Service")
    ends = ("", ".prod", ".prod.svc", ".prod.svc.cluster.local")
    assert (headless, *(clients + end for end in ends)) == parse_hosts(hosts)
    services = _compose()["services"]
    assert all(services[name]["hostname"] == name for name in ("node1", "node2", "node3"))
    assert "gossipd" == services["gossipd"]["environment"]["GOSSIPD_ALLOWED_HOST"]


def test_everything_selects_the_pods() -> None:
    """Services, the budget and the set mean the same pods."""
    objects = _objects()
    stateful = objects.pop(("StatefulSet", "gossipd"))["spec"]
    labels = stateful["template"]["metadata"]["labels"]
    selectors = [one["spec"]["selector"] for one in objects.values()]
    selectors = [one.get("matchLabels", one) for one in [*selectors, stateful["selector"]]]
    assert [labels] * 4 == selectors


def test_compose_is_the_originals() -> None:
    """Names, ports, the network; and no list of peers, since they find each other."""
    services = _compose()["services"]
    for number, name in enumerate(("node1", "node2", "node3")):
        service = services[name]
        assert name == service["container_name"]
        environment = service["environment"]
        assert f"{8088 + number}" == environment["PORT"]
        assert {"PORT", "GOSSIPD_CLUSTER"} == {*environment}
        assert [f"127.0.0.1:{9088 + number}:{8088 + number}"] == service["ports"]
        assert ["mynetwork"] == service["networks"]
    assert {"mynetwork": {"name": "mynetwork"}} == _compose()["networks"]


@pytest.mark.parametrize(
    ("what", "variable"), [("keys", "GOSSIPD_KEY_FILE"), ("tokens", "GOSSIPD_TOKEN_FILE")]
)
def test_keys_and_tokens_are_optional_secrets(what: str, variable: str) -> None:
    """Everything works without them, and with them gossip is sealed and clients are asked."""
    pod, [container] = _pod(), _pod()["containers"]
    [volume] = [each["secret"] for each in pod["volumes"] if each["name"] == what]
    [mount] = [each for each in container["volumeMounts"] if each["name"] == what]
    [found] = [each for each in container["env"] if each["name"] == variable]
    reference = found["valueFrom"]["secretKeyRef"]
    assert (True, True) == (volume["optional"], reference["optional"])
    assert volume["secretName"] == reference["name"]
    # All but the owner and the group may read nothing, which `read_secret` demands.
    assert 0o440 == volume["defaultMode"]
    deploy = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert f"--from-literal={reference['key']}={mount['mountPath']}/{what}" in deploy
    assert f"--from-file={what}=" in deploy


@pytest.mark.parametrize(
    ("what", "variable"), [("keys", "GOSSIPD_KEY_FILE"), ("tokens", "GOSSIPD_TOKEN_FILE")]
)
def test_compose_has_secrets_in_other_files(what: str, variable: str) -> None:
    """For all nodes; `compose.yaml` itself needs none."""
    path = ROOT / "deploy" / f"compose.{what}.yaml"
    guarded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert guarded["services"].keys() == _compose()["services"].keys()
    [name] = guarded["secrets"]
    for service in guarded["services"].values():
        assert [name] == service["secrets"]
        assert {variable: f"/run/secrets/{name}"} == service["environment"]
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert not {"KEY", "TOKEN"} & set(re.split(r"[^A-Z]+", text))


def test_a_change_of_the_source_fetches_nothing_again() -> None:
    """What comes from a package index is built before the source is copied."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    before, after = text.split("\nCOPY . .\n")
    assert ["pyproject.toml setup.cfg ./"] == re.findall(r"^COPY (.+)$", before, re.MULTILINE)
    installing = re.findall(r"\bpip (?:--python \S+ )?(?:install|wheel)[^&|]*", after)
    assert 2 == len(installing)
    assert all("--no-index" in each for each in installing)
    assert all("--no-build-isolation" in each for each in installing if "wheel " in each[:12])


def test_no_secret_comes_into_an_image() -> None:
    """Only what is named here is sent to the engine that builds it."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" == ignored[0]
    assert {"gossipd", "LICENSE", "README.md", "pyproject.toml", "setup.cfg"} == {
        line.removeprefix("!") for line in ignored if line.startswith("!")
    }
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert not [word for word in ("TOKEN", "SECRET", "KEY") if word in dockerfile]
