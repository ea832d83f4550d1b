"""Counters as a transaction sees them."""

from __future__ import annotations

from gossipd.daemon.redis.view import View
from gossipd.protocol import Entry, Group, Ledger, Values


def made_view() -> View:
    """A view of one counter."""
    ledger = Ledger(b"key", lambda: 0)
    ledger.apply(Group(b"o" * 16, 0, 1, [Entry(1, "a", 0, 5)]))
    return View(Values(ledger, lambda: 0))


def test_what_is_noted_is_shown() -> None:
    """Until something else is; another view shows nothing of it."""
    view = made_view()
    other = view.apart()
    view.begin("a", 1)
    view.begin("a", 2)
    assert 1 == view.value("a")
    view.note("a", None)
    view.note("b", 3)
    assert [None, 3, 5, None] == [
        view.value("a"), view.value("b"), other.value("a"), other.value("b")
    ]  # fmt: skip


def test_what_was_made() -> None:
    """A counter is new if it was absent before it was noted."""
    view = made_view()
    view.note("a", 6)
    view.note("b", 0)
    assert [False, True] == [view.is_new("a"), view.is_new("b")]
    assert [2, 1] == [len(view), len(view.apart())]
    view.note("a", None)
    assert 1 == len(view)


def test_pages() -> None:
    """The default counter is not shown before it is counted, and does not end a listing."""
    view = made_view()
    assert 1 == len(view)
    assert (["a"], "a") == view.page("", "", 1)
    assert ([], "default") == view.page("", "a", 1)
    assert ([], None) == view.page("", "default", 1)
