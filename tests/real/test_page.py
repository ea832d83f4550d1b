"""The page of a real node, in a real Chromium: it follows the node without a reload.

`python -m tests.real.test_page` in a network of its own writes the pictures of docs/page.md anew.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import pytest

from gossipd.client import Door, ask
from gossipd.daemon.access import new_token
from gossipd.secret_files import write_secret
from lab.processes import ROOT, Cluster, cluster, eventually
from tests.real.chromium import Tab, tab
from tests.real.namespace import network_of_its_own

pytestmark = pytest.mark.real

HOSTILE = "<img src=x onerror=\"document.title='broken'\">"

_SAYS_DEAD = """new Promise(done => {{
  window.was_here = true;
  new MutationObserver(() => {{
    if (document.querySelectorAll("#events .dead").length > {}) done(Date.now());
  }}).observe(document.getElementById("events"), {{childList: true, subtree: true}});
  document.title = "watching";
}})"""

_HIDDEN = """
Object.defineProperty(document, "hidden", {{configurable: true, value: {}}});
document.dispatchEvent(new Event("visibilitychange"));
0"""


def in_rows(body: str, *texts: str) -> str:
    """An expression that is true as soon as each text is in a row of its own of that body."""
    wanted = " && ".join(f"rows.some(row => row.includes({text!r}))" for text in texts)
    rows = f"[...document.querySelectorAll('#{body} tr')]"
    return f"(rows => {wanted})({rows}.map(row => row.innerText.replace(/\\s+/g, ' ')))"


def opened(browser: Tab, nodes: Cluster) -> None:
    """Opens the page of the first node, and waits until it shows all of them."""
    browser.open(f"http://{nodes[0].id}/")
    browser.comes_to(in_rows("members", *[node.id for node in nodes.nodes]))


def test_a_death_is_shown_without_a_reload(folder: Path) -> None:
    """In the events within 100 ms of the log line, in the table, the picture and the warnings."""
    with network_of_its_own(), cluster(5, folder) as nodes, tab(folder) as browser:
        one, late = nodes[0], []
        opened(browser, nodes)
        for number, dead in enumerate(nodes.nodes[2:]):
            browser.run(f"window.told = {_SAYS_DEAD.format(number)}; 0")
            dead.kill()
            shown = browser.run("window.told") / 1000
            late.append(shown - one.comes_to_log("member_dead", dead.id, 5)["at"])
        print("shown after the log lines:", *(f"{1000 * each:.0f} ms" for each in late))
        # They are told, and do not come by the questions that are asked every 5 s.
        assert statistics.median(late) < 0.1
        browser.comes_to(in_rows("members", f"{dead.id} dead by "), 3)
        warning = browser.run("document.querySelector('#warnings').innerText")
        assert f"{dead.id} is dead" in warning
        assert f"{dead.id} dead, accused by" in browser.run(
            "document.querySelector('#picture-text').textContent"
        )
        assert browser.run("window.was_here"), "it was loaded again"
        assert [] == browser.complaints


def test_counters_are_followed(folder: Path) -> None:
    """With value, rate and curve; a name is text, whatever it is; a prefix chooses."""
    with network_of_its_own(), cluster(2, folder) as nodes, tab(folder) as browser:
        opened(browser, nodes)
        for name, amount in (("jobs", 5), ("visits", 1200), (HOSTILE, 7)):
            nodes[1].ask("POST", "/v1/add", f'[{{"name":{_json(name)},"amount":{amount}}}]')
        browser.comes_to(in_rows("counters", "jobs 5", "visits 1,200", f"{HOSTILE} 7"))
        nodes[1].ask("POST", "/v1/counters/jobs/add", '{"amount":20}')
        browser.comes_to(in_rows("counters", "jobs 25 2.0"))
        browser.run("prefix.value = 'vis'; prefix.dispatchEvent(new Event('input')); prefix.value")
        browser.comes_to("document.querySelectorAll('#counters tr').length === 1")
        browser.comes_to(in_rows("counters", "visits 1,200"))
        assert f"gossipd {nodes[0].id}" == browser.run("document.title")
        assert [] == browser.complaints


def test_members_are_chosen_by_their_tags(folder: Path) -> None:
    """Or by a part of their id."""
    with (
        network_of_its_own(),
        cluster(2, folder, "--tag=role=web") as nodes,
        tab(folder) as browser,
    ):
        opened(browser, nodes)
        for text, left in (("role=WEB", 2), (nodes[1].id, 1), ("role=db", 0)):
            browser.run(f"only.value = '{text}'; only.dispatchEvent(new Event('input')); 0")
            browser.comes_to(f"document.querySelectorAll('#members tr').length === {left}")
        assert [] == browser.complaints


def _json(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def test_a_node_that_was_away_is_followed_again(folder: Path) -> None:
    """The page says that it is away, and goes on by itself when it is back."""
    with network_of_its_own(), cluster(2, folder) as nodes, tab(folder) as browser:
        opened(browser, nodes)
        nodes[0].ask("POST", "/v1/counters/lost/add")
        browser.comes_to(in_rows("counters", "lost 1"))
        for node in nodes.nodes:
            node.kill()
        browser.comes_to("document.querySelector('#warnings').innerText.includes('No connection')")
        nodes.start()
        nodes[1].ask("POST", "/v1/counters/new/add")
        browser.comes_to(in_rows("counters", "new 1"))
        browser.comes_to("!document.querySelector('#warnings').innerText.includes('No connection')")
        assert "lost" not in browser.run("document.querySelector('#counters').innerText")


def test_a_token_is_asked_for_and_kept_for_the_tab(folder: Path) -> None:
    """A wrong one is told; the right one survives a reload, and is in no URL."""
    secret, token = new_token("read", "a-person")
    write_secret(folder / "tokens", "token file", f"{token.line}\n")
    with (
        network_of_its_own(),
        cluster(1, folder, f"--token-file={folder / 'tokens'}", start=False) as nodes,
        tab(folder) as browser,
    ):
        node = nodes[0]
        door = Door(f"http://{node.id}", secret)
        node.start()
        eventually("it is ready", lambda: ask(door, 5).exit_code == 0, 30)
        browser.open(f"http://{node.id}/")
        browser.comes_to("!document.getElementById('ask').hidden")
        for shown, then in (
            ("gdt_wrong", "document.getElementById('refused').innerText.includes('unknown')"),
            (secret, in_rows("members", node.id)),
        ):
            browser.run(f"token.value = '{shown}'; document.forms[0].requestSubmit(); 0")
            browser.comes_to(then)
        browser.open(f"http://{node.id}/?again")
        browser.comes_to(in_rows("members", node.id))
        assert browser.run("document.getElementById('ask').hidden")
        assert browser.run("localStorage.length + document.cookie.length") == 0


def test_a_hidden_tab_holds_no_connection(folder: Path) -> None:
    """It is told what it missed when it is shown again."""
    with network_of_its_own(), cluster(2, folder) as nodes, tab(folder) as browser:
        opened(browser, nodes)
        nodes[0].ask("POST", "/v1/counters/before/add")
        browser.comes_to(in_rows("counters", "before 1"))
        browser.run(_HIDDEN.format("true"))
        # The connection that asks is one of them.
        eventually("streams end", lambda: nodes[0].metric("gossipd_http_streams") == 0, 10)
        nodes[0].ask("POST", "/v1/counters/before/add")
        nodes[1].kill()
        nodes[0].comes_to_log("member_dead", nodes[1].id, 20)
        browser.run(_HIDDEN.format("false"))
        browser.comes_to(in_rows("counters", "before 2"))
        browser.comes_to("document.querySelector('#events .dead') !== null")
        assert [] == browser.complaints


def draw(docs: Path) -> None:
    """Writes the pictures of the page: wide and light, narrow and dark."""
    with tempfile.TemporaryDirectory() as name, network_of_its_own():
        folder = Path(name)
        with cluster(5, folder) as nodes, tab(folder) as browser:
            browser.size(1200, 900)
            opened(browser, nodes)
            for number in range(40):
                for counter, amount in (
                    ("jobs:done", 3 + number),
                    ("visits", 40),
                    ("jobs:waiting", number % 3 - 1),
                ):
                    body = f'[{{"name":"{counter}","amount":{amount}}}]'
                    nodes[number % 4].ask("POST", "/v1/add", body)
                browser.run("new Promise(done => setTimeout(done, 700))")
            nodes[4].kill()
            browser.comes_to(in_rows("members", f"{nodes[4].id} dead"))
            browser.run("new Promise(done => setTimeout(done, 1500))")
            browser.screenshot(docs / "page-wide.png")
            browser.size(390, 844, dark=True)
            browser.run("new Promise(done => setTimeout(done, 500))")
            browser.screenshot(docs / "page-narrow.png")


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
