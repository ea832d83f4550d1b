"""The metrics page shows what the parts have counted at that moment."""

from __future__ import annotations

import gc
import subprocess
import sys
from shutil import which
from types import SimpleNamespace

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families

from gossipd.daemon.doors.metrics import CounterValues, Metrics, RedisNumbers
from gossipd.daemon.driver import LoopLateness
from gossipd.daemon.future import Future
from gossipd.daemon.http import HttpStatistics, Request, Response
from gossipd.daemon.resp import RespStatistics
from gossipd.daemon.service import Keys
from gossipd.protocol import Entry, Group, Ledger, SeedView, Statistics, Traffic, Values
from gossipd.version import __version__
from tests.daemon.http.peer import CLOSING, GET, serving
from tests.daemon.waiting import outcome

Labels = dict[str, str]


class Page:
    """A page over parts whose counts the test sets."""

    def __init__(self) -> None:
        self.statistics = Statistics()
        self.http = HttpStatistics(1, 6, 2, 3, 4, {408: 5})
        self.requests = {("/count", 200): 6}
        self.lateness = LoopLateness()
        self.store = SimpleNamespace(commits=14, writes=15)
        self.ledger = Ledger(b"key")
        self.shown = CounterValues(Values(self.ledger, lambda: 0), 1, 9)
        self.metrics = Metrics(
            lambda: self.shown,
            lambda: self.statistics,
            lambda: self.http,
            self.requests,
            self.lateness,
            self.store,
            redis=RedisNumbers(
                lambda: RespStatistics(21, 22, 23, 24, 25), {"INCR": 26}, {"ERR": 27}
            ),
        )

    async def samples(self) -> list[tuple[str, Labels, float]]:
        text = (await outcome(self.metrics.page())).decode()
        families = text_string_to_metric_families(text)
        return [(s.name, dict(s.labels), s.value) for family in families for s in family.samples]


@pytest.fixture
def page() -> Page:
    """A page of a node that has done nothing."""
    return Page()


STATISTICS = Statistics(
    members={"alive": 3, "dead": 1},
    seeds=(SeedView("a:1", "silent", "no answer"), SeedView("b:1", "silent", "no answer")),
    waiting={"timers": 7},
    local_health=2,
    sent={"ping": Traffic(10, 1000)},
    received={"push": Traffic(20, 2000)},
    rejected={"version": 4},
    probes={"direct": 5},
    answers={("all", True): 6, ("one", False): 7},
    suspicions=8,
    deaths=9,
    verdicts={"silence": 0, "refused": 16},
    refusals=17,
    refutations=10,
    pushes=11,
    push_retries=12,
    pauses=13,
    paused_seconds=1.5,
)


@pytest.mark.parametrize(
    "sample",
    [
        ("gossipd_build_info", {"version": __version__}, 1),
        ("gossipd_count", {"name": "default"}, 2**53 - 1),
        ("gossipd_count", {"name": "often"}, -3),
        ("gossipd_count_others", {}, 7),
        ("gossipd_counters", {}, 2),
        ("gossipd_counters_limit", {}, 9),
        ("gossipd_members", {"state": "alive"}, 3),
        ("gossipd_seeds", {"state": "silent"}, 2),
        ("gossipd_seeds", {"state": "member"}, 0),
        ("gossipd_members", {"state": "dead"}, 1),
        ("gossipd_waiting", {"kind": "timers"}, 7),
        ("gossipd_local_health", {}, 2),
        ("gossipd_sent_datagrams_total", {"kind": "ping"}, 10),
        ("gossipd_sent_bytes_total", {"kind": "ping"}, 1000),
        ("gossipd_received_datagrams_total", {"kind": "push"}, 20),
        ("gossipd_received_bytes_total", {"kind": "push"}, 2000),
        ("gossipd_rejected_total", {"reason": "version"}, 4),
        ("gossipd_probes_total", {"outcome": "direct"}, 5),
        ("gossipd_answers_total", {"ack": "all", "met": "true"}, 6),
        ("gossipd_answers_total", {"ack": "one", "met": "false"}, 7),
        ("gossipd_suspicions_total", {}, 8),
        ("gossipd_deaths_total", {}, 9),
        ("gossipd_verdicts_total", {"evidence": "refused"}, 16),
        ("gossipd_refusals_total", {}, 17),
        ("gossipd_refutations_total", {}, 10),
        ("gossipd_pushes_total", {}, 11),
        ("gossipd_push_retries_total", {}, 12),
        ("gossipd_pauses_total", {}, 13),
        ("gossipd_paused_seconds_total", {}, 1.5),
        ("gossipd_store_commits_total", {}, 14),
        ("gossipd_store_writes_total", {}, 15),
        ("gossipd_http_connections", {}, 1),
        ("gossipd_http_streams", {}, 6),
        ("gossipd_http_connections_accepted_total", {}, 2),
        ("gossipd_http_connections_evicted_total", {}, 3),
        ("gossipd_http_connections_refused_total", {}, 4),
        ("gossipd_http_refusals_total", {"status": "408"}, 5),
        ("gossipd_http_requests_total", {"route": "/count", "status": "200"}, 6),
        ("gossipd_redis_connections", {}, 21),
        ("gossipd_redis_connections_accepted_total", {}, 22),
        ("gossipd_redis_connections_evicted_total", {}, 23),
        ("gossipd_redis_connections_refused_total", {}, 24),
        ("gossipd_redis_connections_malformed_total", {}, 25),
        ("gossipd_redis_commands_total", {"command": "INCR"}, 26),
        ("gossipd_redis_errors_total", {"code": "ERR"}, 27),
        ("gossipd_loop_lateness_seconds_count", {}, 2),
        ("gossipd_loop_lateness_seconds_sum", {}, 0.75),
        ("gossipd_loop_lateness_max_seconds", {}, 0.5),
    ],
    ids=lambda sample: f"{sample[0]}-{'-'.join(sample[1].values())}",
)
async def test_samples(page: Page, sample: tuple[str, Labels, float]) -> None:
    """Each count is a sample of its own name, labels and unit."""
    page.statistics = STATISTICS
    page.lateness.add(0.5)
    page.lateness.add(0.25)
    counted = [("default", 2**53 - 1), ("rare", 7), ("often", 1), ("often", -3)]
    for version, (name, count) in enumerate(counted, 1):
        entry = Entry(version, name, 0, count)
        page.ledger.apply(Group(b"o" * 16, version - 1, version, [entry]))

    assert sample in await page.samples()


@pytest.mark.skipif(sys.platform != "linux", reason="the collector reads /proc")
@pytest.mark.parametrize("name", ["process_resident_memory_bytes", "process_cpu_seconds_total"])
async def test_process_samples(page: Page, name: str) -> None:
    """The process's memory and processor time are on the page."""
    assert name in [sample for sample, _, _ in await page.samples()]


async def test_page_is_read_at_the_scrape(page: Page) -> None:
    """A second page shows what has been counted since the first."""
    await page.samples()
    page.requests["/count", 200] = 60

    samples = await page.samples()
    assert ("gossipd_http_requests_total", {"route": "/count", "status": "200"}, 60) in samples


async def test_a_node_that_keeps_nothing_counts_no_commits() -> None:
    """Its page has no such samples, so that nobody takes it for a node with an idle disk."""
    metrics = Metrics(
        lambda: Page().shown,
        Statistics,
        lambda: HttpStatistics(0, 0, 0, 0, 0, {}),
        {},
        LoopLateness(),
    )

    assert b"gossipd_store" not in await outcome(metrics.page())


async def test_who_seals_with_which_key() -> None:
    """Members are counted by key; a key that nobody seals with any more is there with 0."""
    keys = Keys("1a", ["1a", "2b"], True, 7, {"a:1": "1a", "b:1": "1a", "c:1": None})
    for sealing in (keys, None):
        page = Page()
        shown = (
            lambda shown=page.shown: shown,
            Statistics,
            lambda http=page.http: http,
            page.requests,
            page.lateness,
            None,
        )
        text = (await outcome(Metrics(*shown, lambda keys=sealing: keys).page())).decode()
        starts = ("gossipd_key", "gossipd_open")
        samples = [line for line in text.splitlines() if line.startswith(starts)]
        expected = [
            'gossipd_key_members{key="1a"} 2.0',
            'gossipd_key_members{key="2b"} 0.0',
            'gossipd_key_members{key="unknown"} 1.0',
            "gossipd_open_taken_total 7.0",
        ]
        assert (expected if sealing else []) == samples


async def test_two_daemons_in_one_process(page: Page) -> None:
    """Two pages do not share a registry."""
    other = Page()
    other.http = HttpStatistics(100, 0, 0, 0, 0, {})
    await page.samples()

    assert ("gossipd_http_connections", {}, 100) in await other.samples()


async def test_one_page_for_all_that_wait(page: Page) -> None:
    """All who ask during the import get the same page, and so do all who ask in one turn later."""
    for _ in range(2):
        first, second = page.metrics.page(), page.metrics.page()
        text = await outcome(first)
        assert b"gossipd_build_info" in text
        assert text is await outcome(second)


async def test_one_client_gets_one_page_in_a_turn(page: Page) -> None:
    """However many pages a client asks for in one packet, others have turns between them."""
    await page.samples()
    turns = made = 0

    def handler(request: Request) -> Future[Response]:
        def answer(outcome: bytes | Exception) -> Response:
            nonlocal made
            made += 1
            assert made <= turns
            return Response(200)

        return page.metrics.page().map(answer)

    async with serving(handler) as peer, trio.open_nursery() as nursery:
        await peer.stream.send_all(GET * 20 + CLOSING)

        async def count() -> None:
            nonlocal turns
            while made <= 20:
                turns += 1
                await trio.lowlevel.checkpoint()

        nursery.start_soon(count)
        assert 21 == (await peer.received()).count(b"HTTP/1.1 200 ")


async def test_a_page_for_a_client_that_is_gone_leaves_no_word(
    page: Page, capfd: pytest.CaptureFixture[str]
) -> None:
    """A client that leaves before its page is there is no matter for stderr."""
    handled = []

    def handler(request: Request) -> Future[Response]:
        handled.append(request)
        return page.metrics.page().map(lambda outcome: Response(200))

    async with serving(handler) as peer:
        await peer.stream.send_all(GET + GET + CLOSING)
        await peer.stream.aclose()
    await page.samples()
    gc.collect()
    assert handled
    assert ("", "") == capfd.readouterr()


async def test_a_registry_that_cannot_be_made_is_tried_again(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All who wait for it get the error."""
    with monkeypatch.context() as patch:
        patch.setattr(Metrics, "_new_registry", lambda self: 1 / 0)
        for waiting in page.metrics.page(), page.metrics.page():
            with pytest.raises(ZeroDivisionError):
                await outcome(waiting)
    assert await page.samples()


def test_import_is_lazy() -> None:
    """prometheus_client is not imported before a page is asked for."""
    program = "import sys, gossipd.daemon.doors.metrics; print('prometheus_client' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert "False\n" == result.stdout, result.stderr


@pytest.mark.skipif(which("promtool") is None, reason="promtool is in Debian's package prometheus")
async def test_promtool_has_nothing_to_say(page: Page) -> None:
    """It knows the conventions for names and texts."""
    page.statistics = STATISTICS
    text = await outcome(page.metrics.page())
    checked = await trio.run_process(
        ["promtool", "check", "metrics"],
        stdin=text,
        capture_stdout=True,
        capture_stderr=True,
        check=False,
    )
    assert (0, b"", b"") == (checked.returncode, checked.stdout, checked.stderr)
